//! Comments that suppress what is no longer found.

use twiceshy_lint::{CommentLint, Findings, Meta, Suppression, meta};

/// No options.
#[derive(Default)]
pub struct UnusedSuppression;

impl CommentLint for UnusedSuppression {
    const META: Meta = meta!(Warn, Hygiene, any);

    fn check(&self, comment: &Suppression, found: &mut Findings) {
        let unused = comment.unused();
        // One that has expired has to go anyway.
        let Some(first) = unused.first().filter(|_| !comment.is_expired) else { return };
        let names: Vec<_> = unused.iter().map(|named| format!("`{}`", named.lint)).collect();
        let names = names.join(", ");
        let message =
            format!("this comment suppresses nothing: {names} finds nothing here, and would be silent if it did");
        let finding = found.at(first.place, message).label("not found here");
        if !comment.reason.is_empty() {
            finding.note(format!("it was meant to stay because: {}", comment.reason));
        }
        if comment.mistakes.is_empty()
            && let Some(edit) = comment.without(&unused.iter().map(|named| named.span).collect::<Vec<_>>())
        {
            let title = if unused.len() == comment.names.len() {
                "remove the comment".into()
            } else {
                format!("no longer name {names}")
            };
            finding.fix(title, [edit]);
        }
    }
}
