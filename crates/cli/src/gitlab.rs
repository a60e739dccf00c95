//! The report as GitLab reads it: Code Quality, an array of issues in Code Climate's words.

use crate::json::disarmed;
use crate::text::visible::visible;
use crate::view::View;
use serde::Serialize;
use twiceshy_lint::{Diagnostic, Level};

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// The report, the worst first, with a line break at its end.
pub(crate) fn write(view: &View<'_>) -> Result<Vec<u8>, serde_json::Error> {
    let issues: Vec<Issue<'_>> = view.worst_first().into_iter().map(|diagnostic| issue(view, diagnostic)).collect();
    Ok(disarmed(serde_json::to_string_pretty(&issues)? + "\n"))
}

fn issue<'a>(view: &View<'a>, diagnostic: &'a Diagnostic) -> Issue<'a> {
    let (start, end) = view.positions(diagnostic.place);
    // GitLab shows a line of text; the place where the finding stands opens with a click.
    let mut description = visible(&diagnostic.message).into_owned();
    for related in &diagnostic.related {
        let spot = crate::plain::spot(view, related.place);
        description.push_str(&format!(" – {spot}: {}", visible(&related.message)));
    }
    Issue {
        description,
        check_name: &diagnostic.lint,
        fingerprint: &diagnostic.fingerprint,
        severity: severity(diagnostic.level),
        location: Location {
            path: view.path_in_repository(diagnostic.place.file),
            lines: Lines { begin: start.line, end: end.line },
        },
    }
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "critical",
        Level::Warn => "major",
        Level::Pedantic => "minor",
    }
}

#[cfg(test)]
mod tests {
    use crate::sample;

    #[test]
    fn a_finding_is_an_issue() {
        let files = [("a b/ä.sh", "FAIL\n"), ("why.sh", "WHY\n"), ("hm.sh", "hmm\n")];
        let bytes = sample::view(&files, |view| super::write(view).unwrap());
        insta::assert_snapshot!(String::from_utf8(bytes).unwrap(), @r#"
        [
          {
            "description": "`start` fails – why.sh:1:1: because of this",
            "check_name": "it-fails",
            "fingerprint": "e561137f1593a346",
            "severity": "critical",
            "location": {
              "path": "a b/ä.sh",
              "lines": {
                "begin": 1,
                "end": 1
              }
            }
          },
          {
            "description": "it hesitates",
            "check_name": "it-hesitates",
            "fingerprint": "9f80057d73ccb03b",
            "severity": "major",
            "location": {
              "path": "hm.sh",
              "lines": {
                "begin": 1,
                "end": 1
              }
            }
          }
        ]
        "#);
        assert_eq!(sample::view(&[("a.sh", "true\n")], |view| super::write(view).unwrap()), b"[]\n");
    }
}
