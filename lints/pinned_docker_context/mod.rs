//! A script points docker at a daemon that the rest of the repository does not use.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::docker::DaemonKind;
use twiceshy_repo::{PinnedDaemon, Repo};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PinnedDockerContext {}

impl Lint for PinnedDockerContext {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Outage, scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for pin in repo.pinned_daemons() {
            report(&pin, found);
        }
    }
}

fn report(pin: &PinnedDaemon, found: &mut Findings) {
    let daemon = &pin.daemon;
    let message = match (pin.stays, pin.kind) {
        (true, _) => format!(
            "every later docker command of this user goes to `{daemon}`, other scripts' too, and fails or misses their containers when that is another daemon"
        ),
        (false, DaemonKind::Host) => format!(
            "this script speaks to another daemon than the rest: its containers are unknown there, and without that daemon it fails with \"Cannot connect to the Docker daemon at {daemon}\""
        ),
        (false, DaemonKind::Context) => format!("this script speaks to another daemon than the rest: `{daemon}`"),
    };
    let finding =
        found.at(pin.place, message).label(if pin.is_rootless { "a user's own daemon" } else { "another daemon" });
    let words = match pin.others {
        1 => "takes the default".to_owned(),
        2 => "takes the default, as another script does".to_owned(),
        others => format!("takes the default, as {} other scripts do", others - 1),
    };
    finding.related(pin.other, words);
    if pin.stays {
        finding.note(format!(
            "`docker --context {daemon} …` holds for one command; `docker context use default` goes back"
        ));
    }
    if !pin.is_rootless {
        finding.level(Level::Pedantic);
    }
}
