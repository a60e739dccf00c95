//! What runs in a service's container, and how its health is checked.

use super::text::Text;
use super::value::Value;
use crate::script::Dialect;
use std::sync::OnceLock;
use twiceshy_source::{Extract, Extractor, Place, Quoting, Span};

/// `command` or `entrypoint`.
#[derive(Clone, Debug)]
pub struct Command {
    /// Where it stands.
    pub place: Place,
    /// How it is given.
    pub form: Form,
    words: OnceLock<Box<[Extract]>>,
}

/// How a command is given. No shell reads it in either form.
#[derive(Clone, Debug)]
pub enum Form {
    /// One string, which Compose splits into words as a shell would.
    Line(Text),
    /// The words.
    Words(Vec<Text>),
}

/// `healthcheck`.
#[derive(Clone, Debug)]
pub struct Healthcheck {
    /// Where it stands.
    pub place: Place,
    /// What is run; `None` leaves what the image says.
    pub test: Option<Test>,
    /// Everything that is said: `interval`, `timeout`, `retries`, `start_period`, …
    pub value: Value,
}

/// The test of a health check.
#[derive(Clone, Debug)]
pub struct Test {
    /// Where it stands.
    pub place: Place,
    /// How it is given.
    pub form: TestForm,
}

/// How the test of a health check is given.
#[derive(Clone, Debug)]
pub enum TestForm {
    /// A string, or `["CMD-SHELL", script]`: the container's shell runs it.
    Shell(Text),
    /// `["CMD", …]`: the words, run without a shell.
    Exec(Vec<Text>),
    /// `["NONE"]`, `disable: true`: no check at all.
    None,
    /// A list that starts with none of the three words that Compose knows.
    Unknown(Vec<Text>),
}

impl Command {
    pub(super) fn read(value: &Value) -> Option<Self> {
        let form = match value.as_text() {
            Some(line) => Form::Line(line.clone()),
            None if value.is_list() => Form::Words(value.items().iter().filter_map(Value::as_text).cloned().collect()),
            None => return None,
        };
        Some(Self { place: value.place, form, words: OnceLock::new() })
    }

    /// The words that the container is started with. `$$` is `$`; a variable whose value is not known stays as written.
    pub fn argv(&self) -> Vec<Extract> {
        self.words().to_vec()
    }

    /// The same, for who only looks at them. Half of all questions about a service begin here.
    pub fn words(&self) -> &[Extract] {
        self.words.get_or_init(|| match &self.form {
            Form::Words(words) => words.iter().map(Text::interpolated).collect(),
            Form::Line(line) => split(&line.interpolated()).into(),
        })
    }
}

impl Healthcheck {
    pub(super) fn read(value: &Value) -> Option<Self> {
        if !value.is_map() {
            return None;
        }
        let disabled = value.get("disable").and_then(Value::as_text).and_then(Text::value) == Some("true");
        let test = value.get("test").and_then(Test::read);
        let none = || Test { place: value.place, form: TestForm::None };
        Some(Self { place: value.place, test: if disabled { Some(none()) } else { test }, value: value.clone() })
    }

    /// The text of one of its keys: `interval`, `retries`.
    pub fn text(&self, key: &str) -> Option<&Text> {
        self.value.get(key).and_then(Value::as_text)
    }
}

impl Test {
    fn read(value: &Value) -> Option<Self> {
        let place = value.place;
        if let Some(line) = value.as_text() {
            return Some(Self { place, form: TestForm::Shell(line.clone()) });
        }
        let words: Vec<Text> = value.items().iter().filter_map(Value::as_text).cloned().collect();
        let (first, rest) = words.split_first()?;
        let form = match (first.value(), rest) {
            (Some("NONE"), _) => TestForm::None,
            (Some("CMD"), _) => TestForm::Exec(rest.to_vec()),
            (Some("CMD-SHELL"), [script, ..]) => TestForm::Shell(script.clone()),
            _ => TestForm::Unknown(words),
        };
        Some(Self { place, form })
    }

    /// The words that are run; of a script, none.
    pub fn argv(&self) -> Vec<Extract> {
        match &self.form {
            TestForm::Exec(words) => words.iter().map(Text::interpolated).collect(),
            _ => Vec::new(),
        }
    }

    /// The script that the container's shell runs: that of a shell form, or of `["CMD", "sh", "-c", script]`.
    pub fn script(&self) -> Option<Extract> {
        match &self.form {
            TestForm::Shell(script) => Some(script.interpolated()),
            TestForm::Exec(_) => script_of(&self.argv()).cloned(),
            _ => None,
        }
    }
}

/// The script in `sh -c SCRIPT`: the word after the options of a shell, one of which holds a `c`.
pub(crate) fn script_of(argv: &[Extract]) -> Option<&Extract> {
    let (shell, rest) = argv.split_first()?;
    Dialect::of_program(shell.text())?;
    let mut is_script = false;
    for word in rest {
        let text = word.text();
        if let Some(options) = text.strip_prefix(['-', '+']).filter(|options| !options.is_empty()) {
            is_script |= !options.starts_with('-') && options.contains('c');
        } else if is_script {
            return Some(word);
        } else if text != "pipefail" && text != "errexit" {
            // A script file, not a script; the two words belong to `-o`.
            return None;
        }
    }
    None
}

/// Splits a line into words as Compose does (mattn/go-shellwords): quotes and backslashes, nothing else.
fn split(line: &Extract) -> Vec<Extract> {
    let text = line.text();
    let mut words = Vec::new();
    let mut chars = text.char_indices().peekable();
    let mut word: Option<Extractor<'_>> = None;
    let mut quote = None;
    while let Some((at, c)) = chars.next() {
        let end = at + c.len_utf8();
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_with(|| line.nested(Quoting::Opaque));
            }
            (None | Some('"'), '\\') => {
                if let Some((next, escaped)) = chars.next() {
                    let span = Span::new(at, next + escaped.len_utf8());
                    word.get_or_insert_with(|| line.nested(Quoting::Opaque)).piece(&escaped.to_string(), span);
                }
            }
            (None, ' ' | '\t' | '\n' | '\r') => words.extend(word.take().map(Extractor::finish)),
            _ => {
                let piece = text.get(at..end).unwrap_or_default();
                word.get_or_insert_with(|| line.nested(Quoting::Opaque)).copy(at as u32, piece);
            }
        }
    }
    words.extend(word.map(Extractor::finish));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use twiceshy_source::FileId;

    #[test]
    fn a_line_is_split_into_words_that_know_where_they_stand() {
        let line = Extract::verbatim(FileId(0), 10, "sh -c 'a && b' x\\ y \"z\"");
        let words = split(&line);
        let texts: Vec<_> = words.iter().map(Extract::text).collect();
        assert_eq!(texts, ["sh", "-c", "a && b", "x y", "z"]);
        let script = script_of(&words).unwrap();
        assert_eq!(script.text(), "a && b");
        assert_eq!(script.place(Span::new(5, 6)).start, 22);
    }

    #[test]
    fn only_a_shell_with_c_has_a_script() {
        let words = |line: &str| split(&Extract::verbatim(FileId(0), 0, line));
        let script = |line: &str| script_of(&words(line)).map(|script| script.text().to_owned());
        assert_eq!(script("/bin/bash -euo pipefail -c 'x y'").as_deref(), Some("x y"));
        assert_eq!(script("sh -ec x").as_deref(), Some("x"));
        assert_eq!(script("sh run.sh -c"), None);
        assert_eq!(script("python -c x"), None);
    }
}
