//! Finds services that start before the database that they need answers.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{EarlyStart, FirstUse, Project, Repo, Role};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct WaitsWithoutHealth {}

impl Lint for WaitsWithoutHealth {
    type Subject = Project;
    const META: Meta = meta!(Warn, Outage, Compose);

    fn check(&self, project: &Project, repo: &Repo, found: &mut Findings) {
        let is_development = repo.is_development(project);
        for early in repo.early_starts(project) {
            report(&early, is_development, repo, found);
        }
    }
}

fn report(early: &EarlyStart<'_>, is_development: bool, repo: &Repo, found: &mut Findings) {
    let Some(first) = early.stores.first() else { return };
    let store = first.service;
    let name = &early.service.name;
    let back = early.service.comes_back();
    let end = match back {
        Some(_) => "crashes until it answers",
        None => "stays down",
    };
    let message = match early.first_use {
        Some((FirstUse::Migrates, _)) => {
            format!("on a first or slow start of `{}`, `{name}` migrates before it answers, and {end}", store.name)
        }
        Some((FirstUse::Connects, _)) => {
            format!("on a first or slow start of `{}`, `{name}` connects before it answers, and {end}", store.name)
        }
        None => format!("`{name}` starts as soon as `{}` was started, not when it answers", store.name),
    };
    let finding = found.at(first.dependency.place, message).label("waits for its process, not for its health");
    match early.first_use {
        Some((FirstUse::Migrates, place)) => finding.related(place, "the first thing that it does"),
        Some((FirstUse::Connects, place)) => finding.related(place, "connects while it starts"),
        None => finding,
    };
    if let Some(policy) = back {
        finding.related(policy.place(), "brings it back, again and again");
    }
    match store.healthcheck.as_ref().filter(|check| check.test.is_some()) {
        Some(check) => finding.related(check.place, format!("`{}` has a health check", store.name)),
        None => finding.related(store.place, format!("`{}` has no health check", store.name)),
    };
    for other in early.stores.iter().skip(1) {
        finding.note(format!("it does not wait for `{}` either", other.service.name));
    }
    // A cache answers within milliseconds; what is restarted recovers by itself.
    if early.first_use.is_none() || back.is_some() || is_development || first.role == Role::Cache {
        finding.level(Level::Pedantic);
    }
    finding.suggest("wait until it answers", early.edits(repo));
}
