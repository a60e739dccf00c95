//! Lists that are read when a system starts – which migrations to apply, above all – and what code demands of them.

mod code;
mod family;
mod gaps;
mod list;
pub(crate) mod paths;
mod shell;
mod start;
mod words;

pub(crate) use code::roster;
pub(crate) use family::Files;
pub use gaps::{Cause, Gap};
pub use list::{BootList, ListEntry};
pub(crate) use paths::words as identifier_words;
pub(crate) use words::may_say;

use crate::Place;
use twiceshy_source::FileId;

/// What a module of code says about names that have to be there, and about lists and directories of them.
#[derive(Debug)]
pub struct Roster {
    /// The module.
    pub file: FileId,
    /// Constant lists of names that are called required, expected, allowed, ….
    pub sets: Vec<NameSet>,
    /// Files it names that look like lists.
    pub reads: Vec<Reading>,
    /// Directories that it names, where it also lists directories: it may take all there is in them.
    pub sweeps: Vec<String>,
    /// The first `throw`, `raise` or exit in it.
    pub refuses: Option<Place>,
}

/// A constant list of names in code.
#[derive(Debug)]
pub struct NameSet {
    /// The constant's name.
    pub constant: String,
    /// Where the name stands.
    pub place: Place,
    /// What the constant's name says.
    pub role: Role,
    /// The names and where they stand, quotes included.
    pub names: Vec<(String, Place)>,
    /// Whether the module uses the constant.
    pub is_used: bool,
}

/// What a constant's name says about the names in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// They have to be there: `REQUIRED_MIGRATIONS`.
    Required,
    /// They are applied at start: `BOOT_MIGRATIONS`, `ALLOWED_MIGRATIONS`.
    Listed,
}

/// A file named where it is read.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The list.
    pub list: FileId,
    /// Where it is named.
    pub place: Place,
}
