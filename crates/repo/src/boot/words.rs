//! By which words a module is known that may say anything about lists. A search, no look at the tree and no parser: of a
//! large repository hundreds of modules speak of migrations or of what is required, and hardly any of a list.

use super::Role;
use super::code::{LISTS_DIRECTORIES, role};
use super::paths;
use crate::Input;
use crate::hints::Words;
use memchr::memmem::{Finder, find, find_iter};
use std::sync::LazyLock;

/// Whether the module may be, or name, a list that is read at start; and whether it may say what has to be in one, or take all
/// that a directory holds.
pub(crate) fn may_say(input: Input<'_>) -> (bool, bool) {
    let text = input.text().as_bytes();
    if paths::is_aside(input.path()) || !is_about_a_start(input.text()) {
        return (false, false);
    }
    let is_python = input.path().ends_with(".py");
    let lists = names_list(text) || names_constant(text, is_python, Role::Listed);
    (lists, lists_directories(text) || names_constant(text, is_python, Role::Required))
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

/// Whether a string ends with the name of what may be a list.
fn names_list(text: &[u8]) -> bool {
    paths::LIST_EXTENSIONS.iter().any(|extension| {
        find_iter(text, extension).any(|at| {
            let end = at + extension.len();
            at > 0
                && text[at - 1] == b'.'
                && matches!(text.get(end), Some(b'"' | b'\'' | b'`'))
                && std::str::from_utf8(last_part(&text[..end])).is_ok_and(paths::is_list)
        })
    })
}

/// The last part of the path with which the text ends.
fn last_part(text: &[u8]) -> &[u8] {
    let is_inside = |byte: &&u8| is_part(**byte) || matches!(**byte, b'.' | b'-');
    &text[text.len() - text.iter().rev().take_while(is_inside).count()..]
}

fn lists_directories(text: &[u8]) -> bool {
    LISTS_DIRECTORIES.iter().any(|name| {
        find_iter(text, name).any(|at| {
            text.get(at + name.len()) == Some(&b'(') && !at.checked_sub(1).is_some_and(|before| is_part(text[before]))
        })
    })
}

/// Whether a constant list is bound to a name that says that this is what it is for, or one of another module may be what this
/// one refuses to go on without.
fn names_constant(text: &[u8], is_python: bool, wanted: Role) -> bool {
    // The words that `role` knows, but for letters that may be large or small.
    const STEMS: [&str; 20] = [
        "equire", "EQUIRE", "xpected", "XPECTED", "andatory", "ANDATORY", "must", "Must", "MUST", "eeded", "EEDED",
        "ssential", "SSENTIAL", "boot", "Boot", "BOOT", "tartup", "TARTUP", "llow", "LLOW",
    ];
    let refuses = wanted == Role::Required
        && ["raise", "throw", "exit", "panic"].iter().any(|word| find(text, word.as_bytes()).is_some());
    let says = |stem: &&str| {
        find_iter(text, stem).any(|at| {
            let (name, after) = name_around(text, at);
            let is_wanted = || std::str::from_utf8(name).ok().and_then(role) == Some(wanted);
            if is_bound_to_list(after) {
                return is_wanted();
            }
            let is_large = name.contains(&b'_') && !name.iter().any(u8::is_ascii_lowercase);
            let is_mixed = !is_python && !name.contains(&b'_') && name.first().is_some_and(u8::is_ascii_lowercase);
            let is_constant = is_large || is_mixed && name.iter().any(u8::is_ascii_uppercase);
            refuses && is_constant && after.first() != Some(&b'(') && is_wanted()
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
    let Some([b'[' | b'(' | b'{', items @ ..]) = inside else { return false };
    // Of names, not of numbers or constants, which stand as strings or in objects; after a comment, perhaps.
    matches!(
        items.trim_ascii_start(),
        [b'"' | b'\'' | b'`' | b'{' | b'[' | b'(' | b'#' | b'/', ..] | [b'r' | b'u' | b'f' | b'b', b'"' | b'\'', ..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_names_are_told_from_words_in_passing() {
        let required = [
            "REQUIRED_MIGRATIONS = ['a', 'b']",
            "export const requiredViews: readonly string[] = ['a']",
            "const REQUIRED_VIEWS = new Set<string>([\n'a'])",
            "EXPECTED_TABLES: Final = frozenset((\n  'a',))",
            "{'required': ['a']}",
            "for name in REQUIRED_MIGRATIONS:\n    raise SystemExit(name)",
        ];
        let listed = ["ALLOWED_MIGRATIONS = ('a', 'b')", "BOOT = {'a', 'b'}"];
        let roles =
            required.map(|text| (text, Role::Required)).into_iter().chain(listed.map(|text| (text, Role::Listed)));
        for (text, role) in roles {
            for wanted in [Role::Listed, Role::Required] {
                assert_eq!(names_constant(text.as_bytes(), true, wanted), role == wanted, "{text}");
            }
        }
        let others = [
            "# what migrations are required",
            "field(required=True)",
            "raise UnexpectedValidationError(x)",
            "reboot(['a'])",
            "REQUIRED_MIGRATIONS = 3",
            "REQUIRED_MIGRATIONS = [Migration.FIRST]",
            "EXPECTED_MIGRATIONS = {}",
            "raise ValueError(required_fields)",
        ];
        for text in others {
            for wanted in [Role::Listed, Role::Required] {
                assert!(!names_constant(text.as_bytes(), true, wanted), "{text}");
            }
        }
        let refuses = b"import { requiredViews } from './views'; throw new Error()";
        assert!(names_constant(refuses, false, Role::Required) && !names_constant(refuses, false, Role::Listed));
    }

    #[test]
    fn lists_are_named_by_a_string_and_directories_listed_by_a_call() {
        assert!(names_list(b"open(base / 'boot-migrations.txt')") && names_list(b"`${dir}/list.json`"));
        for text in ["# see list.txt, or .json files", "name.endswith('.json')", "pip install -r 'requirements.txt'"] {
            assert!(!names_list(text.as_bytes()), "{text}");
        }
        assert!(lists_directories(b"fs.readdirSync(dir)") && lists_directories(b"Path(d).glob('*.sql')"));
        assert!(!lists_directories(b"global(x)") && !lists_directories(b"my_walk(x) # glob"));
    }
}
