//! A finding as plain lines, for reports that show no code.

use crate::text::visible::{visible, visible_path};
use crate::view::View;
use twiceshy_lint::{Diagnostic, Safety};
use twiceshy_source::Place;

/// What a finding says, where the other half of its cause stands, and what to do: lines without line breaks in them,
/// the first of them what will happen.
pub(crate) fn lines(view: &View<'_>, diagnostic: &Diagnostic) -> Vec<String> {
    let mut lines = vec![visible(&diagnostic.message).into_owned()];
    if !diagnostic.label.is_empty() {
        lines.push(format!("here: {}", visible(&diagnostic.label)));
    }
    for related in &diagnostic.related {
        lines.push(format!("{}: {}", spot(view, related.place), visible(&related.message)));
    }
    lines.extend(diagnostic.notes.iter().map(|note| visible(note).into_owned()));
    for fix in &diagnostic.fixes {
        let verb = match fix.safety {
            Safety::Safe => "fix (twiceshy check --fix)",
            Safety::Suggestion => "suggestion",
        };
        lines.push(format!("{verb}: {}", visible(&fix.title)));
    }
    lines.push(format!("more: twiceshy explain {}", diagnostic.lint));
    lines
}

/// A place as `path:line:column`, the path from the top of the repository.
pub(crate) fn spot(view: &View<'_>, place: Place) -> String {
    let (start, _) = view.positions(place);
    format!("{}:{}:{}", visible_path(&view.path_in_repository(place.file)), start.line, start.column)
}
