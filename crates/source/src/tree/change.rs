//! Two states of one repository: before a change and after it.

use super::{Entry, Kind, Skip, SkipReason, Tree};
use crate::git::{self, Difference, GitError, Next, Objects, Repository, Stored, What};
use crate::{FileId, Limits, OpenError};
use rustc_hash::FxHashMap;
use std::path::Path;
use std::sync::Arc;

/// What a change made of a repository.
///
/// All its trees have one list of files, so that a [`FileId`] means the same path in each; a file that a state does not
/// have is absent from it.
#[derive(Debug)]
pub struct Change {
    /// The repository with the change.
    pub after: Tree,
    /// The repository without it; one state for each parent of a merge.
    pub before: Vec<Origin>,
}

/// What a change started from.
#[derive(Debug)]
pub struct Origin {
    /// The repository as it was.
    pub tree: Tree,
    /// The files that are not now what they were: changed, new or gone. By path.
    pub changed: Vec<FileId>,
}

/// Why a change could not be read.
#[derive(Debug)]
pub enum ChangeError {
    /// The directory could not be read.
    Open(OpenError),
    /// What git holds could not be read.
    Git(GitError),
}

impl From<OpenError> for ChangeError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl From<GitError> for ChangeError {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}

impl Change {
    /// What a commit made now would change below `root`: git's index against HEAD, or against each parent of a merge
    /// that is under way. Texts are those that git holds; what was not staged does not count.
    ///
    /// # Errors
    /// When `root` is not in a repository, or git's files cannot be read.
    pub fn staged(root: &Path, limits: Limits) -> Result<Self, ChangeError> {
        let (repository, objects) = open(root)?;
        let index = repository.index()?;
        let next = index.next_commit(&objects, &repository.prefix)?;
        let parents = repository.parents_of_next()?;
        let of_parent = |parent| git::of_index(&objects, (&index, &next.stored, &repository.prefix), parent);
        let (after, differences) = rayon::join(
            || Tree::of_next_commit(root, (&repository, &objects), &next, limits),
            || parents.into_iter().map(of_parent).collect::<Result<Vec<_>, _>>(),
        );
        let (mut differences, after) = (differences?, after?);
        if differences.is_empty() {
            // The first commit: everything is new.
            let new = next.stored.iter().filter(|(_, stored)| stored.what != What::Submodule);
            differences.push(new.map(|(path, _)| Difference { path: path.clone(), other: None }).collect());
        }
        Self::of(after, differences, (&repository, &objects))
    }

    /// What was changed below `root` since HEAD and `revision` parted: the work tree against their common ancestor.
    ///
    /// # Errors
    /// When `root` cannot be read or is not in a repository, or the two have no common ancestor in it.
    pub fn since(root: &Path, revision: &str, limits: Limits) -> Result<Self, ChangeError> {
        let (repository, objects) = open(root)?;
        let base = repository.merge_base(&objects, revision)?;
        let index = repository.index()?;
        let after = Tree::disk(root, limits)?;
        let files: FxHashMap<&str, Option<&str>> = after
            .entries
            .iter()
            .map(|entry| {
                let target = match &entry.kind {
                    Kind::File => None,
                    Kind::Link(target) => Some(target.as_str()),
                };
                (&*entry.path, target)
            })
            .collect();
        let differences = git::of_disk((&repository, &index, &objects), &files, base)?;
        drop(files);
        Self::of(after, vec![differences], (&repository, &objects))
    }

    /// Lays states beside `after` that differ from it in these paths.
    fn of(
        after: Tree,
        states: Vec<Vec<Difference>>,
        (repository, objects): (&Repository, &Arc<Objects>),
    ) -> Result<Self, ChangeError> {
        let is_file = |other: Option<Stored>| other.is_some_and(|other| other.what != What::Submodule);
        let mut gone: Vec<&str> = states
            .iter()
            .flatten()
            .filter(|difference| is_file(difference.other) && after.file(&difference.path).is_none())
            .map(|difference| difference.path.as_str())
            .collect();
        gone.sort_unstable();
        gone.dedup();
        let after = after.with_absent(gone);
        let before = states.into_iter().map(|differences| Origin::beside(&after, differences, repository, objects));
        let before = before.collect::<Result<_, _>>()?;
        Ok(Self { after, before })
    }
}

/// The repository around `root`, and its objects.
fn open(root: &Path) -> Result<(Repository, Arc<Objects>), ChangeError> {
    let repository = Repository::around(root).ok_or(GitError::NoRepository)?;
    let objects = Arc::new(repository.objects()?);
    Ok((repository, objects))
}

impl Origin {
    fn beside(
        after: &Tree,
        differences: Vec<Difference>,
        repository: &Repository,
        objects: &Arc<Objects>,
    ) -> Result<Self, GitError> {
        let mut entries = after.entries.to_vec();
        let mut submodules = after.submodules.to_vec();
        let mut changed = Vec::new();
        for Difference { path, other } in differences {
            submodules.retain(|module| *module != path);
            if other.is_some_and(|other| other.what == What::Submodule) {
                submodules.push(path.clone());
            }
            let Some(file) = after.index.get(path.as_str()).copied() else { continue };
            if let Some(stored) = other.filter(|other| other.what == What::File && !objects.has(&other.id)) {
                return Err(git::missing(&stored.id, &path));
            }
            let entry = &mut entries[file.0 as usize];
            *entry = match other {
                Some(stored) if stored.what != What::Submodule => stored.entry(entry.path.clone(), objects)?,
                _ => Entry { is_absent: true, ..Entry::new(entry.path.clone(), Kind::File) },
            };
            changed.push(file);
        }
        changed.sort_unstable();
        let mut tree = Tree {
            root: after.root.clone(),
            limits: after.limits,
            index: after.index.clone(),
            directories: Arc::new(super::directories(&entries)),
            entries: Arc::new(entries),
            gone: after.gone.as_ref().map(|_| Arc::default()),
            submodules: Arc::new(submodules),
            ignores: after.ignores.clone(),
            memory: FxHashMap::default(),
            buffers: Arc::default(),
            objects: Some(objects.clone()),
            skipped: after.skipped.clone(),
            above: after.above.clone(),
            guide: after.guide.clone(),
        };
        if changed.iter().any(|file| Tree::name(tree.path(*file)) == ".gitignore") {
            tree.ignores = Arc::new(tree.read_ignores(&repository.top));
        }
        Ok(Self { tree, changed })
    }
}

impl Stored {
    /// The entry of a tree for a file or link that git holds.
    fn entry(self, path: Arc<str>, objects: &Objects) -> Result<Entry, GitError> {
        let kind = match self.what {
            What::Link => Kind::Link(String::from_utf8_lossy(&objects.blob(&self.id, &path)?).into_owned()),
            What::File | What::Submodule => Kind::File,
        };
        Ok(Entry { blob: Some(self.id), ..Entry::new(path, kind).tracked() })
    }
}

impl Tree {
    /// The files that the next commit will hold below `root`.
    fn of_next_commit(
        root: &Path,
        (repository, objects): (&Repository, &Arc<Objects>),
        next: &Next,
        limits: Limits,
    ) -> Result<Self, GitError> {
        let mut entries = Vec::with_capacity(next.stored.len());
        let mut submodules = Vec::new();
        for (path, stored) in &next.stored {
            if stored.what == What::Submodule {
                submodules.push(path.clone());
            } else {
                entries.push(stored.entry(path.as_str().into(), objects)?);
            }
        }
        let skipped = next.unnamed.iter().cloned().map(|path| Skip { path, reason: SkipReason::Name }).collect();
        let mut tree = Self::from_entries(entries, skipped);
        tree.objects = Some(objects.clone());
        tree.gone = Some(Arc::default());
        tree.submodules = Arc::new(submodules);
        tree.limits = limits;
        tree.root = Some(root.into());
        tree.ignores = Arc::new(tree.read_ignores(&repository.top));
        Ok(tree)
    }

    /// The same tree with ids for files that it does not have.
    fn with_absent(self, paths: Vec<&str>) -> Self {
        if paths.is_empty() {
            return self;
        }
        let absent = |path: &str| Entry { is_absent: true, ..Entry::new(path, Kind::File) };
        let entries = self.entries.iter().cloned().chain(paths.into_iter().map(absent)).collect();
        let Self { index, entries, directories, .. } = Self::from_entries(entries, Vec::new());
        Self { index, entries, directories, ..self }
    }
}
