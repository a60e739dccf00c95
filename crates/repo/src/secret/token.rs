//! Credentials that are known by how they look: the table `knowledge/tokens.toml`, looked for in every file that is read.

use super::judge;
use crate::{Input, Lowered};
use aho_corasick::{AhoCorasick, MatchKind};
use std::sync::LazyLock;
use twiceshy_source::{FileId, Place, Span};
use twiceshy_syntax::toml::{self, Value};

/// A credential that is known by how it looks.
#[derive(Clone, Debug)]
pub struct Token {
    /// The file.
    pub file: FileId,
    /// All of it.
    pub place: Place,
    /// What it is, with its article: `a GitHub personal access token`.
    pub what: &'static str,
    /// How it begins; never more of it.
    pub starts: &'static str,
    /// Whether it opens nothing of value.
    pub is_test: bool,
    /// Tells equal ones from others.
    pub(super) print: u64,
}

/// A row of the table.
#[derive(Debug)]
struct Row {
    what: String,
    starts: String,
    letters: Letters,
    least: usize,
    most: usize,
    is_test: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Letters {
    Alnum,
    Word,
    Hex,
    Upper,
    Path,
    /// What stands between the marks of a PEM file, line breaks written as they are or as `\n`.
    Key,
}

impl Letters {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "alnum" => Self::Alnum,
            "word" => Self::Word,
            "hex" => Self::Hex,
            "upper" => Self::Upper,
            "path" => Self::Path,
            "key" => Self::Key,
            _ => return None,
        })
    }

    fn has(self, byte: u8) -> bool {
        match self {
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Word => byte.is_ascii_alphanumeric() || b"_-".contains(&byte),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Path => byte.is_ascii_alphanumeric() || b"_-/+.=".contains(&byte),
            Self::Key => byte.is_ascii_alphanumeric() || b"/+=\\ \r\n\t".contains(&byte),
        }
    }
}

struct Table {
    rows: Vec<Row>,
    starts: Option<AhoCorasick>,
}

const TABLE: &str = include_str!("../../knowledge/tokens.toml");

static ROWS: LazyLock<Table> = LazyLock::new(|| {
    let root = toml::parse(TABLE).root;
    let rows: Vec<Row> = root.get("token").map(Value::items).unwrap_or_default().iter().filter_map(row).collect();
    let starts = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(rows.iter().map(|row| row.starts.as_str()))
        .ok();
    Table { rows, starts }
});

fn row(value: &Value) -> Option<Row> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let number = |key: &str| value.get(key).and_then(Value::as_int).and_then(|number| usize::try_from(number).ok());
    let least = number("least")?;
    Some(Row {
        what: text("what")?,
        starts: text("starts")?,
        letters: Letters::of(&text("letters")?)?,
        least,
        most: number("most").unwrap_or(least),
        is_test: value.get("test").and_then(Value::as_bool).unwrap_or_default(),
    })
}

/// Adds the credentials that stand in a file.
pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    out.tokens.extend(find(input.file, input.text()));
}

fn find(file: FileId, text: &str) -> Vec<Token> {
    let table = &*ROWS;
    let Some(starts) = &table.starts else { return Vec::new() };
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    for hit in starts.find_iter(bytes) {
        let Some(row) = table.rows.get(hit.pattern().as_usize()) else { continue };
        // A part of a longer word is something else.
        let is_inside = hit.start().checked_sub(1).and_then(|at| bytes.get(at));
        let starts_word = row.starts.as_bytes().first().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if starts_word && is_inside.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte)) {
            continue;
        }
        let rest = bytes.get(hit.end()..).unwrap_or_default();
        let length = rest.iter().take(row.most + 1).take_while(|byte| row.letters.has(**byte)).count();
        if length < row.least || length > row.most {
            continue;
        }
        let Some(own) = text.get(hit.end()..hit.end() + length) else { continue };
        let end = hit.end() + length;
        if row.letters == Letters::Key && !text.get(end..).is_some_and(|rest| rest.starts_with("-----END"))
            || judge::is_public(&text[hit.start()..end])
            || !judge::is_random(own, row.letters == Letters::Hex)
        {
            continue;
        }
        found.push(Token {
            file,
            place: Place::new(file, Span::new(hit.start(), end)),
            what: &row.what,
            starts: &row.starts,
            is_test: row.is_test,
            print: judge::print(&text[hit.start()..end]),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_understood_and_has_a_source() {
        let parsed = toml::parse(TABLE);
        assert_eq!(parsed.flaws, []);
        let values = parsed.root.get("token").unwrap().items();
        assert_eq!(values.len(), ROWS.rows.len());
        for value in values {
            let keys = ["what", "starts", "letters", "least", "most", "test", "source"];
            assert!(value.entries().iter().all(|(key, _)| keys.contains(&key.text.as_str())));
            assert!(value.get("source").and_then(Value::as_str).is_some_and(|source| source.starts_with("gitleaks: ")));
        }
    }

    /// Written in two halves, so that nobody takes this file for a leak.
    fn token() -> String {
        ["ghp_", "x7Kq2mVb9TzR4wLc8NfY1hJd6GsP3aQe5UoX"].concat()
    }

    #[test]
    fn a_token_is_known_by_its_start_its_length_and_its_letters() {
        let find = |text: &str| find(FileId(0), text).len();
        let token = token();
        assert_eq!(find(&format!("KEY={token}\n")), 1);
        assert_eq!(find(&format!("'{token}'")), 1);
        assert_eq!(find(&format!("{token}x")), 0, "too long");
        assert_eq!(find(&token[..30]), 0, "too short");
        assert_eq!(find(&format!("my{token}")), 0, "part of a word");
        assert_eq!(find(&format!("ghp_{}", "x".repeat(36))), 0, "a placeholder");
        assert_eq!(find(&format!("ghp_{}", "0123456789abcdefghijklmnopqrstuvwxyz")), 0, "in the order of the alphabet");
    }

    #[test]
    fn a_private_key_is_known_by_both_its_ends() {
        let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj".repeat(4);
        let begin = ["-----BEGIN ", "PRIVATE KEY-----"].concat();
        let whole = format!("{begin}\n{body}\n-----END PRIVATE KEY-----\n");
        assert_eq!(find(FileId(0), &whole).len(), 1);
        assert_eq!(find(FileId(0), &whole.replace('\n', "\\n")).len(), 1);
        assert_eq!(find(FileId(0), &format!("{begin}\n...\n-----END PRIVATE KEY-----\n")).len(), 0);
    }
}
