//! Finds commands that start a second server on the data of a service.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Repo, SecondServer};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RunOnLiveVolume {}

impl Lint for RunOnLiveVolume {
    type Subject = Repo;
    const META: Meta = meta!(Error, DataLoss, scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for second in repo.second_servers(found.focus()) {
            report(&second, found);
        }
    }
}

fn report(second: &SecondServer<'_>, found: &mut Findings) {
    let SecondServer { data, image, .. } = second;
    let owner = &data.service.name;
    let own = data.database.as_ref().map_or(String::new(), |image| format!(" (`{image}`)"));
    let is_postgres = data.database.as_ref().is_some_and(|image| !is_of_redis(&image.name));
    let what = match is_postgres {
        true => "both write its pages, and neither sees the other",
        false => "the one that saves last removes what the other has saved",
    };
    let who = if second.is_page { "whoever follows these instructions starts" } else { "starts" };
    let finding = found
        .at(second.mount, format!("{who} a second server (`{image}`) on the data of `{owner}`{own}: {what}"))
        .label(format!("`{}` belongs to `{owner}`", data.mount.source.as_deref().unwrap_or_default()));
    finding.related(data.place(), format!("`{owner}` keeps its data here"));
    if is_postgres {
        finding
            .note("`postmaster.pid` protects within one container only: in the other, its process is not to be seen");
        finding.note(format!(
            "ask the server that runs: `docker compose exec {owner} pg_dump …`, `psql -h {owner}` on its network; or stop \
             `{owner}` first"
        ));
    } else {
        finding.note(format!("ask the server that runs, on its network; or stop `{owner}` first"));
    }
    if second.is_page {
        finding.level(Level::Warn);
    }
}

fn is_of_redis(name: &str) -> bool {
    ["redis", "valkey", "keydb", "dragonfly"].iter().any(|own| name.contains(own))
}
