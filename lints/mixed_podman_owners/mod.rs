//! Finds commands that ask Podman as one user for what another one made.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Repo, Thing};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct MixedPodmanOwners {}

impl Lint for MixedPodmanOwners {
    type Subject = Repo;
    const META: Meta = meta!(Error, SilentFailure, scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for one in repo.other_owners() {
            let thing = match one.thing {
                Thing::Container => "container",
                Thing::Volume => "volume",
                Thing::Network => "network",
            };
            let (asks, owner) =
                if one.as_root { ("as root", "the user who ran") } else { ("as a user", "root, who ran") };
            let name = &one.name;
            let message = if one.looks {
                format!(
                    "{asks} there is no {thing} `{name}`: it belongs to {owner} the other command, and this one takes it for gone"
                )
            } else {
                format!(
                    "{asks} `podman {}` does not find the {thing} `{name}`: it belongs to {owner} the other command",
                    one.verb
                )
            };
            let finding =
                found.at(one.place, message).label(if one.as_root { "root's Podman" } else { "the user's Podman" });
            finding.related(one.made, if one.as_root { "made by the user's Podman" } else { "made by root's Podman" });
            finding.note(if one.as_root {
                "name the user: `sudo -u USER XDG_RUNTIME_DIR=/run/user/UID podman …`, or run all of it as that user"
            } else {
                "run both as root, or both as the user"
            });
            if one.is_page {
                finding.level(Level::Warn);
            }
        }
    }
}
