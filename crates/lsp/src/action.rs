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
    /// What is done.
    deed: Deed,
}

/// What an action does.
#[derive(Debug, Serialize, Deserialize)]
enum Deed {
    /// Applies a fix of a finding, which is named by its fingerprint.
    Fix(String, usize),
    /// Writes a comment that suppresses a finding.
    Ignore(String),
    /// Applies all safe fixes of the file.
    FixAll,
}

/// What stands in place of the reason that only a person knows.
const REASON: &str = "say here why this is meant to be so";

/// For how many findings at once it is found out whether a comment can suppress them; further ones are found out about when
/// the action is wanted.
const TRIED: usize = 8;

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
    let offer = |title: String, deed: Deed, edits: Vec<Edit>| {
        let resolves = snapshot.client.resolves_edits;
        let data = Data { uri: params.text_document.uri.clone(), deed };
        lsp::CodeAction {
            title,
            edit: if resolves { None } else { Some(edit(snapshot, places, &edits)) },
            data: if resolves { serde_json::to_value(data).ok() } else { None },
            ..lsp::CodeAction::default()
        }
    };
    let mut actions = Vec::new();
    if wants("quickfix") {
        let of_file = snapshot.report.diagnostics.iter().filter(|diagnostic| diagnostic.place.file == file);
        let shown = of_file.map(|diagnostic| (diagnostic, places.diagnostic(diagnostic)));
        let touched: Vec<_> = shown.filter(|(_, shown)| touches(&shown.range, &params.range)).collect();
        let as_fix = |action: lsp::CodeAction, shown: &lsp::Diagnostic| lsp::CodeAction {
            kind: Some(lsp::CodeActionKind::QuickFix),
            diagnostics: Some(vec![shown.clone()]),
            ..action
        };
        for (diagnostic, shown) in &touched {
            let mut is_first = true;
            for (at, fix) in diagnostic.fixes.iter().enumerate() {
                if can_be_edited(places, &fix.edits) {
                    let deed = Deed::Fix(diagnostic.fingerprint.clone(), at);
                    let action = as_fix(offer(fix.title.clone(), deed, fix.edits.clone()), shown);
                    // What a person has to decide on is never what happens without being looked at.
                    let is_preferred = fix.safety == Safety::Safe && std::mem::take(&mut is_first);
                    actions.push(lsp::CodeAction { is_preferred: is_preferred.then_some(true), ..action });
                }
            }
        }
        for (diagnostic, shown) in &touched {
            let is_tried = touched.len() <= TRIED || !snapshot.client.resolves_edits;
            let edits = if is_tried { ignoring(snapshot, places, diagnostic) } else { Some(Vec::new()) };
            if let Some(edits) = edits {
                let title = format!("Ignore {} here, with a reason", diagnostic.lint);
                actions.push(as_fix(offer(title, Deed::Ignore(diagnostic.fingerprint.clone()), edits), shown));
            }
        }
    }
    if wants(FIX_ALL) {
        let edits = all_safe(snapshot, places, file);
        if !edits.is_empty() {
            let action = offer("Apply all safe fixes of twiceshy".into(), Deed::FixAll, edits);
            actions.push(lsp::CodeAction { kind: Some(FIX_ALL.to_owned().into()), ..action });
        }
    }
    Some(actions)
}

/// The edit that writes a comment above a finding, in the language of its file; `None` where that holds no comments.
fn ignoring(snapshot: &Snapshot, places: &Places<'_>, diagnostic: &Diagnostic) -> Option<Vec<Edit>> {
    let edits = vec![twiceshy_lint::suppress(&snapshot.repo, diagnostic, REASON)?];
    can_be_edited(places, &edits).then_some(edits)
}

/// An action with its edits. Without any, when the finding has gone in the meantime.
pub(crate) fn resolve(snapshot: &Snapshot, places: &Places<'_>, action: lsp::CodeAction) -> lsp::CodeAction {
    let edits = || {
        let data = data(&action)?;
        let found = |named: &str| snapshot.report.diagnostics.iter().find(|diagnostic| diagnostic.fingerprint == named);
        match &data.deed {
            Deed::Fix(named, at) => found(named)?.fixes.get(*at).map(|fix| fix.edits.clone()),
            Deed::Ignore(named) => ignoring(snapshot, places, found(named)?),
            Deed::FixAll => Some(all_safe(snapshot, places, snapshot.file(&data.uri)?)),
        }
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
