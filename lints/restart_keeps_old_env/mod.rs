//! An env file is changed, and the container only restarted: it keeps the environment that it was made with.

use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::{Repo, StaleEnv};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RestartKeepsOldEnv {}

impl Lint for RestartKeepsOldEnv {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Outage, scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for stale in repo.stale_env(found.focus()) {
            report(&stale, found);
        }
    }
}

fn report(stale: &StaleEnv<'_>, found: &mut Findings) {
    let (_, service) = stale.service;
    let (name, file) = (&service.name, &stale.file);
    let more = match stale.others {
        0 => String::new(),
        others => format!(" (so do {others} more)"),
    };
    let why = format!("a restart does not read `{file}` again, only a new container does");
    let message = if stale.is_page {
        format!("whoever follows these instructions keeps the old environment of `{name}`{more}: {why}")
    } else {
        format!("`{name}` keeps its old environment{more}: {why}")
    };
    let finding = found.at(stale.place, message).label("restarts the container that is there");
    let changed = if stale.is_told { "to be changed here" } else { "changed here" };
    finding.related(stale.change, format!("`{file}` is {changed}"));
    finding.related(stale.given, format!("gives `{name}` what it says"));
    match &stale.edit {
        Some(edit) => finding.suggest("make the containers anew", [edit.clone()]),
        None => finding.note(format!("`docker compose up -d --force-recreate {name}` makes a new container")),
    };
}
