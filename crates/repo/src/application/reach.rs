//! The modules of an application: what its entries reach, or all that end up in the image.

use crate::{BuildContext, ImportTarget, PythonImport, Repo, Resolved};
use rustc_hash::FxHashSet;
use twiceshy_source::{FileId, Tree};

/// What is put into a container.
pub(super) struct Shipped<'a, 'r> {
    /// The build, and the paths of its context that its steps take.
    pub build: Option<(&'a BuildContext<'r>, Vec<String>)>,
    pub dir: &'a str,
    pub repo: &'r Repo,
}

/// The modules that may run, and those of them that the entries reach, both sorted.
pub(super) fn modules(shipped: &Shipped<'_, '_>, entries: &[FileId]) -> (Vec<FileId>, Vec<FileId>) {
    let repo = shipped.repo;
    let mut reached = FxHashSet::default();
    let by_name = follow(repo, entries.to_vec(), &mut reached);
    let sorted = |set: &FxHashSet<FileId>| {
        let mut list: Vec<FileId> = set.iter().copied().collect();
        list.sort();
        list
    };
    let certain = sorted(&reached);
    // Rust's modules are not imports.
    let is_rust = || entries.iter().any(|file| repo.tree.path(*file).ends_with(".rs"));
    if entries.is_empty() || by_name || is_rust() {
        let below = repo.tree.below(shipped.dir);
        let own = below.filter(|file| is_module(repo.tree.path(*file)) && shipped.has(*file)).collect();
        follow(repo, own, &mut reached);
    }
    (sorted(&reached), certain)
}

impl Shipped<'_, '_> {
    /// Whether the file gets into a stage on the way to the image.
    fn has(&self, file: FileId) -> bool {
        let path = self.repo.tree.path(file);
        let inside_dir = if self.dir.is_empty() { path } else { path.get(self.dir.len() + 1..).unwrap_or_default() };
        if is_aside(inside_dir) {
            return false;
        }
        let Some((build, sources)) = &self.build else { return true };
        build.inside(path).is_some_and(|inside| {
            sources.iter().any(|source| covers(source, inside))
                && !build.ignore.is_some_and(|ignore| ignore.excludes(inside))
        })
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

/// Adds what the files import, and what those do, to `reached`. Tells whether some of it finds modules by their names.
fn follow(repo: &Repo, start: Vec<FileId>, reached: &mut FxHashSet<FileId>) -> bool {
    let mut queue = start;
    let mut by_name = false;
    while let Some(file) = queue.pop() {
        if !is_module(repo.tree.path(file)) || !reached.insert(file) {
            continue;
        }
        if let Some(module) = repo.python_module(file) {
            for import in module.imports.iter().filter(|import| !import.is_type_only) {
                let first = import.module.split('.').next().unwrap_or_default();
                by_name |=
                    import.dots == 0 && matches!(first, "django" | "importlib" | "pkgutil" | "stevedore" | "pluggy");
                python(repo, file, import, &mut queue);
            }
            packages_above(repo, file, &mut queue);
        } else if let Some(module) = repo.node_module(file) {
            for import in module.imports.iter().filter(|import| !import.is_type_only) {
                match repo.resolve_import(file, &import.specifier) {
                    Resolved::Tracked(next) => queue.push(next),
                    Resolved::External | Resolved::Unknown => queue.extend(repo.workspace_modules(&import.specifier)),
                    _ => {}
                }
            }
        }
    }
    by_name
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
