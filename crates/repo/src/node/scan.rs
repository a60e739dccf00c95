//! Modules of which only the imports are read.

use super::{ImportKind, NodeImport};
use crate::repo::Read;
use crate::{Input, Repo, Resolved};
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

/// Parses the modules whose scanned imports lead to files that a clone does not hold: what is said about somebody's code
/// rests on all of it.
pub(crate) fn parse_suspects(repo: &mut Repo) {
    let leads_nowhere = |import: &NodeImport| {
        let resolved = repo.resolve_import(import.place.file, &import.specifier);
        matches!(resolved, Resolved::Missing { .. } | Resolved::Untracked { .. })
    };
    let suspects: Vec<usize> = (0..repo.node.len())
        .into_par_iter()
        .filter(|at| repo.node[*at].is_scanned && repo.node[*at].imports.iter().any(leads_nowhere))
        .collect();
    for at in suspects {
        let Read { skips, lowered } = Read::with(&repo.tree, repo.node[at].file, super::parse);
        repo.skip(skips);
        if let Some(module) = lowered.and_then(|lowered| lowered.node.into_iter().next()) {
            repo.node[at] = module;
        }
    }
}

#[cfg(test)]
mod tests;
