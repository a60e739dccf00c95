//! What git's ignore rules say about a path, with the line that says it.

use crate::Repo;
use twiceshy_source::Place;

/// A line of a `.gitignore` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitIgnored {
    /// The line.
    pub place: Place,
    /// The pattern, as written.
    pub pattern: String,
}

impl Repo {
    /// The line by which git ignores `path`, itself or through a directory above it.
    pub fn git_ignores(&self, path: &str, is_dir: bool) -> Option<GitIgnored> {
        self.answered.git_ignores.get((path.to_owned(), is_dir), || self.find_git_ignore(path, is_dir))
    }

    fn find_git_ignore(&self, path: &str, is_dir: bool) -> Option<GitIgnored> {
        let rule = self.tree.ignores().rule(path, is_dir)?;
        let file = self.tree.file(&rule.path)?;
        let source = self.tree.source(file).ok()?;
        let line = (0..source.line_count()).find(|line| source.line(*line).trim_end() == rule.pattern.trim_end())?;
        Some(GitIgnored { place: Place::new(file, source.line_span(line)), pattern: rule.pattern })
    }
}
