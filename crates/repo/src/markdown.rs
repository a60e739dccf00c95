//! Markdown pages: their shell fences are scripts.

use crate::{Input, Lowered};

pub(crate) fn lower(_input: Input<'_>, _out: &mut Lowered) {}
