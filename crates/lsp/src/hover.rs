//! What is known about what stands at a position: a finding's page, a service's facts; where it is declared.

use crate::check::Snapshot;
use crate::publish::Places;
use crate::service;
use gen_lsp_types as lsp;
use twiceshy_lint::Entry;
use twiceshy_repo::FileId;

/// What is known about a position.
pub(crate) fn hover(
    snapshot: &Snapshot,
    places: &Places<'_>,
    at: &lsp::TextDocumentPositionParams,
    lints: &[Entry],
) -> Option<lsp::Hover> {
    let (file, offset) = position(snapshot, places, at)?;
    let mut pages: Vec<&Entry> = Vec::new();
    let mut parts = Vec::new();
    let mut range = None;
    if let Some((project, found)) = snapshot.repo.service_at(file, offset) {
        parts.push(service::facts(places, project, found));
    }
    for diagnostic in snapshot.report.diagnostics.iter().filter(|it| it.place.file == file) {
        if !(diagnostic.place.start..=diagnostic.place.end).contains(&offset) {
            continue;
        }
        if let Some(page) = lints.iter().find(|lint| lint.name == diagnostic.lint)
            && !pages.iter().any(|known| known.name == page.name)
        {
            pages.push(page);
            range.get_or_insert_with(|| places.range(diagnostic.place));
        }
    }
    parts.extend(pages.iter().map(|page| page.meta.readme.trim().to_owned()));
    if parts.is_empty() {
        return None;
    }
    let kind = if snapshot.client.reads_markdown { lsp::MarkupKind::Markdown } else { lsp::MarkupKind::PlainText };
    let contents = lsp::MarkupContent { kind, value: parts.join("\n\n---\n\n") }.into();
    Some(lsp::Hover { contents, range })
}

/// Where what stands at a position is declared.
pub(crate) fn definition(
    snapshot: &Snapshot,
    places: &Places<'_>,
    at: &lsp::TextDocumentPositionParams,
) -> Option<Vec<lsp::Location>> {
    let (file, offset) = position(snapshot, places, at)?;
    let declared = snapshot.repo.declared(file, offset)?;
    Some(declared.at.into_iter().map(|place| places.location(place)).collect())
}

fn position(snapshot: &Snapshot, places: &Places<'_>, at: &lsp::TextDocumentPositionParams) -> Option<(FileId, u32)> {
    let file = snapshot.file(&at.text_document.uri)?;
    let text = places.text(file);
    Some((file, text.1.offset(text.0.text(), at.position) as u32))
}
