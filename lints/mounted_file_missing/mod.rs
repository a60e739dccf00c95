//! Finds files that compose files mount and that a clone does not hold.

use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::{MissingMount, Place, Project, Repo, Span};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct MountedFileMissing {}

impl Lint for MountedFileMissing {
    type Subject = Project;
    const META: Meta = meta!(Warn, Outage, Compose, from system);

    fn check(&self, project: &Project, repo: &Repo, found: &mut Findings) {
        for missing in project.missing_mounts(repo) {
            report(&missing, repo, found);
        }
    }
}

fn report(missing: &MissingMount<'_>, repo: &Repo, found: &mut Findings) {
    let service = &missing.service.name;
    let target = missing.mount.target.as_deref().unwrap_or_default();
    let message = if missing.makes_directory {
        format!(
            "in a fresh clone `{service}` gets an empty directory for the file {target}, or does not start: there is no {}",
            missing.path
        )
    } else {
        format!(
            "in a fresh clone `{service}` does not start, or gets an empty directory for the file {target}: there is no {}",
            missing.path
        )
    };
    let finding = found.at(missing.mount.source_place, message).label("the repository does not hold it");
    if let Some(reader) = missing.reader {
        finding.related(reader, "the file is read there");
    }
    if let Some(file) = missing.nearest {
        finding.related(Place::new(file, Span::new(0, 0)), format!("{} is there", repo.tree.path(file)));
    }
    finding.note("nothing here makes it: no script writes it, no example lies beside it, and git does not ignore it");
}
