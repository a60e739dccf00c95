//! What a repository says to us: `twiceshy.toml`, `.twiceshy.toml` or `[tool.twiceshy]` of `pyproject.toml` at its root.

use crate::image::row::{Mistake, Row};
use crate::nearest;
use twiceshy_source::{FileId, Place, Tree};
use twiceshy_syntax::toml::{self, Value};

/// What the repository's configuration says.
#[derive(Debug, Default)]
pub(crate) struct Configuration {
    /// Its own rows about images.
    pub(crate) images: Vec<Row>,
    /// What is wrong with it.
    pub(crate) mistakes: Vec<Misconfigured>,
}

/// Something in the configuration that means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misconfigured {
    /// Where it stands.
    pub place: Place,
    /// What is wrong, and what was meant.
    pub what: String,
}

/// The files that hold a configuration, and the table in them that does. The first one counts.
const FILES: &[(&str, &[&str])] =
    &[("twiceshy.toml", &[]), (".twiceshy.toml", &[]), ("pyproject.toml", &["tool", "twiceshy"])];

impl Configuration {
    /// Reads the configuration at the root of the tree; nothing when there is none.
    pub(crate) fn of(tree: &Tree) -> Self {
        for (name, table) in FILES {
            let Some(file) = tree.file(name) else { continue };
            let Ok(source) = tree.source(file) else { continue };
            // Most projects of Python have this file and say nothing to us in it.
            if !table.is_empty() && !source.text().contains("twiceshy") {
                continue;
            }
            let parsed = toml::parse(source.text());
            let mut mistakes: Vec<Mistake> = Vec::new();
            // A broken pyproject.toml is listed where its dependencies are read.
            if table.is_empty() {
                mistakes.extend(parsed.flaws.iter().map(|flaw| Mistake { span: flaw.span, what: flaw.what.clone() }));
            }
            if let Some(root) = parsed.root.at(table) {
                return Self::read(root, mistakes, file);
            }
        }
        Self::default()
    }

    fn read(root: &Value, mut mistakes: Vec<Mistake>, file: FileId) -> Self {
        let mut images = Vec::new();
        for (key, value) in root.entries() {
            if key.text == "image" {
                images.extend(value.items().iter().map(|row| Row::read(row, &mut mistakes)));
                if value.items().is_empty() {
                    let what = "rows about images are written `[[image]]`, with two brackets".to_owned();
                    mistakes.push(Mistake { span: key.span, what });
                }
            } else {
                let meant = nearest(&key.text, ["image"]).map(|meant| format!("; did you mean `{meant}`?"));
                let what = format!("`{}` is not a setting of twiceshy{}", key.text, meant.unwrap_or_default());
                mistakes.push(Mistake { span: key.span, what });
            }
        }
        mistakes.sort_by_key(|mistake| mistake.span.start);
        let placed = |mistake: Mistake| Misconfigured { place: Place::new(file, mistake.span), what: mistake.what };
        Self { images, mistakes: mistakes.into_iter().map(placed).collect() }
    }
}

impl crate::Repo {
    /// What is wrong with the repository's configuration.
    pub fn misconfigured(&self) -> &[Misconfigured] {
        &self.configuration.mistakes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(path: &str, text: &str) -> Vec<(String, String)> {
        let configuration = Configuration::of(&Tree::memory([(path, text)]));
        let told = |wrong: &Misconfigured| (wrong.place.span().of(text).to_owned(), wrong.what.clone());
        configuration.mistakes.iter().map(told).collect()
    }

    #[test]
    fn each_of_the_three_files_is_read_and_its_mistakes_are_told() {
        for (path, head) in [
            ("twiceshy.toml", "[[image]]"),
            (".twiceshy.toml", "[[image]]"),
            ("pyproject.toml", "[[tool.twiceshy.image]]"),
        ] {
            let found = mistakes(path, &format!("{head}\nnames = ['a']\nprots = [80]\n"));
            assert_eq!(found.len(), 1, "{path}");
            assert_eq!(found[0].0, "prots");
            assert!(found[0].1.ends_with("did you mean `ports`?"), "{found:?}");
        }
        assert_eq!(mistakes("sub/twiceshy.toml", "x = 1"), []);
        assert_eq!(mistakes("pyproject.toml", "[tool.other]\nx = 'twiceshy'\n"), []);
        assert_eq!(
            mistakes("twiceshy.toml", "images = 1")[0].1,
            "`images` is not a setting of twiceshy; did you mean `image`?"
        );
        assert_eq!(mistakes("twiceshy.toml", "x = ").len(), 1);
        assert_eq!(mistakes("twiceshy.toml", "[image]\nnames = ['a']").len(), 1);
    }
}
