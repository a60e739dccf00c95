//! Modules of which only the imports are read.

use super::{ImportKind, NodeImport};
use crate::repo::Read;
use crate::{Input, Repo};
use rayon::prelude::*;
use twiceshy_source::Place;
use twiceshy_syntax::js::{self, Dialect};

/// The imports of a module; `None` where only the parser can tell.
pub(super) fn imports(input: Input<'_>) -> Option<Vec<NodeImport>> {
    let found = js::scan_imports(input.text(), Dialect::of(input.path()))?;
    let import = |it: js::Scanned| NodeImport {
        specifier: it.module.of(input.text()).into(),
        place: Place::new(input.file, it.module),
        kind: if it.is_export { ImportKind::Export } else { ImportKind::Import },
        is_type_only: it.type_only,
        is_optional: false,
    };
    Some(found.into_iter().map(import).collect())
}

/// Parses every module of which only the imports were read.
pub(crate) fn parse_all(repo: &mut Repo) {
    let all: Vec<usize> = (0..repo.node.len()).collect();
    parse_whole(repo, &all);
}

/// Parses those modules, by their position, of which only the imports were read.
pub(crate) fn parse_whole(repo: &mut Repo, modules: &[usize]) {
    let scanned = modules.par_iter().filter(|at| repo.node[**at].is_scanned);
    let parsed: Vec<_> = scanned.map(|at| (*at, Read::with(&repo.tree, repo.node[*at].file, super::parse))).collect();
    for (at, read) in parsed {
        repo.note(repo.node[at].file, read.skips);
        if let Some(module) = read.lowered.and_then(|mut lowered| lowered.node.pop()) {
            repo.shelf_mut().node.replace(at, module);
        }
    }
}

#[cfg(test)]
mod tests;
