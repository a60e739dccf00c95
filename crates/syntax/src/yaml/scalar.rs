//! Scalars read back from their bytes, so that every byte of the value knows where it stands.

use super::Style;
use twiceshy_source::{Extract, Extractor, FileId, Quoting, Span};

/// The extract of a scalar whose value the parser gave as `value`.
pub(super) fn extract(file: FileId, text: &str, span: Span, style: Style, value: &str) -> Extract {
    let read = match style {
        Style::Plain => flow(file, text, span, Quoting::Plain),
        Style::SingleQuoted => flow(file, text, inside(span), Quoting::Single),
        Style::DoubleQuoted => flow(file, text, inside(span), Quoting::Double),
        Style::Literal | Style::Folded => block(file, text, span, style == Style::Folded),
        Style::Block | Style::Flow => None,
    };
    match read {
        Some(extract) if extract.text() == value => extract,
        _ => {
            let mut whole = Extractor::new(file, Quoting::Opaque);
            whole.piece(value, span);
            whole.finish()
        }
    }
}

/// A quoted scalar without its quotes.
fn inside(span: Span) -> Span {
    Span::new(span.start as usize + 1, (span.end as usize).saturating_sub(1))
}

const fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The byte after the line break at `at`.
fn after_break(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at..at + 2) == Some(b"\r\n") { at + 2 } else { at + 1 }
}

/// Plain and quoted scalars.
fn flow(file: FileId, text: &str, span: Span, quoting: Quoting) -> Option<Extract> {
    let body = text.get(..span.end as usize)?;
    let bytes = body.as_bytes();
    let mut out = Extractor::new(file, quoting);
    // From where text is copied, and how far blanks may be trimmed back: an escaped blank stays.
    let mut from = span.start as usize;
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        if is_break(byte) {
            let kept = from + body[from..at].trim_end_matches([' ', '\t']).len();
            out.copy(from as u32, &body[from..kept]);
            let (breaks, next) = skip_breaks(bytes, at);
            let folded = if breaks == 1 { " ".to_owned() } else { "\n".repeat(breaks - 1) };
            out.piece(&folded, Span::new(kept, next));
            (from, at) = (next, next);
        } else if byte == b'\'' && quoting == Quoting::Single {
            out.copy(from as u32, &body[from..at]).piece("'", Span::new(at, at + 2));
            (from, at) = (at + 2, at + 2);
        } else if byte == b'\\' && quoting == Quoting::Double {
            out.copy(from as u32, &body[from..at]);
            let (decoded, next) = escape(body, at)?;
            out.piece(&decoded, Span::new(at, next));
            (from, at) = (next, next);
        } else {
            at += 1;
        }
    }
    out.copy(from as u32, body.get(from..)?);
    Some(out.finish())
}

/// Counts line breaks from `at` on, with the blanks around them, and tells where text goes on.
fn skip_breaks(bytes: &[u8], mut at: usize) -> (usize, usize) {
    let mut breaks = 0;
    loop {
        match bytes.get(at) {
            Some(&byte) if is_break(byte) => {
                breaks += 1;
                at = after_break(bytes, at);
            }
            Some(&byte) if is_blank(byte) => at += 1,
            _ => return (breaks, at),
        }
    }
}

/// What the escape at `at` stands for (YAML 1.2, 5.7) and where it ends.
fn escape(body: &str, at: usize) -> Option<(String, usize)> {
    let bytes = body.as_bytes();
    let code = *bytes.get(at + 1)?;
    let simple = match code {
        b'0' => '\0',
        b'a' => '\x07',
        b'b' => '\x08',
        b't' | b'\t' => '\t',
        b'n' => '\n',
        b'v' => '\x0b',
        b'f' => '\x0c',
        b'r' => '\r',
        b'e' => '\x1b',
        b' ' => ' ',
        b'"' => '"',
        b'/' => '/',
        b'\\' => '\\',
        b'N' => '\u{85}',
        b'_' => '\u{a0}',
        b'L' => '\u{2028}',
        b'P' => '\u{2029}',
        b'x' | b'u' | b'U' => {
            let digits = match code {
                b'x' => 2,
                b'u' => 4,
                _ => 8,
            };
            let hex = body.get(at + 2..at + 2 + digits)?;
            let decoded = char::from_u32(u32::from_str_radix(hex, 16).ok()?)?;
            return Some((decoded.to_string(), at + 2 + digits));
        }
        code if is_break(code) => {
            let (breaks, next) = skip_breaks(bytes, at + 1);
            return Some(("\n".repeat(breaks - 1), next));
        }
        _ => return None,
    };
    Some((simple.to_string(), at + 2))
}

/// What the last line breaks of a block scalar become.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomp {
    Strip,
    Clip,
    Keep,
}

/// Literal and folded scalars. `span` starts at the first content, in the column of the block's indentation.
fn block(file: FileId, text: &str, span: Span, folded: bool) -> Option<Extract> {
    let bytes = text.as_bytes();
    let first = span.start as usize;
    let first_line = bytes.get(..first)?.iter().rposition(|b| *b == b'\n')? + 1;
    let indent = first - first_line;
    let (chomp, mut at) = header(text, first_line, folded)?;
    let quoting = if folded { Quoting::Plain } else { Quoting::Indented(u16::try_from(indent).ok()?) };
    let mut out = Extractor::new(file, quoting);
    // Line breaks that are read but not yet written: where each stands.
    let mut breaks: Vec<(usize, usize)> = Vec::new();
    let (mut any, mut was_spaced) = (false, false);
    while at < bytes.len() {
        let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |len| at + len);
        let next = (end + 1).min(bytes.len());
        let content_end = if bytes[at..end].ends_with(b"\r") { end - 1 } else { end };
        let spaces = bytes[at..content_end].iter().take_while(|b| **b == b' ').count();
        let is_empty = at + spaces == content_end && spaces <= indent;
        if !is_empty && spaces < indent {
            break;
        }
        let line_break = (content_end, next);
        if is_empty {
            breaks.push(line_break);
            at = next;
            continue;
        }
        let start = at + indent;
        let spaced = bytes.get(start).copied().is_some_and(is_blank);
        match breaks.split_first() {
            Some((one, rest)) if folded && any && !spaced && !was_spaced => {
                let line = Span::new(one.0, rest.last().map_or(start, |last| last.1));
                if rest.is_empty() {
                    out.piece(" ", line);
                }
                for more in rest {
                    out.piece("\n", Span::new(more.0, more.1));
                }
            }
            _ => {
                for one in &breaks {
                    out.piece("\n", Span::new(one.0, one.1));
                }
            }
        }
        breaks.clear();
        out.copy(start as u32, text.get(start..content_end)?);
        (any, was_spaced) = (true, spaced);
        if end < bytes.len() {
            breaks.push(line_break);
        }
        at = next;
        if end == bytes.len() {
            break;
        }
    }
    let kept = match chomp {
        Chomp::Strip => 0,
        Chomp::Clip => usize::from(any),
        Chomp::Keep => breaks.len(),
    };
    for one in breaks.iter().take(kept) {
        out.piece("\n", Span::new(one.0, one.1));
    }
    Some(out.finish())
}

/// The chomping that the header above the line `first_line` asks for, and where the first line after the header starts.
fn header(text: &str, first_line: usize, folded: bool) -> Option<(Chomp, usize)> {
    let mut after = first_line;
    loop {
        let end = after.checked_sub(1)?;
        let start = text.as_bytes()[..end].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let line = text.get(start..end)?.trim_end_matches('\r');
        if !line.trim().is_empty() {
            let sign = if folded { '>' } else { '|' };
            let chomp = line.match_indices(sign).find_map(|(at, _)| chomping(&line[at + 1..]))?;
            return Some((chomp, after));
        }
        after = start;
    }
}

/// The chomping that the text after `|` or `>` asks for; `None` when that is no header.
fn chomping(rest: &str) -> Option<Chomp> {
    let indicators =
        rest.len() - rest.trim_start_matches(['+', '-', '1', '2', '3', '4', '5', '6', '7', '8', '9']).len();
    let (indicators, rest) = rest.split_at(indicators);
    let ends = rest.trim_start_matches([' ', '\t']);
    let is_header = indicators.len() <= 2 && (ends.is_empty() || ends.starts_with('#') && ends.len() < rest.len());
    is_header.then_some(if indicators.contains('+') {
        Chomp::Keep
    } else if indicators.contains('-') {
        Chomp::Strip
    } else {
        Chomp::Clip
    })
}
