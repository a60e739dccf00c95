//! Tests of the whole house, one binary: `cargo test`; `LINT=name cargo test lints` runs the pages of one lint.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod action;
mod bad_input;
mod cli;
mod configuration;
mod evidence;
mod fixtures;
mod harness;
mod lints;
mod map;
mod program;
mod reports;
mod sarif;
mod states;
mod tidy;
