//! Files that have another name in another state of a repository.

use super::{Origin, Tree};
use crate::{FileId, Source};
use rustc_hash::FxHashMap;
use std::hash::BuildHasher as _;
use std::sync::Arc;

/// More files than this are not compared with as many others; git's own limit (`diff.renameLimit`) is of this order.
const MOST: usize = 400;

impl Origin {
    /// Files that stand under another path in `after`, as (old path, new path). Like git's, by default: what is gone here
    /// and what is new there belong together when at least half of the longer one's text stands in both.
    pub fn renames(&self, after: &Tree) -> Vec<(String, String)> {
        let lines = |tree: &Tree, files: Vec<FileId>| -> Vec<Lines> {
            files.into_iter().filter_map(|file| Lines::of(file, &tree.source(file).ok()?)).collect()
        };
        let (mut gone, mut new) = (Vec::new(), Vec::new());
        for file in &self.changed {
            match (self.tree.is_present(*file), after.is_present(*file)) {
                (true, false) => gone.push(*file),
                (false, true) => new.push(*file),
                _ => {}
            }
        }
        if gone.is_empty() || new.is_empty() || gone.len() > MOST || new.len() > MOST {
            return Vec::new();
        }
        let (mut gone, mut new) = (lines(&self.tree, gone), lines(after, new));
        let mut pairs = Vec::new();
        for (g, from) in gone.iter().enumerate() {
            for (n, to) in new.iter().enumerate() {
                let (shared, longer) = (from.shared(to), from.size.max(to.size));
                if shared * 2 >= longer {
                    let same_name = Tree::name(self.tree.path(from.file)) == Tree::name(after.path(to.file));
                    pairs.push((shared * 1000 / longer.max(1), same_name, g, n));
                }
            }
        }
        // The most alike first; of equals, those that kept their last part; then in the order of their paths.
        pairs.sort_by(|a, b| (b.0, b.1, a.2, a.3).cmp(&(a.0, a.1, b.2, b.3)));
        let mut found = Vec::new();
        for (_, _, g, n) in pairs {
            if !gone[g].is_taken && !new[n].is_taken {
                gone[g].is_taken = true;
                new[n].is_taken = true;
                found.push((self.tree.path(gone[g].file).to_owned(), after.path(new[n].file).to_owned()));
            }
        }
        found
    }
}

/// The lines of a file, by their hashes: how many bytes stand in each.
struct Lines {
    file: FileId,
    size: usize,
    bytes: FxHashMap<u64, usize>,
    is_taken: bool,
}

impl Lines {
    /// Nothing of an empty file: all are alike.
    fn of(file: FileId, source: &Arc<Source>) -> Option<Self> {
        let mut bytes: FxHashMap<u64, usize> = FxHashMap::default();
        let hasher = rustc_hash::FxBuildHasher;
        for line in source.text().split_inclusive('\n') {
            *bytes.entry(hasher.hash_one(line)).or_default() += line.len();
        }
        let size = source.text().len();
        (size > 0).then_some(Self { file, size, bytes, is_taken: false })
    }

    /// How many bytes stand in lines that both have.
    fn shared(&self, other: &Self) -> usize {
        let (few, many) = if self.bytes.len() < other.bytes.len() { (self, other) } else { (other, self) };
        few.bytes.iter().map(|(line, size)| (*size).min(many.bytes.get(line).copied().unwrap_or(0))).sum()
    }
}
