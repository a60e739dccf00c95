//! Imports of files that a clone of the repository does not hold.

use serde::Deserialize;
use std::collections::BTreeMap;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Edit, FileId, Ignored, ImportTarget, Place, Repo, Resolved, Tree, Untracked};

/// Imports of files that a clone of the repository does not hold.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct UntrackedImport {}

impl Lint for UntrackedImport {
    type Subject = Repo;
    const META: Meta = meta!(Error, Deploy);

    fn check(&self, _: &Repo, repo: &Repo, found: &mut Findings) {
        let mut by_cause: BTreeMap<Cause, Vec<Importer>> = BTreeMap::new();
        for module in repo.node.iter().filter(|module| !is_sample(repo.tree.path(module.file))) {
            for import in module.imports.iter().filter(|import| !import.is_optional) {
                let cause = match repo.resolve_import(module.file, &import.specifier) {
                    Resolved::Untracked { path, why: Untracked::Ignored(rule) } => Cause::ignored(repo, path, rule, true),
                    Resolved::Untracked { path, why: Untracked::NeverAdded } => Cause::NeverAdded(path),
                    Resolved::Missing { path, ignored: Some(rule) } => Cause::ignored(repo, path, rule, false),
                    Resolved::Missing { path, ignored: None } => Cause::Missing(path),
                    _ => continue,
                };
                let importer = Importer { place: import.place, is_type_only: import.is_type_only };
                by_cause.entry(cause).or_default().push(importer);
            }
        }
        for (cause, importers) in by_cause {
            report(repo, &cause, &importers, found);
        }
    }
}

/// What has to be done away with: one finding each.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// A rule that hides sources: its place or file, the rule, the first path that it hides, whether that is on this disk.
    Rule { file: String, pattern: String, place: Option<Place>, dir: String },
    NeverAdded(String),
    Missing(String),
}

struct Importer {
    place: Place,
    is_type_only: bool,
}
