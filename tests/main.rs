//! Tests of the whole house, one binary: `cargo test`; `LINT=name cargo test lints` runs the pages of one lint.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod action;
mod bad_input;
mod changes;
mod cli;
mod configuration;
mod dice;
mod editors;
mod evidence;
mod fixtures;
mod guard;
mod harness;
mod hook;
mod kills;
mod lints;
mod lsp;
mod map;
mod program;
mod reports;
mod sarif;
mod states;
mod threads;
mod tidy;
mod work;
