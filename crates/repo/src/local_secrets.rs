//! Files of secrets that lie in working copies only: what git ignores and services read, examples stand for, or scripts
//! write.

use crate::script::{Host, RedirectKind};
use crate::{FileId, GitIgnored, LocalKind, LocalPath, Repo};
use twiceshy_source::{Place, Tree};

impl Repo {
    /// Adds the files of secrets below `below`.
    pub(crate) fn add_secrets(&self, found: &mut Vec<LocalPath>, below: &str) {
        let services = self.projects.iter().flat_map(|project| &project.services);
        for env in services.flat_map(|service| &service.env_files) {
            let Some((path, ignored)) = env.path.as_deref().and_then(|path| self.secret(path, below)) else { continue };
            found.push(LocalPath {
                manifest: self.example_of(&path),
                mounted: Some(env.text.place()),
                ..secrets(path, ignored)
            });
        }
        for file in self.tree.below(below) {
            let Some(own) = self.stands_for(file) else { continue };
            let Some((path, ignored)) = self.secret(&own, below).filter(|_| self.names_secrets(file)) else { continue };
            found.push(LocalPath { manifest: Some(file), ..secrets(path, ignored) });
        }
        for (file, path) in self.written_env_files() {
            let Some((path, ignored)) = self.secret(&path, below) else { continue };
            found.push(LocalPath { manifest: Some(file), ..secrets(path, ignored) });
        }
    }

    /// Whether an example of settings names something that must not be seen.
    pub fn names_secrets(&self, example: FileId) -> bool {
        const WORDS: &[&str] =
            &["SECRET", "PASSWORD", "PASSWD", "TOKEN", "API_KEY", "APIKEY", "PRIVATE_KEY", "ACCESS_KEY", "CREDENTIAL"];
        let Ok(source) = self.tree.source(example) else { return false };
        (0..source.line_count()).any(|line| {
            let text = source.line(line).trim_start_matches(['#', ' ']);
            text.split_once('=')
                .is_some_and(|(name, _)| !is_of_client(name) && WORDS.iter().any(|word| name.contains(word)))
        })
    }

    /// Whether an example of settings names some that a client is built with.
    pub fn names_settings_of_clients(&self, example: FileId) -> bool {
        let Ok(source) = self.tree.source(example) else { return false };
        source.text().lines().any(|line| is_of_client(line.trim_start_matches(['#', ' '])))
    }

    /// `path` below `below`, if git ignores it and the tree does not have it.
    fn secret(&self, path: &str, below: &str) -> Option<(String, GitIgnored)> {
        let is_below = below.is_empty() || path.strip_prefix(below).is_some_and(|rest| rest.starts_with('/'));
        if !is_below || is_beside_tests(path) || self.tree.file(path).is_some() {
            return None;
        }
        Some((path.to_owned(), self.git_ignores(path, false)?))
    }

    /// The example that stands beside the env file at `path`.
    fn example_of(&self, path: &str) -> Option<FileId> {
        [".example", ".sample", ".template", ".dist"].iter().find_map(|end| self.tree.file(&format!("{path}{end}")))
    }

    /// The env file that people make from the example `file`. One of several (`.env.dev.example`) is copied to `.env`.
    fn stands_for(&self, file: FileId) -> Option<String> {
        let path = self.tree.path(file);
        let name = Tree::name(path).strip_prefix(".env")?;
        let kind = [".example", ".sample", ".template", ".dist"].iter().find_map(|end| name.strip_suffix(end))?;
        let own = if kind == ".local" { ".env.local" } else { ".env" };
        Tree::join(Tree::parent(path), own)
    }

    /// The `.env` files that recipes of Makefiles write, with the Makefile. Scripts run anywhere, recipes beside it.
    fn written_env_files(&self) -> impl Iterator<Item = (FileId, String)> {
        let recipes = self.scripts.iter().filter(|script| matches!(script.host, Host::Recipe { .. }));
        recipes.filter_map(|script| {
            let writes = script.commands().any(|command| {
                command.redirects().iter().any(|redirect| {
                    matches!(redirect.kind, RedirectKind::Write | RedirectKind::Append | RedirectKind::Clobber)
                        && redirect.target.is(".env")
                })
            });
            let dir = Tree::parent(self.tree.path(script.file));
            writes.then(|| Tree::join(dir, ".env")).flatten().map(|path| (script.file, path))
        })
    }
}

/// Whether a variable is public by its prefix: what a client is built with.
fn is_of_client(name: &str) -> bool {
    ["VITE_", "NEXT_PUBLIC_", "REACT_APP_", "EXPO_PUBLIC_", "PUBLIC_", "NUXT_PUBLIC_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// Whether settings at `path` are those of tests or examples: nobody keeps secrets there.
pub fn is_beside_tests(path: &str) -> bool {
    let is_other = |part: &str| {
        part.contains("test") || part.contains("example") || matches!(part, "docs" | "e2e" | "cypress" | "playwright")
    };
    Tree::parent(path).split('/').any(is_other)
}

fn secrets(path: String, ignored: GitIgnored) -> LocalPath {
    LocalPath {
        path,
        kind: LocalKind::Secrets,
        ignored: Some(ignored),
        manifest: None,
        mounted: None::<Place>,
        is_certain: true,
    }
}
