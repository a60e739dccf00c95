//! A Compose file.

use crate::{Input, Lowered};
use twiceshy_source::FileId;

/// A Compose file.
#[derive(Debug)]
pub struct Compose {
    /// The file.
    pub file: FileId,
}

pub(crate) fn lower(_input: Input<'_>, _out: &mut Lowered) {}
