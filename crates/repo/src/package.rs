//! A package.json.

use crate::{Input, Lowered};
use twiceshy_source::FileId;

/// A package.json.
#[derive(Debug)]
pub struct NodePackage {
    /// The file.
    pub file: FileId,
}

pub(crate) fn lower(_input: Input<'_>, _out: &mut Lowered) {}
