//! Comments whose day has passed.

use twiceshy_lint::{CommentLint, Findings, Meta, Suppression, meta};

/// No options.
#[derive(Default)]
pub struct ExpiredSuppression;

impl CommentLint for ExpiredSuppression {
    const META: Meta = meta!(Warn, Hygiene, any);

    fn check(&self, comment: &Suppression, found: &mut Findings) {
        let Some(until) = comment.until.filter(|_| comment.is_expired) else { return };
        let message = format!("this comment suppressed until {until}; what it hid is reported again");
        let finding = found.at(comment.place(), message).label("its day has passed");
        if !comment.reason.is_empty() {
            finding.note(format!("it was put off because: {}", comment.reason));
        }
        finding.fix("remove the comment", [comment.removed()]);
    }
}
