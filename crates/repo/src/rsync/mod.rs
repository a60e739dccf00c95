//! rsync: its command line, its filter rules, and what `--delete` removes.
//!
//! Written after rsync's manual page and held against rsync itself (`tests/evidence/rsync.rs`): on random trees and filters both
//! remove the same.

mod command;
mod deletion;
mod filter;
mod pattern;
mod rule;
mod tree;

pub use command::{Command, FilterOption, Filtering, Spec, When, Word};
pub use deletion::{Disk, End, Removal};
pub use pattern::Pattern;
pub use rule::{Origin, Refusal, Rule, Sides};
pub use tree::{Kind, Tree};
