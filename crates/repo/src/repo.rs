//! All documents of a tree, linked.

use crate::Project;
use crate::ahead::{self, Text};
use crate::application::Applications;
use crate::compose;
use crate::document::{Input, Kind, Kinds, lower};
use crate::documents::{Documents, Lowered, Shelf};
use rustc_hash::{FxHashMap, FxHashSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use twiceshy_source::{FileId, Flaw as TextFlaw, Skip, SkipReason, Source, Tree};

/// A repository: its files, what they mean alone, and the answers that need more than one of them.
///
/// The documents stand on its [`Shelf`]: `repo.compose`, `repo.scripts`, ….
#[derive(Debug)]
pub struct Repo {
    /// The files.
    pub tree: Tree,
    shelf: Shelf,
    /// What Compose makes of its files.
    pub projects: Documents<Project>,
    loaded: compose::Loaded,
    pub(crate) routes: OnceLock<Vec<crate::Route>>,
    pub(crate) deeds: crate::health::Deeds,
    pub(crate) answered: crate::answered::Answered,
    pub(crate) lasting: Arc<crate::answered::Lasting>,
    pub(crate) runs: crate::script::run::Runs,
    pub(crate) code: Arc<Code>,
    pub(crate) pods: Arc<crate::boot_path::Pods>,
    /// What the repository says to us.
    pub configuration: Arc<crate::Configuration>,
    pub(crate) applications: Applications,
    pub(crate) variables: Arc<crate::variables::Variables>,
    /// Who reads none of these kinds of files may ask for what was not looked for.
    about: Kinds,
    /// Files that were read because of what they are.
    read: FxHashSet<FileId>,
    /// Files that were read because another one names them.
    named: FxHashSet<FileId>,
    /// What was not understood in which file.
    troubles: FxHashMap<FileId, Vec<Skip>>,
}

/// What modules import of each other. It depends on their imports, the packages and the list of files alone: states in which
/// these are the same share it.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) python_index: OnceLock<Arc<crate::python::Index>>,
    pub(crate) importers: OnceLock<FxHashMap<FileId, Vec<FileId>>>,
    pub(crate) imports: OnceLock<Arc<crate::resolve::Index>>,
    pub(crate) failing_imports: OnceLock<Vec<crate::FailingImport>>,
    pub(crate) imported: OnceLock<crate::resolve::Imported>,
    /// Modules that were parsed because an import of theirs leads nowhere.
    pub(crate) suspects: OnceLock<Box<[FileId]>>,
    pub(crate) graph: crate::application::Followed,
    /// What a start of a module loads.
    pub(crate) loaded: crate::answered::Memo<FileId, Arc<[FileId]>>,
    /// Files by their names, which the list of files alone decides.
    pub(crate) boot_names: OnceLock<Arc<crate::boot::Files>>,
    /// By profile, a file that spoke of it in some state: where to look first, and nothing to rely on.
    pub(crate) spoken: crate::answered::Memo<String, FileId>,
}

impl Code {
    /// What holds on in a state in which these modules import something else, and all else is the same. What they import
    /// now is not in it, nor the index of what packages say.
    fn without(&self, others: &[FileId]) -> Self {
        let loads_none = |_: &FileId, loaded: &Arc<[FileId]>| others.iter().all(|file| !loaded.contains(file));
        Self {
            python_index: self.python_index.clone(),
            boot_names: self.boot_names.clone(),
            graph: self.graph.without(others),
            loaded: self.loaded.only(loads_none),
            spoken: self.spoken.only(|_, _| true),
            ..Self::default()
        }
    }
}

/// What one state of a repository hands on to the next.
#[derive(Default)]
pub(crate) struct Kept {
    /// Documents.
    pub(crate) shelf: Shelf,
    /// The files that they come from.
    pub(crate) read: FxHashSet<FileId>,
    /// What was not understood in which file.
    pub(crate) troubles: FxHashMap<FileId, Vec<Skip>>,
    pub(crate) pods: Arc<crate::boot_path::Pods>,
    pub(crate) loaded: compose::Loaded,
    pub(crate) lasting: Arc<crate::answered::Lasting>,
    /// What it is about.
    pub(crate) about: Kinds,
}

impl std::ops::Deref for Repo {
    type Target = Shelf;

    fn deref(&self) -> &Shelf {
        &self.shelf
    }
}

impl Repo {
    /// Reads, parses and lowers every file of ours, in parallel, and links them.
    ///
    /// Runs on the current rayon pool; its threads want a stack of [`STACK`] bytes.
    pub fn of(tree: Tree) -> Self {
        Self::about(tree, Kinds::ALL)
    }

    /// The same, but for those who read one of these kinds of files: what concerns others alone is not looked for.
    pub fn about(tree: Tree, kinds: Kinds) -> Self {
        let configuration = Arc::new(crate::Configuration::of(&tree));
        let all = tree.files().collect();
        Self::read(tree, configuration, all, kinds)
    }

    /// Whether everything is known that concerns who reads `kinds` of files.
    pub fn is_for(&self, kinds: Kinds) -> bool {
        self.about.meets(kinds)
    }

    /// The same repository in another state: of its files only the `changed` ones are read, and everything is linked
    /// anew. What is known about a document alone is shared between the states.
    ///
    /// `tree` lists the same files as this repository's; otherwise everything is read.
    #[must_use]
    pub fn again(&self, tree: Tree, changed: &[FileId]) -> Self {
        let configuration = Arc::new(crate::Configuration::of(&tree));
        self.again_by(configuration, tree, changed)
    }

    /// The same, but judged by this state's configuration: what a change to the configuration turns on or off, it does
    /// not cause.
    #[must_use]
    pub fn again_by_the_same_rules(&self, tree: Tree, changed: &[FileId]) -> Self {
        self.again_by(self.configuration.clone(), tree, changed)
    }

    fn again_by(&self, configuration: Arc<crate::Configuration>, tree: Tree, changed: &[FileId]) -> Self {
        if !self.tree.lists_the_same_as(&tree) || !self.configuration.excludes_the_same_as(&configuration) {
            let all = tree.files().collect();
            return Self::read(tree, configuration, all, self.about);
        }
        // A named file is read anew: the one that named it may have changed.
        let mut stale: FxHashSet<FileId> = changed.iter().chain(&self.named).copied().collect();
        // So is a module that was parsed because an import of it led nowhere: now it may lead somewhere.
        let mut suspects: &[FileId] = &[];
        if changed.iter().any(|file| says_where_imports_lead(tree.path(*file))) {
            suspects = self.code.suspects.get().map(|suspects| &**suspects).unwrap_or_default();
            stale.extend(suspects);
        }
        let read = self.read.difference(&stale).copied().collect();
        let troubles = self.troubles.iter().filter(|(file, _)| !stale.contains(file));
        let troubles = troubles.map(|(file, skips)| (*file, skips.clone())).collect();
        let mut files: Vec<_> = stale.iter().copied().filter(|file| tree.is_present(*file)).collect();
        files.sort_unstable();
        let knows_the_same = self.tree.knows_the_same_as(&tree);
        let same_pods = knows_the_same && self.pods.stay(&tree, changed);
        let pods = if same_pods { self.pods.clone() } else { Arc::default() };
        let is_env =
            |file: &FileId| self.env.of(*file).is_some() || Kind::of(tree.path(*file), || None) == Some(Kind::Env);
        let same_variables = knows_the_same && !changed.iter().any(is_env);
        let loaded = if same_variables { self.loaded.without(changed) } else { compose::Loaded::default() };
        let shelf = self.shelf.without(&stale);
        let mut repo = Self::gathered(
            tree,
            configuration,
            files,
            Kept { shelf, read, troubles, pods, loaded, lasting: self.lasting.clone(), about: self.about },
        );
        let is_alike = |file: &FileId| crate::resolve::are_alike(&self.shelf, &repo.shelf, *file);
        if knows_the_same && changed.iter().all(is_alike) {
            let others = repo.follow_after(self, changed, suspects);
            repo.answered = crate::answered::Answered::after(self, &repo, changed);
            let applications = self.applications.after(&repo.tree, changed, &others);
            let others: Vec<FileId> = others.into_iter().chain(changed.iter().copied()).collect();
            repo.link(applications, Some(&self.variables), &others);
        } else {
            repo.link(Applications::default(), None, &[]);
        }
        repo
    }

    /// Finds out what modules import where it may be something else than in the state `before`: of `changed` files, of those
    /// that were read again since they are `suspects`, and of all if something is said otherwise of where imports lead.
    /// Gives back which modules those are.
    fn follow_after(&mut self, before: &Self, changed: &[FileId], suspects: &[FileId]) -> Vec<FileId> {
        let others = changed.iter().copied().filter(|file| !before.imports_the_same(self, *file));
        let mut others: Vec<FileId> = others.chain(suspects.iter().copied()).collect();
        let lead_the_same_way = |file| crate::resolve::lead_the_same_way(&before.shelf, &self.shelf, file);
        let mut imports = before.code.imports.clone();
        let is_said_otherwise = !changed.iter().all(|file| lead_the_same_way(*file));
        if is_said_otherwise {
            others.extend(self.modules_led_elsewhere(before));
            // Made anew by who asked first.
            imports = self.code.imports.clone();
        }
        others.sort_unstable();
        others.dedup();
        if others.is_empty() && !is_said_otherwise {
            self.code = before.code.clone();
        } else {
            self.code = Arc::new(Code { imports, ..before.code.without(&others) });
            self.find_failing_imports_after(before, &others);
        }
        others
    }

    /// Whether `file` means the same in both states as far as imports are concerned.
    fn imports_the_same(&self, other: &Self, file: FileId) -> bool {
        // What fails is known by its place.
        self.failing_imports().iter().all(|import| import.place.file != file)
            && crate::resolve::import_the_same(&self.shelf, &other.shelf, file)
    }

    /// Reads and lowers `files`, and links them.
    fn read(tree: Tree, configuration: Arc<crate::Configuration>, files: Vec<FileId>, about: Kinds) -> Self {
        let mut repo = Self::gathered(tree, configuration, files, Kept { about, ..Kept::default() });
        repo.link(Applications::default(), None, &[]);
        repo
    }

    /// Reads and lowers `files`, beside what is known already. Of code nothing is linked yet: who does not ask about any
    /// may leave it at that.
    pub(crate) fn gathered(
        tree: Tree,
        configuration: Arc<crate::Configuration>,
        files: Vec<FileId>,
        kept: Kept,
    ) -> Self {
        let Kept { shelf, read, troubles, pods, loaded, lasting, about } = kept;
        let files: Vec<FileId> = files.into_iter().filter(|file| !configuration.excludes(tree.path(*file))).collect();
        let gathered = ahead::fold(&tree, &files, |gathered: Gathered, text| {
            let file = text.file;
            gathered.with((file, Read::of(&tree, text, about)))
        });
        let gathered = gathered.into_iter().reduce(Gathered::and).unwrap_or_default();
        let mut repo = Self {
            configuration,
            tree,
            shelf,
            projects: Documents::default(),
            loaded,
            routes: OnceLock::new(),
            deeds: crate::health::Deeds::default(),
            answered: crate::answered::Answered::default(),
            lasting,
            runs: crate::script::run::Runs::default(),
            code: Arc::default(),
            pods,
            applications: Applications::default(),
            variables: Arc::default(),
            about,
            read,
            named: FxHashSet::default(),
            troubles,
        };
        repo.read.extend(gathered.read);
        repo.troubles.extend(gathered.troubles);
        repo.shelf.add(gathered.lowered);
        repo.read_named();
        repo.projects = compose::projects(&repo.tree, &repo.shelf.compose, &repo.shelf.env, &repo.loaded);
        repo
    }

    /// Finds out what modules import, and what the code of services is and reads.
    fn link(&mut self, known: Applications, variables: Option<&Arc<crate::variables::Variables>>, changed: &[FileId]) {
        self.find_failing_imports();
        self.applications = Applications::of(self, known, changed);
        self.variables = crate::variables::Variables::of(self, variables, changed);
    }

    /// Reads the files that others name.
    fn read_named(&mut self) {
        let mut named = compose::NamedFiles::default();
        while let Some((file, kind)) = named.next(&self.tree, &self.shelf) {
            self.read_as(file, kind);
        }
        for (file, kind) in crate::route::named_files(&self.tree, &self.shelf) {
            self.read_as(file, kind);
        }
    }

    fn read_as(&mut self, file: FileId, kind: Kind) {
        self.named.insert(file);
        let read = Read::as_kind(&self.tree, file, kind, self.about);
        self.note(file, read.skips);
        if let Some(lowered) = read.lowered {
            self.shelf.add(lowered);
            self.read.insert(file);
        }
    }

    /// Whether the documents in `file` are known.
    pub fn was_read(&self, file: FileId) -> bool {
        self.read.contains(&file)
    }

    /// The documents, to be replaced by ones that say more.
    pub(crate) fn shelf_mut(&mut self) -> &mut Shelf {
        &mut self.shelf
    }

    /// Notes what was not understood in a file.
    pub(crate) fn note(&mut self, file: FileId, skips: Vec<Skip>) {
        if !skips.is_empty() {
            self.troubles.entry(file).or_default().extend(skips);
        }
    }

    /// Parses also the modules of which nothing but their imports matters, so that every mistake in them is listed.
    #[must_use]
    pub fn thorough(mut self) -> Self {
        crate::python::parse_all(&mut self);
        crate::node::parse_all(&mut self);
        self
    }

    /// What was not looked at, or not understood, sorted by path.
    pub fn skipped(&self) -> Vec<Skip> {
        let mut skipped = self.tree.skipped().to_vec();
        skipped.extend(self.troubles.values().flatten().cloned());
        skipped.sort();
        skipped.dedup();
        skipped
    }

    /// How many files were read.
    pub fn checked(&self) -> usize {
        self.read.len()
    }
}

/// Whether what stands in the file at `path` decides what imports of modules lead to.
fn says_where_imports_lead(path: &str) -> bool {
    matches!(Kind::of(path, || None), Some(Kind::NodePackage | Kind::TsConfig))
}

/// The stack that a thread wants which lowers files, in bytes: visitors recurse over at most
/// [`MAX_DEPTH`](twiceshy_syntax::code::MAX_DEPTH) levels, in unoptimised builds too.
pub const STACK: usize = 16 << 20;

/// What reading one file gave.
pub(crate) struct Read {
    pub(crate) skips: Vec<Skip>,
    pub(crate) lowered: Option<Lowered>,
}

impl Read {
    fn of(tree: &Tree, text: Text, about: Kinds) -> Self {
        Self::lowered(tree, (text.file, text.source), about, |input, out| *out = lower(text.kind, input))
    }

    fn as_kind(tree: &Tree, file: FileId, kind: Kind, about: Kinds) -> Self {
        Self::lowered(tree, (file, tree.source(file)), about, |input, out| *out = lower(kind, input))
    }

    /// Reads one file and lowers it with `lower`.
    pub(crate) fn with(tree: &Tree, file: FileId, lower: impl FnOnce(Input<'_>, &mut Lowered)) -> Self {
        Self::lowered(tree, (file, tree.source(file)), Kinds::ALL, lower)
    }

    fn lowered(
        tree: &Tree,
        (file, source): (FileId, Result<Arc<Source>, SkipReason>),
        about: Kinds,
        lower: impl FnOnce(Input<'_>, &mut Lowered),
    ) -> Self {
        let skip = |reason| Skip { path: tree.path(file).to_owned(), reason };
        let source = match source {
            Ok(source) => source,
            Err(reason) => return Self { skips: vec![skip(reason)], lowered: None },
        };
        let mut skips = Vec::new();
        if let Some(TextFlaw::NotUtf8(at)) = source.flaw() {
            skips.push(skip(SkipReason::NotUtf8 { line: source.line_of(at as u32) + 1 }));
        }
        // A parser's panic is a file that we did not understand, not the end of the run.
        let lowered = std::panic::catch_unwind(AssertUnwindSafe(|| {
            let mut lowered = Lowered::default();
            lower(Input { tree, file, source: &source, about }, &mut lowered);
            lowered
        }));
        let Ok(lowered) = lowered else {
            skips.push(skip(SkipReason::Internal));
            return Self { skips, lowered: None };
        };
        // One broken line makes a parser stumble many times: the first place says it all.
        if let Some(first) = lowered.flaws.iter().min_by_key(|flaw| flaw.span.start) {
            let line = source.line_of(first.span.start) + 1;
            skips.push(skip(SkipReason::NotUnderstood { what: first.what.clone(), line }));
        }
        Self { skips, lowered: Some(lowered) }
    }
}

/// What reading files one after the other gave.
#[derive(Default)]
struct Gathered {
    read: Vec<FileId>,
    troubles: Vec<(FileId, Vec<Skip>)>,
    lowered: Lowered,
}

impl Gathered {
    fn with(mut self, (file, read): (FileId, Read)) -> Self {
        if !read.skips.is_empty() {
            self.troubles.push((file, read.skips));
        }
        if let Some(lowered) = read.lowered {
            self.read.push(file);
            self.lowered.absorb(lowered);
        }
        self
    }

    fn and(mut self, next: Self) -> Self {
        self.read.extend(next.read);
        self.troubles.extend(next.troubles);
        self.lowered.absorb(next.lowered);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_modules_import_is_found_out_anew_only_where_that_may_have_changed() {
        let tree = Tree::memory([
            ("a.py", "import os\nfrom b import c\nprint(c)\n"),
            ("b.py", "c = 1\n"),
            ("gone.py", "from .nowhere import x\n"),
            ("web/a.ts", "import { b } from './b'\n"),
            ("web/b.ts", "export const b = 1\n"),
            ("web/package.json", "{\"name\": \"web\"}\n"),
            ("page.md", "text\n"),
        ]);
        let first = Repo::of(tree.clone());
        assert_eq!(first.failing_imports().len(), 1);
        let shares = |path: &str, text: &str| {
            let file = tree.file(path).unwrap();
            let next = first.again(tree.clone().with(file, text), &[file]);
            Arc::ptr_eq(&first.code, &next.code)
        };
        assert!(shares("page.md", "other text\n"));
        assert!(shares("a.py", "# above\nimport os\nfrom b import c\nprint(c + 1)\n"));
        assert!(!shares("a.py", "import os\nfrom b import d\nprint(d)\n"));
        assert!(!shares("a.py", "import os\n"));
        assert!(shares("web/a.ts", "\n\nimport { b } from './b'\nb()\n"));
        assert!(!shares("web/a.ts", "import type { b } from './b'\n"));
        assert!(!shares("web/package.json", "{\"name\": \"site\"}\n"));
        // Where it fails is known by its place.
        assert!(!shares("gone.py", "# above\nfrom .nowhere import x\n"));
        // Of a module that imports something else, the imports are looked up, and no others'.
        let file = tree.file("a.py").unwrap();
        let next = first.again(tree.clone().with(file, "from b import d\nfrom .c import x\n"), &[file]);
        let index = |repo: &Repo| repo.code.python_index.get().cloned().unwrap();
        assert!(Arc::ptr_eq(&index(&first), &index(&next)));
        let failing: Vec<&str> =
            next.failing_imports().iter().map(|import| next.tree.path(import.place.file)).collect();
        assert_eq!(failing, ["a.py", "gone.py"]);
        assert_eq!((next.imported(file, 0), next.imported(file, 1)), (tree.file("b.py"), None));
    }
}
