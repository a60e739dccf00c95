//! Text that stands inside a file in another language, decoded, with the way back for every byte.

use crate::{Edit, FileId, Place, Span};

/// How the host language writes the text, so that an edit can be written the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quoting {
    /// As it is: a file of its own, a fence.
    Verbatim,
    /// As it is, but for so many spaces before every line: a literal block.
    Indented(u16),
    /// Between double quotes with `\` escapes (JSON, YAML double-quoted).
    Double,
    /// Between single quotes, a quote doubled (YAML single-quoted).
    Single,
    /// A YAML plain or folded scalar: no line breaks, no `: ` or ` #`.
    Plain,
    /// One line of a file that needs no escapes but cannot hold a line break (a Dockerfile instruction).
    Line,
    /// Anything that an edit cannot be written into.
    Opaque,
}

/// Decoded text and the map from each of its bytes to the file it came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Extract {
    text: String,
    file: FileId,
    quoting: Quoting,
    /// Sorted by `at`; together they cover the text.
    pieces: Vec<Piece>,
}

/// A run of the decoded text. Of equal length on both sides: byte for byte. Otherwise all of it stands for all of the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Piece {
    at: u32,
    len: u32,
    host: u32,
    host_len: u32,
}

impl Extract {
    /// A whole file, or a part of one that needs no decoding and starts at byte `start`.
    pub fn verbatim(file: FileId, start: u32, text: impl Into<String>) -> Self {
        let text = text.into();
        let len = text.len() as u32;
        Self { file, quoting: Quoting::Verbatim, pieces: vec![Piece { at: 0, len, host: start, host_len: len }], text }
    }

    /// The decoded text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The host file.
    pub fn file(&self) -> FileId {
        self.file
    }

    /// How the host writes it.
    pub fn quoting(&self) -> Quoting {
        self.quoting
    }

    /// The place in the host file of a span of the decoded text. A span that starts or ends inside an escape covers
    /// the whole escape.
    pub fn place(&self, span: Span) -> Place {
        let start = self.host_offset(span.start, false);
        let end = if span.end > span.start { self.host_offset(span.end, true) } else { start };
        Place { file: self.file, start, end: end.max(start) }
    }

    fn host_offset(&self, at: u32, end: bool) -> u32 {
        // An end belongs to the piece before it, a start to the piece that begins there.
        let index = if end {
            self.pieces.partition_point(|piece| piece.at < at)
        } else {
            self.pieces.partition_point(|piece| piece.at <= at)
        };
        let Some(piece) = index.checked_sub(1).and_then(|index| self.pieces.get(index)) else {
            return self.pieces.first().map_or(0, |piece| piece.host);
        };
        let inside = (at - piece.at).min(piece.len);
        if piece.len == piece.host_len {
            piece.host + inside
        } else if end || inside == piece.len {
            piece.host + piece.host_len
        } else {
            piece.host
        }
    }

    /// An edit of the host file that replaces `span` of the decoded text by `text`; `None` where the host's way of
    /// writing cannot carry it.
    pub fn edit(&self, span: Span, text: &str) -> Option<Edit> {
        let written = match self.quoting {
            Quoting::Verbatim => text.to_owned(),
            Quoting::Indented(spaces) => text.replace('\n', &format!("\n{}", " ".repeat(usize::from(spaces)))),
            Quoting::Line if !text.contains('\n') => text.to_owned(),
            Quoting::Double if !text.contains('\n') => text.replace('\\', "\\\\").replace('"', "\\\""),
            Quoting::Single if !text.contains('\n') => text.replace('\'', "''"),
            Quoting::Plain if !text.contains('\n') && !text.contains(": ") && !text.contains(" #") => text.to_owned(),
            _ => return None,
        };
        Some(Edit { place: self.place(span), text: written })
    }

    /// A part of this text, written in the same way.
    pub fn slice(&self, span: Span) -> Self {
        let text = span.of(&self.text).to_owned();
        let pieces = self.cut(span).into_iter().map(|piece| Piece { at: piece.at - span.start, ..piece }).collect();
        Self { text, file: self.file, quoting: self.quoting, pieces }
    }

    /// Starts an extract of a part of this one that is written in the same way: the same language, a few bytes replaced.
    pub fn nested_alike(&self) -> Extractor<'_> {
        let mut extractor = self.nested(Quoting::Verbatim);
        extractor.extract.quoting = self.quoting;
        extractor
    }

    /// Starts an extract of a part of this one, for a language nested in this text.
    pub fn nested(&self, quoting: Quoting) -> Extractor<'_> {
        let quoting = match (self.quoting, quoting) {
            (Quoting::Verbatim, quoting) => quoting,
            (Quoting::Indented(outer), Quoting::Verbatim) => Quoting::Indented(outer),
            (Quoting::Indented(outer), Quoting::Indented(inner)) => Quoting::Indented(outer.saturating_add(inner)),
            (Quoting::Indented(_), quoting) => quoting,
            _ => Quoting::Opaque,
        };
        Extractor {
            outer: Some(self),
            extract: Self { text: String::new(), file: self.file, quoting, pieces: Vec::new() },
        }
    }
}

/// Builds an [`Extract`] piece by piece.
#[derive(Debug)]
pub struct Extractor<'a> {
    outer: Option<&'a Extract>,
    extract: Extract,
}

impl<'a> Extractor<'a> {
    /// Starts an extract of a part of `file`.
    pub fn new(file: FileId, quoting: Quoting) -> Self {
        Self { outer: None, extract: Extract { text: String::new(), file, quoting, pieces: Vec::new() } }
    }

    /// Adds text that stands at `start` of the outer text exactly as it is.
    pub fn copy(&mut self, start: u32, text: &str) -> &mut Self {
        self.piece(text, Span { start, end: start + text.len() as u32 })
    }

    /// Adds text that the outer text writes as `outer` (an escape, a folded line break, a replaced expression).
    pub fn piece(&mut self, text: &str, outer: Span) -> &mut Self {
        if text.is_empty() {
            return self;
        }
        let at = self.extract.text.len() as u32;
        let len = text.len() as u32;
        self.extract.text.push_str(text);
        match self.outer {
            Some(extract) if len == outer.end - outer.start => {
                // Byte for byte in the outer text, which itself may consist of several pieces.
                for piece in extract.cut(outer) {
                    self.push(Piece { at: at + piece.at - outer.start, ..piece });
                }
            }
            Some(extract) => {
                let place = extract.place(outer);
                self.push(Piece { at, len, host: place.start, host_len: place.end - place.start });
            }
            None => self.push(Piece { at, len, host: outer.start, host_len: outer.end - outer.start }),
        }
        self
    }

    fn push(&mut self, piece: Piece) {
        if let Some(last) = self.extract.pieces.last_mut() {
            let linear = last.len == last.host_len && piece.len == piece.host_len;
            if linear && last.at + last.len == piece.at && last.host + last.host_len == piece.host {
                last.len += piece.len;
                last.host_len += piece.host_len;
                return;
            }
        }
        self.extract.pieces.push(piece);
    }

    /// The finished extract.
    pub fn finish(self) -> Extract {
        self.extract
    }
}

impl Extract {
    /// The pieces that cover `span`, cut to it.
    fn cut(&self, span: Span) -> Vec<Piece> {
        let first = self.pieces.partition_point(|piece| piece.at + piece.len <= span.start);
        self.pieces[first..]
            .iter()
            .take_while(|piece| piece.at < span.end)
            .map(|piece| {
                let start = piece.at.max(span.start);
                let end = (piece.at + piece.len).min(span.end);
                if piece.len == piece.host_len {
                    Piece { at: start, len: end - start, host: piece.host + start - piece.at, host_len: end - start }
                } else {
                    Piece { at: start, len: end - start, ..*piece }
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId(0);

    fn escaped() -> Extract {
        // host: x"a\nb"  decoded: a⏎b
        let mut extractor = Extractor::new(FILE, Quoting::Double);
        extractor.copy(2, "a").piece("\n", Span::new(3, 5)).copy(5, "b");
        extractor.finish()
    }

    #[test]
    fn every_byte_maps_back_and_escapes_map_whole() {
        let extract = escaped();
        assert_eq!(extract.text(), "a\nb");
        assert_eq!(extract.place(Span::new(0, 1)), Place { file: FILE, start: 2, end: 3 });
        assert_eq!(extract.place(Span::new(1, 2)), Place { file: FILE, start: 3, end: 5 });
        assert_eq!(extract.place(Span::new(2, 3)), Place { file: FILE, start: 5, end: 6 });
        assert_eq!(extract.place(Span::new(0, 3)), Place { file: FILE, start: 2, end: 6 });
        assert_eq!(extract.place(Span::new(3, 3)), Place { file: FILE, start: 6, end: 6 });
    }

    #[test]
    fn an_extract_of_an_extract_maps_to_the_file() {
        let outer = escaped();
        let mut extractor = outer.nested(Quoting::Verbatim);
        extractor.copy(1, "\nb");
        let inner = extractor.finish();
        assert_eq!(inner.place(Span::new(0, 1)), Place { file: FILE, start: 3, end: 5 });
        assert_eq!(inner.place(Span::new(1, 2)), Place { file: FILE, start: 5, end: 6 });
    }

    #[test]
    fn a_slice_knows_where_it_stands() {
        let slice = escaped().slice(Span::new(1, 3));
        assert_eq!((slice.text(), slice.quoting()), ("\nb", Quoting::Double));
        assert_eq!(slice.place(Span::new(0, 1)), Place { file: FILE, start: 3, end: 5 });
        assert_eq!(slice.place(Span::new(1, 2)), Place { file: FILE, start: 5, end: 6 });
    }

    #[test]
    fn edits_are_written_as_the_host_writes() {
        let edit = escaped().edit(Span::new(2, 3), "say \"hi\"").map(|edit| edit.text);
        assert_eq!(edit.as_deref(), Some("say \\\"hi\\\""));
        assert_eq!(escaped().edit(Span::new(2, 3), "a\nb"), None);
    }
}
