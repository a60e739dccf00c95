//! Every lint's README and cases.md, executed: marked findings are found, everything else is silent, fixes obey the law.

use crate::harness::{self, Case, Files};
use std::collections::BTreeMap;
use twiceshy_lint::{Diagnostic, Entry, Kind, Kinds, Safety};
use twiceshy_repo::Repo;

fn pages(lint: &Entry) -> Vec<Case> {
    let folder = harness::top().join("lints").join(lint.name.replace('-', "_"));
    let read = |page: &str| {
        let path = folder.join(page);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        harness::cases(&format!("{} {page}", lint.name), &text)
    };
    [read("README.md"), read("cases.md")].into_iter().flatten().collect()
}

/// Collects what went wrong over all lints, so that one run shows everything.
fn check_all(check: impl Fn(&Entry, &Case) -> Result<(), String>) {
    let only = std::env::var("LINT").ok();
    let mut wrong = Vec::new();
    for lint in twiceshy_lints::all() {
        if only.as_ref().is_some_and(|only| *only != lint.name) {
            continue;
        }
        for case in pages(&lint) {
            if let Err(what) = check(&lint, &case) {
                wrong.push(format!("## {}\n{what}", case.title));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

#[test]
fn marked_findings_are_found_and_nothing_else() {
    check_all(|lint, case| {
        let repo = harness::repo(&case.files);
        let report = harness::report_of(&repo, lint);
        let mut unmet: Vec<_> = case.marks.iter().collect();
        let mut unmarked = Vec::new();
        for diagnostic in &report.diagnostics {
            let spot = harness::spot(&repo, diagnostic.place);
            let said = format!("{}\n{}\n{}", diagnostic.label, diagnostic.message, diagnostic.notes.join("\n"));
            let met = unmet.iter().position(|mark| {
                let place = (mark.path.clone(), mark.line, mark.column, mark.width);
                !mark.is_related && place == spot && said.contains(&mark.text)
            });
            match met {
                Some(at) => drop(unmet.remove(at)),
                None => unmarked.push(format!("{spot:?} {said}")),
            }
            for related in &diagnostic.related {
                let spot = harness::spot(&repo, related.place);
                unmet.retain(|mark| {
                    let place = (mark.path.clone(), mark.line, mark.column, mark.width);
                    !(mark.is_related && place == spot && related.message.contains(&mark.text))
                });
            }
        }
        if unmet.is_empty() && unmarked.is_empty() {
            return Ok(());
        }
        let skipped = repo.skipped();
        Err(format!(
            "marks that nothing met: {unmet:#?}\nfindings without a mark: {unmarked:#?}\nreport:\n{}skipped: {skipped:?}",
            harness::plain(&repo, &report.diagnostics)
        ))
    });
}

#[test]
fn findings_stand_in_files_of_the_kinds_that_their_lint_names() {
    let mut wrong = Vec::new();
    for lint in twiceshy_lints::all() {
        let mut shown = Kinds::NONE;
        for case in pages(&lint) {
            let repo = harness::repo(&case.files);
            for diagnostic in harness::report_of(&repo, &lint).diagnostics {
                let file = diagnostic.place.file;
                let kind = Kind::in_tree(&repo.tree, file);
                shown = kind.map_or(shown.and(Kinds::OTHER), |kind| shown.with(kind));
                if !lint.meta.finds_in.has(kind) {
                    wrong.push(format!("{} finds something in a file of kind {kind:?}: {}", lint.name, case.title));
                }
            }
        }
        // A kind that it names for nothing only makes editors wait.
        let told = if lint.meta.finds_in == Kinds::ALL { Kinds::NONE } else { lint.meta.finds_in };
        let kinds = if Kinds::OF_SCRIPTS.is_within(told) { shown.and(Kinds::OF_SCRIPTS) } else { shown };
        if !told.is_within(kinds) {
            wrong.push(format!("{} names kinds of which no case shows a finding", lint.name));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn findings_hang_on_files_of_the_kinds_that_their_lint_reads() {
    let mut wrong = Vec::new();
    for lint in twiceshy_lints::all().into_iter().filter(|lint| lint.meta.reads != Kinds::ALL) {
        if !lint.meta.finds_in.is_within(lint.meta.reads) {
            wrong.push(format!("{} finds something in files that it does not read", lint.name));
        }
        for case in pages(&lint) {
            let mut files = case.files.clone();
            // Who reads files of no kind asks whether others are there.
            let sees_paths = lint.meta.reads.has(None);
            let is_read =
                |path: &str, text: &str| lint.meta.reads.has(Kind::of(path, || text.lines().next().map(str::to_owned)));
            files.iter_mut().filter(|(path, text)| !is_read(path, text)).for_each(|(_, text)| text.clear());
            files.retain(|path, text| sees_paths || is_read(path, text) || path == ".gitignore");
            let (whole, part) = (harness::repo(&case.files), harness::repo_about(&files, lint.meta.reads));
            let said = |repo: &Repo| harness::plain(repo, &harness::report_of(repo, &lint).diagnostics);
            let (whole, part) = (said(&whole), said(&part));
            if whole != part {
                wrong.push(format!("## {}\n{whole}without what it does not read:\n{part}", case.title));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn all_that_a_lint_asks_for_is_looked_for_whichever_file_it_reads_has_changed() {
    let mut wrong = Vec::new();
    for lint in twiceshy_lints::all() {
        let kinds: Vec<Kinds> = Kinds::each().filter(|kind| kind.is_within(lint.meta.reads)).collect();
        // Those that read few kinds ask for what nobody else does.
        let (step, is_special) = (kinds.len(), kinds.len() < 10);
        for (at, case) in pages(&lint).into_iter().enumerate() {
            let whole = harness::repo(&case.files);
            let said = |repo: &Repo| harness::plain(repo, &harness::report_of(repo, &lint).diagnostics);
            let whole = said(&whole);
            for kind in
                kinds.iter().skip(if is_special { 0 } else { at % step }).step_by(if is_special { 1 } else { step })
            {
                let part = said(&harness::repo_about(&case.files, *kind));
                if part != whole {
                    wrong.push(format!("## {}, about {kind:?}\n{whole}is then:\n{part}", case.title));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_lint_shows_a_finding_and_a_silence() {
    for lint in twiceshy_lints::all() {
        let cases = pages(&lint);
        let (loud, silent): (Vec<_>, Vec<_>) = cases.iter().partition(|case| !case.marks.is_empty());
        assert!(!loud.is_empty(), "{} shows no finding", lint.name);
        assert!(!silent.is_empty(), "{} shows no silence", lint.name);
    }
}

#[test]
fn diff_blocks_are_what_the_fixes_do() {
    check_all(|lint, case| {
        if case.diffs.is_empty() {
            return Ok(());
        }
        let repo = harness::repo(&case.files);
        let report = harness::report_of(&repo, lint);
        let edits: Vec<_> = report
            .diagnostics
            .iter()
            .filter_map(|found| found.fixes.first())
            .flat_map(|fix| fix.edits.clone())
            .collect();
        let fixed = harness::apply(&repo, &case.files, &edits);
        let mut diffs: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (path, after) in &fixed {
            let diff = twiceshy_source::diff(&case.files[path], after, 0);
            let changed: Vec<_> = diff.lines().filter(|line| line.starts_with(['+', '-'])).map(str::to_owned).collect();
            if !changed.is_empty() {
                diffs.insert(path.clone(), changed);
            }
        }
        if diffs == case.diffs { Ok(()) } else { Err(format!("expected: {:#?}\nfixes do: {diffs:#?}", case.diffs)) }
    });
}

/// Applied, a fix leaves no new parse error, its finding is gone, and a second run changes nothing.
pub fn obeys_the_law(lint: &Entry, files: &Files) -> Result<(), String> {
    let repo = harness::repo(files);
    let report = harness::report_of(&repo, lint);
    for found in &report.diagnostics {
        for fix in &found.fixes {
            let fixed_files = harness::apply(&repo, files, &fix.edits);
            let fixed = harness::repo(&fixed_files);
            if fixed.skipped().len() > repo.skipped().len() {
                return Err(format!("`{}` leaves a parse error: {:?}\n{fixed_files:#?}", fix.title, fixed.skipped()));
            }
            let again = harness::report_of(&fixed, lint);
            if again.diagnostics.len() >= report.diagnostics.len() {
                let left = harness::plain(&fixed, &again.diagnostics);
                return Err(format!("`{}` does not do away with the finding:\n{left}{fixed_files:#?}", fix.title));
            }
        }
    }
    let once = safely_fixed(lint, &repo, files, &report.diagnostics)?;
    let repo = harness::repo(&once);
    let rest = harness::report_of(&repo, lint);
    if safely_fixed(lint, &repo, &once, &rest.diagnostics)? != once {
        return Err("a second run of the safe fixes changes something".into());
    }
    Ok(())
}

fn safely_fixed(lint: &Entry, repo: &Repo, files: &Files, found: &[Diagnostic]) -> Result<Files, String> {
    let mut edits = Vec::new();
    for diagnostic in found {
        let mut safe = diagnostic.fixes.iter().filter(|fix| fix.safety == Safety::Safe);
        edits.extend(safe.next().into_iter().flat_map(|fix| fix.edits.clone()));
        if safe.next().is_some() {
            return Err(format!("{} offers two safe fixes for one finding; which one does --fix take?", lint.name));
        }
    }
    Ok(harness::apply(repo, files, &edits))
}

#[test]
fn fixes_obey_the_law() {
    check_all(|lint, case| obeys_the_law(lint, &case.files));
}
