//! Imports that fail in a clone of the repository.

use super::Resolved;
use crate::{Documents, Node, Place, Python, PythonImport, Repo};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use twiceshy_source::Tree;
use twiceshy_syntax::js::{self, Dialect, Values};

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
        let node = self.suspects(&self.node, |module, known| {
            let dir = Tree::parent(self.tree.path(module.file));
            module.imports.iter().any(|import| {
                let fails = || FailingImport::fails(&self.resolve_import(module.file, &import.specifier));
                !import.is_optional && *known.entry((dir, 0, &import.specifier)).or_insert_with(fails)
            })
        });
        let python = self.suspects(&self.python, |module, known| {
            let dir = Tree::parent(self.tree.path(module.file));
            module.imports.iter().filter(|import| names_a_module(import)).any(|import| {
                let fails = || FailingImport::fails(&self.resolve_python_import(module.file, import));
                !import.is_optional && *known.entry((dir, import.dots, &import.module)).or_insert_with(fails)
            })
        });
        crate::node::parse_whole(self, &node);
        crate::python::parse_whole(self, &python);
        let of_node = node.iter().flat_map(|at| self.failing_in_node(&self.node[*at]));
        let of_python = python.iter().flat_map(|at| self.failing_in_python(&self.python[*at]));
        self.failing_imports = of_node.chain(of_python).collect();
    }

    /// The positions of the modules of which an import fails. What an import leads to depends on nothing of the module
    /// but the directory it stands in, and neighbours import the same.
    fn suspects<'r, M: Send + Sync>(
        &self,
        modules: &'r Documents<M>,
        fails: impl Fn(&'r M, &mut FxHashMap<(&'r str, u32, &'r str), bool>) -> bool + Sync,
    ) -> Vec<usize> {
        let numbered = modules.par_iter().enumerate();
        let failing = numbered.map_init(FxHashMap::default, |known, (at, module)| fails(module, known).then_some(at));
        failing.flatten().collect()
    }

    fn failing_in_node(&self, module: &Node) -> Vec<FailingImport> {
        let imports = module.imports.iter().filter(|import| !import.is_optional);
        let failing = imports.filter_map(|import| {
            let resolved = self.resolve_import(module.file, &import.specifier);
            FailingImport::of(resolved, import.place, import.is_type_only)
        });
        let mut failing: Vec<_> = failing.collect();
        if failing.iter().any(|import| !import.is_type_only)
            && let Some(values) = self.values_of(module)
        {
            failing.iter_mut().for_each(|import| import.is_type_only |= values.drops(import.place.start));
        }
        failing
    }

    /// What the names that a module imports are to it, where a compiler looks: it takes away imports of types alone.
    fn values_of(&self, module: &Node) -> Option<Values> {
        let path = self.tree.path(module.file);
        let source = self.tree.source(module.file).ok().filter(|_| !self.keeps_imports(path))?;
        js::values(source.text(), Dialect::of(path))
    }

    fn failing_in_python(&self, module: &Python) -> Vec<FailingImport> {
        let imports = module.imports.iter().filter(|import| !import.is_optional && names_a_module(import));
        let failing = imports.filter_map(|import| {
            let resolved = self.resolve_python_import(module.file, import);
            FailingImport::of(resolved, import.place, import.is_type_only)
        });
        failing.collect()
    }
}

impl FailingImport {
    fn of(resolved: Resolved, place: Place, is_type_only: bool) -> Option<Self> {
        Self::fails(&resolved).then_some(Self { place, is_type_only, resolved })
    }

    fn fails(resolved: &Resolved) -> bool {
        matches!(resolved, Resolved::Untracked { .. } | Resolved::Missing { .. })
    }
}

/// `from . import x` names none.
fn names_a_module(import: &PythonImport) -> bool {
    !import.module.is_empty()
}
