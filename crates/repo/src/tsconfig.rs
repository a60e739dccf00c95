//! A tsconfig.json.

use crate::{Input, Lowered};
use twiceshy_source::FileId;

/// A tsconfig.json.
#[derive(Debug)]
pub struct TsConfig {
    /// The file.
    pub file: FileId,
}

pub(crate) fn lower(_input: Input<'_>, _out: &mut Lowered) {}
