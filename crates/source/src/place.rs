//! The only coordinate: bytes in a file.

/// A file of a [`Tree`](crate::Tree), by its position in the tree's sorted list of paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A half-open range of bytes in *some* text; which text is known from where the span is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` up to, not including, `end`. Offsets past 4 GiB saturate; no file that large is read.
    pub fn new(start: usize, end: usize) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { start: clamp(start), end: clamp(end.max(start)) }
    }

    /// The span as a range for slicing.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The part of `text` that this span covers; empty when it does not fit.
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }
}

/// A half-open range of bytes in one file of a [`Tree`](crate::Tree).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// First byte, in [`Source::text`](crate::Source::text).
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Place {
    /// The place of `span` in `file`.
    pub fn new(file: FileId, span: Span) -> Self {
        Self { file, start: span.start, end: span.end }
    }

    /// The bytes, without the file.
    pub fn span(self) -> Span {
        Span { start: self.start, end: self.end }
    }

    /// The range for slicing.
    pub fn range(self) -> std::ops::Range<usize> {
        self.span().range()
    }

    /// The empty place at this place's end: where to insert after it.
    pub fn after(self) -> Self {
        Self { start: self.end, ..self }
    }

    /// The empty place at this place's start: where to insert before it.
    pub fn before(self) -> Self {
        Self { end: self.start, ..self }
    }

    /// The smallest place that covers both; this one when the other lies in another file.
    pub fn to(self, other: Self) -> Self {
        if self.file != other.file {
            return self;
        }
        Self::new(self.file, self.span().to(other.span()))
    }
}
