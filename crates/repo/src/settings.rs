//! A configuration in YAML or TOML, owned: what programs that read both see.

use twiceshy_source::{FileId, Place, Span};
use twiceshy_syntax::{toml, yaml};

/// How many values a file may have; aliases can make a small file large.
const LIMIT: usize = 50_000;

/// A value of a configuration.
#[derive(Clone, Debug)]
pub(crate) enum Setting {
    /// A string, number or truth value, as text, and where it stands without its quotes.
    Text(String, Place),
    /// A list.
    List(Vec<Setting>),
    /// A table: keys, where they stand, values.
    Table(Vec<(String, Place, Setting)>),
    /// Nothing.
    Null,
}

impl Setting {
    /// The first document of a YAML file that is a table.
    pub fn of_yaml(file: FileId, text: &str) -> (Self, Vec<twiceshy_syntax::Flaw>) {
        let parsed = yaml::parse(text);
        let mut left = LIMIT;
        let root = parsed.documents().find(|root| root.is_map());
        let root = root.map_or(Self::Null, |root| Self::of_node(root, file, text, &mut left));
        (root, parsed.flaws)
    }

    /// A TOML file.
    pub fn of_toml(file: FileId, text: &str) -> (Self, Vec<twiceshy_syntax::Flaw>) {
        let parsed = toml::parse(text);
        (Self::of_value(&parsed.root, file, text), parsed.flaws)
    }

    // Both trees bound their nesting.

    fn of_node(node: yaml::Node<'_>, file: FileId, text: &str, left: &mut usize) -> Self {
        *left = left.saturating_sub(1);
        if *left == 0 || node.is_null() {
            return Self::Null;
        }
        if node.is_map() {
            let entries = node.entries().into_iter().filter_map(|(key, value)| {
                let place = Place::new(file, key.span());
                Some((key.as_str()?.to_owned(), place, Self::of_node(value, file, text, left)))
            });
            return Self::Table(entries.collect());
        }
        if node.is_seq() {
            return Self::List(node.items().into_iter().map(|item| Self::of_node(item, file, text, left)).collect());
        }
        node.extract(file, text).map_or(Self::Null, |extract| {
            let place = extract.place(Span::new(0, extract.text().len()));
            Self::Text(extract.text().to_owned(), place)
        })
    }

    fn of_value(value: &toml::Value, file: FileId, text: &str) -> Self {
        use toml::ValueKind;
        let written = value.span.of(text);
        let is_quoted = written.len() > 1 && written.starts_with(['"', '\'']) && !written.starts_with("\"\"\"");
        let span = if is_quoted { Span { start: value.span.start + 1, end: value.span.end - 1 } } else { value.span };
        let place = Place::new(file, span);
        match &value.kind {
            ValueKind::Str(text) => Self::Text(text.clone(), place),
            ValueKind::Table(entries) => Self::Table(
                entries
                    .iter()
                    .map(|(key, value)| {
                        (key.text.clone(), Place::new(file, key.span), Self::of_value(value, file, text))
                    })
                    .collect(),
            ),
            ValueKind::List(items) => Self::List(items.iter().map(|item| Self::of_value(item, file, text)).collect()),
            _ => Self::Text(written.to_owned(), place),
        }
    }

    /// The entries of a table; none for anything else.
    pub fn entries(&self) -> &[(String, Place, Self)] {
        match self {
            Self::Table(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// The value of `key`, upper and lower case alike, as Traefik reads its keys.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().rfind(|(name, ..)| name.eq_ignore_ascii_case(key)).map(|(.., value)| value)
    }

    /// The value at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |setting, key| setting.get(key))
    }

    /// The text that it is, and where it stands.
    pub fn text(&self) -> Option<(&str, Place)> {
        match self {
            Self::Text(text, place) => Some((text, *place)),
            _ => None,
        }
    }
}
