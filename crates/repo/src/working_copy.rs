//! What lies in a working copy and not in git: installed packages, build caches, databases. Told from manifests and
//! from git's ignore rules, never from what happens to lie on this disk: a report must be the same everywhere.

use crate::compose::MountKind;
use crate::{GitIgnored, Repo};
use std::sync::Arc;
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
    /// Where a service mounts it: its data is there; or reads it: its secrets are there.
    pub mounted: Option<Place>,
    /// Whether something says that it comes about at this very place, and not only that it may.
    pub is_certain: bool,
}

/// What lies at a local path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LocalKind {
    /// `node_modules`
    NodeModules,
    /// Settings with secrets: `.env`.
    Secrets,
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
        let paths: Arc<[LocalPath]> =
            self.answered.local_paths.get(below.to_owned(), || self.find_local_paths(below).into());
        paths.to_vec()
    }

    fn find_local_paths(&self, below: &str) -> Vec<LocalPath> {
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
                is_certain: true,
            });
        }
        self.add_mounts(&mut found, below);
        self.add_secrets(&mut found, below);
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
                let is_certain = kind != LocalKind::VirtualEnv || self.makes_environment(dir, name, &ignored);
                let (ignored, manifest) = (Some(ignored), Some(manifest));
                found.push(LocalPath { path, kind, ignored, manifest, mounted: None, is_certain });
                return;
            }
        }
    }

    /// Whether a virtual environment is made in `dir` itself, rather than once for the whole repository: git is told
    /// so there, uv or Poetry lock there, or what stands there names it.
    fn makes_environment(&self, dir: &str, name: &str, ignored: &GitIgnored) -> bool {
        let here = |name: &str| Tree::join(dir, name).and_then(|path| self.tree.file(&path));
        Tree::parent(self.tree.path(ignored.place.file)) == dir
            || ["uv.lock", "poetry.lock"].iter().any(|name| here(name).is_some())
            || self.tree.below(dir).filter(|file| Tree::parent(self.tree.path(*file)) == dir).any(|file| {
                let own = Tree::name(self.tree.path(file));
                let tells = own == "Makefile" || own == "justfile" || own.starts_with("README") || own.ends_with(".sh");
                tells && self.tree.source(file).is_ok_and(|source| source.text().contains(name))
            })
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
            // A list of ignored files for another layout names files in directories that are not here.
            let is_elsewhere = !Tree::parent(&path).is_empty() && !self.tree.has_dir(Tree::parent(&path));
            if kind == LocalKind::Database && is_elsewhere && !path.contains("any.") {
                continue;
            }
            // Lists of all that Python projects may have name Django's database with its journal; few of them use Django.
            if path.ends_with("db.sqlite3")
                && source.text().contains("db.sqlite3-journal")
                && !self.tree.below(below).any(|file| Tree::name(self.tree.path(file)) == "manage.py")
            {
                continue;
            }
            let ignored = GitIgnored { place: Place::new(file, source.line_span(line)), pattern: written.to_owned() };
            // Redis writes its dump wherever it was started, and that is in a container for most.
            let is_certain = Tree::name(&path) != "dump.rdb";
            found.push(LocalPath { path, kind, ignored: Some(ignored), manifest: None, mounted: None, is_certain });
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
                let (path, kind) = (path.clone(), LocalKind::Data);
                found.push(LocalPath { path, kind, ignored, manifest: None, mounted, is_certain: true });
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
    let is_database =
        |extension| matches!(extension, "db" | "sqlite" | "sqlite3" | "duckdb" | "dump" | "sql.gz" | "dump.gz" | "rdb");
    if let Some(extension) = name.strip_prefix("*.") {
        return is_database(extension).then(|| (path.replace('*', "any"), LocalKind::Database));
    }
    if path.contains(['*', '?', '[', '\\']) {
        return None;
    }
    // A file with a name of its own: `db.sqlite3`, `dump.rdb`. Windows keeps thumbnails in `Thumbs.db`.
    if name.split_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty()
            && !stem.eq_ignore_ascii_case("thumbs")
            && !stem.starts_with("ehthumbs")
            && is_database(extension)
    }) {
        let is_test = path.split('/').any(|part| part.contains("test") || part == "fixtures");
        return (!is_test).then(|| (path.to_owned(), LocalKind::Database));
    }
    let plain = name.trim_start_matches('.');
    let is_data = matches!(plain, "data" | "pgdata" | "backups" | "dumps" | "volumes" | "uploads")
        || ["-data", "_data", "-backups", "_backups"].iter().any(|end| plain.ends_with(end));
    // `*_data` in lists of test fixtures and of caches is not what fills disks.
    let is_test = path.split('/').any(|part| part.contains("test") || part == "fixtures");
    (is_data && !is_test).then(|| (path.to_owned(), LocalKind::Data))
}
