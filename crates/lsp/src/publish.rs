//! From the house's diagnostics to the protocol's.

use crate::client::Client;
use crate::root::Root;
use crate::text::Lines;
use gen_lsp_types as lsp;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use twiceshy_lint::{Diagnostic, Level, Report, Safety};
use twiceshy_repo::{FileId, Misconfigured, Place, Repo, Source};
use twiceshy_source::Edit;

/// The findings of a file.
pub(crate) type Found = Arc<Vec<lsp::Diagnostic>>;

/// The findings of each file that has any, by its path in the system.
pub(crate) type ByFile = BTreeMap<String, Found>;

/// A file's text and where its lines start.
type Text = Arc<(Arc<Source>, Lines)>;

/// Says where things stand, as the client counts.
pub(crate) struct Places<'a> {
    pub repo: &'a Repo,
    root: &'a Root,
    client: &'a Client,
    open: &'a BTreeMap<String, Open>,
    texts: RefCell<FxHashMap<FileId, Text>>,
}

/// A file that is open in the editor.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    /// As the client names it.
    pub uri: lsp::Uri,
    /// The state of it that was looked at.
    pub version: i32,
}

impl<'a> Places<'a> {
    pub fn new(repo: &'a Repo, root: &'a Root, client: &'a Client, open: &'a BTreeMap<String, Open>) -> Self {
        Self { repo, root, client, open, texts: RefCell::default() }
    }

    /// A file's text and lines; empty ones if it can no longer be read.
    pub fn text(&self, file: FileId) -> Text {
        let read = || {
            let source = self.repo.tree.source(file).unwrap_or_else(|_| Arc::new(Source::new("")));
            let lines = Lines::of(source.text(), self.client.encoding);
            Arc::new((source, lines))
        };
        self.texts.borrow_mut().entry(file).or_insert_with(read).clone()
    }

    /// Where a place is in its file.
    pub fn range(&self, place: Place) -> lsp::Range {
        let text = self.text(place.file);
        text.1.range(text.0.text(), place.range())
    }

    /// The file, as the client names it.
    pub fn uri(&self, file: FileId) -> lsp::Uri {
        let path = self.repo.tree.path(file);
        self.open.get(path).map_or_else(|| self.root.uri(path), |open| open.uri.clone())
    }

    /// The state of a file that was looked at, if it is open.
    pub fn version(&self, file: FileId) -> Option<i32> {
        self.open.get(self.repo.tree.path(file)).map(|open| open.version)
    }

    /// The place, as the client names it.
    pub fn location(&self, place: Place) -> lsp::Location {
        lsp::Location::new(self.uri(place.file), self.range(place))
    }

    /// A finding, as the protocol says it.
    pub fn diagnostic(&self, diagnostic: &Diagnostic) -> lsp::Diagnostic {
        let mut lines = vec![diagnostic.message.clone()];
        lines.extend((!diagnostic.label.is_empty()).then(|| format!("here: {}", diagnostic.label)));
        lines.extend(diagnostic.notes.iter().cloned());
        let mut related = Vec::new();
        for other in &diagnostic.related {
            if self.client.shows_related {
                related.push(lsp::DiagnosticRelatedInformation::new(self.location(other.place), other.message.clone()));
            } else {
                let line = self.range(other.place).start.line + 1;
                lines.push(format!("{}:{line}: {}", self.repo.tree.path(other.place.file), other.message));
            }
        }
        lsp::Diagnostic {
            range: self.range(diagnostic.place),
            severity: Some(match diagnostic.level {
                Level::Error => lsp::DiagnosticSeverity::Error,
                Level::Warn => lsp::DiagnosticSeverity::Warning,
                Level::Pedantic => lsp::DiagnosticSeverity::Information,
            }),
            code: Some(diagnostic.lint.clone().into()),
            code_description: Some(lsp::CodeDescription::new(page(&diagnostic.lint))),
            source: Some("twiceshy".into()),
            message: lines.join("\n").into(),
            tags: is_superfluous(diagnostic).then(|| vec![lsp::DiagnosticTag::Unnecessary]),
            related_information: (!related.is_empty()).then_some(related),
            data: Some(serde_json::json!({ "fingerprint": diagnostic.fingerprint })),
        }
    }

    /// All findings of a report, and what is wrong with the configuration.
    pub fn by_file(&self, report: &Report, mistakes: &[Misconfigured]) -> ByFile {
        let mut files: BTreeMap<String, Vec<lsp::Diagnostic>> = BTreeMap::new();
        for diagnostic in &report.diagnostics {
            let path = self.repo.tree.path(diagnostic.place.file);
            files.entry(path.to_owned()).or_default().push(self.diagnostic(diagnostic));
        }
        for wrong in mistakes {
            // What stands above the system, or outside of it, is for the command line to tell.
            let Some(file) = wrong.file else { continue };
            let path = self.repo.tree.path(file);
            files.entry(path.to_owned()).or_default().push(lsp::Diagnostic {
                range: self.range(Place::new(file, wrong.span)),
                severity: Some(lsp::DiagnosticSeverity::Error),
                code: Some("configuration".into()),
                source: Some("twiceshy".into()),
                message: wrong.what.clone().into(),
                ..lsp::Diagnostic::default()
            });
        }
        files.into_iter().map(|(path, found)| (path, Arc::new(found))).collect()
    }
}

/// Whether all that is wrong with it is that it stands there: the safe fix takes out the very place.
fn is_superfluous(diagnostic: &Diagnostic) -> bool {
    let takes_out = |edit: &Edit| {
        edit.text.is_empty() && edit.place.start <= diagnostic.place.start && diagnostic.place.end <= edit.place.end
    };
    let mut safe = diagnostic.fixes.iter().filter(|fix| fix.safety == Safety::Safe);
    safe.any(|fix| matches!(&fix.edits[..], [edit] if edit.place.file == diagnostic.place.file && takes_out(edit)))
}

/// Where a lint's page can be read.
fn page(lint: &str) -> lsp::Uri {
    let folder = lint.replace('-', "_");
    lsp::Uri(format!("https://github.com/twiceshy/twiceshy/blob/main/lints/{folder}/README.md"))
}
