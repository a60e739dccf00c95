//! Interpolation: `${A}`, `$A`, `${A:-b}` and their relatives, in compose files and env files.
//!
//! The rules are those of compose-go's `template` package. A `$` that starts nothing stands for itself.

use twiceshy_source::Span;

/// How deep defaults may nest; deeper ones stay as written.
const DEPTH: usize = 20;

/// A string with variables in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// As written.
    Text(Span),
    /// `$$`, which stands for `$`.
    Dollar(Span),
    Variable(Variable),
}

/// A variable in a template. Spans are bytes of the template's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// All of it, `$` and braces included.
    pub span: Span,
    /// Its name.
    pub name: Span,
    /// What happens when it is unset or empty.
    pub fallback: Fallback,
    /// The default, the message or the replacement: what stands after the operator.
    pub word: Span,
    nested: Template,
}

/// What happens when a variable is unset or empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// `$A`, `${A}`: it is empty, and Compose warns.
    Empty,
    /// `${A:-word}`: `word`, also when it is empty.
    DefaultIfEmpty,
    /// `${A-word}`: `word`, only when it is unset.
    DefaultIfUnset,
    /// `${A:?word}`: Compose stops, also when it is empty.
    StopIfEmpty,
    /// `${A?word}`: Compose stops, only when it is unset.
    StopIfUnset,
    /// `${A:+word}`: `word` when it is set and not empty.
    WordIfFilled,
    /// `${A+word}`: `word` when it is set.
    WordIfSet,
}

const OPERATORS: [(&str, Fallback); 6] = [
    (":-", Fallback::DefaultIfEmpty),
    (":?", Fallback::StopIfEmpty),
    (":+", Fallback::WordIfFilled),
    ("-", Fallback::DefaultIfUnset),
    ("?", Fallback::StopIfUnset),
    ("+", Fallback::WordIfSet),
];

impl Template {
    /// Parses `text`.
    pub fn of(text: &str) -> Self {
        Self::between(text, 0, text.len(), DEPTH)
    }

    fn between(text: &str, start: usize, end: usize, depth: usize) -> Self {
        let mut parts = Vec::new();
        let bytes = text.as_bytes();
        let (mut from, mut at) = (start, start);
        while let Some(dollar) = bytes.get(at..end).and_then(|rest| memchr::memchr(b'$', rest)).map(|found| at + found)
        {
            let part = if bytes.get(dollar + 1) == Some(&b'$') && dollar + 1 < end {
                Some((Part::Dollar(Span::new(dollar, dollar + 2)), dollar + 2))
            } else {
                variable(text, dollar, end, depth).map(|(variable, after)| (Part::Variable(variable), after))
            };
            let Some((part, after)) = part else {
                at = dollar + 1;
                continue;
            };
            if from < dollar {
                parts.push(Part::Text(Span::new(from, dollar)));
            }
            parts.push(part);
            (from, at) = (after, after);
        }
        if from < end {
            parts.push(Part::Text(Span::new(from, end)));
        }
        Self { parts }
    }

    /// Whether it says what it means: nothing is replaced in it.
    pub fn is_literal(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// The variables in it, those inside defaults after the one they belong to.
    pub fn variables(&self) -> Vec<&Variable> {
        let mut all = Vec::new();
        for part in &self.parts {
            if let Part::Variable(variable) = part {
                all.push(variable);
                all.extend(variable.nested.variables());
            }
        }
        all
    }

    /// The parts of `text` with what each becomes: its span and the text that stands there afterwards, or `None` when
    /// that is not known. `lookup` knows the value of a variable that is set here; another one may still be set by
    /// whoever runs Compose, so that only a default makes its value known.
    pub fn resolved_parts(&self, text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Vec<(Span, Option<String>)> {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(span) => (*span, Some(span.of(text).to_owned())),
                Part::Dollar(span) => (*span, Some("$".to_owned())),
                Part::Variable(variable) => (variable.span, variable.resolve(text, lookup)),
            })
            .collect()
    }

    /// What `text` becomes; `None` when a part of it is not known.
    pub fn resolve(&self, text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        let parts = self.resolved_parts(text, lookup);
        parts.into_iter().map(|(_, value)| value).collect::<Option<Vec<_>>>().map(|parts| parts.concat())
    }
}

impl Variable {
    /// Whether it has a default: `:-` or `-`.
    pub fn has_default(&self) -> bool {
        matches!(self.fallback, Fallback::DefaultIfEmpty | Fallback::DefaultIfUnset)
    }

    fn resolve(&self, text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        let word = || self.nested.resolve(text, lookup);
        match (lookup(self.name.of(text)), self.fallback) {
            (Some(value), Fallback::DefaultIfEmpty) if value.is_empty() => word(),
            (Some(value), Fallback::StopIfEmpty) if value.is_empty() => None,
            (Some(value), Fallback::WordIfFilled) if value.is_empty() => Some(value),
            (Some(_), Fallback::WordIfFilled | Fallback::WordIfSet) => word(),
            (Some(value), _) => Some(value),
            (None, Fallback::DefaultIfEmpty | Fallback::DefaultIfUnset) => word(),
            (None, _) => None,
        }
    }
}

/// The variable whose `$` stands at `dollar`, and where text goes on.
fn variable(text: &str, dollar: usize, end: usize, depth: usize) -> Option<(Variable, usize)> {
    let braced = text.as_bytes().get(dollar + 1) == Some(&b'{');
    let start = dollar + 1 + usize::from(braced);
    let rest = text.get(start..end)?;
    let length = name_length(rest);
    if length == 0 {
        return None;
    }
    let name = Span::new(start, start + length);
    let plain = |after: usize| Variable {
        span: Span::new(dollar, after),
        name,
        fallback: Fallback::Empty,
        word: Span::new(start + length, start + length),
        nested: Template::default(),
    };
    if !braced {
        return Some((plain(start + length), start + length));
    }
    let close = closing_brace(text, start, end)?;
    if close == start + length {
        return Some((plain(close + 1), close + 1));
    }
    let (operator, fallback) = OPERATORS.into_iter().find(|(operator, _)| rest[length..].starts_with(operator))?;
    let word = Span::new(start + length + operator.len(), close);
    let nested = match depth.checked_sub(1) {
        Some(depth) => Template::between(text, word.start as usize, close, depth),
        None => Template { parts: vec![Part::Text(word)] },
    };
    Some((Variable { span: Span::new(dollar, close + 1), name, fallback, word, nested }, close + 1))
}

fn name_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    match bytes.first() {
        Some(first) if first.is_ascii_alphabetic() || *first == b'_' => {
            bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count()
        }
        _ => 0,
    }
}

/// How far a closing brace may stand from its opening one, in bytes.
const REACH: usize = 8192;

/// The brace that closes the one before `start`.
fn closing_brace(text: &str, start: usize, end: usize) -> Option<usize> {
    let mut open = 1usize;
    let reach = text.as_bytes().get(start..end.min(start + REACH))?;
    for (at, byte) in reach.iter().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(start + at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(text: &str) -> Option<String> {
        let lookup = |name: &str| match name {
            "SET" => Some("x".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        Template::of(text).resolve(text, &lookup)
    }

    #[test]
    fn variables_resolve_as_compose_does() {
        for (text, value) in [
            ("plain", Some("plain")),
            ("$SET-$SET", Some("x-x")),
            ("${SET}y", Some("xy")),
            ("$$SET", Some("$SET")),
            ("$$$SET", Some("$x")),
            ("${UNSET:-d}", Some("d")),
            ("${UNSET-d}", Some("d")),
            ("${EMPTY:-d}", Some("d")),
            ("${EMPTY-d}", Some("")),
            ("${UNSET:-}", Some("")),
            ("${UNSET:-a:b}", Some("a:b")),
            ("${UNSET:-${SET}}", Some("x")),
            ("${UNSET:-${OTHER:-deep}}!", Some("deep!")),
            ("${UNSET:-{\"a\":1}}", Some("{\"a\":1}")),
            ("${SET:+on}", Some("on")),
            ("${EMPTY:+on}", Some("")),
            ("${EMPTY+on}", Some("on")),
            ("${SET:?no}", Some("x")),
            ("5$ or $1 or ${", Some("5$ or $1 or ${")),
            ("$UNSET", None),
            ("${UNSET}", None),
            ("${UNSET:?no}", None),
            ("${EMPTY:?no}", None),
            ("${UNSET:+on}", None),
            ("a ${UNSET:-${OTHER}}", None),
        ] {
            assert_eq!(resolve(text).as_deref(), value, "{text}");
        }
    }

    #[test]
    fn every_variable_knows_its_place_and_its_default() {
        let text = "a ${A:-${B-c}}/$D";
        let template = Template::of(text);
        let found: Vec<_> = template
            .variables()
            .iter()
            .map(|variable| (variable.span.of(text), variable.name.of(text), variable.word.of(text)))
            .collect();
        assert_eq!(found, [("${A:-${B-c}}", "A", "${B-c}"), ("${B-c}", "B", "c"), ("$D", "D", "")]);
    }

    #[test]
    fn deep_nesting_is_cut() {
        let text = "${A:-".repeat(500) + &"}".repeat(500);
        assert!(Template::of(&text).variables().len() <= DEPTH + 1);
    }
}
