//! Words: how an instruction's text falls apart, and what a word says once its variables are known.

use super::{Flag, Line, Pair};
use twiceshy_source::Span;

/// A word of an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word as written, quotes and variables included; in the JSON form: the decoded string.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// How deep `${A:-${B:-…}}` is followed.
const MAX_DEPTH: usize = 20;

impl Word {
    pub(super) fn of(line: &Line) -> Self {
        Self { text: line.text().to_owned(), span: line.span() }
    }

    /// The word without its quotes; variables stay as written.
    pub fn value(&self, escape: char) -> String {
        let mut expander = Expander { escape, lookup: &mut |_| None, keep: true };
        expander.expand(&self.text, 0).unwrap_or_else(|| self.text.clone())
    }

    /// What the word says: quotes taken off, variables replaced. `None` when a variable that matters is unknown.
    pub fn expand(&self, escape: char, lookup: &mut dyn FnMut(&str) -> Option<String>) -> Option<String> {
        Expander { escape, lookup, keep: false }.expand(&self.text, 0)
    }
}

/// Splits at spaces, as Docker does for `FROM`, `COPY` and `EXPOSE`: quotes do not join words there.
pub(super) fn spaced(line: &Line) -> Vec<Word> {
    let text = line.text();
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_whitespace(), start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                words.push(word(line, from, at));
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// Splits at spaces outside quotes.
pub(super) fn split(line: &Line, escape: char) -> Vec<Word> {
    let text = line.text();
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find(|c: char| !c.is_whitespace())) {
        let start = at + start;
        at = word_end(text, start, escape);
        words.push(word(line, start, at));
    }
    words
}

/// Takes the flags off the front: words that start with `--`.
pub(super) fn flags(line: &Line, escape: char, flags: &mut Vec<Flag>) -> Line {
    let text = line.text();
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        at += rest.len() - rest.trim_start().len();
        if !text.get(at..).is_some_and(|rest| rest.starts_with("--")) {
            return line.part(at..text.len()).trimmed();
        }
        let end = word_end(text, at, escape);
        let written = text.get(at + 2..end).unwrap_or_default();
        if written.is_empty() {
            return line.part(end..text.len()).trimmed();
        }
        let (name, value) = match written.split_once('=') {
            Some((name, _)) => (name, Some(word(line, at + 2 + name.len() + 1, end))),
            None => (written, None),
        };
        flags.push(Flag { name: name.to_owned(), value, span: line.host(at, end) });
        at = end;
    }
}

/// The pairs of `ENV`, `LABEL` (where `NAME the rest` is one pair) and `ARG` (where names may stand alone).
pub(super) fn pairs(line: &Line, escape: char, old_form: bool) -> Vec<Pair> {
    let words = split(line, escape);
    if old_form && words.first().is_some_and(|word| !word.text.contains('=')) {
        let (name, value) = (line.first_word(), line.after_first_word());
        let value = (!value.text().is_empty()).then(|| Word::of(&value));
        return vec![Pair { name: Word::of(&name), value }];
    }
    words.into_iter().map(pair).collect()
}

fn pair(word: Word) -> Pair {
    let Some((name, value)) = word.text.split_once('=') else {
        return Pair { name: word, value: None };
    };
    // Names and `=` hold no continuation in any sane file; a value that does keeps its end.
    let start = word.span.start + name.len() as u32;
    let name = Word { text: name.to_owned(), span: Span { start: word.span.start, end: start } };
    let value =
        Word { text: value.to_owned(), span: Span { start: (start + 1).min(word.span.end), end: word.span.end } };
    Pair { name, value: Some(value) }
}

fn word(line: &Line, start: usize, end: usize) -> Word {
    Word { text: line.text().get(start..end).unwrap_or_default().to_owned(), span: line.host(start, end) }
}

/// Where the word that starts at `start` ends: at a space outside quotes.
fn word_end(text: &str, start: usize, escape: char) -> usize {
    let mut quote = None;
    let mut chars = text.get(start..).unwrap_or_default().char_indices();
    while let Some((at, c)) = chars.next() {
        match quote {
            None if c.is_whitespace() => return start + at,
            None if c == '\'' || c == '"' => quote = Some(c),
            Some(open) if c == open => quote = None,
            // Within single quotes nothing is escaped.
            None | Some('"') if c == escape => {
                chars.next();
            }
            _ => {}
        }
    }
    text.len()
}

struct Expander<'l> {
    escape: char,
    lookup: &'l mut dyn FnMut(&str) -> Option<String>,
    /// Leave variables as written.
    keep: bool,
}

impl Expander<'_> {
    fn expand(&mut self, text: &str, depth: usize) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut out = String::with_capacity(text.len());
        let mut quote = None;
        let mut at = 0;
        while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
            at += c.len_utf8();
            match (quote, c) {
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), c) if c == open => quote = None,
                (Some('\''), c) => out.push(c),
                (_, c) if c == self.escape => {
                    let Some(next) = text.get(at..).and_then(|rest| rest.chars().next()) else {
                        out.push(c);
                        break;
                    };
                    at += next.len_utf8();
                    // Between double quotes only these are escaped; elsewhere everything.
                    if quote.is_some() && !matches!(next, '"' | '$') && next != self.escape {
                        out.push(c);
                    }
                    out.push(next);
                }
                (_, '$') => {
                    let (variable, len) = variable(text.get(at..).unwrap_or_default());
                    match variable {
                        Some(variable) if !self.keep => out.push_str(&self.variable(&variable, depth)?),
                        _ => {
                            out.push('$');
                            out.push_str(text.get(at..at + len).unwrap_or_default());
                        }
                    }
                    at += len;
                }
                (_, c) => out.push(c),
            }
        }
        Some(out)
    }

    fn variable(&mut self, variable: &Variable<'_>, depth: usize) -> Option<String> {
        let value = (self.lookup)(variable.name);
        let Some((operator, word)) = variable.modifier else {
            return value;
        };
        let given = value.filter(|value| !(operator.starts_with(':') && value.is_empty()));
        match operator {
            "-" | ":-" => given.map_or_else(|| self.expand(word, depth + 1), Some),
            "+" | ":+" => given.map_or(Some(String::new()), |_| self.expand(word, depth + 1)),
            "?" | ":?" => given,
            // `${x#pattern}` and the like: rare, and not worth a guess.
            _ => None,
        }
    }
}

struct Variable<'t> {
    name: &'t str,
    modifier: Option<(&'t str, &'t str)>,
}

/// The variable that follows a `$`, and how many bytes it takes.
fn variable(text: &str) -> (Option<Variable<'_>>, usize) {
    let name_len = |text: &str| text.bytes().take_while(|c| c.is_ascii_alphanumeric() || *c == b'_').count();
    let Some(inside) = text.strip_prefix('{') else {
        let len = name_len(text);
        let name = text.get(..len).unwrap_or_default();
        return ((len > 0).then_some(Variable { name, modifier: None }), len);
    };
    let Some(end) = closing_brace(inside) else {
        return (None, text.len());
    };
    let inside = inside.get(..end).unwrap_or_default();
    let (name, rest) = inside.split_at(name_len(inside));
    let operator_len = if rest.starts_with(':') { 2 } else { 1 };
    let modifier = rest.split_at_checked(operator_len);
    ((!name.is_empty()).then_some(Variable { name, modifier }), end + 2)
}

/// Where the brace closes that is open before `text`.
fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in text.bytes().enumerate() {
        match c {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}
