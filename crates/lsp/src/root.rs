//! The directory of a system, as the client names it.

use crate::uri;
use gen_lsp_types::Uri;
use std::path::{Path, PathBuf};
use twiceshy_source::{Limits, Look, OpenError};

/// The directory of a system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Root {
    /// Where it is, as the client names it; there may be symbolic links on the way.
    pub directory: PathBuf,
    /// Whether only the files right in it belong to the system, which has no repository around it.
    pub is_flat: bool,
}

impl Root {
    /// A directory with everything below it.
    pub fn folder(directory: PathBuf) -> Self {
        Self { directory, is_flat: false }
    }

    /// The system of a file that belongs to no folder of the workspace: the repository around it. Outside of any, what stands
    /// beside it: that directory may be somebody's home, of which nobody wants to see everything.
    pub fn around(file: &Path) -> Self {
        match twiceshy_source::repository_around(file) {
            Some(top) => Self::folder(top),
            None => Self { directory: file.parent().unwrap_or(file).to_owned(), is_flat: true },
        }
    }

    /// A file's path in the system; `None` for files outside of it.
    pub fn inside(&self, path: &Path) -> Option<String> {
        let inside = path.strip_prefix(&self.directory).ok()?.to_str()?;
        let inside = if cfg!(windows) { inside.replace('\\', "/") } else { inside.to_owned() };
        let is_below = self.is_flat && inside.contains('/');
        (!inside.is_empty() && !is_below).then_some(inside)
    }

    /// Its name, for people.
    pub fn name(&self) -> String {
        let name = self.directory.file_name().unwrap_or(self.directory.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// The URI of the file at `path` in the system.
    pub fn uri(&self, path: &str) -> Uri {
        uri::of(&self.directory.join(path))
    }

    /// Lists its files.
    pub fn look(&self) -> Result<Look, OpenError> {
        if self.is_flat {
            Look::beside(&self.directory, Limits::default())
        } else {
            Look::at(&self.directory, Limits::default())
        }
    }
}
