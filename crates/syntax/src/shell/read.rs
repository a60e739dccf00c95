//! Runs tree-sitter-bash with an end to its patience.
//!
//! Where a script is damaged, the grammar's scanner looks ahead from every token, up to the end of the file: 100 KB of
//! `<a>` take it ten seconds. So the text is handed out in pieces, and when far more of them were asked for than a
//! sound script ever needs, reading ends. Pieces, not seconds: the outcome is the same on every machine.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use tree_sitter::{ParseOptions, Parser, Tree};

/// The size of a piece, in bytes.
const PIECE: usize = 4096;
/// How often a script may be read over. Of 285 scripts of twelve public repositories most needed 2 readings, the worst
/// 12 (3 KB with an error in it).
const TIMES: usize = 64;
/// What a short script may ask for besides, in pieces.
const FREE: usize = 256;

thread_local! {
    /// Making a parser costs more than parsing a healthcheck.
    static PARSER: RefCell<Option<Parser>> = RefCell::new(parser());
}

fn parser() -> Option<Parser> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).ok()?;
    Some(parser)
}

/// The tree of `text`; `None` if reading it was given up.
pub(super) fn tree(text: &str) -> Option<Tree> {
    let most = FREE + TIMES * (text.len() / PIECE + 1);
    let pieces = Cell::new(0);
    let mut piece = |from: usize, _| {
        pieces.set(pieces.get() + 1);
        if pieces.get() > most {
            return "";
        }
        let start = text.floor_char_boundary(from.min(text.len()));
        &text[start..text.floor_char_boundary((start + PIECE).min(text.len()))]
    };
    let mut progress = |_: &_| if pieces.get() > most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let tree = PARSER.with_borrow_mut(|parser| {
        let parser = parser.as_mut()?;
        let options = ParseOptions::new().progress_callback(&mut progress);
        let tree = parser.parse_with_options(&mut piece, None, Some(options));
        // What was given up would be taken up again by the next script.
        parser.reset();
        tree
    });
    tree.filter(|_| pieces.get() <= most)
}
