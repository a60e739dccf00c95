//! What a change causes: the findings that are there with it and were not there without it.

use crate::{Choice, Diagnostic, Entry, Report};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;
use twiceshy_repo::Repo;
use twiceshy_source::{FileId, Origin, Source, Tree};

impl Report {
    /// What the change from its `origins` caused in `repo`, in whatever file it shows. Of what was not read or understood, only
    /// changed files are told.
    ///
    /// Something was there before if one of the origins has it: a merge did not cause what came with a parent.
    pub fn of_change(repo: &Repo, origins: Vec<Origin>, lints: &[Entry], choice: &Choice) -> Self {
        // Most changes are looked at from one state before them, and there is mostly something that was there before.
        let before = |origin: &Origin| repo.again_by_the_same_rules(origin.tree.clone(), &origin.changed);
        let first = || origins.first().filter(|origin| !origin.changed.is_empty()).map(before);
        let (mut report, first) = rayon::join(|| Self::of(repo, lints, choice), first);
        report.leave_what_is_new(repo, (origins, first), lints, choice);
        report
    }

    fn leave_what_is_new(
        &mut self,
        repo: &Repo,
        (origins, mut first): (Vec<Origin>, Option<Repo>),
        lints: &[Entry],
        choice: &Choice,
    ) {
        let mut changed: Option<FxHashSet<FileId>> = None;
        for origin in &origins {
            let here = origin.changed.iter().copied().collect();
            changed = Some(match changed {
                None => here,
                Some(all) => all.intersection(&here).copied().collect(),
            });
        }
        let changed = changed.unwrap_or_default();
        self.changed = Some(changed.len());
        // A path that could not even be listed may hide anything.
        let is_changed = |path: &str| repo.tree.file(path).is_none_or(|file| changed.contains(&file));
        self.skipped.retain(|skip| skip.path.is_empty() || is_changed(&skip.path));
        for origin in origins {
            if self.diagnostics.is_empty() {
                return;
            }
            if origin.changed.is_empty() {
                self.diagnostics.clear();
                return;
            }
            let renames = origin.renames(&repo.tree);
            let again = || repo.again_by_the_same_rules(origin.tree, &origin.changed);
            let before = first.take().unwrap_or_else(again);
            // A lint that finds nothing now has nothing to be compared.
            let found: FxHashSet<&str> = self.diagnostics.iter().map(|found| found.lint.as_str()).collect();
            let report = Self::about(&before, lints, choice, |lint| found.contains(lint.name.as_str()));
            self.failures.extend(report.failures);
            let old = described(&before, &report.diagnostics, &renames);
            self.leave_unlike(repo, old);
        }
    }

    /// Takes out what is `old`, one for one: the same finding on the same line, on a line that was edited, and on the
    /// same line with other numbers in its message (which count lines, or files).
    fn leave_unlike(&mut self, repo: &Repo, mut old: Vec<Described>) {
        let mut new = described(repo, &self.diagnostics, &[]);
        let mut is_new = vec![true; new.len()];
        for alike in [Described::exactly, Described::on_another_line, Described::with_other_numbers] {
            let mut known: FxHashMap<String, Vec<usize>> = FxHashMap::default();
            for (at, described) in old.iter().enumerate().rev().filter(|(_, described)| !described.is_matched) {
                known.entry(alike(described)).or_default().push(at);
            }
            for (new, is_new) in new.iter_mut().zip(&mut is_new).filter(|(_, is_new)| **is_new) {
                if let Some(at) = known.get_mut(&alike(new)).and_then(Vec::pop) {
                    old[at].is_matched = true;
                    *is_new = false;
                }
            }
        }
        let mut is_new = is_new.into_iter();
        self.diagnostics.retain(|_| is_new.next().unwrap_or(true));
    }
}

/// What two findings of two states have in common if they are one.
struct Described {
    lint: String,
    path: String,
    message: String,
    /// The finding's first line, its white space evened.
    line: String,
    is_matched: bool,
}

impl Described {
    fn exactly(&self) -> String {
        format!("{}\0{}\0{}\0{}", self.lint, self.path, self.message, self.line)
    }

    fn on_another_line(&self) -> String {
        format!("{}\0{}\0{}", self.lint, self.path, self.message)
    }

    fn with_other_numbers(&self) -> String {
        let mut message = String::with_capacity(self.message.len());
        for char in self.message.chars() {
            if !char.is_ascii_digit() {
                message.push(char);
            } else if !message.ends_with('#') {
                message.push('#');
            }
        }
        format!("{}\0{}\0{message}\0{}", self.lint, self.path, self.line)
    }
}

/// Describes findings in terms of the state in which renamed files have their new names.
fn described(repo: &Repo, diagnostics: &[Diagnostic], renames: &[(String, String)]) -> Vec<Described> {
    let mut sources: FxHashMap<FileId, Option<Arc<Source>>> = FxHashMap::default();
    let renamed = |text: &str| match renames.iter().find(|(from, _)| text == from) {
        Some((_, to)) => to.clone(),
        None => text.to_owned(),
    };
    let describe = |diagnostic: &Diagnostic| {
        let file = diagnostic.place.file;
        let source = sources.entry(file).or_insert_with(|| repo.tree.source(file).ok());
        let line = source.as_ref().map_or("", |source| source.line(source.line_of(diagnostic.place.start)));
        let mut message = diagnostic.message.clone();
        for (from, to) in renames {
            message = mentioning(&message, from, to);
        }
        Described {
            lint: diagnostic.lint.clone(),
            path: renamed(repo.tree.path(file)),
            message,
            line: line.split_whitespace().collect::<Vec<_>>().join(" "),
            is_matched: false,
        }
    };
    diagnostics.iter().map(describe).collect()
}

/// A message with the new name of a file, or else its new last part, in place of the old one.
fn mentioning(message: &str, from: &str, to: &str) -> String {
    let (from_name, to_name) = (Tree::name(from), Tree::name(to));
    if message.contains(from) {
        message.replace(from, to)
    } else if from_name != to_name && message.contains(from_name) {
        message.replace(from_name, to_name)
    } else {
        message.to_owned()
    }
}
