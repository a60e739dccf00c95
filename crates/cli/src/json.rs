//! The report for programs, version 1. Fields are added, never renamed or removed, within a version.
//!
//! Lines and columns count from 1, columns in characters (Unicode scalar values); offsets are bytes of the file on
//! disk, from 0. Ranges are half-open. Paths are relative to the root that was checked, with `/`.

use crate::view::View;
use serde::Serialize;
use twiceshy_lint::{Diagnostic, Fix, Safety};
use twiceshy_source::{Place, Skip};

/// The whole report.
#[derive(Debug, Serialize)]
pub struct Json<'a> {
    version: u32,
    diagnostics: Vec<Item<'a>>,
    skipped: Vec<Skipped<'a>>,
}

/// A finding.
#[derive(Debug, Serialize)]
struct Item<'a> {
    lint: &'a str,
    level: &'static str,
    group: &'static str,
    /// What will happen; then a line for each note.
    message: String,
    path: &'a str,
    range: Range,
    related: Vec<Related<'a>>,
    fixes: Vec<Change<'a>>,
    fingerprint: &'a str,
}

/// From a position up to, not including, another.
#[derive(Debug, Serialize)]
struct Range {
    start: Position,
    end: Position,
}

#[derive(Debug, Serialize)]
struct Position {
    line: u32,
    column: u32,
    offset: u32,
}

/// The other half of a cause.
#[derive(Debug, Serialize)]
struct Related<'a> {
    path: &'a str,
    range: Range,
    message: &'a str,
}

#[derive(Debug, Serialize)]
struct Change<'a> {
    title: &'a str,
    /// `safe` or `suggestion`.
    safety: &'static str,
    edits: Vec<Replacement<'a>>,
}

#[derive(Debug, Serialize)]
struct Replacement<'a> {
    path: &'a str,
    range: Range,
    text: &'a str,
}

/// What was not read or not understood; the path of a lint that stopped is empty.
#[derive(Debug, Serialize)]
struct Skipped<'a> {
    path: &'a str,
    reason: String,
}

/// The report as JSON, with a line break at its end.
pub(crate) fn write(view: &View<'_>) -> Result<Vec<u8>, serde_json::Error> {
    Ok(disarmed(serde_json::to_string_pretty(&Json::of(view))? + "\n"))
}

/// The bytes of a JSON document of which neither a terminal nor a log obeys any.
pub(crate) fn disarmed(json: String) -> Vec<u8> {
    crate::text::visible::json(&json).into_bytes()
}

impl<'a> Json<'a> {
    fn of(view: &View<'a>) -> Self {
        let failures = view.report.failures.iter().map(|(lint, why)| Skipped { path: "", reason: stopped(lint, why) });
        let skipped =
            view.skipped().into_iter().map(|Skip { path, reason }| Skipped { path, reason: reason.to_string() });
        Self {
            version: 1,
            diagnostics: view.diagnostics.iter().map(|diagnostic| Item::of(view, diagnostic)).collect(),
            skipped: failures.chain(skipped).collect(),
        }
    }
}

/// How a lint that stopped is reported to programs.
pub(crate) fn stopped(lint: &str, why: &str) -> String {
    format!("the lint {lint} stopped on an internal error ({why}); please report it")
}

impl<'a> Item<'a> {
    fn of(view: &View<'a>, diagnostic: &'a Diagnostic) -> Self {
        let related = diagnostic.related.iter().map(|related| Related {
            path: view.path(related.place.file),
            range: Range::of(view, related.place),
            message: &related.message,
        });
        Self {
            lint: &diagnostic.lint,
            level: diagnostic.level.name(),
            group: diagnostic.group.name(),
            message: std::iter::once(&diagnostic.message)
                .chain(&diagnostic.notes)
                .cloned()
                .collect::<Vec<_>>()
                .join("\n"),
            path: view.path(diagnostic.place.file),
            range: Range::of(view, diagnostic.place),
            related: related.collect(),
            fixes: diagnostic.fixes.iter().map(|fix| Change::of(view, fix)).collect(),
            fingerprint: &diagnostic.fingerprint,
        }
    }
}

impl<'a> Change<'a> {
    fn of(view: &View<'a>, fix: &'a Fix) -> Self {
        let edits = fix.edits.iter().map(|edit| Replacement {
            path: view.path(edit.place.file),
            range: Range::of(view, edit.place),
            text: &edit.text,
        });
        Self { title: &fix.title, safety: safety(fix.safety), edits: edits.collect() }
    }
}

/// The name of a fix's safety in reports.
pub(crate) fn safety(safety: Safety) -> &'static str {
    match safety {
        Safety::Safe => "safe",
        Safety::Suggestion => "suggestion",
    }
}

impl Range {
    fn of(view: &View<'_>, place: Place) -> Self {
        let (start, end) = view.positions(place);
        Self { start: Position::of(start), end: Position::of(end) }
    }
}

impl Position {
    fn of(position: twiceshy_source::Position) -> Self {
        Self { line: position.line, column: position.column, offset: position.offset }
    }
}

#[cfg(test)]
mod tests {
    use crate::sample;

    #[test]
    fn version_1_is_this() {
        let files = [("ä.sh", "\u{feff}ä FAIL\n"), ("why.sh", "WHY\n"), ("hm.sh", "hmm\n")];
        let bytes = sample::view(&files, |view| super::write(view).unwrap());
        insta::assert_snapshot!(String::from_utf8(bytes).unwrap(), @r#"
        {
          "version": 1,
          "diagnostics": [
            {
              "lint": "it-hesitates",
              "level": "warn",
              "group": "data-loss",
              "message": "it hesitates",
              "path": "hm.sh",
              "range": {
                "start": {
                  "line": 1,
                  "column": 1,
                  "offset": 0
                },
                "end": {
                  "line": 1,
                  "column": 4,
                  "offset": 3
                }
              },
              "related": [],
              "fixes": [
                {
                  "title": "say so",
                  "safety": "suggestion",
                  "edits": [
                    {
                      "path": "hm.sh",
                      "range": {
                        "start": {
                          "line": 1,
                          "column": 4,
                          "offset": 3
                        },
                        "end": {
                          "line": 1,
                          "column": 4,
                          "offset": 3
                        }
                      },
                      "text": ", indeed\nand more"
                    }
                  ]
                }
              ],
              "fingerprint": "9f80057d73ccb03b"
            },
            {
              "lint": "it-fails",
              "level": "error",
              "group": "outage",
              "message": "`start` fails\nit happened before",
              "path": "ä.sh",
              "range": {
                "start": {
                  "line": 1,
                  "column": 3,
                  "offset": 6
                },
                "end": {
                  "line": 1,
                  "column": 7,
                  "offset": 10
                }
              },
              "related": [
                {
                  "path": "why.sh",
                  "range": {
                    "start": {
                      "line": 1,
                      "column": 1,
                      "offset": 0
                    },
                    "end": {
                      "line": 1,
                      "column": 4,
                      "offset": 3
                    }
                  },
                  "message": "because of this"
                }
              ],
              "fixes": [
                {
                  "title": "let it pass",
                  "safety": "safe",
                  "edits": [
                    {
                      "path": "ä.sh",
                      "range": {
                        "start": {
                          "line": 1,
                          "column": 3,
                          "offset": 6
                        },
                        "end": {
                          "line": 1,
                          "column": 7,
                          "offset": 10
                        }
                      },
                      "text": "PASS"
                    }
                  ]
                }
              ],
              "fingerprint": "af863ecd8b000965"
            }
          ],
          "skipped": []
        }
        "#);
    }
}
