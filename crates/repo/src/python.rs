//! A Python module.

use crate::{Input, Lowered};
use twiceshy_source::FileId;

/// A Python module.
#[derive(Debug)]
pub struct Python {
    /// The file.
    pub file: FileId,
}

pub(crate) fn lower(_input: Input<'_>, _out: &mut Lowered) {}
