//! Routes that compose files declare: Traefik's labels and published ports.

use super::traefik::of_rule;
use super::{Backend, Hostname, Route, Router};
use crate::compose::{EnvVar, Fallback, Published, Text};
use crate::{Repo, Service};
use rustc_hash::FxHashSet;
use twiceshy_source::{Place, Span};

/// The routes that services' labels give.
pub(super) fn routes(repo: &Repo) -> Vec<Route> {
    let mut seen: FxHashSet<Place> = FxHashSet::default();
    let mut routes = Vec::new();
    for service in repo.projects.iter().flat_map(|project| &project.services) {
        let labels = all_labels(service);
        for label in &labels {
            let Some(text) = label.value.as_ref().filter(|_| is_rule(&label.name)) else { continue };
            // One definition in two projects routes once.
            if !seen.insert(text.place()) {
                continue;
            }
            let port = labels
                .iter()
                .find(|label| is_port(&label.name))
                .and_then(|label| label.value.as_ref()?.value()?.parse().ok());
            let backend = Backend::Service { place: service.place, port };
            let part = |span| {
                let part = text.part(span);
                (globbed(&part), text.place_of(span))
            };
            routes.extend(of_rule(text.raw(), &part, text.place(), &backend, Router::TraefikLabel));
        }
    }
    routes
}

/// The rule that Traefik gives to every container that has none of its own: ``--providers.docker.defaultrule=Host(`{{ .Name }}.a.test`)``.
pub(super) fn defaults(repo: &Repo) -> Vec<Route> {
    let mut routes = Vec::new();
    for service in repo.projects.iter().flat_map(|project| &project.services) {
        for word in service.argv() {
            let Some((flag, rule)) = word.text().split_once('=') else { continue };
            if !flag.starts_with("--providers.") || !flag.to_ascii_lowercase().ends_with(".defaultrule") {
                continue;
            }
            let place = word.place(Span::new(0, word.text().len()));
            let part = |span: Span| (super::nginx::globbed(span.of(rule)), place);
            routes.extend(of_rule(rule, &part, place, &Backend::Unknown, Router::TraefikLabel));
        }
    }
    routes
}

/// A route without a hostname for each port that a service publishes.
pub(super) fn ports(repo: &Repo) -> Vec<Route> {
    let mut seen: FxHashSet<(Place, Place)> = FxHashSet::default();
    let mut routes = Vec::new();
    for service in repo.projects.iter().flat_map(|project| &project.services) {
        for port in &service.ports {
            if seen.insert((service.place, port.place)) {
                let target = port.target.filter(|ports| ports.0 == ports.1).map(|ports| ports.0);
                let backend = Backend::Service { place: service.place, port: target };
                routes.push(Route {
                    hostname: None::<Hostname>,
                    path: None,
                    backend,
                    place: port.place,
                    by: Router::Port,
                });
            }
        }
    }
    routes
}

/// `labels`, and those of `deploy`, which Swarm reads.
fn all_labels(service: &Service) -> Vec<EnvVar> {
    let mut labels = service.labels();
    labels.extend(service.deploy_labels());
    labels
}

/// `traefik.http.routers.NAME.rule`, `traefik.frontend.rule`
fn is_rule(name: &str) -> bool {
    name.starts_with("traefik.") && name.ends_with(".rule") && (name.contains(".routers.") || name.contains("frontend"))
}

fn is_port(name: &str) -> bool {
    name.starts_with("traefik.") && (name.ends_with(".loadbalancer.server.port") || name.ends_with(".port"))
}

/// The text with `*` for each variable that has a default, and its value for those that the project's env file gives.
fn globbed(text: &Text) -> String {
    let variables = text.variables();
    let has_no_default = |fallback| matches!(fallback, Fallback::Empty | Fallback::StopIfEmpty | Fallback::StopIfUnset);
    let is_set = variables.iter().all(|variable| has_no_default(variable.fallback));
    match text.value().filter(|_| is_set) {
        Some(value) => value.to_owned(),
        None => super::nginx::globbed(text.raw()),
    }
}

impl Service {
    /// Whether it publishes a port of the host.
    pub fn publishes_port(&self, port: u16) -> bool {
        self.ports.iter().any(|published| match published.published {
            Published::Ports(ports) => (ports.0..=ports.1).contains(&port),
            _ => false,
        })
    }
}
