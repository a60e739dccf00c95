//! What a Python project needs.

use crate::{Input, Lowered};
use twiceshy_source::FileId;

/// What a Python project needs.
#[derive(Debug)]
pub struct Requirements {
    /// The file.
    pub file: FileId,
}

pub(crate) fn lower(_input: Input<'_>, _out: &mut Lowered) {}
