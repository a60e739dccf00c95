//! A state of a repository made from the one before it says what reading it whole says.

use crate::dice::Dice;
use crate::harness;
use std::collections::BTreeMap;
use twiceshy_lint::{Choice, Diagnostic, Entry, Kind, Kinds, Report};
use twiceshy_repo::Repo;
use twiceshy_source::Tree;

/// Takes a piece out of `text`, doubles it, or puts a piece of `other` in its place.
fn edit(dice: &mut Dice, text: &str, other: &str) -> String {
    let piece = |dice: &mut Dice, text: &str| {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let start = dice.below(lines.len() + 1);
        let end = (start + dice.below(4)).min(lines.len());
        (lines[..start].concat(), lines[start..end].concat(), lines[end..].concat())
    };
    let (before, taken, after) = piece(dice, text);
    match dice.below(3) {
        0 => before + &after,
        1 => before + &taken + &taken + &after,
        _ => before + &piece(dice, other).1 + &after,
    }
}

fn said(repo: &Repo) -> String {
    let report: Report = harness::pedantic_report(repo);
    format!("{}\n{:#?}", harness::plain(repo, &report.diagnostics), repo.skipped())
}

#[test]
fn a_state_made_from_the_one_before_says_what_reading_everything_says() {
    let fixtures = harness::top().join("fixtures");
    let incidents = std::fs::read_dir(fixtures.join("incidents")).unwrap();
    let mut folders: Vec<_> = incidents.map(|entry| entry.unwrap().path().join("before")).collect();
    folders.push(fixtures.join("shop/repo"));
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    let mut dice = Dice::new(0x7477_6963_6573_6879);
    for folder in folders {
        walk(&mut dice, harness::read_dir(&folder), 6, &folder.display().to_string());
    }
}

#[test]
fn so_does_one_of_the_files_of_each_lints_cases() {
    let mut dice = Dice::new(0x6f6e_6365_6269_7474);
    let mut count = 0;
    for lint in twiceshy_lints::all() {
        let directory = harness::top().join("lints").join(lint.name.replace('-', "_"));
        for page in ["README.md", "cases.md"] {
            let Ok(text) = std::fs::read_to_string(directory.join(page)) else { continue };
            for case in harness::cases(page, &text).into_iter().filter(|case| case.files.len() > 1) {
                count += 1;
                walk(&mut dice, case.files, 3, &format!("{} {page}", lint.name));
            }
        }
    }
    assert!(count > 500, "{count}");
}

/// Asserts that a file that goes changes nothing that lints find who do not read such files, nor ask what is there.
fn is_missed_by_readers_only(files: &harness::Files, path: &str, before: &[Diagnostic], at: &str) {
    let mut rest = files.clone();
    let Some(text) = rest.remove(path) else { return };
    let kind = Kind::of(path, || text.lines().next().map(str::to_owned));
    let concerned = kind.map_or(Kinds::OTHER, |kind| Kinds::OTHER.with(kind));
    let others: Vec<Entry> =
        twiceshy_lints::all().into_iter().filter(|lint| !lint.meta.reads.meets(concerned)).collect();
    let (whole, rest) = (harness::repo(files), harness::repo(&rest));
    let found = before.iter().filter(|found| others.iter().any(|lint| lint.name == found.lint)).cloned();
    let choice = Choice { pedantic: true, ..Choice::default() };
    let left = harness::on_threads(|| Report::of(&rest, &others, &choice));
    let (found, left) = (harness::plain(&whole, &found.collect::<Vec<_>>()), harness::plain(&rest, &left.diagnostics));
    assert_eq!(found, left, "{at}: found by who does not ask about {path}, with it and without");
}

/// Asserts that an edit of `path` changes nothing that lints find who do not read such files, and that the others find the same
/// where nothing else is looked for. Gives back all that is found now, in `repo`.
fn is_caused_by_it_alone(
    files: &harness::Files,
    path: &str,
    (repo, before): (&Repo, Vec<Diagnostic>),
    at: &str,
) -> Vec<Diagnostic> {
    let after = harness::pedantic_report(repo).diagnostics;
    let first_line = || files[path].lines().next().map(str::to_owned);
    // What a configuration says is not caused by a change of it, and what a file is does not hang on its first line alone.
    let is_judge = Tree::name(path).ends_with("twiceshy.toml") || Tree::name(path) == "pyproject.toml";
    let kind = Kind::of(path, first_line);
    if is_judge || kind != Kind::of(path, || None) {
        return after;
    }
    let edited = kind.map_or(Kinds::OTHER, |kind| Kinds::NONE.with(kind));
    let part = harness::repo_about(files, edited);
    let found_there = harness::pedantic_report(&part).diagnostics;
    let reads: BTreeMap<String, Kinds> =
        twiceshy_lints::all().into_iter().map(|lint| (lint.name, lint.meta.reads)).collect();
    let of = |all: &[Diagnostic], is_reader: bool| {
        let is_one = |found: &&Diagnostic| reads[&found.lint].meets(edited) == is_reader;
        let found: Vec<Diagnostic> = all.iter().filter(is_one).cloned().collect();
        harness::plain(repo, &found)
    };
    assert_eq!(
        of(&before, false),
        of(&after, false),
        "{at}: found by who does not read {path}, before and after an edit"
    );
    assert_eq!(of(&found_there, true), of(&after, true), "{at}: found by who reads {path}, where nothing else matters");
    after
}

/// Edits files one after the other.
fn walk(dice: &mut Dice, mut files: harness::Files, edits: usize, at: &str) {
    let mut repo = harness::repo(&files);
    let mut known = harness::pedantic_report(&repo).diagnostics;
    for _ in 0..edits {
        let paths: Vec<String> = files.keys().cloned().collect();
        let path = &paths[dice.below(paths.len())];
        is_missed_by_readers_only(&files, path, &known, at);
        let other = files[&paths[dice.below(paths.len())]].clone();
        let text = edit(dice, &files[path], &other);
        files.insert(path.clone(), text);
        let changed: Vec<_> = repo.tree.file(path).into_iter().collect();
        repo = repo.again(Tree::memory(&files), &changed);
        let whole = Repo::of(Tree::memory(&files));
        assert_eq!(said(&repo), said(&whole), "{at}: after an edit of {path}");
        known = is_caused_by_it_alone(&files, path, (&repo, known), at);
        if let Some((first, all)) = changed.first().and_then(|file| harness::first_and_all(&whole, *file)) {
            assert_eq!(first, all, "{at}: after an edit of {path}, what its own lints find in it");
        }
    }
}
