//! Finds recursive changes of owner or mode over a tree in which a database keeps its files.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{ChangedOwner, Repo};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ChownsDatabase {}

impl Lint for ChownsDatabase {
    type Subject = Repo;
    const META: Meta = meta!(Error, DataLoss, scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for changed in repo.changed_owners(found.focus()) {
            report(&changed, found);
        }
    }
}

fn report(changed: &ChangedOwner<'_>, found: &mut Findings) {
    let ChangedOwner { data, image, path, .. } = changed;
    let (owner, at) = (&data.service.name, data.path());
    let what = if changed.is_mode { "modes" } else { "owners" };
    let is_postgres =
        image.name.contains("postg") || image.name.contains("pgvector") || image.name.contains("timescale");
    let then = match (changed.heals, changed.is_mode) {
        (true, false) => format!("`{owner}` can open none of them until it is started again"),
        (true, true) => format!("`{owner}` finds them open to others until it is started again"),
        (false, _) => format!("`{owner}` does not start again"),
    };
    let who = if changed.is_page { "whoever follows these instructions changes" } else { "changes" };
    let message = format!("{who} the {what} of the database files in `{at}`, too: {then}");
    let finding = found.at(changed.place, message).label(format!("`{path}` holds them"));
    finding.related(data.place(), format!("the data of `{image}`"));
    if is_postgres && !changed.is_mode {
        finding.note(
            "PostgreSQL, running: new connections fail with \"Permission denied\", and the next checkpoint ends it",
        );
    }
    if changed.heals {
        finding.note(
            "the official image, started as root, gives the files back to its user; a server that runs has lost them",
        );
    }
    // `find .` says `./data`.
    let inside = if path.trim_end_matches('/') == "." { format!("./{at}") } else { at.to_owned() };
    finding.note(format!(
        "leave it out: `find {path} -path {inside} -prune -o -exec chown … {{}} +`, or name the directories that are meant"
    ));
    if changed.is_page || changed.is_mode || !is_postgres {
        finding.level(Level::Warn);
    }
}
