//! The report as GitHub's workflow commands, which a run shows as annotations.
//!
//! The runner takes a line for a command if it starts with `::`, after blanks; of each level it makes the first ten of
//! a step annotations, cut at 4,096 characters (`_maxCountPerIssueType`, `_maxIssueMessageLength` in actions/runner).

use crate::json::stopped;
use crate::plain::{lines, spot};
use crate::text::visible::{logged, visible_path};
use crate::text::{not_seen, summary};
use crate::view::View;
use std::fmt::Write as _;
use twiceshy_lint::{Diagnostic, Level};

/// Annotations of one level that a step gets.
const MOST: usize = 10;
/// What is left of a message.
const LONG: usize = 4096;

/// The worst findings as commands. Unless the report for people stands `beside` it, the others follow as lines.
pub(crate) fn write(view: &View<'_>, beside: bool) -> Vec<u8> {
    let mut text = String::new();
    let mut errors = 0;
    for (lint, why) in view.report.failures.iter().take(MOST) {
        command(&mut text, "error", "title=twiceshy", &stopped(lint, why));
        errors += 1;
    }
    let mut rest = Vec::new();
    let mut counts = [errors, 0, 0];
    for diagnostic in view.worst_first() {
        let (at, name) = match diagnostic.level {
            Level::Error => (0, "error"),
            Level::Warn => (1, "warning"),
            Level::Pedantic => (2, "notice"),
        };
        if counts[at] == MOST {
            rest.push(diagnostic);
            continue;
        }
        counts[at] += 1;
        command(&mut text, name, &properties(view, diagnostic), &cut(&lines(view, diagnostic)));
    }
    if !beside {
        let mut log = String::new();
        if !rest.is_empty() {
            let _ = writeln!(log, "GitHub shows {MOST} annotations of a level; these are the rest:");
        }
        for diagnostic in rest {
            let (spot, level) = (spot(view, diagnostic.place), diagnostic.level.name());
            let message = crate::text::visible::visible(&diagnostic.message);
            let _ = writeln!(log, "{spot}: {level}[{}]: {message}", diagnostic.lint);
        }
        log.push_str(&not_seen(view, false));
        log.push_str(&summary(view, crate::text::Style::default()));
        text.push_str(&logged(&log));
    }
    text.into_bytes()
}

fn properties(view: &View<'_>, diagnostic: &Diagnostic) -> String {
    let (start, end) = view.positions(diagnostic.place);
    let file = view.path_in_repository(diagnostic.place.file);
    let mut text = format!("file={},line={}", property(&visible_path(&file)), start.line);
    if end.line == start.line {
        // Columns mean something on one line only.
        let _ = write!(text, ",col={},endColumn={}", start.column, end.column.max(start.column));
    } else {
        let _ = write!(text, ",endLine={}", end.line);
    }
    let _ = write!(text, ",title={}", property(&format!("twiceshy: {}", diagnostic.lint)));
    text
}

/// Lines as one message, without those at its end that GitHub would cut off.
fn cut(lines: &[String]) -> String {
    let mut text = String::new();
    let mut room = LONG;
    for line in lines {
        // C# counts UTF-16.
        let width = line.encode_utf16().count() + 1;
        if width > room && !text.is_empty() {
            continue;
        }
        room = room.saturating_sub(width);
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line);
    }
    text
}

fn command(text: &mut String, name: &str, properties: &str, message: &str) {
    let _ = writeln!(text, "::{name} {properties}::{}", data(message));
}

/// As `escapeData` of actions/toolkit.
fn data(text: &str) -> String {
    // The older kind of command is looked for anywhere in a line that is none of the newer kind.
    logged(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// As `escapeProperty` of actions/toolkit.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn written(files: &[(&str, &str)], beside: bool) -> String {
        String::from_utf8(sample::view(files, |view| write(view, beside))).unwrap()
    }

    #[test]
    fn a_finding_is_an_annotation_with_the_other_half_of_its_cause_and_the_next_step() {
        let files = [("a,b:c%.sh", "x FAIL\n"), ("why.sh", "WHY\n"), ("hm.sh", "hmm\n")];
        insta::assert_snapshot!(written(&files, false), @r"
        ::error file=a%2Cb%3Ac%25.sh,line=1,col=3,endColumn=7,title=twiceshy%3A it-fails::`start` fails%0Ahere: here%0Awhy.sh:1:1: because of this%0Ait happened before%0Afix (twiceshy check --fix): let it pass%0Amore: twiceshy explain it-fails
        ::warning file=hm.sh,line=1,col=1,endColumn=4,title=twiceshy%3A it-hesitates::it hesitates%0Asuggestion: say so%0Amore: twiceshy explain it-hesitates
        checked 3 files: 1 error, 1 warning; `twiceshy check --fix` repairs 1
        ");
        assert_eq!(written(&files, true).lines().count(), 2, "commands only");
    }

    #[test]
    fn the_ten_worst_of_a_level_are_annotations_and_the_rest_are_lines() {
        let text = written(&[("a.sh", &"FAIL\n".repeat(13)), ("b.sh", &"hmm\n".repeat(3)), ("c.sh", "PANIC")], false);
        let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
        assert_eq!((count("::error "), count("::warning "), count("a.sh:")), (10, 3, 4), "{text}");
        assert!(text.starts_with("::error title=twiceshy::the lint it-panics stopped on an internal error"), "{text}");
        assert!(
            text.ends_with("checked 3 files: 13 errors, 3 warnings; `twiceshy check --fix` repairs 13\n"),
            "{text}"
        );
    }

    #[test]
    fn what_github_would_cut_is_left_out_line_by_line() {
        let lines = ["first".to_owned(), "x".repeat(5000), "last".to_owned()];
        assert_eq!(cut(&lines), "first\nlast");
        assert_eq!(cut(&lines[1..]).len(), 5000, "something has to be said");
    }
}
