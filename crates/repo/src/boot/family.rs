//! Names that are names of files of one directory.

use crate::Tree;
use rustc_hash::FxHashMap;
use twiceshy_source::FileId;

/// Files by name, with and without extension.
#[derive(Debug)]
pub(crate) struct Files(FxHashMap<Box<str>, Vec<FileId>>);

/// The directory that names belong to.
pub(super) struct Family {
    pub directory: String,
    /// For each name its file, if it has one there.
    pub files: Vec<Option<FileId>>,
    /// Whether the files are numbered or SQL, so that a few of them tell.
    pub is_migrations: bool,
}

impl Files {
    pub fn of(tree: &Tree) -> Self {
        let mut by_name: FxHashMap<Box<str>, Vec<FileId>> = FxHashMap::default();
        let mut add = |name: &str, file| match by_name.get_mut(name) {
            Some(files) => files.push(file),
            None => drop(by_name.insert(name.into(), vec![file])),
        };
        for file in tree.files() {
            let path = tree.path(file);
            if undoes(path) {
                continue;
            }
            let name = Tree::name(path);
            add(name, file);
            if let Some((stem, _)) = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()) {
                // `0001_users.up.sql`
                add(stem.strip_suffix(".up").unwrap_or(stem), file);
            }
        }
        Self(by_name)
    }

    /// The directory in which most of `names` are files; at least half have to be.
    pub(super) fn family<'n>(&self, tree: &Tree, names: impl Iterator<Item = &'n str>) -> Option<Family> {
        let candidates: Vec<&[FileId]> =
            names.map(|name| self.0.get(Tree::name(name)).map(Vec::as_slice).unwrap_or_default()).collect();
        let mut count: FxHashMap<&str, usize> = FxHashMap::default();
        for files in &candidates {
            // A name such as `index` stands everywhere and tells nothing.
            for file in files.iter().take(20) {
                *count.entry(Tree::parent(tree.path(*file))).or_default() += 1;
            }
        }
        let (directory, matched) =
            count.into_iter().max_by_key(|(directory, matched)| (*matched, std::cmp::Reverse(*directory)))?;
        if matched * 2 < candidates.len() {
            return None;
        }
        let inside = |files: &&[FileId]| files.iter().copied().find(|file| Tree::parent(tree.path(*file)) == directory);
        let files: Vec<_> = candidates.iter().map(inside).collect();
        let is_migrations = files.iter().flatten().all(|file| is_migration(tree.path(*file)));
        Some(Family { directory: directory.to_owned(), files, is_migrations })
    }
}

/// Whether a file is SQL or numbered.
fn is_migration(path: &str) -> bool {
    path.ends_with(".sql") || Tree::name(path).bytes().take(3).all(|byte| byte.is_ascii_digit())
}

/// Whether a file undoes what another does.
pub(super) fn undoes(path: &str) -> bool {
    path.to_ascii_lowercase()
        .split(['/', '.', '-', '_'])
        .any(|word| matches!(word, "down" | "rollback" | "rollbacks" | "revert" | "undo"))
}
