//! The real components: what a lint says will fail does fail, and what it says will do does.

mod errexit;
mod shells;
mod untracked_import;
