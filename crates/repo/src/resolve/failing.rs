//! Imports that fail in a clone of the repository.

use super::Resolved;
use crate::{Documents, Node, Place, Python, PythonImport, Repo};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use twiceshy_source::{FileId, Tree};
use twiceshy_syntax::js::{self, Dialect, Values};

/// An import of a file that a clone of the repository does not hold.
#[derive(Clone, Debug)]
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
        self.code.failing_imports.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// Looks up what every import leads to, once for all who ask. Modules of which only the imports were scanned are
    /// parsed where one of them leads nowhere: a `try` around it would excuse it, so whoever asks about an import that
    /// fails sees all there is to know about it.
    pub(crate) fn find_failing_imports(&mut self) {
        if self.code.failing_imports.get().is_some() {
            return;
        }
        let node = targets(self, &self.node, Self::node_targets);
        let python = targets(self, &self.python, Self::python_targets);
        let suspects = |found: &[(Targets, bool)]| -> Vec<usize> {
            found.iter().enumerate().filter(|(_, (_, fails))| *fails).map(|(at, _)| at).collect()
        };
        let (bad_node, bad_python) = (suspects(&node), suspects(&python));
        let mut imported = Imported {
            node: node.into_iter().map(|(targets, _)| targets).collect(),
            python: python.into_iter().map(|(targets, _)| targets).collect(),
        };
        crate::node::parse_whole(self, &bad_node);
        crate::python::parse_whole(self, &bad_python);
        // A parser may see imports that the scanner did not.
        for at in &bad_node {
            imported.node[*at] = self.node_targets(&self.node[*at], &mut FxHashMap::default()).0;
        }
        for at in &bad_python {
            imported.python[*at] = self.python_targets(&self.python[*at], &mut FxHashMap::default()).0;
        }
        let of_node = bad_node.iter().flat_map(|at| self.failing_in_node(&self.node[*at]));
        let of_python = bad_python.iter().flat_map(|at| self.failing_in_python(&self.python[*at]));
        let failing = of_node.chain(of_python).collect();
        let node = bad_node.iter().map(|at| self.node[*at].file);
        let suspects = node.chain(bad_python.iter().map(|at| self.python[*at].file)).collect();
        // Nobody else has set them: this state has just been made.
        let _ = self.code.suspects.set(suspects);
        let _ = self.code.imported.set(imported);
        let _ = self.code.failing_imports.set(failing);
    }

    /// The same for a state in which only the `others` among the modules may import something else than `before`.
    pub(crate) fn find_failing_imports_after(&mut self, before: &Self, others: &[FileId]) {
        let Some(mut imported) = before.code.imported.get().cloned() else { return };
        let mut suspects: Vec<FileId> = before.code.suspects.get().into_iter().flatten().copied().collect();
        suspects.retain(|file| !others.contains(file));
        let mut failing = before.failing_imports().to_vec();
        failing.retain(|import| !others.contains(&import.place.file));
        for file in others {
            let (language, at, targets) = if let Some(at) = self.node_position(*file) {
                (&JAVASCRIPT, at, &mut imported.node[at])
            } else if let Some(at) = self.python_position(*file) {
                (&PYTHON, at, &mut imported.python[at])
            } else {
                continue;
            };
            let (mut found, fails) = (language.targets)(self, at);
            if fails {
                (language.parse)(self, &[at]);
                found = (language.targets)(self, at).0;
                failing.extend((language.failing)(self, at));
                suspects.push(*file);
            }
            *targets = found;
        }
        failing.sort_by_key(|import| (self.python_position(import.place.file).is_some(), import.place.file));
        let _ = self.code.suspects.set(suspects.into());
        let _ = self.code.imported.set(imported);
        let _ = self.code.failing_imports.set(failing);
    }

    /// The JavaScript modules of which an import leads elsewhere than in the state `before`, or nowhere.
    pub(crate) fn modules_led_elsewhere(&self, before: &Self) -> Vec<FileId> {
        let known = before.code.imported.get().map(|imported| &*imported.node).unwrap_or_default();
        let found = targets(self, &self.node, Self::node_targets);
        let is_other = |at: usize, (targets, fails): &(Targets, bool)| *fails || known.get(at) != Some(targets);
        let others = found.iter().enumerate().filter(|(at, found)| is_other(*at, found));
        others.map(|(at, _)| self.node[at].file).collect()
    }

    fn node_targets<'r>(&'r self, module: &'r Node, known: &mut Known<'r>) -> (Targets, bool) {
        let dir = Tree::parent(self.tree.path(module.file));
        let found = module.imports.iter().map(|import| {
            let target = *known
                .entry((dir, 0, &import.specifier))
                .or_insert_with(|| Target::of(&self.resolve_import(module.file, &import.specifier)));
            (target, import.is_optional)
        });
        Target::all(found)
    }

    fn python_targets<'r>(&'r self, module: &'r Python, known: &mut Known<'r>) -> (Targets, bool) {
        let dir = Tree::parent(self.tree.path(module.file));
        let found = module.imports.iter().map(|import| {
            let target = *known
                .entry((dir, import.dots, &import.module))
                .or_insert_with(|| Target::of(&self.resolve_python_import(module.file, import)));
            (target, import.is_optional || !names_a_module(import))
        });
        Target::all(found)
    }

    /// The tracked file that the import at a position in the list of a module's imports leads to.
    pub(crate) fn imported(&self, module: FileId, at: usize) -> Option<FileId> {
        let imported = self.code.imported.get()?;
        let targets = match self.python_position(module) {
            Some(position) => imported.python.get(position),
            None => imported.node.get(self.node_position(module)?),
        };
        *targets?.get(at)?
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

/// For each import of a module the tracked file that it leads to.
type Targets = Arc<[Option<FileId>]>;

/// What imports lead to, by directory, dots and name: that depends on nothing else of the module, and neighbours import
/// the same.
type Known<'r> = FxHashMap<(&'r str, u32, &'r str), Target>;

/// What the imports of all modules lead to, in the order of the modules.
#[derive(Clone, Debug, Default)]
pub(crate) struct Imported {
    node: Vec<Targets>,
    python: Vec<Targets>,
}

/// How the imports of one module are looked up, by its position.
struct Language {
    targets: fn(&Repo, usize) -> (Targets, bool),
    parse: fn(&mut Repo, &[usize]),
    failing: fn(&Repo, usize) -> Vec<FailingImport>,
}

const JAVASCRIPT: Language = Language {
    targets: |repo, at| repo.node_targets(&repo.node[at], &mut FxHashMap::default()),
    parse: crate::node::parse_whole,
    failing: |repo, at| repo.failing_in_node(&repo.node[at]),
};

const PYTHON: Language = Language {
    targets: |repo, at| repo.python_targets(&repo.python[at], &mut FxHashMap::default()),
    parse: crate::python::parse_whole,
    failing: |repo, at| repo.failing_in_python(&repo.python[at]),
};

#[derive(Clone, Copy)]
enum Target {
    File(FileId),
    Fails,
    Elsewhere,
}

impl Target {
    fn of(resolved: &Resolved) -> Self {
        match resolved {
            Resolved::Tracked(file) => Self::File(*file),
            resolved if FailingImport::fails(resolved) => Self::Fails,
            _ => Self::Elsewhere,
        }
    }

    /// Where the imports lead, and whether one fails that has no excuse.
    fn all(found: impl Iterator<Item = (Self, bool)>) -> (Targets, bool) {
        let mut fails = false;
        let targets = found.map(|(target, is_excused)| {
            fails |= matches!(target, Self::Fails) && !is_excused;
            match target {
                Self::File(file) => Some(file),
                _ => None,
            }
        });
        let targets = targets.collect();
        (targets, fails)
    }
}

fn targets<'r, M: Send + Sync>(
    repo: &'r Repo,
    modules: &'r Documents<M>,
    of: impl Fn(&'r Repo, &'r M, &mut Known<'r>) -> (Targets, bool) + Sync,
) -> Vec<(Targets, bool)> {
    modules.par_iter().map_init(FxHashMap::default, |known, module| of(repo, module, known)).collect()
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
