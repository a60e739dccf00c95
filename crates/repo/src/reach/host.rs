//! What a name means inside a service's container.

use crate::compose::{Named, Text};
use crate::{Project, Repo, Service};

/// What a name of a host means inside a service's container.
#[derive(Clone, Debug)]
pub enum Host<'p> {
    /// These services, on a network that both are on. Usually one.
    Services(Vec<&'p Service>),
    /// These services have the name, but on networks that the asking one is not on: it does not resolve.
    Apart(Vec<&'p Service>),
    /// Nothing: no service, alias, container or entry of `/etc/hosts` has that name.
    Nobody,
    /// It may be anything: something outside the project answers names there, or not all of it is known.
    Open,
}

/// Names that stand for the container itself or the machine that it runs on.
const OWN_NAMES: &[&str] = &[
    "localhost",
    "ip6-localhost",
    "ip6-loopback",
    "host",
    "host.docker.internal",
    "gateway.docker.internal",
    "kubernetes.docker.internal",
    "host.containers.internal",
    "host.lima.internal",
];

impl Repo {
    /// What `host` means inside the container of `from`, a service of `project`.
    pub fn host<'r>(&'r self, project: &'r Project, from: &Service, host: &str) -> Host<'r> {
        if OWN_NAMES.contains(&host) {
            return Host::Open;
        }
        if from.extra_hosts.iter().any(|(name, _)| name == host) {
            return Host::Open;
        }
        // What nobody wrote down: `PROJECT-SERVICE-1`, with `_` before Compose 2, of this project or another one.
        if is_given_by_compose(host) || host.chars().any(|c| c.is_ascii_uppercase()) {
            return Host::Open;
        }
        let reached = project.reached(from, host);
        if !reached.is_empty() {
            return Host::Services(reached);
        }
        let owner = from.shares_network_of().and_then(|of| project.service(&of.name));
        let asks = owner.unwrap_or(from);
        let mode_is_open = asks.network_mode().is_some_and(|mode| mode.value() != Some("none"));
        let own_dns = ["dns", "dns_search", "domainname", "external_links", "dns_opt"]
            .iter()
            .any(|key| asks.value(&[key]).is_some() || from.value(&[key]).is_some());
        if !project.is_complete || mode_is_open || own_dns {
            return Host::Open;
        }
        if asks.network_names().iter().any(|network| self.is_shared_network(project, network)) {
            return Host::Open;
        }
        if project.services.iter().any(has_unknown_names) {
            return Host::Open;
        }
        let apart: Vec<_> = project.services.iter().filter(|service| has_name(service, host)).collect();
        if apart.is_empty() { Host::Nobody } else { Host::Apart(apart) }
    }

    /// Whether others than the project's services can be on its network `key`: it is external, of a name that is not
    /// known, attachable, or another project of the repository has one of the same name.
    fn is_shared_network(&self, project: &Project, key: &str) -> bool {
        let Some(network) = project.network(key) else {
            // `default` is there unsaid; any other was to be defined somewhere else.
            return key != "default";
        };
        if network.is_external() || network.value.at(&["attachable"]).is_some() {
            return true;
        }
        let Some(name) = network.name() else { return false };
        let Some(name) = name.value() else { return true };
        let others = self.projects.iter().filter(|other| !std::ptr::eq(*other, project));
        others.flat_map(|other| &other.networks).filter_map(Named::name).any(|other| other.value() == Some(name))
    }
}

/// Whether a name looks like one that Compose gives to containers.
fn is_given_by_compose(host: &str) -> bool {
    let mut parts = host.rsplitn(3, ['_', '-']);
    let (number, service, project) = (parts.next(), parts.next(), parts.next());
    number.is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit())) && service.is_some() && project.is_some()
}

/// Whether a service has names that are not known.
fn has_unknown_names(service: &Service) -> bool {
    let aliases = service.networks.iter().flat_map(|network| &network.aliases);
    let names = [service.container_name(), service.text(&["hostname"])].into_iter().flatten().chain(aliases);
    names.into_iter().any(|name| Text::value(name).is_none())
}

/// Whether `host` is a name of the service on any network.
fn has_name(service: &Service, host: &str) -> bool {
    let own = [service.container_name(), service.text(&["hostname"])].into_iter().flatten();
    let aliases = service.networks.iter().flat_map(|network| &network.aliases);
    service.name == host || own.chain(aliases).any(|name| name.value() == Some(host))
}
