//! Files and directories by name, as rsync sees them on one side.

use std::collections::BTreeMap;
use std::rc::Rc;

/// What lies at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link, to whatever.
    Link,
}

/// A directory with all it holds.
#[derive(Clone, Debug)]
pub struct Tree {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
struct Node {
    kind: Kind,
    text: Option<Rc<str>>,
    children: BTreeMap<Box<str>, u32>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: vec![Node::of(Kind::Directory)] }
    }
}

impl Node {
    fn of(kind: Kind) -> Self {
        Self { kind, text: None, children: BTreeMap::new() }
    }
}

/// How deep a path may be.
const MAX_DEPTH: usize = 100;

impl Tree {
    /// Adds what lies at `path`, and the directories above it; what is there already stays.
    pub fn add(&mut self, path: &str, kind: Kind) {
        let mut at = 0;
        let parts: Vec<&str> = parts(path).take(MAX_DEPTH).collect();
        for (number, part) in parts.iter().enumerate() {
            let is_last = number + 1 == parts.len();
            at = match self.nodes[at].children.get(*part) {
                Some(child) => *child as usize,
                None if self.nodes[at].kind != Kind::Directory => return,
                None => {
                    let child = self.nodes.len();
                    self.nodes.push(Node::of(if is_last { kind } else { Kind::Directory }));
                    self.nodes[at].children.insert((*part).into(), child as u32);
                    child
                }
            };
        }
    }

    /// Adds a file with rules, whose text matters.
    pub fn add_text(&mut self, path: &str, text: &str) {
        self.add(path, Kind::File);
        if let Some(at) = self.find(path).filter(|at| self.nodes[*at].kind == Kind::File) {
            self.nodes[at].text = Some(text.into());
        }
    }

    /// What lies at `path`; the directory itself at an empty one.
    pub fn kind(&self, path: &str) -> Option<Kind> {
        self.find(path).map(|at| self.nodes[at].kind)
    }

    /// The text of a file that was added with one.
    pub fn text(&self, path: &str) -> Option<Rc<str>> {
        self.find(path).and_then(|at| self.nodes[at].text.clone())
    }

    /// What a directory holds, by name.
    pub fn children(&self, path: &str) -> impl Iterator<Item = (&str, Kind)> {
        let node = self.find(path).and_then(|at| self.nodes.get(at));
        let children = node.into_iter().flat_map(|node| &node.children);
        children.map(|(name, child)| (&**name, self.nodes[*child as usize].kind))
    }

    /// Removes what lies at `path`, with all it holds.
    pub fn remove(&mut self, path: &str) {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        if let Some(at) = self.find(above) {
            self.nodes[at].children.remove(name);
        }
    }

    fn find(&self, path: &str) -> Option<usize> {
        parts(path).try_fold(0, |at, part| self.nodes[at].children.get(part).map(|child| *child as usize))
    }
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".")
}
