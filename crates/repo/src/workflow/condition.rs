//! `if:` of a job or step.

use crate::{Place, Span};
use twiceshy_source::Extract;
use twiceshy_syntax::expression::{self, Expression, Value};

/// An `if:`.
#[derive(Clone, Debug)]
pub struct Condition {
    text: Extract,
    /// What was understood.
    pub meaning: Meaning,
}

/// What an `if:` means.
#[derive(Clone, Debug)]
pub enum Meaning {
    /// One expression, with or without `${{ }}` around it. Its spans are of the condition's text.
    Expression(Expression),
    /// Text with `${{ }}` in it, which is a string and, not being empty, always true. Most likely not what was meant.
    AlwaysTrue,
    /// Not an expression; GitHub refuses the workflow.
    Unclear,
}

/// Functions that tell how the jobs or steps before ended. A condition without one stands under `success() &&`.
const STATUS: [&str; 4] = ["success", "always", "failure", "cancelled"];

impl Condition {
    pub(super) fn of(text: Extract) -> Self {
        let whole = text.text();
        let trimmed = whole.trim();
        let start = (whole.len() - whole.trim_start().len()) as u32;
        let embedded = expression::embedded(trimmed);
        let (inner, at) = match embedded.as_slice() {
            [] => (trimmed, start),
            [(outer, inner)] if outer.range() == (0..trimmed.len()) => (inner.of(trimmed), start + inner.start),
            _ => return Self { text, meaning: Meaning::AlwaysTrue },
        };
        let meaning =
            expression::parse(inner).map_or(Meaning::Unclear, |parsed| Meaning::Expression(moved(parsed, at)));
        Self { text, meaning }
    }

    /// As written.
    pub fn text(&self) -> &str {
        self.text.text()
    }

    /// Where it stands.
    pub fn place(&self) -> Place {
        self.place_of(Span::new(0, self.text().len()))
    }

    /// Where a part of it stands.
    pub fn place_of(&self, span: Span) -> Place {
        self.text.place(span)
    }

    /// The text with the way back into the file, for edits.
    pub fn extract(&self) -> &Extract {
        &self.text
    }

    /// The expression that it is.
    pub fn expression(&self) -> Option<&Expression> {
        match &self.meaning {
            Meaning::Expression(expression) => Some(expression),
            _ => None,
        }
    }

    /// Whether it asks itself how what ran before ended (`always()`, `failure()`, …), so that nothing is implied.
    pub fn asks_for_status(&self) -> bool {
        self.expression().is_some_and(|expression| expression.calls(&STATUS))
    }

    /// Whether it holds, as far as that follows from what is known; see [`Expression::value`].
    pub fn holds(&self, known: &impl Fn(&str) -> Option<Value>) -> Option<bool> {
        match &self.meaning {
            Meaning::Expression(expression) => expression.value(known).map(|value| value.truth()),
            Meaning::AlwaysTrue => Some(true),
            Meaning::Unclear => None,
        }
    }

    /// Whether it names the context path or one below it: `github.event_name`.
    pub fn names(&self, path: &str) -> bool {
        let mut found = false;
        if let Some(expression) = self.expression() {
            expression.walk(&mut |part| {
                found |= part.path().is_some_and(|own| {
                    own.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                });
            });
        }
        found
    }
}

/// The expression with all its spans `by` bytes further on.
fn moved(mut expression: Expression, by: u32) -> Expression {
    expression.shift(by);
    expression
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileId;

    fn condition(text: &str) -> Condition {
        Condition::of(Extract::verbatim(FileId(0), 0, text))
    }

    #[test]
    fn braces_may_be_left_out_but_not_mixed_with_text() {
        for text in ["github.ref == 'x'", "${{ github.ref == 'x' }}", " ${{github.ref == 'x'}}\n"] {
            let condition = condition(text);
            let expression = condition.expression().unwrap();
            assert_eq!(expression.span.of(text), "github.ref == 'x'", "{text}");
            assert!(condition.names("github.ref") && !condition.names("github.re") && condition.names("github"));
        }
        assert!(matches!(condition("${{ a }} && b").meaning, Meaning::AlwaysTrue));
        assert!(matches!(condition("a = b").meaning, Meaning::Unclear));
        assert!(
            condition("!cancelled() && a").asks_for_status() && !condition("contains(a, 'always()')").asks_for_status()
        );
    }
}
