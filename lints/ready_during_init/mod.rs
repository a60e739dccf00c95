//! Finds health checks of databases that are true while the image still initialises.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{EarlyReady, Repo};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReadyDuringInit {}

impl Lint for ReadyDuringInit {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Outage, Compose, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        repo.early_ready().iter().for_each(|early| report(early, found));
    }
}

fn report(early: &EarlyReady<'_>, found: &mut Findings) {
    let EarlyReady { service, place, program, .. } = early;
    let Some((first, first_place)) = early.waiting.first() else { return };
    let message = match early.scripts {
        Some(_) => format!(
            "on the first start `{}` comes while `{}` still runs its scripts: the check is true for the server that initialises, which then goes away",
            first.name, service.name
        ),
        None => format!(
            "on the first start `{}` may come while `{}` still initialises: the check is true for the server that does",
            first.name, service.name
        ),
    };
    let finding = found.at(*place, message).label(format!("`{program}` asks over the socket"));
    finding.related(*first_place, format!("`{}` waits for it", first.name));
    for (other, place) in early.waiting.iter().skip(1) {
        finding.related(*place, format!("`{}` too", other.name));
    }
    if let Some(scripts) = early.scripts {
        finding.related(scripts, "these run while it initialises");
    } else {
        finding.level(Level::Pedantic);
    }
    finding.note("over the network it answers only when it is done: that server listens on the socket alone");
    finding.suggest("ask over the network", early.edit.clone());
}
