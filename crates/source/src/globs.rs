//! Patterns over paths, written as in a `.gitignore`.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Patterns of which the last that matches decides; one that begins with `!` takes back what others took.
#[derive(Debug)]
pub struct Globs(Gitignore);

impl Default for Globs {
    fn default() -> Self {
        Self(Gitignore::empty())
    }
}

impl Globs {
    /// Reads patterns. One that means nothing matches nothing; [`Globs::mistake`] says which do.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Self {
        let mut builder = GitignoreBuilder::new("");
        for pattern in patterns {
            let _ = builder.add_line(None, pattern);
        }
        Self(builder.build().unwrap_or_else(|_| Gitignore::empty()))
    }

    /// What is wrong with a pattern, if anything.
    pub fn mistake(pattern: &str) -> Option<String> {
        if pattern.trim().is_empty() {
            return Some("an empty pattern matches nothing".into());
        }
        if pattern.starts_with('#') {
            return Some("a pattern that begins with `#` is a comment; write `\\#`".into());
        }
        let error = GitignoreBuilder::new("").add_line(None, pattern).err()?;
        let text = error.to_string();
        Some(text.rsplit(": ").next().unwrap_or(&text).to_owned())
    }

    /// Whether no path can match.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the patterns take the file at `path`, itself or a directory above it.
    pub fn matches(&self, path: &str) -> bool {
        !self.0.is_empty() && !path.starts_with('/') && self.0.matched_path_or_any_parents(path, false).is_ignore()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_a_gitignore() {
        let globs = Globs::new(["vendor/", "/a/*.yml", "**/old/**", "!vendor/ours/"]);
        for path in ["vendor/x/y", "b/vendor/x", "a/x.yml", "q/old/w/x"] {
            assert!(globs.matches(path), "{path}");
        }
        for path in ["vendored", "b/a/x.yml", "a/b/x.yml", "old"] {
            assert!(!globs.matches(path), "{path}");
        }
        assert!(Globs::default().is_empty() && !Globs::default().matches("a"));
        assert!(Globs::mistake("a[z-a]").is_some() && Globs::mistake("").is_some() && Globs::mistake("a/**").is_none());
    }
}
