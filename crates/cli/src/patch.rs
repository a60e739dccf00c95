//! Changes as a patch that `git apply` and `patch -p1` take.

use crate::repair::Change;
use twiceshy_source::diff;

/// A patch of everything, with the paths as `git` writes them, seen from the directory `prefix` stands for.
pub(crate) fn write(changes: &[Change], prefix: &str) -> Vec<u8> {
    let mut patch = String::new();
    for change in changes {
        let before = String::from_utf8_lossy(&change.before.to_bytes(change.before.text())).into_owned();
        let after = String::from_utf8_lossy(&change.before.to_bytes(&change.after)).into_owned();
        let path = format!("{prefix}{}", change.path);
        patch.push_str(&format!("--- {}\n+++ {}\n", quoted("a/", &path), quoted("b/", &path)));
        patch.push_str(&diff(&before, &after, 3));
    }
    patch.into_bytes()
}

/// A path as git writes it in a patch: in double quotes with escapes if it holds anything unusual.
fn quoted(side: &str, path: &str) -> String {
    let plain = |byte: u8| !byte.is_ascii_control() && !matches!(byte, b'"' | b'\\');
    if path.bytes().all(plain) {
        // A path with a space ends at a tab; without one it would end at the space.
        return if path.contains(' ') { format!("{side}{path}\t") } else { format!("{side}{path}") };
    }
    let mut text = format!("\"{side}");
    for ch in path.chars() {
        match ch {
            '"' | '\\' => text.extend(['\\', ch]),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            ch if ch.is_ascii_control() => text.push_str(&format!("\\{:03o}", u32::from(ch))),
            ch => text.push(ch),
        }
    }
    text + "\""
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use twiceshy_source::Source;

    fn change(path: &str, before: &str, after: &str) -> Change {
        Change { path: path.into(), before: Arc::new(Source::new(before)), after: after.into() }
    }

    #[test]
    fn unusual_paths_are_quoted_as_git_quotes_them() {
        assert_eq!(quoted("a/", "x.yml"), "a/x.yml");
        assert_eq!(quoted("a/", "my file.yml"), "a/my file.yml\t");
        assert_eq!(quoted("b/", "x\n\u{1b}\".yml"), "\"b/x\\n\\033\\\".yml\"");
    }

    #[test]
    fn a_byte_order_mark_and_a_missing_line_break_are_part_of_the_patch() {
        let patch = write(&[change("x", "\u{feff}a: 1\nb: 2", "a: 1\nb: 3")], "");
        insta::assert_snapshot!(String::from_utf8(patch).unwrap(), @r"
        --- a/x
        +++ b/x
        @@ -1,2 +1,2 @@
         ﻿a: 1
        -b: 2
        \ No newline at end of file
        +b: 3
        \ No newline at end of file
        ");
    }
}
