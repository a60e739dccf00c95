//! In which paths two states of a repository differ.

use super::GitError;
use super::objects::{Objects, damaged};
use super::repository::{Index, Repository, Stored, What, inside, is_blob};
use gix_index::extension::Tree as Cached;
use gix_index::hash::ObjectId;
use gix_object::tree::EntryKind;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::path::Path;

/// A path at which another state holds something else.
#[derive(Debug)]
pub(crate) struct Difference {
    /// Relative to the root that was asked for.
    pub path: String,
    /// What the other state holds there; `None`: nothing.
    pub other: Option<Stored>,
}

/// More paths than any repository has; trees that hold themselves many times over would have more.
const MOST_PATHS: usize = 5_000_000;
/// Deeper than any directory is.
const DEEPEST: usize = 500;

/// The files below a tree.
pub(crate) struct Listing<'a> {
    objects: &'a Objects,
    /// Paths from the top, in no particular order.
    pub found: Vec<(String, Stored)>,
    /// Directories that were not read, because git's index says that they are as they were.
    unread: FxHashSet<String>,
}

impl<'a> Listing<'a> {
    pub fn of(objects: &'a Objects) -> Self {
        Self { objects, found: Vec::new(), unread: FxHashSet::default() }
    }

    /// Reads everything below the tree `id`, which stands at `path`.
    pub fn read(&mut self, path: &str, id: ObjectId) -> Result<(), GitError> {
        self.read_unlike(path, id, None)
    }

    /// The same, but for directories that are those of `cached`.
    fn read_unlike(&mut self, path: &str, id: ObjectId, cached: Option<&Cached>) -> Result<(), GitError> {
        let mut left = vec![(path.to_owned(), id, cached)];
        while let Some((path, id, cached)) = left.pop() {
            if cached.is_some_and(|cached| cached.num_entries.is_some() && cached.id == id) {
                self.unread.insert(path);
                continue;
            }
            if self.found.len() + left.len() > MOST_PATHS || path.matches('/').count() > DEEPEST {
                return Err(damaged(&id, "a tree without end"));
            }
            for (name, mode, id) in self.objects.tree(&id, &path)? {
                let at = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
                let what = match mode.kind() {
                    EntryKind::Tree => {
                        let below = cached.and_then(|cached| {
                            cached.children.iter().find(|child| child.name.as_slice() == name.as_bytes())
                        });
                        left.push((at, id, below));
                        continue;
                    }
                    EntryKind::Blob | EntryKind::BlobExecutable => What::File,
                    EntryKind::Link => What::Link,
                    EntryKind::Commit => What::Submodule,
                };
                self.found.push((at, Stored { what, id }));
            }
        }
        Ok(())
    }

    /// Whether `path` stands in a directory that was not read.
    fn is_unread(&self, path: &str) -> bool {
        let mut above = path.match_indices('/').map(|(at, _)| &path[..at]);
        !self.unread.is_empty() && (self.unread.contains("") || above.any(|directory| self.unread.contains(directory)))
    }

    /// The files below `prefix`, relative to it.
    fn below(&self, prefix: &str) -> FxHashMap<&str, Stored> {
        self.found.iter().filter_map(|(path, stored)| Some((inside(path, prefix)?, *stored))).collect()
    }
}

/// Where `commit` differs from the next commit, which holds `next` below `prefix`.
pub(crate) fn of_index(
    objects: &Objects,
    (index, next, prefix): (&Index, &[(String, Stored)], &str),
    commit: ObjectId,
) -> Result<Vec<Difference>, GitError> {
    let mut listing = Listing::of(objects);
    listing.read_unlike("", objects.tree_of(&commit)?, index.cached_tree())?;
    let mut before = listing.below(prefix);
    let mut differences = Vec::new();
    for (path, now) in next {
        match before.remove(path.as_str()) {
            Some(then) if then == *now => {}
            None if listing.is_unread(&format!("{prefix}{path}")) => {}
            then => differences.push(Difference { path: path.clone(), other: then }),
        }
    }
    let gone = before.into_iter().map(|(path, then)| Difference { path: path.to_owned(), other: Some(then) });
    differences.extend(gone);
    Ok(differences)
}

/// Where `commit` differs from the work tree, which holds `files` (and links) below the root.
pub(crate) fn of_disk(
    (repository, index, objects): (&Repository, &Index, &Objects),
    files: &FxHashMap<&str, Option<&str>>,
    commit: ObjectId,
) -> Result<Vec<Difference>, GitError> {
    let mut listing = Listing::of(objects);
    listing.read("", objects.tree_of(&commit)?)?;
    let before = listing.below(&repository.prefix);
    let is_same = |path: &str, then: &Stored| -> bool {
        let from_top = format!("{}{path}", repository.prefix);
        match (then.what, files.get(path)) {
            (What::File, Some(None)) => {
                index.is_unchanged(&repository.top, &from_top, then.id)
                    || is_blob(&Path::new(&repository.top).join(from_top), then.id)
            }
            (What::Link, Some(Some(target))) => super::objects::blob_id(target.as_bytes()) == Some(then.id),
            (What::Submodule, None) => true,
            _ => false,
        }
    };
    let mut differences: Vec<Difference> = before
        .par_iter()
        .filter(|(path, then)| !is_same(path, then))
        .map(|(path, then)| Difference { path: (*path).to_owned(), other: Some(*then) })
        .collect();
    let new = files.keys().filter(|path| !before.contains_key(*path));
    differences.extend(new.map(|path| Difference { path: (*path).to_owned(), other: None }));
    Ok(differences)
}
