//! Finds checks that ask the machine behind a proxy and never the hostname in front of it.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{BehindProxy, Repo, Route};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProbeBehindProxyOnly {}

impl Lint for ProbeBehindProxyOnly {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Outage, scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for behind in repo.probes_behind_proxies() {
            report(&behind, found);
        }
    }
}

/// How many hostnames are shown.
const SHOWN: usize = 6;

fn report(behind: &BehindProxy<'_>, found: &mut Findings) {
    let Some((address, first)) = behind.asked.first() else { return };
    let names: Vec<&str> = behind.asked.iter().map(|(_, route)| name(route)).collect();
    let router = first.by.name();
    let message = match names.as_slice() {
        [one] => format!(
            "this goes on passing while `{one}` is down: it asks the machine behind {router}, and nothing asks the hostname"
        ),
        _ => format!(
            "these go on passing while {} public hostnames are down: they ask the machines behind {router}, and nothing asks the hostnames",
            names.len()
        ),
    };
    let finding = found.at(address.place, message).label(format!("what stands behind `{}`", name(first)));
    for (_, route) in behind.asked.iter().take(SHOWN) {
        finding.related(route.place, format!("people ask `{}`", name(route)));
    }
    if names.len() > SHOWN {
        finding.note(format!("and {} more", names.len() - SHOWN));
    }
    finding.note(format!("ask it as people do as well: `curl -fsS --max-time 10 https://{}/`", names[0]));
    if !behind.is_watch {
        finding.note("it is a script that brings something up, and may only wait for that").level(Level::Pedantic);
    }
}

fn name(route: &Route) -> &str {
    route.hostname.as_ref().map_or("", |hostname| &hostname.name)
}
