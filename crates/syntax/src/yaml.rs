//! YAML: an arena of nodes with exact spans, anchors, aliases and comments, made from granit-parser's events.
//!
//! Invariants:
//! * A node is at most [`MAX_DEPTH`] steps below its root, through aliases too, so that recursion over nodes is safe.
//!   An alias inside its own anchor names nothing.
//! * Walking everything is bounded: what aliases and merge keys repeat is given out [`ALIAS_BUDGET`] times per file.
//! * What could not be parsed is blanked line by line; every span is one of the original text.

mod build;
mod edits;
mod recover;
mod scalar;
#[cfg(test)]
mod tests;

pub use edits::Edits;

use rustc_hash::FxHashSet;
use std::cell::Cell;
use twiceshy_source::{Extract, FileId, Span};

/// How many steps below its root a node can be reached.
pub const MAX_DEPTH: usize = 200;

/// How many nodes of a file may be reached through aliases and merge keys before they read as empty. Compose's own
/// parser refuses such files ("document contains excessive aliasing").
pub const ALIAS_BUDGET: u32 = 1 << 20;

/// A parsed YAML file: one or more documents.
#[derive(Debug)]
pub struct Yaml {
    nodes: Vec<Data>,
    /// Ids of collections' children: a mapping's are key, value, key, value…
    children: Vec<u32>,
    /// Decoded scalars, one after the other.
    values: String,
    /// Tags, by the id of their node.
    tags: Vec<(u32, Span, Box<str>)>,
    documents: Vec<u32>,
    budget: Cell<u32>,
    /// Comments, in order, each from its `#` to the end of its line.
    pub comments: Vec<Span>,
    /// What was not understood.
    pub flaws: Vec<crate::Flaw>,
}

#[derive(Clone, Copy, Debug)]
struct Data {
    span: Span,
    style: Style,
    content: Content,
}

#[derive(Clone, Copy, Debug)]
enum Content {
    /// A range of [`Yaml::values`].
    Scalar(Span),
    /// A range of [`Yaml::children`], of even length.
    Map(Span),
    /// A range of [`Yaml::children`].
    Seq(Span),
    /// The id of the node that it stands for; `None` where there is none.
    Alias(Option<u32>),
}

/// A node of a parsed YAML file. Aliases are followed: a node never is one, though [`Node::via`] tells. The one
/// exception is an alias of nothing: a node that is neither scalar nor collection.
#[derive(Clone, Copy, Debug)]
pub struct Node<'t> {
    yaml: &'t Yaml,
    id: u32,
    /// The alias through which it was reached, the outermost of several; [`NONE`] without.
    via: u32,
    depth: u16,
}

const NONE: u32 = u32::MAX;

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
    recover::parse(text)
}

impl Yaml {
    /// The roots of the documents.
    pub fn documents(&self) -> impl Iterator<Item = Node<'_>> {
        self.documents.iter().map(|&id| Node { yaml: self, id, via: NONE, depth: 0 })
    }

    /// The root of the first document.
    pub fn root(&self) -> Option<Node<'_>> {
        self.documents().next()
    }

    fn data(&self, id: u32) -> Data {
        self.nodes.get(id as usize).copied().unwrap_or(Data {
            span: Span::default(),
            style: Style::Plain,
            content: Content::Alias(None),
        })
    }

    fn ids(&self, range: Span) -> &[u32] {
        self.children.get(range.range()).unwrap_or_default()
    }

    /// Takes `cost` nodes from what aliases may repeat; `false` when nothing is left.
    fn afford(&self, cost: usize) -> bool {
        let left = self.budget.get();
        let cost = u32::try_from(cost).unwrap_or(u32::MAX);
        self.budget.set(left.saturating_sub(cost));
        left >= cost
    }
}

impl<'t> Node<'t> {
    fn data(self) -> Data {
        self.yaml.data(self.id)
    }

    fn child(self, id: u32) -> Self {
        let depth = self.depth + 1;
        match self.yaml.data(id).content {
            Content::Alias(Some(target)) => {
                let via = if self.via == NONE { id } else { self.via };
                Self { yaml: self.yaml, id: target, via, depth }
            }
            _ => Self { yaml: self.yaml, id, via: self.via, depth },
        }
    }

    /// The ids of its children, while it may have any.
    fn ids(self, range: Span) -> &'t [u32] {
        if usize::from(self.depth) >= MAX_DEPTH { &[] } else { self.yaml.ids(range) }
    }

    /// Key and value ids of a mapping, as written.
    fn pairs(self) -> impl DoubleEndedIterator<Item = (u32, u32)> + use<'t> {
        let ids = match self.data().content {
            Content::Map(range) => self.ids(range),
            _ => &[],
        };
        ids.as_chunks::<2>().0.iter().map(|&[key, value]| (key, value))
    }

    /// Where the node stands: quotes included, a block scalar without its header and final line break, a block
    /// collection from its first key or dash to the end of its last value. The span of an empty value is empty and
    /// stands where the value would.
    pub fn span(self) -> Span {
        self.data().span
    }

    /// Where the alias stands through which this node was reached; of several, the outermost.
    pub fn via(self) -> Option<Span> {
        (self.via != NONE).then(|| self.yaml.data(self.via).span)
    }

    /// How it is written.
    pub fn style(self) -> Style {
        self.data().style
    }

    /// Its tag, as written: `!reset`, `!!str`.
    pub fn tag(self) -> Option<&'t str> {
        self.tag_entry().map(|(_, _, tag)| &**tag)
    }

    /// Where its tag stands.
    pub fn tag_span(self) -> Option<Span> {
        self.tag_entry().map(|(_, span, _)| *span)
    }

    fn tag_entry(self) -> Option<&'t (u32, Span, Box<str>)> {
        let at = self.yaml.tags.binary_search_by_key(&self.id, |(id, ..)| *id).ok()?;
        self.yaml.tags.get(at)
    }

    /// The decoded value of a scalar; empty for an empty value.
    pub fn as_str(self) -> Option<&'t str> {
        match self.data().content {
            Content::Scalar(range) => Some(range.of(&self.yaml.values)),
            _ => None,
        }
    }

    /// Whether it is empty, `null` or `~`, and plain.
    pub fn is_null(self) -> bool {
        self.style() == Style::Plain
            && matches!(self.as_str(), Some("" | "~" | "null" | "Null" | "NULL"))
            && self.tag() != Some("!!str")
    }

    /// The value of `key`; merge keys (`<<`) are looked into after the mapping's own keys. Of a key given twice: the last.
    pub fn get(self, key: &str) -> Option<Node<'t>> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The entry of `key` (key node, value node), found as by [`Node::get`].
    pub fn entry(self, key: &str) -> Option<(Node<'t>, Node<'t>)> {
        let own = self.pairs().map(|(id, value)| (self.child(id), value)).rfind(|(node, _)| node.as_str() == Some(key));
        match own {
            Some((node, value)) => Some((node, self.child(value))),
            None => self.merged().into_iter().find_map(|map| map.entry(key)),
        }
    }

    /// The value at a path of keys.
    pub fn at(self, path: &[&str]) -> Option<Node<'t>> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The entries of a mapping (key node, value node), those of merge keys last and only where not overridden; empty
    /// for other nodes. A key that is given twice is there twice.
    pub fn entries(self) -> Vec<(Node<'t>, Node<'t>)> {
        let mut entries = self.own_entries();
        if self.has_merge_key() {
            let mut seen: FxHashSet<&str> = entries.iter().filter_map(|(key, _)| key.as_str()).collect();
            self.add_merged(&mut seen, &mut entries);
        }
        entries
    }

    fn add_merged(self, seen: &mut FxHashSet<&'t str>, entries: &mut Vec<(Node<'t>, Node<'t>)>) {
        for map in self.merged() {
            for (key, value) in map.own_entries() {
                if key.as_str().is_some_and(|key| seen.insert(key)) {
                    entries.push((key, value));
                }
            }
            map.add_merged(seen, entries);
        }
    }

    /// The entries that stand in the mapping itself, without merge keys and what they bring.
    pub fn own_entries(self) -> Vec<(Node<'t>, Node<'t>)> {
        let pairs = self.pairs();
        if self.via != NONE && !self.yaml.afford(pairs.size_hint().0) {
            return Vec::new();
        }
        pairs
            .filter(|&(key, _)| !self.is_merge_key(key))
            .map(|(key, value)| (self.child(key), self.child(value)))
            .collect()
    }

    fn is_merge_key(self, id: u32) -> bool {
        let data = self.yaml.data(id);
        data.style == Style::Plain
            && matches!(data.content, Content::Scalar(range) if range.of(&self.yaml.values) == "<<")
    }

    fn has_merge_key(self) -> bool {
        self.pairs().any(|(key, _)| self.is_merge_key(key))
    }

    /// The mappings that its merge keys name, the strongest first.
    fn merged(self) -> Vec<Node<'t>> {
        let mut maps = Vec::new();
        for (_, value) in self.pairs().filter(|&(key, _)| self.is_merge_key(key)) {
            let value = self.child(value);
            match value.data().content {
                Content::Map(_) => maps.push(value),
                Content::Seq(range) => {
                    maps.extend(value.ids(range).iter().map(|&id| value.child(id)).filter(|map| map.is_map()))
                }
                _ => {}
            }
        }
        if !maps.is_empty() && !self.yaml.afford(maps.len()) {
            maps.clear();
        }
        maps
    }

    /// The items of a sequence; empty for other nodes.
    pub fn items(self) -> Vec<Node<'t>> {
        let Content::Seq(range) = self.data().content else { return Vec::new() };
        let ids = self.ids(range);
        if self.via != NONE && !self.yaml.afford(ids.len()) {
            return Vec::new();
        }
        ids.iter().map(|&id| self.child(id)).collect()
    }

    /// Whether it is a mapping.
    pub fn is_map(self) -> bool {
        matches!(self.data().content, Content::Map(_))
    }

    /// Whether it is a sequence.
    pub fn is_seq(self) -> bool {
        matches!(self.data().content, Content::Seq(_))
    }

    /// The decoded value of a scalar with the way back for every byte: escapes, folds and indentation included. `text`
    /// is the text that was parsed. Where the way back is not known the whole value stands for the whole scalar.
    pub fn extract(self, file: FileId, text: &str) -> Option<Extract> {
        Some(scalar::extract(file, text, self.span(), self.style(), self.as_str()?))
    }
}
