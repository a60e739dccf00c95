//! The values of a compose file, owned: what the YAML says, aliases and merge keys followed, before any merging.

use super::text::Text;
use twiceshy_source::{FileId, Place};
use twiceshy_syntax::yaml;

/// How many values a file may have. Aliases can make a small file large; Compose refuses such a file.
const LIMIT: usize = 200_000;

/// A value.
#[derive(Clone, Debug)]
pub struct Value {
    /// Where it stands; what an alias names stands where its anchor is.
    pub place: Place,
    pub(crate) content: Content,
    pub(crate) tag: Tag,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Null,
    Text(Text),
    List(Vec<Value>),
    Map(Vec<(Key, Value)>),
}

/// Compose's own tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    None,
    /// `!reset`: nothing of what other files say remains.
    Reset,
    /// `!override`: this replaces what other files say.
    Override,
}

/// A key of a mapping.
#[derive(Clone, Debug)]
pub struct Key {
    /// The key.
    pub text: Box<str>,
    /// Where it stands.
    pub place: Place,
}

impl Value {
    /// Lowers a node.
    pub(crate) fn of(node: yaml::Node<'_>, file: FileId, text: &str) -> Self {
        let mut left = LIMIT;
        Self::lower(node, file, text, &mut left)
    }

    fn lower(node: yaml::Node<'_>, file: FileId, text: &str, left: &mut usize) -> Self {
        let place = Place::new(file, node.span());
        let tag = match node.tag() {
            Some("!reset") => Tag::Reset,
            Some("!override") => Tag::Override,
            _ => Tag::None,
        };
        *left = left.saturating_sub(1);
        let content = if *left == 0 || node.is_null() {
            Content::Null
        } else if node.is_map() {
            let mut entries: Vec<(Key, Self)> = Vec::new();
            for (key, value) in node.entries() {
                let Some(name) = key.as_str() else { continue };
                let key = Key { text: name.into(), place: Place::new(file, key.span()) };
                entries.push((key, Self::lower(value, file, text, left)));
            }
            Content::Map(entries)
        } else if node.is_seq() {
            Content::List(node.items().into_iter().map(|item| Self::lower(item, file, text, left)).collect())
        } else {
            node.extract(file, text).map_or(Content::Null, |extract| Content::Text(Text::new(extract, place)))
        };
        Self { place, content, tag }
    }

    pub(crate) fn null(place: Place) -> Self {
        Self { place, content: Content::Null, tag: Tag::None }
    }

    pub(crate) fn map(place: Place, entries: Vec<(Key, Self)>) -> Self {
        Self { place, content: Content::Map(entries), tag: Tag::None }
    }

    pub(crate) fn text_of(text: Text) -> Self {
        Self { place: text.place(), content: Content::Text(text), tag: Tag::None }
    }

    /// The string that it is; numbers and booleans are strings as written.
    pub fn as_text(&self) -> Option<&Text> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is empty or `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.content, Content::Null)
    }

    /// Whether it is a mapping.
    pub fn is_map(&self) -> bool {
        matches!(self.content, Content::Map(_))
    }

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        matches!(self.content, Content::List(_))
    }

    /// The items of a list; none for other values.
    pub fn items(&self) -> &[Self] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    /// The entries of a mapping; none for other values.
    pub fn entries(&self) -> &[(Key, Self)] {
        match &self.content {
            Content::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The entry of `key`; of a key given twice, the last.
    pub fn entry(&self, key: &str) -> Option<(&Key, &Self)> {
        self.entries().iter().rfind(|(name, _)| &*name.text == key).map(|(key, value)| (key, value))
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The value at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// Calls `visit` with every string in it.
    pub fn each_text<'a>(&'a self, visit: &mut dyn FnMut(&'a Text)) {
        match &self.content {
            Content::Null => {}
            Content::Text(text) => visit(text),
            Content::List(items) => items.iter().for_each(|item| item.each_text(visit)),
            Content::Map(entries) => entries.iter().for_each(|(_, value)| value.each_text(visit)),
        }
    }

    /// Interpolates every string in it.
    pub(crate) fn interpolate(&mut self, lookup: &dyn Fn(&str) -> Option<String>) {
        match &mut self.content {
            Content::Null => {}
            Content::Text(text) => *text = text.resolved(lookup),
            Content::List(items) => items.iter_mut().for_each(|item| item.interpolate(lookup)),
            Content::Map(entries) => entries.iter_mut().for_each(|(_, value)| value.interpolate(lookup)),
        }
    }
}
