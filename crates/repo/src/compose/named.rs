//! Files that compose files name: what is included, extended or given as an env file may be called anything.

use super::service::{texts, tree_path};
use super::value::Value;
use super::{Compose, Text};
use crate::Shelf;
use crate::document::Kind;
use rustc_hash::FxHashSet;
use twiceshy_source::{FileId, Tree};

/// Finds, one after the other, the files that have to be read because a compose file names them.
#[derive(Debug, Default)]
pub(crate) struct NamedFiles {
    /// Compose files whose names were looked at.
    looked: FxHashSet<FileId>,
    found: FxHashSet<(FileId, Kind)>,
    waiting: Vec<(FileId, Kind)>,
}

impl NamedFiles {
    /// The next file that is named in `all` and not read as such yet.
    pub(crate) fn next(&mut self, tree: &Tree, all: &Shelf) -> Option<(FileId, Kind)> {
        for compose in &all.compose {
            if self.looked.insert(compose.file) {
                self.look(tree, compose);
            }
        }
        while let Some((file, kind)) = self.waiting.pop() {
            let is_read = match kind {
                Kind::Compose => all.compose.iter().any(|compose| compose.file == file),
                _ => all.env.iter().any(|env| env.file == file),
            };
            if !is_read {
                return Some((file, kind));
            }
        }
        None
    }

    fn look(&mut self, tree: &Tree, compose: &Compose) {
        let dir = Tree::parent(tree.path(compose.file));
        let mut named: Vec<(Text, Kind)> = Vec::new();
        for include in compose.documents().iter().filter_map(|document| document.get("include")).flat_map(Value::items)
        {
            named.extend(texts(include.get("path").unwrap_or(include)).into_iter().map(|text| (text, Kind::Compose)));
            named.extend(
                include.get("env_file").map(texts).unwrap_or_default().into_iter().map(|text| (text, Kind::Env)),
            );
        }
        for (_, service) in compose.services() {
            let file = service.at(&["extends", "file"]).and_then(Value::as_text);
            named.extend(file.map(|text| (text.clone(), Kind::Compose)));
            let Some(env) = service.get("env_file") else { continue };
            named.extend(texts(env).into_iter().map(|text| (text, Kind::Env)));
            let long = std::iter::once(env).chain(env.items()).filter_map(|item| item.get("path")?.as_text());
            named.extend(long.map(|text| (text.clone(), Kind::Env)));
        }
        for (text, kind) in named {
            let text = text.resolved(&|_| None);
            let file = text.value().and_then(|path| tree.resolve(&tree_path(dir, path)?));
            let file = file.filter(|file| matches!(tree.kind(*file), twiceshy_source::Kind::File));
            if let Some(found) = file.map(|file| (file, kind)).filter(|found| self.found.insert(*found)) {
                self.waiting.push(found);
            }
        }
    }
}
