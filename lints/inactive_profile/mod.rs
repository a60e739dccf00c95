//! A service that others need has a profile that nothing enables.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{NeededBy, Repo, Unstarted};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct InactiveProfile {}

impl Lint for InactiveProfile {
    type Subject = Repo;
    const META: Meta = meta!(Error, Outage, Compose);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for unstarted in repo.unstarted_services() {
            report(&unstarted, found);
        }
    }
}

/// How many of those who need it are shown.
const SHOWN: usize = 5;

fn report(unstarted: &Unstarted<'_>, found: &mut Findings) {
    let Some(place) = unstarted.profiles.first().map(|profile| profile.place()) else { return };
    let name = &unstarted.service.name;
    let profiles: Vec<String> = unstarted.profiles.iter().map(|profile| format!("`{}`", profile.shown())).collect();
    let profiles = profiles.join(", ");
    let refused = unstarted.needs.iter().find_map(|need| match need.kind {
        NeededBy::Service { by, always, .. } => Some((by, always)),
        _ => None,
    });
    let message = match refused {
        Some((by, true)) => {
            format!(
                "Compose refuses the whole project: `{by}` needs `{name}`, and nothing enables {profiles}",
                by = by.name
            )
        }
        Some((by, false)) => format!(
            "Compose refuses the project whenever a profile of `{}` is enabled without {profiles}: it needs `{name}`",
            by.name
        ),
        None => match unstarted.needs.first().map(|need| &need.kind) {
            Some(NeededBy::Hostname(hostname)) => {
                format!("{hostname} leads to `{name}`, which never starts: nothing enables {profiles}")
            }
            Some(NeededBy::Call(by)) => {
                format!("`{}` calls `{name}`, which never starts: nothing enables {profiles}", by.name)
            }
            _ => return,
        },
    };
    let finding = found.at(place, message);
    finding.label(format!("`{name}` starts with this profile only"));
    for need in unstarted.needs.iter().take(SHOWN) {
        finding.related(
            need.place,
            match &need.kind {
                NeededBy::Service { key, by, .. } => format!("`{}` names it in `{key}`", by.name),
                NeededBy::Hostname(hostname) => format!("{hostname} leads to it"),
                NeededBy::Call(by) => format!("`{}` calls it", by.name),
            },
        );
    }
    if let Some(enabled) = unstarted.enabled {
        finding.related(enabled, "these profiles are enabled");
    }
    match refused {
        Some((_, true)) => {
            finding.note("`required: false` in `depends_on` makes a service start without one that is switched off");
        }
        Some((_, false)) => {
            finding.level(Level::Warn);
        }
        // Where the repository says nothing of profiles, an env file on the server may.
        None => {
            finding.level(if unstarted.enabled.is_some() { Level::Warn } else { Level::Pedantic });
        }
    }
}
