//! What a lint is and how lints run. Knows no single lint: the table comes as an argument.
//!
//! Invariants:
//! * A lint is one type; its fields are its options, its folder's README is its documentation. `check` cannot fail.
//! * Everything that is reported is a [`Diagnostic`] of a [`Report`]: levelled, sorted, without duplicates. The order
//!   does not depend on threads.

mod change;
mod check;
mod date;
mod finding;
mod lint;
mod meta;
mod options;
mod report;
mod settings;
mod suppress;
mod suppression;

pub use check::Check;
pub use date::Date;
pub use finding::{Finding, Findings, Fix, Related, Safety};
pub use lint::{CommentLint, Entry, Lint, Subject};
pub use meta::{Group, Level, Meta};
pub use options::Optional;
pub use report::{Choice, Diagnostic, Report, UnknownName};
pub use settings::{Settings, table};
pub use suppress::suppress;
pub use suppression::{Mistaken, Named, Suppression};
pub use twiceshy_repo::configuration::{Field, Shape};
pub use twiceshy_repo::{Kind, Kinds};
pub use twiceshy_source::Edit;
