//! Backups that are made and read back by scripts: whose failure nobody notices, and what takes earlier ones away.

mod restore;
mod status;

pub use restore::{MisreadStatus, UnnoticedErrors, WhyMisread};
pub use status::Relying;
