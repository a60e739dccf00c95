//! Imports of files that a clone of the repository does not hold.

use serde::Deserialize;
use std::collections::BTreeMap;
use twiceshy_lint::{Finding, Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Edit, FailingImport, Ignored, Place, Repo, Resolved, Tree, Untracked};

/// Imports of files that a clone of the repository does not hold.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct UntrackedImport {}

impl Lint for UntrackedImport {
    type Subject = Repo;
    const META: Meta = meta!(Error, Deploy, Node | Python);

    fn check(&self, _: &Repo, repo: &Repo, found: &mut Findings) {
        let mut causes = BTreeMap::new();
        for import in repo.failing_imports() {
            if !is_sample(repo.tree.path(import.place.file)) {
                add(&mut causes, import);
            }
        }
        for (cause, importers) in causes {
            report(&cause, &importers, repo, found);
        }
    }
}

/// What has to be done away with; one finding each.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// A rule that hides sources.
    Ignored(Rule),
    /// A file that nobody has added.
    NeverAdded(String),
    /// A path without a file.
    Missing(String),
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rule {
    /// The ignore file and the rule as written.
    file: String,
    pattern: String,
    place: Option<Place>,
}

/// An import and the path that it leads to.
struct Importer {
    place: Place,
    path: String,
    is_on_disk: bool,
    is_type_only: bool,
}

type Causes = BTreeMap<Cause, Vec<Importer>>;

fn add(causes: &mut Causes, import: &FailingImport) {
    let (cause, path, is_on_disk) = match import.resolved.clone() {
        Resolved::Untracked { path, why: Untracked::Ignored(ignored) } => {
            (Cause::Ignored(Rule::of(ignored)), path, true)
        }
        Resolved::Untracked { path, why: Untracked::NeverAdded } => (Cause::NeverAdded(path.clone()), path, true),
        Resolved::Missing { path, ignored: Some(ignored) } => (Cause::Ignored(Rule::of(ignored)), path, false),
        Resolved::Missing { path, ignored: None } => {
            // `./x` and `./x.js` miss the same file.
            let stem = [".js", ".mjs", ".cjs", ".jsx"].iter().find_map(|end| path.strip_suffix(end)).unwrap_or(&path);
            (Cause::Missing(stem.to_owned()), path, false)
        }
        _ => return,
    };
    causes.entry(cause).or_default().push(Importer {
        place: import.place,
        path,
        is_on_disk,
        is_type_only: import.is_type_only,
    });
}

/// Whether the file at `path` is not run where it stands: a template, a fixture, an example in the documentation.
fn is_sample(path: &str) -> bool {
    const SAMPLES: [&str; 22] = [
        "template",
        "templates",
        "fixture",
        "fixtures",
        "__fixtures__",
        "__testfixtures__",
        "testdata",
        "test-data",
        "test_data",
        "example",
        "examples",
        "sample",
        "samples",
        "demo",
        "demos",
        "docs",
        "doc",
        "docs_src",
        "boilerplate",
        "scaffold",
        "playground",
        "snapshots",
    ];
    Tree::parent(path)
        .split('/')
        .any(|part| SAMPLES.contains(&part) || part.contains(['{', '}', '[', '%']) && part.contains("{{"))
}

impl Rule {
    fn of(ignored: Ignored) -> Self {
        Self { file: ignored.rule.path, pattern: ignored.rule.pattern, place: ignored.place }
    }
}

fn report(cause: &Cause, importers: &[Importer], repo: &Repo, found: &mut Findings) {
    // The import that runs stands for all.
    let Some(first) = importers.iter().find(|importer| !importer.is_type_only).or(importers.first()) else { return };
    let path = &first.path;
    let finding = match cause {
        Cause::Ignored(rule) => ignored(rule, first, found),
        Cause::NeverAdded(_) => found
            .at(
                first.place,
                format!("in every clone this import fails: `{path}` is on this disk only, nobody has added it to git"),
            )
            .label(format!("leads to {path}, which git does not track"))
            .note(format!("`git add {path}`"))
            // It may be work in progress.
            .level(Level::Warn),
        Cause::Missing(_) => {
            let fails = if first.is_type_only {
                "no type check passes this import"
            } else {
                "this import fails wherever it runs"
            };
            let finding = found
                .at(first.place, format!("{fails}: the repository has no `{path}`"))
                .label(format!("no file is called {path}, with any extension or as a directory with an index"));
            if let Some(other) = repo.path_in_other_case(path) {
                finding.note(format!(
                    "there is `{other}`: a file system that does not tell upper from lower case finds it, a server's does not"
                ));
            } else {
                finding.note("if the file is on the disk of whoever wrote this, `git add` it; if a build makes it, run that before");
            }
            finding
        }
    };
    if first.is_type_only {
        finding.level(Level::Pedantic);
    }
    let mut others: Vec<_> = importers.iter().filter(|importer| importer.place != first.place).collect();
    others.sort_by_key(|importer| importer.place);
    for other in others.iter().take(3) {
        let same = other.path == *path;
        finding
            .related(other.place, if same { "imported here too".to_owned() } else { format!("so is {}", other.path) });
    }
    if others.len() > 3 {
        finding.note(format!("{} more imports fail for the same reason", others.len() - 3));
    }
}

fn ignored<'f>(rule: &Rule, first: &Importer, found: &'f mut Findings) -> &'f mut Finding {
    let (path, pattern) = (&first.path, rule.pattern.trim());
    let name = pattern.trim_start_matches("**/").trim_end_matches('/');
    let message = if first.is_on_disk {
        format!(
            "in every clone this import fails: `{path}` is on this disk only, `{pattern}` in {} hides it from git",
            rule.file
        )
    } else {
        format!(
            "this import fails: the repository has no `{path}`, and `{pattern}` in {} keeps git from ever holding it",
            rule.file
        )
    };
    let finding = found.at(first.place, message).label(format!("leads to {path}, which git ignores"));
    match rule.place {
        Some(place) => {
            finding.related(place, format!("matches every directory called `{name}`, at any depth"));
            let home = Tree::parent(&rule.file);
            let meant = if home.is_empty() { format!("/{name}/") } else { format!("{home}/{name}/") };
            let anchored = format!("/{name}{}", if pattern.ends_with('/') { "/" } else { "" });
            finding.suggest(format!("Ignore only {meant}"), [Edit { place, text: anchored }]);
        }
        None => {
            finding.note(format!("the rule stands in {}, above this directory", rule.file));
        }
    }
    if first.is_on_disk {
        finding
            .note(format!("`git add {path}` after the rule is changed, or `git add -f {path}` with the rule as it is"));
    }
    finding
}
