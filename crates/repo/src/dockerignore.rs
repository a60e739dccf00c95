//! A .dockerignore file.

use crate::{Input, Lowered};
use twiceshy_source::FileId;

/// A .dockerignore file.
#[derive(Debug)]
pub struct DockerIgnore {
    /// The file.
    pub file: FileId,
}

pub(crate) fn lower(_input: Input<'_>, _out: &mut Lowered) {}
