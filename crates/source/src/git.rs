//! What git tracks, read from its index. Git itself is not run: its configuration may name programs.

use std::path::{Path, PathBuf};

/// The repository around a directory.
#[derive(Debug)]
pub(crate) struct Git {
    /// The top of its work tree.
    pub top: PathBuf,
    /// Tracked paths below the directory asked for, relative to it.
    pub tracked: Vec<String>,
    /// Submodules below it: their content is another repository's.
    pub submodules: Vec<String>,
}

/// Finds the repository that holds `root` and reads its index. `Ok(None)` outside a repository.
pub(crate) fn read(root: &Path) -> Result<Option<Git>, String> {
    let Some((top, git_dir)) = discover(root) else {
        return Ok(None);
    };
    let index = git_dir.join("index");
    if !index.exists() {
        return Ok(Some(Git { top, tracked: Vec::new(), submodules: Vec::new() }));
    }
    let prefix = root.strip_prefix(&top).map(|inside| inside.to_string_lossy().replace('\\', "/")).unwrap_or_default();
    let prefix = if prefix.is_empty() { prefix } else { prefix + "/" };
    // The index is untrusted input to a library: a panic there is a file we could not read, not our end.
    let file = std::panic::catch_unwind(|| {
        gix_index::File::at(&index, gix_index::hash::Kind::Sha1, true, gix_index::decode::Options::default())
    });
    let file = match file {
        Ok(Ok(file)) => file,
        Ok(Err(error)) => return Err(error.to_string()),
        Err(_) => return Err("it is damaged".into()),
    };
    let (mut tracked, mut submodules) = (Vec::new(), Vec::new());
    for entry in file.entries() {
        let path = String::from_utf8_lossy(entry.path(&file));
        let Some(path) = path.strip_prefix(&prefix).filter(|path| crate::scope::is_inside(path)) else { continue };
        if entry.mode == gix_index::entry::Mode::COMMIT {
            submodules.push(path.to_owned());
        } else {
            tracked.push(path.to_owned());
        }
    }
    Ok(Some(Git { top, tracked, submodules }))
}

/// The top of the work tree and the git directory; `.git` may be a file that names it (work trees, submodules).
fn discover(root: &Path) -> Option<(PathBuf, PathBuf)> {
    root.ancestors().find_map(|top| {
        let dot_git = top.join(".git");
        let kind = std::fs::metadata(&dot_git).ok()?;
        if kind.is_dir() {
            return Some((top.to_owned(), dot_git));
        }
        let text = std::fs::read_to_string(&dot_git).ok()?;
        let named = text.strip_prefix("gitdir:")?.trim();
        Some((top.to_owned(), top.join(named)))
    })
}
