//! What may reach a terminal: no character of a checked file, path or message moves the cursor, changes a colour or
//! the direction of writing.

use std::borrow::Cow;

/// `text` with everything that a terminal would obey replaced by a picture of it. Line breaks and tabs become spaces.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(|ch| picture(ch) == ch) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|ch| if matches!(ch, '\n' | '\t') { ' ' } else { of(ch) }).collect())
}

/// `text`, a file's name: as [`visible`], but line breaks and tabs show as pictures too.
pub(crate) fn visible_path(path: &str) -> Cow<'_, str> {
    if path.chars().all(|ch| picture(ch) == ch) {
        return Cow::Borrowed(path);
    }
    Cow::Owned(path.chars().map(picture).collect())
}

/// `text`, one line: as [`visible`], but tabs stay.
pub(crate) fn line(text: &str) -> String {
    text.trim_end_matches('\r').chars().map(of).collect()
}

/// What stands for `ch` in an excerpt; tabs stay.
pub(crate) fn of(ch: char) -> char {
    if ch == '\t' { ch } else { picture(ch) }
}

fn picture(ch: char) -> char {
    match ch {
        // Unicode's own pictures of the control characters.
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(ch)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\x7f' => '␡',
        // C1 controls; marks of direction (CVE-2021-42574), line and paragraph separators, invisible characters.
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'
        | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => char::REPLACEMENT_CHARACTER,
        ch => ch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_nothing_of_it() {
        assert_eq!(visible("a\u{1b}[31m\rb\nc\td"), "a␛[31m␍b c d");
        assert_eq!(visible_path("compose\n\u{202e}.yml"), "compose␊\u{fffd}.yml");
        assert_eq!(visible("\u{9b}31m"), "\u{fffd}31m");
        assert!(matches!(visible("plain ä 漢 👩‍🚒"), Cow::Borrowed(_)));
    }
}
