//! What a lint is and how lints run. Knows no single lint: the table comes as an argument.
//!
//! Invariants:
//! * A lint is one type; its fields are its options, its folder's README is its documentation. `check` cannot fail.
//! * Everything that is reported is a [`Diagnostic`] of a [`Report`]: levelled, sorted, without duplicates. The order
//!   does not depend on threads.

mod change;
mod finding;
mod lint;
mod meta;
mod report;

pub use finding::{Finding, Findings, Fix, Related, Safety};
pub use lint::{Entry, Lint, Subject};
pub use meta::{Group, Level, Meta};
pub use report::{Choice, Diagnostic, Report, UnknownName};
