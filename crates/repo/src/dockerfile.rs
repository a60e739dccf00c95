//! A Dockerfile.

use crate::{Input, Lowered};
use twiceshy_source::FileId;

/// A Dockerfile.
#[derive(Debug)]
pub struct Dockerfile {
    /// The file.
    pub file: FileId,
}

pub(crate) fn lower(_input: Input<'_>, _out: &mut Lowered) {}
