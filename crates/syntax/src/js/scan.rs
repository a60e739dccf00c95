//! The imports of a module without a parser, for the many modules of which nothing else is asked.
//!
//! Nearly every module has its imports at its top, one statement after the other, and those are easily read. Below them
//! no word may stand that an import needs; where one does, or where a statement at the top has an unusual form, only the
//! parser can tell and [`scan_imports`] gives up. So what it finds is what the parser finds in text that parses.

use super::{Dialect, script_blocks};
use memchr::memmem::Finder;
use std::sync::LazyLock;
use twiceshy_source::Span;

/// An import statement or a re-export at the top of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// What is imported, without its quotes.
    pub module: Span,
    /// It imports types only.
    pub type_only: bool,
    /// It is written `export … from`.
    pub is_export: bool,
}

/// All imports of a module, in order; `None` where the parser has to be asked.
pub fn scan_imports(text: &str, dialect: Dialect) -> Option<Vec<Scanned>> {
    if dialect == Dialect::Component {
        let Some((scripts, dialect)) = script_blocks::only(text) else { return Some(Vec::new()) };
        return scan_imports(&scripts, dialect);
    }
    let mut scan = Scan { text: text.as_bytes(), at: 0, has_types: dialect != Dialect::JavaScript };
    if scan.text.starts_with(b"#!") {
        scan.line();
    }
    let mut found = Vec::new();
    loop {
        scan.blank()?;
        let statement = scan.at;
        match scan.statement()? {
            Top::Import(import) => found.push(import),
            Top::Nothing => {}
            Top::Other => return (!may_import(&scan.text[statement..])).then_some(found),
        }
        if scan.at == scan.text.len() {
            return Some(found);
        }
    }
}

/// Whether an import may stand anywhere in `text`: a word of one, followed by what follows it in one.
fn may_import(text: &[u8]) -> bool {
    /// A word, and whether what follows it after blanks makes it part of an import.
    type Word = (Finder<'static>, fn(&[u8]) -> bool);
    static WORDS: LazyLock<[Word; 3]> = LazyLock::new(|| {
        [
            // `import … from "x"`, `export … from "x"`
            (Finder::new("from"), |rest| matches!(rest, [b'"' | b'\'', ..])),
            // `import("x")`, `import "x"`
            (Finder::new("import"), |rest| matches!(rest, [b'"' | b'\'' | b'(', ..])),
            // `require("x")`, `require?.("x")`, `require!("x")`, `(require)("x")`, `(require as any)("x")`, `require<T>("x")`
            (Finder::new("require"), |rest| {
                matches!(rest, [b'(' | b'?' | b'!' | b')' | b'<' | b'`', ..])
                    || rest.starts_with(b"as")
                    || rest.starts_with(b"satisfies")
            }),
        ]
    });
    WORDS.iter().any(|(word, continues)| {
        word.find_iter(text).any(|at| {
            let after = &text[at + word.needle().len()..];
            let blank = after.iter().take_while(|byte| is_blank(**byte)).count();
            let is_whole =
                !text[..at].last().copied().is_some_and(is_word) && !after.first().copied().is_some_and(is_word);
            let rest = &after[blank..];
            // `params.get("from")`: a string that is the word, not one behind it.
            let quote = text[..at].last().filter(|byte| matches!(byte, b'"' | b'\''));
            if quote.is_some() && quote == after.first() {
                return false;
            }
            // A comment, or a blank that is none in ASCII, may hide what follows.
            let is_hidden = matches!(rest, [b'/', b'/' | b'*', ..]) || !rest.first().is_none_or(u8::is_ascii);
            is_whole && (is_hidden || continues(rest))
        })
    })
}

/// What stands at the top of a module.
enum Top {
    Import(Scanned),
    /// A directive, an empty statement, the end.
    Nothing,
    /// Anything else: no import stands at the top from here on, in the usual order of things.
    Other,
}

/// What stands between `import` or `export` and the module's string.
#[derive(Clone, Copy)]
struct Clause {
    type_only: bool,
    is_export: bool,
}

struct Scan<'t> {
    text: &'t [u8],
    at: usize,
    /// The language has `import type`.
    has_types: bool,
}

// Each of these gives `None` where the parser has to be asked.
impl<'t> Scan<'t> {
    fn statement(&mut self) -> Option<Top> {
        let start = self.at;
        match self.peek() {
            None => return Some(Top::Nothing),
            Some(b';') => {
                self.at += 1;
                return Some(Top::Nothing);
            }
            Some(b'"' | b'\'') => {
                self.string()?;
                return Some(if self.ends()? { Top::Nothing } else { self.back_to(start) });
            }
            _ => {}
        }
        let clause = match self.word() {
            b"import" => self.import_clause()?,
            b"export" => self.export_clause()?,
            _ => None,
        };
        let Some(Clause { type_only, is_export }) = clause else { return Some(self.back_to(start)) };
        let module = self.string()?;
        self.ends()?.then_some(Top::Import(Scanned { module, type_only, is_export }))
    }

    fn back_to(&mut self, start: usize) -> Top {
        self.at = start;
        Top::Other
    }

    /// From after `import` to before the module's string. Nothing for `import(…)` and `import.meta`.
    fn import_clause(&mut self) -> Option<Option<Clause>> {
        let clause = |type_only| Some(Some(Clause { type_only, is_export: false }));
        self.blank()?;
        match self.peek()? {
            b'(' | b'.' => return Some(None),
            b'"' | b'\'' => return clause(false),
            _ => {}
        }
        let mut type_only = false;
        let mut is_default = false;
        let mut word = self.word();
        if word == b"type" {
            self.blank()?;
            match self.peek()? {
                b'{' | b'*' => (type_only, word) = (true, b""),
                b',' => {}
                _ => {
                    (type_only, word) = (true, self.word());
                    // `import type from "x"` imports the value `type`; `import type from from "x"` the type `from`.
                    if word.is_empty() || word == b"from" {
                        return None;
                    }
                }
            }
            if type_only && !self.has_types {
                return None;
            }
        }
        if !word.is_empty() {
            is_default = true;
            self.blank()?;
            if self.peek()? == b',' {
                self.at += 1;
                self.blank()?;
            } else {
                self.from()?;
                return clause(type_only);
            }
        }
        let all_types = self.names()?;
        self.from()?;
        clause(type_only || (all_types && !is_default))
    }

    /// From after `export` to before the module's string. Nothing for what exports something of its own.
    fn export_clause(&mut self) -> Option<Option<Clause>> {
        self.blank()?;
        let mut type_only = false;
        if !matches!(self.peek()?, b'{' | b'*') {
            if self.word() != b"type" {
                return Some(None);
            }
            self.blank()?;
            if !matches!(self.peek()?, b'{' | b'*') {
                return Some(None);
            }
            if !self.has_types {
                return None;
            }
            type_only = true;
        }
        let all_types = self.names()?;
        self.blank()?;
        if self.word() != b"from" {
            return Some(None);
        }
        self.blank()?;
        Some(Some(Clause { type_only: type_only || all_types, is_export: true }))
    }

    /// `* as x`, `*`, `{ a, type B as C }`: whether there are names and all of them are types.
    fn names(&mut self) -> Option<bool> {
        let open = self.peek()?;
        self.at += 1;
        self.blank()?;
        if open == b'*' {
            let before = self.at;
            if self.word() == b"as" {
                self.blank()?;
                return (!self.word().is_empty()).then_some(false);
            }
            self.at = before;
            return Some(false);
        }
        if open != b'{' {
            return None;
        }
        let (mut names, mut types) = (0, 0);
        loop {
            if self.peek()? == b'}' {
                self.at += 1;
                return Some(names > 0 && names == types);
            }
            let first = self.word();
            if first.is_empty() {
                return None;
            }
            names += 1;
            self.blank()?;
            let mut word = self.word();
            if first == b"type" && !word.is_empty() {
                // `type as x` may be the value `type` or the type `as`.
                if word == b"as" || !self.has_types {
                    return None;
                }
                types += 1;
                self.blank()?;
                word = self.word();
            }
            if word == b"as" {
                self.blank()?;
                if self.word().is_empty() {
                    return None;
                }
            } else if !word.is_empty() {
                return None;
            }
            self.blank()?;
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {}
                _ => return None,
            }
            self.blank()?;
        }
    }

    fn from(&mut self) -> Option<()> {
        self.blank()?;
        (self.word() == b"from").then_some(())?;
        self.blank()
    }

    /// A string without escapes: what is between its quotes.
    fn string(&mut self) -> Option<Span> {
        let quote = self.peek().filter(|byte| matches!(byte, b'"' | b'\''))?;
        let start = self.at + 1;
        let rest = &self.text[start..];
        let length = memchr::memchr3(quote, b'\n', b'\\', rest)?;
        self.at = start + length + 1;
        (rest[length] == quote).then(|| Span::new(start, start + length))
    }

    /// Whether a statement that is whole here ends here.
    fn ends(&mut self) -> Option<bool> {
        let before = self.at;
        self.blank()?;
        Some(match self.peek() {
            Some(b';') => {
                self.at += 1;
                true
            }
            None => true,
            Some(_) => memchr::memchr(b'\n', &self.text[before..self.at]).is_some(),
        })
    }

    /// Goes past blanks and comments.
    fn blank(&mut self) -> Option<()> {
        loop {
            match self.text[self.at..] {
                [b' ' | b'\t' | b'\r' | b'\n', ..] => self.at += 1,
                [b'/', b'/', ..] => self.line(),
                [b'/', b'*', ..] => {
                    let start = self.at + 2;
                    self.at = start + memchr::memmem::find(&self.text[start..], b"*/")? + 2;
                }
                [byte, ..] if !byte.is_ascii() => return None,
                _ => return Some(()),
            }
        }
    }

    /// Goes to the end of the line.
    fn line(&mut self) {
        self.at = memchr::memchr(b'\n', &self.text[self.at..]).map_or(self.text.len(), |length| self.at + length);
    }

    /// Goes past a word; empty without one.
    fn word(&mut self) -> &'t [u8] {
        let rest = &self.text[self.at..];
        let length = rest.iter().take_while(|byte| is_word(**byte)).count();
        self.at += length;
        &rest[..length]
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$'
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c)
}
