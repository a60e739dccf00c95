//! What a repository says to us: `twiceshy.toml`, `.twiceshy.toml` or `[tool.twiceshy]` of `pyproject.toml`, in the
//! directory that is checked or the closest one above it.
//!
//! Here the file is found and its rows about images and its excludes are read; what it says about lints is read by
//! who knows them.

mod shape;

pub use shape::{Field, Mistake, Shape, Table};

use crate::image::row::Row;
use std::sync::Arc;
use twiceshy_source::{FileId, Globs, Guide, Guiding, Position, Source, Span, Tree};
use twiceshy_syntax::toml::{self, Value};

/// What the repository's configuration says.
#[derive(Debug, Default)]
pub struct Configuration {
    /// Where it stands; `None` when there is none.
    pub origin: Option<Origin>,
    /// Its own rows about images.
    pub(crate) images: Vec<Row>,
    excluded: Globs,
    /// What is wrong with where it stands, as TOML, and with its rows.
    mistakes: Vec<Misconfigured>,
}

/// The file that holds a configuration.
#[derive(Debug)]
pub struct Origin {
    /// Its path, relative to the root of the tree; `../x` above it.
    pub path: String,
    /// The file of the tree, where it is one.
    pub file: Option<FileId>,
    /// Its text.
    pub source: Arc<Source>,
    /// The table that holds the configuration.
    pub root: Value,
    /// The way from its directory to the root of the tree: `""`, or a path that ends in `/`.
    pub inside: String,
}

/// Something in the configuration that means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misconfigured {
    /// The file, as [`Origin::path`].
    pub path: String,
    /// The file of the tree, where it is one.
    pub file: Option<FileId>,
    /// Where in its text.
    pub span: Span,
    /// The same, as people count.
    pub position: Position,
    /// What is wrong, and what was meant.
    pub what: String,
}

/// The files that hold a configuration, and the table in them that does.
const FILES: [&str; 3] = ["twiceshy.toml", ".twiceshy.toml", "pyproject.toml"];

impl Configuration {
    /// Reads the configuration that the tree's guide leads to; nothing when there is none.
    pub(crate) fn of(tree: &Tree) -> Self {
        tree.guiding(&FILES).find_map(|files| Self::in_directory(files, tree.guide())).unwrap_or_default()
    }

    fn in_directory(files: Vec<Guiding>, guide: &Guide) -> Option<Self> {
        let mut found: Option<Self> = None;
        let mut first = None;
        for file in files {
            let is_shared = Tree::name(&file.path) == "pyproject.toml";
            // Most projects of Python have this file and say nothing to us in it.
            if is_shared && !file.source.text().contains("twiceshy") {
                continue;
            }
            let mut parsed = toml::parse(file.source.text());
            if is_shared {
                match parsed.root.at(&["tool", "twiceshy"]) {
                    Some(table) => parsed.root = table.clone(),
                    // A broken pyproject.toml is listed where its dependencies are read; one that was named has to speak.
                    None if matches!(guide, Guide::File { .. }) => {}
                    None => continue,
                }
            }
            if let Some(found) = &mut found {
                let first: &str = first.as_deref().unwrap_or_default();
                let what =
                    format!("{first} configures this directory too, and one of the two would not be read: keep one");
                let mistake =
                    Mistake::new(Span::new(parsed.root.span.range().start, parsed.root.span.range().start), what);
                found.mistakes.push(misconfigured(&file.path, file.file, &file.source, mistake));
                continue;
            }
            first = Some(Tree::name(&file.path).to_owned());
            let mut mistakes: Vec<_> = parsed.flaws.iter().map(|flaw| Mistake::new(flaw.span, &*flaw.what)).collect();
            found = Some(Self::read(
                Origin {
                    path: file.path,
                    file: file.file,
                    source: file.source,
                    root: parsed.root,
                    inside: file.inside,
                },
                &mut mistakes,
            ));
        }
        found
    }

    fn read(origin: Origin, mistakes: &mut Vec<Mistake>) -> Self {
        let rows = origin.root.get("image").map(Value::items).unwrap_or_default();
        let images = rows.iter().map(|row| Row::read(row, mistakes)).collect();
        let excluded = Globs::new(origin.root.get("exclude").into_iter().flat_map(Value::strings));
        let mistakes = mistakes.drain(..).map(|mistake| origin.misconfigured(mistake)).collect();
        Self { images, excluded, mistakes, origin: Some(origin) }
    }

    /// What is wrong with where it stands, as TOML, and with its rows about images.
    pub fn mistakes(&self) -> &[Misconfigured] {
        &self.mistakes
    }

    /// The part of a configuration that is read here.
    pub fn fields() -> Vec<Field> {
        vec![
            Field::new(
                "exclude",
                Shape::Pattern.some(),
                "files that are not read and about which nothing is reported, beyond those that git ignores; patterns as \
                 in a .gitignore",
            ),
            Field::new(
                "image",
                Shape::Tables(Row::columns()),
                "what is known about images: a row needs only what you know, and wins over what comes with twiceshy",
            ),
        ]
    }

    /// Whether the same files are excluded.
    pub(crate) fn excludes_the_same_as(&self, other: &Self) -> bool {
        let patterns = |configuration: &Self| {
            let exclude = configuration.origin.as_ref().and_then(|origin| origin.root.get("exclude"));
            exclude.into_iter().flat_map(Value::strings).map(str::to_owned).collect::<Vec<_>>()
        };
        let inside = |configuration: &Self| configuration.origin.as_ref().map(|origin| origin.inside.clone());
        patterns(self) == patterns(other) && (self.excluded.is_empty() || inside(self) == inside(other))
    }

    /// Whether the file at `path`, relative to the root of the tree, is excluded.
    pub fn excludes(&self, path: &str) -> bool {
        !self.excluded.is_empty() && self.origin.as_ref().is_some_and(|origin| origin.matches(&self.excluded, path))
    }
}

impl Origin {
    /// Whether patterns of this configuration take the file at `path`, relative to the root of the tree.
    pub fn matches(&self, patterns: &Globs, path: &str) -> bool {
        if self.inside.is_empty() {
            patterns.matches(path)
        } else {
            patterns.matches(&format!("{}{path}", self.inside))
        }
    }

    /// A mistake in this file, with its place.
    pub fn misconfigured(&self, mistake: Mistake) -> Misconfigured {
        misconfigured(&self.path, self.file, &self.source, mistake)
    }
}

fn misconfigured(path: &str, file: Option<FileId>, source: &Source, mistake: Mistake) -> Misconfigured {
    let position = source.position(mistake.span.start);
    Misconfigured { path: path.to_owned(), file, span: mistake.span, position, what: mistake.what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(files: &[(&str, &str)]) -> Vec<(String, String)> {
        let configuration = Configuration::of(&Tree::memory(files.iter().copied()));
        configuration.mistakes.iter().map(|wrong| (wrong.path.clone(), wrong.what.clone())).collect()
    }

    #[test]
    fn each_of_the_three_files_is_read_and_its_mistakes_are_told() {
        for (path, head) in [
            ("twiceshy.toml", "[[image]]"),
            (".twiceshy.toml", "[[image]]"),
            ("pyproject.toml", "[[tool.twiceshy.image]]"),
        ] {
            let found = mistakes(&[(path, &format!("{head}\nnames = ['a']\nprots = [80]\n"))]);
            assert_eq!(found.len(), 1, "{path}");
            assert!(found[0].1.ends_with("did you mean `ports`?"), "{found:?}");
        }
        assert_eq!(mistakes(&[("sub/twiceshy.toml", "x = ")]), []);
        assert_eq!(mistakes(&[("pyproject.toml", "[tool.other]\nx = 'twiceshy'\n")]), []);
        assert_eq!(mistakes(&[("twiceshy.toml", "x = ")]).len(), 1);
    }

    #[test]
    fn two_configurations_of_one_directory_are_an_error() {
        let found = mistakes(&[("twiceshy.toml", ""), ("pyproject.toml", "[tool.twiceshy]\n")]);
        assert_eq!(found.len(), 1);
        assert!(found[0].0 == "pyproject.toml" && found[0].1.starts_with("twiceshy.toml configures"), "{found:?}");
        assert_eq!(mistakes(&[("twiceshy.toml", ""), ("pyproject.toml", "[tool.other]\nx = 'twiceshy'\n")]), []);
    }
}
