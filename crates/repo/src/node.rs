//! A JavaScript or TypeScript module.

use crate::{Input, Lowered};
use twiceshy_source::FileId;

/// A JavaScript or TypeScript module.
#[derive(Debug)]
pub struct Node {
    /// The file.
    pub file: FileId,
}

pub(crate) fn lower(_input: Input<'_>, _out: &mut Lowered) {}
