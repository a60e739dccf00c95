//! Lints that run, and what can be said when some of them have.

use crate::suppression::Suppressions;
use crate::{Choice, Date, Diagnostic, Entry, Finding, Report, Settings};
use rustc_hash::FxHashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use twiceshy_repo::{Focus, Kind, Kinds, Repo};
use twiceshy_source::{FileId, SkipReason};

/// A check of one state of a repository. Its lints run at once, or first those that one file is waiting for.
#[derive(Debug)]
pub struct Check<'r> {
    repo: &'r Repo,
    choice: &'r Choice,
    /// What holds in it, and what is wrong with the configuration that says so.
    pub settings: Settings<'r>,
    lints: Vec<Row<'r>>,
    all: &'r [Entry],
}

/// A lint in a check.
#[derive(Debug)]
struct Row<'r> {
    lint: &'r Entry,
    /// Whether its findings are reported. Otherwise it only runs where a comment that names it has to be judged.
    is_wanted: bool,
    has_to_run: bool,
    /// What it found, or what its panic said; `None`: it has not run.
    found: Option<Result<Vec<Finding>, String>>,
    /// Whether what it found is all that it finds.
    is_whole: bool,
}

impl<'r> Check<'r> {
    /// A check by the lints that `choice` and the repository's configuration want.
    pub fn new(repo: &'r Repo, lints: &'r [Entry], choice: &'r Choice) -> Self {
        Self::about(repo, lints, choice, |_| true)
    }

    /// The same about some lints only.
    pub(crate) fn about(
        repo: &'r Repo,
        lints: &'r [Entry],
        choice: &'r Choice,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Self {
        let settings = Settings::of(repo, lints, choice);
        let row = |lint: &'r Entry| {
            let is_wanted = settings.runs(lint) && wanted(lint) && repo.is_for(lint.meta.reads);
            Row { lint, is_wanted, has_to_run: is_wanted, found: None, is_whole: false }
        };
        let rows = lints.iter().map(row).collect();
        let mut check = Self { repo, choice, settings, lints: rows, all: lints };
        // Whether a comment is used is known when the lints that it names have run, whatever is reported of them.
        if check.about_comments().next().is_some() {
            let comments = check.comments();
            let named = comments.lints();
            let is_named = |row: &Row<'_>| named.contains(row.lint.name.as_str()) && repo.is_for(row.lint.meta.reads);
            check.lints.iter_mut().for_each(|row| row.has_to_run |= is_named(row));
        }
        check
    }

    fn today(&self) -> Date {
        self.choice.today.unwrap_or_else(Date::today)
    }

    fn comments(&self) -> Suppressions {
        Suppressions::of(self.repo, self.all, || self.today(), self.settings.requires_reason)
    }

    fn about_comments(&self) -> impl Iterator<Item = &'r Entry> {
        self.lints.iter().filter(|row| row.is_wanted).map(|row| row.lint).filter(|lint| lint.is_about_comments())
    }

    /// Runs the lints that have not run yet. `goes_on` is asked before each; once it says no, what was found is no report.
    pub fn run(&mut self, goes_on: impl Fn() -> bool + Sync) {
        self.run_those(Focus::All, |_| true, goes_on);
    }

    /// Runs the lints whose findings stand in files of the kind that `file` is of. `None`: that may be any of them. Else
    /// all is known about the file itself, as long as lints say truly where they find something.
    pub fn run_for(&mut self, file: FileId) -> Option<Report> {
        let kind = Kind::in_tree(&self.repo.tree, file);
        // What another file names is read for what it says there.
        if kind.is_none() && self.repo.was_read(file) {
            return None;
        }
        let comments = self.comments();
        let named: FxHashSet<String> = comments.lints_in(file).map(str::to_owned).collect();
        let is_own = |lint: &Entry| lint.meta.finds_in.has(kind) || named.contains(&lint.name);
        self.run_those(Focus::On(file), is_own, || true);
        let of_file =
            |row: &'_ Row<'r>| row.found().iter().filter(|finding| finding.place.file == file).cloned().collect();
        let mut report = self.reported(self.lints.iter().map(of_file).collect());
        report.diagnostics.retain(|diagnostic| diagnostic.place.file == file);
        report.finish(self.repo);
        Some(report)
    }

    fn run_those(&mut self, focus: Focus, wanted: impl Fn(&Entry) -> bool + Sync, goes_on: impl Fn() -> bool + Sync) {
        let (repo, settings) = (self.repo, &self.settings);
        let waits = |row: &&mut Row<'_>| row.has_to_run && !row.is_whole && wanted(row.lint);
        let run = |row: &mut Row<'_>| {
            let found = catch_unwind(AssertUnwindSafe(|| row.lint.run(repo, settings.options(row.lint), focus)));
            row.is_whole = found.as_ref().map_or(true, |(_, is_narrowed)| !is_narrowed);
            row.found = Some(found.map(|(found, _)| found).map_err(|panic| panic_text(&*panic)));
        };
        let mut waiting: Vec<&mut Row<'_>> = self.lints.iter_mut().filter(waits).collect();
        // A few of them take most of the time: those that read code as well. Nobody should be at one when all others are done.
        waiting.sort_by_key(|row| row.lint.meta.reads != Kinds::ALL);
        let next = Mutex::new(waiting.into_iter());
        let take = || next.lock().unwrap_or_else(PoisonError::into_inner).next().filter(|_| goes_on());
        rayon::scope(|scope| {
            for _ in 0..rayon::current_num_threads() {
                scope.spawn(|_| std::iter::from_fn(take).for_each(run));
            }
        });
    }

    /// What is reported once all lints have run.
    pub fn report(mut self) -> Report {
        let taken = |row: &mut Row<'_>| match &mut row.found {
            Some(Ok(found)) => std::mem::take(found),
            _ => Vec::new(),
        };
        let found = self.lints.iter_mut().map(taken).collect();
        let mut report = self.reported(found);
        report.finish(self.repo);
        report
    }

    /// What is reported of what each of the lints found.
    fn reported(&self, found: Vec<Vec<Finding>>) -> Report {
        let repo = self.repo;
        let mut report = Report { skipped: repo.skipped(), checked: repo.checked(), ..Report::default() };
        let failed = self
            .lints
            .iter()
            .filter_map(|row| Some((row.lint.name.clone(), row.found.as_ref()?.as_ref().err()?.clone())));
        report.failures.extend(failed);
        let mut comments = self.comments();
        let places = found.iter().flatten().map(|finding| finding.place);
        comments.ask(repo, places, self.all, || self.today(), self.settings.requires_reason);
        let all =
            self.lints.iter().zip(found).flat_map(|(row, found)| found.into_iter().map(move |finding| (row, finding)));
        for (row, finding) in all {
            report.concealed.extend(&finding.concealed);
            let is_suppressed = comments.suppress(&row.lint.name, finding.place);
            let Some(diagnostic) = self.diagnostic(row.lint, finding).filter(|_| row.is_wanted) else { continue };
            let list = if is_suppressed { &mut report.suppressed } else { &mut report.diagnostics };
            list.push(diagnostic);
        }
        if !comments.all().is_empty() {
            let is_damaged =
                |reason: &SkipReason| matches!(reason, SkipReason::NotUnderstood { .. } | SkipReason::Internal);
            let damaged = report.skipped.iter().filter(|skip| is_damaged(&skip.reason));
            let damaged: FxHashSet<&str> = damaged.map(|skip| skip.path.as_str()).collect();
            comments.judge(|lint, file| {
                let knows = |row: &Row<'_>| row.lint.name == lint && self.knows_all_in(row, file);
                !damaged.contains(repo.tree.path(file)) && self.lints.iter().any(knows)
            });
            for lint in self.about_comments() {
                let shown = comments.all().iter().filter(|comment| !comment.is_shown());
                let found = shown.flat_map(|comment| lint.check_comment(comment));
                report.diagnostics.extend(found.filter_map(|finding| self.diagnostic(lint, finding)));
            }
        }
        report
    }

    /// Whether all is known that a lint finds in `file`: it has run, or it was left out and never finds anything in such files.
    fn knows_all_in(&self, row: &Row<'_>, file: FileId) -> bool {
        let has_run = matches!(row.found, Some(Ok(_)));
        has_run
            || !self.repo.is_for(row.lint.meta.reads)
                && !row.lint.meta.finds_in.has(Kind::in_tree(&self.repo.tree, file))
    }

    /// The finding as it is reported, if it is.
    fn diagnostic(&self, lint: &Entry, finding: Finding) -> Option<Diagnostic> {
        let Finding { place, message, label, related, notes, fixes, level, concealed: _ } = finding;
        Some(Diagnostic {
            lint: lint.name.clone(),
            level: self.settings.level(lint, level, self.repo.tree.path(place.file))?,
            group: lint.meta.group,
            place,
            message,
            label,
            related,
            notes,
            fixes,
            fingerprint: String::new(),
        })
    }
}

impl Row<'_> {
    fn found(&self) -> &[Finding] {
        self.found.as_ref().and_then(|found| found.as_deref().ok()).unwrap_or_default()
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}
