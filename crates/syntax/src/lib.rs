//! One parser per language, each behind one face. The only crate that knows a parser library: none of their types
//! leaves it.
//!
//! Invariants:
//! * Parsing never fails and never panics: a parser returns what it understood, and its [`Flaw`]s. Nesting is bounded
//!   before a recursive parser sees the text.
//! * Spans are bytes in the text that was parsed. Whoever parses knows which file, or which
//!   [`Extract`](twiceshy_source::Extract) of one, that text is.
//! * Trees are borrowed by the worker that lowers them and die with it.

pub mod blocks;
pub mod code;
pub mod comments;
pub mod dockerfile;
pub mod dotenv;
pub mod expression;
pub mod js;
pub mod json;
pub mod markdown;
pub mod python;
pub mod rust;
pub mod shell;
pub mod sql;
pub mod toml;
#[cfg(test)]
#[path = "../../../tests/work.rs"]
mod work;
pub mod yaml;

use twiceshy_source::Span;

/// Something that a parser did not understand. The rest was parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Where.
    pub span: Span,
    /// What the parser met, as a person would say it: "a tab where indentation is expected".
    pub what: String,
}
