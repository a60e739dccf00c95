//! The tree around a command that is about to run.

use super::{Entry, Kind, OpenError, Tree};
use crate::{FileId, Limits, Source, repository_around};
use std::path::Path;
use std::sync::Arc;

impl Tree {
    /// The repository around `directory`. Outside of a git work tree: the files right in it, since nobody means all of a
    /// disk.
    ///
    /// # Errors
    /// Those of [`Tree::disk`].
    pub fn around(directory: &Path, limits: Limits) -> Result<Self, OpenError> {
        match directory.canonicalize().ok().and_then(|directory| repository_around(&directory.join("any"))) {
            Some(top) => Self::disk(&top, limits),
            None => Self::list(directory, limits, Some(1)),
        }
    }

    /// The same tree with one more file, which stands on no disk and which git does not track. A file of this name must
    /// not be there.
    #[must_use]
    pub fn with_text(&self, name: &str, text: &str) -> (Self, FileId) {
        let entry = Entry::new(name, Kind::File);
        let path = entry.path.clone();
        let at = self.entries.partition_point(|own| own.path < path);
        let mut entries = Vec::with_capacity(self.entries.len() + 1);
        entries.extend_from_slice(&self.entries[..at]);
        entries.push(entry);
        entries.extend_from_slice(&self.entries[at..]);
        let mut tree = self.clone();
        tree.index = Arc::new(entries.iter().zip(0..).map(|(entry, at)| (entry.path.clone(), FileId(at))).collect());
        tree.entries = Arc::new(entries);
        tree.memory.insert(path, Arc::new(Source::new(text)));
        (tree, FileId(at as u32))
    }

    /// What the absolute path of this machine is called in the tree; `None` for what lies outside of it.
    pub fn inside(&self, path: &str) -> Option<String> {
        let inside = Path::new(path).strip_prefix(self.root.as_deref()?).ok()?.to_str()?;
        Self::join("", &inside.replace('\\', "/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_file_leaves_the_others_as_they_are() {
        let tree = Tree::memory([("a", "1"), ("c", "3")]);
        let (more, added) = tree.with_text("b", "2");
        let paths: Vec<_> = more.files().map(|file| more.path(file)).collect();
        assert_eq!(paths, ["a", "b", "c"]);
        let text = |path| more.source(more.file(path).unwrap()).unwrap().text().to_owned();
        assert_eq!((text("a"), text("b"), text("c")), ("1".into(), "2".into(), "3".into()));
        assert!(more.path(added) == "b" && tree.file("b").is_none());
    }

    #[test]
    fn outside_of_a_repository_only_what_lies_right_there_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("app/deep")).unwrap();
        std::fs::write(dir.path().join("app/compose.yml"), "").unwrap();
        std::fs::write(dir.path().join("app/deep/x"), "").unwrap();
        let app = dir.path().join("app");
        let paths = |tree: &Tree| tree.files().map(|file| tree.path(file).to_owned()).collect::<Vec<_>>();
        let alone = Tree::around(&app, Limits::default()).unwrap();
        assert_eq!(paths(&alone), ["compose.yml"]);
        let path = app.canonicalize().unwrap().join("deep");
        assert_eq!(alone.inside(path.to_str().unwrap()).as_deref(), Some("deep"));
        assert_eq!(alone.inside("/elsewhere"), None);
        std::fs::create_dir(dir.path().join(".git")).unwrap();
        assert_eq!(
            paths(&Tree::around(&app.join("deep"), Limits::default()).unwrap()),
            ["app/compose.yml", "app/deep/x"]
        );
    }
}
