//! From the paths that a person names to the system that is checked.

use crate::OpenError;
use std::path::{Path, PathBuf};

/// What to check: a directory, and of what is found there, which part was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The directory that holds the system, absolute and without symbolic links.
    pub root: PathBuf,
    /// What was asked for, relative to the root; empty: everything.
    pub only: Vec<String>,
    /// Those of them that are not directories.
    pub files: Vec<String>,
    /// How a person at the current directory reaches the root: `""`, or a path that ends in `/`.
    pub shown: String,
    /// Where the root stands in its git work tree: `""` (also outside of one), or a path that ends in `/`.
    pub inside: String,
}

impl Scope {
    /// A directory is the system to check. Of a file the system is the repository around it, or else its directory.
    /// Several paths: the closest directory that holds them all.
    ///
    /// # Errors
    /// When a path is missing or unreadable, or when the paths are not part of one system.
    pub fn of(paths: &[PathBuf]) -> Result<Self, OpenError> {
        let mut named = Vec::with_capacity(paths.len());
        for path in paths {
            let absolute = path.canonicalize().map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => OpenError::Missing(path.clone()),
                _ => OpenError::Io(path.clone(), error),
            })?;
            let root = if absolute.is_dir() {
                absolute.clone()
            } else {
                let directory = absolute.parent().unwrap_or(Path::new("/"));
                repository(directory).unwrap_or_else(|| directory.to_owned())
            };
            named.push((absolute, root));
        }
        let Some((_, first)) = named.first() else {
            return Self::of(&[PathBuf::from(".")]);
        };
        let mut root = first.clone();
        for (path, other) in &named {
            while !other.starts_with(&root) && root.pop() {}
            // Two repositories are two systems, and nobody means all of a disk.
            if (named.len() > 1 && root.parent().is_none()) || repository(first) != repository(other) {
                return Err(OpenError::Apart(first.clone(), path.clone()));
            }
        }
        let relative = |path: &Path| path.strip_prefix(&root).map(slashed).unwrap_or_default();
        let mut only: Vec<String> = named.iter().map(|(path, _)| relative(path)).collect();
        if only.iter().any(String::is_empty) {
            only.clear();
        }
        let files = named.iter().filter(|(path, _)| !path.is_dir()).map(|(path, _)| relative(path)).collect();
        let inside = repository(&root).and_then(|top| root.strip_prefix(top).ok().map(slashed)).unwrap_or_default();
        let shown = if paths.iter().any(|path| path.is_absolute()) { slashed(&root) } else { from_here(&root) };
        Ok(Self { only, files, shown: as_prefix(shown), inside: as_prefix(inside), root })
    }

    /// Whether `path`, relative to the root, is part of what was asked for.
    pub fn covers(&self, path: &str) -> bool {
        self.only.is_empty()
            || self.only.iter().any(|only| {
                path.strip_prefix(only.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    }

    /// `path`, relative to the root, as a person at the current directory would write it.
    pub fn show(&self, path: &str) -> String {
        // `../deploy/x` seen from `deploy` is `x`.
        let here = std::env::current_dir().ok().and_then(|here| here.canonicalize().ok());
        if let Some(inside) = here.as_deref().and_then(|here| here.strip_prefix(&self.root).ok())
            && self.shown.starts_with("..")
            && let Some(rest) = path.strip_prefix(&as_prefix(slashed(inside)))
        {
            return rest.to_owned();
        }
        format!("{}{path}", self.shown)
    }
}

/// The top of the git work tree around a file, as `file` names it: symbolic links on the way stay.
pub fn repository_around(file: &Path) -> Option<PathBuf> {
    repository(file.parent()?)
}

/// The top of the git work tree around a directory.
fn repository(directory: &Path) -> Option<PathBuf> {
    directory.ancestors().find(|top| top.join(".git").exists()).map(Path::to_owned)
}

/// The way from the current directory to `root`.
fn from_here(root: &Path) -> String {
    let Some(here) = std::env::current_dir().ok().and_then(|here| here.canonicalize().ok()) else {
        return slashed(root);
    };
    let mut shared = here.as_path();
    let mut up = String::new();
    while !root.starts_with(shared) {
        up.push_str("../");
        let Some(parent) = shared.parent() else { return slashed(root) };
        shared = parent;
    }
    up + &root.strip_prefix(shared).map(slashed).unwrap_or_default()
}

fn as_prefix(path: String) -> String {
    if path.is_empty() || path.ends_with('/') { path } else { path + "/" }
}

fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}

/// Whether `path`, as git's index gives it, stays in the directory it is relative to.
pub(crate) fn is_inside(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir_all, write};

    fn place() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        create_dir_all(dir.path().join("repo/.git")).unwrap();
        create_dir_all(dir.path().join("repo/deploy/db")).unwrap();
        create_dir_all(dir.path().join("other/.git")).unwrap();
        write(dir.path().join("repo/deploy/compose.yml"), "").unwrap();
        write(dir.path().join("other/compose.yml"), "").unwrap();
        dir
    }

    fn scope(dir: &tempfile::TempDir, paths: &[&str]) -> Result<Scope, OpenError> {
        Scope::of(&paths.iter().map(|path| dir.path().join(path)).collect::<Vec<_>>())
    }

    #[test]
    fn a_directory_is_the_system_and_a_file_is_part_of_its_repository() {
        let dir = place();
        let deploy = scope(&dir, &["repo/deploy"]).unwrap();
        assert!(deploy.root.ends_with("repo/deploy") && deploy.only.is_empty());
        assert_eq!(deploy.inside, "deploy/");
        let file = scope(&dir, &["repo/deploy/compose.yml"]).unwrap();
        assert!(file.root.ends_with("repo"));
        assert_eq!((file.only.as_slice(), file.inside.as_str()), (&["deploy/compose.yml".to_owned()][..], ""));
        assert!(file.covers("deploy/compose.yml") && !file.covers("deploy/compose.yml2") && !file.covers("x"));
    }

    #[test]
    fn several_paths_share_the_closest_directory() {
        let dir = place();
        let both = scope(&dir, &["repo/deploy/db", "repo/deploy/compose.yml"]).unwrap();
        assert!(both.root.ends_with("repo"));
        assert_eq!(both.only, ["deploy/db", "deploy/compose.yml"]);
        let all = scope(&dir, &["repo", "repo/deploy"]).unwrap();
        assert!(all.only.is_empty() && all.covers("anything"));
    }

    #[test]
    fn paths_of_two_repositories_are_two_systems() {
        let dir = place();
        assert!(matches!(scope(&dir, &["repo", "other/compose.yml"]), Err(OpenError::Apart(..))));
        assert!(matches!(scope(&dir, &["repo", "missing"]), Err(OpenError::Missing(_))));
    }

    #[test]
    fn an_index_cannot_name_what_lies_outside() {
        assert!(is_inside("a/b") && !is_inside("../a") && !is_inside("/etc/passwd") && !is_inside("a/../../b"));
    }
}
