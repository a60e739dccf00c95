//! JSON as people write it in configuration (comments, trailing commas): values with their spans, made from
//! jsonc-parser's tree.

use crate::Flaw;
use jsonc_parser::ast;
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use twiceshy_source::{Extract, Extractor, FileId, Quoting, Span};

/// A parsed JSON file.
#[derive(Debug)]
pub struct Json {
    /// The value; an empty object when the file is not JSON.
    pub root: Value,
    /// What was not understood.
    pub flaws: Vec<Flaw>,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Where; of a string: its quotes too.
    pub span: Span,
    /// What it is.
    pub kind: ValueKind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueKind {
    /// A string, decoded.
    Str(String),
    /// A number, as written.
    Num(String),
    /// `true` or `false`
    Bool(bool),
    /// `null`
    Null,
    /// An array.
    List(Vec<Value>),
    /// An object, in the order of its keys.
    Object(Vec<(Key, Value)>),
}

/// A key and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key, decoded.
    pub text: String,
    /// Where, with its quotes.
    pub span: Span,
}

/// Parses `text`. A file with an error is empty: JSON has no sound place to go on from.
pub fn parse(text: &str) -> Json {
    let options = ParseOptions { allow_missing_commas: false, ..ParseOptions::default() };
    let empty = || Value { span: Span::default(), kind: ValueKind::Object(Vec::new()) };
    // Nesting is bounded by jsonc-parser itself (512 levels), so the recursion below is.
    match parse_to_ast(text, &CollectOptions::default(), &options) {
        Ok(parsed) => Json { root: parsed.value.map_or_else(empty, value), flaws: Vec::new() },
        Err(error) => {
            let flaw = Flaw { span: span(error.range()), what: error.kind().to_string() };
            Json { root: empty(), flaws: vec![flaw] }
        }
    }
}

impl Value {
    /// The value of `key`, if this is an object that has it.
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

    /// The entries of an object; empty for anything else.
    pub fn entries(&self) -> &[(Key, Self)] {
        match &self.kind {
            ValueKind::Object(entries) => entries,
            _ => &[],
        }
    }

    /// The texts of an array of strings, or the one text of a string.
    pub fn strings(&self) -> impl Iterator<Item = &str> {
        self.as_str().into_iter().chain(self.items().iter().filter_map(Self::as_str))
    }

    /// The decoded text of a string, with the way back for every byte; `text` is the whole file's.
    pub fn extract(&self, file: FileId, text: &str) -> Option<Extract> {
        let decoded = self.as_str()?;
        let inside = Span { start: self.span.start + 1, end: self.span.end.saturating_sub(1) };
        let written = inside.of(text);
        let mut extractor = Extractor::new(file, Quoting::Double);
        let mut rest = written;
        let mut at = inside.start;
        while let Some(escape) = rest.find('\\') {
            extractor.copy(at, &rest[..escape]);
            let from = at + escape as u32;
            let (letters, length) = escaped(&rest[escape..]);
            extractor.piece(&letters, Span { start: from, end: from + length as u32 });
            at = from + length as u32;
            rest = rest.get(escape + length..).unwrap_or_default();
        }
        extractor.copy(at, rest);
        let extract = extractor.finish();
        // Halves of surrogate pairs and the like: the text counts, its places less so.
        if extract.text() == decoded {
            return Some(extract);
        }
        let mut whole = Extractor::new(file, Quoting::Opaque);
        whole.piece(decoded, inside);
        Some(whole.finish())
    }
}

/// What the escape at the start of `text` stands for, and how long it is in bytes.
fn escaped(text: &str) -> (String, usize) {
    let letter = text[1..].chars().next();
    let plain = match letter {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('u') => {
            let code = text.get(2..6).and_then(|digits| u32::from_str_radix(digits, 16).ok());
            return (code.and_then(char::from_u32).map(String::from).unwrap_or_default(), text.len().min(6));
        }
        Some(other) => other,
        None => return (String::new(), 1),
    };
    (plain.into(), 1 + letter.map_or(0, char::len_utf8))
}

fn span(range: Range) -> Span {
    Span::new(range.start, range.end)
}

fn value(value: ast::Value<'_>) -> Value {
    let span = span(value.range());
    let kind = match value {
        ast::Value::StringLit(text) => ValueKind::Str(text.value.into_owned()),
        ast::Value::NumberLit(number) => ValueKind::Num(number.value.to_owned()),
        ast::Value::BooleanLit(truth) => ValueKind::Bool(truth.value),
        ast::Value::NullKeyword(_) => ValueKind::Null,
        ast::Value::Array(list) => ValueKind::List(list.elements.into_iter().map(self::value).collect()),
        ast::Value::Object(object) => ValueKind::Object(
            object
                .properties
                .into_iter()
                .map(|property| {
                    let key = Key { span: self::span(property.name.range()), text: property.name.into_string() };
                    (key, self::value(property.value))
                })
                .collect(),
        ),
    };
    Value { span, kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_keys_know_where_they_stand() {
        let text = "{ // why\n  \"a\": [1, \"x\\ty\",], \"b\": { \"c\": true } }";
        let json = parse(text);
        assert_eq!(json.flaws, []);
        assert_eq!(json.root.at(&["b", "c"]).and_then(Value::as_bool), Some(true));
        assert_eq!(json.root.get("a").unwrap().strings().collect::<Vec<_>>(), ["x\ty"]);
        assert_eq!(json.root.entries()[0].0.span.of(text), "\"a\"");
    }

    #[test]
    fn the_text_of_a_string_maps_back_through_its_escapes() {
        let text = r#"{"build": "echo \"a\" \u0026\u0026 b"}"#;
        let extract = parse(text).root.get("build").unwrap().extract(FileId(0), text).unwrap();
        assert_eq!(extract.text(), "echo \"a\" && b");
        let b = extract.text().len();
        let place = extract.place(Span::new(b - 1, b));
        assert_eq!(place.span().of(text), "b");
        assert_eq!(extract.place(Span::new(9, 10)).span().of(text), "\\u0026");
    }

    #[test]
    fn an_error_is_a_flaw_and_deep_nesting_is_no_danger() {
        assert_eq!(parse("{\"a\": }").flaws.len(), 1);
        assert_eq!(parse(&"[".repeat(100_000)).flaws.len(), 1);
        assert_eq!(parse("").flaws, []);
    }
}
