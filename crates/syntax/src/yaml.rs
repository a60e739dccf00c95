//! YAML: an arena of nodes with exact spans, anchors, aliases and comments, made from granit-parser's events.

use twiceshy_source::{Extract, FileId, Span};

/// A parsed YAML file: one or more documents.
#[derive(Debug, Default)]
pub struct Yaml {
    nodes: Vec<Data>,
    documents: Vec<u32>,
    /// Comments, in order, each from its `#` to the end of its line.
    pub comments: Vec<Span>,
    /// What was not understood.
    pub flaws: Vec<crate::Flaw>,
}

#[derive(Debug)]
struct Data {}

/// A node of a parsed YAML file. Aliases are followed: a node never is one, though [`Node::via`] tells.
#[derive(Clone, Copy, Debug)]
pub struct Node<'t> {
    yaml: &'t Yaml,
    id: u32,
}

/// How a node is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A plain scalar.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// A mapping or sequence in block style.
    Block,
    /// A mapping or sequence in flow style: `{…}`, `[…]`.
    Flow,
}

/// Parses `text`.
pub fn parse(text: &str) -> Yaml {
    let _ = text;
    todo!("granit-parser")
}

impl Yaml {
    /// The roots of the documents.
    pub fn documents(&self) -> impl Iterator<Item = Node<'_>> {
        self.documents.iter().map(|&id| Node { yaml: self, id })
    }

    /// The root of the first document.
    pub fn root(&self) -> Option<Node<'_>> {
        self.documents().next()
    }
}

impl<'t> Node<'t> {
    /// Where the node stands: quotes included, a block scalar without its header, a block collection from its first
    /// key to the end of its last value.
    pub fn span(self) -> Span {
        todo!()
    }

    /// Where the alias stands through which this node was reached.
    pub fn via(self) -> Option<Span> {
        todo!()
    }

    /// How it is written.
    pub fn style(self) -> Style {
        todo!()
    }

    /// The decoded value of a scalar.
    pub fn as_str(self) -> Option<&'t str> {
        todo!()
    }

    /// Whether it is empty, `null` or `~`, and plain.
    pub fn is_null(self) -> bool {
        todo!()
    }

    /// The value of `key`; merge keys (`<<`) are looked into after the mapping's own keys. Of a key given twice: the last.
    pub fn get(self, key: &str) -> Option<Node<'t>> {
        let _ = key;
        todo!()
    }

    /// The value at a path of keys.
    pub fn at(self, path: &[&str]) -> Option<Node<'t>> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The entries of a mapping (key node, value node), those of merge keys last and only where not overridden; empty
    /// for other nodes.
    pub fn entries(self) -> Vec<(Node<'t>, Node<'t>)> {
        todo!()
    }

    /// The items of a sequence; empty for other nodes.
    pub fn items(self) -> Vec<Node<'t>> {
        todo!()
    }

    /// Whether it is a mapping.
    pub fn is_map(self) -> bool {
        todo!()
    }

    /// Whether it is a sequence.
    pub fn is_seq(self) -> bool {
        todo!()
    }

    /// The decoded value of a scalar with the way back for every byte: escapes, folds and indentation included.
    pub fn extract(self, file: FileId, text: &str) -> Option<Extract> {
        let _ = (file, text);
        todo!()
    }
}
