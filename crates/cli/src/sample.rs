//! Lints whose findings tests know, so that reports are tested apart from real lints.

use crate::text::{self, Style};
use crate::view::View;
use serde::Deserialize;
use twiceshy_lint::{Choice, Entry, Findings, Group, Level, Lint, Meta, Report};
use twiceshy_repo::{Repo, Tree};
use twiceshy_source::{Edit, FileId, Place, Scope};

/// Everything that tests know.
pub(crate) fn lints() -> Vec<Entry> {
    vec![
        Entry::of::<Fails>(),
        Entry::of::<Hesitates>(),
        Entry::of::<Passes>(),
        Entry::of::<Panics>(),
        Entry::of::<Ticks>(),
    ]
}

pub(crate) fn repo(files: &[(&str, &str)]) -> Repo {
    Repo::of(Tree::memory(files.iter().copied()))
}

pub(crate) fn scope() -> Scope {
    Scope { root: "/".into(), only: Vec::new(), files: Vec::new(), shown: String::new(), inside: String::new() }
}

/// What `with` makes of a report about `files`.
pub(crate) fn view<T>(files: &[(&str, &str)], with: impl FnOnce(&View<'_>) -> T) -> T {
    let (repo, scope, lints) = (repo(files), scope(), lints());
    let report = Report::of(&repo, &lints, &Choice::default());
    with(&View::new(&repo, &report, &scope, &lints))
}

/// The report for people.
pub(crate) fn text(files: &[(&str, &str)]) -> String {
    let bytes = view(files, |view| text::write(view, Style::default()));
    String::from_utf8(bytes).unwrap()
}

const fn meta(module: &'static str, level: Level, group: Group) -> Meta {
    Meta {
        module,
        level,
        group,
        readme: "# sample\n\nThe `system` fails. Because it must.\n\nAnd stays down.\n\n## Example\n\n```sh run.sh\nFAIL\n```\n",
        finds_in: twiceshy_lint::Kinds::ALL,
        reads: twiceshy_lint::Kinds::ALL,
    }
}

/// Every place where `word` stands in a repository.
fn places(repo: &Repo, word: &str) -> Vec<Place> {
    let mut places = Vec::new();
    for file in repo.tree.files() {
        let Ok(source) = repo.tree.source(file) else { continue };
        places.extend(source.text().match_indices(word).map(|(at, _)| place(file, at, word)));
    }
    places
}

fn place(file: FileId, at: usize, word: &str) -> Place {
    Place { file, start: at as u32, end: (at + word.len()) as u32 }
}

fn edit(place: Place, text: &str) -> Edit {
    Edit { place, text: text.into() }
}

/// `FAIL` is an error; `WHY` in another place is its cause; `PASS` repairs it.
#[derive(Default, Deserialize)]
struct Fails;

impl Lint for Fails {
    type Subject = Repo;
    const META: Meta = meta("lints::it_fails", Level::Error, Group::Outage);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for place in places(repo, "FAIL") {
            let finding = found.at(place, "`start` fails");
            finding.label("here").note("it happened before").fix("let it pass", [edit(place, "PASS")]);
            for why in places(repo, "WHY") {
                finding.related(why, "because of this");
            }
        }
    }
}

/// `PASS` is repaired by `done`.
#[derive(Default, Deserialize)]
struct Passes;

impl Lint for Passes {
    type Subject = Repo;
    const META: Meta = meta("lints::it_passes", Level::Pedantic, Group::Hygiene);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for place in places(repo, "PASS") {
            found.at(place, "it passes").level(Level::Warn).fix("be done", [edit(place, "done")]);
        }
    }
}

/// `hmm` is a warning with a suggestion.
#[derive(Default, Deserialize)]
struct Hesitates;

impl Lint for Hesitates {
    type Subject = Repo;
    const META: Meta = meta("lints::it_hesitates", Level::Warn, Group::DataLoss);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for place in places(repo, "hmm") {
            found.at(place, "it hesitates").suggest("say so", [edit(place.after(), ", indeed\nand more")]);
        }
    }
}

/// `PANIC` ends the lint.
#[derive(Default, Deserialize)]
struct Panics;

impl Lint for Panics {
    type Subject = Repo;
    const META: Meta = meta("lints::it_panics", Level::Warn, Group::Drift);

    fn check(&self, repo: &Repo, _: &Repo, _: &mut Findings) {
        assert!(places(repo, "PANIC").is_empty(), "met a PANIC");
    }
}

/// `TICK` becomes `TOCK`, and the other way round.
#[derive(Default, Deserialize)]
struct Ticks;

impl Lint for Ticks {
    type Subject = Repo;
    const META: Meta = meta("lints::it_ticks", Level::Warn, Group::Drift);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for (this, that) in [("TICK", "TOCK"), ("TOCK", "TICK")] {
            for place in places(repo, this) {
                found.at(place, "it ticks").fix("turn it", [edit(place, that)]);
            }
        }
    }
}
