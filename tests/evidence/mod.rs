//! The real components: what a lint says will fail does fail, and what it says will do does.

mod alembic;
mod boot;
mod errexit;
mod ports;
mod postgres;
mod shells;
mod untracked_import;
