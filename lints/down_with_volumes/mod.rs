//! Finds deployments that remove the volumes of a database.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Destroyed, Removal, Repo, Why};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DownWithVolumes {}

impl Lint for DownWithVolumes {
    type Subject = Repo;
    const META: Meta = meta!(Error, DataLoss, scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for destroyed in repo.destroyed_data(found.focus()).iter().filter(|destroyed| destroyed.why == Why::Unsaid) {
            report(destroyed, found);
        }
    }
}

fn report(destroyed: &Destroyed<'_>, found: &mut Findings) {
    let Some(first) = destroyed.data.first() else { return };
    let owner = &first.service.name;
    let mut names: Vec<&str> = destroyed.data.iter().map(|data| data.service.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let more = match names.len() {
        0 | 1 => String::new(),
        several => format!(" (and of {} more)", several - 1),
    };
    let own = first.database.as_ref().map_or(String::new(), |image| format!(" (`{image}`)"));
    let who = if destroyed.is_page { "whoever follows these instructions removes" } else { "removes" };
    let (place, label) = match destroyed.way {
        Removal::Down(Some(flag)) => (flag, "with the containers, the volumes go"),
        Removal::Prune => {
            (destroyed.place, "takes every volume that no container has; those of the stack were removed before")
        }
        _ => (destroyed.place, "nothing is saved before, and nobody is asked"),
    };
    let finding = found.at(place, format!("{who} the data of `{owner}`{own}{more} with its volume")).label(label);
    if place != destroyed.place {
        finding.related(destroyed.place, "by this command");
    }
    finding.related(first.place(), format!("`{owner}` keeps its data here"));
    finding.note(
        "a volume that is removed cannot be brought back; without the option its containers are replaced, and it stays",
    );
    if destroyed.is_page || !destroyed.is_deployment {
        finding.level(Level::Warn);
    }
    if let Some(edit) = &destroyed.edit {
        match destroyed.is_deployment {
            true => finding.fix("keep the volumes", [edit.clone()]),
            false => finding.suggest("keep the volumes", [edit.clone()]),
        };
    }
}
