//! Which file a Python import means.

use super::{Python, PythonImport};
use crate::{Documents, Repo};
use rustc_hash::{FxHashMap, FxHashSet};
use twiceshy_source::{FileId, Tree};

/// What an import leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportTarget {
    /// A module of this repository; a package is its `__init__.py`.
    File(FileId),
    /// A directory of this repository without an `__init__.py`.
    Namespace(String),
    /// It should be in this repository and is not: the path that it should have, without `.py`.
    Missing(String),
    /// Somebody else's, or not to be decided.
    External,
}

/// Where Python modules and packages lie.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Name of a module or package to the directories that hold one of that name.
    homes: FxHashMap<Box<str>, Vec<Box<str>>>,
    /// Directories with Python files in or below them.
    dirs: FxHashSet<Box<str>>,
    /// Position of each module in `Repo::python`.
    modules: FxHashMap<FileId, u32>,
}

impl Index {
    fn of(tree: &Tree, modules: &Documents<Python>) -> Self {
        let mut index = Self::default();
        for (position, module) in modules.iter().enumerate() {
            index.modules.insert(module.file, position as u32);
            let path = tree.path(module.file);
            let dir = Tree::parent(path);
            let stem = Tree::name(path).strip_suffix(".py").unwrap_or_default();
            if stem != "__init__" && !stem.is_empty() {
                index.homes.entry(stem.into()).or_default().push(dir.into());
            }
            let mut dir = dir;
            while !dir.is_empty() && index.dirs.insert(dir.into()) {
                let above = Tree::parent(dir);
                index.homes.entry(Tree::name(dir).into()).or_default().push(above.into());
                dir = above;
            }
        }
        index
    }
}

impl Repo {
    fn python_index(&self) -> &Index {
        self.code.python_index.get_or_init(|| Index::of(&self.tree, &self.python).into())
    }

    /// The directories that hold a module or package of this name.
    pub(crate) fn python_homes(&self, name: &str) -> impl Iterator<Item = &str> {
        self.python_index().homes.get(name).into_iter().flatten().map(|home| &**home)
    }

    /// The Python module in `file`.
    pub fn python_module(&self, file: FileId) -> Option<&Python> {
        self.python.get(self.python_position(file)?)
    }

    pub(crate) fn python_position(&self, file: FileId) -> Option<usize> {
        Some(*self.python_index().modules.get(&file)? as usize)
    }

    /// What `import` of the module in `from` leads to.
    ///
    /// Very careful: [`ImportTarget::Missing`] only for a relative import, or where the package is a directory with an
    /// `__init__.py` beside or above the importing module and no other directory of the repository has its name.
    pub fn resolve_python(&self, from: FileId, import: &PythonImport) -> ImportTarget {
        self.resolve_module(from, import.dots, &import.module)
    }

    /// The file in which a dotted name is looked for: of `.guard.check` in `app/main.py` `app/guard.py`.
    pub(crate) fn python_file(&self, from: FileId, full: &str) -> Option<FileId> {
        let dots = full.bytes().take_while(|byte| *byte == b'.').count();
        let module = full.get(dots..)?.rsplit_once('.')?.0;
        match self.resolve_module(from, dots as u32, module) {
            ImportTarget::File(file) => Some(file),
            _ => None,
        }
    }

    fn resolve_module(&self, from: FileId, dots: u32, module: &str) -> ImportTarget {
        let here = Tree::parent(self.tree.path(from));
        if dots > 0 {
            let mut base = here;
            for _ in 1..dots {
                if base.is_empty() {
                    return ImportTarget::External;
                }
                base = Tree::parent(base);
            }
            return self.below(base, module);
        }
        let first = module.split('.').next().unwrap_or_default();
        let Some(homes) = self.python_index().homes.get(first) else { return ImportTarget::External };
        // The nearest directory above that has it; else a source root anywhere. A directory that is a package itself is on
        // nobody's path: `import redis` in `kit/redis/client.py` means the other one.
        let is_package = |dir: &str| self.tree.file(&joined(dir, "__init__.py")).is_some();
        let above = homes.iter().filter(|home| is_above(home, here) && !is_package(home)).max_by_key(|home| home.len());
        let candidates: Vec<&str> = match above {
            Some(home) => vec![home],
            None => homes.iter().map(|home| &**home).filter(|home| self.is_source_root(home)).collect(),
        };
        let mut missing = None;
        for home in &candidates {
            match self.below(home, module) {
                ImportTarget::Missing(path) => missing = Some((home, path)),
                found => return found,
            }
        }
        match missing {
            // A script's own directory and the package's parent are both on the path: any other home may be meant.
            Some((home, path))
                if above.is_some()
                    && homes.len() == 1
                    && self.tree.file(&joined(home, &format!("{first}/__init__.py"))).is_some() =>
            {
                ImportTarget::Missing(path)
            }
            _ => ImportTarget::External,
        }
    }

    /// A directory that people put on Python's path: the root, `src`, one with a project file.
    fn is_source_root(&self, dir: &str) -> bool {
        let has = |name: &str| self.tree.file(&joined(dir, name)).is_some();
        dir.is_empty()
            || matches!(Tree::name(dir), "src" | "lib" | "python")
            || has("pyproject.toml")
            || has("setup.py")
            || has("setup.cfg")
    }

    fn below(&self, base: &str, module: &str) -> ImportTarget {
        let path = joined(base, &module.replace('.', "/"));
        let path = path.trim_end_matches('/');
        if let Some(file) = self.tree.file(&joined(path, "__init__.py")) {
            return ImportTarget::File(file);
        }
        if let Some(file) = self.tree.file(&format!("{path}.py")).filter(|_| !module.is_empty()) {
            return ImportTarget::File(file);
        }
        if module.is_empty() || self.tree.has_dir(path) {
            return ImportTarget::Namespace(path.to_owned());
        }
        // Compiled (`x.pyx`, `x.so`, `x.pyi` for one) or generated.
        let name = Tree::name(path);
        let dir = Tree::parent(path);
        let is_built = ["pyx", "pyi", "so", "pyd", "c", "cpp", "rs", "ipynb"]
            .iter()
            .any(|end| self.tree.file(&format!("{path}.{end}")).is_some());
        let is_generated = name.ends_with("_pb2")
            || name.ends_with("_pb2_grpc")
            || name.contains("version")
            || name.contains("generated");
        // A directory that is not there at all, such as a submodule's, says nothing about the module in it.
        let has_home = dir == base || self.tree.file(&joined(dir, "__init__.py")).is_some();
        if is_built || is_generated || !has_home || self.tree.in_submodule(path) {
            return ImportTarget::External;
        }
        ImportTarget::Missing(path.to_owned())
    }

    /// The module in which a dotted name is defined, and the name in it: `app.models.User`, `.models.User`. Names that a
    /// package passes on (`from .user import User`) are followed.
    pub fn python_definition<'s>(&'s self, from: FileId, name: &'s str) -> Option<(FileId, &'s str)> {
        self.definition(from, name, 0)
    }

    fn definition<'s>(&'s self, from: FileId, full: &'s str, hops: usize) -> Option<(FileId, &'s str)> {
        let dots = full.bytes().take_while(|byte| *byte == b'.').count();
        let (module, name) = match full.get(dots..)?.rsplit_once('.') {
            Some((module, name)) => (module, name),
            None if dots > 0 => ("", full.get(dots..)?),
            None => return None,
        };
        let ImportTarget::File(file) = self.resolve_module(from, dots as u32, module) else { return None };
        self.passed_on(file, name, hops)
    }

    fn passed_on<'s>(&'s self, file: FileId, name: &'s str, hops: usize) -> Option<(FileId, &'s str)> {
        let module = self.python_module(file)?;
        if self.json_use(module).is_some_and(|json| json.classes.iter().any(|class| *class.name == *name)) {
            return Some((file, name));
        }
        if hops > 4 {
            return None;
        }
        module.imports.iter().find_map(|import| {
            let (own, _) = import.names.iter().find(|(own, local)| **local == *name || **own == *"*")?;
            let ImportTarget::File(next) = self.resolve_python(file, import) else { return None };
            let next = (next != file).then_some(next)?;
            self.passed_on(next, if **own == *"*" { name } else { own }, hops + 1)
        })
    }
}

fn joined(dir: &str, name: &str) -> String {
    match (dir.is_empty(), name.is_empty()) {
        (true, _) => name.to_owned(),
        (_, true) => dir.to_owned(),
        _ => format!("{dir}/{name}"),
    }
}

/// Whether `dir` is `below` or a directory above it.
fn is_above(dir: &str, below: &str) -> bool {
    dir.is_empty() || below.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
