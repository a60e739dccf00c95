//! Python: ruff's parser, its tree copied into [`code`](crate::code)'s arena.
//!
//! Ruff's parser grows its own stack, so that any nesting parses; the copy stops at [`MAX_DEPTH`]. Python 2 and
//! templates named `.py` have flaws, and what could be read of them is kept.

mod convert;
mod scan;
mod strings;
#[cfg(test)]
mod tests;

pub use scan::scan_imports;
pub use strings::Doubt;

use crate::Flaw;
use crate::code::Module;
use bumpalo::Bump;
use convert::Converter;
use ruff_python_ast::PySourceType;
use ruff_python_ast::token::TokenKind;
use ruff_text_size::{Ranged, TextRange};
use twiceshy_source::Span;

#[cfg(doc)]
use crate::code::MAX_DEPTH;

/// How many flaws of one file are kept: a file that is not Python at all has one on every line.
const MAX_FLAWS: usize = 8;

/// Parses `text` into `arena`.
///
/// `import a, b` is two imports; `x += 1` is the expression `Assign(x, "+=", 1)`; a chained comparison is an `Other` of
/// its operands; a loop's or a `try`'s `else` stands at the end of what it follows.
pub fn parse<'a>(text: &'a str, arena: &'a Bump) -> Module<'a> {
    let parsed = ruff_python_parser::parse_unchecked_source(text, PySourceType::Python);
    let comments: Vec<Span> = parsed
        .tokens()
        .iter()
        .filter(|token| token.kind() == TokenKind::Comment)
        .map(|token| span(token.range()))
        .collect();
    let flaws = parsed.errors().iter().take(MAX_FLAWS);
    let flaws = flaws.map(|error| Flaw { span: span(error.location), what: error.error.to_string() }).collect();
    let module = parsed.into_syntax();
    let mut converter = Converter::new(text, arena);
    let body = converter.block(&module.body);
    if converter.cut {
        // Freeing a tree recurses as deep as the tree: a chain of 50,000 operators would overflow the stack. Such a
        // file's tree is left to the end of the process.
        std::mem::forget(module);
    }
    Module { body, comments: arena.alloc_slice_copy(&comments), flaws }
}

fn span(range: TextRange) -> Span {
    Span { start: range.start().into(), end: range.end().into() }
}
