//! Applying safe fixes until nothing changes, in memory; the disk sees only the result.

use crate::view::View;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use twiceshy_lint::{Choice, Entry, Fix, Report, Safety};
use twiceshy_repo::Repo;
use twiceshy_source::{Edit, FileId, Scope, SkipReason, Source, WriteError, apply, write};

/// A fix can bring in what another lint looks at, so checking follows fixing follows checking; but not for ever.
const ROUNDS: usize = 10;

/// A repository with its safe fixes applied, in memory.
pub(crate) struct Repaired {
    /// The repository after the fixes.
    pub repo: Repo,
    /// What is left.
    pub report: Report,
    /// How many fixes were applied.
    pub count: usize,
    /// Files that are different now, by path.
    pub changes: Vec<Change>,
    /// What went wrong on the way, for people.
    pub troubles: Vec<String>,
}

/// A file that fixes changed.
pub(crate) struct Change {
    /// Its path, relative to the root.
    pub path: String,
    /// As it was read.
    pub before: Arc<Source>,
    /// Its new text.
    pub after: String,
}

impl Change {
    /// Writes it below `root`, whole or not at all.
    pub fn write(&self, root: &Path) -> Result<(), WriteError> {
        write(&root.join(&self.path), &self.before, &self.after)
    }
}

/// A file that fixes touch: edits are made to the very text that is compared with the disk when it is written.
struct Held {
    before: Arc<Source>,
    text: String,
}

/// Applies every safe fix of the findings that `scope` covers.
pub(crate) fn repair(mut repo: Repo, lints: &[Entry], choice: &Choice, scope: &Scope) -> Repaired {
    let mut report = Report::of(&repo, lints, choice);
    let mut held: BTreeMap<FileId, Held> = BTreeMap::new();
    let mut refused: FxHashSet<FileId> = FxHashSet::default();
    let mut troubles = Vec::new();
    let (mut count, mut rounds) = (0, 0);
    loop {
        let fixes = safe(&View::new(&repo, &report, scope, lints), &held, &refused);
        if fixes.is_empty() {
            break;
        }
        let unread: Vec<FileId> = files(&fixes).filter(|file| !held.contains_key(file)).collect();
        let mut tree = repo.tree;
        if !unread.is_empty() {
            for file in unread {
                match tree.source(file) {
                    // Of bytes that are not UTF-8, only a stand-in was read; writing it back would lose them.
                    Ok(source) if source.flaw().is_none() => {
                        let text = source.text().to_owned();
                        tree = tree.with(file, &text);
                        held.insert(file, Held { before: source, text });
                    }
                    _ => drop(refused.insert(file)),
                }
            }
            repo = Repo::of(tree);
            report = Report::of(&repo, lints, choice);
            continue;
        }
        rounds += 1;
        let (applied, edits) = compatible(&fixes);
        let mut undo = Vec::new();
        for (file, edits) in edits {
            if let Some(held) = held.get_mut(&file)
                && let Ok(text) = apply(&held.text, &edits)
            {
                tree = tree.with(file, &text);
                undo.push((file, std::mem::replace(&mut held.text, text)));
            }
        }
        let flaws_before = flaws(&report);
        repo = Repo::of(tree);
        report = Report::of(&repo, lints, choice);
        let flaws_after = flaws(&report);
        let broke = |file: &FileId| {
            let path = repo.tree.path(*file);
            flaws_after.get(path).copied().unwrap_or(0) > flaws_before.get(path).copied().unwrap_or(0)
        };
        let broken: Vec<FileId> = undo.iter().map(|(file, _)| *file).filter(broke).collect();
        if broken.is_empty() {
            count += applied;
        } else {
            troubles.extend(broken.iter().map(|file| {
                let path = scope.show(repo.tree.path(*file));
                format!("{path}: a fix would have made it unreadable and was not applied; please report it")
            }));
            refused.extend(broken);
            let mut tree = repo.tree;
            for (file, text) in undo {
                tree = tree.with(file, &text);
                if let Some(held) = held.get_mut(&file) {
                    held.text = text;
                }
            }
            repo = Repo::of(tree);
            report = Report::of(&repo, lints, choice);
        }
        if rounds == ROUNDS {
            troubles
                .push(format!("stopped fixing after {ROUNDS} rounds; run again, or report lints that undo each other"));
            break;
        }
    }
    let changed = held.into_iter().filter(|(_, held)| held.text != held.before.text());
    let changes = changed
        .map(|(file, held)| Change { path: repo.tree.path(file).to_owned(), before: held.before, after: held.text })
        .collect();
    Repaired { repo, report, count, changes, troubles }
}

/// The safe fixes, one for each finding that has any, that can be applied on their own.
fn safe(view: &View<'_>, held: &BTreeMap<FileId, Held>, refused: &FxHashSet<FileId>) -> Vec<Fix> {
    let fixes = view.diagnostics.iter().filter_map(|diagnostic| {
        let mut fixes = diagnostic.fixes.iter().filter(|fix| fix.safety == Safety::Safe);
        fixes.find(|fix| fix.edits.iter().all(|edit| !refused.contains(&edit.place.file)) && is_sound(fix, held))
    });
    fixes.cloned().collect()
}

/// Whether the edits fit the texts that are held and each other, and change anything.
fn is_sound(fix: &Fix, held: &BTreeMap<FileId, Held>) -> bool {
    let text = |edit: &Edit| held.get(&edit.place.file).map(|held| held.text.get(edit.place.range()));
    let fits = fix.edits.iter().all(|edit| text(edit).is_none_or(|text| text.is_some()));
    let changes = fix.edits.iter().any(|edit| text(edit).is_none_or(|text| text != Some(&edit.text)));
    let clash = fix.edits.iter().enumerate().any(|(at, edit)| fix.edits[..at].iter().any(|other| clashes(edit, other)));
    fits && changes && !clash
}

fn files(fixes: &[Fix]) -> impl Iterator<Item = FileId> {
    fixes.iter().flat_map(|fix| &fix.edits).map(|edit| edit.place.file)
}

/// As many of the fixes as go together, each whole: how many, and their edits by file.
fn compatible(fixes: &[Fix]) -> (usize, BTreeMap<FileId, Vec<Edit>>) {
    let mut edits: BTreeMap<FileId, Vec<Edit>> = BTreeMap::new();
    let mut count = 0;
    for fix in fixes {
        let is_free = |edit: &Edit| {
            let others = edits.get(&edit.place.file);
            others.is_none_or(|others| !others.iter().any(|other| clashes(edit, other)))
        };
        if fix.edits.iter().all(is_free) {
            count += 1;
            for edit in &fix.edits {
                edits.entry(edit.place.file).or_default().push(edit.clone());
            }
        }
    }
    (count, edits)
}

/// Whether two edits cannot both be made. The same edit twice is made once.
fn clashes(a: &Edit, b: &Edit) -> bool {
    let (x, y) = (a.place, b.place);
    a != b && x.file == y.file && ((x.start < y.end && y.start < x.end) || (x == y && x.start == x.end))
}

/// How much of each file was not understood.
fn flaws(report: &Report) -> FxHashMap<String, usize> {
    let mut flaws = FxHashMap::default();
    for skip in &report.skipped {
        if matches!(skip.reason, SkipReason::NotUnderstood { .. } | SkipReason::Internal) {
            *flaws.entry(skip.path.clone()).or_default() += 1;
        }
    }
    flaws
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use twiceshy_source::Place;

    fn repaired(files: &[(&str, &str)]) -> Repaired {
        let repo = sample::repo(files);
        repair(repo, &sample::lints(), &Choice::default(), &sample::scope())
    }

    #[test]
    fn fixing_goes_on_until_nothing_changes() {
        // The fix of FAIL brings in what another lint fixes.
        let repaired = repaired(&[("a.sh", "FAIL\nFAIL\n"), ("b.sh", "true\n")]);
        assert_eq!((repaired.count, repaired.report.diagnostics.len()), (4, 0));
        let changes: Vec<_> = repaired.changes.iter().map(|change| (&*change.path, &*change.after)).collect();
        assert_eq!(changes, [("a.sh", "done\ndone\n")]);
    }

    #[test]
    fn lints_that_undo_each_other_are_stopped() {
        let repaired = repaired(&[("a.sh", "TICK\n")]);
        assert_eq!(repaired.count, ROUNDS);
        assert!(repaired.troubles[0].starts_with("stopped fixing"), "{:?}", repaired.troubles);
    }

    fn edit(start: u32, end: u32, text: &str) -> Edit {
        Edit { place: Place { file: FileId(0), start, end }, text: text.into() }
    }

    #[test]
    fn a_fix_is_applied_whole_or_waits_for_the_next_round() {
        let fix = |edits| Fix { title: String::new(), safety: Safety::Safe, edits };
        let fixes = [
            fix(vec![edit(0, 4, "a"), edit(9, 9, "b")]),
            fix(vec![edit(2, 6, "x"), edit(20, 20, "y")]),
            fix(vec![edit(9, 9, "b")]),
            fix(vec![edit(9, 9, "c")]),
            fix(vec![edit(4, 6, "z")]),
        ];
        let (count, edits) = compatible(&fixes);
        assert_eq!(count, 3);
        assert!(!edits[&FileId(0)].contains(&edit(20, 20, "y")), "half of a fix is none");
    }
}
