//! Calls that end nowhere: a port on which nobody listens, a host that nobody is.

use super::call::Call;
use super::endpoint::number;
use super::host::Host;
use crate::compose::{Port, Ports};
use crate::listens::{Heard, Hears, Listening};
use crate::{Focus, Place, Project, Repo, Service, nearest};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// A call of a port on which the service that it reaches does not listen.
#[derive(Debug)]
pub struct WrongPort<'r> {
    /// The service that is told to call.
    pub from: &'r Service,
    /// The call.
    pub call: Call,
    /// The service that it reaches.
    pub to: &'r Service,
    /// The port that is called.
    pub port: u16,
    /// Where that service listens, the best-known first.
    pub listens: Vec<Heard>,
    /// The port of the host that was taken for the container's.
    pub published: Option<Port>,
    /// Whether the server itself is seen to listen elsewhere.
    pub is_sure: bool,
}

/// A way in that leads to a port on which nothing listens.
#[derive(Debug)]
pub struct DeadEnd<'r> {
    /// The service.
    pub service: &'r Service,
    /// The published port, or the label that tells Traefik the port.
    pub place: Place,
    /// Whether it is a label.
    pub is_label: bool,
    /// The container's port that it leads to.
    pub target: u16,
    /// Where the service listens.
    pub listens: Vec<Heard>,
    /// The port of the host that was taken for the container's.
    pub published: Option<Port>,
}

/// A call of a host that means nothing where it is called.
#[derive(Debug)]
pub struct UnknownHost<'r> {
    /// The service that is told to call.
    pub from: &'r Service,
    /// The call.
    pub call: Call,
    /// The services that have the name, on networks that `from` is not on.
    pub apart: Vec<&'r Service>,
    /// The service that is probably meant, and the name it has.
    pub nearest: Option<(&'r Service, String)>,
}

impl Repo {
    /// Calls of ports on which the service that they reach does not listen. A call that is right in one of several projects
    /// which share its line is none.
    pub fn wrong_ports(&self, focus: Focus) -> Vec<WrongPort<'_>> {
        let mut found: Vec<WrongPort<'_>> = Vec::new();
        let mut right: FxHashSet<Place> = FxHashSet::default();
        for project in self.projects_around(focus) {
            let mut listening: FxHashMap<&str, Listening<'_>> = FxHashMap::default();
            for from in &project.services {
                for call in self.all_calls(project, from).iter().flat_map(|calls| calls.iter()) {
                    let Some(port) = call.port else { continue };
                    let Host::Services(reached) = self.host(project, from, &call.host) else {
                        right.insert(call.place());
                        continue;
                    };
                    let mut wrong = None;
                    // What shares a service's network listens under its name.
                    if reached.iter().any(|to| project.is_shared(to)) {
                        right.insert(call.place());
                        continue;
                    }
                    for to in &reached {
                        let listens = listening.entry(to.name.as_str()).or_insert_with(|| self.listening(to));
                        let (published, is_sure) = match listens.hears(port) {
                            Hears::Yes(_) | Hears::Unknown => {
                                wrong = None;
                                break;
                            }
                            Hears::IsPublished(published) => (Some(published.clone()), true),
                            Hears::No { is_sure } => (None, is_sure),
                        };
                        wrong = Some((*to, listens.best().to_vec(), published, is_sure));
                    }
                    match wrong {
                        Some((to, listens, published, is_sure)) => {
                            found.push(WrongPort { from, call: call.clone(), to, port, listens, published, is_sure });
                        }
                        None => {
                            right.insert(call.place());
                        }
                    }
                }
            }
        }
        found.retain(|wrong| !right.contains(&wrong.call.place()));
        found
    }

    /// Published ports, and ports that Traefik is told, on which nothing listens.
    pub fn dead_ends(&self, focus: Focus) -> Vec<DeadEnd<'_>> {
        let mut found: Vec<DeadEnd<'_>> = Vec::new();
        let services = self
            .projects_around(focus)
            .into_iter()
            .flat_map(|project| project.services.iter().filter(|service| !project.is_shared(service)));
        for service in services.filter(|service| service.network_mode().is_none()) {
            let labels: Vec<_> = service.labels();
            let told = labels.iter().filter(|label| label.name.ends_with(".loadbalancer.server.port"));
            let told =
                told.filter_map(|label| Some((label.value.as_ref()?.place(), number(label.value.as_ref()?.value()?)?)));
            let told: Vec<(Place, u16)> = told.collect();
            if service.ports.is_empty() && told.is_empty() {
                continue;
            }
            let listening = self.listening(service);
            let best = || listening.best().to_vec();
            for port in &service.ports {
                let Some(Ports(target, last)) = port.target else { continue };
                if target == last && port.protocol == "tcp" && listening.is_dead_end(target) {
                    let (place, listens) = (port.place, best());
                    found.push(DeadEnd { service, place, is_label: false, target, listens, published: None });
                }
            }
            for (place, target) in told {
                let published = match listening.hears(target) {
                    Hears::IsPublished(published) => Some(published.clone()),
                    Hears::No { is_sure: true } => None,
                    _ => continue,
                };
                found.push(DeadEnd { service, place, is_label: true, target, listens: best(), published });
            }
        }
        found
    }

    /// Calls of hosts that mean nothing where they are called.
    pub fn unknown_hosts(&self, focus: Focus) -> Vec<UnknownHost<'_>> {
        let mut found: Vec<UnknownHost<'_>> = Vec::new();
        let mut right: FxHashSet<Place> = FxHashSet::default();
        for project in self.projects_around(focus) {
            for from in &project.services {
                for call in self.all_calls(project, from).iter().flat_map(|calls| calls.iter()) {
                    let apart = match self.host(project, from, &call.host) {
                        Host::Apart(apart) => apart,
                        Host::Nobody if !call.host.contains('.') && !self.is_named_elsewhere(project, &call.host) => {
                            Vec::new()
                        }
                        _ => {
                            right.insert(call.place());
                            continue;
                        }
                    };
                    let nearest = self.host_meant(project, from, &call.host);
                    found.push(UnknownHost { from, call: call.clone(), apart, nearest });
                }
            }
        }
        found.retain(|unknown| !right.contains(&unknown.call.place()));
        found
    }

    fn all_calls(&self, project: &Project, from: &Service) -> [Arc<[Call]>; 2] {
        [self.calls_of(project, from), self.configured_calls(project, from)]
    }

    /// Whether another compose file of the repository has a service or container of that name: the two may be used together.
    fn is_named_elsewhere(&self, project: &Project, host: &str) -> bool {
        let others = self.projects.iter().filter(|other| !std::ptr::eq(*other, project));
        others.flat_map(|other| &other.services).any(|service| {
            service.name == host || service.container_name().and_then(crate::compose::Text::value) == Some(host)
        })
    }

    /// The service that `from` reaches under a name like `host`.
    fn host_meant<'r>(&self, project: &'r Project, from: &Service, host: &str) -> Option<(&'r Service, String)> {
        let mut names: Vec<(&'r Service, &'r str)> = Vec::new();
        for service in project.services.iter().filter(|service| service.name != from.name) {
            for network in from.network_names() {
                names.extend(service.names_on(network).into_iter().map(|name| (service, name)));
            }
        }
        let name = nearest(host, names.iter().map(|(_, name)| *name))?;
        names.iter().find(|(_, own)| *own == name).map(|(service, name)| (*service, (*name).to_owned()))
    }
}

impl Project {
    /// Whether another service shares the network of `service`: what listens there may be either.
    pub fn is_shared(&self, service: &Service) -> bool {
        self.services.iter().any(|other| other.shares_network_of().is_some_and(|of| of.name == service.name))
    }
}
