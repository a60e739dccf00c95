//! By which words a module is known that may say anything about lists. A search, no look at the tree and no parser: of a
//! large repository hundreds of modules speak of migrations or of what is required, and hardly any of a list.

use super::Role;
use super::code::{LISTS_DIRECTORIES, role};
use super::paths;
use crate::Input;
use crate::hints::Words;
use memchr::memmem::{Finder, find, find_iter};
use std::sync::LazyLock;

/// Whether the module may say anything.
pub(crate) fn may_have(input: Input<'_>) -> bool {
    let text = input.text().as_bytes();
    !paths::is_aside(input.path())
        && is_about_a_start(input.text())
        && (names_list(text) || lists_directories(text) || names_constant(text, input.path().ends_with(".py")))
}

fn is_about_a_start(text: &str) -> bool {
    static WORDS: LazyLock<Words> = LazyLock::new(|| {
        Words::new(&[
            "igration", "IGRATION", "equired_", "EQUIRED_", "equiredV", "equiredT", "XPECTED_", "xpectedV", "xpectedT",
            "boot", "BOOT",
        ])
    });
    static SQL: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(".sql"));
    // `.sqlalchemy` and `.sql_engine` are no files.
    let is_end = |byte: &u8| !byte.is_ascii_alphanumeric() && *byte != b'_';
    let names_sql =
        || SQL.find_iter(text.as_bytes()).any(|at| text.as_bytes().get(at + SQL.needle().len()).is_none_or(is_end));
    WORDS.has_one_in(text) || names_sql()
}

/// Whether a string ends as the name of a list does.
fn names_list(text: &[u8]) -> bool {
    paths::LIST_EXTENSIONS.iter().any(|extension| {
        find_iter(text, extension).any(|at| {
            let end = at + extension.len();
            at > 0 && text[at - 1] == b'.' && matches!(text.get(end), Some(b'"' | b'\'' | b'`'))
        })
    })
}

fn lists_directories(text: &[u8]) -> bool {
    LISTS_DIRECTORIES.iter().any(|name| {
        find_iter(text, name).any(|at| {
            text.get(at + name.len()) == Some(&b'(') && !at.checked_sub(1).is_some_and(|before| is_part(text[before]))
        })
    })
}

/// Whether a constant list is bound to a name that says what it is for, or one of another module may be what this one
/// refuses to go on without.
fn names_constant(text: &[u8], is_python: bool) -> bool {
    // The words that `role` knows, but for letters that may be large or small.
    const STEMS: [&str; 20] = [
        "equire", "EQUIRE", "xpected", "XPECTED", "andatory", "ANDATORY", "must", "Must", "MUST", "eeded", "EEDED",
        "ssential", "SSENTIAL", "boot", "Boot", "BOOT", "tartup", "TARTUP", "llow", "LLOW",
    ];
    let refuses = ["raise", "throw", "exit", "panic"].iter().any(|word| find(text, word.as_bytes()).is_some());
    let says = |stem: &&str| {
        find_iter(text, stem).any(|at| {
            let (name, after) = name_around(text, at);
            let role = || std::str::from_utf8(name).ok().and_then(role);
            if is_bound_to_list(after) {
                return role().is_some();
            }
            let is_large = name.contains(&b'_') && !name.iter().any(u8::is_ascii_lowercase);
            let is_mixed = !is_python && !name.contains(&b'_') && name.first().is_some_and(u8::is_ascii_lowercase);
            let is_constant = is_large || is_mixed && name.iter().any(u8::is_ascii_uppercase);
            refuses && is_constant && after.first() != Some(&b'(') && role() == Some(Role::Required)
        })
    };
    STEMS.iter().any(says)
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..)
}

/// The name that holds the byte at `at`, and what follows it.
fn name_around(text: &[u8], at: usize) -> (&[u8], &[u8]) {
    let before = text[..at].iter().rev().take_while(|byte| is_part(**byte)).count();
    let after = text[at..].iter().take_while(|byte| is_part(**byte)).count();
    (&text[at - before..at + after], &text[at + after..])
}

/// Whether what follows a name gives it a list, by itself or through one call: `= [`, `: string[] = [`, `= new Set([`.
fn is_bound_to_list(after: &[u8]) -> bool {
    // The end of a key: `"required": [`
    let after = after.strip_prefix(b"\"").or_else(|| after.strip_prefix(b"'")).unwrap_or(after).trim_ascii_start();
    let value = match after {
        [b'=', value @ ..] => value,
        [b':', typed @ ..] => {
            let line = &typed[..memchr::memchr(b'\n', typed).unwrap_or(typed.len())];
            // A type, or the value of a key.
            memchr::memchr(b'=', line).map_or(typed, |at| &typed[at + 1..])
        }
        _ => return false,
    };
    let value = value.trim_ascii_start();
    let value = value.strip_prefix(b"new ").unwrap_or(value);
    let callee = value.iter().take_while(|byte| is_part(**byte) || matches!(byte, b'.' | b'<' | b'>')).count();
    let inside = value[callee..].trim_ascii_start();
    let inside = if callee > 0 { inside.strip_prefix(b"(").map(<[u8]>::trim_ascii_start) } else { Some(inside) };
    matches!(inside, Some([b'[' | b'(' | b'{', ..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_names_are_told_from_words_in_passing() {
        let says = [
            "REQUIRED_MIGRATIONS = ['a', 'b']",
            "export const requiredViews: readonly string[] = ['a']",
            "const REQUIRED_VIEWS = new Set<string>([\n'a'])",
            "EXPECTED_TABLES: Final = frozenset((\n  'a',))",
            "ALLOWED_MIGRATIONS = ('a', 'b')",
            "BOOT = {'a', 'b'}",
            "{'required': ['a']}",
            "for name in REQUIRED_MIGRATIONS:\n    raise SystemExit(name)",
        ];
        for text in says {
            assert!(names_constant(text.as_bytes(), true), "{text}");
        }
        let others = [
            "# what migrations are required",
            "field(required=True)",
            "raise UnexpectedValidationError(x)",
            "reboot(['a'])",
            "REQUIRED_MIGRATIONS = 3",
            "raise ValueError(required_fields)",
        ];
        for text in others {
            assert!(!names_constant(text.as_bytes(), true), "{text}");
        }
        assert!(names_constant(b"import { requiredViews } from './views'; throw new Error()", false));
    }

    #[test]
    fn lists_are_named_by_a_string_and_directories_listed_by_a_call() {
        assert!(names_list(b"open(base / 'boot-migrations.txt')") && !names_list(b"# see list.txt, or .json files"));
        assert!(lists_directories(b"fs.readdirSync(dir)") && lists_directories(b"Path(d).glob('*.sql')"));
        assert!(!lists_directories(b"global(x)") && !lists_directories(b"my_walk(x) # glob"));
    }
}
