//! What becomes of a command: the lints' findings about it, and the rows of ours, as one answer.
//!
//! A finding of the data-loss group at error level denies: what it destroys does not come back. Every other finding asks,
//! and so does a command that was not understood.

use super::rules;
use serde_json::{Value, json};
use std::path::Path;
use twiceshy_lint::{Choice, Diagnostic, Entry, Group, Level, Report};
use twiceshy_repo::{CommandLine, Place, Repo};
use twiceshy_source::{Limits, Tree, apply};

/// Whether a command may run, the mildest first; its number is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Nothing speaks against it.
    Allow = 0,
    /// A person decides.
    Ask = 1,
    /// It must not run.
    Deny = 2,
}

impl Answer {
    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

/// The answer and why.
#[derive(Debug)]
pub struct Verdict {
    /// The answer.
    pub answer: Answer,
    /// Why, the gravest first.
    pub objections: Vec<Objection>,
}

/// One thing that speaks against a command.
#[derive(Clone, Debug)]
pub struct Objection {
    /// What it leads to.
    pub answer: Answer,
    /// The lint, or the row of ours.
    pub rule: String,
    /// What will happen.
    pub message: String,
    /// Why, and where the other half of the cause is: `compose.yml:22: …`.
    pub notes: Vec<String>,
    /// What to type instead.
    pub safer: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// The lints whose judgement of a script holds for a command, and which need no more of the repository than
/// [`CommandLine`] reads.
const LINTS: &[&str] = &[
    "chowns-database",
    "copies-running-volume",
    "destroy-before-backup",
    "down-with-volumes",
    "hook-bypass",
    "kills-by-name",
    "literal-secret",
    "mixed-podman-owners",
    "pinned-docker-context",
    "removes-live-data",
    "resets-wal",
    "restart-keeps-old-env",
    "restore-ignores-errors",
    "rsync-delete-misses-data",
    "run-on-live-volume",
    "run-outside-network",
];

/// See [`super::judge`].
pub(crate) fn judge(text: &str, directory: &Path, lints: &[Entry]) -> Result<Verdict, String> {
    let lints: Vec<Entry> = lints.iter().filter(|lint| LINTS.contains(&lint.name.as_str())).cloned().collect();
    let starts_in = CommandLine::starts_in(text).filter(|path| Path::new(path).is_dir());
    let directory = starts_in.as_deref().map_or(directory, Path::new);
    let here = directory.canonicalize().map_err(|error| format!("{}: {error}", directory.display()))?;
    // Most of what agents run only looks at things. What is said of that is said without the repository.
    if CommandLine::only_looks(text) {
        let verdict = of(&CommandLine::new(&Tree::memory([("", ""); 0]), "", text), &lints);
        if verdict.answer == Answer::Allow {
            return Ok(verdict);
        }
    }
    // Listing waits for the disk now and then.
    let (tree, ()) = rayon::join(|| Tree::around(&here, Limits::default()), twiceshy_repo::learn);
    let tree = tree.map_err(|error| error.to_string())?;
    let inside = tree.inside(&here.to_string_lossy()).unwrap_or_default();
    let line = CommandLine::new(&tree, &inside, text);
    let verdict = of(&line, &lints);
    // The process ends: nobody needs the memory.
    std::mem::forget((tree, line));
    Ok(verdict)
}

/// The judgement of a command in its repository.
fn of(line: &CommandLine, lints: &[Entry]) -> Verdict {
    let report = Report::of(&line.repo, lints, &Choice::default());
    // A comment in the command does not count; those in scripts were reviewed.
    let own = report.suppressed.iter().filter(|found| found.place.file == line.file);
    let about =
        report.diagnostics.iter().chain(own).filter(|found| {
            line.runs(found.place) || found.related.iter().any(|related| related.place.file == line.file)
        });
    let mut objections: Vec<Objection> = about.map(|found| objection(found, line)).collect();
    for own in rules::objections(line) {
        // What a lint says about it is said better.
        if !objections.iter().any(|other| overlap(other.place, own.place) && other.answer >= own.answer) {
            objections.push(own);
        }
    }
    if !report.failures.is_empty() {
        let names: Vec<&str> = report.failures.iter().map(|(name, _)| name.as_str()).collect();
        objections.push(unknown(line, format!("{} ended in an error of ours", names.join(", "))));
    }
    if !line.is_understood() {
        objections
            .push(unknown(line, "a part of this command was not understood, so nobody knows what it does".into()));
    }
    objections.sort_by_key(|objection| std::cmp::Reverse(objection.answer));
    let answer = objections.iter().map(|objection| objection.answer).max().unwrap_or(Answer::Allow);
    Verdict { answer, objections }
}

fn unknown(line: &CommandLine, message: String) -> Objection {
    let place = Place { file: line.file, start: 0, end: 0 };
    Objection { answer: Answer::Ask, rule: "not-understood".into(), message, notes: Vec::new(), safer: None, place }
}

fn overlap(a: Place, b: Place) -> bool {
    a.file == b.file && a.start < b.end && b.start < a.end
}

fn objection(found: &Diagnostic, line: &CommandLine) -> Objection {
    let is_fatal = found.group == Group::DataLoss && found.level == Level::Error;
    let mut notes = Vec::new();
    if !found.label.is_empty() {
        notes.push(found.label.clone());
    }
    if found.place.file != line.file {
        notes.push(format!("{}: it runs this", shown(&line.repo, found.place)));
    }
    for related in found.related.iter().filter(|related| related.place.file != line.file) {
        notes.push(format!("{}: {}", shown(&line.repo, related.place), related.message));
    }
    notes.extend(found.notes.iter().cloned());
    Objection {
        answer: if is_fatal { Answer::Deny } else { Answer::Ask },
        rule: found.lint.clone(),
        message: found.message.clone(),
        notes,
        safer: found.fixes.first().and_then(|fix| {
            let edits: Vec<_> = fix.edits.iter().filter(|edit| edit.place.file == line.file).cloned().collect();
            let source = line.repo.tree.source(line.file).ok()?;
            (edits.len() == fix.edits.len()).then(|| apply(source.text(), &edits).ok()).flatten()
        }),
        place: found.place,
    }
}

/// `compose.yml:22`
pub(crate) fn shown(repo: &Repo, place: Place) -> String {
    let line = repo.tree.source(place.file).map_or(0, |source| source.line_of(place.start) + 1);
    format!("{}:{line}", repo.tree.path(place.file))
}

impl Verdict {
    pub(crate) fn allow() -> Self {
        Self { answer: Answer::Allow, objections: Vec::new() }
    }

    /// A question, since the command could not be judged.
    pub(crate) fn ask(why: String) -> Self {
        let message = format!("this command could not be judged: {why}");
        let place = Place { file: twiceshy_repo::FileId(0), start: 0, end: 0 };
        let rule = "not-understood".into();
        let objection = Objection { answer: Answer::Ask, rule, message, notes: Vec::new(), safer: None, place };
        Self { answer: Answer::Ask, objections: vec![objection] }
    }

    /// Everything that speaks against it, for whoever reads the answer: an agent, or a person.
    pub fn reason(&self) -> String {
        let mut text = String::new();
        for objection in &self.objections {
            let mut line = |start: &str, words: &str| {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(start);
                text.push_str(&crate::text::visible::visible(words));
            };
            line("", &format!("{} [twiceshy {}]", objection.message, objection.rule));
            objection.notes.iter().for_each(|note| line("  ", note));
            if let Some(safer) = &objection.safer {
                line("  instead: ", safer);
            }
        }
        text
    }

    /// For programs; version 1.
    pub(crate) fn json(&self) -> Value {
        let objections = self.objections.iter().map(|objection| {
            json!({
                "decision": objection.answer.name(),
                "rule": objection.rule,
                "message": objection.message,
                "notes": objection.notes,
                "safer": objection.safer,
            })
        });
        json!({
            "version": 1,
            "decision": self.answer.name(),
            "reason": self.reason(),
            "objections": objections.collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lint_that_judges_is_there_and_in_order() {
        let all = twiceshy_lints::all();
        for name in LINTS {
            assert!(all.iter().any(|lint| lint.name == *name), "{name}");
        }
        assert!(LINTS.is_sorted());
    }
}
