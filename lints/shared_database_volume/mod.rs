//! Finds database servers that run on one data directory.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Repo, SharedData};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SharedDatabaseVolume {}

impl Lint for SharedDatabaseVolume {
    type Subject = Repo;
    const META: Meta = meta!(Error, DataLoss, Compose, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for shared in repo.shared_data(found.focus()) {
            report(&shared, found);
        }
    }
}

fn report(shared: &SharedData<'_>, found: &mut Findings) {
    let (service, image, mount) = &shared.first;
    let name = &service.name;
    let source = mount.source_raw.as_deref().unwrap_or_default();
    let does = if image.name.contains("postg") || image.name.contains("pgvector") || image.name.contains("timescale") {
        "both start, each in a process namespace of its own, and overwrite each other's pages"
    } else if image.name.contains("redis") || image.name.contains("valkey") {
        "the one that saves last removes what the other has saved"
    } else {
        "one of them does not start, or they overwrite each other's files"
    };
    let (place, message) = match (&shared.second, shared.replicas) {
        (Some((other, ..)), _) => {
            (mount.place, format!("`{name}` and `{}` run on one data directory, `{source}`: {does}", other.name))
        }
        (None, Some(replicas)) => {
            (replicas, format!("more than one `{name}` runs on one data directory, `{source}`: {does}"))
        }
        (None, None) => return,
    };
    let finding = found.at(place, message);
    match &shared.second {
        Some((other, other_image, mount)) => {
            finding.label(format!("the data of `{name}` (`{image}`)"));
            finding.related(mount.place, format!("and of `{}` (`{other_image}`)", other.name));
        }
        None => {
            finding.label("each replica mounts it");
            finding.related(mount.place, format!("the data of `{name}` (`{image}`)"));
        }
    }
    if image.name.contains("postg") {
        finding
            .note("`postmaster.pid` protects within one container only: in the other, its process is not to be seen");
    }
    if shared.needs_profiles {
        finding.note("as soon as the profiles of both are enabled");
        finding.level(Level::Warn);
    }
}
