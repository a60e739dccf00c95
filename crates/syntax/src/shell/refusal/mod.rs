//! What a shell refuses to read: the first place where bash, dash or BusyBox's ash stops with a syntax error.
//!
//! It errs on one side. What these shells accept is never called refused (`tests/evidence/shell_syntax.rs` compares);
//! where their rules are murky, or differ between versions, nothing is said. Texts of backticks and of heredocs are
//! passed over, and so is everything after a line on which the script ends itself.

mod grammar;
mod words;

use twiceshy_source::Span;

/// A shell that reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// bash 5, not in its POSIX mode.
    Bash,
    /// dash 0.5.
    Dash,
    /// The ash of BusyBox 1.3x.
    Ash,
}

/// The first place at which a shell stops reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The word or operator that must not stand there; what was opened, if the text ends too early.
    pub span: Span,
    /// What is wrong with it, as the rest of a sentence that starts with the thing itself.
    pub what: String,
    /// What was opened last and is still open there.
    pub open: Option<Span>,
}

/// Where `reader` stops reading `text`; `None`: it reads it all, or nothing certain can be said.
pub fn refusal(text: &str, reader: Reader) -> Option<Refusal> {
    // Line ends of Windows may be those of this copy alone.
    if text.len() > MAX_LENGTH || text.contains(['\r', '\0']) {
        return None;
    }
    let mut reading = Reading {
        text,
        bytes: text.as_bytes(),
        reader,
        at: 0,
        peeked: None,
        open: Vec::new(),
        heredocs: Vec::new(),
        depth: 0,
        substitutions: 0,
    };
    match reading.script() {
        Err(Stop::Refused(refusal)) => Some(*refusal),
        Ok(()) | Err(Stop::Unsure) => None,
    }
}

/// How many bytes a script may have.
const MAX_LENGTH: usize = 1 << 20;
/// How deep constructs may nest; beyond that nothing is said.
const MAX_DEPTH: usize = 80;

/// Why reading stopped.
#[derive(Debug)]
enum Stop {
    Refused(Box<Refusal>),
    Unsure,
}

type Read<T> = Result<T, Stop>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// Its text, if no byte of it is quoted or expanded.
    Word(Option<String>),
    /// A word that ends in an array: `a=(1 2)`.
    Array,
    /// `2` in `2>&1`, `{fd}` in `{fd}>f`.
    Descriptor,
    Operator(&'static str),
    Newline,
    End,
}

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    span: Span,
}

impl Token {
    fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(Some(text)) if text == word)
    }

    fn is_operator(&self, operator: &str) -> bool {
        matches!(self.kind, Kind::Operator(own) if own == operator)
    }
}

/// A heredoc whose body has not come yet.
struct Heredoc {
    delimiter: String,
    strips_tabs: bool,
    quoted: bool,
}

struct Reading<'a> {
    text: &'a str,
    bytes: &'a [u8],
    reader: Reader,
    at: usize,
    peeked: Option<Token>,
    /// What is open, outermost first.
    open: Vec<Span>,
    heredocs: Vec<Heredoc>,
    depth: usize,
    /// How many `$( )` are open.
    substitutions: usize,
}

impl Reading<'_> {
    fn refuse<T>(&self, span: Span, what: impl Into<String>) -> Read<T> {
        let open = self.open.last().copied().filter(|open| *open != span);
        Err(Stop::Refused(Box::new(Refusal { span, what: what.into(), open })))
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth >= MAX_DEPTH {
            return Err(Stop::Unsure);
        }
        self.depth += 1;
        let result = read(self)?;
        self.depth -= 1;
        Ok(result)
    }

    fn is_bash(&self) -> bool {
        self.reader == Reader::Bash
    }
}
