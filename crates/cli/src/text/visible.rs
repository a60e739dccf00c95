//! What may reach a terminal or a log: no character of a checked file, path or message moves the cursor, changes a colour
//! or the direction of writing, and no line of them is a command to a CI system.

use std::borrow::Cow;
use std::fmt::Write as _;

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

/// Marks with which CI systems find commands anywhere in a line: GitHub's and Azure's first kind, Azure's own, TeamCity's.
const ANYWHERE: [&str; 3] = ["##[", "##vso[", "##teamcity["];

/// `text`, lines for a log, so that whoever runs the program finds no command in them that we did not write: as long as
/// before, character by character.
///
/// GitHub obeys `::name …::` at the start of a line, behind blanks, and `##[name]` anywhere (`ActionCommand` in
/// actions/runner).
pub(crate) fn logged(text: &str) -> Cow<'_, str> {
    let starts = |line: &str| line.trim_start().starts_with("::");
    if !ANYWHERE.iter().any(|mark| text.contains(mark)) && !text.lines().any(starts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if starts(line) {
            out.push_str(&line.replacen(':', "∶", 1));
        } else {
            out.push_str(line);
        }
    }
    for mark in ANYWHERE {
        out = out.replace(mark, &mark.replace('[', "⟦"));
    }
    Cow::Owned(out)
}

/// `json`, the text of a JSON document, with everything escaped that a terminal or a log would obey: the same document.
pub(crate) fn json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for (at, ch) in json.char_indices() {
        let rest = &json[at + ch.len_utf8()..];
        // Outside of strings JSON knows no `#`.
        let starts = ch == '#' && ANYWHERE.iter().any(|mark| rest.starts_with(&mark[1..]));
        if starts || (ch != '\n' && picture(ch) != ch) {
            let mut units = [0; 2];
            for unit in ch.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(ch);
        }
    }
    out
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

    #[test]
    fn a_log_holds_no_command_of_theirs() {
        assert_eq!(logged("  ::error::x\na ::error::\n"), "  ∶:error::x\na ::error::\n");
        assert_eq!(logged("4 │ ##[add-mask]x ##vso[a]"), "4 │ ##⟦add-mask]x ##vso⟦a]");
        assert!(matches!(logged("## title\na: [b]\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_says_the_same_in_characters_that_nobody_obeys() {
        let value = "\u{1b}[2J\u{9b}\u{202e}\u{e0041}\u{7f} ##[group]x ## ä";
        let text = json(&serde_json::to_string_pretty(&[value]).unwrap());
        assert!(text.chars().all(|ch| ch == '\n' || picture(ch) == ch) && !text.contains("##["), "{text}");
        assert_eq!(serde_json::from_str::<[String; 1]>(&text).unwrap(), [value]);
    }
}
