//! Finding a repository and reading its index.

use super::GitError;
use super::objects::{Objects, blob_id};
use gix_index::entry::{Flags, Mode, Stage};
use gix_index::hash::{Kind as Hash, ObjectId};
use rustc_hash::FxHashSet;
use std::path::{Path, PathBuf};

/// The repository around a directory.
#[derive(Debug)]
pub(crate) struct Repository {
    /// The top of its work tree.
    pub top: PathBuf,
    /// Its git directory; a linked work tree has one of its own.
    pub directory: PathBuf,
    /// The git directory that all its work trees share.
    pub common: PathBuf,
    /// Where the directory asked for stands below the top: `""`, or a path that ends in `/`.
    pub prefix: String,
    /// Its index: what `GIT_INDEX_FILE` names where git said so.
    index: PathBuf,
}

/// What git holds at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// A file, a link or a submodule.
    pub what: What,
    /// Of a file its content, of a link where it points, of a submodule its commit.
    pub id: ObjectId,
}

/// What the next commit will hold below a directory.
#[derive(Debug, Default)]
pub(crate) struct Next {
    /// By path, relative to the directory; in the order of the paths.
    pub stored: Vec<(String, Stored)>,
    /// Paths that are not UTF-8.
    pub unnamed: Vec<String>,
}

/// What stands at a path, without the executable bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    File,
    Link,
    Submodule,
}

impl Repository {
    /// The repository around `root`, an absolute path without links.
    ///
    /// Git tells its hooks in the environment which repository and which index it is at work on: `git commit -a`
    /// prepares the next commit in an index of its own. What it says counts for that repository, and is nothing to
    /// another one that is checked from within a hook.
    pub fn around(root: &Path) -> Option<Self> {
        let told = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let told_directory = told("GIT_DIR").and_then(|path| path.canonicalize().ok());
        let (top, directory) = discover(root).or_else(|| {
            let top = match told("GIT_WORK_TREE") {
                Some(top) => top.canonicalize().ok()?,
                None => std::env::current_dir().ok()?.canonicalize().ok()?,
            };
            root.starts_with(&top).then_some((top, told_directory.clone()?))
        })?;
        let directory = directory.canonicalize().unwrap_or(directory);
        let is_told_of = match told_directory {
            Some(told) => told == directory,
            None => {
                let here = std::env::current_dir().ok().and_then(|here| here.canonicalize().ok());
                let ours = here.and_then(|here| discover(&here)).and_then(|(_, ours)| ours.canonicalize().ok());
                ours.as_ref() == Some(&directory)
            }
        };
        let index = told("GIT_INDEX_FILE").filter(|_| is_told_of);
        let common = match std::fs::read_to_string(directory.join("commondir")) {
            Ok(text) => directory.join(text.trim()),
            Err(_) => directory.clone(),
        };
        let inside = root.strip_prefix(&top).map(|inside| inside.to_string_lossy().replace('\\', "/"));
        let prefix = inside.ok().filter(|inside| !inside.is_empty()).map_or_else(String::new, |inside| inside + "/");
        Some(Self { index: index.unwrap_or_else(|| directory.join("index")), top, directory, common, prefix })
    }

    /// Its objects.
    ///
    /// # Errors
    /// When the repository is of a kind that is not read here.
    pub fn objects(&self) -> Result<Objects, GitError> {
        self.is_readable()?;
        let told = std::env::var_os("GIT_OBJECT_DIRECTORY").filter(|_| self.directory.join("index") != self.index);
        Objects::at(&told.map_or_else(|| self.common.join("objects"), PathBuf::from))
    }

    /// Formats that git can be told to use for a repository when it is made.
    fn is_readable(&self) -> Result<(), GitError> {
        if self.common.join("reftable").is_dir() {
            let what = "this repository keeps its references as reftable, which is not read here";
            return Err(GitError::Unsupported(what.into()));
        }
        let config = std::fs::read_to_string(self.common.join("config")).unwrap_or_default();
        let is_sha256 = config.lines().filter_map(|line| line.split_once('=')).any(|(key, value)| {
            key.trim().eq_ignore_ascii_case("objectformat") && value.trim().eq_ignore_ascii_case("sha256")
        });
        if is_sha256 {
            return Err(GitError::Unsupported("this repository uses SHA-256, which is not read here".into()));
        }
        Ok(())
    }

    /// Its index; an empty one where it has none yet.
    ///
    /// # Errors
    /// When it is damaged or of a kind that is not read here.
    pub fn index(&self) -> Result<Index, GitError> {
        if !self.index.exists() {
            return Ok(Index { file: None });
        }
        let damaged = |why: String| GitError::Damaged { path: "index".into(), why };
        // The index is untrusted input to a library: a panic there is a file we could not read, not our end.
        let read = || gix_index::File::at(&self.index, Hash::Sha1, true, gix_index::decode::Options::default());
        match std::panic::catch_unwind(read) {
            Ok(Ok(file)) => Ok(Index { file: Some(file) }),
            Ok(Err(error)) => {
                self.is_readable()?;
                Err(damaged(error.to_string()))
            }
            Err(_) => {
                self.is_readable()?;
                Err(damaged("it is damaged".into()))
            }
        }
    }
}

/// Git's index.
pub(crate) struct Index {
    file: Option<gix_index::File>,
}

impl Index {
    /// Every path below `prefix`, relative to it, with its mode. A path in conflict comes more than once.
    pub fn paths(&self, prefix: &str) -> impl Iterator<Item = (String, Mode)> {
        self.file.iter().flat_map(move |file| {
            file.entries().iter().filter_map(move |entry| {
                let path = String::from_utf8_lossy(entry.path(file));
                let path = path.strip_prefix(prefix).filter(|path| crate::scope::is_inside(path))?;
                Some((path.to_owned(), entry.mode))
            })
        })
    }

    /// What the next commit will hold below `prefix`.
    ///
    /// # Errors
    /// When the index holds conflicts, or a directory of a sparse index is not in the object database.
    pub fn next_commit(&self, objects: &Objects, prefix: &str) -> Result<Next, GitError> {
        let mut next = Next::default();
        let mut conflicts = FxHashSet::default();
        let Some(file) = &self.file else { return Ok(next) };
        for entry in file.entries() {
            let path = String::from_utf8_lossy(entry.path(file));
            if entry.stage() != Stage::Unconflicted {
                conflicts.insert(path.into_owned());
                continue;
            }
            // `git add -N` says that a file will be added later: a commit does not hold it yet.
            if entry.flags.contains(Flags::INTENT_TO_ADD) {
                continue;
            }
            if entry.mode == Mode::DIR {
                // A sparse index names a directory that is not checked out in place of its files.
                let mut list = super::difference::Listing::of(objects);
                list.read(path.trim_end_matches('/'), entry.id)?;
                let below = list.found.into_iter();
                next.stored.extend(below.filter_map(|(path, is)| Some((inside(&path, prefix)?.to_owned(), is))));
                continue;
            }
            let Some(relative) = inside(&path, prefix) else { continue };
            if std::str::from_utf8(entry.path(file)).is_err() {
                next.unnamed.push(relative.to_owned());
                continue;
            }
            let Some(what) = what(entry.mode) else { continue };
            next.stored.push((relative.to_owned(), Stored { what, id: entry.id }));
        }
        if conflicts.is_empty() {
            return Ok(next);
        }
        let mut conflicts: Vec<String> = conflicts.into_iter().collect();
        conflicts.sort();
        Err(GitError::Conflicts(conflicts))
    }

    /// Git's record of which directory is which tree, where nothing below it was staged since.
    pub fn cached_tree(&self) -> Option<&gix_index::extension::Tree> {
        self.file.as_ref()?.tree()
    }

    /// Whether the file at `path` below `top` is, as git would say without reading it, the blob `id`: the index holds
    /// that blob for it, and its size and times are those of the moment when git saw that.
    pub fn is_unchanged(&self, top: &Path, path: &str, id: ObjectId) -> bool {
        let look = || {
            let file = self.file.as_ref()?;
            let entry = file.entry_by_path_and_stage(path.into(), Stage::Unconflicted)?;
            let options = gix_index::entry::stat::Options { use_nsec: true, ..Default::default() };
            if entry.id != id || entry.stat.is_racy(file.timestamp(), options) {
                return None;
            }
            let meta = gix_index::fs::Metadata::from_path_no_follow(&top.join(path)).ok()?;
            let now = gix_index::entry::Stat::from_fs(&meta).ok()?;
            Some(now.matches(&entry.stat, options))
        };
        look().unwrap_or(false)
    }
}

/// Whether the file at `path` holds exactly the blob `id`.
pub(crate) fn is_blob(path: &Path, id: ObjectId) -> bool {
    std::fs::read(path).is_ok_and(|bytes| blob_id(&bytes) == Some(id))
}

/// `path` relative to `prefix`, if it stands below it and cannot lead out of it.
pub(crate) fn inside<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    path.strip_prefix(prefix).filter(|path| crate::scope::is_inside(path))
}

fn what(mode: Mode) -> Option<What> {
    match mode {
        Mode::FILE | Mode::FILE_EXECUTABLE => Some(What::File),
        Mode::SYMLINK => Some(What::Link),
        Mode::COMMIT => Some(What::Submodule),
        _ => None,
    }
}

/// The top of the work tree and the git directory; `.git` may be a file that names it (work trees, submodules).
fn discover(root: &Path) -> Option<(PathBuf, PathBuf)> {
    root.ancestors().find_map(|top| {
        let dot_git = top.join(".git");
        let kind = std::fs::metadata(&dot_git).ok()?;
        if kind.is_dir() {
            return Some((top.to_owned(), dot_git));
        }
        let text = std::fs::read_to_string(&dot_git).ok()?;
        let named = text.strip_prefix("gitdir:")?.trim();
        Some((top.to_owned(), top.join(named)))
    })
}
