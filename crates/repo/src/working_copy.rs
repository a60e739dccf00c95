//! What lies in a working copy and not in git: installed packages, build caches, databases. Told from manifests and
//! from git's ignore rules, never from what happens to lie on this disk: a report must be the same everywhere.

use crate::compose::MountKind;
use crate::{GitIgnored, Repo};
use twiceshy_source::{FileId, Place, Tree};

/// A path that working copies have and clones do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath {
    /// The path from the root of the tree; of a file pattern (`*.db`) one that it matches.
    pub path: String,
    /// What lies there.
    pub kind: LocalKind,
    /// The line by which git ignores it; git's own directory needs none.
    pub ignored: Option<GitIgnored>,
    /// The manifest because of which it comes about.
    pub manifest: Option<FileId>,
    /// Where a service mounts it: its data is there.
    pub mounted: Option<Place>,
}

/// What lies at a local path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LocalKind {
    /// `node_modules`
    NodeModules,
    /// A Python virtual environment.
    VirtualEnv,
    /// Cargo's `target`.
    CargoTarget,
    /// Next.js's `.next`.
    NextCache,
    /// A directory of data: `data/`, `backups/`.
    Data,
    /// Databases and dumps by their extension: `*.db`.
    Database,
    /// `.git`
    History,
}

impl Repo {
    /// The local paths below the directory `below`, sorted; only those that git ignores and of which nothing is tracked.
    pub fn local_paths(&self, below: &str) -> Vec<LocalPath> {
        let mut found = Vec::new();
        for file in self.tree.below(below) {
            let path = self.tree.path(file);
            let (dir, name) = (Tree::parent(path), Tree::name(path));
            match name {
                "package.json" => self.add(&mut found, dir, &["node_modules"], LocalKind::NodeModules, file),
                "pyproject.toml" | "requirements.txt" | "Pipfile" => {
                    self.add(&mut found, dir, &[".venv", "venv"], LocalKind::VirtualEnv, file);
                }
                "Cargo.toml" if !self.has_cargo_above(dir) => {
                    self.add(&mut found, dir, &["target"], LocalKind::CargoTarget, file);
                }
                "next.config.js" | "next.config.mjs" | "next.config.ts" => {
                    self.add(&mut found, dir, &[".next"], LocalKind::NextCache, file);
                }
                ".gitignore" => self.add_data(&mut found, file, below),
                _ => {}
            }
        }
        let mut dir = below;
        while !dir.is_empty() {
            dir = Tree::parent(dir);
            if let Some(file) = Tree::join(dir, ".gitignore").and_then(|path| self.tree.file(&path)) {
                self.add_data(&mut found, file, below);
            }
        }
        if below.is_empty() && self.is_repository() {
            found.push(LocalPath {
                path: ".git".into(),
                kind: LocalKind::History,
                ignored: None,
                manifest: None,
                mounted: None,
            });
        }
        self.add_mounts(&mut found, below);
        found.sort_by(|a, b| (&a.path, a.kind, a.mounted.is_none()).cmp(&(&b.path, b.kind, b.mounted.is_none())));
        found.dedup_by(|a, b| a.path == b.path);
        found
    }

    /// Of several names for one thing the first that git ignores: ignore files are copied with more names than are used.
    fn add(&self, found: &mut Vec<LocalPath>, dir: &str, names: &[&str], kind: LocalKind, manifest: FileId) {
        for name in names {
            let Some(path) = Tree::join(dir, name) else { continue };
            if self.tree.has_dir(&path) {
                continue; // tracked: part of the repository on purpose
            }
            if let Some(ignored) = self.git_ignores(&path, true) {
                found.push(LocalPath { path, kind, ignored: Some(ignored), manifest: Some(manifest), mounted: None });
                return;
            }
        }
    }

    fn has_cargo_above(&self, dir: &str) -> bool {
        std::iter::successors((!dir.is_empty()).then(|| Tree::parent(dir)), |dir| {
            (!dir.is_empty()).then(|| Tree::parent(dir))
        })
        .any(|dir| Tree::join(dir, "Cargo.toml").is_some_and(|path| self.tree.file(&path).is_some()))
    }

    /// Data that lines of a `.gitignore` name.
    fn add_data(&self, found: &mut Vec<LocalPath>, file: FileId, below: &str) {
        let Ok(source) = self.tree.source(file) else { return };
        let dir = Tree::parent(self.tree.path(file));
        for line in 0..source.line_count() {
            let written = source.line(line).trim_end();
            let Some((path, kind)) = data_path(written) else { continue };
            let Some(path) = Tree::join(dir, &path) else { continue };
            let is_below = below.is_empty() || path.strip_prefix(below).is_some_and(|rest| rest.starts_with('/'));
            if !is_below || self.tree.has_dir(&path) || self.git_ignores(&path, kind == LocalKind::Data).is_none() {
                continue;
            }
            let ignored = GitIgnored { place: Place::new(file, source.line_span(line)), pattern: written.to_owned() };
            found.push(LocalPath { path, kind, ignored: Some(ignored), manifest: None, mounted: None });
        }
    }

    /// Directories that services mount and that git ignores, or that hold a database.
    fn add_mounts(&self, found: &mut Vec<LocalPath>, below: &str) {
        let services = self.projects.iter().flat_map(|project| &project.services);
        for mount in services.flat_map(|service| &service.mounts).filter(|mount| mount.kind == MountKind::Bind) {
            let (Some(path), Some(target)) = (&mount.path, &mount.target) else { continue };
            let is_below = !path.is_empty()
                && (below.is_empty() || path.strip_prefix(below).is_some_and(|rest| rest.starts_with('/')));
            let is_here = self.tree.file(path).is_some() || self.tree.has_dir(path);
            if !is_below || is_here {
                continue;
            }
            let ignored = self.git_ignores(path, true);
            let holds_database = ["/var/lib/postgresql", "/var/lib/mysql", "/data/db", "/var/lib/clickhouse"];
            if ignored.is_some() || holds_database.iter().any(|dir| target.starts_with(dir)) {
                let mounted = Some(mount.place);
                found.push(LocalPath { path: path.clone(), kind: LocalKind::Data, ignored, manifest: None, mounted });
            }
        }
    }

    fn is_repository(&self) -> bool {
        match self.tree.root() {
            Some(_) => self.tree.on_disk(".git"),
            None => self.tree.file(".gitignore").is_some(),
        }
    }
}

/// The path that a line of `.gitignore` names when it is about data, from that file's directory.
fn data_path(line: &str) -> Option<(String, LocalKind)> {
    if line.starts_with(['#', '!']) {
        return None;
    }
    let path =
        line.trim_start_matches("**/").trim_start_matches("./").trim_start_matches('/').trim_end_matches(['*', '/']);
    let name = Tree::name(path);
    if let Some(extension) = name.strip_prefix("*.") {
        let is_database =
            matches!(extension, "db" | "sqlite" | "sqlite3" | "duckdb" | "dump" | "sql.gz" | "dump.gz" | "rdb");
        return is_database.then(|| (path.replace('*', "any"), LocalKind::Database));
    }
    if path.contains(['*', '?', '[', '\\']) {
        return None;
    }
    let plain = name.trim_start_matches('.');
    let is_data = matches!(plain, "data" | "pgdata" | "backups" | "dumps" | "volumes" | "uploads")
        || ["-data", "_data", "-backups", "_backups"].iter().any(|end| plain.ends_with(end));
    // `*_data` in lists of test fixtures and of caches is not what fills disks.
    let is_test = path.split('/').any(|part| part.contains("test") || part == "fixtures");
    (is_data && !is_test).then(|| (path.to_owned(), LocalKind::Data))
}
