//! The report as SARIF 2.1.0 (OASIS), as code scanning reads it.
//!
//! Regions count lines and columns only, in the unit that `columnKind` declares. Braces in messages are written as
//! they are: 3.11.5 would double them for placeholders, which we have none of, and no known viewer undoubles them.

mod model;
mod rule;

use crate::json::{disarmed, safety, stopped};
use crate::view::View;
use model::{
    ArtifactChange, ArtifactLocation, Driver, Fix, Invocation, Level, Location, Log, Message, Notification,
    NotificationKind, PhysicalLocation, Region, Replacement, Result, Run, SafetyProperty, Tool,
};
use std::collections::BTreeMap;
use twiceshy_lint::Diagnostic;
use twiceshy_source::Place;

/// GitHub shows 5,000 results of a run and rejects more than 25,000.
const MOST: usize = 5000;

/// The report as SARIF, with a line break at its end.
pub(crate) fn write(view: &View<'_>) -> std::result::Result<Vec<u8>, serde_json::Error> {
    write_up_to(view, MOST)
}

fn write_up_to(view: &View<'_>, most: usize) -> std::result::Result<Vec<u8>, serde_json::Error> {
    Ok(disarmed(serde_json::to_string_pretty(&log(view, most))? + "\n"))
}

fn log(view: &View<'_>, most: usize) -> Log {
    let worst_first = view.worst_first();
    let cut = worst_first.len().saturating_sub(most);
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
            tool_execution_notifications: notifications(view, cut, most),
        }],
        original_uri_base_ids: BTreeMap::from([(
            "%SRCROOT%",
            model::Base::new("The top of the repository that was checked."),
        )]),
        results: worst_first.into_iter().take(most).map(|diagnostic| result(view, diagnostic)).collect(),
        column_kind: "unicodeCodePoints",
    };
    Log { schema: model::SCHEMA, version: "2.1.0", runs: [run] }
}

fn notifications(view: &View<'_>, cut: usize, most: usize) -> Vec<Notification> {
    let mut notifications = Vec::new();
    for (lint, why) in &view.report.failures {
        notifications.push(Notification::new("lint-stopped", Level::Error, stopped(lint, why), None));
    }
    if cut > 0 {
        let text = format!("{cut} findings are left out: only the {most} worst are listed");
        notifications.push(Notification::new("results-cut", Level::Warning, text, None));
    }
    for skip in view.skipped() {
        let location = (!skip.path.is_empty()).then(|| Location {
            id: None,
            physical_location: PhysicalLocation { artifact_location: artifact(view, &skip.path), region: None },
            message: None,
        });
        notifications.push(Notification::new("not-seen", Level::Warning, skip.reason.to_string(), location));
    }
    notifications
}

fn result(view: &View<'_>, diagnostic: &Diagnostic) -> Result {
    let related = diagnostic.related.iter().enumerate().map(|(at, related)| Location {
        id: Some(at as u32 + 1),
        physical_location: physical(view, related.place),
        message: Some(Message::text(&related.message)),
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
        description: Message::text(&fix.title),
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

    #[test]
    fn of_too_many_results_the_worst_are_kept_and_the_cut_is_said() {
        let files = [("a.sh", "hmm\n"), ("b.sh", "FAIL\n"), ("c.sh", "hmm\n")];
        let bytes = sample::view(&files, |view| write_up_to(view, 1).unwrap());
        let log: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let run = &log["runs"][0];
        assert_eq!(run["results"].as_array().map(Vec::len), Some(1));
        assert_eq!(run["results"][0]["level"], "error");
        let said = &run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
        assert_eq!(said, "2 findings are left out: only the 1 worst are listed");
    }

    #[test]
    fn a_path_is_a_relative_uri_whatever_it_holds() {
        assert_eq!(uri("deploy/compose.yml"), "deploy/compose.yml");
        assert_eq!(uri("a b/ä:#%?.yml"), "a%20b/%C3%A4%3A%23%25%3F.yml");
        assert_eq!(uri("x\n\u{1b}[31m"), "x%0A%1B%5B31m");
    }
}
