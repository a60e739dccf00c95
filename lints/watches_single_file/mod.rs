//! Finds configuration that is read again at run time and mounted as a single file.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Project, Repo, Reread, StaleMount};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct WatchesSingleFile {}

impl Lint for WatchesSingleFile {
    type Subject = Project;
    const META: Meta = meta!(Warn, Outage, Compose, from system);

    fn check(&self, project: &Project, repo: &Repo, found: &mut Findings) {
        for stale in project.stale_mounts(repo) {
            report(&stale, found);
        }
    }
}

fn report(stale: &StaleMount<'_>, found: &mut Findings) {
    let StaleMount { service, mount, program, cause, edits } = stale;
    let target = mount.target.as_deref().unwrap_or_default();
    let message = match cause {
        Reread::Watched(_) => format!(
            "{program} goes on with the old {target} after git, `sed -i` or an editor has replaced it: a file that is mounted on its own is the old file until the container is started again"
        ),
        Reread::Told(_) | Reread::CanBeTold(_) => format!(
            "a reload of {program} reads the old {target} after git, `sed -i` or an editor has replaced it: a file that is mounted on its own is the old file until the container is started again"
        ),
    };
    let finding = found.at(mount.source_place, message).label("mounted on its own");
    match cause {
        Reread::Watched(place) => {
            finding.related(*place, format!("`{}` watches it", service.name));
        }
        Reread::Told(place) => {
            finding.related(
                *place,
                format!("the reload does not start `{}` again, and says that all is well", service.name),
            );
        }
        Reread::CanBeTold(place) => {
            finding.related(*place, "lets it be told to read its configuration again").level(Level::Pedantic);
        }
    }
    if edits.is_empty() {
        finding.note(format!(
            "mount the directory that the file lies in, or start the container again after a change: `docker compose up -d --force-recreate {}`",
            service.name
        ));
    } else {
        finding.suggest("mount the directory", edits.clone());
    }
}
