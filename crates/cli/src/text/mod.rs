//! The report for people: each finding with its lines of code, worst first, then what was done and what was not seen.

pub(crate) mod excerpt;
pub(crate) mod fix;
pub(crate) mod visible;

use crate::view::View;
use codespan_reporting::diagnostic::{Diagnostic as Shown, Label, Severity};
use codespan_reporting::term::termcolor::{Ansi, NoColor, WriteColor};
use codespan_reporting::term::{Config, emit_to_write_style};
use excerpt::Excerpts;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;
use twiceshy_lint::{Diagnostic, Level, Safety};
use twiceshy_source::{FileId, Skip, SkipReason, Span};
use visible::{logged, visible, visible_path};

/// What the report says besides its findings.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Style {
    /// Whether escape sequences for colours are written.
    pub color: bool,
    /// Whether all that was not seen is listed.
    pub verbose: bool,
    /// How long it took; left out where the report has to be the same each time.
    pub took: Option<Duration>,
    /// How many findings were just fixed, in how many files.
    pub fixed: Option<(usize, usize)>,
}

/// The whole report.
pub(crate) fn write(view: &View<'_>, style: Style) -> Vec<u8> {
    let bytes = if style.color {
        let mut out = Ansi::new(Vec::new());
        write_to(view, style, &mut out);
        out.into_inner()
    } else {
        let mut out = NoColor::new(Vec::new());
        write_to(view, style, &mut out);
        out.into_inner()
    };
    logged(&String::from_utf8_lossy(&bytes)).into_owned().into_bytes()
}

/// One finding, as the report shows it, without colour.
pub(crate) fn finding_text(view: &View<'_>, diagnostic: &Diagnostic) -> String {
    let mut out = NoColor::new(Vec::new());
    finding(view, diagnostic, &mut out);
    String::from_utf8_lossy(&out.into_inner()).into_owned()
}

fn write_to(view: &View<'_>, style: Style, out: &mut impl WriteColor) {
    for diagnostic in view.worst_first() {
        finding(view, diagnostic, out);
    }
    // Writing to memory cannot fail.
    let _ = out.write_all(not_seen(view, style.verbose).as_bytes());
    let _ = out.write_all(summary(view, style).as_bytes());
}

/// Where, what is said there, and whether it is the finding's own place.
type Mark<'a> = (Span, &'a str, bool);

/// One finding.
fn finding(view: &View<'_>, diagnostic: &Diagnostic, out: &mut impl WriteColor) {
    let severity = match diagnostic.level {
        Level::Error => Severity::Error,
        Level::Warn => Severity::Warning,
        Level::Pedantic => Severity::Note,
    };
    let mut marks: Vec<(FileId, Vec<Mark<'_>>)> = Vec::new();
    let primary = (diagnostic.place, diagnostic.label.as_str(), true);
    let related = diagnostic.related.iter().map(|related| (related.place, related.message.as_str(), false));
    for (place, text, is_primary) in std::iter::once(primary).chain(related) {
        let mark = (place.span(), text, is_primary);
        match marks.iter_mut().find(|(file, _)| *file == place.file) {
            Some((_, marks)) => marks.push(mark),
            None => marks.push((place.file, vec![mark])),
        }
    }
    let mut excerpts = Excerpts::default();
    let mut labels = Vec::new();
    let mut last_line = 1;
    for (file, marks) in marks {
        let source = view.source(file);
        let spans: Vec<Span> = marks.iter().map(|(span, ..)| *span).collect();
        last_line = spans.iter().map(|span| source.line_of(span.end) + 1).fold(last_line, u32::max);
        let name = visible_path(&view.shown(file)).into_owned();
        let (id, places) = excerpts.add(name, source, &spans);
        for ((_, text, is_primary), place) in marks.iter().zip(places) {
            let label = if *is_primary { Label::primary(id, place) } else { Label::secondary(id, place) };
            labels.push(label.with_message(visible(text)));
        }
    }
    let shown = Shown::new(severity)
        .with_code(diagnostic.lint.as_str())
        .with_message(visible(&diagnostic.message))
        .with_labels(labels)
        .with_notes(diagnostic.notes.iter().map(|note| visible(note).into_owned()).collect());
    let mut text = Buffered { inner: out, held: 0 };
    let _ = emit_to_write_style(&mut text, &Config::default(), &excerpts, &shown);
    let _ = out.write_all(b"\n");
    let has_notes = !diagnostic.notes.is_empty();
    for (at, each) in diagnostic.fixes.iter().enumerate() {
        fix::write(view, each, diagnostic.place.file, last_line, at == 0 && !has_notes, out);
    }
    let _ = out.write_all(b"\n");
}

/// Holds back the line breaks at the end, so that fixes can follow a finding without an empty line between.
struct Buffered<'a, W> {
    inner: &'a mut W,
    held: usize,
}

impl<W: std::io::Write> std::io::Write for Buffered<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let kept = bytes.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
        if kept > 0 {
            for _ in 0..std::mem::take(&mut self.held) {
                self.inner.write_all(b"\n")?;
            }
            self.inner.write_all(&bytes[..kept])?;
        }
        self.held += bytes.len() - kept;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

impl<W: WriteColor> WriteColor for Buffered<'_, W> {
    fn supports_color(&self) -> bool {
        self.inner.supports_color()
    }

    fn set_color(&mut self, spec: &codespan_reporting::term::termcolor::ColorSpec) -> std::io::Result<()> {
        self.inner.set_color(spec)
    }

    fn reset(&mut self) -> std::io::Result<()> {
        self.inner.reset()
    }
}

/// How many skipped paths are listed without being asked for.
const FEW: usize = 8;

/// What was not read or not understood.
pub(crate) fn not_seen(view: &View<'_>, verbose: bool) -> String {
    let mut text = String::new();
    for (lint, why) in &view.report.failures {
        let _ = writeln!(text, "error: {lint} stopped on an internal error ({}); please report it", visible(why));
    }
    let skipped = view.skipped();
    if skipped.is_empty() {
        return text;
    }
    if verbose || skipped.len() <= FEW {
        text.push_str("not seen:\n");
        for skip in skipped {
            let path = view.scope.show(&skip.path);
            let _ = writeln!(text, "  {}: {}", visible_path(&path), visible(&skip.reason.to_string()));
        }
    } else {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for skip in &skipped {
            *kinds.entry(kind_of(skip)).or_default() += 1;
        }
        let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{} {kind}", thousands(*count))).collect();
        let _ = writeln!(text, "not seen: {} (--verbose lists them)", kinds.join(", "));
    }
    text.push('\n');
    text
}

fn kind_of(skip: &Skip) -> &'static str {
    match skip.reason {
        SkipReason::Unreadable(_) => "unreadable",
        SkipReason::TooLarge { .. } => "too large",
        SkipReason::Binary => "not text",
        SkipReason::Special => "not a regular file",
        SkipReason::Name => "with a name that is not UTF-8",
        SkipReason::NotUnderstood { .. } => "not understood in part",
        SkipReason::Internal => "stopped by an internal error (please report)",
        SkipReason::NotUtf8 { .. } => "not UTF-8 in part",
        SkipReason::Lfs => "in Git LFS",
    }
}

/// The last line.
pub(crate) fn summary(view: &View<'_>, style: Style) -> String {
    let mut text = String::new();
    if let Some((findings, files)) = style.fixed {
        let _ = writeln!(text, "fixed {} in {}", counted(findings, "finding"), counted(files, "file"));
    }
    let _ = write!(text, "checked {}", counted(view.report.checked, "file"));
    if let Some(changed) = view.report.changed {
        let _ = write!(text, " ({} changed)", thousands(changed));
    }
    if let Some(took) = style.took {
        let _ = write!(text, " in {:.2} s", took.as_secs_f64());
    }
    let count = |level| view.diagnostics.iter().filter(|diagnostic| diagnostic.level == level).count();
    let levels = [(Level::Error, "error"), (Level::Warn, "warning")];
    let mut counts: Vec<String> = levels
        .into_iter()
        .map(|(level, name)| (count(level), name))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| counted(count, name))
        .collect();
    if count(Level::Pedantic) > 0 {
        counts.push(format!("{} pedantic", thousands(count(Level::Pedantic))));
    }
    if view.report.checked == 0 {
        text.push_str(": nothing here that twiceshy reads\n");
        return text;
    }
    if counts.is_empty() {
        text.push_str(if view.report.changed.is_some() { ": nothing new\n" } else { ": nothing found\n" });
        return text;
    }
    let _ = write!(text, ": {}", counts.join(", "));
    let safe = |diagnostic: &&&Diagnostic| diagnostic.fixes.iter().any(|fix| fix.safety == Safety::Safe);
    let fixable = view.diagnostics.iter().filter(safe).count();
    if fixable > 0 {
        let _ = write!(text, "; `twiceshy check --fix` repairs {}", thousands(fixable));
    }
    text.push('\n');
    text
}

/// `1 file`, `7,402 files`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{} {noun}{}", thousands(count), if count == 1 { "" } else { "s" })
}

fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn counts_read_as_people_write_them() {
        assert_eq!(counted(1, "file"), "1 file");
        assert_eq!(counted(7402, "file"), "7,402 files");
        assert_eq!(counted(0, "error"), "0 errors");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }

    #[test]
    fn a_finding_shows_its_lines_the_other_half_of_its_cause_and_what_to_do() {
        let text = sample::text(&[
            ("deploy/run.sh", "#!/bin/sh\nset -e\n\nstart FAIL now\n"),
            ("etc/why.sh", "# the WHY of it\n"),
            ("hm.sh", "a\nhmm\n"),
        ]);
        insta::assert_snapshot!(text, @r"
        error[it-fails]: `start` fails
          ┌─ deploy/run.sh:4:7
          │
        4 │ start FAIL now
          │       ^^^^ here
          │
          ┌─ etc/why.sh:1:7
          │
        1 │ # the WHY of it
          │       --- because of this
          │
          = it happened before
          = fix: let it pass
          │ - start FAIL now
          │ + start PASS now

        warning[it-hesitates]: it hesitates
          ┌─ hm.sh:2:1
          │
        2 │ hmm
          │ ^^^
          │
          = suggestion: say so
          │ - hmm
          │ + hmm, indeed
          │ + and more

        checked 3 files: 1 error, 1 warning; `twiceshy check --fix` repairs 1
        ");
    }

    #[test]
    fn the_worst_comes_first_and_a_clean_run_says_what_it_read() {
        let text = sample::text(&[("a.sh", "FAIL\n"), ("b.sh", "hmm loses data\n"), ("c.sh", "FAIL\n")]);
        let heads: Vec<&str> = text.lines().filter(|line| line.starts_with(['e', 'w', 'n'])).collect();
        insta::assert_debug_snapshot!(heads, @r#"
        [
            "error[it-fails]: `start` fails",
            "error[it-fails]: `start` fails",
            "warning[it-hesitates]: it hesitates",
        ]
        "#);
        assert_eq!(sample::text(&[("a.sh", "true\n")]), "checked 1 file: nothing found\n");
        assert_eq!(
            sample::text(&[("a.txt", "FAIL\n")]).lines().last(),
            Some("checked 0 files: nothing here that twiceshy reads")
        );
    }

    #[test]
    fn nothing_of_a_file_reaches_the_terminal_as_a_command() {
        let text = sample::text(&[("a\u{1b}[2J\n.sh", "\u{1b}]0;title\u{7}FAIL\u{202e}\r\n")]);
        assert!(text.chars().all(|ch| ch == '\n' || !ch.is_control()), "{text:?}");
        assert!(!text.contains('\u{202e}'));
        insta::assert_snapshot!(text, @r"
        error[it-fails]: `start` fails
          ┌─ a␛[2J␊.sh:1:11
          │
        1 │ ␛]0;title␇FAIL�
          │           ^^^^ here
          │
          = it happened before
          = fix: let it pass
          │ - ␛]0;title␇FAIL�
          │ + ␛]0;title␇PASS�

        checked 1 file: 1 error; `twiceshy check --fix` repairs 1
        ");
    }

    #[test]
    fn minified_content_is_cut() {
        let line = format!("{}FAIL{}\n", "x;".repeat(100_000), "y;".repeat(100_000));
        let text = sample::text(&[("a.sh", &line)]);
        assert!(text.lines().all(|line| line.chars().count() < 180), "{text}");
        assert!(text.contains("a.sh:1:200001") && text.contains("^^^^"), "{text}");
    }
}
