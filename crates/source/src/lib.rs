//! Files as text: a tree of them, places in them, edits to them. The only crate that touches the disk.
//!
//! Invariants:
//! * [`Place`] (file, start, end in bytes of [`Source::text`]) is the only coordinate of the house. Lines, columns
//!   and UTF-16 exist only at the edges, through [`Source::position`].
//! * A [`Tree`] is an immutable list of files. It reads inside its root only and follows no symbolic link out of it.
//! * Text is always valid UTF-8 without a byte order mark; a byte that was not UTF-8 is one `?`, so offsets stay.

mod disk;
mod edit;
mod extract;
mod git;
mod globs;
mod guide;
mod ignores;
mod place;
mod scope;
mod text;
mod tree;

pub use disk::{Limits, WriteError, create, save, write};
pub use edit::{Conflict, Edit, apply, diff};
pub use extract::{Extract, Extractor, Quoting};
pub use git::GitError;
pub use globs::Globs;
pub use guide::{Guide, Guiding};
pub use ignores::{IgnoreRule, Ignores};
pub use place::{FileId, Place, Span};
pub use scope::{Scope, repository_around};
pub use text::{Flaw, Position, Source};
pub use tree::{Buffer, Change, ChangeError, Changes, Entry, Kind, Look, OpenError, Origin, Skip, SkipReason, Tree};
