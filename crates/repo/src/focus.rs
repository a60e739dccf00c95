//! Of which file somebody wants to know what is wrong with it.

use crate::documents::{Documents, Iter, OfFile};
use crate::{Project, Repo, Script};
use rustc_hash::FxHashSet;
use twiceshy_source::FileId;

/// Of which file somebody wants to know what is wrong with it. Who answers may leave out whatever cannot stand there, and
/// need not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    /// Of all.
    #[default]
    All,
    /// Of this one.
    On(FileId),
}

impl Focus {
    /// Whether what stands in `file` is asked for.
    pub fn is_on(self, file: FileId) -> bool {
        match self {
            Self::All => true,
            Self::On(own) => own == file,
        }
    }
}

impl<T: OfFile> Documents<T> {
    /// Those of the file that is asked about.
    pub fn within(&self, focus: Focus) -> Iter<'_, T> {
        match focus {
            Focus::All => self.iter(),
            Focus::On(file) => self.of_file(file),
        }
    }
}

impl Repo {
    /// The scripts whose runs lead through the file that is asked about: its own, and those that read one of them.
    pub fn scripts_through(&self, focus: Focus) -> Vec<&Script> {
        if focus == Focus::All {
            return self.scripts.iter().collect();
        }
        let own = self.scripts.within(focus);
        let readers = own.flat_map(|script| self.scripts_reading(script)).map(std::ptr::from_ref);
        let readers: FxHashSet<*const Script> = readers.collect();
        let leads_through =
            |script: &&Script| focus.is_on(script.file) || readers.contains(&std::ptr::from_ref(*script));
        self.scripts.iter().filter(leads_through).collect()
    }

    /// The projects of the file that is asked about, and those that share files with them: what is said of a service in one
    /// may hang on what holds in another. None where it is no project's.
    pub fn projects_of(&self, focus: Focus) -> Vec<&Project> {
        let Focus::On(file) = focus else { return self.projects.iter().collect() };
        let mut files: FxHashSet<FileId> = FxHashSet::from_iter([file]);
        loop {
            let before = files.len();
            let shares = |project: &&Project| project.files.iter().any(|file| files.contains(file));
            let found: Vec<&Project> = self.projects.iter().filter(shares).collect();
            files.extend(found.iter().flat_map(|project| &project.files));
            if files.len() == before {
                return found;
            }
        }
    }

    /// The same; all where it is no project's, since anything may be named by one.
    pub fn projects_around(&self, focus: Focus) -> Vec<&Project> {
        let own = self.projects_of(focus);
        if own.is_empty() { self.projects.iter().collect() } else { own }
    }
}
