//! The real components: what a lint says will fail does fail, and what it says will do does.

mod alembic;
mod boot;
mod boot_scan;
mod browser_globals;
mod dump_status;
mod environment;
mod errexit;
mod health;
mod hooks;
mod kills;
mod launch;
mod life;
mod localhost;
mod pgbouncer;
mod ports;
mod postgres;
mod reach;
mod resolution;
mod rsync;
mod shells;
mod single_file_mount;
mod unanswered;
mod unbounded_log;
mod untracked_import;
mod workspace;
