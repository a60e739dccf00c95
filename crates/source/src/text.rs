//! One file's text and its lines.

use crate::Span;
use std::sync::OnceLock;

/// A file's text, as every other crate sees it.
///
/// The text is UTF-8 without a byte order mark. A byte that was not UTF-8 became one `?`, so that offsets stay.
#[derive(Debug)]
pub struct Source {
    text: String,
    bom: bool,
    flaw: Option<Flaw>,
    /// The hash of bytes that the text does not hold; otherwise it is made when asked for, which only a fix does.
    damaged: Option<u64>,
    lines: OnceLock<Vec<u32>>,
}

/// What was wrong with a file's bytes, though it could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Some bytes were not UTF-8; the first stood at this offset.
    NotUtf8(usize),
}

/// A place as people count: both numbers from 1, the column in characters (Unicode scalar values).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Offset in bytes in the file on disk, byte order mark included.
    pub offset: u32,
}

const BOM: char = '\u{feff}';

impl Source {
    /// Reads text that is known to be text.
    pub fn new(text: impl Into<String>) -> Self {
        Self::from_bytes(text.into().into_bytes())
    }

    /// Reads bytes: takes off a byte order mark, replaces each byte that is not UTF-8 by `?`.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        let (text, flaw, damaged) = match String::from_utf8(bytes) {
            Ok(text) => (text, None, None),
            Err(error) => {
                let first = error.utf8_error().valid_up_to();
                let bytes = error.into_bytes();
                (replace_invalid(&bytes), Some(first), Some(fingerprint(&bytes)))
            }
        };
        let bom = text.starts_with(BOM);
        let text = if bom { text[BOM.len_utf8()..].to_owned() } else { text };
        let flaw = flaw.map(|first| Flaw::NotUtf8(if bom { first - BOM.len_utf8() } else { first }));
        Self { text, bom, flaw, damaged, lines: OnceLock::new() }
    }

    /// The text, without a byte order mark.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What was wrong with the bytes, if anything.
    pub fn flaw(&self) -> Option<Flaw> {
        self.flaw
    }

    /// A hash of the file's bytes, to tell whether it has changed since.
    pub fn hash(&self) -> u64 {
        self.damaged.unwrap_or_else(|| fingerprint(&self.to_bytes(&self.text)))
    }

    /// The bytes that `text` has as a file: with the byte order mark that this file had.
    pub fn to_bytes(&self, text: &str) -> Vec<u8> {
        let mut file = String::with_capacity(BOM.len_utf8() + text.len());
        file.extend(self.bom.then_some(BOM));
        file.push_str(text);
        file.into_bytes()
    }

    /// Offsets at which lines start.
    fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| at as u32 + 1)).collect()
        })
    }

    /// How many lines there are; a file that ends with a newline has an empty last one.
    pub fn line_count(&self) -> u32 {
        self.lines().len() as u32
    }

    /// The line, from 0, that holds the byte at `offset`.
    pub fn line_of(&self, offset: u32) -> u32 {
        (self.lines().partition_point(|&start| start <= offset) - 1) as u32
    }

    /// The bytes of line `line`, from 0, without its line break; empty past the end.
    pub fn line_span(&self, line: u32) -> Span {
        let lines = self.lines();
        let Some(&start) = lines.get(line as usize) else {
            return Span::new(self.text.len(), self.text.len());
        };
        let end = lines.get(line as usize + 1).map_or(self.text.len(), |&next| next as usize - 1);
        let end = if self.text[start as usize..end].ends_with('\r') { end - 1 } else { end };
        Span::new(start as usize, end)
    }

    /// The text of line `line`, from 0.
    pub fn line(&self, line: u32) -> &str {
        self.line_span(line).of(&self.text)
    }

    /// Where the byte at `offset` stands, as people count. Offsets past the end or inside a character are moved back.
    pub fn position(&self, offset: u32) -> Position {
        let offset = self.text.floor_char_boundary((offset as usize).min(self.text.len()));
        let line = self.line_of(offset as u32);
        let start = self.lines()[line as usize] as usize;
        let column = self.text[start..offset].chars().count() as u32 + 1;
        let bom = if self.bom { BOM.len_utf8() } else { 0 };
        Position { line: line + 1, column, offset: (offset + bom) as u32 }
    }
}

fn replace_invalid(mut bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    loop {
        match std::str::from_utf8(bytes) {
            Ok(rest) => {
                text.push_str(rest);
                return text;
            }
            Err(error) => {
                let (good, rest) = bytes.split_at(error.valid_up_to());
                text.push_str(&String::from_utf8_lossy(good));
                let bad = error.error_len().unwrap_or(rest.len());
                text.extend(std::iter::repeat_n('?', bad));
                bytes = &rest[bad..];
            }
        }
    }
}

fn fingerprint(bytes: &[u8]) -> u64 {
    use std::hash::Hasher;
    let mut hasher = rustc_hash::FxHasher::default();
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one_and_bytes_from_zero() {
        let source = Source::new("ä: 1\nb: 2");
        assert_eq!(source.position(4), Position { line: 1, column: 4, offset: 4 });
        assert_eq!(source.position(7), Position { line: 2, column: 2, offset: 7 });
        assert_eq!(source.position(999).line, 2);
        assert_eq!(source.position(1), Position { line: 1, column: 1, offset: 0 });
    }

    #[test]
    fn a_byte_order_mark_counts_only_in_offsets() {
        let source = Source::from_bytes(b"\xef\xbb\xbfa\nb".to_vec());
        assert_eq!(source.text(), "a\nb");
        assert_eq!(source.position(2), Position { line: 2, column: 1, offset: 5 });
        assert_eq!(source.to_bytes("x"), b"\xef\xbb\xbfx");
    }

    #[test]
    fn bytes_that_are_not_utf8_keep_their_width() {
        let source = Source::from_bytes(b"a\xff\xfeb\xc3".to_vec());
        assert_eq!(source.text(), "a??b?");
        assert_eq!(source.flaw(), Some(Flaw::NotUtf8(1)));
    }

    #[test]
    fn lines_do_not_hold_their_line_breaks() {
        let source = Source::new("a\r\nbc\n");
        assert_eq!((source.line(0), source.line(1), source.line(2), source.line(3)), ("a", "bc", "", ""));
    }
}
