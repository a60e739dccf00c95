//! The one edit type, and how edits become a new text.

use crate::Place;
use std::fmt::Write as _;

/// Replaces the bytes at `place` by `text`; an empty place inserts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Edit {
    /// What is replaced.
    pub place: Place,
    /// What stands there afterwards.
    pub text: String,
}

/// Two edits that touch the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict;

/// Applies edits, all of one file, to its text. The same edit twice counts once.
///
/// # Errors
/// When two different edits overlap, insert at the same place, or do not fit the text.
pub fn apply(text: &str, edits: &[Edit]) -> Result<String, Conflict> {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort();
    edits.dedup();
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    let mut last_insert = None;
    for edit in edits {
        let range = edit.place.range();
        let inserts_twice = range.is_empty() && last_insert == Some(range.start);
        if range.start < done || inserts_twice {
            return Err(Conflict);
        }
        result.push_str(text.get(done..range.start).ok_or(Conflict)?);
        text.get(range.clone()).ok_or(Conflict)?;
        result.push_str(&edit.text);
        last_insert = range.is_empty().then_some(range.start);
        done = range.end;
    }
    result.push_str(text.get(done..).ok_or(Conflict)?);
    Ok(result)
}

/// The change from `before` to `after` as a unified diff with `context` lines around it, without file headers.
pub fn diff(before: &str, after: &str, context: usize) -> String {
    let diff = similar::TextDiff::from_lines(before, after);
    let mut text = String::new();
    for hunk in diff.unified_diff().context_radius(context).iter_hunks() {
        let _ = write!(text, "{hunk}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileId;

    fn edit(start: u32, end: u32, text: &str) -> Edit {
        Edit { place: Place { file: FileId(0), start, end }, text: text.into() }
    }

    #[test]
    fn edits_apply_in_any_order_and_twice_is_once() {
        let edits = [edit(4, 5, "E"), edit(0, 1, "A"), edit(4, 5, "E"), edit(2, 2, "+")];
        assert_eq!(apply("abcde", &edits).as_deref(), Ok("Ab+cdE"));
    }

    #[test]
    fn edits_that_touch_the_same_bytes_conflict() {
        assert_eq!(apply("abc", &[edit(0, 2, "x"), edit(1, 3, "y")]), Err(Conflict));
        assert_eq!(apply("abc", &[edit(1, 1, "x"), edit(1, 1, "y")]), Err(Conflict));
        assert_eq!(apply("abc", &[edit(2, 9, "x")]), Err(Conflict));
    }
}
