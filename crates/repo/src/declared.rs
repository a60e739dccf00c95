//! What stands at a place, and where it is declared: for a person who reads a file and wants to see the other one.

mod files;
mod services;
mod variables;
mod workflows;

use crate::Repo;
use std::cell::RefCell;
use twiceshy_source::{FileId, Place};

/// Something that is declared somewhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// What stands there.
    pub place: Place,
    /// Where it is declared; of a declaration, where it is used. Each once, by file and place.
    pub at: Vec<Place>,
}

/// A byte of a file, and what was found to stand there.
struct Search {
    file: FileId,
    offset: u32,
    found: RefCell<Vec<Declared>>,
}

impl Repo {
    /// What stands at the byte `offset` of `file`, if it is declared somewhere: a service's name, a variable, what a `COPY`
    /// takes, a workflow, a job, a revision, a file that a command names.
    pub fn declared(&self, file: FileId, offset: u32) -> Option<Declared> {
        let search = Search { file, offset, found: RefCell::default() };
        self.declared_services(&search);
        self.declared_variables(&search);
        self.declared_workflows(&search);
        self.declared_revisions(&search);
        if search.found.borrow().is_empty() {
            self.declared_files(&search);
        }
        // The narrowest says most: a host in a URL in a command.
        let found = search.found.into_inner();
        let narrowest = found.iter().map(|found| found.place.end - found.place.start).min()?;
        let mut all = found.into_iter().filter(|found| found.place.end - found.place.start == narrowest);
        let mut first = all.next()?;
        first.at.extend(all.flat_map(|other| other.at));
        first.at.sort();
        first.at.dedup();
        Some(first)
    }
}

impl Search {
    /// Whether the byte is one of `place`, or the one right after it: where a cursor stands behind a word.
    fn is_at(&self, place: Place) -> bool {
        place.file == self.file && (place.start..=place.end).contains(&self.offset)
    }

    /// Says that what stands at `place` is declared at these places.
    fn says(&self, place: Place, at: impl IntoIterator<Item = Place>) {
        let at: Vec<Place> = at.into_iter().filter(|other| *other != place).collect();
        if !at.is_empty() {
            self.found.borrow_mut().push(Declared { place, at });
        }
    }
}

/// The start of a file.
fn start(file: FileId) -> Place {
    Place { file, start: 0, end: 0 }
}

#[cfg(test)]
mod tests;
