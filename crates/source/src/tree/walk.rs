//! Lists what lies below a directory, but for what git ignores.
//!
//! Most files of a repository are tracked, and git's rules say nothing about those. So directories are held against the
//! rules while they are listed, and files only afterwards, when it is known what is tracked: of 7,400 files a few.

use super::{Entry, Kind, Skip, SkipReason};
use crate::disk;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rustc_hash::FxHashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What lies below a directory.
#[derive(Debug)]
pub(super) struct Listed {
    found: Vec<Found>,
    skipped: Vec<Skip>,
    rules: Everywhere,
}

/// What lies right in one directory.
#[derive(Debug)]
struct Found {
    entries: Vec<Entry>,
    rules: Arc<Rules>,
}

/// The rules of one directory.
#[derive(Debug, Default)]
struct Rules {
    /// Those of the directory above.
    above: Option<Arc<Rules>>,
    /// Its `.gitignore`.
    own: Option<Gitignore>,
    /// `info/exclude` of the repository whose top it is.
    exclude: Option<Gitignore>,
    /// Whether it is the top of a repository: what stands above is another one's.
    is_top: bool,
}

/// What holds in every directory.
#[derive(Debug)]
struct Everywhere {
    root: PathBuf,
    /// `core.excludesFile`
    global: Gitignore,
}

impl Listed {
    /// What lies below `root`, an absolute path, no deeper than `depth` levels; 1: right in it. What may be ignored is
    /// still there: see [`Listed::without_ignored`].
    pub(super) fn below(root: &Path, depth: Option<usize>) -> Self {
        let rules = Everywhere { root: root.to_owned(), global: Gitignore::global().0 };
        let gathered = Mutex::default();
        let walk = Walk { rules: &rules, depth: depth.unwrap_or(usize::MAX), gathered: &gathered };
        let top = Directory { path: root.to_owned(), relative: String::new(), is_utf8: true, depth: 0 };
        let above = Rules::above(root);
        rayon::scope(|scope| walk.visit(scope, top, above));
        let (found, skipped) = gathered.into_inner().unwrap_or_else(PoisonError::into_inner);
        Self { found, skipped, rules }
    }

    /// The entries that git tracks or does not ignore, and what was passed over.
    pub(super) fn without_ignored(self, tracked: &[String]) -> (Vec<Entry>, Vec<Skip>) {
        let tracked: FxHashSet<&str> = tracked.iter().map(String::as_str).collect();
        let mut entries = Vec::with_capacity(tracked.len());
        for found in self.found {
            let is_ours =
                |entry: &Entry| tracked.contains(&*entry.path) || !self.rules.ignore(&found.rules, &entry.path, false);
            entries.extend(found.entries.into_iter().filter(is_ours));
        }
        (entries, self.skipped)
    }
}

impl Everywhere {
    /// Whether git ignores what stands at `path`, given that it does not ignore the directory around it. The deepest file
    /// that says anything decides.
    fn ignore(&self, rules: &Rules, path: &str, is_directory: bool) -> bool {
        let path = self.root.join(path);
        let mut said = Match::None;
        let mut excluded = Match::None;
        let mut next = Some(rules);
        while let Some(rules) = next {
            if let Some(own) = rules.own.as_ref().filter(|_| said.is_none()) {
                said = own.matched(&path, is_directory);
            }
            if let Some(exclude) = rules.exclude.as_ref().filter(|_| excluded.is_none()) {
                excluded = exclude.matched(&path, is_directory);
            }
            next = rules.above.as_deref().filter(|_| !rules.is_top);
        }
        said.or(excluded).or(self.global.matched(&path, is_directory)).is_ignore()
    }
}

impl Rules {
    /// Those that the directories above `root` state for it.
    fn above(root: &Path) -> Arc<Self> {
        let mut above: Vec<&Path> = Vec::new();
        let is_top = |directory: &Path| directory.join(".git").exists();
        if !is_top(root) {
            for directory in root.ancestors().skip(1) {
                above.push(directory);
                if is_top(directory) {
                    break;
                }
            }
        }
        above.into_iter().rev().fold(Arc::default(), |above, directory| {
            let has_rules = directory.join(".gitignore").is_file();
            Self::of(directory, above, has_rules, is_top(directory))
        })
    }

    /// Those of a directory below `above`.
    fn of(directory: &Path, above: Arc<Self>, has_rules: bool, is_top: bool) -> Arc<Self> {
        if !has_rules && !is_top {
            return above;
        }
        let own = has_rules.then(|| read(directory, &directory.join(".gitignore")));
        let exclude = is_top.then(|| exclude(&directory.join(".git"))).flatten();
        let exclude = exclude.map(|path| read(directory, &path));
        Arc::new(Self { above: Some(above), own, exclude, is_top })
    }
}

/// The rules in the file at `path`, which hold in `directory`. A line that git would not understand either ignores
/// nothing, nor does a file that cannot be read.
fn read(directory: &Path, path: &Path) -> Gitignore {
    let mut builder = GitignoreBuilder::new(directory);
    let _ = builder.add(path);
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// `info/exclude` of the repository whose `.git` stands at `path`: a directory, or, in a linked work tree, a file that
/// names one.
fn exclude(path: &Path) -> Option<PathBuf> {
    let directory = match std::fs::read_to_string(path) {
        Ok(text) => path.parent()?.join(text.trim().strip_prefix("gitdir:")?.trim()),
        Err(_) => path.to_owned(),
    };
    let common = std::fs::read_to_string(directory.join("commondir"));
    let common = common.map_or_else(|_| directory.clone(), |common| directory.join(common.trim()));
    Some(common.join("info/exclude")).filter(|path| path.is_file())
}

struct Directory {
    path: PathBuf,
    /// Its path below the root.
    relative: String,
    /// Whether all names on it are.
    is_utf8: bool,
    depth: usize,
}

#[derive(Clone, Copy)]
struct Walk<'w> {
    rules: &'w Everywhere,
    depth: usize,
    gathered: &'w Mutex<(Vec<Found>, Vec<Skip>)>,
}

impl<'w> Walk<'w> {
    fn visit(self, scope: &rayon::Scope<'w>, directory: Directory, above: Arc<Rules>) {
        let mut skipped = Vec::new();
        let mut children = Vec::new();
        match std::fs::read_dir(&directory.path) {
            Ok(entries) => {
                for entry in entries {
                    match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                        Ok(child) => children.push(child),
                        Err(error) => skipped.push(unreadable(&directory.relative, &error)),
                    }
                }
            }
            Err(error) => skipped.push(unreadable(&directory.relative, &error)),
        }
        let has = |name: &str| children.iter().any(|(child, _)| child == name);
        let rules = Rules::of(&directory.path, above, has(".gitignore"), has(".git"));
        let mut entries = Vec::with_capacity(children.len());
        for (name, kind) in children {
            let is_unfinished = name.as_encoded_bytes().starts_with(disk::UNFINISHED.as_bytes());
            if name == ".git" || is_unfinished {
                continue;
            }
            let child = directory.child(name);
            if kind.is_dir() {
                if child.depth < self.depth && !self.rules.ignore(&rules, &child.relative, true) {
                    let rules = rules.clone();
                    scope.spawn(move |scope| self.visit(scope, child, rules));
                }
                continue;
            }
            let kind = if kind.is_file() {
                Some(Kind::File)
            } else if kind.is_symlink() {
                let target = std::fs::read_link(&child.path).ok();
                target.map(|target| Kind::Link(target.to_string_lossy().into_owned()))
            } else {
                None
            };
            let reason = match kind {
                Some(kind) if child.is_utf8 => {
                    entries.push(Entry::new(child.relative, kind));
                    continue;
                }
                Some(_) => SkipReason::Name,
                None => SkipReason::Special,
            };
            if !self.rules.ignore(&rules, &child.relative, false) {
                skipped.push(Skip { path: child.relative, reason });
            }
        }
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.0.push(Found { entries, rules });
        gathered.1.append(&mut skipped);
    }
}

impl Directory {
    fn child(&self, name: OsString) -> Self {
        let text = name.to_string_lossy();
        let relative = if self.relative.is_empty() { text.into_owned() } else { format!("{}/{text}", self.relative) };
        let is_utf8 = self.is_utf8 && name.to_str().is_some();
        Self { path: self.path.join(name), relative, is_utf8, depth: self.depth + 1 }
    }
}

fn unreadable(path: &str, error: &std::io::Error) -> Skip {
    Skip { path: path.to_owned(), reason: SkipReason::Unreadable(error.kind().to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn ours(root: &Path, depth: Option<usize>) -> BTreeSet<String> {
        let (entries, skipped) = Listed::below(root, depth).without_ignored(&[]);
        assert_eq!(skipped, []);
        entries.into_iter().map(|entry| entry.path.to_string()).collect()
    }

    fn of_the_library(root: &Path, depth: Option<usize>) -> BTreeSet<String> {
        let mut walk = ignore::WalkBuilder::new(root);
        walk.hidden(false).ignore(false).require_git(false).max_depth(depth);
        walk.filter_entry(|entry| entry.file_name() != ".git");
        let entries = walk.build().map(Result::unwrap).filter(|entry| entry.file_type().is_some_and(|it| !it.is_dir()));
        entries.map(|entry| entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_same_files_are_listed_as_by_the_librarys_walk() {
        const NAMES: &[&str] = &["a", "b", "logs", "x.log", ".env", "data", "build"];
        const RULES: &[&str] =
            &["a", "/a", "*.log", "!x.log", "data/", "/data/*", "**/b", "logs/**", "!logs/a", ".env", "!/b", "build/a"];
        let mut state: u64 = 0x7477_6963;
        let mut below = |end: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % end as u64) as usize
        };
        let mut seen = 0;
        for _ in 0..150 {
            let around = tempfile::tempdir().unwrap();
            let top = around.path().canonicalize().unwrap();
            for _ in 0..14 {
                let mut path = top.clone();
                for _ in 0..=below(3) {
                    path.push(NAMES[below(NAMES.len())]);
                }
                // One name may be a file and a directory in turn.
                let _ = std::fs::create_dir_all(path.parent().unwrap()).and_then(|()| std::fs::write(&path, ""));
                let directory = path.parent().unwrap();
                let rules: String = (0..below(3)).map(|_| format!("{}\n", RULES[below(RULES.len())])).collect();
                if !rules.is_empty() {
                    let _ = std::fs::write(directory.join(".gitignore"), &rules);
                }
            }
            if below(2) == 0 {
                std::fs::create_dir_all(top.join(".git/info")).unwrap();
                std::fs::write(top.join(".git/info/exclude"), RULES[below(RULES.len())]).unwrap();
            }
            // Also from a directory below rules.
            for root in [top.clone(), top.join("data")].into_iter().filter(|root| root.is_dir()) {
                for depth in [None, Some(1), Some(2)] {
                    let listed = ours(&root, depth);
                    seen += listed.len();
                    assert_eq!(listed, of_the_library(&root, depth), "{}", root.display());
                }
            }
        }
        assert!(seen > 1_000, "{seen}");
    }

    #[test]
    fn what_is_tracked_is_listed_whatever_rules_say() {
        let around = tempfile::tempdir().unwrap();
        let root = around.path().canonicalize().unwrap();
        for (path, text) in [(".gitignore", "*.log\n/out/\n"), ("a.log", ""), ("b.log", ""), ("out/c", "")] {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), text).unwrap();
        }
        let tracked = ["a.log".to_owned(), "out/c".to_owned()];
        let (entries, _) = Listed::below(&root, None).without_ignored(&tracked);
        let mut paths: Vec<_> = entries.iter().map(|entry| &*entry.path).collect();
        paths.sort_unstable();
        // What lies in an ignored directory is added from the index, where it is known.
        assert_eq!(paths, [".gitignore", "a.log"]);
    }
}
