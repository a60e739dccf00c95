//! Whether the files below a directory are still those that were listed.

use super::{Kind, OpenError, Tree};
use crate::Limits;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::SystemTime;

/// A tree, and when each of its files was last written: two looks at a directory tell what changed in between.
#[derive(Debug)]
pub struct Look {
    /// The files.
    pub tree: Tree,
    stamps: Vec<Stamp>,
}

/// What changes when a file is written: when, and how long it is.
type Stamp = Option<(SystemTime, u64)>;

/// What changed between two looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// Whether other files are listed, tracked or ignored.
    pub list: bool,
    /// Files of both lists with another content, by path.
    pub files: BTreeSet<String>,
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        !self.list && self.files.is_empty()
    }
}

impl Look {
    /// Lists the files below `root`, as [`Tree::disk`] does.
    ///
    /// # Errors
    /// Those of [`Tree::disk`].
    pub fn at(root: &Path, limits: Limits) -> Result<Self, OpenError> {
        Ok(Self::of(Tree::disk(root, limits)?))
    }

    /// Lists the files right in `root`, none below its directories.
    ///
    /// # Errors
    /// Those of [`Tree::disk`].
    pub fn beside(root: &Path, limits: Limits) -> Result<Self, OpenError> {
        Ok(Self::of(Tree::list(root, limits, Some(1))?))
    }

    fn of(tree: Tree) -> Self {
        let files: Vec<_> = tree.files().collect();
        let stamp = |file| match (tree.kind(file), tree.root()) {
            (Kind::File, Some(root)) => {
                let meta = std::fs::symlink_metadata(root.join(tree.path(file))).ok()?;
                Some((meta.modified().ok()?, meta.len()))
            }
            _ => None,
        };
        let stamps = files.into_par_iter().map(stamp).collect();
        Self { tree, stamps }
    }

    /// What changed since an `earlier` look.
    pub fn since(&self, earlier: &Self) -> Changes {
        let mut files = BTreeSet::new();
        for (file, stamp) in self.tree.files().zip(&self.stamps) {
            let path = self.tree.path(file);
            let before = earlier.tree.file(path).and_then(|file| earlier.stamps.get(file.0 as usize));
            if before.is_some_and(|before| before != stamp) {
                files.insert(path.to_owned());
            }
        }
        let (now, before) = (&self.tree, &earlier.tree);
        let is_same = now.entries == before.entries && now.gone == before.gone && now.skipped == before.skipped;
        let ignores = files.iter().any(|path| Tree::name(path) == ".gitignore");
        Changes { list: ignores || !is_same, files }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_looks_tell_what_was_written_between_them() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        let look = || Look::at(dir.path(), Limits::default()).unwrap();
        write("a", "1");
        write("b", "1");
        let first = look();
        assert!(look().since(&first).is_empty());
        write("b", "22");
        let changes = look().since(&first);
        assert_eq!((changes.list, changes.files.into_iter().collect::<Vec<_>>()), (false, vec!["b".to_owned()]));
        write("c", "1");
        assert!(look().since(&first).list);
    }
}
