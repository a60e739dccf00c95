//! Git's ignore rules, as the tree's `.gitignore` files state them.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// All `.gitignore` files of a tree.
#[derive(Debug, Default)]
pub struct Ignores {
    /// By the directory in which the file stands; deeper directories later.
    files: Vec<(String, Gitignore)>,
}

/// The line that makes git ignore a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoreRule {
    /// The `.gitignore` file, relative to the tree's root.
    pub path: String,
    /// The line, as written.
    pub pattern: String,
}

impl Ignores {
    /// Reads the texts of `.gitignore` files, each with the directory it stands in (`""` for the root).
    pub(crate) fn new<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut files: Vec<_> = texts
            .into_iter()
            .filter_map(|(dir, text)| {
                let mut builder = GitignoreBuilder::new(dir);
                for line in text.lines() {
                    // A pattern that git would not understand either ignores nothing.
                    let _ = builder.add_line(None, line);
                }
                Some((dir.to_owned(), builder.build().ok()?))
            })
            .collect();
        files.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self { files }
    }

    /// The rule by which git ignores `path`, itself or through a directory above it.
    pub fn rule(&self, path: &str, is_dir: bool) -> Option<IgnoreRule> {
        let parents = path.match_indices('/').map(|(at, _)| (&path[..at], true));
        parents.chain([(path, is_dir)]).find_map(|(path, is_dir)| self.decide(path, is_dir))
    }

    /// The rule for exactly this path: the deepest file that says anything decides.
    fn decide(&self, path: &str, is_dir: bool) -> Option<IgnoreRule> {
        let above = |dir: &str| dir.is_empty() || path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'));
        for (dir, file) in self.files.iter().rev().filter(|(dir, _)| above(dir)) {
            match file.matched(path, is_dir) {
                ignore::Match::None => {}
                ignore::Match::Whitelist(_) => return None,
                ignore::Match::Ignore(glob) => {
                    let path = if dir.is_empty() { ".gitignore".to_owned() } else { format!("{dir}/.gitignore") };
                    return Some(IgnoreRule { path, pattern: glob.original().to_owned() });
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_file_decides_and_an_ignored_directory_takes_its_content() {
        let ignores = Ignores::new([("", "lib/\n*.db\n"), ("src", "!lib/\n")]);
        assert_eq!(ignores.rule("lib/a.ts", false).map(|rule| rule.pattern), Some("lib/".into()));
        assert_eq!(ignores.rule("src/lib/a.ts", false), None);
        assert_eq!(ignores.rule("src/x.db", false).map(|rule| rule.path), Some(".gitignore".into()));
        assert_eq!(ignores.rule("lib", false), None, "a file of that name is not a directory");
    }
}
