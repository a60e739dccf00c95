//! The modules of an application: what its entries reach, or all that end up in the image.

use super::Shipped;
use crate::{DockerIgnore, ImportTarget, PythonImport, Repo, Resolved};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::{Arc, Mutex, PoisonError};
use twiceshy_source::{FileId, Tree};

/// What modules import, as far as anybody asked.
#[derive(Debug, Default)]
pub(super) struct Graph {
    modules: FxHashMap<FileId, Imports>,
    /// What is reached from where.
    reached: FxHashMap<Vec<FileId>, (Arc<[FileId]>, bool)>,
}

/// What is known of what modules import, for the next state with the same code.
#[derive(Debug, Default)]
pub(crate) struct Followed(Mutex<Graph>);

impl Followed {
    pub(super) fn take(&self) -> Graph {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is known but for those of these modules, which import something else now. The state before gives it away.
    pub(crate) fn without(&self, others: &[FileId]) -> Self {
        let mut graph = self.take();
        graph.modules.retain(|file, _| !others.contains(file));
        graph.reached.retain(|_, (files, _)| others.iter().all(|file| files.binary_search(file).is_err()));
        Self(Mutex::new(graph))
    }

    pub(super) fn put(&self, graph: Graph) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = graph;
    }
}

/// What one module imports.
#[derive(Debug)]
struct Imports {
    files: Vec<FileId>,
    /// It may find modules by their names, too.
    by_name: bool,
}

impl Graph {
    /// Adds `start`, everything that it imports, and so on.
    pub(super) fn grow(&mut self, repo: &Repo, start: Vec<FileId>) {
        let mut next = start;
        loop {
            next.retain(|file| !self.modules.contains_key(file) && is_module(repo.tree.path(*file)));
            next.sort();
            next.dedup();
            if next.is_empty() {
                return;
            }
            let found: Vec<_> = next.into_par_iter().map(|file| (file, imports(repo, file))).collect();
            next = found.iter().flat_map(|(_, imports)| imports.files.iter().copied()).collect();
            self.modules.extend(found);
        }
    }

    /// What `start` reaches, sorted, and whether some of it finds modules by their names. All that it reaches has been added.
    pub(super) fn reached(&mut self, start: &[FileId]) -> (Arc<[FileId]>, bool) {
        if let Some(known) = self.reached.get(start) {
            return known.clone();
        }
        let mut reached = FxHashSet::default();
        let mut queue = start.to_vec();
        let mut by_name = false;
        while let Some(file) = queue.pop() {
            let Some(imports) = self.modules.get(&file) else { continue };
            if reached.insert(file) {
                by_name |= imports.by_name;
                queue.extend(&imports.files);
            }
        }
        let mut reached: Vec<FileId> = reached.into_iter().collect();
        reached.sort();
        let found = (Arc::from(reached), by_name);
        self.reached.insert(start.to_vec(), found.clone());
        found
    }
}

/// The modules that end up in an image from the directory `dir`.
pub(super) fn shipped(dir: &str, shipped: Option<&Shipped>, repo: &Repo) -> Vec<FileId> {
    let ignore = shipped.and_then(|shipped| shipped.ignore);
    let mut ignored = ignore
        .and_then(|file| repo.dockerignores.iter().find(|ignore| ignore.file == file))
        .map(|ignore| Ignored { ignore, dirs: FxHashMap::default() });
    let has = |file: &FileId| {
        let path = repo.tree.path(*file);
        let below = |dir: &str| path.get(if dir.is_empty() { 0 } else { dir.len() + 1 }..).unwrap_or_default();
        if !is_module(path) || is_aside(below(dir)) {
            return false;
        }
        let Some(shipped) = shipped else { return true };
        let inside = below(&shipped.context);
        shipped.sources.iter().any(|source| covers(source, inside))
            && !ignored.as_mut().is_some_and(|ignored| ignored.has(inside))
    };
    repo.tree.below(dir).filter(has).collect()
}

/// What an ignore file leaves out, asked once for each directory: most files share the fate of theirs.
struct Ignored<'r> {
    ignore: &'r DockerIgnore,
    dirs: FxHashMap<&'r str, bool>,
}

impl<'r> Ignored<'r> {
    fn has(&mut self, path: &'r str) -> bool {
        let is_dir_ignored = self.has_dir(Tree::parent(path));
        self.ignore.excludes_in(path, is_dir_ignored)
    }

    fn has_dir(&mut self, dir: &'r str) -> bool {
        let mut unknown = Vec::new();
        let mut at = dir;
        while !at.is_empty() && !self.dirs.contains_key(at) {
            unknown.push(at);
            at = Tree::parent(at);
        }
        let mut is_ignored = !at.is_empty() && self.dirs.get(at).copied().unwrap_or_default();
        for dir in unknown.into_iter().rev() {
            is_ignored = self.ignore.excludes_in(dir, is_ignored);
            self.dirs.insert(dir, is_ignored);
        }
        is_ignored
    }
}

/// Whether the path is a module that we can read.
fn is_module(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    matches!(extension, "py" | "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" | "svelte" | "vue" | "rs")
        && !path.ends_with(".d.ts")
}

/// Whether a module (its path from the application) is no part of what runs: tests, configurations of tools, scripts.
fn is_aside(path: &str) -> bool {
    const DIRECTORIES: [&str; 33] = [
        "test",
        "tests",
        "__tests__",
        "testing",
        "e2e",
        "spec",
        "specs",
        "fixtures",
        "mocks",
        "__mocks__",
        "examples",
        "example",
        "docs",
        "scripts",
        "script",
        "bench",
        "benches",
        "benchmarks",
        "stories",
        ".storybook",
        "cypress",
        "playwright",
        "migrations",
        "alembic",
        "node_modules",
        "dist",
        "vendor",
        "tools",
        "ci",
        "dev",
        "evals",
        "notebooks",
        "seeds",
    ];
    let (dirs, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.split('.').next().unwrap_or_default();
    // `routes/scripts/+page.ts` is a page about scripts: only directories near the top are about the repository.
    let is_deep = |at: usize| dirs.split('/').take(at).any(|part| matches!(part, "routes" | "app" | "pages" | "api"));
    let is_test_dir = |part: &str| matches!(part, "test" | "tests" | "__tests__" | "__mocks__" | "e2e" | "cypress");
    dirs.split('/').enumerate().any(|(at, part)| is_test_dir(part) || (DIRECTORIES.contains(&part) && !is_deep(at)))
        || [".test.", ".spec.", ".config.", ".stories.", ".e2e.", ".mock.", ".setup."]
            .iter()
            .any(|word| name.contains(word))
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || matches!(stem, "conftest" | "setup" | "noxfile" | "tasks" | "build" | "gulpfile" | "Gruntfile")
            && dirs.is_empty()
        || matches!(stem, "conftest" | "setupTests")
}

/// What a module imports.
fn imports(repo: &Repo, file: FileId) -> Imports {
    let mut imports = Imports { files: Vec::new(), by_name: false };
    if let Some(module) = repo.python_module(file) {
        for (nth, import) in module.imports.iter().enumerate().filter(|(_, import)| !import.is_type_only) {
            // Django, Celery's discovery and plugins are found by name: imports do not lead to them.
            let first = import.module.split('.').next().unwrap_or_default();
            imports.by_name |=
                import.dots == 0 && matches!(first, "django" | "importlib" | "pkgutil" | "stevedore" | "pluggy");
            match repo.imported(file, nth).filter(|file| Tree::name(repo.tree.path(*file)) != "__init__.py") {
                Some(file) => imports.files.push(file),
                None => python(repo, file, import, &mut imports.files),
            }
        }
        packages_above(repo, file, &mut imports.files);
    } else if let Some(module) = repo.node_module(file) {
        for (nth, import) in module.imports.iter().enumerate().filter(|(_, import)| !import.is_type_only) {
            match repo.imported(file, nth) {
                Some(file) => imports.files.push(file),
                None => imports.files.extend(repo.import_targets(file, &import.specifier)),
            }
        }
    }
    imports.files.sort();
    imports.files.dedup();
    imports
}

fn python(repo: &Repo, from: FileId, import: &PythonImport, queue: &mut Vec<FileId>) {
    let target = repo.resolve_python(from, import);
    // A name that is taken from a package may be a module of it.
    let is_package = match &target {
        ImportTarget::File(file) => Tree::name(repo.tree.path(*file)) == "__init__.py",
        ImportTarget::Namespace(_) => true,
        _ => false,
    };
    if let ImportTarget::File(file) = target {
        queue.push(file);
    }
    if !is_package {
        return;
    }
    for (name, _) in &import.names {
        let dot = if import.module.is_empty() { "" } else { "." };
        let inner = PythonImport {
            module: format!("{}{dot}{name}", import.module).into(),
            dots: import.dots,
            names: Box::default(),
            ..*import
        };
        if let ImportTarget::File(file) = repo.resolve_python(from, &inner) {
            queue.push(file);
        }
    }
}

/// The packages that a module lies in: Python runs their `__init__.py` first.
fn packages_above(repo: &Repo, file: FileId, queue: &mut Vec<FileId>) {
    let mut dir = Tree::parent(repo.tree.path(file));
    while !dir.is_empty()
        && let Some(init) = repo.tree.file(&format!("{dir}/__init__.py"))
    {
        queue.push(init);
        dir = Tree::parent(dir);
    }
}

/// Whether a source of a `COPY` takes `path`.
fn covers(source: &str, path: &str) -> bool {
    // What a pattern matches is not looked at: `src/*.py` takes some of what begins with `src/`.
    let head = source.split(['*', '?', '[']).next().unwrap_or_default();
    source.is_empty()
        || path == source
        || path.strip_prefix(source).is_some_and(|rest| rest.starts_with('/'))
        || head.len() < source.len() && path.starts_with(head)
}

impl Repo {
    /// The modules that an import of a package of this repository leads to: `@acme/db`, `@acme/db/schema`.
    pub fn workspace_modules(&self, specifier: &str) -> Vec<FileId> {
        if specifier.starts_with(['.', '/', '#', '$']) || specifier.contains(':') {
            return Vec::new();
        }
        let Some((package, rest)) = self.node_packages.iter().find_map(|package| {
            let rest = specifier.strip_prefix(package.name.as_deref()?)?;
            let rest = if rest.is_empty() { rest } else { rest.strip_prefix('/')? };
            Some((package, rest))
        }) else {
            return Vec::new();
        };
        let dir = Tree::parent(self.tree.path(package.file));
        let from = package.file;
        let leads = |path: &str| match self.resolve_import(from, path) {
            Resolved::Tracked(file) if is_module(self.tree.path(file)) => Some(file),
            _ => None,
        };
        let source = |entry: &str| {
            let entry = entry.trim_start_matches("./");
            leads(&format!("./{entry}")).or_else(|| {
                let inner = ["dist/", "build/", "lib/", "out/"].iter().find_map(|built| entry.strip_prefix(built))?;
                let inner = inner.rsplit_once('.').map_or(inner, |(stem, _)| stem);
                let inner = inner.strip_prefix("src/").unwrap_or(inner);
                leads(&format!("./src/{inner}"))
            })
        };
        let wanted = if rest.is_empty() { "index" } else { rest };
        let direct = [format!("./src/{wanted}"), format!("./{wanted}"), format!("./src/{wanted}/index")];
        if let Some(found) = direct.iter().find_map(|path| leads(path)) {
            return vec![found];
        }
        let entries = package.entries.iter().filter(|entry| !entry.contains('*'));
        let entries: Vec<_> = entries.filter(|entry| rest.is_empty() || entry.contains(rest)).collect();
        let mut found: Vec<_> = entries.iter().filter_map(|entry| source(entry)).collect();
        found.sort();
        found.dedup();
        if found.is_empty() && !rest.is_empty() {
            let below = self.tree.below(dir).filter(|file| {
                let path = self.tree.path(*file);
                let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
                is_module(path) && stem.ends_with(&format!("/{rest}"))
            });
            found.extend(below.take(1));
        }
        found
    }
}
