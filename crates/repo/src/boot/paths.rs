//! From a path as code writes it to a file of the repository.

use twiceshy_source::{FileId, Tree};

/// The file that `path` means, named in a file of the directory `from`: relative to that directory or to one above it,
/// or, since code runs in images, with its first parts left out (`/app/db/list.txt`).
pub(crate) fn file(tree: &Tree, from: &str, path: &str) -> Option<FileId> {
    candidates(from, path).find_map(|path| tree.file(&path))
}

/// The directory that `path` means, found likewise.
pub(crate) fn directory(tree: &Tree, from: &str, path: &str) -> Option<String> {
    candidates(from, path).find(|path| !path.is_empty() && tree.has_dir(path))
}

fn candidates<'a>(from: &'a str, path: &'a str) -> impl Iterator<Item = String> + 'a {
    let is_path = !path.is_empty() && path.len() < 200 && !path.contains([' ', '\n', '*', '$', '{', ':', '?']);
    let path = if is_path { path.trim_end_matches('/') } else { "" };
    let is_relative = path.starts_with('.');
    // Parts left out: none, then one more each time; only of paths that are not relative to something.
    let tails = std::iter::successors(Some(path.trim_start_matches('/')), move |tail| {
        (!is_relative).then(|| tail.split_once('/').map(|(_, rest)| rest))?
    });
    let above = |from: &'a str| std::iter::successors(Some(from), |at| (!at.is_empty()).then(|| Tree::parent(at)));
    tails
        .filter(|tail| !tail.is_empty())
        .take(6)
        .flat_map(move |tail| above(from).take(12).filter_map(move |directory| Tree::join(directory, tail)))
}

/// The extensions of lists: text or data.
pub(super) const LIST_EXTENSIONS: [&str; 7] = ["txt", "list", "lst", "json", "yml", "yaml", "conf"];

/// Whether a name looks like that of a list: text or data, and none of the files that tools own.
pub(super) fn is_list(path: &str) -> bool {
    let name = Tree::name(path);
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    LIST_EXTENSIONS.contains(&extension) && !stem.is_empty() && crate::Kind::of(path, || None).is_none()
}

/// Whether a file is there to test, to show or to develop: what it says decides nothing about a start.
pub(super) fn is_aside(path: &str) -> bool {
    path.to_ascii_lowercase().split(['/', '.', '-', '_']).any(|word| {
        matches!(
            word,
            "test"
                | "tests"
                | "spec"
                | "specs"
                | "fixture"
                | "fixtures"
                | "example"
                | "examples"
                | "e2e"
                | "mock"
                | "mocks"
                | "dev"
                | "docs"
        )
    })
}

/// The words of an identifier, in lower case: `REQUIRED_MIGRATIONS`, `requiredMigrations`, `boot-migrations`.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (letter.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        was_lower = letter.is_lowercase();
        if let (true, Some(word)) = (letter.is_alphanumeric(), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_from_where_they_are_written() {
        let tree = Tree::memory([
            ("db/boot.txt", ""),
            ("db/migrations/1.sql", ""),
            ("api/src/guard.ts", ""),
            ("api/list.json", ""),
        ]);
        let found = |path: &str| file(&tree, "api/src", path).map(|file| tree.path(file).to_owned());
        for path in ["db/boot.txt", "/app/db/boot.txt", "../../db/boot.txt", "./db/boot.txt"] {
            assert_eq!(found(path).as_deref(), Some("db/boot.txt"), "{path}");
        }
        assert_eq!(found("list.json").as_deref(), Some("api/list.json"));
        for path in ["", "/", "boot.txt", "../../../db/boot.txt", "a b", "https://db/boot.txt"] {
            assert_eq!(found(path), None, "{path}");
        }
        assert_eq!(directory(&tree, "api/src", "/srv/db/migrations/").as_deref(), Some("db/migrations"));
    }

    #[test]
    fn identifiers_fall_into_words() {
        for name in ["REQUIRED_MIGRATIONS", "requiredMigrations", "RequiredMigrations", "required-migrations"] {
            assert_eq!(words(name), ["required", "migrations"]);
        }
    }
}
