//! From findings to what is reported.

use crate::{Check, Date, Entry, Fix, Group, Level, Related};
use rustc_hash::{FxHashMap, FxHashSet};
use std::fmt::Write as _;
use std::sync::Arc;
use twiceshy_repo::Repo;
use twiceshy_source::{FileId, Place, Skip, Source};

/// Which lints run.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Names of lints and groups; only these run. `None`: all that are not pedantic.
    pub select: Option<Vec<String>>,
    /// Names of lints and groups that do not run.
    pub ignore: Vec<String>,
    /// Whether pedantic findings are reported too.
    pub pedantic: bool,
    /// The day on which suppressions with an end are judged; `None`: today.
    pub today: Option<Date>,
}

/// A name that is neither a lint's nor a group's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// The name.
    pub name: String,
    /// The nearest one that exists, if any is near.
    pub nearest: Option<String>,
}

impl Choice {
    /// Checks that every name is a lint's or a group's.
    ///
    /// # Errors
    /// All names that are not.
    pub fn check(&self, lints: &[Entry]) -> Result<(), Vec<UnknownName>> {
        let known: Vec<&str> = lints
            .iter()
            .map(|lint| lint.name.as_str())
            .chain(Group::ALL.into_iter().map(|group| -> &str { group.name() }))
            .collect();
        let names = self.select.iter().flatten().chain(&self.ignore);
        let unknown: Vec<_> = names
            .filter(|name| !known.contains(&name.as_str()))
            .map(|name| UnknownName {
                name: name.clone(),
                nearest: twiceshy_repo::nearest(name, known.iter().copied()).map(str::to_owned),
            })
            .collect();
        if unknown.is_empty() { Ok(()) } else { Err(unknown) }
    }
}

/// One reported finding.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The lint's name.
    pub lint: String,
    /// The level at which it is reported.
    pub level: Level,
    /// The lint's group.
    pub group: Group,
    /// Where it is.
    pub place: Place,
    /// What will happen.
    pub message: String,
    /// A few words under the place; may be empty.
    pub label: String,
    /// The other half of the cause.
    pub related: Vec<Related>,
    /// Why, and what else is known.
    pub notes: Vec<String>,
    /// What to do.
    pub fixes: Vec<Fix>,
    /// What tells this finding from others when lines move: 16 hexadecimal digits.
    pub fingerprint: String,
}

/// What is reported about a repository.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The findings, by path and place.
    pub diagnostics: Vec<Diagnostic>,
    /// What would stand among them, were it not for a comment; in the same order, without fingerprints.
    pub suppressed: Vec<Diagnostic>,
    /// What was not looked at or not understood.
    pub skipped: Vec<Skip>,
    /// Lints that stopped on an internal error, and what it said.
    pub failures: Vec<(String, String)>,
    /// How many files were read.
    pub checked: usize,
    /// How many files a change touched, when only what it causes is reported.
    pub changed: Option<usize>,
    /// Places whose text is not to be shown, whatever is reported about them: secrets.
    pub concealed: Vec<Place>,
}

impl Report {
    /// Runs the lints that `choice` and the repository's configuration want. Whether that configuration is in order is
    /// asked of [`Settings`].
    pub fn of(repo: &Repo, lints: &[Entry], choice: &Choice) -> Self {
        Self::about(repo, lints, choice, |_| true)
    }

    /// The same about some lints only. The others are run where a comment that names them has to be judged.
    pub(crate) fn about(repo: &Repo, lints: &[Entry], choice: &Choice, wanted: impl Fn(&Entry) -> bool) -> Self {
        let mut check = Check::about(repo, lints, choice, wanted);
        check.run(|| true);
        check.report()
    }

    /// Sorts what was found, leaves out what was found twice, and gives each its fingerprint.
    pub(crate) fn finish(&mut self, repo: &Repo) {
        for list in [&mut self.diagnostics, &mut self.suppressed] {
            list.sort_by(|a, b| {
                let key = |d: &Diagnostic| (d.place, d.lint.clone(), d.message.clone());
                key(a).cmp(&key(b))
            });
            list.dedup_by(|a, b| a.place == b.place && a.lint == b.lint && a.message == b.message);
        }
        self.concealed.sort_unstable();
        set_fingerprints(repo, &mut self.diagnostics);
    }
}

/// A fingerprint is made of the lint, the path, the finding's first line without its indentation, and how many equal
/// ones stand before it: it survives lines that move and whitespace that changes.
fn set_fingerprints(repo: &Repo, diagnostics: &mut [Diagnostic]) {
    let mut sources: FxHashMap<FileId, Option<Arc<Source>>> = FxHashMap::default();
    let mut seen: FxHashSet<u64> = FxHashSet::default();
    for diagnostic in diagnostics {
        let file = diagnostic.place.file;
        let source = sources.entry(file).or_insert_with(|| repo.tree.source(file).ok());
        let line = source.as_ref().map_or("", |source| source.line(source.line_of(diagnostic.place.start)));
        let words: Vec<&str> = line.split_whitespace().collect();
        let identity = format!("{}\0{}\0{}", diagnostic.lint, repo.tree.path(file), words.join(" "));
        let hash = (0..).map(|nth: u32| fnv1a(&format!("{identity}\0{nth}"))).find(|hash| seen.insert(*hash));
        let _ = write!(diagnostic.fingerprint, "{:016x}", hash.unwrap_or_default());
    }
}

/// FNV-1a, 64 bits: the same on every machine and in every version.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
