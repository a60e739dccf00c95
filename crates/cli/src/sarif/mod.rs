//! The report as SARIF 2.1.0 (OASIS), as code scanning reads it.
//!
//! Regions count lines and columns only, in the unit that `columnKind` declares. Braces in messages are written as
//! they are: 3.11.5 would double them for placeholders, which we have none of, and no known viewer undoubles them.

mod limits;
mod model;
mod rule;

use crate::json::{safety, stopped};
use crate::output::say;
use crate::text::visible::visible;
use crate::view::View;
use limits::{Cut, Limits};
use model::{
    ArtifactChange, ArtifactLocation, Driver, Fix, Invocation, Level, Location, Log, Message, Notification,
    NotificationKind, PhysicalLocation, Region, Replacement, Result, Run, SafetyProperty, Tool,
};
use std::collections::BTreeMap;
use twiceshy_lint::Diagnostic;
use twiceshy_source::Place;

/// The report as SARIF, with a line break at its end; says what does not fit in.
pub(crate) fn write(view: &View<'_>) -> std::result::Result<Vec<u8>, serde_json::Error> {
    let (bytes, cut) = write_within(view, limits::GITHUB)?;
    for told in cut.told() {
        say(&format!("warning: SARIF: {told}, because code scanning takes no more"));
    }
    Ok(bytes)
}

fn write_within(view: &View<'_>, limits: Limits) -> std::result::Result<(Vec<u8>, Cut), serde_json::Error> {
    limits::within(limits, |results| log(view, Limits { results, ..limits }))
}

fn log(view: &View<'_>, limits: Limits) -> (Log, Cut) {
    let worst_first = view.worst_first();
    let kept = &worst_first[..worst_first.len().min(limits.results)];
    let more = |diagnostic: &&Diagnostic| (diagnostic.related.len() + 1).saturating_sub(limits.places);
    let cut = Cut {
        results: worst_first.len() - kept.len(),
        places: kept.iter().map(more).sum(),
        unseen: view.skipped().len().saturating_sub(limits.unseen),
    };
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: "twiceshy",
                semantic_version: env!("CARGO_PKG_VERSION"),
                information_uri: env!("CARGO_PKG_REPOSITORY"),
                rules: view.lints.iter().map(rule::of).collect(),
                notifications: NotificationKind::all(),
            },
        },
        invocations: [Invocation {
            execution_successful: view.report.failures.is_empty(),
            tool_execution_notifications: notifications(view, limits, cut),
        }],
        original_uri_base_ids: BTreeMap::from([(
            "%SRCROOT%",
            model::Base::new("The top of the repository that was checked."),
        )]),
        results: kept.iter().map(|diagnostic| result(view, diagnostic, limits.places)).collect(),
        column_kind: "unicodeCodePoints",
    };
    (Log { schema: model::SCHEMA, version: "2.1.0", runs: [run] }, cut)
}

fn notifications(view: &View<'_>, limits: Limits, cut: Cut) -> Vec<Notification> {
    let mut notifications = Vec::new();
    for (lint, why) in &view.report.failures {
        notifications.push(Notification::new("lint-stopped", Level::Error, stopped(lint, why), None));
    }
    notifications.extend(cut.notifications());
    for skip in view.skipped().into_iter().take(limits.unseen) {
        let location = (!skip.path.is_empty()).then(|| Location {
            id: None,
            physical_location: PhysicalLocation { artifact_location: artifact(view, &skip.path), region: None },
            message: None,
        });
        notifications.push(Notification::new("not-seen", Level::Warning, skip.reason.to_string(), location));
    }
    notifications
}

fn result(view: &View<'_>, diagnostic: &Diagnostic, places: usize) -> Result {
    let related = diagnostic.related.iter().take(places - 1).enumerate().map(|(at, related)| Location {
        id: Some(at as u32 + 1),
        physical_location: physical(view, related.place),
        message: Some(Message::text(harmless(&related.message))),
    });
    let (text, markdown) = message(diagnostic);
    Result {
        rule_id: diagnostic.lint.clone(),
        rule_index: view.lints.iter().position(|lint| lint.name == diagnostic.lint),
        level: Level::of(diagnostic.level),
        message: Message { text, markdown: Some(markdown) },
        locations: [Location { id: None, physical_location: physical(view, diagnostic.place), message: None }],
        related_locations: related.collect(),
        partial_fingerprints: BTreeMap::from([("twiceshy/v1", diagnostic.fingerprint.clone())]),
        fixes: diagnostic.fixes.iter().map(|each| fix(view, each)).collect(),
    }
}

/// What a finding says: its message, what is under the place, and why; the other places follow with their links.
fn message(diagnostic: &Diagnostic) -> (String, String) {
    let (text, markdown) = raw_message(diagnostic);
    (harmless(&text), harmless(&markdown))
}

/// Text in which 3.11.6 finds no link: those of ours are the related locations.
fn harmless(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| visible(line).replace("](", "] (")).collect();
    lines.join("\n")
}

fn raw_message(diagnostic: &Diagnostic) -> (String, String) {
    let sentence = |text: &str| if text.ends_with(['.', '!', '?', ':']) { text.to_owned() } else { format!("{text}.") };
    let head = sentence(&diagnostic.message);
    let said = std::iter::once(&diagnostic.label).chain(&diagnostic.notes).filter(|text| !text.is_empty());
    let said: Vec<String> = said.map(|text| sentence(text)).collect();
    let mut text = head.clone();
    let mut markdown = format!("**{}**", head);
    if head.contains('*') {
        markdown = head;
    }
    for line in said {
        text = format!("{text}\n{line}");
        markdown = format!("{markdown}\n\n{line}");
    }
    (text, markdown)
}

fn fix(view: &View<'_>, fix: &twiceshy_lint::Fix) -> Fix {
    let mut changes: Vec<ArtifactChange> = Vec::new();
    for edit in &fix.edits {
        let location = artifact(view, view.path(edit.place.file));
        let replacement =
            Replacement { deleted_region: region(view, edit.place), inserted_content: Message::text(&edit.text) };
        match changes.iter_mut().find(|change| change.artifact_location == location) {
            Some(change) => change.replacements.push(replacement),
            None => changes.push(ArtifactChange { artifact_location: location, replacements: vec![replacement] }),
        }
    }
    Fix {
        description: Message::text(harmless(&fix.title)),
        artifact_changes: changes,
        properties: SafetyProperty { safety: safety(fix.safety) },
    }
}

fn physical(view: &View<'_>, place: Place) -> PhysicalLocation {
    PhysicalLocation { artifact_location: artifact(view, view.path(place.file)), region: Some(region(view, place)) }
}

fn region(view: &View<'_>, place: Place) -> Region {
    let (start, end) = view.positions(place);
    Region { start_line: start.line, start_column: start.column, end_line: end.line, end_column: end.column }
}

fn artifact(view: &View<'_>, path: &str) -> ArtifactLocation {
    ArtifactLocation { uri: uri(&format!("{}{path}", view.scope.inside)), uri_base_id: "%SRCROOT%" }
}

/// A path as a relative URI reference: everything but unreserved characters and `/` percent-encoded (RFC 3986).
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_run_is_this() {
        let files = [("a b/ä.sh", "ä FAIL\n"), ("why.sh", "WHY\n"), ("hm.sh", "hmm\n"), ("x.sh", "PANIC")];
        let bytes = sample::view(&files, |view| write(view).unwrap());
        insta::assert_snapshot!(String::from_utf8(bytes).unwrap(), @r##"
        {
          "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
          "version": "2.1.0",
          "runs": [
            {
              "tool": {
                "driver": {
                  "name": "twiceshy",
                  "semanticVersion": "0.1.0",
                  "informationUri": "https://github.com/twiceshy/twiceshy",
                  "rules": [
                    {
                      "id": "it-fails",
                      "name": "ItFails",
                      "shortDescription": {
                        "text": "The system fails."
                      },
                      "fullDescription": {
                        "text": "The system fails. Because it must. And stays down."
                      },
                      "help": {
                        "text": "# sample\n\nThe system fails. Because it must.\n\nAnd stays down.\n\n## Example\n\n```sh run.sh\nFAIL\n```",
                        "markdown": "# sample\n\nThe `system` fails. Because it must.\n\nAnd stays down.\n\n## Example\n\n```sh run.sh\nFAIL\n```\n"
                      },
                      "defaultConfiguration": {
                        "level": "error",
                        "enabled": true
                      },
                      "properties": {
                        "tags": [
                          "outage"
                        ],
                        "group": "outage",
                        "precision": "very-high",
                        "problem.severity": "error"
                      }
                    },
                    {
                      "id": "it-hesitates",
                      "name": "ItHesitates",
                      "shortDescription": {
                        "text": "The system fails."
                      },
                      "fullDescription": {
                        "text": "The system fails. Because it must. And stays down."
                      },
                      "help": {
                        "text": "# sample\n\nThe system fails. Because it must.\n\nAnd stays down.\n\n## Example\n\n```sh run.sh\nFAIL\n```",
                        "markdown": "# sample\n\nThe `system` fails. Because it must.\n\nAnd stays down.\n\n## Example\n\n```sh run.sh\nFAIL\n```\n"
                      },
                      "defaultConfiguration": {
                        "level": "warning",
                        "enabled": true
                      },
                      "properties": {
                        "tags": [
                          "data-loss"
                        ],
                        "group": "data-loss",
                        "precision": "high",
                        "problem.severity": "warning"
                      }
                    },
                    {
                      "id": "it-passes",
                      "name": "ItPasses",
                      "shortDescription": {
                        "text": "The system fails."
                      },
                      "fullDescription": {
                        "text": "The system fails. Because it must. And stays down."
                      },
                      "help": {
                        "text": "# sample\n\nThe system fails. Because it must.\n\nAnd stays down.\n\n## Example\n\n```sh run.sh\nFAIL\n```",
                        "markdown": "# sample\n\nThe `system` fails. Because it must.\n\nAnd stays down.\n\n## Example\n\n```sh run.sh\nFAIL\n```\n"
                      },
                      "defaultConfiguration": {
                        "level": "note",
                        "enabled": false
                      },
                      "properties": {
                        "tags": [
                          "hygiene"
                        ],
                        "group": "hygiene",
                        "precision": "medium",
                        "problem.severity": "recommendation"
                      }
                    },
                    {
                      "id": "it-panics",
                      "name": "ItPanics",
                      "shortDescription": {
                        "text": "The system fails."
                      },
                      "fullDescription": {
                        "text": "The system fails. Because it must. And stays down."
                      },
                      "help": {
                        "text": "# sample\n\nThe system fails. Because it must.\n\nAnd stays down.\n\n## Example\n\n```sh run.sh\nFAIL\n```",
                        "markdown": "# sample\n\nThe `system` fails. Because it must.\n\nAnd stays down.\n\n## Example\n\n```sh run.sh\nFAIL\n```\n"
                      },
                      "defaultConfiguration": {
                        "level": "warning",
                        "enabled": true
                      },
                      "properties": {
                        "tags": [
                          "drift"
                        ],
                        "group": "drift",
                        "precision": "high",
                        "problem.severity": "warning"
                      }
                    },
                    {
                      "id": "it-ticks",
                      "name": "ItTicks",
                      "shortDescription": {
                        "text": "The system fails."
                      },
                      "fullDescription": {
                        "text": "The system fails. Because it must. And stays down."
                      },
                      "help": {
                        "text": "# sample\n\nThe system fails. Because it must.\n\nAnd stays down.\n\n## Example\n\n```sh run.sh\nFAIL\n```",
                        "markdown": "# sample\n\nThe `system` fails. Because it must.\n\nAnd stays down.\n\n## Example\n\n```sh run.sh\nFAIL\n```\n"
                      },
                      "defaultConfiguration": {
                        "level": "warning",
                        "enabled": true
                      },
                      "properties": {
                        "tags": [
                          "drift"
                        ],
                        "group": "drift",
                        "precision": "high",
                        "problem.severity": "warning"
                      }
                    }
                  ],
                  "notifications": [
                    {
                      "id": "not-seen",
                      "name": "NotSeen",
                      "shortDescription": {
                        "text": "A file was not read, or not understood in part."
                      },
                      "fullDescription": {
                        "text": "A file was not read, or not understood in part."
                      },
                      "help": {
                        "text": "What stands there was not checked; the rest was."
                      }
                    },
                    {
                      "id": "results-cut",
                      "name": "ResultsCut",
                      "shortDescription": {
                        "text": "There are more findings than code scanning takes."
                      },
                      "fullDescription": {
                        "text": "There are more findings than code scanning takes."
                      },
                      "help": {
                        "text": "Only the worst are listed. `twiceshy check` in a terminal lists all."
                      }
                    },
                    {
                      "id": "lint-stopped",
                      "name": "LintStopped",
                      "shortDescription": {
                        "text": "A lint stopped on an internal error."
                      },
                      "fullDescription": {
                        "text": "A lint stopped on an internal error."
                      },
                      "help": {
                        "text": "The other lints ran. Please report it."
                      }
                    }
                  ]
                }
              },
              "invocations": [
                {
                  "executionSuccessful": false,
                  "toolExecutionNotifications": [
                    {
                      "descriptor": {
                        "id": "lint-stopped"
                      },
                      "level": "error",
                      "message": {
                        "text": "the lint it-panics stopped on an internal error (met a PANIC); please report it"
                      }
                    }
                  ]
                }
              ],
              "originalUriBaseIds": {
                "%SRCROOT%": {
                  "description": {
                    "text": "The top of the repository that was checked."
                  }
                }
              },
              "results": [
                {
                  "ruleId": "it-fails",
                  "ruleIndex": 0,
                  "level": "error",
                  "message": {
                    "text": "`start` fails.\nhere.\nit happened before.",
                    "markdown": "**`start` fails.**\n\nhere.\n\nit happened before."
                  },
                  "locations": [
                    {
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "a%20b/%C3%A4.sh",
                          "uriBaseId": "%SRCROOT%"
                        },
                        "region": {
                          "startLine": 1,
                          "startColumn": 3,
                          "endLine": 1,
                          "endColumn": 7
                        }
                      }
                    }
                  ],
                  "relatedLocations": [
                    {
                      "id": 1,
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "why.sh",
                          "uriBaseId": "%SRCROOT%"
                        },
                        "region": {
                          "startLine": 1,
                          "startColumn": 1,
                          "endLine": 1,
                          "endColumn": 4
                        }
                      },
                      "message": {
                        "text": "because of this"
                      }
                    }
                  ],
                  "partialFingerprints": {
                    "twiceshy/v1": "3c9fcabc1c6b3b77"
                  },
                  "fixes": [
                    {
                      "description": {
                        "text": "let it pass"
                      },
                      "artifactChanges": [
                        {
                          "artifactLocation": {
                            "uri": "a%20b/%C3%A4.sh",
                            "uriBaseId": "%SRCROOT%"
                          },
                          "replacements": [
                            {
                              "deletedRegion": {
                                "startLine": 1,
                                "startColumn": 3,
                                "endLine": 1,
                                "endColumn": 7
                              },
                              "insertedContent": {
                                "text": "PASS"
                              }
                            }
                          ]
                        }
                      ],
                      "properties": {
                        "safety": "safe"
                      }
                    }
                  ]
                },
                {
                  "ruleId": "it-hesitates",
                  "ruleIndex": 1,
                  "level": "warning",
                  "message": {
                    "text": "it hesitates.",
                    "markdown": "**it hesitates.**"
                  },
                  "locations": [
                    {
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "hm.sh",
                          "uriBaseId": "%SRCROOT%"
                        },
                        "region": {
                          "startLine": 1,
                          "startColumn": 1,
                          "endLine": 1,
                          "endColumn": 4
                        }
                      }
                    }
                  ],
                  "partialFingerprints": {
                    "twiceshy/v1": "9f80057d73ccb03b"
                  },
                  "fixes": [
                    {
                      "description": {
                        "text": "say so"
                      },
                      "artifactChanges": [
                        {
                          "artifactLocation": {
                            "uri": "hm.sh",
                            "uriBaseId": "%SRCROOT%"
                          },
                          "replacements": [
                            {
                              "deletedRegion": {
                                "startLine": 1,
                                "startColumn": 4,
                                "endLine": 1,
                                "endColumn": 4
                              },
                              "insertedContent": {
                                "text": ", indeed\nand more"
                              }
                            }
                          ]
                        }
                      ],
                      "properties": {
                        "safety": "suggestion"
                      }
                    }
                  ]
                }
              ],
              "columnKind": "unicodeCodePoints"
            }
          ]
        }
        "##);
    }

    fn within(files: &[(&str, &str)], limits: Limits) -> (serde_json::Value, Cut, usize) {
        let (bytes, cut) = sample::view(files, |view| write_within(view, limits).unwrap());
        (serde_json::from_slice(&bytes).unwrap(), cut, bytes.len())
    }

    fn said(log: &serde_json::Value) -> Vec<&str> {
        let all = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array();
        all.into_iter().flatten().map(|each| each["message"]["text"].as_str().unwrap()).collect()
    }

    #[test]
    fn of_too_many_results_the_worst_are_kept_and_the_cut_is_said() {
        let files = [("a.sh", "hmm\n"), ("b.sh", "FAIL\n"), ("c.sh", "hmm\n")];
        let (log, cut, _) = within(&files, Limits { results: 1, ..limits::GITHUB });
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert_eq!((results.len(), &results[0]["level"]), (1, &"error".into()));
        assert_eq!(cut, Cut { results: 2, ..Cut::default() });
        assert_eq!(said(&log), ["2 findings left out: only the worst are listed"]);
    }

    #[test]
    fn of_too_many_places_and_notifications_the_first_are_kept() {
        let whys = format!("FAIL\n{}", "WHY\n".repeat(7));
        let files = [("a.sh", whys.as_str()), ("b.sh", "if\n"), ("c.sh", "if\n"), ("d.sh", "if\n")];
        let (log, cut, _) = within(&files, Limits { places: 4, unseen: 1, ..limits::GITHUB });
        assert_eq!(log["runs"][0]["results"][0]["relatedLocations"].as_array().map(Vec::len), Some(3));
        assert_eq!((cut.places, said(&log)[0]), (4, "4 places related to findings left out"));
        assert_eq!((cut.unseen, said(&log).len()), (2, 3), "{:?}", said(&log));
    }

    #[test]
    fn what_is_too_large_loses_its_indentation_and_then_its_least_bad() {
        let files = [("a.sh", &*"hmm\n".repeat(50)), ("b.sh", "FAIL\n")];
        let whole = within(&files, limits::GITHUB);
        let compact = within(&files, Limits { bytes: whole.2 - 1, ..limits::GITHUB });
        assert_eq!((&compact.0, compact.1), (&whole.0, Cut::default()));
        assert!(compact.2 < whole.2 * 3 / 4, "{} of {}", compact.2, whole.2);
        let limit = compact.2 - 5000;
        let (log, cut, size) = within(&files, Limits { bytes: limit, ..limits::GITHUB });
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert_eq!((results[0]["level"].as_str(), results.len() + cut.results), (Some("error"), 51));
        assert!(size <= limit && results.len() > 20, "{size} of {limit}, {} results", results.len());
        assert_eq!(said(&log), [cut.told()[0].as_str()]);
    }

    #[test]
    fn nothing_in_a_message_is_a_link_or_an_escape_sequence() {
        assert_eq!(harmless("see [this](https://x.example)\u{1b}[1m\na"), "see [this] (https://x.example)␛[1m\na");
    }

    #[test]
    fn a_path_is_a_relative_uri_whatever_it_holds() {
        assert_eq!(uri("deploy/compose.yml"), "deploy/compose.yml");
        assert_eq!(uri("a b/ä:#%?.yml"), "a%20b/%C3%A4%3A%23%25%3F.yml");
        assert_eq!(uri("x\n\u{1b}[31m"), "x%0A%1B%5B31m");
    }
}
