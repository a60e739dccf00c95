//! A tree as an editor sees it: what is open there stands in place of what is on the disk.

use super::{Entry, Kind, Tree};
use crate::{Limits, SkipReason, Source};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A text that an editor holds, or why it is not looked at: the same limits as for files on a disk.
pub type Buffer = Result<Arc<Source>, SkipReason>;

impl Source {
    /// The text of an open file, by the rules by which a file is read.
    ///
    /// # Errors
    /// When it would not be read from a disk either.
    pub fn open(text: &str, limits: Limits) -> Buffer {
        let size = text.len() as u64;
        if size > limits.file_size {
            return Err(SkipReason::TooLarge { size, limit: limits.file_size });
        }
        crate::disk::text(text.as_bytes().to_vec()).map(Arc::new)
    }
}

impl Tree {
    /// The same tree with `buffers`, by path, in place of what stands on the disk. A file that is open and not saved yet is
    /// part of it, unless git would ignore it. Symbolic links stay what they are, and so do git's ignore files until they are
    /// saved: they decide which files are listed at all.
    #[must_use]
    pub fn with_buffers<'a>(&self, buffers: impl IntoIterator<Item = (&'a str, Buffer)>) -> Self {
        let mut held: FxHashMap<Arc<str>, Buffer> = FxHashMap::default();
        let mut new = Vec::new();
        for (path, buffer) in buffers {
            if Tree::name(path) == ".gitignore" {
                continue;
            }
            match self.file(path).map(|file| self.kind(file)) {
                Some(Kind::File) => {}
                Some(Kind::Link(_)) => continue,
                None if self.ignores.rule(path, false).is_some() || path.split('/').any(|part| part == ".git") => {
                    continue;
                }
                None => {
                    let is_tracked = self.gone.as_ref().is_some_and(|gone| gone.contains(path));
                    let entry = Entry::new(path, Kind::File);
                    new.push(if is_tracked { entry.tracked() } else { entry });
                }
            }
            held.insert(path.into(), buffer);
        }
        let mut tree = self.clone();
        if !new.is_empty() {
            let listed = Self::from_entries(self.entries.iter().cloned().chain(new).collect(), Vec::new());
            tree.entries = listed.entries;
            tree.index = listed.index;
            tree.directories = listed.directories;
        }
        tree.buffers = Arc::new(held);
        tree
    }

    /// Whether both trees list the same files, so that a [`FileId`](crate::FileId) means the same file in each.
    pub fn lists_the_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.entries, &other.entries)
            || (self.entries == other.entries && self.gone == other.gone && self.skipped == other.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn buffer(text: &str) -> Buffer {
        Source::open(text, Limits::default())
    }

    #[test]
    fn what_is_open_stands_in_place_of_what_is_on_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(".gitignore"), "*.log\n").unwrap();
        std::fs::write(dir.path().join("b.yml"), "disk").unwrap();
        let disk = Tree::disk(dir.path(), Limits::default()).unwrap();
        let open = [("b.yml", buffer("open")), ("a.yml", buffer("new")), ("x.log", buffer("ignored"))];
        let tree = disk.with_buffers(open);
        let text = |tree: &Tree, path| tree.source(tree.file(path).unwrap()).unwrap().text().to_owned();
        assert_eq!(
            (text(&tree, "a.yml"), text(&tree, "b.yml"), text(&disk, "b.yml")),
            ("new".into(), "open".into(), "disk".into())
        );
        assert_eq!(tree.file("x.log"), None);
        assert!(tree.on_disk("a.yml") && tree.is_file_on_disk("a.yml") && !disk.on_disk("a.yml"));
        assert!(
            !tree.lists_the_same_as(&disk) && disk.with_buffers([("b.yml", buffer("open"))]).lists_the_same_as(&disk)
        );
    }

    #[test]
    fn what_would_not_be_read_from_a_disk_is_not_read_from_an_editor() {
        assert!(matches!(buffer("a\0b"), Err(SkipReason::Binary)));
        assert!(matches!(Source::open("12345", Limits { file_size: 4 }), Err(SkipReason::TooLarge { .. })));
    }
}
