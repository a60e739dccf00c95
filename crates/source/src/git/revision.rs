//! From what a person calls a commit to the commit.

use super::objects::Objects;
use super::{GitError, Repository};
use gix_index::hash::{Kind as Hash, ObjectId, Prefix};

/// How far a symbolic reference may lead through others.
const SYMBOLIC: usize = 10;

impl Repository {
    /// The commit that HEAD names; `None` on a branch without commits.
    pub fn head(&self) -> Result<Option<ObjectId>, GitError> {
        self.reference("HEAD")
    }

    /// The commits that the next one will have as parents: HEAD's, and those of a merge that is under way.
    pub fn parents_of_next(&self) -> Result<Vec<ObjectId>, GitError> {
        let merged = std::fs::read_to_string(self.directory.join("MERGE_HEAD")).unwrap_or_default();
        let merged = merged.lines().filter_map(|line| ObjectId::from_hex(line.trim().as_bytes()).ok());
        Ok(self.head()?.into_iter().chain(merged).collect())
    }

    /// What a reference names, as git looks it up: `main`, `origin/main`, `refs/tags/v1`.
    fn reference(&self, name: &str) -> Result<Option<ObjectId>, GitError> {
        let store = gix_ref::file::Store::for_linked_worktree(self.directory.clone(), self.common.clone(), Hash::Sha1);
        let mut name = name.to_owned();
        for _ in 0..SYMBOLIC {
            let Ok(partial) = gix_ref::PartialName::try_from(name.as_str()) else { return Ok(None) };
            let found = store
                .try_find(partial.as_ref())
                .map_err(|error| GitError::Damaged { path: format!("reference {name}"), why: error.to_string() })?;
            match found.map(|reference| reference.target) {
                None => return Ok(None),
                Some(gix_ref::Target::Object(id)) => return Ok(Some(id)),
                Some(gix_ref::Target::Symbolic(next)) => name = next.as_bstr().to_string(),
            }
        }
        Ok(None)
    }

    /// The commit that `revision` names: a branch, a tag, a commit's id or the start of one, with `~N` and `^N` behind it.
    pub fn commit(&self, objects: &Objects, revision: &str) -> Result<ObjectId, GitError> {
        let unknown = || GitError::UnknownRevision { revision: revision.to_owned(), is_shallow: self.is_shallow() };
        let base_end = revision.find(['~', '^']).unwrap_or(revision.len());
        let (base, mut steps) = revision.split_at(base_end);
        let base = if base == "@" { "HEAD" } else { base };
        let named = match self.reference(base)? {
            Some(id) => id,
            None => prefix(objects, base).ok_or_else(unknown)?,
        };
        let mut commit = objects.commit(named).ok().flatten().ok_or_else(unknown)?;
        while let Some(kind) = steps.chars().next() {
            steps = &steps[1..];
            if let Some(rest) = ["{commit}", "{}", "{0}"].iter().find_map(|peel| steps.strip_prefix(peel)) {
                // A tag was peeled already.
                steps = rest;
                continue;
            }
            let digits = steps.find(|char: char| !char.is_ascii_digit()).unwrap_or(steps.len());
            let (number, rest) = steps.split_at(digits);
            let number: usize = if number.is_empty() { 1 } else { number.parse().map_err(|_| unknown())? };
            steps = rest;
            let parent = |commit: ObjectId, nth: usize| {
                let parents = objects.parents(&commit).ok()?;
                parents.get(nth - 1).copied().filter(|parent| objects.has(parent))
            };
            match kind {
                '~' => {
                    for _ in 0..number {
                        commit = parent(commit, 1).ok_or_else(unknown)?;
                    }
                }
                '^' if number > 0 => commit = parent(commit, number).ok_or_else(unknown)?,
                '^' => {}
                _ => return Err(unknown()),
            }
        }
        Ok(commit)
    }

    /// Where the histories of HEAD and of `revision` part.
    pub fn merge_base(&self, objects: &Objects, revision: &str) -> Result<ObjectId, GitError> {
        let other = self.commit(objects, revision)?;
        let head = self.head()?.ok_or(GitError::Unborn)?;
        let apart = || GitError::NoCommonAncestor { revision: revision.to_owned(), is_shallow: self.is_shallow() };
        objects.with(|handle| {
            let mut graph = gix_revision::Graph::new(handle, None);
            let bases = gix_revision::merge_base(head, &[other], &mut graph)
                .map_err(|error| GitError::Damaged { path: "history".into(), why: error.to_string() })?;
            bases.map(|bases| *bases.first()).ok_or_else(apart)
        })
    }

    /// Whether the clone holds only the latest part of the history.
    pub fn is_shallow(&self) -> bool {
        std::fs::metadata(self.common.join("shallow")).is_ok_and(|shallow| shallow.len() > 0)
    }
}

/// The one object whose id starts like this.
fn prefix(objects: &Objects, start: &str) -> Option<ObjectId> {
    if !(4..=40).contains(&start.len()) {
        return None;
    }
    if let Ok(id) = ObjectId::from_hex(start.as_bytes()) {
        return objects.has(&id).then_some(id);
    }
    let prefix = Prefix::from_hex(start).ok()?;
    objects.with(|handle| handle.lookup_prefix(prefix, None).ok()??.ok())
}
