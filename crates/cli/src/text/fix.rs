//! A fix as the lines it takes away and the lines it puts there.

use super::visible::{self, visible, visible_path};
use crate::view::View;
use codespan_reporting::term::termcolor::{Color, ColorSpec, WriteColor};
use twiceshy_lint::{Fix, Safety};
use twiceshy_source::{Edit, FileId, Place, Source, apply, diff};

/// Lines of a change that are shown; `--diff` shows all.
const MANY: usize = 24;
/// Characters of a line that are shown.
const WIDE: usize = 160;

/// Writes a fix under a finding in the file `at`, whose last line number is `last_line`; `first` if nothing else
/// follows the excerpt.
pub(crate) fn write(view: &View<'_>, fix: &Fix, at: FileId, last_line: u32, first: bool, out: &mut impl WriteColor) {
    let width = last_line.max(1).ilog10() as usize + 1;
    let pad = " ".repeat(width + 1);
    // Writing to memory cannot fail.
    let mut gutter = |mark: &str, color: Option<Color>, rest: &str| {
        let _ = colored(out, Color::Cyan, &format!("{pad}{mark}"));
        let _ = match color {
            Some(color) => colored(out, color, rest),
            None => out.write_all(rest.as_bytes()),
        };
        let _ = out.write_all(b"\n");
    };
    if first {
        gutter("│", None, "");
    }
    let verb = if fix.safety == Safety::Safe { "fix" } else { "suggestion" };
    gutter("=", None, &format!(" {verb}: {}", visible(&fix.title)));
    let mut files: Vec<FileId> = fix.edits.iter().map(|edit| edit.place.file).collect();
    files.sort_unstable();
    files.dedup();
    let mut lines = Vec::new();
    for file in &files {
        let edits: Vec<Edit> = fix.edits.iter().filter(|edit| edit.place.file == *file).cloned().collect();
        let Some(change) = change(&view.source(*file), edits) else { continue };
        if *file != at || files.len() > 1 || change.is_empty() {
            lines.push((None, visible_path(&view.shown(*file)).into_owned()));
        }
        lines.extend(change.into_iter().map(|line| (line.chars().next(), line)));
    }
    let hidden = lines.len().saturating_sub(MANY);
    for (sign, line) in lines.into_iter().take(MANY) {
        let color = match sign {
            Some('-') => Some(Color::Red),
            Some('+') => Some(Color::Green),
            _ => None,
        };
        gutter("│ ", color, &line);
    }
    if hidden > 0 {
        gutter("│", None, &format!(" … {} more", super::counted(hidden, "line")));
    }
}

fn colored(out: &mut impl WriteColor, color: Color, text: &str) -> std::io::Result<()> {
    out.set_color(ColorSpec::new().set_fg(Some(color)))?;
    out.write_all(text.as_bytes())?;
    out.reset()
}

/// The lines that `edits`, all of one file, take away and put there, each with its sign; `None` if they do not fit.
fn change(source: &Source, mut edits: Vec<Edit>) -> Option<Vec<String>> {
    // Only the lines around the edits are compared: a file can be long and have many findings.
    let first = source.line_of(edits.iter().map(|edit| edit.place.start).min()?);
    let last = source.line_of(edits.iter().map(|edit| edit.place.end).max()?);
    let start = source.line_span(first).start;
    let end =
        if last + 1 < source.line_count() { source.line_span(last + 1).start } else { source.text().len() as u32 };
    let before = source.text().get(start as usize..end as usize)?;
    for edit in &mut edits {
        let Place { start: from, end: to, .. } = edit.place;
        edit.place = Place { start: from.checked_sub(start)?, end: to.checked_sub(start)?, ..edit.place };
    }
    let after = apply(before, &edits).ok()?;
    let diff = diff(before, &after, 0);
    let signed: Vec<&str> = diff.lines().filter(|line| line.starts_with(['-', '+'])).collect();
    let old = signed.iter().find(|line| line.starts_with('-'));
    let new = signed.iter().find(|line| line.starts_with('+'));
    // Where a long line changes is what there is to see of it.
    let same = match (old, new) {
        (Some(old), Some(new)) => {
            old.chars().skip(1).zip(new.chars().skip(1)).take_while(|(old, new)| old == new).count()
        }
        _ => 0,
    };
    Some(signed.into_iter().map(|line| shown(line, same.saturating_sub(WIDE / 2))).collect())
}

/// A line of a change, its sign set apart, harmless and of bounded length; a long one from character `from` on.
fn shown(line: &str, from: usize) -> String {
    let line = line.trim_end_matches('\r');
    let (sign, rest) = line.split_at(1);
    let from = if rest.chars().nth(WIDE).is_some() { from } else { 0 };
    let text: String = rest.chars().skip(from).take(WIDE).map(visible::of).collect::<String>().replace('\t', "    ");
    let before = if from > 0 { "…" } else { "" };
    let after = if rest.chars().nth(from + WIDE).is_some() { "…" } else { "" };
    format!("{sign} {before}{text}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: u32, end: u32, text: &str) -> Edit {
        Edit { place: Place { file: FileId(0), start, end }, text: text.into() }
    }

    #[test]
    fn a_change_is_the_lines_that_go_and_the_lines_that_come() {
        let source = Source::new("a: 1\nb: 2\nc: 3\n");
        assert_eq!(change(&source, vec![edit(8, 9, "two")]).unwrap(), ["- b: 2", "+ b: two"]);
        assert_eq!(change(&source, vec![edit(10, 10, "x: 0\n")]).unwrap(), ["+ x: 0"]);
        assert_eq!(change(&source, vec![edit(5, 10, "")]).unwrap(), ["- b: 2"]);
        assert_eq!(change(&source, vec![edit(0, 1, "\u{1b}A")]).unwrap(), ["- a: 1", "+ ␛A: 1"]);
        assert_eq!(change(&source, vec![edit(0, 2, "x"), edit(1, 3, "y")]), None);
    }

    #[test]
    fn of_a_long_line_the_part_that_changes_is_shown() {
        let source = Source::new(format!("{}old{}", "x".repeat(5000), "y".repeat(5000)));
        let lines = change(&source, vec![edit(5000, 5003, "new")]).unwrap();
        assert!(lines[0].contains("xoldy") && lines[1].contains("xnewy"), "{lines:?}");
        assert!(lines.iter().all(|line| line.chars().count() < WIDE + 6));
    }
}
