//! A container is started with `docker run` beside the services that it belongs to, and not on their network.

use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::{OutsideNetwork, Repo, Tie};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RunOutsideNetwork {}

impl Lint for RunOutsideNetwork {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Outage, scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for outside in repo.outside_network(found.focus()) {
            report(&outside, found);
        }
    }
}

fn report(outside: &OutsideNetwork<'_>, found: &mut Findings) {
    let name = &outside.name;
    let message = match &outside.tie {
        Tie::Labels { proxy, .. } => {
            format!("`{}` answers 502 or 504 for `{name}`: they share no network", proxy.name)
        }
        Tie::Reaches { service, .. } => {
            format!("`{name}` cannot reach `{}`: on the default network that name does not exist", service.name)
        }
        Tie::ReachedBy { service, name: host, .. } => {
            format!("`{}` cannot reach `{host}`: they share no network", service.name)
        }
        Tie::Replaces(service) => {
            format!("nothing reaches `{name}` in place of the service `{}`: they share no network", service.name)
        }
    };
    let finding = found.at(outside.place, message).label("on docker's default network");
    match &outside.tie {
        Tie::Labels { label, proxy } => {
            finding.related(*label, "meant for the proxy");
            finding.related(proxy.place, "the proxy is on the project's network");
        }
        Tie::Reaches { setting, service } => {
            finding.related(*setting, format!("told to reach `{}`", service.name));
            finding.related(service.place, "on the project's network");
        }
        Tie::ReachedBy { setting, service, .. } => {
            finding.related(*setting, format!("`{}` is told to reach it", service.name));
        }
        Tie::Replaces(service) => {
            finding.related(service.place, "the service of that name is on the project's network");
        }
    }
    match (&outside.edit, &outside.network) {
        (Some(edit), Some(network)) => {
            finding.suggest(format!("put it on `{network}`"), [edit.clone()]);
        }
        (_, Some(network)) => {
            finding.note(format!("`--network {network}`"));
        }
        _ => {
            finding.note(
                "`--network` with the name that `docker network ls` shows: the project's name, `_`, and the network's",
            );
        }
    }
}
