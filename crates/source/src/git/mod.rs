//! What git knows of a directory, read from git's own files. Git itself is not run: its configuration may name programs.

pub(crate) mod blob;
mod difference;
mod error;
mod objects;
mod repository;
mod revision;

pub(crate) use difference::{Difference, of_disk, of_index};
pub use error::GitError;
pub(crate) use objects::{Objects, missing};
pub(crate) use repository::{Next, Repository, Stored, What};

use std::path::{Path, PathBuf};

/// What is tracked below a directory.
#[derive(Debug)]
pub(crate) struct Git {
    /// The top of its work tree.
    pub top: PathBuf,
    /// Tracked paths below the directory asked for, relative to it.
    pub tracked: Vec<String>,
    /// Submodules below it: their content is another repository's.
    pub submodules: Vec<String>,
}

/// The git directory of the repository around `directory`, an absolute path.
pub(crate) fn directory(directory: &Path) -> Option<PathBuf> {
    Repository::around(directory).map(|repository| repository.directory)
}

/// Finds the repository that holds `root` and reads its index. `Ok(None)` outside a repository.
pub(crate) fn read(root: &Path) -> Result<Option<Git>, String> {
    let Some(repository) = Repository::around(root) else {
        return Ok(None);
    };
    let index = match repository.index() {
        Ok(index) => index,
        Err(GitError::Damaged { why, .. } | GitError::Unsupported(why)) => return Err(why),
        Err(error) => return Err(error.to_string()),
    };
    let (mut tracked, mut submodules) = (Vec::new(), Vec::new());
    for (path, mode) in index.paths(&repository.prefix) {
        let into = if mode == gix_index::entry::Mode::COMMIT { &mut submodules } else { &mut tracked };
        into.push(path);
    }
    Ok(Some(Git { top: repository.top, tracked, submodules }))
}
