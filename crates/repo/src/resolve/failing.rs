//! Imports that fail in a clone of the repository.

use super::Resolved;
use crate::{Node, Place, Python, Repo};
use rayon::prelude::*;

/// An import of a file that a clone of the repository does not hold.
#[derive(Debug)]
pub struct FailingImport {
    /// What is imported.
    pub place: Place,
    /// Types only: it does not run.
    pub is_type_only: bool,
    /// What it leads to: [`Resolved::Untracked`] or [`Resolved::Missing`].
    pub resolved: Resolved,
}

impl Repo {
    /// Every import that leads to a file which a clone does not hold, and that nothing around it excuses: those of
    /// JavaScript and TypeScript, then those of Python, in the order of their places.
    pub fn failing_imports(&self) -> &[FailingImport] {
        &self.failing_imports
    }

    /// Looks up what every import leads to, once for all who ask. Modules of which only the imports were scanned are
    /// parsed where one of them leads nowhere: a `try` around it would excuse it, so whoever asks about an import that
    /// fails sees all there is to know about it.
    pub(crate) fn find_failing_imports(&mut self) {
        let suspects = |fails: &(dyn Fn(usize) -> bool + Sync), count: usize| -> Vec<usize> {
            (0..count).into_par_iter().filter(|at| fails(*at)).collect()
        };
        let node = suspects(&|at| !self.failing_in_node(&self.node[at]).is_empty(), self.node.len());
        let python = suspects(&|at| !self.failing_in_python(&self.python[at]).is_empty(), self.python.len());
        crate::node::parse_whole(self, &node);
        crate::python::parse_whole(self, &python);
        let of_node = node.iter().flat_map(|at| self.failing_in_node(&self.node[*at]));
        let of_python = python.iter().flat_map(|at| self.failing_in_python(&self.python[*at]));
        self.failing_imports = of_node.chain(of_python).collect();
    }

    fn failing_in_node(&self, module: &Node) -> Vec<FailingImport> {
        let imports = module.imports.iter().filter(|import| !import.is_optional);
        let failing = imports.filter_map(|import| {
            let resolved = self.resolve_import(module.file, &import.specifier);
            FailingImport::of(resolved, import.place, import.is_type_only)
        });
        failing.collect()
    }

    fn failing_in_python(&self, module: &Python) -> Vec<FailingImport> {
        // `from . import x` names no module.
        let imports = module.imports.iter().filter(|import| !import.is_optional && !import.module.is_empty());
        let failing = imports.filter_map(|import| {
            let resolved = self.resolve_python_import(module.file, import);
            FailingImport::of(resolved, import.place, import.is_type_only)
        });
        failing.collect()
    }
}

impl FailingImport {
    fn of(resolved: Resolved, place: Place, is_type_only: bool) -> Option<Self> {
        let fails = matches!(resolved, Resolved::Untracked { .. } | Resolved::Missing { .. });
        fails.then_some(Self { place, is_type_only, resolved })
    }
}
