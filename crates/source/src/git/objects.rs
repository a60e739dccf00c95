//! Git's object database: loose objects, packs, alternates.

use super::GitError;
use gix_index::hash::{Kind as Hash, ObjectId, oid};
use gix_object::{Exists as _, Find as _, FindExt as _, TreeRefIter};
use gix_odb::{HandleArc, Header as _, Store};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// More than any one object may take in memory: what a damaged pack claims is not believed.
const ALLOCATION: usize = 256 << 20;

/// The objects of a repository.
pub(crate) struct Objects {
    store: Arc<Store>,
    /// Handles at rest: one for each thread that ever read at the same time as others.
    handles: Mutex<Vec<HandleArc>>,
}

impl std::fmt::Debug for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Objects").finish_non_exhaustive()
    }
}

impl Objects {
    /// Those in `directory`, git's `objects`, and in what its alternates name.
    pub fn at(directory: &Path) -> Result<Self, GitError> {
        let options = gix_odb::store::init::Options { alloc_limit_bytes: Some(ALLOCATION), ..Default::default() };
        let store = Store::at_opts(directory.to_owned(), Hash::Sha1, &mut std::iter::empty(), options)
            .map_err(|error| GitError::Damaged { path: "object database".into(), why: error.to_string() })?;
        Ok(Self { store: Arc::new(store), handles: Mutex::default() })
    }

    /// Calls `ask` with a handle of this thread's.
    pub fn with<T>(&self, ask: impl FnOnce(&HandleArc) -> T) -> T {
        let at_rest = self.handles.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let handle = at_rest.unwrap_or_else(|| self.store.to_cache_arc());
        let answer = ask(&handle);
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
        answer
    }

    /// Whether it is there.
    pub fn has(&self, id: &oid) -> bool {
        self.with(|handle| handle.exists(id))
    }

    /// The size of an object in bytes. `None` when it is not there.
    pub fn size(&self, id: &oid) -> Option<u64> {
        self.with(|handle| Some(handle.try_header(id).ok()??.size()))
    }

    /// The content of a blob. `what` says in an error what was looked for.
    pub fn blob(&self, id: &oid, what: &str) -> Result<Vec<u8>, GitError> {
        let mut bytes = Vec::new();
        self.with(|handle| match handle.try_find(id, &mut bytes) {
            Ok(Some(object)) if object.kind == gix_object::Kind::Blob => Ok(()),
            Ok(Some(_)) => Err(damaged(id, "not a file's content")),
            Ok(None) => Err(missing(id, what)),
            Err(error) => Err(damaged(id, &error.to_string())),
        })?;
        Ok(bytes)
    }

    /// The commit that an object stands for: itself, or what a tag names. `None`: it stands for none.
    pub fn commit(&self, id: ObjectId) -> Result<Option<ObjectId>, GitError> {
        let mut id = id;
        // Tags name tags; nobody stacks that many.
        for _ in 0..20 {
            let mut bytes = Vec::new();
            let target = self.with(|handle| match handle.try_find(&id, &mut bytes) {
                Ok(Some(object)) => match object.kind {
                    gix_object::Kind::Commit => Ok(Some(id)),
                    gix_object::Kind::Tag => gix_object::TagRefIter::from_bytes(object.data, Hash::Sha1)
                        .target_id()
                        .map(Some)
                        .map_err(|error| damaged(&id, &error.to_string())),
                    _ => Ok(None),
                },
                Ok(None) => Err(missing(&id, "a commit")),
                Err(error) => Err(damaged(&id, &error.to_string())),
            })?;
            match target {
                Some(target) if target != id => id = target,
                commit => return Ok(commit),
            }
        }
        Ok(None)
    }

    /// The tree of a commit.
    pub fn tree_of(&self, commit: &oid) -> Result<ObjectId, GitError> {
        let mut bytes = Vec::new();
        self.with(|handle| {
            let mut iter = handle.find_commit_iter(commit, &mut bytes).map_err(|_| missing(commit, "a commit"))?;
            iter.tree_id().map_err(|error| damaged(commit, &error.to_string()))
        })
    }

    /// The parents of a commit; those that a shallow clone lacks are named, too.
    pub fn parents(&self, commit: &oid) -> Result<Vec<ObjectId>, GitError> {
        let mut bytes = Vec::new();
        self.with(|handle| {
            let iter = handle.find_commit_iter(commit, &mut bytes).map_err(|_| missing(commit, "a commit"))?;
            Ok(iter.parent_ids().collect())
        })
    }

    /// What stands directly in a tree: names, modes, ids.
    pub fn tree(&self, id: &oid, path: &str) -> Result<Vec<(String, gix_object::tree::EntryMode, ObjectId)>, GitError> {
        let what = || if path.is_empty() { "the top directory".to_owned() } else { format!("the directory {path}") };
        let mut bytes = Vec::new();
        self.with(|handle| {
            let object = handle.try_find(id, &mut bytes).map_err(|error| damaged(id, &error.to_string()))?;
            let object = object.ok_or_else(|| missing(id, &what()))?;
            if object.kind != gix_object::Kind::Tree {
                return Err(damaged(id, "not a directory"));
            }
            TreeRefIter::from_bytes(object.data, Hash::Sha1)
                .filter_map(|entry| match entry {
                    // A name that is not UTF-8 is no path of a tree.
                    Ok(entry) => {
                        let name = std::str::from_utf8(entry.filename).ok()?;
                        Some(Ok((name.to_owned(), entry.mode, entry.oid.to_owned())))
                    }
                    Err(error) => Some(Err(damaged(id, &error.to_string()))),
                })
                .collect()
        })
    }
}

/// The id that git gives a blob of these bytes.
pub(crate) fn blob_id(bytes: &[u8]) -> Option<ObjectId> {
    gix_object::compute_hash(Hash::Sha1, gix_object::Kind::Blob, bytes).ok()
}

pub(crate) fn missing(id: &oid, what: &str) -> GitError {
    GitError::MissingObject { id: id.to_hex_with_len(12).to_string(), what: what.to_owned() }
}

pub(super) fn damaged(id: &oid, why: &str) -> GitError {
    GitError::Damaged { path: format!("object {}", id.to_hex_with_len(12)), why: why.to_owned() }
}
