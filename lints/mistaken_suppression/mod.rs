//! Comments that are meant to suppress something and cannot be understood.

use twiceshy_lint::{CommentLint, Edit, Findings, Meta, Suppression, meta};

/// No options.
#[derive(Default)]
pub struct MistakenSuppression;

impl CommentLint for MistakenSuppression {
    const META: Meta = meta!(Warn, Hygiene, any);

    fn check(&self, comment: &Suppression, found: &mut Findings) {
        for mistake in &comment.mistakes {
            let finding = found.at(mistake.place, format!("this comment does not do what it says: {}", mistake.what));
            match &mistake.meant {
                Some(meant) => {
                    finding.label(format!("did you mean `{meant}`?"));
                    let is_exact = mistake.place != comment.place();
                    let edit = Edit { place: mistake.place, text: meant.clone() };
                    finding.suggest(format!("write `{meant}`"), is_exact.then_some(edit));
                }
                None if mistake.is_name => {
                    finding.label("names nothing that can be suppressed");
                    // Without it the same is suppressed: nothing.
                    if let Some(edit) = comment.without(&[mistake.span]) {
                        finding.fix("take it out", [edit]);
                    }
                }
                None => {
                    finding.label("not understood");
                }
            }
        }
    }
}
