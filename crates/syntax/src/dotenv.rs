//! Env files, as Compose reads them: quotes, escapes, comments, `export`.
//!
//! The rules are those of compose-go's `dotenv` package. Others read the same files differently: `docker run
//! --env-file` keeps quotes and comments, a shell runs them as a program.

use crate::Flaw;
use twiceshy_source::{Extract, Extractor, FileId, Quoting, Span};

/// A parsed env file.
#[derive(Debug, Default)]
pub struct Dotenv {
    /// Its entries, in order.
    pub entries: Vec<Entry>,
    /// Comments, each from its `#` to the end of its line.
    pub comments: Vec<Span>,
    /// What was not understood.
    pub flaws: Vec<Flaw>,
}

/// A line `NAME=value`, or `NAME` alone.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The name.
    pub name: Span,
    /// Its value; `None` for a bare name, which passes on what the environment says.
    pub value: Option<Value>,
}

/// A value of an env file.
#[derive(Clone, Copy, Debug)]
pub struct Value {
    /// All of it, quotes included.
    pub span: Span,
    /// How it is written: [`Quoting::Plain`], [`Quoting::Single`] or [`Quoting::Double`].
    pub quoting: Quoting,
}

/// Parses `text`.
pub fn parse(text: &str) -> Dotenv {
    let mut out = Dotenv::default();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let blank = rest.len() - rest.trim_start().len();
        at += blank;
        if text[at..].starts_with('#') {
            let end = line_end(text, at);
            out.comments.push(Span::new(at, text[..end].trim_end().len().max(at)));
            at = end;
        } else if at < text.len() {
            at = statement(text, at, &mut out);
        }
    }
    out
}

fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| memchr::memchr(b'\n', rest.as_bytes())).map_or(text.len(), |found| at + found)
}

/// Reads the statement that starts at `start`; where the next one may start.
fn statement(text: &str, start: usize, out: &mut Dotenv) -> usize {
    let end = line_end(text, start);
    let line = &text[start..end];
    let after_export = line.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t']));
    let start = after_export.map_or(start, |rest| end - rest.trim_start().len());
    let line = &text[start..end];
    let sign = line.find(['=', ':']);
    let name = line[..sign.unwrap_or(line.len())].trim_end();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']');
    if name.is_empty() || !name.chars().all(is_name) {
        out.flaws
            .push(Flaw { span: Span::new(start, start + line.trim_end().len()), what: "no NAME=value".to_owned() });
        return end;
    }
    let name = Span::new(start, start + name.len());
    let Some(sign) = sign else {
        out.entries.push(Entry { name, value: None });
        return end;
    };
    let rest = &line[sign + 1..];
    let from = end - rest.trim_start().len();
    match text[from..].chars().next().filter(|_| from < end) {
        Some(quote @ ('"' | '\'')) => match closing(text, from + 1, quote) {
            Some(close) => {
                let quoting = if quote == '"' { Quoting::Double } else { Quoting::Single };
                let value = Value { span: Span::new(from, close + 1), quoting };
                out.entries.push(Entry { name, value: Some(value) });
                // What follows on the line is read as a statement of its own, unless it is a comment.
                let rest = text[close + 1..line_end(text, close + 1)].trim_start();
                if rest.starts_with('#') || rest.is_empty() { line_end(text, close + 1) } else { close + 1 }
            }
            None => {
                out.flaws.push(Flaw { span: Span::new(from, end), what: "a quote that is never closed".to_owned() });
                end
            }
        },
        _ => {
            let value = &text[from..end];
            let value = value.find(" #").map_or(value, |comment| &value[..comment]).trim_end();
            let value = if value.starts_with('#') && from > start + sign + 1 { "" } else { value };
            let span = Span::new(from, from + value.len());
            out.entries.push(Entry { name, value: Some(Value { span, quoting: Quoting::Plain }) });
            end
        }
    }
}

/// Where the quote closes that was opened before `from`.
fn closing(text: &str, from: usize, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.get(from..)?.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(from + at),
            _ => {}
        }
    }
    None
}

impl Value {
    /// The value without quotes and escapes, before variables are expanded; `$$` stands for an escaped `$`. Variables
    /// are expanded in all but single-quoted values.
    pub fn extract(self, file: FileId, text: &str) -> Extract {
        let mut out = Extractor::new(file, self.quoting);
        let written = self.span.of(text);
        if self.quoting == Quoting::Plain {
            out.copy(self.span.start, written);
            return out.finish();
        }
        let body = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
        let start = self.span.start as usize + 1;
        let mut from = 0;
        let mut chars = body.char_indices();
        while let Some((at, c)) = chars.next() {
            if c != '\\' {
                continue;
            }
            let Some((next, escaped)) = chars.next() else { break };
            let end = next + escaped.len_utf8();
            let decoded = match (self.quoting, escaped) {
                (Quoting::Double, '"') | (Quoting::Single, '\'') => escaped,
                (Quoting::Double, '$') => '$',
                (Quoting::Double, '\\') => '\\',
                (Quoting::Double, 'n') => '\n',
                (Quoting::Double, 'r') => '\r',
                (Quoting::Double, 't') => '\t',
                (Quoting::Double, 'a') => '\x07',
                (Quoting::Double, 'b') => '\x08',
                (Quoting::Double, 'f') => '\x0c',
                (Quoting::Double, 'v') => '\x0b',
                _ => continue,
            };
            out.copy((start + from) as u32, &body[from..at]);
            let decoded = if escaped == '$' { "$$".to_owned() } else { decoded.to_string() };
            out.piece(&decoded, Span::new(start + at, start + end));
            from = end;
        }
        out.copy((start + from) as u32, &body[from..]);
        out.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, Option<String>)> {
        let value = |value: Value| value.extract(FileId(0), text).text().to_owned();
        parse(text).entries.iter().map(|entry| (entry.name.of(text).to_owned(), entry.value.map(value))).collect()
    }

    fn one(text: &str) -> Option<String> {
        read(text).into_iter().next().and_then(|(_, value)| value)
    }

    #[test]
    fn values_are_read_as_compose_reads_them() {
        for (text, value) in [
            ("A=b", "b"),
            ("export A=b", "b"),
            ("A = b ", "b"),
            ("A: b", "b"),
            ("A=b # no", "b"),
            ("A=b#c", "b#c"),
            ("A='b # c' # no", "b # c"),
            ("A=\"b\\n\\\"c\\\" \\$d\"", "b\n\"c\" $$d"),
            ("A='it\\'s'", "it's"),
            ("A=\"two\nlines\"", "two\nlines"),
            ("A=", ""),
            ("A=\r\nB=c\r\n", ""),
            ("A=p$q", "p$q"),
        ] {
            assert_eq!(one(text).as_deref(), Some(value), "{text}");
        }
        assert_eq!(
            read("A\nB=c\n# D=e\n\n  F=g"),
            [("A".into(), None), ("B".into(), Some("c".into())), ("F".into(), Some("g".into()))]
        );
    }

    #[test]
    fn what_is_no_entry_is_a_flaw_and_the_rest_is_read() {
        let text = "two words\nA=\"open\nB=c\n=x\n";
        assert_eq!(read(text), [("B".into(), Some("c".into()))]);
        assert_eq!(parse(text).flaws.len(), 3);
    }

    #[test]
    fn every_byte_of_a_value_knows_its_place() {
        let text = "X=1\nA=\"b\\nc\"\n";
        let value = parse(text).entries[1].value.unwrap();
        let extract = value.extract(FileId(0), text);
        assert_eq!(extract.place(Span::new(2, 3)).span().of(text), "c");
        assert_eq!(extract.place(Span::new(1, 2)).span().of(text), "\\n");
    }
}
