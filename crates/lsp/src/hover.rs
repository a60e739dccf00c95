//! What stands at a position: a finding's page.

use crate::check::Snapshot;
use crate::publish::Places;
use gen_lsp_types as lsp;
use twiceshy_lint::Entry;

/// What is known about a position.
pub(crate) fn hover(
    snapshot: &Snapshot,
    places: &Places<'_>,
    at: &lsp::TextDocumentPositionParams,
    lints: &[Entry],
) -> Option<lsp::Hover> {
    let file = snapshot.file(&at.text_document.uri)?;
    let text = places.text(file);
    let offset = text.1.offset(text.0.text(), at.position) as u32;
    let mut pages: Vec<&Entry> = Vec::new();
    let mut range = None;
    for diagnostic in snapshot.report.diagnostics.iter().filter(|it| it.place.file == file) {
        if (diagnostic.place.start..=diagnostic.place.end).contains(&offset) {
            let page = lints.iter().find(|lint| lint.name == diagnostic.lint)?;
            if !pages.iter().any(|known| known.name == page.name) {
                pages.push(page);
            }
            range.get_or_insert_with(|| places.range(diagnostic.place));
        }
    }
    if pages.is_empty() {
        return None;
    }
    let value = pages.iter().map(|page| page.meta.readme.trim()).collect::<Vec<_>>().join("\n\n---\n\n");
    let kind = if snapshot.client.reads_markdown { lsp::MarkupKind::Markdown } else { lsp::MarkupKind::PlainText };
    Some(lsp::Hover { contents: lsp::MarkupContent { kind, value }.into(), range })
}

/// Where what stands at a position is declared.
pub(crate) fn definition(
    _places: &Places<'_>,
    _snapshot: &Snapshot,
    _at: &lsp::TextDocumentPositionParams,
) -> Option<Vec<lsp::Location>> {
    None
}
