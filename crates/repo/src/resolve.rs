//! Which file a JavaScript or TypeScript import means, and whether a clone of the repository holds it.

mod aliases;
mod alike;
mod failing;
mod generated;

use crate::{ImportTarget, PythonImport, Repo};
pub(crate) use aliases::Index;
pub(crate) use alike::{are_alike, import_the_same, lead_the_same_way};
pub use failing::FailingImport;
pub(crate) use failing::Imported;
use twiceshy_source::{FileId, IgnoreRule, Place, Tree};

/// What an import leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// A file that git tracks.
    Tracked(FileId),
    /// A file that is on this disk, and that a clone does not hold.
    Untracked {
        /// Its path.
        path: String,
        /// Why git does not track it.
        why: Untracked,
    },
    /// There is no such file.
    Missing {
        /// The path that it should have, with or without its extension.
        path: String,
        /// The rule by which git would ignore it: it may be on somebody else's disk.
        ignored: Option<Ignored>,
    },
    /// A package, or a module of the platform.
    External,
    /// A file that a build makes.
    Generated,
    /// Not to be decided from the files.
    Unknown,
}

/// Why a file on this disk is not tracked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Untracked {
    /// An ignore rule names it.
    Ignored(Ignored),
    /// Nobody has added it.
    NeverAdded,
}

/// The rule by which git ignores a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// The rule.
    pub rule: IgnoreRule,
    /// Where it stands, if its file is part of the repository.
    pub place: Option<Place>,
    /// Whether the rule meant something else: it names a directory of any place (`lib/`), and the path lies in one of that
    /// name among the sources.
    pub is_accident: bool,
}

impl Repo {
    /// What `specifier`, imported by the JavaScript or TypeScript module `from`, leads to.
    ///
    /// Very careful: an answer other than `Tracked` or `Untracked` claims something about files that are not there, so
    /// [`Resolved::Missing`] is given only for paths that nothing but a file can serve.
    pub fn resolve_import(&self, from: FileId, specifier: &str) -> Resolved {
        let from = self.tree.path(from);
        // Loaders (`raw-loader!./x`), virtual modules, URLs.
        if specifier.is_empty() || specifier.contains(['!', ':', '\0', '{', '}', '<', '*']) {
            return Resolved::Unknown;
        }
        // `./x.svg?raw`
        let specifier = specifier.split('?').next().unwrap_or_default();
        if specifier.starts_with("./") || specifier.starts_with("../") || specifier == "." || specifier == ".." {
            return match Tree::join(Tree::parent(from), specifier) {
                Some(path) => self.at(from, path, !self.is_merged_with_others(from)),
                None => Resolved::Unknown,
            };
        }
        if specifier.starts_with('/') {
            return Resolved::Unknown;
        }
        self.aliased(from, specifier)
    }

    /// What an import of the path without a certain extension leads to. `certain`: nothing but a file serves it.
    fn at(&self, from: &str, path: String, certain: bool) -> Resolved {
        if let Some(file) = self.tracked_at(&path) {
            return Resolved::Tracked(file);
        }
        // Through symbolic links.
        let path = match self.tree.follow(&path) {
            Some(real) if real != path => match self.tracked_at(&real) {
                Some(file) => return Resolved::Tracked(file),
                None => real,
            },
            Some(_) => path,
            None => return Resolved::Unknown,
        };
        if path.is_empty()
            || self.tree.in_submodule(&path)
            || candidates(&path).any(|candidate| self.tree.is_tracked(&candidate))
        {
            return Resolved::Unknown;
        }
        let files = candidates(&path);
        self.gap(from, path, files, certain)
    }

    /// Why none of the `files` that would serve an import of `path` is tracked.
    fn gap(&self, from: &str, path: String, mut files: impl Iterator<Item = String>, certain: bool) -> Resolved {
        let on_disk = files.find(|candidate| self.tree.is_file_on_disk(candidate));
        let would_be = on_disk.as_deref().unwrap_or(&path);
        if generated::is_generated(self, from, would_be) {
            return Resolved::Generated;
        }
        let ignored = self.ignored(would_be);
        match (on_disk, ignored) {
            (_, Some(ignored)) if !ignored.is_accident => Resolved::Generated,
            (Some(path), Some(ignored)) => Resolved::Untracked { path, why: Untracked::Ignored(ignored) },
            (Some(path), None) => Resolved::Untracked { path, why: Untracked::NeverAdded },
            (None, ignored) if certain => Resolved::Missing { path, ignored },
            (None, _) => Resolved::Unknown,
        }
    }

    /// What an import of a Python module leads to, as far as it can fail in a clone: `Unknown` otherwise.
    pub fn resolve_python_import(&self, from: FileId, import: &PythonImport) -> Resolved {
        match self.resolve_python(from, import) {
            ImportTarget::File(file) if self.tree.is_tracked(self.tree.path(file)) => Resolved::Tracked(file),
            ImportTarget::File(file) => {
                Resolved::Untracked { path: self.tree.path(file).to_owned(), why: Untracked::NeverAdded }
            }
            ImportTarget::Missing(path) => {
                let files = [format!("{path}.py"), format!("{path}/__init__.py")];
                if files.iter().any(|file| self.tree.is_tracked(file)) || !self.is_certain_module(&path, import) {
                    return Resolved::Unknown;
                }
                self.gap(self.tree.path(from), path, files.into_iter(), true)
            }
            ImportTarget::Namespace(_) => Resolved::Unknown,
            ImportTarget::External => self.hidden_module(from, import).unwrap_or(Resolved::External),
        }
    }

    /// A relative import into a directory that is not there: only an ignore rule tells it from a submodule and the like.
    fn hidden_module(&self, from: FileId, import: &PythonImport) -> Option<Resolved> {
        let from = self.tree.path(from);
        let up = "../".repeat(import.dots.checked_sub(1)? as usize);
        let path = Tree::join(Tree::parent(from), &format!("{up}{}", import.module.replace('.', "/")))?;
        let files = [format!("{path}.py"), format!("{path}/__init__.py")];
        let is_hidden = self.ignored(&files[0]).is_some() || files.iter().any(|file| self.tree.is_file_on_disk(file));
        is_hidden.then(|| self.gap(from, path, files.into_iter(), true))
    }

    /// Whether nothing but a file at `path` serves the import. `connectors/dropbox/` may well import somebody else's
    /// `dropbox`: a name without dots is ours only where its package stands in a directory that is on Python's path.
    fn is_certain_module(&self, path: &str, import: &PythonImport) -> bool {
        const MARKS: [&str; 7] =
            ["pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "manage.py", "alembic.ini", "Dockerfile"];
        if import.dots > 0 {
            return true;
        }
        let module = import.module.replace('.', "/");
        let Some(home) = path.strip_suffix(&module) else { return false };
        let home = home.trim_end_matches('/');
        let has = |name: &str| {
            self.tree.file(&if home.is_empty() { name.to_owned() } else { format!("{home}/{name}") }).is_some()
        };
        let is_root = home.is_empty() || Tree::name(home) == "src" || MARKS.iter().any(|mark| has(mark));
        is_root && !has("__init__.py")
    }

    /// The tracked file that serves an import of `path`: itself, with an extension, or the index of a directory.
    fn tracked_at(&self, path: &str) -> Option<FileId> {
        let tree = &self.tree;
        let tracked = |file: FileId| tree.is_tracked(tree.path(file));
        if let Some(file) = tree.file(path)
            && matches!(tree.kind(file), twiceshy_source::Kind::File)
        {
            return tracked(file).then_some(file);
        }
        // `./x.js` means `x.ts` where that is compiled to it.
        let stem = ["js", "jsx", "mjs", "cjs"].iter().find_map(|end| path.strip_suffix(end)?.strip_suffix('.'));
        for base in [Some(path), stem].into_iter().flatten().filter(|base| !base.is_empty()) {
            if let Some(file) = self.with_extension(base) {
                return Some(file);
            }
        }
        let index = if path.is_empty() { "index".to_owned() } else { format!("{path}/index") };
        if let Some(file) = self.with_extension(&index) {
            return Some(file);
        }
        // A directory with a package.json says itself where its entry is.
        tree.file(&format!("{path}/package.json")).filter(|file| tracked(*file))
    }

    /// The tracked file `base.EXTENSION`, also for one platform (`base.ios.tsx`).
    fn with_extension(&self, base: &str) -> Option<FileId> {
        let tree = &self.tree;
        let prefix = format!("{base}.");
        let first = partition(tree, |path| path < prefix.as_str());
        (first..tree.ids()).map(FileId).take_while(|file| tree.path(*file).starts_with(&prefix)).find(|file| {
            let path = tree.path(*file);
            is_module_end(&path[prefix.len()..]) && tree.is_tracked(path)
        })
    }

    /// A tracked path that differs from `path`, with or without an extension, in upper and lower case only.
    pub fn path_in_other_case(&self, path: &str) -> Option<&str> {
        let names = |known: &str| {
            let rest = known.get(path.len()..).unwrap_or("?");
            let same = known.get(..path.len()).is_some_and(|start| start.eq_ignore_ascii_case(path));
            same && (rest.is_empty()
                || rest.strip_prefix('.').is_some_and(is_module_end)
                || rest.starts_with("/index."))
        };
        self.tree.files().map(|file| self.tree.path(file)).find(|known| names(known) && self.tree.is_tracked(known))
    }

    fn ignored(&self, path: &str) -> Option<Ignored> {
        let rule = self.tree.ignores().rule(path, false)?;
        let place = self.git_ignores(path, false).map(|line| line.place);
        let is_accident = generated::is_accident(self, &rule, path);
        Some(Ignored { rule, place, is_accident })
    }
}

/// How many paths stand before the first that is not `before`.
fn partition(tree: &Tree, before: impl Fn(&str) -> bool) -> u32 {
    let (mut low, mut high) = (0, tree.ids());
    while low < high {
        let middle = low + (high - low) / 2;
        if before(tree.path(FileId(middle))) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Extensions that resolvers try, in the order in which they are looked for when nothing is tracked.
const EXTENSIONS: [&str; 14] =
    ["ts", "tsx", "js", "jsx", "mjs", "cjs", "mts", "cts", "json", "svelte", "vue", "d.ts", "node", "wasm"];

/// Whether `end` (after the dot) makes a file a module: an extension, or a platform and an extension.
fn is_module_end(end: &str) -> bool {
    const OTHERS: [&str; 9] = ["mdx", "md", "coffee", "graphql", "gql", "d.mts", "d.cts", "yaml", "yml"];
    // Tests and the like stand beside a module and do not replace it.
    const BESIDE: [&str; 9] = ["spec", "stories", "story", "bench", "e2e", "cy", "mock", "module", "snap"];
    if EXTENSIONS.contains(&end) || OTHERS.contains(&end) {
        return true;
    }
    match end.split_once('.') {
        Some((variant, rest)) => {
            !BESIDE.contains(&variant)
                && !variant.ends_with("test")
                && !variant.ends_with("tests")
                && EXTENSIONS.contains(&rest)
        }
        None => false,
    }
}

/// The files that would serve an import of `path`.
fn candidates(path: &str) -> impl Iterator<Item = String> + use<> {
    let stem = ["js", "jsx", "mjs", "cjs"].iter().find_map(|end| path.strip_suffix(end)?.strip_suffix('.'));
    let with = |base: &str| EXTENSIONS.map(|extension| format!("{base}.{extension}"));
    let mut list = vec![path.to_owned()];
    list.extend(with(path));
    list.extend(stem.into_iter().flat_map(with));
    list.extend(with(&format!("{path}/index")));
    list.into_iter()
}
