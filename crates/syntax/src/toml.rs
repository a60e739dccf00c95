//! TOML: values with their spans, made from toml_edit's document.

use crate::Flaw;
use toml_edit::{Document, Item, Table, TomlError};
use twiceshy_source::Span;

/// A parsed TOML file.
#[derive(Debug)]
pub struct Toml {
    /// The root table; empty when the file is not TOML.
    pub root: Value,
    /// What was not understood.
    pub flaws: Vec<Flaw>,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Where; of a table with a header: the header.
    pub span: Span,
    /// What it is.
    pub kind: ValueKind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueKind {
    /// A string, decoded.
    Str(String),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// `true` or `false`
    Bool(bool),
    /// A date or a time, as written.
    Date(String),
    /// An array, or the tables of `[[name]]`.
    List(Vec<Value>),
    /// A table of any form, in the order of its keys.
    Table(Vec<(Key, Value)>),
}

/// A key and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key, decoded.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// Parses `text`. A file with an error is empty: TOML has no sound place to go on from.
pub fn parse(text: &str) -> Toml {
    match Document::parse(text) {
        Ok(document) => Toml { root: table(document.as_table()), flaws: Vec::new() },
        Err(error) => Toml { root: Value::empty(), flaws: vec![flaw(&error)] },
    }
}

impl Value {
    /// The value of `key`, if this is a table that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _)| name.text == key).map(|(_, value)| value)
    }

    /// The value at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            ValueKind::Str(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number.
    pub fn as_int(&self) -> Option<i64> {
        match self.kind {
            ValueKind::Int(number) => Some(number),
            _ => None,
        }
    }

    /// `true` or `false`.
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            ValueKind::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    /// The items of an array; empty for anything else.
    pub fn items(&self) -> &[Self] {
        match &self.kind {
            ValueKind::List(items) => items,
            _ => &[],
        }
    }

    /// The entries of a table; empty for anything else.
    pub fn entries(&self) -> &[(Key, Self)] {
        match &self.kind {
            ValueKind::Table(entries) => entries,
            _ => &[],
        }
    }

    /// The texts of an array of strings, or the one text of a string.
    pub fn strings(&self) -> impl Iterator<Item = &str> {
        self.as_str().into_iter().chain(self.items().iter().filter_map(Self::as_str))
    }

    fn empty() -> Self {
        Self { span: Span::default(), kind: ValueKind::Table(Vec::new()) }
    }
}

// Nesting is bounded by toml_edit itself (80 levels), so the recursion below is.

fn table(table: &Table) -> Value {
    let entries = table.iter().filter_map(|(name, item)| {
        let span = table.key(name).and_then(toml_edit::Key::span).map(to_span).unwrap_or_default();
        Some((Key { text: name.to_owned(), span }, item_value(item)?))
    });
    Value { span: table.span().map(to_span).unwrap_or_default(), kind: ValueKind::Table(entries.collect()) }
}

fn item_value(item: &Item) -> Option<Value> {
    match item {
        Item::None => None,
        Item::Value(inner) => Some(value(inner)),
        Item::Table(inner) => Some(table(inner)),
        Item::ArrayOfTables(tables) => Some(Value {
            span: tables.span().map(to_span).unwrap_or_default(),
            kind: ValueKind::List(tables.iter().map(table).collect()),
        }),
    }
}

fn value(value: &toml_edit::Value) -> Value {
    use toml_edit::Value as Toml;
    let kind = match value {
        Toml::String(text) => ValueKind::Str(text.value().clone()),
        Toml::Integer(number) => ValueKind::Int(*number.value()),
        Toml::Float(number) => ValueKind::Float(*number.value()),
        Toml::Boolean(truth) => ValueKind::Bool(*truth.value()),
        Toml::Datetime(date) => ValueKind::Date(date.value().to_string()),
        Toml::Array(items) => ValueKind::List(items.iter().map(self::value).collect()),
        Toml::InlineTable(entries) => ValueKind::Table(
            entries
                .iter()
                .map(|(name, inner)| {
                    let span = entries.key(name).and_then(toml_edit::Key::span).map(to_span).unwrap_or_default();
                    (Key { text: name.to_owned(), span }, self::value(inner))
                })
                .collect(),
        ),
    };
    Value { span: value.span().map(to_span).unwrap_or_default(), kind }
}

fn to_span(range: std::ops::Range<usize>) -> Span {
    Span::new(range.start, range.end)
}

fn flaw(error: &TomlError) -> Flaw {
    let what = error.message().lines().next().unwrap_or("this is not TOML").to_owned();
    Flaw { span: error.span().map(to_span).unwrap_or_default(), what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_keys_know_where_they_stand() {
        let text =
            "[project]\nname = \"a\\tb\"\ndeps = ['x', \"y\"]\n[[tool.row]]\nn = 1\n[tool]\ninline = { k = true }\n";
        let toml = parse(text);
        assert_eq!(toml.flaws, []);
        let name = toml.root.at(&["project", "name"]).unwrap();
        assert_eq!((name.as_str(), name.span.of(text)), (Some("a\tb"), "\"a\\tb\""));
        assert_eq!(toml.root.at(&["project", "deps"]).unwrap().strings().collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(toml.root.at(&["tool", "row"]).unwrap().items()[0].get("n").and_then(Value::as_int), Some(1));
        assert_eq!(toml.root.at(&["tool", "inline", "k"]).and_then(Value::as_bool), Some(true));
        let (key, _) = &toml.root.get("project").unwrap().entries()[1];
        assert_eq!(key.span.of(text), "deps");
    }

    #[test]
    fn an_error_is_a_flaw_and_deep_nesting_is_no_danger() {
        assert_eq!(parse("a = \n").flaws.len(), 1);
        assert_eq!(parse(&format!("a = {}", "[".repeat(100_000))).flaws.len(), 1);
        assert_eq!(parse(&format!("a{} = 1", ".b".repeat(100_000))).flaws.len(), 1);
    }
}
