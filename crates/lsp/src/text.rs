//! Positions as clients count them, and texts as clients change them.

use gen_lsp_types::{Position, PositionEncodingKind, Range, TextDocumentContentChangeEvent};
use std::ops;

/// What a column counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Bytes.
    Utf8,
    /// What the protocol means when nobody says anything.
    #[default]
    Utf16,
    /// Unicode scalar values.
    Utf32,
}

impl Encoding {
    /// Bytes if the client can count them, since then nobody has to convert; otherwise what it likes best.
    pub fn chosen<'a>(offered: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<Self> = offered.into_iter().filter_map(Self::named).collect();
        match known.first() {
            Some(_) if known.contains(&Self::Utf8) => Self::Utf8,
            first => first.copied().unwrap_or_default(),
        }
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "utf-8" => Some(Self::Utf8),
            "utf-16" => Some(Self::Utf16),
            "utf-32" => Some(Self::Utf32),
            _ => None,
        }
    }

    /// As the protocol names it.
    pub fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    fn width(self, letter: char) -> usize {
        match self {
            Self::Utf8 => letter.len_utf8(),
            Self::Utf16 => letter.len_utf16(),
            Self::Utf32 => 1,
        }
    }
}

/// Where the lines of a text start, by the protocol's rules: `\n`, `\r\n` and a lone `\r` end a line.
#[derive(Debug)]
pub(crate) struct Lines {
    starts: Vec<u32>,
    encoding: Encoding,
}

impl Lines {
    /// The lines of `text`.
    pub fn of(text: &str, encoding: Encoding) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (at, byte) in bytes.iter().enumerate() {
            if *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')) {
                starts.push(at as u32 + 1);
            }
        }
        Self { starts, encoding }
    }

    /// Where the byte at `offset` stands; offsets past the end or inside a character are moved back.
    pub fn position(&self, text: &str, offset: u32) -> Position {
        let offset = text.floor_char_boundary((offset as usize).min(text.len()));
        let line = self.starts.partition_point(|start| *start as usize <= offset).saturating_sub(1);
        let start = self.starts.get(line).map_or(0, |start| *start as usize);
        let before = &text[start.min(offset)..offset];
        let character = match self.encoding {
            Encoding::Utf8 => before.len(),
            encoding => before.chars().map(|letter| encoding.width(letter)).sum(),
        };
        Position::new(line as u32, character as u32)
    }

    /// A span as a range.
    pub fn range(&self, text: &str, span: ops::Range<usize>) -> Range {
        Range::new(self.position(text, span.start as u32), self.position(text, span.end as u32))
    }

    /// The byte at a position. A column past its line's end is the end, a line past the last the end of the text.
    pub fn offset(&self, text: &str, position: Position) -> usize {
        let line = position.line as usize;
        let Some(start) = self.starts.get(line).map(|start| *start as usize) else { return text.len() };
        let end = self.starts.get(line + 1).map_or(text.len(), |next| *next as usize);
        let content = text[start..end].trim_end_matches(['\n', '\r']);
        let mut left = position.character as usize;
        for (at, letter) in content.char_indices() {
            let width = self.encoding.width(letter);
            // Inside of a character is before it.
            if left < width {
                return start + at;
            }
            left -= width;
        }
        start + content.len()
    }
}

/// A document that is open in the editor.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// The client's number for this state of it.
    pub version: i32,
    /// What stands in it.
    pub text: String,
}

impl Document {
    /// Applies changes, one after the other, each to what the one before has left.
    pub fn change(&mut self, version: i32, changes: &[TextDocumentContentChangeEvent], encoding: Encoding) {
        self.version = version;
        for change in changes {
            match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
                    self.text.clone_from(&whole.text);
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                    let lines = Lines::of(&self.text, encoding);
                    let at = |position| lines.offset(&self.text, position);
                    let (start, end) = (at(part.range.start), at(part.range.end));
                    self.text.replace_range(start.min(end)..start.max(end), &part.text);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "aä😀b\r\nx\ry\n";

    #[test]
    fn columns_count_what_was_agreed_on() {
        for (encoding, columns) in
            [(Encoding::Utf8, [0, 1, 3, 7]), (Encoding::Utf16, [0, 1, 2, 4]), (Encoding::Utf32, [0, 1, 2, 3])]
        {
            let lines = Lines::of(TEXT, encoding);
            for (offset, column) in [0, 1, 3, 7].into_iter().zip(columns) {
                assert_eq!(lines.position(TEXT, offset), Position::new(0, column));
                assert_eq!(lines.offset(TEXT, Position::new(0, column)), offset as usize);
            }
        }
    }

    #[test]
    fn a_lone_carriage_return_ends_a_line_too() {
        let lines = Lines::of(TEXT, Encoding::Utf16);
        assert_eq!(lines.position(TEXT, 12), Position::new(2, 0));
        assert_eq!(lines.offset(TEXT, Position::new(1, 99)), 11);
        assert_eq!(lines.offset(TEXT, Position::new(9, 0)), TEXT.len());
        assert_eq!(lines.position(TEXT, 999), Position::new(3, 0));
        assert_eq!(lines.offset(TEXT, Position::new(0, 3)), 3, "inside of a character is before it");
    }

    #[test]
    fn bytes_are_counted_where_the_client_can() {
        assert_eq!(Encoding::chosen(["utf-16", "utf-8"]), Encoding::Utf8);
        assert_eq!(Encoding::chosen(["utf-32", "utf-16"]), Encoding::Utf32);
        assert_eq!(Encoding::chosen(["utf-7"]), Encoding::Utf16);
    }

    #[test]
    fn changes_apply_one_after_the_other() {
        let mut document = Document { version: 1, text: "one\ntwo\n".into() };
        let change = |line, from, to, text: &str| {
            serde_json::from_value(serde_json::json!({
                "range": {"start": {"line": line, "character": from}, "end": {"line": line, "character": to}}, "text": text
            }))
            .unwrap()
        };
        document.change(2, &[change(0, 0, 3, "1\n1"), change(2, 0, 1, "T"), change(9, 9, 9, "end")], Encoding::Utf16);
        assert_eq!((document.version, document.text.as_str()), (2, "1\n1\nTwo\nend"));
    }
}
