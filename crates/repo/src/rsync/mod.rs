//! rsync: its command line, its filter rules, and what `--delete` removes.
//!
//! Written after rsync's manual page and held against rsync itself (`tests/evidence/rsync.rs`): on random trees and filters both
//! remove the same.

mod command;
mod deletion;
mod deploy;
mod filter;
mod pattern;
mod rule;
mod source;
mod tree;
mod words;

pub use command::{Command, FilterOption, Filtering, Spec, When, Word};
pub use deletion::{Disk, Removal};
pub use deploy::{DataLoss, Loser, Miss, Why};
pub use pattern::Pattern;
pub use rule::{Origin, Refusal, Rule, Sides};
pub use tree::{Kind, Tree};
