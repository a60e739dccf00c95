//! All documents of a tree, linked.

use crate::compose;
use crate::document::{Input, Kind, Lowered, lower};
use crate::{
    Action, Compose, DockerIgnore, Dockerfile, Env, Migration, Node, NodePackage, Project, Python, Requirements,
    Script, Sql, TsConfig, Workflow,
};
use rayon::prelude::*;
use std::panic::AssertUnwindSafe;
use twiceshy_source::{FileId, Flaw as TextFlaw, Skip, SkipReason, Tree};

/// A repository: its files, what they mean alone, and the answers that need more than one of them.
#[derive(Debug)]
pub struct Repo {
    /// The files.
    pub tree: Tree,
    /// Every Compose file, by path.
    pub compose: Vec<Compose>,
    /// What Compose makes of them.
    pub projects: Vec<Project>,
    /// Every Dockerfile.
    pub dockerfiles: Vec<Dockerfile>,
    /// Every ignore file of Docker.
    pub dockerignores: Vec<DockerIgnore>,
    /// Every script: files and embedded ones.
    pub scripts: Vec<Script>,
    /// Every workflow.
    pub workflows: Vec<Workflow>,
    /// Every action of GitHub's.
    pub actions: Vec<Action>,
    /// Every SQL file.
    pub sql: Vec<Sql>,
    pub(crate) rosters: Vec<crate::boot::Roster>,
    /// Every Python module.
    pub python: Vec<Python>,
    /// Every Alembic revision.
    pub migrations: Vec<Migration>,
    /// Every JavaScript and TypeScript module.
    pub node: Vec<Node>,
    /// Every file that a module appends to and never shortens.
    pub log_files: Vec<crate::LogFile>,
    /// Every `package.json`.
    pub node_packages: Vec<NodePackage>,
    /// Every `tsconfig.json`.
    pub tsconfigs: Vec<TsConfig>,
    /// Every env file.
    pub env: Vec<Env>,
    /// Every list of Python requirements.
    pub requirements: Vec<Requirements>,
    /// Every file that says what leads where, by path.
    pub routings: Vec<crate::Routing>,
    pub(crate) routes: std::sync::OnceLock<Vec<crate::Route>>,
    pub(crate) deeds: crate::health::Deeds,
    pub(crate) runs: crate::script::run::Runs,
    pub(crate) python_index: std::sync::OnceLock<crate::python::Index>,
    pub(crate) importers: std::sync::OnceLock<rustc_hash::FxHashMap<FileId, Vec<FileId>>>,
    pub(crate) imports: std::sync::OnceLock<crate::resolve::Index>,
    pub(crate) configuration: crate::configuration::Configuration,
    pub(crate) applications: crate::application::Applications,
    pub(crate) failing_imports: Vec<crate::FailingImport>,
    pub(crate) variables: crate::variables::Variables,
    skipped: Vec<Skip>,
    checked: usize,
}

impl Repo {
    /// Reads, parses and lowers every file of ours, in parallel, and links them.
    ///
    /// Runs on the current rayon pool; its threads want a stack of [`STACK`] bytes.
    pub fn of(tree: Tree) -> Self {
        let files: Vec<_> = tree.files().collect();
        let reads = files.into_par_iter().filter_map(|file| Read::of(&tree, file));
        // Neighbours are put together where they were read; their order stays that of the files.
        let Gathered { mut skipped, mut checked, lowered: mut all } =
            reads.fold(Gathered::default, Gathered::with).reduce(Gathered::default, Gathered::and);
        skipped.extend_from_slice(tree.skipped());
        let mut named = compose::NamedFiles::default();
        while let Some((file, kind)) = named.next(&tree, &all) {
            let result = Read::as_kind(&tree, file, kind);
            skipped.extend(result.skips);
            if let Some(lowered) = result.lowered {
                checked += usize::from(Kind::of(tree.path(file), || None).is_none());
                all.absorb(lowered);
            }
        }
        for (file, kind) in crate::route::named_files(&tree, &all) {
            let result = Read::as_kind(&tree, file, kind);
            skipped.extend(result.skips);
            if let Some(lowered) = result.lowered {
                checked += 1;
                all.absorb(lowered);
            }
        }
        all.routings.sort_by_key(|routing| routing.file);
        all.compose.sort_by_key(|compose| compose.file);
        all.env.sort_by_key(|env| env.file);
        skipped.sort();
        let mut repo = Self {
            projects: compose::projects(&tree, &all.compose, &all.env),
            configuration: crate::configuration::Configuration::of(&tree),
            tree,
            compose: all.compose,
            dockerfiles: all.dockerfiles,
            dockerignores: all.dockerignores,
            scripts: all.scripts,
            workflows: all.workflows,
            actions: all.actions,
            sql: all.sql,
            rosters: all.rosters,
            python: all.python,
            migrations: all.migrations,
            node: all.node,
            log_files: all.log_files,
            node_packages: all.node_packages,
            tsconfigs: all.tsconfigs,
            env: all.env,
            requirements: all.requirements,
            routings: all.routings,
            routes: std::sync::OnceLock::new(),
            deeds: crate::health::Deeds::default(),
            runs: crate::script::run::Runs::default(),
            python_index: std::sync::OnceLock::new(),
            importers: std::sync::OnceLock::new(),
            imports: std::sync::OnceLock::new(),
            applications: crate::application::Applications::default(),
            variables: crate::variables::Variables::default(),
            failing_imports: Vec::new(),
            skipped,
            checked,
        };
        repo.find_failing_imports();
        repo.applications = crate::application::Applications::of(&repo);
        repo.variables = crate::variables::Variables::of(&repo);
        repo
    }

    /// Parses also the modules of which nothing but their imports matters, so that every mistake in them is listed.
    #[must_use]
    pub fn thorough(mut self) -> Self {
        crate::python::parse_all(&mut self);
        crate::node::parse_all(&mut self);
        self
    }

    /// What was not looked at, or not understood, sorted by path.
    pub fn skipped(&self) -> &[Skip] {
        &self.skipped
    }

    pub(crate) fn skip(&mut self, skips: Vec<Skip>) {
        self.skipped.extend(skips);
        self.skipped.sort();
        self.skipped.dedup();
    }

    /// How many files were read.
    pub fn checked(&self) -> usize {
        self.checked
    }
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
    fn of(tree: &Tree, file: FileId) -> Option<Self> {
        let first_line = || tree.source(file).ok().map(|source| source.line(0).to_owned());
        let kind = Kind::of(tree.path(file), first_line)?;
        if matches!(tree.kind(file), twiceshy_source::Kind::Link(_)) {
            // What it points to is read where it stands, if it stands in the tree.
            return None;
        }
        Some(Self::as_kind(tree, file, kind))
    }

    fn as_kind(tree: &Tree, file: FileId, kind: Kind) -> Self {
        Self::with(tree, file, |input, out| *out = lower(kind, input))
    }

    /// Reads one file and lowers it with `lower`.
    pub(crate) fn with(tree: &Tree, file: FileId, lower: impl FnOnce(Input<'_>, &mut Lowered)) -> Self {
        let skip = |reason| Skip { path: tree.path(file).to_owned(), reason };
        let source = match tree.source(file) {
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
            lower(Input { tree, file, source: &source }, &mut lowered);
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
    skipped: Vec<Skip>,
    checked: usize,
    lowered: Lowered,
}

impl Gathered {
    fn with(mut self, read: Read) -> Self {
        self.skipped.extend(read.skips);
        if let Some(lowered) = read.lowered {
            self.checked += 1;
            self.lowered.absorb(lowered);
        }
        self
    }

    fn and(mut self, next: Self) -> Self {
        self.skipped.extend(next.skipped);
        self.checked += next.checked;
        self.lowered.absorb(next.lowered);
        self
    }
}

impl Lowered {
    fn absorb(&mut self, other: Self) {
        self.compose.extend(other.compose);
        self.dockerfiles.extend(other.dockerfiles);
        self.dockerignores.extend(other.dockerignores);
        self.scripts.extend(other.scripts);
        self.workflows.extend(other.workflows);
        self.actions.extend(other.actions);
        self.sql.extend(other.sql);
        self.rosters.extend(other.rosters);
        self.python.extend(other.python);
        self.migrations.extend(other.migrations);
        self.node.extend(other.node);
        self.log_files.extend(other.log_files);
        self.node_packages.extend(other.node_packages);
        self.tsconfigs.extend(other.tsconfigs);
        self.env.extend(other.env);
        self.requirements.extend(other.requirements);
        self.routings.extend(other.routings);
    }
}
