//! The files of one repository: an immutable, sorted list.

mod around;
mod buffers;
mod change;
mod look;
mod rename;
mod walk;

pub use buffers::Buffer;
pub use change::{Change, ChangeError, Origin};
pub use look::{Changes, Look};

use crate::git::Objects;
use crate::{FileId, Ignores, Limits, Source, disk, git};
use gix_index::hash::ObjectId;
use rustc_hash::{FxHashMap, FxHashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The files of a repository, sorted by path; paths are relative to the root and use `/`. A copy shares the list.
#[derive(Clone, Debug)]
pub struct Tree {
    pub(crate) root: Option<Arc<Path>>,
    /// The directories above the root, up to the top of the git work tree; the closest first.
    pub(crate) above: Arc<[PathBuf]>,
    pub(crate) guide: crate::Guide,
    pub(crate) limits: Limits,
    entries: Arc<Vec<Entry>>,
    index: Arc<FxHashMap<Arc<str>, FileId>>,
    /// Every directory with a file below it, but for the root.
    directories: Arc<FxHashSet<Box<str>>>,
    /// Paths that git tracks and that are no entries: they are gone from this disk. `None` outside a repository.
    gone: Option<Arc<FxHashSet<String>>>,
    submodules: Arc<Vec<String>>,
    ignores: Arc<Ignores>,
    /// Texts of a tree in memory, by file.
    memory: FxHashMap<Arc<str>, Arc<Source>>,
    /// What an editor holds of files on disk.
    buffers: Arc<FxHashMap<Arc<str>, Buffer>>,
    /// Where the texts of entries stand that are blobs.
    objects: Option<Arc<Objects>>,
    skipped: Arc<Vec<Skip>>,
}

/// One file of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    path: Arc<str>,
    kind: Kind,
    is_tracked: bool,
    /// Whether it only stands in another state of the repository, which shares this one's list of files.
    is_absent: bool,
    /// The text that git holds, whatever stands on disk.
    blob: Option<ObjectId>,
    proof: git::blob::Proof,
}

impl Entry {
    fn new(path: impl Into<Arc<str>>, kind: Kind) -> Self {
        Self {
            path: path.into(),
            kind,
            is_tracked: false,
            is_absent: false,
            blob: None,
            proof: git::blob::Proof::default(),
        }
    }

    fn tracked(self) -> Self {
        Self { is_tracked: true, ..self }
    }
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A symbolic link and where it points, as written. It is not followed when files are read.
    Link(String),
}

/// Something that was not looked at, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skip {
    /// The path, relative to the root.
    pub path: String,
    /// Why.
    pub reason: SkipReason,
}

/// Why something was not looked at, wholly or in part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// The system would not let us read it.
    Unreadable(String),
    /// Larger than the limit; both in bytes.
    TooLarge {
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// It holds NUL bytes where text was expected.
    Binary,
    /// Neither a file nor a directory: a pipe, a socket, a device.
    Special,
    /// Its name is not UTF-8.
    Name,
    /// It was read, but this part of it was not understood: what, and the line from 1.
    NotUnderstood {
        /// What the parser met.
        what: String,
        /// Line, from 1.
        line: u32,
    },
    /// Reading it ended in an error of ours.
    Internal,
    /// Some bytes are not UTF-8; they were read as `?`. The first one's line, from 1.
    NotUtf8 {
        /// Line, from 1.
        line: u32,
    },
    /// Git holds only a pointer to it; the content is Git LFS's.
    Lfs,
}

impl std::fmt::Display for SkipReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "cannot be read: {why}"),
            Self::TooLarge { size, limit } => write!(f, "too large: {size} bytes, the limit is {limit}"),
            Self::Binary => f.write_str("not text: it holds NUL bytes"),
            Self::Special => f.write_str("not a regular file"),
            Self::Name => f.write_str("its name is not UTF-8"),
            Self::NotUnderstood { what, line } => write!(f, "line {line}: {what}"),
            Self::Internal => f.write_str("an internal error of twiceshy; please report it"),
            Self::NotUtf8 { line } => write!(f, "line {line}: not UTF-8; read with `?` in place of the bytes"),
            Self::Lfs => f.write_str("its content is in Git LFS; git holds a pointer to it"),
        }
    }
}

/// Why a tree could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// There is nothing at this path.
    Missing(PathBuf),
    /// It is not a directory.
    NotADirectory(PathBuf),
    /// These two are not part of one system.
    Apart(PathBuf, PathBuf),
    /// The system said no.
    Io(PathBuf, std::io::Error),
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "{}: there is no such file or directory", path.display()),
            Self::NotADirectory(path) => write!(f, "{}: not a directory", path.display()),
            Self::Apart(a, b) => write!(f, "{} and {} are not parts of one system", a.display(), b.display()),
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl Tree {
    /// Lists the files below `root`: those that git tracks and those that it would not ignore.
    ///
    /// # Errors
    /// When `root` is missing, not a directory or unreadable. Anything unreadable below it is listed as skipped.
    pub fn disk(root: &Path, limits: Limits) -> Result<Self, OpenError> {
        Self::list(root, limits, None)
    }

    /// As [`Tree::disk`], but no deeper than `depth` levels; 1: the files right in `root`.
    fn list(root: &Path, limits: Limits, depth: Option<usize>) -> Result<Self, OpenError> {
        let root = match root.canonicalize() {
            Ok(root) => root,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(OpenError::Missing(root.into())),
            Err(error) => return Err(OpenError::Io(root.into(), error)),
        };
        if !root.is_dir() {
            return Err(OpenError::NotADirectory(root));
        }
        std::fs::read_dir(&root).map_err(|error| OpenError::Io(root.clone(), error))?;
        let (listed, git) = rayon::join(|| walk::Listed::below(&root, depth), || git::read(&root));
        let mut damaged = Vec::new();
        let git = git.unwrap_or_else(|why| {
            damaged.push(Skip { path: ".git/index".into(), reason: SkipReason::Unreadable(why) });
            None
        });
        let tracked = git.as_ref().map(|git| git.tracked.as_slice()).unwrap_or_default();
        let (mut entries, mut skipped) = listed.without_ignored(tracked);
        skipped.append(&mut damaged);
        let (top, gone, submodules) = match git {
            Some(git) => (git.top, Some(add_tracked(&root, git.tracked, &mut entries)), git.submodules),
            None => (root.clone(), None, Vec::new()),
        };
        let mut tree = Self::from_entries(entries, skipped);
        tree.above = root.ancestors().skip(1).take_while(|dir| dir.starts_with(&top)).map(Path::to_owned).collect();
        tree.gone = gone.map(Arc::new);
        tree.submodules = Arc::new(submodules);
        tree.limits = limits;
        tree.root = Some(root.into());
        tree.ignores = Arc::new(tree.read_ignores(&top));
        Ok(tree)
    }

    /// A tree of texts in memory. Files that one of its `.gitignore` files names exist on its "disk" but are not
    /// part of the repository.
    pub fn memory<P: AsRef<str>, T: Into<String>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        let memory: FxHashMap<Arc<str>, Arc<Source>> =
            files.into_iter().map(|(path, text)| (Arc::from(path.as_ref()), Arc::new(Source::new(text)))).collect();
        let ignores = Ignores::new(memory.iter().filter_map(|(path, source)| {
            let dir = path.strip_suffix(".gitignore")?;
            (dir.is_empty() || dir.ends_with('/')).then(|| (dir.trim_end_matches('/'), source.text()))
        }));
        let entries = memory
            .keys()
            .filter(|path| ignores.rule(path, false).is_none())
            .map(|path| Entry::new(path.clone(), Kind::File))
            .collect();
        let mut tree = Self::from_entries(entries, Vec::new());
        tree.ignores = Arc::new(ignores);
        tree.memory = memory;
        tree
    }

    fn from_entries(mut entries: Vec<Entry>, mut skipped: Vec<Skip>) -> Self {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries.dedup_by(|a, b| a.path == b.path);
        skipped.sort();
        let index = entries.iter().enumerate().map(|(at, entry)| (entry.path.clone(), FileId(at as u32))).collect();
        let directories = directories(&entries);
        Self {
            root: None,
            above: Arc::default(),
            guide: crate::Guide::default(),
            limits: Limits::default(),
            entries: Arc::new(entries),
            index: Arc::new(index),
            directories: Arc::new(directories),
            gone: None,
            submodules: Arc::default(),
            ignores: Arc::default(),
            memory: FxHashMap::default(),
            buffers: Arc::default(),
            objects: None,
            skipped: Arc::new(skipped),
        }
    }

    /// The same tree with `text` in place of what stands in `file`; the disk stays as it is.
    #[must_use]
    pub fn with(mut self, file: FileId, text: &str) -> Self {
        if let Some(entry) = self.entries.get(file.0 as usize) {
            self.memory.insert(entry.path.clone(), Arc::new(Source::new(text)));
        }
        self
    }

    /// Every file, in the order of their paths.
    pub fn files(&self) -> impl Iterator<Item = FileId> + use<'_> {
        self.entries.iter().zip(0..).filter(|(entry, _)| !entry.is_absent).map(|(_, at)| FileId(at))
    }

    /// How many ids of files there are: every one is smaller. Not each need stand for a file of this tree; some may
    /// stand for files of another state of the repository.
    pub fn ids(&self) -> u32 {
        self.entries.len() as u32
    }

    /// Whether both list the same files, so that a [`FileId`] means the same in both.
    pub fn lists_the_same_as(&self, other: &Self) -> bool {
        let is_same = |(a, b): (&Entry, &Entry)| Arc::ptr_eq(&a.path, &b.path) || a.path == b.path;
        Arc::ptr_eq(&self.entries, &other.entries)
            || (self.entries.len() == other.entries.len() && self.entries.iter().zip(other.entries.iter()).all(is_same))
    }

    /// Whether the same files are there, tracked and ignored in both; what stands in them may differ.
    pub fn knows_the_same_as(&self, other: &Self) -> bool {
        let facts = |entry: &Entry| (entry.path.clone(), entry.kind.clone(), entry.is_tracked, entry.is_absent);
        let is_same = |(a, b): (&Entry, &Entry)| facts(a) == facts(b);
        let same_entries = Arc::ptr_eq(&self.entries, &other.entries)
            || (self.entries.len() == other.entries.len()
                && self.entries.iter().zip(other.entries.iter()).all(is_same));
        same_entries
            && Arc::ptr_eq(&self.ignores, &other.ignores)
            && self.gone == other.gone
            && self.submodules == other.submodules
    }

    /// What was passed over while listing.
    pub fn skipped(&self) -> &[Skip] {
        &self.skipped
    }

    /// The path of a file, relative to the root.
    pub fn path(&self, file: FileId) -> &str {
        &self.entries[file.0 as usize].path
    }

    /// What stands there.
    pub fn kind(&self, file: FileId) -> &Kind {
        &self.entries[file.0 as usize].kind
    }

    /// The directory of the tree on disk; `None` in memory.
    pub fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// The file at `path`; `None` for directories, ignored files and what does not exist.
    pub fn file(&self, path: &str) -> Option<FileId> {
        self.index.get(path).copied().filter(|file| self.is_present(*file))
    }

    /// Whether this tree has the file, and not only another state that shares the list of files.
    pub fn is_present(&self, file: FileId) -> bool {
        self.entries.get(file.0 as usize).is_some_and(|entry| !entry.is_absent)
    }

    /// The file at `path`, following symbolic links as long as they stay inside the tree.
    pub fn resolve(&self, path: &str) -> Option<FileId> {
        let path = self.follow(path)?;
        self.file(&path)
    }

    /// `path` with every symbolic link on it replaced by what it points to; `None` when it leaves the tree or loops.
    pub fn follow(&self, path: &str) -> Option<String> {
        let mut path = path.to_owned();
        for _ in 0..20 {
            let link = path.match_indices('/').map(|(at, _)| at).chain([path.len()]).find_map(|end| {
                match self.file(&path[..end]).map(|file| self.kind(file)) {
                    Some(Kind::Link(target)) => Some((end, target.clone())),
                    _ => None,
                }
            });
            let Some((end, target)) = link else {
                return Some(path);
            };
            let parent = path[..end].rsplit_once('/').map_or("", |(dir, _)| dir);
            let resolved = join(parent, &target)?;
            path = format!("{resolved}{}", &path[end..]);
        }
        None
    }

    /// Whether the tree has a file below the directory `path` (`""` is the root).
    pub fn has_dir(&self, path: &str) -> bool {
        if path.is_empty() { self.files().next().is_some() } else { self.directories.contains(path) }
    }

    /// The files below the directory `path`, in the order of their paths.
    pub fn below<'a>(&'a self, path: &str) -> impl Iterator<Item = FileId> + use<'a> {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let first = self.entries.partition_point(|entry| *entry.path < *prefix);
        self.entries[first..]
            .iter()
            .take_while(move |entry| entry.path.starts_with(&prefix))
            .enumerate()
            .filter(|(_, entry)| !entry.is_absent)
            .map(move |(at, _)| FileId((first + at) as u32))
    }

    /// Whether a clone of the repository would hold `path`: git tracks it. Without git: it is there and not ignored.
    pub fn is_tracked(&self, path: &str) -> bool {
        let entry = self.file(path).map(|file| &self.entries[file.0 as usize]);
        match (entry, &self.gone) {
            (Some(entry), Some(_)) => entry.is_tracked,
            (None, Some(gone)) => gone.contains(path),
            (entry, None) => entry.is_some(),
        }
    }

    /// Whether `path` lies in a submodule: another repository, about which nothing is known here.
    pub fn in_submodule(&self, path: &str) -> bool {
        self.submodules.iter().any(|module| {
            path.strip_prefix(module.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Git's ignore rules in this tree.
    pub fn ignores(&self) -> &Ignores {
        &self.ignores
    }

    /// Whether something stands at `path` on this disk, be it ignored, tracked or neither.
    pub fn on_disk(&self, path: &str) -> bool {
        if self.buffers.contains_key(path) {
            return true;
        }
        match &self.root {
            Some(root) => std::fs::symlink_metadata(root.join(path)).is_ok(),
            None => {
                let inside = format!("{path}/");
                self.memory.keys().any(|known| **known == *path || known.starts_with(&inside))
            }
        }
    }

    /// Whether a file (or a link to one) stands at `path` on this disk, be it ignored, tracked or neither.
    pub fn is_file_on_disk(&self, path: &str) -> bool {
        if self.buffers.contains_key(path) {
            return true;
        }
        match &self.root {
            Some(root) => std::fs::metadata(root.join(path)).is_ok_and(|meta| meta.is_file()),
            None => self.memory.contains_key(path),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read as text; the reason is for the list of skipped files.
    pub fn source(&self, file: FileId) -> Result<Arc<Source>, SkipReason> {
        let entry = &self.entries[file.0 as usize];
        if let Some(source) = self.memory.get(&entry.path) {
            return Ok(source.clone());
        }
        if let Some(buffer) = self.buffers.get(&entry.path) {
            return buffer.clone();
        }
        if entry.is_absent {
            return Err(SkipReason::Special);
        }
        if let (Some(objects), Some(blob), Kind::File) = (&self.objects, entry.blob, &entry.kind) {
            let path = self.root.as_ref().map(|root| root.join(&*entry.path));
            return git::blob::read(objects, (blob, &entry.proof), path, self.limits).map(Arc::new);
        }
        match (&self.root, &entry.kind) {
            (Some(root), Kind::File) => disk::read(&root.join(&*entry.path), self.limits).map(Arc::new),
            _ => Err(SkipReason::Special),
        }
    }
}

/// `path` as seen from `dir`, with `.` and `..` resolved; `None` when it is absolute or leaves the root.
pub(crate) fn join(dir: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = dir.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

impl Tree {
    /// `path` as seen from the directory `dir`, with `.` and `..` resolved; `None` when it is absolute or leaves the root.
    pub fn join(dir: &str, path: &str) -> Option<String> {
        join(dir, path)
    }

    /// The directory in which the file at `path` stands; `""` for the root.
    pub fn parent(path: &str) -> &str {
        path.rsplit_once('/').map_or("", |(dir, _)| dir)
    }

    /// The last part of `path`.
    pub fn name(path: &str) -> &str {
        path.rsplit_once('/').map_or(path, |(_, name)| name)
    }
}

/// Every directory above one of the sorted `entries`.
fn directories(entries: &[Entry]) -> FxHashSet<Box<str>> {
    let mut found = FxHashSet::default();
    let mut last = "";
    for entry in entries.iter().filter(|entry| !entry.is_absent) {
        let parent = Tree::parent(&entry.path);
        // The files of a directory mostly stand one after the other.
        if parent == last {
            continue;
        }
        last = parent;
        let mut above = parent;
        while !above.is_empty() && !found.contains(above) {
            found.insert(Box::from(above));
            above = Tree::parent(above);
        }
    }
    found
}

fn kind_of(path: &Path, meta: &std::fs::Metadata) -> Option<Kind> {
    if meta.is_file() {
        Some(Kind::File)
    } else if meta.is_symlink() {
        Some(Kind::Link(std::fs::read_link(path).ok()?.to_string_lossy().into_owned()))
    } else {
        None
    }
}

/// Marks what git tracks, adds what it tracks though an ignore rule names it, and gives back what is gone from disk.
fn add_tracked(root: &Path, mut tracked: Vec<String>, entries: &mut Vec<Entry>) -> FxHashSet<String> {
    entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    tracked.sort_unstable();
    let mut walked = entries.iter_mut().peekable();
    let others: Vec<String> = tracked
        .into_iter()
        .filter(|path| {
            while walked.next_if(|entry| *entry.path < **path).is_some() {}
            let entry = walked.next_if(|entry| *entry.path == **path);
            entry.map(|entry| entry.is_tracked = true).is_none()
        })
        .collect();
    let mut gone = FxHashSet::default();
    for path in others {
        let at = root.join(&path);
        match std::fs::symlink_metadata(&at).ok().and_then(|meta| kind_of(&at, &meta)) {
            Some(kind) => entries.push(Entry::new(path, kind).tracked()),
            None => drop(gone.insert(path)),
        }
    }
    gone
}

impl Tree {
    /// The rules of the tree's `.gitignore` files and of those between it and the top of the work tree.
    fn read_ignores(&self, top: &Path) -> Ignores {
        let own = self.files().filter(|file| Self::name(self.path(*file)) == ".gitignore");
        let own = own.filter_map(|file| Some((Self::parent(self.path(file)).to_owned(), self.source(file).ok()?)));
        let mut texts: Vec<(String, String)> = own.map(|(dir, source)| (dir, source.text().to_owned())).collect();
        // Rules above the root apply below it, but for those anchored to a directory above.
        for above in self.root.iter().flat_map(|root| root.ancestors().skip(1)).take_while(|dir| dir.starts_with(top)) {
            if let Ok(text) = std::fs::read_to_string(above.join(".gitignore")) {
                let floating = text.lines().filter(|line| !line.trim_end_matches('/').contains('/'));
                texts.push((String::new(), floating.collect::<Vec<_>>().join("\n")));
            }
        }
        Ignores::new(texts.iter().map(|(dir, text)| (dir.as_str(), text.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_join_inside_the_root_only() {
        assert_eq!(join("a/b", "../c/./d").as_deref(), Some("a/c/d"));
        assert_eq!(join("a", "../../c"), None);
        assert_eq!(join("a", "/etc"), None);
        assert_eq!(join("a", "..").as_deref(), Some(""));
    }

    #[test]
    fn a_memory_tree_hides_what_its_gitignore_names_but_knows_that_it_exists() {
        let tree = Tree::memory([(".gitignore", "lib/\n"), ("lib/a.ts", ""), ("src/b.ts", "")]);
        let paths: Vec<_> = tree.files().map(|file| tree.path(file)).collect();
        assert_eq!(paths, [".gitignore", "src/b.ts"]);
        assert!(tree.on_disk("lib/a.ts") && tree.on_disk("lib") && !tree.is_tracked("lib/a.ts"));
        assert!(tree.has_dir("src") && !tree.has_dir("lib"));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_inside_the_tree_only() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        std::fs::create_dir_all(root.join("real")).unwrap();
        std::fs::write(root.join("real/a.py"), "").unwrap();
        std::os::unix::fs::symlink("real", root.join("link")).unwrap();
        std::os::unix::fs::symlink("/etc", root.join("out")).unwrap();
        std::os::unix::fs::symlink("loop", root.join("loop")).unwrap();
        let tree = Tree::disk(root, Limits::default()).unwrap();
        assert_eq!(tree.resolve("link/a.py"), tree.file("real/a.py"));
        assert!(tree.resolve("real/a.py").is_some());
        assert_eq!(tree.resolve("out/passwd"), None);
        assert_eq!(tree.resolve("loop"), None);
        assert!(tree.file("out/passwd").is_none());
    }
}
