//! Whole small repositories with their expected reports, and the replays of incidents.

use crate::{harness, lints};
use std::path::{Path, PathBuf};
use twiceshy_source::Skip;

fn directories(below: &Path) -> Vec<PathBuf> {
    let mut directories: Vec<_> = std::fs::read_dir(below)
        .unwrap_or_else(|error| panic!("{}: {error}", below.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    directories.sort();
    directories
}

/// Compares with `report.snap` in `folder`; `INSTA_UPDATE=always` writes it anew.
fn assert_report(folder: &Path, report: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("report", report));
}

#[test]
fn every_fixture_gives_the_report_beside_it() {
    let fixtures = directories(&harness::top().join("fixtures"));
    for folder in fixtures.iter().filter(|folder| !folder.ends_with("incidents")) {
        let files = harness::read_dir(&folder.join("repo"));
        let repo = harness::repo(&files);
        assert_report(folder, &harness::plain(&repo, &harness::report(&repo).diagnostics));
        for lint in twiceshy_lints::all() {
            lints::obeys_the_law(&lint, &files).unwrap_or_else(|what| panic!("{}: {what}", folder.display()));
        }
    }
}

#[test]
fn every_incident_is_reported_before_and_silent_after() {
    for folder in directories(&harness::top().join("fixtures/incidents")) {
        let before = harness::repo(&harness::read_dir(&folder.join("before")));
        // An incident that only a pedantic lint could have foretold is replayed for those who ask.
        let is_pedantic = harness::report(&before).diagnostics.is_empty();
        let report = |repo| if is_pedantic { harness::pedantic_report(repo) } else { harness::report(repo) };
        let said = harness::plain(&before, &report(&before).diagnostics);
        assert!(!said.is_empty(), "{}: nothing is reported before", folder.display());
        assert_report(&folder, &said);
        let after = harness::repo(&harness::read_dir(&folder.join("after")));
        let report = harness::plain(&after, &report(&after).diagnostics);
        assert_eq!(report, "", "{}: reported after the repair", folder.display());
        for repo in [before, after] {
            // What is not understood is said, where the incident was that no shell understands it.
            let is_said = |skip: &&Skip| said.contains("shell-syntax-error") && said.contains(&*skip.path);
            let skipped = repo.skipped();
            let skipped: Vec<_> = skipped.iter().filter(|skip| !is_said(skip)).collect();
            assert!(skipped.is_empty(), "{}: not understood: {skipped:?}", folder.display());
        }
    }
}
