//! The kinds of documents; documents of one kind, shared between the states of a repository.

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::sync::Arc;
use twiceshy_source::FileId;
use twiceshy_syntax::Flaw;

/// Documents of one kind, in the order of their files. Another state of the repository shares those whose files did not
/// change, and what was found out about each alone.
#[derive(Debug)]
pub struct Documents<T>(Vec<Arc<T>>);

impl<T> Documents<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All, in order.
    pub fn iter(&self) -> Iter<'_, T> {
        Self::each(&self.0)
    }

    fn each(documents: &[Arc<T>]) -> Iter<'_, T> {
        documents.iter().map(|document| &**document)
    }

    /// The one at a position.
    pub fn get(&self, at: usize) -> Option<&T> {
        self.0.get(at).map(|document| &**document)
    }

    /// These.
    pub(crate) fn all(documents: Vec<Arc<T>>) -> Self {
        Self(documents)
    }

    pub(crate) fn replace(&mut self, at: usize, document: T) {
        if let Some(place) = self.0.get_mut(at) {
            *place = Arc::new(document);
        }
    }
}

impl<T: Send + Sync> Documents<T> {
    /// All, in order, for several threads.
    pub fn par_iter(&self) -> impl IndexedParallelIterator<Item = &T> {
        self.0.par_iter().map(|document| &**document)
    }
}

impl<T: OfFile> Documents<T> {
    /// The position of one of the documents that `file` holds.
    pub fn position(&self, file: FileId) -> Option<usize> {
        self.0.binary_search_by_key(&file, |document| document.file()).ok()
    }

    /// Those that `file` holds.
    pub(crate) fn of_file(&self, file: FileId) -> Iter<'_, T> {
        let start = self.0.partition_point(|document| document.file() < file);
        let end = self.0.partition_point(|document| document.file() <= file);
        Self::each(&self.0[start..end])
    }

    /// The document that `file` is.
    pub fn of(&self, file: FileId) -> Option<&T> {
        self.get(self.position(file)?)
    }

    /// Those of other files.
    pub(crate) fn without(&self, files: &FxHashSet<FileId>) -> Self {
        Self(self.0.iter().filter(|document| !files.contains(&document.file())).cloned().collect())
    }

    pub(crate) fn add(&mut self, documents: Vec<T>) {
        if documents.is_empty() {
            return;
        }
        self.0.extend(documents.into_iter().map(Arc::new));
        // The documents of one file stay in the order in which they stand in it.
        self.0.sort_by_key(|document| document.file());
    }
}

impl<T> Default for Documents<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> std::ops::Index<usize> for Documents<T> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        &self.0[at]
    }
}

/// The documents, one after the other.
pub type Iter<'a, T> = std::iter::Map<std::slice::Iter<'a, Arc<T>>, fn(&'a Arc<T>) -> &'a T>;

impl<'a, T> IntoIterator for &'a Documents<T> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// A document that knows in which file it stands.
pub trait OfFile {
    /// The file.
    fn file(&self) -> FileId;
}

/// Every kind of document, once.
macro_rules! kinds {
    ($($(#[$doc:meta])* $seen:vis $name:ident: $kind:ty,)*) => {
        /// What became of a file: the documents it holds, its own and embedded ones, and what was not understood.
        #[derive(Debug, Default)]
        pub struct Lowered {
            $($(#[$doc])* $seen $name: Vec<$kind>,)*
            /// What was not understood.
            pub flaws: Vec<Flaw>,
        }

        impl Lowered {
            pub(crate) fn absorb(&mut self, other: Self) {
                $(self.$name.extend(other.$name);)*
            }
        }

        /// All documents of a repository, each kind in the order of the files.
        #[derive(Debug, Default)]
        pub struct Shelf {
            $($(#[$doc])* $seen $name: Documents<$kind>,)*
        }

        impl Shelf {
            pub(crate) fn add(&mut self, lowered: Lowered) {
                $(self.$name.add(lowered.$name);)*
            }

            /// The documents of all other files.
            pub(crate) fn without(&self, files: &FxHashSet<FileId>) -> Self {
                Self { $($name: self.$name.without(files),)* }
            }
        }

        $(impl OfFile for $kind {
            fn file(&self) -> FileId {
                self.file
            }
        })*
    };
}

kinds! {
    /// Compose files, as written.
    pub compose: crate::Compose,
    /// Dockerfiles.
    pub dockerfiles: crate::Dockerfile,
    /// Ignore files of Docker.
    pub dockerignores: crate::DockerIgnore,
    /// Scripts: files and embedded ones.
    pub scripts: crate::Script,
    /// Workflows.
    pub workflows: crate::Workflow,
    /// Actions of GitHub's.
    pub actions: crate::Action,
    /// SQL files.
    pub sql: crate::Sql,
    /// Python modules; migrations are among them, and once more in `migrations`.
    pub python: crate::Python,
    /// Alembic's revisions.
    pub migrations: crate::Migration,
    /// JavaScript and TypeScript modules.
    pub node: crate::Node,
    /// Files that modules append to and never shorten.
    pub log_files: crate::LogFile,
    /// `package.json` files.
    pub node_packages: crate::NodePackage,
    /// `tsconfig.json` files.
    pub tsconfigs: crate::TsConfig,
    /// Env files.
    pub env: crate::Env,
    /// Lists of Python requirements.
    pub requirements: crate::Requirements,
    /// Credentials that are known by how they look.
    pub tokens: crate::Token,
    /// Files that say what leads where.
    pub routings: crate::Routing,
    /// Comments that speak to twiceshy.
    pub remarks: crate::Remark,
}
