//! Imports that fail in a clone of the repository.

use super::Resolved;
use crate::documents::Shelf;
use crate::{Documents, Node, NodeImport, NodePackage, Place, Python, PythonImport, Repo, TsConfig};
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
            if let Some(at) = self.node_position(*file) {
                let (mut targets, fails) = self.node_targets(&self.node[at], &mut FxHashMap::default());
                if fails {
                    crate::node::parse_whole(self, &[at]);
                    targets = self.node_targets(&self.node[at], &mut FxHashMap::default()).0;
                    failing.extend(self.failing_in_node(&self.node[at]));
                    suspects.push(*file);
                }
                imported.node[at] = targets;
            }
            if let Some(at) = self.python_position(*file) {
                let (mut targets, fails) = self.python_targets(&self.python[at], &mut FxHashMap::default());
                if fails {
                    crate::python::parse_whole(self, &[at]);
                    targets = self.python_targets(&self.python[at], &mut FxHashMap::default()).0;
                    failing.extend(self.failing_in_python(&self.python[at]));
                    suspects.push(*file);
                }
                imported.python[at] = targets;
            }
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

/// Whether what a package.json or tsconfig.json says of imports is the same in both states, wherever that stands in it.
pub(crate) fn lead_the_same_way(one: &Shelf, other: &Shelf, file: FileId) -> bool {
    let packages = match (one.node_packages.of(file), other.node_packages.of(file)) {
        (Some(one), Some(other)) => of_package(one) == of_package(other),
        (one, other) => one.is_none() && other.is_none(),
    };
    packages
        && match (one.tsconfigs.of(file), other.tsconfigs.of(file)) {
            (Some(one), Some(other)) => of_config(one) == of_config(other),
            (one, other) => one.is_none() && other.is_none(),
        }
}

/// All of a package but where it stands.
fn of_package(package: &NodePackage) -> impl PartialEq + '_ {
    let NodePackage { scripts, dependencies, .. } = package;
    let scripts: Vec<_> = scripts.iter().map(|script| (&script.name, script.command.text())).collect();
    let dependencies = dependencies.iter().map(|it| (&it.name, &it.range, it.is_dev, it.is_optional));
    let dependencies: Vec<_> = dependencies.collect();
    (names_of(package), scripts, dependencies)
}

/// All of a configuration but where it stands.
fn of_config(config: &TsConfig) -> impl PartialEq + '_ {
    let TsConfig { file: _, extends, base_url, paths, has_root_dirs, keeps_imports, references, out_dir } = config;
    let paths: Vec<_> = paths.iter().map(|alias| (&alias.pattern, &alias.targets)).collect();
    ((extends, base_url, paths), has_root_dirs, keeps_imports, references, out_dir)
}

/// Whether `file` is a module of the same language in both states, or in both is none; and a package goes by the same names.
pub(crate) fn are_alike(one: &Shelf, other: &Shelf, file: FileId) -> bool {
    let packages = match (one.node_packages.of(file), other.node_packages.of(file)) {
        (Some(one), Some(other)) => names_of(one) == names_of(other),
        (one, other) => one.is_none() && other.is_none(),
    };
    packages
        && one.tsconfigs.of(file).is_some() == other.tsconfigs.of(file).is_some()
        && one.node.of(file).is_some() == other.node.of(file).is_some()
        && one.python.of(file).is_some() == other.python.of(file).is_some()
}

/// All of a package by which others find what is in it.
fn names_of(package: &NodePackage) -> impl PartialEq + '_ {
    let NodePackage { file: _, name, is_module, scripts: _, dependencies: _, workspaces, entries, imports } = package;
    (name, is_module, workspaces, entries, imports)
}

/// Whether the module that `file` is imports the same in both states, wherever that stands in it; also where it is none.
pub(crate) fn import_the_same(one: &Shelf, other: &Shelf, file: FileId) -> bool {
    let node = match (one.node.of(file), other.node.of(file)) {
        (Some(one), Some(other)) => one.imports.iter().map(of_node).eq(other.imports.iter().map(of_node)),
        (one, other) => one.is_none() && other.is_none(),
    };
    node && match (one.python.of(file), other.python.of(file)) {
        (Some(one), Some(other)) => one.imports.iter().map(of_python).eq(other.imports.iter().map(of_python)),
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// All of an import but its place.
fn of_node(import: &NodeImport) -> impl PartialEq {
    let NodeImport { specifier, place: _, kind, is_type_only, is_optional } = import;
    (specifier.clone(), *kind, *is_type_only, *is_optional)
}

/// All of an import but its place.
fn of_python(import: &PythonImport) -> impl PartialEq {
    let PythonImport { module, dots, names, place: _, is_type_only, is_optional } = import;
    (module.clone(), *dots, names.clone(), *is_type_only, *is_optional)
}

/// `from . import x` names none.
fn names_a_module(import: &PythonImport) -> bool {
    !import.module.is_empty()
}
