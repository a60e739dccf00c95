//! Finds commands that remove what a running service keeps.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{RemovedData, Repo};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RemovesLiveData {}

impl Lint for RemovesLiveData {
    type Subject = Repo;
    const META: Meta = meta!(Error, DataLoss, scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for removed in repo.removed_data(found.focus()) {
            report(&removed, found);
        }
    }
}

fn report(removed: &RemovedData<'_>, found: &mut Findings) {
    let RemovedData { data, path, .. } = removed;
    let owner = &data.service.name;
    let more = match removed.others {
        0 => String::new(),
        others => format!(" (and of {others} more)"),
    };
    let what = match &data.database {
        Some(image) => format!("the database of `{owner}` (`{image}`){more}"),
        None => format!("what `{owner}` keeps{more}"),
    };
    let who = if removed.is_page { "whoever follows these instructions removes" } else { "removes" };
    let when = match (removed.stop, &removed.inside) {
        (Some(_), _) => ", and nobody is asked",
        (None, Some(_)) => ", from inside of the container that uses it",
        (None, None) => " while it may run",
    };
    let finding = found.at(removed.place, format!("{who} {what}{when}")).label(format!("`{path}` is where it lies"));
    let target = data.mount.target.as_deref().unwrap_or_default();
    finding.related(data.place(), format!("`{owner}` keeps its data here, at `{target}` in its container"));
    match removed.stop {
        Some(stop) => {
            finding.related(stop, format!("`{owner}` is stopped here"));
            finding.note(
                "ask before, or take a name that says what it does; a dump before makes it a step that can be undone",
            );
        }
        None => {
            finding.note(format!(
                "a server goes on with the files that it has open, and cannot open them again: stop `{owner}` first, move \
                 the directory away instead of removing it, and remove that when all is well"
            ));
        }
    }
    // Stopped or meant to be removed: less than a surprise.
    if removed.stop.is_some() || removed.is_meant || removed.is_page || data.database.is_none() {
        finding.level(Level::Warn);
    }
}
