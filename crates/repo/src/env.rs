//! An env file.

use crate::{Input, Lowered};
use twiceshy_source::FileId;

/// An env file.
#[derive(Debug)]
pub struct Env {
    /// The file.
    pub file: FileId,
}

pub(crate) fn lower(_input: Input<'_>, _out: &mut Lowered) {}
