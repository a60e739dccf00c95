//! Words: what is literal in them, and what is not.

use super::lower::{Lower, children, span};
use super::{MAX_DEPTH, NodeId, Part, PartKind, Variable, Word};
use tree_sitter::Node as Ts;
use twiceshy_source::Span;

/// Whether a node of this kind is a word, or the part of one that may stand alone.
pub(super) fn is_word(kind: &str) -> bool {
    matches!(
        kind,
        "word"
            | "command_name"
            | "string"
            | "raw_string"
            | "translated_string"
            | "ansi_c_string"
            | "number"
            | "expansion"
            | "simple_expansion"
            | "command_substitution"
            | "process_substitution"
            | "arithmetic_expansion"
            | "brace_expression"
            | "concatenation"
            | "variable_name"
            | "test_operator"
            | "regex"
            | "extglob_pattern"
    )
}

impl<'t> Lower<'t> {
    /// The word that `node` is; substitutions in it stand in `id`.
    pub(super) fn word(&mut self, id: NodeId, node: Ts<'t>) -> Word {
        let mut parts = Vec::new();
        self.parts(id, node, false, &mut parts);
        mark_lists(&mut parts);
        Word { span: span(node), parts }
    }

    /// The body of a heredoc: its expansions only.
    pub(super) fn heredoc(&mut self, id: NodeId, node: Ts<'t>) -> Word {
        let mut parts = Vec::new();
        for child in children(node) {
            if child.kind() != "heredoc_content" {
                self.parts(id, child, true, &mut parts);
            }
        }
        Word { span: span(node), parts }
    }

    fn parts(&mut self, id: NodeId, node: Ts<'t>, quoted: bool, parts: &mut Vec<Part>) {
        let at = self.solid(node);
        let part = |kind| Part { span: at, quoted, kind };
        if self.depth >= MAX_DEPTH {
            self.shell.damaged.push(at);
            parts.push(part(PartKind::Other(Vec::new())));
            return;
        }
        self.depth += 1;
        match node.kind() {
            "command_name" | "concatenation" | "translated_string" => {
                let mut done = at.start;
                for child in children(node) {
                    if node.kind() == "translated_string" && child.kind() == "$" {
                        done = span(child).end;
                        continue;
                    }
                    self.gap(Span { start: done, end: span(child).start }, quoted, parts);
                    self.parts(id, child, quoted, parts);
                    done = span(child).end;
                }
                self.gap(Span { start: done, end: at.end }, quoted, parts);
            }
            "string" => {
                let inner = Span { start: at.start + 1, end: at.end.saturating_sub(1).max(at.start + 1) };
                let before = parts.len();
                let mut done = inner.start;
                for child in children(node) {
                    if matches!(child.kind(), "string_content" | "\"" | "$") {
                        continue;
                    }
                    self.gap(Span { start: done, end: self.solid(child).start }, true, parts);
                    self.parts(id, child, true, parts);
                    done = span(child).end;
                }
                self.gap(Span { start: done, end: inner.end }, true, parts);
                if parts.len() == before {
                    parts.push(Part { span: at, quoted: true, kind: PartKind::Text("".into()) });
                }
            }
            "raw_string" => {
                let text = self.text(node);
                let text = text.strip_prefix('\'').unwrap_or(text);
                let text = text.strip_suffix('\'').unwrap_or(text);
                parts.push(Part { span: at, quoted: true, kind: PartKind::Text(text.into()) });
            }
            "ansi_c_string" => {
                let text = self.text(node);
                let text = text.strip_prefix("$'").unwrap_or(text);
                let text = text.strip_suffix('\'').unwrap_or(text);
                parts.push(Part { span: at, quoted: true, kind: PartKind::Text(ansi_c(text).into()) });
            }
            "simple_expansion" => {
                let name = at.of(self.text).trim_start_matches('$');
                parts.push(part(PartKind::Variable(Box::new(Variable {
                    name: name.into(),
                    operator: "".into(),
                    argument: None,
                }))));
            }
            "expansion" => {
                let variable = self.expansion(id, node);
                parts.push(part(PartKind::Variable(Box::new(variable))));
            }
            "command_substitution" => {
                let body = self.list(id, &children(node));
                // `$(<file)` reads the file; there is no command in it.
                let reads = node.child_by_field_name("redirect").is_some();
                parts.push(part(if reads { PartKind::Other(vec![body]) } else { PartKind::Command(body) }));
            }
            "process_substitution" => {
                let body = self.list(id, &children(node));
                parts.push(part(PartKind::Process(body)));
            }
            "arithmetic_expansion" => {
                let bodies = self.commands_in(id, node);
                parts.push(part(PartKind::Arithmetic(bodies)));
            }
            "brace_expression" => parts.push(part(PartKind::Glob(self.text(node).into()))),
            "ERROR" | "array" => {
                self.shell.damaged.push(at);
                let bodies = self.commands_in(id, node);
                parts.push(part(PartKind::Other(bodies)));
            }
            _ if node.child_count() == 0 => self.gap(at, quoted, parts),
            _ => {
                let bodies = self.commands_in(id, node);
                if bodies.is_empty() {
                    self.gap(at, quoted, parts);
                } else {
                    parts.push(part(PartKind::Other(bodies)));
                }
            }
        }
        self.depth -= 1;
    }

    /// Where `node` stands. In a string, the blanks before an expansion are part of its node.
    fn solid(&self, node: Ts<'t>) -> Span {
        let at = span(node);
        let text = at.of(self.text);
        Span { start: at.start + (text.len() - text.trim_start().len()) as u32, end: at.end }
    }

    /// Text between expansions.
    fn gap(&mut self, at: Span, quoted: bool, parts: &mut Vec<Part>) {
        let raw = at.of(self.text);
        if raw.is_empty() {
            return;
        }
        if quoted {
            parts.push(Part { span: at, quoted, kind: PartKind::Text(double_quoted(raw).into()) });
            return;
        }
        let mut text = String::new();
        let mut start = at.start;
        let mut chars = raw.char_indices().peekable();
        while let Some((index, c)) = chars.next() {
            let here = at.start + index as u32;
            match c {
                '\\' => match chars.next() {
                    Some((_, '\n')) | None => {}
                    Some((_, escaped)) => text.push(escaped),
                },
                '*' | '?' => {
                    if !text.is_empty() {
                        let kind = PartKind::Text(std::mem::take(&mut text).into());
                        parts.push(Part { span: Span { start, end: here }, quoted, kind });
                    }
                    start = here + 1;
                    parts.push(Part {
                        span: Span { start: here, end: start },
                        quoted,
                        kind: PartKind::Glob(c.to_string().into()),
                    });
                }
                c => text.push(c),
            }
        }
        if !text.is_empty() {
            parts.push(Part { span: Span { start, end: at.end }, quoted, kind: PartKind::Text(text.into()) });
        }
    }

    fn expansion(&mut self, id: NodeId, node: Ts<'t>) -> Variable {
        let at = self.solid(node);
        let inner = at.of(self.text);
        let inner = inner.strip_prefix("${").unwrap_or(inner);
        let inner = inner.strip_suffix('}').unwrap_or(inner);
        let prefix = inner.len() - inner.trim_start_matches(['!', '#']).len();
        // `${#}` and `${!}` are variables; `${#x}` and `${!x}` are operators.
        let (prefix, rest) = if prefix < inner.len() { inner.split_at(prefix) } else { ("", inner) };
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = if rest.starts_with(is_name) {
            rest.find(|c| !is_name(c)).unwrap_or(rest.len())
        } else {
            rest.chars().next().map_or(0, char::len_utf8)
        };
        let (name, tail) = rest.split_at(end);
        let length = [":-", ":=", ":?", ":+", "##", "%%", "//", "/#", "/%", ",,", "^^"]
            .iter()
            .find(|operator| tail.starts_with(**operator))
            .map_or(tail.chars().next().map_or(0, char::len_utf8), |operator| operator.len());
        let operator = if prefix.is_empty() { &tail[..length] } else { prefix };
        let at = at.start as usize + 2 + prefix.len() + name.len() + length;
        let mut argument = None;
        if prefix.is_empty() && !operator.is_empty() {
            let argument_span = Span::new(at, node.end_byte().saturating_sub(1));
            let mut parts = Vec::new();
            let mut done = argument_span.start;
            for child in children(node) {
                if span(child).start < argument_span.start || span(child).end > argument_span.end {
                    continue;
                }
                self.gap(Span { start: done, end: span(child).start }, false, &mut parts);
                self.parts(id, child, false, &mut parts);
                done = span(child).end;
            }
            self.gap(Span { start: done, end: argument_span.end }, false, &mut parts);
            argument = Some(Word { span: argument_span, parts });
        }
        Variable { name: name.into(), operator: operator.into(), argument }
    }
}

/// `[ab]` and `{a,b}` outside of quotes are cut into several pieces by the grammar: their first piece becomes a glob.
fn mark_lists(parts: &mut [Part]) {
    let text = |part: &Part| match &part.kind {
        PartKind::Text(text) if !part.quoted => Some(text.clone()),
        _ => None,
    };
    for (open, close, needs) in [('[', ']', None), ('{', '}', Some(','))] {
        let Some(first) = parts.iter().position(|part| text(part).is_some_and(|text| text.contains(open))) else {
            continue;
        };
        let tail = &parts[first..];
        let closes = tail.iter().any(|part| text(part).is_some_and(|text| text.contains(close)));
        let fits =
            needs.is_none_or(|needed| tail.iter().any(|part| text(part).is_some_and(|text| text.contains(needed))));
        let alone = parts.len() == 1 && text(&parts[first]).is_some_and(|text| text.len() == 1);
        if closes
            && fits
            && !alone
            && let Some(text) = text(&parts[first])
        {
            parts[first].kind = PartKind::Glob(text);
        }
    }
}

/// `\` before `$`, `` ` ``, `"`, `\` and a line break goes; before anything else it stays.
fn double_quoted(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('\n') => {}
            Some(escaped @ ('$' | '`' | '"' | '\\')) => text.push(escaped),
            Some(other) => text.extend(['\\', other]),
            None => text.push('\\'),
        }
    }
    text
}

fn ansi_c(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('0') => text.push('\0'),
            Some('e' | 'E') => text.push('\u{1b}'),
            Some(other) => text.push(other),
            None => text.push('\\'),
        }
    }
    text
}
