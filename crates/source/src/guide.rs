//! Files that say how a tree is to be read: in its root, above it, or one that was named.

use crate::{FileId, Limits, OpenError, Source, Tree, disk};
use std::path::Path;
use std::sync::Arc;

/// Where a tree looks for such files.
#[derive(Clone, Debug, Default)]
pub enum Guide {
    /// In its root, then in each directory above it up to the top of the git work tree.
    #[default]
    Upwards,
    /// Nowhere.
    Nowhere,
    /// This one counts, whatever stands elsewhere.
    File {
        /// As a person wrote it.
        path: String,
        /// Its text.
        source: Arc<Source>,
        /// As [`Guiding::inside`].
        inside: String,
    },
}

impl Guide {
    /// Reads a file that was named.
    ///
    /// # Errors
    /// When it is missing or cannot be read as text.
    pub fn file(path: &Path) -> Result<Self, OpenError> {
        if !path.exists() {
            return Err(OpenError::Missing(path.to_owned()));
        }
        match disk::read(path, Limits::default()) {
            Ok(source) => {
                let path = path.to_string_lossy().into_owned();
                Ok(Self::File { path, source: Arc::new(source), inside: String::new() })
            }
            Err(reason) => Err(OpenError::Io(path.to_owned(), std::io::Error::other(reason.to_string()))),
        }
    }
}

/// A file that was found so.
#[derive(Clone, Debug)]
pub struct Guiding {
    /// Its path, relative to the tree's root; `../x` above it.
    pub path: String,
    /// The file of the tree, where it is one.
    pub file: Option<FileId>,
    /// Its text.
    pub source: Arc<Source>,
    /// The way from the file's directory to the tree's root: `""`, or a path that ends in `/`.
    pub inside: String,
}

impl Tree {
    /// The same tree, which looks for such files elsewhere.
    #[must_use]
    pub fn guided_by(mut self, guide: Guide) -> Self {
        self.guide = guide;
        self
    }

    /// Where it looks for such files.
    pub fn guide(&self) -> &Guide {
        &self.guide
    }

    /// Files of these names, by directory, the closest first.
    pub fn guiding<'t>(&'t self, names: &'t [&str]) -> impl Iterator<Item = Vec<Guiding>> + 't {
        let (named, looks) = match &self.guide {
            Guide::Upwards => (None, true),
            Guide::Nowhere => (None, false),
            Guide::File { path, source, inside } => (
                Some(Guiding { path: path.clone(), file: None, source: source.clone(), inside: inside.clone() }),
                false,
            ),
        };
        let own = looks.then(|| {
            let found = names.iter().filter_map(|name| {
                let file = self.resolve(name)?;
                let source = self.source(file).ok()?;
                Some(Guiding { path: (*name).to_owned(), file: Some(file), source, inside: String::new() })
            });
            found.collect()
        });
        let above = self.above.iter().filter(move |_| looks).enumerate().map(|(steps, directory)| {
            let inside = self.root.as_deref().and_then(|root| root.strip_prefix(directory).ok());
            let inside = inside.map(|inside| inside.to_string_lossy().replace('\\', "/") + "/").unwrap_or_default();
            let found = names.iter().filter_map(|name| {
                let source = Arc::new(disk::read(&directory.join(name), self.limits).ok()?);
                let path = format!("{}{name}", "../".repeat(steps + 1));
                Some(Guiding { path, file: None, source, inside: inside.clone() })
            });
            found.collect()
        });
        named.map(|named| vec![named]).into_iter().chain(own).chain(above)
    }
}
