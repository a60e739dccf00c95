//! The report as JUnit's XML, in the part of it that Jenkins' schema knows: a suite for each file, a failed test for
//! each finding, and one test that passes if every lint ran, since readers reject a report without a test.

use crate::json::stopped;
use crate::plain::lines;
use crate::text::visible::{visible, visible_path};
use crate::view::View;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use twiceshy_lint::Diagnostic;

/// The report.
pub(crate) fn write(view: &View<'_>) -> Vec<u8> {
    let mut files: BTreeMap<String, Vec<&Diagnostic>> = BTreeMap::new();
    for diagnostic in &view.diagnostics {
        files.entry(view.path_in_repository(diagnostic.place.file)).or_default().push(diagnostic);
    }
    let (found, stopped) = (view.diagnostics.len(), view.report.failures.len());
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let tests = found + stopped.max(1);
    let _ = writeln!(out, "<testsuites name=\"twiceshy\" tests=\"{tests}\" failures=\"{found}\" errors=\"{stopped}\">");
    own(view, &mut out);
    for (path, diagnostics) in files {
        suite(view, &path, &diagnostics, &mut out);
    }
    out.push_str("</testsuites>\n");
    out.into_bytes()
}

/// How the run itself went.
fn own(view: &View<'_>, out: &mut String) {
    let failures = &view.report.failures;
    let (tests, errors) = (failures.len().max(1), failures.len());
    let _ = writeln!(out, "  <testsuite name=\"twiceshy\" tests=\"{tests}\" failures=\"0\" errors=\"{errors}\">");
    if failures.is_empty() {
        out.push_str("    <testcase classname=\"twiceshy\" name=\"every lint ran\"/>\n");
    }
    for (lint, why) in failures {
        let _ = writeln!(out, "    <testcase classname=\"twiceshy\" name=\"{} ran\">", xml(lint));
        let message = stopped(lint, why);
        let _ = writeln!(out, "      <error type=\"internal\" message=\"{}\"/>", xml(&message));
        out.push_str("    </testcase>\n");
    }
    let skipped = view.skipped();
    if !skipped.is_empty() {
        out.push_str("    <system-out>not seen:\n");
        for skip in skipped {
            let path = format!("{}{}", view.scope.inside, skip.path);
            let _ = writeln!(out, "{}: {}", xml(&visible_path(&path)), xml(&skip.reason.to_string()));
        }
        out.push_str("</system-out>\n");
    }
    out.push_str("  </testsuite>\n");
}

fn suite(view: &View<'_>, path: &str, diagnostics: &[&Diagnostic], out: &mut String) {
    let count = diagnostics.len();
    let name = xml(&visible_path(path));
    let _ = writeln!(out, "  <testsuite name=\"{name}\" tests=\"{count}\" failures=\"{count}\" errors=\"0\">");
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for diagnostic in diagnostics {
        // Readers know a test again by its class and name: lines would make it another one with every edit above it.
        let nth = seen.entry((&diagnostic.lint, &diagnostic.message)).and_modify(|nth| *nth += 1).or_insert(1);
        let again = if *nth > 1 { format!(" ({nth})") } else { String::new() };
        let message = xml(&diagnostic.message);
        let _ =
            writeln!(out, "    <testcase classname=\"{}\" name=\"{name}: {message}{again}\">", xml(&diagnostic.lint));
        let _ = write!(out, "      <failure type=\"{}\" message=\"{message}\">", diagnostic.level.name());
        let spot = crate::plain::spot(view, diagnostic.place);
        let _ = write!(out, "{}", xml(&spot));
        for line in lines(view, diagnostic) {
            let _ = write!(out, "\n{}", xml(&line));
        }
        out.push_str("</failure>\n    </testcase>\n");
    }
    out.push_str("  </testsuite>\n");
}

/// `text` for an attribute or between elements. XML has no way to write most control characters; they show as pictures.
/// Nothing of it is a command to whoever reads a log.
fn xml(text: &str) -> String {
    let text = visible(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let text = text.replace('"', "&quot;").replace('\'', "&apos;");
    let text: String = text.chars().map(|ch| if is_xml(ch) { ch } else { char::REPLACEMENT_CHARACTER }).collect();
    text.replace("::", ":&#58;").replace("##", "#&#35;")
}

/// Whether XML 1.0 can hold it.
fn is_xml(ch: char) -> bool {
    !matches!(ch, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use crate::sample;

    #[test]
    fn a_finding_is_a_failed_test() {
        let files = [("a&b.sh", "FAIL\nFAIL\n"), ("why.sh", "WHY\n"), ("hm.sh", "hmm\n"), ("c.sh", "PANIC")];
        let bytes = sample::view(&files, super::write);
        insta::assert_snapshot!(String::from_utf8(bytes).unwrap(), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="twiceshy" tests="4" failures="3" errors="1">
          <testsuite name="twiceshy" tests="1" failures="0" errors="1">
            <testcase classname="twiceshy" name="it-panics ran">
              <error type="internal" message="the lint it-panics stopped on an internal error (met a PANIC); please report it"/>
            </testcase>
          </testsuite>
          <testsuite name="a&amp;b.sh" tests="2" failures="2" errors="0">
            <testcase classname="it-fails" name="a&amp;b.sh: `start` fails">
              <failure type="error" message="`start` fails">a&amp;b.sh:1:1
        `start` fails
        here: here
        why.sh:1:1: because of this
        it happened before
        fix (twiceshy check --fix): let it pass
        more: twiceshy explain it-fails</failure>
            </testcase>
            <testcase classname="it-fails" name="a&amp;b.sh: `start` fails (2)">
              <failure type="error" message="`start` fails">a&amp;b.sh:2:1
        `start` fails
        here: here
        why.sh:1:1: because of this
        it happened before
        fix (twiceshy check --fix): let it pass
        more: twiceshy explain it-fails</failure>
            </testcase>
          </testsuite>
          <testsuite name="hm.sh" tests="1" failures="1" errors="0">
            <testcase classname="it-hesitates" name="hm.sh: it hesitates">
              <failure type="warn" message="it hesitates">hm.sh:1:1
        it hesitates
        suggestion: say so
        more: twiceshy explain it-hesitates</failure>
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn a_clean_run_is_a_passed_test() {
        let bytes = sample::view(&[("a.sh", "true\n")], super::write);
        insta::assert_snapshot!(String::from_utf8(bytes).unwrap(), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="twiceshy" tests="1" failures="0" errors="0">
          <testsuite name="twiceshy" tests="1" failures="0" errors="0">
            <testcase classname="twiceshy" name="every lint ran"/>
          </testsuite>
        </testsuites>
        "#);
    }
}
