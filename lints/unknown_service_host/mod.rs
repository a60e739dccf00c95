//! A service is told to call a host that means nothing on its networks.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Repo, UnknownHost};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct UnknownServiceHost {}

impl Lint for UnknownServiceHost {
    type Subject = Repo;
    const META: Meta = meta!(Error, Outage, Compose | Env | Nginx, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for unknown in repo.unknown_hosts(found.focus()) {
            report(&unknown, found);
        }
    }
}

fn report(unknown: &UnknownHost<'_>, found: &mut Findings) {
    let (from, host) = (&unknown.from.name, &unknown.call.host);
    let Some(apart) = unknown.apart.first() else {
        let finding = found.at(
            unknown.call.host_place,
            format!("`{from}` cannot resolve `{host}`: no service, alias or container of its networks has that name"),
        );
        finding.label("nothing answers to this name");
        match &unknown.nearest {
            Some((service, name)) => {
                finding.related(service.place, format!("`{name}` is here"));
                finding.suggest(format!("call `{name}`"), unknown.call.rename(name));
            }
            None => {
                // A variable that holds a name alone may be for a server of somebody else.
                let is_alone = unknown.call.scheme.is_none() && unknown.call.port.is_none();
                finding.level(if is_alone { Level::Pedantic } else { Level::Warn });
            }
        }
        if unknown.call.is_foreign {
            finding.level(Level::Pedantic);
        }
        return;
    };
    let message = match apart.network_mode() {
        Some(mode) => format!(
            "`{from}` cannot resolve `{host}`: with `network_mode: {}` it has no name on any network",
            mode.shown()
        ),
        None => format!("`{from}` cannot resolve `{host}`: the two are on no network together"),
    };
    let finding = found.at(unknown.call.host_place, message);
    finding.label("this name does not resolve here");
    if unknown.call.is_foreign {
        // Nothing in such an image asks for it.
        finding.level(Level::Pedantic);
    }
    let there = apart.network_names();
    finding.related(
        apart.place,
        if there.is_empty() {
            format!("`{}` is on none", apart.name)
        } else {
            format!("`{}` is on {}", apart.name, listed(&there))
        },
    );
    finding.related(unknown.from.place, format!("`{from}` is on {}", listed(&unknown.from.network_names())));
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
