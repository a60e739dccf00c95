//! Backups that are made and read back by scripts: whose failure nobody notices, and what takes earlier ones away.

mod name;
mod overwrite;
mod restore;
mod rotation;
mod schedule;
mod status;

pub use name::Grain;
pub use overwrite::{HiddenFailure, OverwrittenBackup};
pub use restore::{MisreadStatus, UnnoticedErrors, WhyMisread};
pub use rotation::{BlindRotation, VainRotation};
pub use schedule::Period;
pub use status::Relying;
