//! A GitHub workflow.

use crate::{Input, Lowered};
use twiceshy_source::FileId;

/// A GitHub workflow.
#[derive(Debug)]
pub struct Workflow {
    /// The file.
    pub file: FileId,
}

pub(crate) fn lower(_input: Input<'_>, _out: &mut Lowered) {}
