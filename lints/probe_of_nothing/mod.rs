//! Finds requests to ports of the own machine that no service publishes.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::Repo;

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProbeOfNothing {}

impl Lint for ProbeOfNothing {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Outage, scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for probe in repo.probes_of_nothing(found.focus()) {
            report(&probe, found);
        }
    }
}

fn report(probe: &twiceshy_repo::ProbeOfNothing<'_>, found: &mut Findings) {
    let port = probe.address.port.unwrap_or_default();
    let message = format!("nothing answers on port {port} of this machine: no service publishes it");
    let finding = found.at(probe.port_place, message).label("nobody listens here");
    match (probe.inside, probe.meant) {
        (Some((service, inside)), Some((_, _, host))) => {
            finding.label(format!("the port inside `{}`", service.name));
            finding.related(inside.host_place, format!("on this machine it is {host}"));
        }
        (_, Some((service, meant, host))) => {
            finding.related(meant.host_place, format!("`{}` publishes {host}", service.name));
        }
        _ => {
            finding.note("nothing else in the repository mentions this port");
        }
    }
    if let (Some(edit), Some((service, _, host))) = (&probe.edit, probe.meant) {
        finding.suggest(format!("ask {host}, which `{}` publishes", service.name), [edit.clone()]);
    }
    if !probe.is_sure {
        finding.level(Level::Pedantic);
    }
}
