//! What may stand in a configuration: one table that the reader checks against and the JSON Schema is printed from.

use crate::nearest;
use std::borrow::Cow;
use twiceshy_source::{Globs, Span};
use twiceshy_syntax::toml::{Value, ValueKind};

/// What is wrong in a configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub span: Span,
    /// What is wrong, and what was meant.
    pub what: String,
}

impl Mistake {
    /// Says what is wrong at `span`.
    pub fn new(span: Span, what: impl Into<String>) -> Self {
        Self { span, what: what.into() }
    }
}

/// What a value may be.
#[derive(Clone, Debug)]
pub enum Shape {
    /// `true` or `false`
    Bool,
    /// Any text.
    Text,
    /// A path in a container.
    Path,
    /// A pattern over paths, as in a `.gitignore`.
    Pattern,
    /// A whole number within these bounds, both included.
    Number(i64, i64),
    /// One of these words.
    Word(Vec<&'static str>),
    /// A list of it, or one without the brackets.
    Some(Box<Shape>),
    /// A table.
    Table(Table),
    /// The first; or, where a table stands, the second.
    Either(Box<Shape>, Table),
    /// Tables that are written `[[name]]`.
    Tables(Table),
}

/// A table with known keys.
#[derive(Clone, Debug)]
pub struct Table {
    /// What each key is: "a setting of twiceshy".
    pub what: Cow<'static, str>,
    /// What may stand in it.
    pub fields: Vec<Field>,
}

/// A key of a table.
#[derive(Clone, Debug)]
pub struct Field {
    /// The key.
    pub key: Cow<'static, str>,
    /// What its value may be.
    pub shape: Shape,
    /// What it says: one sentence without a full stop.
    pub about: Cow<'static, str>,
    /// Whether the table means nothing without it.
    pub is_required: bool,
    /// The value that holds without it, as TOML.
    pub default: Option<String>,
}

impl Field {
    /// A key that may be left out.
    pub fn new(key: impl Into<Cow<'static, str>>, shape: Shape, about: impl Into<Cow<'static, str>>) -> Self {
        Self { key: key.into(), shape, about: about.into(), is_required: false, default: None }
    }

    /// The same, without which the table means nothing.
    #[must_use]
    pub fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    /// The same, with the value that holds without it.
    #[must_use]
    pub fn by_default(self, value: impl Into<String>) -> Self {
        Self { default: Some(value.into()), ..self }
    }
}

impl Table {
    /// A table with these keys, each of which is `what`.
    pub fn new(what: impl Into<Cow<'static, str>>, fields: Vec<Field>) -> Self {
        Self { what: what.into(), fields }
    }

    /// Tells everything in `value` that this table does not allow.
    pub fn check(&self, value: &Value, mistakes: &mut Vec<Mistake>) {
        let ValueKind::Table(entries) = &value.kind else {
            let keys = listed(self.fields.iter().map(|field| &*field.key));
            mistakes.push(Mistake::new(value.span, format!("this wants to be a table, with {keys} in it")));
            return;
        };
        for (key, inner) in entries {
            match self.fields.iter().find(|field| field.key == key.text) {
                Some(field) => field.shape.check(&key.text, key.span, inner, mistakes),
                None => {
                    let meant = match nearest(&key.text, self.fields.iter().map(|field| &*field.key)) {
                        Some(meant) => format!("; did you mean `{meant}`?"),
                        None if self.fields.is_empty() => "; there are none".to_owned(),
                        None if self.fields.len() > 25 => String::new(),
                        None => format!("; it can be {}", listed(self.fields.iter().map(|field| &*field.key))),
                    };
                    mistakes.push(Mistake::new(key.span, format!("`{}` is not {}{meant}", key.text, self.what)));
                }
            }
        }
        for field in self.fields.iter().filter(|field| field.is_required && value.get(&field.key).is_none()) {
            mistakes.push(Mistake::new(value.span, format!("there is no `{}` here: {}", field.key, field.about)));
        }
    }
}

impl Shape {
    /// A list of it, or one without the brackets.
    pub fn some(self) -> Self {
        Self::Some(Box::new(self))
    }

    /// It; or, where a table stands, `table`.
    pub fn or(self, table: Table) -> Self {
        Self::Either(Box::new(self), table)
    }

    /// Tells everything in the `value` of `key` that this shape does not allow.
    fn check(&self, key: &str, at: Span, value: &Value, mistakes: &mut Vec<Mistake>) {
        let mut wrong = |what: String| mistakes.push(Mistake::new(value.span, what));
        match (self, &value.kind) {
            (Self::Bool, ValueKind::Bool(_)) | (Self::Text, ValueKind::Str(_)) => {}
            (Self::Bool, _) => wrong("this wants to be `true` or `false`".into()),
            (Self::Path, ValueKind::Str(path)) => {
                if !path.starts_with('/') {
                    wrong(format!("`{path}` is a path in a container and begins with `/`"));
                }
            }
            (Self::Pattern, ValueKind::Str(pattern)) => {
                if let Some(what) = Globs::mistake(pattern) {
                    wrong(format!("`{pattern}` is no pattern: {what}"));
                }
            }
            (Self::Number(least, most), ValueKind::Int(number)) if (least..=most).contains(&number) => {}
            (Self::Number(least, i64::MAX), _) => wrong(format!("this wants to be a whole number from {least} on")),
            (Self::Number(least, most), _) => wrong(format!("this wants to be a whole number from {least} to {most}")),
            (Self::Word(words), ValueKind::Str(text)) => {
                if !words.contains(&text.as_str()) {
                    // `CAP_CHOWN` is `CHOWN`.
                    let bare = text.split_once('_').map_or("", |(_, bare)| bare);
                    let near = |text| nearest(text, words.iter().copied());
                    let meant = match near(text).or_else(|| near(bare)) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => format!("it can be {}", listed(words.iter().copied())),
                    };
                    wrong(format!("`{text}` means nothing here; {meant}"));
                }
            }
            (Self::Text | Self::Path | Self::Pattern, _) => wrong("this wants to be a text in quotes".into()),
            (Self::Word(words), _) => {
                wrong(format!("this wants to be one of {}, in quotes", listed(words.iter().copied())));
            }
            (Self::Some(shape), ValueKind::List(items)) => {
                items.iter().for_each(|item| shape.check(key, at, item, mistakes));
            }
            (Self::Some(shape), _) => shape.check(key, at, value, mistakes),
            (Self::Table(table), _) | (Self::Either(_, table), ValueKind::Table(_)) => table.check(value, mistakes),
            (Self::Either(shape, _), _) => shape.check(key, at, value, mistakes),
            (Self::Tables(table), ValueKind::List(items)) => {
                items.iter().for_each(|item| table.check(item, mistakes));
            }
            (Self::Tables(_), _) => {
                mistakes
                    .push(Mistake::new(at, format!("this is written `[[{key}]]`, with two brackets, once for each")));
            }
        }
    }
}

fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
