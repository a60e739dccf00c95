//! The imports of a Python module, found without parsing it.
//!
//! `import` is a keyword: outside strings and comments it stands in an import statement or in what is not Python. So the
//! text is searched for the word, strings and comments before a hit are stepped over, and the statement around it is
//! read. Whatever is not plain (a name that Python would normalise, quotes of an f-string within its braces, an
//! unterminated string) is a [`Doubt`], and the module wants its parser.

#[cfg(test)]
mod tests;

use super::strings::{Doubt, Strings};
use crate::code::{Import, Name};
use bumpalo::Bump;
use memchr::memmem::Finder;
use std::sync::LazyLock;
use twiceshy_source::Span;

static IMPORT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("import"));
static TEMPLATE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("{%"));
static PRINT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("print "));
static TYPE_CHECKING: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("TYPE_CHECKING"));

/// The imports of `text`, in order: those of [`parse`](super::parse), where the text is Python.
///
/// # Errors
/// When only the parser can tell.
pub fn scan_imports<'a>(text: &'a str, arena: &'a Bump) -> Result<Vec<Import<'a>>, Doubt> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    if is_other_language(bytes) {
        return Err(Doubt);
    }
    let mut strings = Strings::of(bytes);
    let mut checks = TypeChecks::of(bytes);
    let mut names = Vec::new();
    let mut done = 0;
    for at in IMPORT.find_iter(bytes) {
        if at < done || !is_word(bytes, at, IMPORT.needle().len()) || !may_be_statement(bytes, at) {
            continue;
        }
        let type_only = checks.reach(at, &mut strings)?;
        if !strings.is_code(at)? {
            continue;
        }
        let mut statement = Statement { text, bytes, at: at + IMPORT.needle().len(), type_only, arena };
        match from(bytes, at)? {
            Some((dots, module)) => found.push(statement.names_from(dots, module, &mut names)?),
            None => statement.modules(&mut found)?,
        }
        done = statement.at;
        checks.pass(done);
    }
    Ok(found)
}

/// Whether the text may be a template or Python 2, of which the parser has something to say, or has line ends of old.
fn is_other_language(bytes: &[u8]) -> bool {
    let is_statement = |at: usize| matches!(bytes.get(at + PRINT.needle().len()), Some(b'"' | b'\''));
    TEMPLATE.find(bytes).is_some()
        || PRINT.find_iter(bytes).any(is_statement)
        || memchr::memchr_iter(b'\r', bytes).any(|at| bytes.get(at + 1) != Some(&b'\n'))
}

/// Whether the word at `at` is not part of another.
fn is_word(bytes: &[u8], at: usize, length: usize) -> bool {
    let is_free = |byte: Option<&u8>| !byte.is_some_and(|byte| is_identifier(*byte));
    is_free(at.checked_sub(1).and_then(|at| bytes.get(at))) && is_free(bytes.get(at + length))
}

fn is_identifier(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\x0c')
}

/// How far back a line's start is looked for: beyond that, nobody wrote the line, and a text of one line must not be
/// searched again for each of its words.
const LONGEST_LINE: usize = 4096;

fn line_start(bytes: &[u8], at: usize) -> Result<usize, Doubt> {
    let from = at.saturating_sub(LONGEST_LINE);
    match memchr::memrchr(b'\n', bytes.get(from..at).unwrap_or_default()) {
        Some(newline) => Ok(from + newline + 1),
        None if from == 0 => Ok(0),
        None => Err(Doubt),
    }
}

/// A look at the line alone, which spares most prose the work of finding out whether it is prose: the word starts it, or
/// comes after `from`, or another statement or a header may stand before it.
fn may_be_statement(bytes: &[u8], at: usize) -> bool {
    let Ok(start) = line_start(bytes, at) else { return true };
    let before = bytes.get(start..at).unwrap_or_default().trim_ascii_start();
    before.is_empty()
        || before.starts_with(b"from")
        || memchr::memchr2(b';', b':', before).is_some()
        || bytes.get(..start).is_some_and(|above| above.trim_ascii_end().ends_with(b"\\"))
}

/// The dots and the module between `from` and the `import` at `end`; `None`: no `from` belongs to it.
fn from(bytes: &[u8], end: usize) -> Result<Option<(u32, Span)>, Doubt> {
    // Back to where the statement starts.
    let mut start = end;
    while let Some(byte) = start.checked_sub(1).and_then(|at| bytes.get(at)) {
        match byte {
            b'\n' => match bytes.get(..start - 1).unwrap_or_default() {
                [.., b'\\'] | [.., b'\\', b'\r'] => {}
                _ => break,
            },
            b';' | b':' => break,
            b'.' | b'\\' | b'\r' => {}
            byte if is_blank(*byte) || is_identifier(*byte) => {}
            _ => return Err(Doubt),
        }
        start -= 1;
    }
    let mut at = skip(bytes, start);
    if at == end {
        return Ok(None);
    }
    if !bytes.get(at..).is_some_and(|rest| rest.starts_with(b"from")) || !is_word(bytes, at, "from".len()) {
        return Err(Doubt);
    }
    at = skip(bytes, at + "from".len());
    let first_dot = at;
    let mut after_dots = at;
    let mut dots = 0;
    while bytes.get(at) == Some(&b'.') {
        dots += 1;
        after_dots = at + 1;
        at = skip(bytes, after_dots);
    }
    if at == end {
        // The parser's place for it is that of the dots that stand together.
        let together = bytes.get(first_dot..after_dots).unwrap_or_default().iter().all(|byte| *byte == b'.');
        return if dots > 0 && together { Ok(Some((dots, Span::new(first_dot, after_dots)))) } else { Err(Doubt) };
    }
    let module = dotted(bytes, at)?;
    if skip(bytes, module.end as usize) == end { Ok(Some((dots, module))) } else { Err(Doubt) }
}

/// The end of the blanks and continued lines at `at`.
fn skip(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at..).unwrap_or_default() {
            [blank, ..] if is_blank(*blank) => at += 1,
            [b'\\', b'\n', ..] => at += 2,
            [b'\\', b'\r', b'\n', ..] => at += 3,
            _ => return at,
        }
    }
}

/// The identifier at `at`.
fn identifier(bytes: &[u8], at: usize) -> Result<Span, Doubt> {
    let rest = bytes.get(at..).unwrap_or_default();
    let length = rest.iter().take_while(|byte| is_identifier(**byte)).count();
    let name = rest.get(..length).unwrap_or_default();
    // Python composes the characters of a name before it looks for the module.
    if name.first().is_none_or(u8::is_ascii_digit) || !name.is_ascii() {
        return Err(Doubt);
    }
    Ok(Span::new(at, at + length))
}

/// The dotted name at `at`, written without blanks.
fn dotted(bytes: &[u8], at: usize) -> Result<Span, Doubt> {
    let mut name = identifier(bytes, at)?;
    while bytes.get(name.end as usize) == Some(&b'.') {
        name.end = identifier(bytes, name.end as usize + 1)?.end;
    }
    match bytes.get(skip(bytes, name.end as usize)) {
        Some(b'.') if bytes.get(name.end as usize) != Some(&b'.') => Err(Doubt),
        _ => Ok(name),
    }
}

/// What stands after `import`.
struct Statement<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    type_only: bool,
    arena: &'a Bump,
}

impl<'a> Statement<'a> {
    /// `import a.b as c, d`
    fn modules(&mut self, found: &mut Vec<Import<'a>>) -> Result<(), Doubt> {
        loop {
            self.at = skip(self.bytes, self.at);
            let module = self.name(dotted(self.bytes, self.at)?);
            self.at = module.span.end as usize;
            let names: &[_] = match self.local(false)? {
                Some(local) => &[(Name { text: "*", span: module.span }, local)],
                None => &[],
            };
            let names = self.arena.alloc_slice_copy(names);
            found.push(Import { module, dots: 0, names, type_only: self.type_only, is_export: false });
            if !self.eat(b',') {
                return self.ends();
            }
        }
    }

    /// `(a as b, c,)`, `*`
    fn names_from(
        &mut self,
        dots: u32,
        module: Span,
        names: &mut Vec<(Name<'a>, Name<'a>)>,
    ) -> Result<Import<'a>, Doubt> {
        let is_dots = self.bytes.get(module.start as usize) == Some(&b'.');
        let module = Name { text: if is_dots { "" } else { module.of(self.text) }, span: module };
        names.clear();
        self.at = skip(self.bytes, self.at);
        if self.bytes.get(self.at) == Some(&b'*') {
            let star = self.name(Span::new(self.at, self.at + 1));
            names.push((star, star));
            self.at += 1;
        } else {
            let in_parentheses = self.eat(b'(');
            loop {
                self.blanks(in_parentheses);
                if in_parentheses && !names.is_empty() && self.eat(b')') {
                    break;
                }
                let name = self.name(identifier(self.bytes, self.at)?);
                self.at = name.span.end as usize;
                names.push((name, self.local(in_parentheses)?.unwrap_or(name)));
                self.blanks(in_parentheses);
                match (self.eat(b','), in_parentheses) {
                    (true, _) => {}
                    (false, true) if self.eat(b')') => break,
                    (false, true) => return Err(Doubt),
                    (false, false) => break,
                }
            }
        }
        self.ends()?;
        let names = self.arena.alloc_slice_copy(names);
        Ok(Import { module, dots, names, type_only: self.type_only, is_export: false })
    }

    /// `as name`
    fn local(&mut self, in_parentheses: bool) -> Result<Option<Name<'a>>, Doubt> {
        self.blanks(in_parentheses);
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(b"as")) || !is_word(self.bytes, self.at, 2) {
            return Ok(None);
        }
        self.at += 2;
        self.blanks(in_parentheses);
        let local = self.name(identifier(self.bytes, self.at)?);
        self.at = local.span.end as usize;
        Ok(Some(local))
    }

    fn name(&self, span: Span) -> Name<'a> {
        Name { text: span.of(self.text), span }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is_there = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(is_there);
        is_there
    }

    /// Steps over blanks and continued lines; in parentheses over line ends and comments too.
    fn blanks(&mut self, in_parentheses: bool) {
        loop {
            self.at = skip(self.bytes, self.at);
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            match rest.first() {
                Some(b'\n' | b'\r') if in_parentheses => self.at += 1,
                Some(b'#') if in_parentheses => self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
                _ => return,
            }
        }
    }

    /// A statement ends with its line, a semicolon or a comment.
    fn ends(&mut self) -> Result<(), Doubt> {
        self.at = skip(self.bytes, self.at);
        match self.bytes.get(self.at) {
            None | Some(b'\n' | b'\r' | b';' | b'#') => Ok(()),
            Some(_) => Err(Doubt),
        }
    }
}

/// The blocks of `if TYPE_CHECKING:`, followed from import to import.
struct TypeChecks<'a> {
    bytes: &'a [u8],
    /// The next `TYPE_CHECKING`; past the end of the text when there is none.
    next: usize,
    /// The indentation of the `if` around, and the end of what was seen of its block.
    block: Option<(usize, usize)>,
}

impl<'a> TypeChecks<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let next = TYPE_CHECKING.find(bytes).unwrap_or(usize::MAX);
        Self { bytes, next, block: None }
    }

    /// Whether the statement at `at` stands in such a block.
    fn reach(&mut self, at: usize, strings: &mut Strings<'_>) -> Result<bool, Doubt> {
        while self.next < at {
            self.leave(self.next)?;
            if strings.is_code(self.next)? && self.block.is_none() {
                self.block = self.header(self.next, at)?;
            }
            let after = self.next + TYPE_CHECKING.needle().len();
            let rest = self.bytes.get(after..).unwrap_or_default();
            self.next = TYPE_CHECKING.find(rest).map_or(usize::MAX, |found| after + found);
        }
        self.leave(at)?;
        Ok(self.block.is_some())
    }

    /// What stands before `end` was a statement of the block, whatever its lines look like.
    fn pass(&mut self, end: usize) {
        if let Some((_, seen)) = &mut self.block {
            *seen = end;
        }
        if self.next < end {
            // `from typing import TYPE_CHECKING`
            let rest = self.bytes.get(end..).unwrap_or_default();
            self.next = TYPE_CHECKING.find(rest).map_or(usize::MAX, |found| end + found);
        }
    }

    /// The block whose header's test ends with the `TYPE_CHECKING` at `at`; `None`: it is no such test.
    fn header(&self, at: usize, import: usize) -> Result<Option<(usize, usize)>, Doubt> {
        let start = line_start(self.bytes, at)?;
        let line = self.bytes.get(start..at).unwrap_or_default();
        let before = line.trim_ascii_start();
        let after = self.bytes.get(at + TYPE_CHECKING.needle().len()..).unwrap_or_default();
        let test = before.strip_prefix(b"if").or_else(|| before.strip_prefix(b"elif"));
        let Some(test) = test.filter(|test| test.first().is_none_or(|byte| !is_identifier(*byte))) else {
            return Ok(None);
        };
        let is_dotted = |byte: &u8| is_identifier(*byte) || *byte == b'.';
        let test = test.trim_ascii();
        match after.trim_ascii_start().first() {
            Some(b':') if test.is_empty() || test.ends_with(b".") && test.iter().all(is_dotted) => {
                // `if TYPE_CHECKING: import a`
                if line_start(self.bytes, import)? == start {
                    return Err(Doubt);
                }
                let seen = memchr::memchr(b'\n', after)
                    .map_or(self.bytes.len(), |newline| at + TYPE_CHECKING.needle().len() + newline + 1);
                Ok(Some((line.len() - before.len(), seen)))
            }
            // `if (TYPE_CHECKING):`, `if TYPE_CHECKING \`
            Some(b')' | b'\\' | b'#') => Err(Doubt),
            _ => Ok(None),
        }
    }

    /// Goes on to `end`, and out of the block at the first line that is indented no deeper than its `if`.
    fn leave(&mut self, end: usize) -> Result<(), Doubt> {
        let Some((indentation, seen)) = self.block else { return Ok(()) };
        // The first of these lines is the rest of one that was seen, unless that was seen whole.
        let from = if line_start(self.bytes, seen)? == seen {
            seen
        } else {
            let rest = self.bytes.get(seen..).unwrap_or_default();
            memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |newline| seen + newline + 1)
        };
        for line in self.bytes.get(from..end).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
            let code = line.trim_ascii_start();
            // The last line stops before the statement that is asked about: blank, it still tells how deep that is.
            let is_last = !line.ends_with(b"\n");
            if code.starts_with(b"#") || code.is_empty() && !is_last {
                continue;
            }
            if matches!(code.first(), Some(b')' | b']' | b'}' | b'"' | b'\'')) {
                return Err(Doubt);
            }
            if line.len() - code.len() <= indentation {
                self.block = None;
                return Ok(());
            }
        }
        // A statement at the very start of a line has no last line.
        let start = line_start(self.bytes, end)?;
        self.block = (start < end || end < from).then_some((indentation, start.max(seen)));
        Ok(())
    }
}
