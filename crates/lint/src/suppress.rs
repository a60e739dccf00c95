//! Writing a comment that suppresses a finding, in whatever language its file is written.

use crate::Diagnostic;
use twiceshy_repo::{ADDRESS, Remark, Repo};
use twiceshy_source::{Edit, Place};

/// How languages mark a comment: what stands before it and behind it.
const MARKS: [(&str, &str); 6] =
    [("# ", ""), ("// ", ""), ("-- ", ""), ("<!-- ", " -->"), ("{/* ", " */}"), ("; ", "")];

/// How many lines above a finding a comment is tried: the lines of a script that can hold none.
const ABOVE: u32 = 40;

/// The edit that suppresses `diagnostic` where it stands, for `reason`; `None` where its file holds no comments.
///
/// Which marks its file wants, and where, is tried: a comment is one if reading the file with it says so, and finds it
/// to stand for the finding.
pub fn suppress(repo: &Repo, diagnostic: &Diagnostic, reason: &str) -> Option<Edit> {
    let place = diagnostic.place;
    let source = repo.tree.source(place.file).ok()?;
    let (text, line) = (source.text(), source.line_of(place.start));
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let remark = format!("{ADDRESS} ignore[{}] {reason}", diagnostic.lint);
    let flaws = repo.remarks_with(place.file, text).1;
    let line_break = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let suppresses = |edit: &Edit| {
        let text = twiceshy_source::apply(text, std::slice::from_ref(edit)).ok()?;
        let (remarks, flaws_after) = repo.remarks_with(place.file, &text);
        let moved = if edit.place.start <= place.start { edit.text.len() as u32 } else { 0 };
        let stands = |found: &Remark| {
            let lines = found.concerns;
            found.text == remark.trim_end() && (lines.start..=lines.end).contains(&(place.start + moved))
        };
        (flaws_after <= flaws && remarks.iter().any(stands)).then_some(())
    };
    let at = |offset: u32, text: String| Edit { place: Place { start: offset, end: offset, ..place }, text };
    let above = |line: u32, (open, close): (&str, &str)| {
        let own = source.line(line);
        let indent = &own[..own.len() - own.trim_start().len()];
        at(source.line_span(line).start, format!("{indent}{open}{}{close}{line_break}", remark.trim_end()))
    };
    let behind =
        |(open, close): (&str, &str)| at(source.line_span(line).end, format!(" {open}{}{close}", remark.trim_end()));
    let first = MARKS.iter().map(|marks| above(line, *marks)).chain(MARKS.iter().map(|marks| behind(*marks)));
    let further =
        (line.saturating_sub(ABOVE)..line).rev().flat_map(|line| MARKS.iter().map(move |marks| above(line, *marks)));
    first.chain(further).find(|edit| suppresses(edit).is_some())
}
