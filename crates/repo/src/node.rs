//! A JavaScript or TypeScript module: what it imports.

mod imports;
mod scan;

pub use imports::{ImportKind, NodeImport};
pub(crate) use scan::{parse_all, parse_whole};

use crate::hints::Hints;
use crate::reading::Answers;
use crate::{Input, Lowered, log_file};
use twiceshy_source::FileId;
use twiceshy_syntax::js::{self, Dialect};

/// A JavaScript or TypeScript module, or the script blocks of a component.
#[derive(Debug)]
pub struct Node {
    /// The file.
    pub file: FileId,
    /// Its imports, in order, nested ones too.
    pub imports: Vec<NodeImport>,
    /// Whether it may read environment variables.
    pub(crate) may_read_variables: bool,
    /// Words in it that make it worth parsing for some question.
    pub(crate) hints: Hints,
    /// What it was asked.
    pub(crate) answers: Answers,
    /// They were scanned, not parsed.
    is_scanned: bool,
}

impl Node {
    /// A module of which nothing is known yet but its imports.
    fn new(input: Input<'_>, imports: Vec<NodeImport>) -> Self {
        Self {
            file: input.file,
            imports,
            may_read_variables: crate::variables::may_read(input),
            hints: Hints::of_node(input),
            answers: Answers::default(),
            is_scanned: false,
        }
    }
}

pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    if is_made_by_a_tool(input.path(), input.text()) {
        return;
    }
    // Of most modules nothing is asked but their imports, and a parser is a slow way to them.
    if !asks_for_more_than_imports(input)
        && let Some(imports) = scan::imports(input)
    {
        out.node.push(Node { is_scanned: true, ..Node::new(input, imports) });
    } else {
        parse(input, out);
    }
}

/// Whether a fact other than an import may stand in the text: each says by which words it is known.
fn asks_for_more_than_imports(input: Input<'_>) -> bool {
    log_file::may_have(input.text(), log_file::Language::JavaScript)
}

fn parse(input: Input<'_>, out: &mut Lowered) {
    let text = input.text();
    js::read(text, Dialect::of(input.path()), |module| {
        if log_file::may_have(text, log_file::Language::JavaScript) {
            log_file::lower(&module, log_file::Language::JavaScript, input, out);
        }
        let imports = imports::of(module.body, text, input.file);
        out.node.push(Node::new(input, imports));
        out.flaws.extend(module.flaws);
    });
}

/// Whether nobody wrote this text: bundled, minified, or somebody else's code copied in whole.
fn is_made_by_a_tool(path: &str, text: &str) -> bool {
    const LONG_LINE: usize = 400;
    let copied = ["node_modules", "dist", "vendor", "vendors", "third_party", "thirdparty", ".yarn", ".pnpm"];
    if path.split('/').rev().skip(1).any(|part| copied.contains(&part)) {
        return true;
    }
    let head = &text.as_bytes()[..text.len().min(32 << 10)];
    head.len() > 4 * LONG_LINE && head.len() / (memchr::memchr_iter(b'\n', head).count() + 1) > LONG_LINE
}
