//! What of a report is shown: the part that was asked for, with the sources it points into.

use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::sync::Arc;
use twiceshy_lint::{Diagnostic, Entry, Report};
use twiceshy_repo::Repo;
use twiceshy_source::{FileId, Place, Position, Scope, Skip, Source};

/// A report about a repository, cut to a scope.
pub(crate) struct View<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// All of the report.
    pub report: &'a Report,
    /// What was asked for.
    pub scope: &'a Scope,
    /// Every lint.
    pub lints: &'a [Entry],
    /// The findings that touch what was asked for.
    pub diagnostics: Vec<&'a Diagnostic>,
    sources: RefCell<FxHashMap<FileId, Arc<Source>>>,
}

impl<'a> View<'a> {
    /// The part of `report` that touches `scope`.
    pub fn new(repo: &'a Repo, report: &'a Report, scope: &'a Scope, lints: &'a [Entry]) -> Self {
        let touches = |diagnostic: &&Diagnostic| {
            let related = diagnostic.related.iter().map(|related| related.place);
            let edits = diagnostic.fixes.iter().flat_map(|fix| &fix.edits).map(|edit| edit.place);
            let mut places = std::iter::once(diagnostic.place).chain(related).chain(edits);
            places.any(|place| scope.covers(repo.tree.path(place.file)))
        };
        let diagnostics = report.diagnostics.iter().filter(touches).collect();
        Self { repo, report, scope, lints, diagnostics, sources: RefCell::default() }
    }

    /// The findings as people want them: the worst first, those of one file together.
    pub fn worst_first(&self) -> Vec<&'a Diagnostic> {
        let mut sorted = self.diagnostics.clone();
        // A stable sort: findings that are equally bad stay in the order of their paths and places.
        sorted.sort_by_key(|diagnostic| (diagnostic.level, diagnostic.group));
        sorted
    }

    /// What was asked for and not seen.
    pub fn skipped(&self) -> Vec<&'a Skip> {
        // A path that could not even be listed may hide anything, whatever was asked for.
        self.report.skipped.iter().filter(|skip| skip.path.is_empty() || self.scope.covers(&skip.path)).collect()
    }

    /// The text of a file, secrets blotted out; an empty one if it can no longer be read.
    pub fn source(&self, file: FileId) -> Arc<Source> {
        let read = || {
            let source = self.repo.tree.source(file).unwrap_or_else(|_| Arc::new(Source::new("")));
            let secrets: Vec<Place> =
                self.report.concealed.iter().copied().filter(|place| place.file == file).collect();
            if secrets.is_empty() { source } else { Arc::new(Source::new(blotted(source.text(), &secrets))) }
        };
        self.sources.borrow_mut().entry(file).or_insert_with(read).clone()
    }

    /// A file's path, relative to the root.
    pub fn path(&self, file: FileId) -> &'a str {
        self.repo.tree.path(file)
    }

    /// A file's path, as a person at the current directory would write it.
    pub fn shown(&self, file: FileId) -> String {
        self.scope.show(self.path(file))
    }

    /// A file's path from the top of the repository, as CI systems know it.
    pub fn path_in_repository(&self, file: FileId) -> String {
        format!("{}{}", self.scope.inside, self.path(file))
    }

    /// Where a place begins and ends, as people count.
    pub fn positions(&self, place: Place) -> (Position, Position) {
        let source = self.source(place.file);
        (source.position(place.start), source.position(place.end))
    }
}

/// How much of a secret is shown, so that its owner knows which one it is, where it is long.
const SHOWN: usize = 4;
/// How long a secret is of which that much may be shown.
const LONG: usize = 20;

/// The text with a `*` for each byte of the secrets, so that all places stay where they are.
fn blotted(text: &str, secrets: &[Place]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for place in secrets {
        let Some(secret) = text.get(place.range()) else { continue };
        let shown = if secret.len() >= LONG && secret.is_char_boundary(SHOWN) { SHOWN } else { 0 };
        for (byte, at) in secret.bytes().zip(place.range()).skip(shown) {
            if let Some(blot) = bytes.get_mut(at).filter(|_| !matches!(byte, b'\n' | b'\r')) {
                *blot = b'*';
            }
        }
    }
    // Whole characters were replaced, each byte by an ASCII one.
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_blotted_out_and_everything_stays_where_it_is() {
        let text = "A=kZq7Rw2mXv9TbN4cLs8H\nB=pä§w\nC=d\n";
        let place = |start: usize, end: usize| Place { file: FileId(0), start: start as u32, end: end as u32 };
        let (long, short) = (place(2, 22), place(25, 31));
        assert_eq!(&text[short.range()], "pä§w");
        assert_eq!(blotted(text, &[long, short]), "A=kZq7****************\nB=******\nC=d\n");
    }
}
