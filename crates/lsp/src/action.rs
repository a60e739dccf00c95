//! What can be done about a finding.

use crate::check::Snapshot;
use crate::publish::Places;
use crate::uri;
use gen_lsp_types as lsp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twiceshy_lint::{Diagnostic, Fix, Safety};
use twiceshy_repo::FileId;
use twiceshy_source::Edit;

/// The kind of the action that applies every safe fix.
pub(crate) const FIX_ALL: &str = "source.fixAll.twiceshy";

/// What an action is about, for when its edits are asked for.
#[derive(Debug, Serialize, Deserialize)]
struct Data {
    /// The file whose findings it is about.
    uri: lsp::Uri,
    /// The finding; `None`: all of the file's.
    finding: Option<String>,
    /// Which of its fixes.
    fix: usize,
}

/// The file that an action of ours is about.
pub(crate) fn file(action: &lsp::CodeAction) -> Option<lsp::Uri> {
    data(action).map(|data| data.uri)
}

fn data(action: &lsp::CodeAction) -> Option<Data> {
    serde_json::from_value(action.data.clone()?).ok()
}

/// The actions for a range of a document.
pub(crate) fn actions(
    snapshot: &Snapshot,
    places: &Places<'_>,
    params: &lsp::CodeActionParams,
) -> Option<Vec<lsp::CodeAction>> {
    let file = snapshot.file(&params.text_document.uri)?;
    let wants = |kind: &str| match &params.context.only {
        None => true,
        Some(only) => only.iter().any(|only| {
            let only = String::from(only.clone());
            kind.strip_prefix(only.as_str())
                .is_some_and(|rest| only.is_empty() || rest.is_empty() || rest.starts_with('.'))
        }),
    };
    let resolves = snapshot.client.resolves_edits;
    let mut actions = Vec::new();
    if wants("quickfix") {
        for diagnostic in snapshot.report.diagnostics.iter().filter(|diagnostic| diagnostic.place.file == file) {
            let shown = places.diagnostic(diagnostic);
            if !touches(&shown.range, &params.range) {
                continue;
            }
            let mut is_first = true;
            for (at, fix) in diagnostic.fixes.iter().enumerate() {
                if !can_be_edited(places, &fix.edits) {
                    continue;
                }
                let is_safe = fix.safety == Safety::Safe;
                let data = Data {
                    uri: params.text_document.uri.clone(),
                    finding: Some(diagnostic.fingerprint.clone()),
                    fix: at,
                };
                actions.push(lsp::CodeAction {
                    title: fix.title.clone(),
                    kind: Some(lsp::CodeActionKind::QuickFix),
                    diagnostics: Some(vec![shown.clone()]),
                    // What a person has to decide on is never what happens without being looked at.
                    is_preferred: (is_safe && std::mem::take(&mut is_first)).then_some(true),
                    edit: if resolves { None } else { Some(edit(snapshot, places, &fix.edits)) },
                    data: if resolves { serde_json::to_value(data).ok() } else { None },
                    ..lsp::CodeAction::default()
                });
            }
        }
    }
    if wants(FIX_ALL) {
        let fixes = all_safe(snapshot, places, file);
        if !fixes.is_empty() {
            let data = Data { uri: params.text_document.uri.clone(), finding: None, fix: 0 };
            actions.push(lsp::CodeAction {
                title: "Apply all safe fixes of twiceshy".into(),
                kind: Some(FIX_ALL.to_owned().into()),
                edit: if resolves { None } else { Some(edit(snapshot, places, &fixes)) },
                data: if resolves { serde_json::to_value(data).ok() } else { None },
                ..lsp::CodeAction::default()
            });
        }
    }
    Some(actions)
}

/// An action with its edits. Without any, when the finding has gone in the meantime.
pub(crate) fn resolve(snapshot: &Snapshot, places: &Places<'_>, action: lsp::CodeAction) -> lsp::CodeAction {
    let edits = || {
        let data = data(&action)?;
        let Some(finding) = data.finding else {
            return Some(all_safe(snapshot, places, snapshot.file(&data.uri)?));
        };
        let diagnostic = snapshot.report.diagnostics.iter().find(|diagnostic| diagnostic.fingerprint == finding)?;
        diagnostic.fixes.get(data.fix).map(|fix| fix.edits.clone())
    };
    let edits = edits().filter(|edits| !edits.is_empty());
    lsp::CodeAction { edit: edits.map(|edits| edit(snapshot, places, &edits)), ..action }
}

/// The edits of the safe fixes of a file's findings that go together, each fix whole.
fn all_safe(snapshot: &Snapshot, places: &Places<'_>, file: FileId) -> Vec<Edit> {
    let of_file = snapshot.report.diagnostics.iter().filter(|diagnostic| diagnostic.place.file == file);
    let is_safe = |fix: &&Fix| fix.safety == Safety::Safe && can_be_edited(places, &fix.edits);
    let fixes = of_file.filter_map(|diagnostic: &Diagnostic| diagnostic.fixes.iter().find(is_safe));
    let mut edits: Vec<Edit> = Vec::new();
    for fix in fixes {
        if fix.edits.iter().all(|edit| edits.iter().all(|other| !clashes(edit, other))) {
            for edit in &fix.edits {
                if !edits.contains(edit) {
                    edits.push(edit.clone());
                }
            }
        }
    }
    edits
}

/// Whether two edits cannot both be made. The same edit twice is made once.
fn clashes(a: &Edit, b: &Edit) -> bool {
    let (x, y) = (a.place, b.place);
    a != b && x.file == y.file && ((x.start < y.end && y.start < x.end) || (x == y && x.start == x.end))
}

/// Of bytes that are not UTF-8, only a stand-in was read: an edit might not land where it is meant to.
fn can_be_edited(places: &Places<'_>, edits: &[Edit]) -> bool {
    edits.iter().all(|edit| places.text(edit.place.file).0.flaw().is_none())
}

fn touches(a: &lsp::Range, b: &lsp::Range) -> bool {
    a.start <= b.end && b.start <= a.end
}

fn edit(snapshot: &Snapshot, places: &Places<'_>, edits: &[Edit]) -> lsp::WorkspaceEdit {
    let mut by_file: BTreeMap<FileId, Vec<lsp::TextEdit>> = BTreeMap::new();
    for edit in edits {
        let text = lsp::TextEdit::new(places.range(edit.place), edit.text.clone());
        let of_file = by_file.entry(edit.place.file).or_default();
        if !of_file.contains(&text) {
            of_file.push(text);
        }
    }
    if !snapshot.client.edits_versions {
        let changes = by_file.into_iter().map(|(file, edits)| (places.uri(file), edits)).collect();
        return lsp::WorkspaceEdit { changes: Some(changes), ..lsp::WorkspaceEdit::default() };
    }
    let changes = by_file.into_iter().map(|(file, edits)| {
        let document = lsp::OptionalVersionedTextDocumentIdentifier::new(
            places.version(file),
            lsp::TextDocumentIdentifier::new(places.uri(file)),
        );
        lsp::TextDocumentEdit::new(document, edits.into_iter().map(Into::into).collect()).into()
    });
    lsp::WorkspaceEdit { document_changes: Some(changes.collect()), ..lsp::WorkspaceEdit::default() }
}

impl Snapshot {
    /// The file that a client names.
    pub fn file(&self, uri: &lsp::Uri) -> Option<FileId> {
        self.repo.tree.file(&self.root.inside(&uri::path(uri)?)?)
    }
}
