//! Comments that suppress and do not say why.

use twiceshy_lint::{CommentLint, Findings, Meta, Suppression, meta};

/// No options.
#[derive(Default)]
pub struct UnexplainedSuppression;

impl CommentLint for UnexplainedSuppression {
    const META: Meta = meta!(Warn, Hygiene, any);

    fn check(&self, comment: &Suppression, found: &mut Findings) {
        let is_wanted = !comment.is_expired && comment.unused().len() < comment.names.len();
        if !comment.lacks_reason || !is_wanted {
            return;
        }
        found
            .at(comment.place(), "nobody will know why this failure was accepted: the comment gives no reason")
            .label("add a few words behind the bracket")
            .note("`require-reason = false` in the configuration asks for none")
            .suggest("remove the comment, and hear of what it hides", [comment.removed()]);
    }
}
