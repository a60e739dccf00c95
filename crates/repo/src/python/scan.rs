//! Modules of which only the imports are looked for.

use super::arena::with_arena;
use super::{Python, imports, parse};
use crate::repo::Read;
use crate::{Input, Repo};
use rayon::prelude::*;
use twiceshy_syntax::python;

/// A module of which nothing but its imports matters; `None`: they cannot be told without parsing it.
pub(super) fn imports(input: Input<'_>) -> Option<Python> {
    let imports = with_arena(|arena| {
        let found = python::scan_imports(input.text(), arena).ok()?;
        Some(imports::scanned(&found, input.file))
    })?;
    Some(Python { is_scanned: true, ..Python::new(input, imports) })
}

/// Parses every module of which only the imports were looked for.
pub(crate) fn parse_all(repo: &mut Repo) {
    let all: Vec<usize> = (0..repo.python.len()).collect();
    parse_whole(repo, &all);
}

/// Parses those modules, by their position, of which only the imports were looked for.
pub(crate) fn parse_whole(repo: &mut Repo, modules: &[usize]) {
    let scanned = modules.par_iter().filter(|at| repo.python[**at].is_scanned);
    let parsed: Vec<_> = scanned.map(|at| (*at, Read::with(&repo.tree, repo.python[*at].file, parse))).collect();
    for (at, read) in parsed {
        repo.note(repo.python[at].file, read.skips);
        if let Some(module) = read.lowered.and_then(|mut lowered| lowered.python.pop()) {
            repo.shelf_mut().python.replace(at, module);
        }
    }
}
