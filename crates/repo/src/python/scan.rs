//! Modules of which only the imports were looked for, and what makes us look again.

use super::{Python, imports, parse};
use crate::hints::Hints;
use crate::repo::Read;
use crate::{Input, Repo, Resolved};
use rayon::prelude::*;
use twiceshy_syntax::python;

/// A module of which nothing but its imports matters; `None`: they cannot be told without parsing it.
pub(super) fn imports(input: Input<'_>) -> Option<Python> {
    let arena = bumpalo::Bump::new();
    let found = python::scan_imports(input.text(), &arena).ok()?;
    let imports = imports::scanned(&found, input.file);
    Some(Python { file: input.file, imports, json: None, hints: Hints::of_python(input.text()), is_scanned: true })
}

/// Parses the modules of which a scanned import leads nowhere: a `try` around it would excuse it. So whoever asks
/// about an import that fails sees all there is to know about it.
pub(crate) fn parse_suspects(repo: &mut Repo) {
    let leads_nowhere = |module: &Python| {
        module.imports.iter().any(|import| {
            let resolved = repo.resolve_python_import(module.file, import);
            matches!(resolved, Resolved::Untracked { .. } | Resolved::Missing { .. })
        })
    };
    let suspects = scanned(repo).filter(|at| leads_nowhere(&repo.python[*at])).collect();
    parse_again(repo, suspects);
}

/// Parses every module of which only the imports were looked for.
pub(crate) fn parse_all(repo: &mut Repo) {
    let all = scanned(repo).collect();
    parse_again(repo, all);
}

fn scanned(repo: &Repo) -> impl ParallelIterator<Item = usize> + use<'_> {
    (0..repo.python.len()).into_par_iter().filter(|at| repo.python[*at].is_scanned)
}

fn parse_again(repo: &mut Repo, modules: Vec<usize>) {
    let parsed: Vec<_> =
        modules.into_par_iter().map(|at| (at, Read::with(&repo.tree, repo.python[at].file, parse))).collect();
    let mut skips = Vec::new();
    for (at, read) in parsed {
        let mut modules = read.lowered.map(|lowered| lowered.python).unwrap_or_default();
        if let (Some(known), Some(module)) = (repo.python.get_mut(at), modules.pop()) {
            *known = module;
        }
        skips.extend(read.skips);
    }
    repo.skip(skips);
}
