//! Shell, wherever it stands.

use crate::{Input, Lowered};
use twiceshy_source::FileId;

/// Shell, wherever it stands.
#[derive(Debug)]
pub struct Script {
    /// The file.
    pub file: FileId,
}

pub(crate) fn lower(_input: Input<'_>, _out: &mut Lowered) {}
