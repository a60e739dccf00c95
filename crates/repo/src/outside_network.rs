//! Containers that scripts start beside the services of a project, and on another network.

use crate::docker::{Act, DockerCall, Run};
use crate::script::Host;
use crate::{Focus, Project, Repo, Script, Service};
use twiceshy_source::{Edit, Place};

/// A container that is started outside of the network of the services that it belongs to.
#[derive(Debug)]
pub struct OutsideNetwork<'r> {
    /// The words that start it.
    pub place: Place,
    /// Its name or image.
    pub name: String,
    /// The project that it belongs to.
    pub project: &'r Project,
    /// What shows that it belongs to it.
    pub tie: Tie<'r>,
    /// The network's name on the host, where the files tell it.
    pub network: Option<String>,
    /// What puts it on the network.
    pub edit: Option<Edit>,
}

/// What ties a container to a project.
#[derive(Debug)]
pub enum Tie<'r> {
    /// It carries labels for a proxy that is one of the services.
    Labels {
        /// The first of them, in the script.
        label: Place,
        /// The proxy.
        proxy: &'r Service,
    },
    /// It is told to reach a service by its name.
    Reaches {
        /// Where it is told.
        setting: Place,
        /// The service.
        service: &'r Service,
    },
    /// A service is told to reach it by its name.
    ReachedBy {
        /// The service.
        service: &'r Service,
        /// Where it is told.
        setting: Place,
        /// The name.
        name: String,
    },
    /// It takes the place of a service: it has its name.
    Replaces(&'r Service),
}

impl Repo {
    /// Containers that scripts start in the background without a network, and that belong to a project's services.
    pub fn outside_network(&self, focus: Focus) -> Vec<OutsideNetwork<'_>> {
        let mut found = Vec::new();
        if self.projects.is_empty() {
            return found;
        }
        let calls: Vec<_> = self.scripts.within(focus).flat_map(Script::docker_calls).collect();
        for call in &calls {
            let Some(run) = call.run() else { continue };
            if !is_long_lived_alone(run) || call.daemon().is_some() {
                continue;
            }
            // Tests bring up what they need on their own.
            if is_test(self.tree.path(call.script().file), &call.script().host) {
                continue;
            }
            if connected_later(&calls, call) {
                continue;
            }
            let tied = self.projects.iter().find_map(|project| Some((project, tie(project, call, run)?)));
            let Some((project, tie)) = tied else { continue };
            let network = network_of(project, &tie);
            let edit = network.as_ref().and_then(|network| {
                let verb = call.script().written(run.span);
                call.edit(run.span, &format!("{verb} --network {network}"))
            });
            let name = run.name().map_or_else(|| run.image.pattern(), |name| name.pattern());
            found.push(OutsideNetwork { place: call.words_place(), name, project, tie, network, edit });
        }
        found
    }
}

/// Whether it stays, and nothing says which network it is on.
fn is_long_lived_alone(run: &Run) -> bool {
    let links = ["--link", "--pod", "--network-alias", "--ip"];
    run.starts
        && run.given.is_whole
        && run.is_detached()
        && !run.is_removed()
        && run.networks().is_empty()
        && !links.iter().any(|option| run.given.has(option))
        && !run.image.is_placeholder()
}

fn is_test(path: &str, host: &Host) -> bool {
    let in_tests = path.split('/').any(|part| {
        let part = part.to_ascii_lowercase();
        part.starts_with("test") || part == "e2e" || part == "ci" || part.contains("integration")
    });
    in_tests || matches!(host.outermost(), Host::Step { job, .. } if job.contains("test") || job.contains("e2e"))
}

/// `docker network connect` in the same script.
fn connected_later(calls: &[DockerCall<'_>], call: &DockerCall<'_>) -> bool {
    calls.iter().filter(|other| other.script().file == call.script().file).any(|other| match &other.act {
        Act::Other(words) => {
            words.first().is_some_and(|word| word.is("network")) && words.get(1).is_some_and(|word| word.is("connect"))
        }
        _ => false,
    })
}

fn tie<'r>(project: &'r Project, call: &DockerCall<'_>, run: &Run) -> Option<Tie<'r>> {
    for label in run.given.all("--label") {
        let text = label.pattern();
        let proxies: &[&str] = match text.split(['.', '_', '=']).next() {
            Some("traefik") if !text.contains("enable=false") => &["traefik"],
            Some("caddy") => &["caddy"],
            _ => continue,
        };
        let proxy = project.services.iter().find(|service| {
            let image = service.image.as_ref().map(|image| image.shown()).unwrap_or_default();
            proxies.iter().any(|proxy| image.contains(proxy))
        });
        // A proxy on the host's network reaches the default bridge as well as any other.
        if let Some(proxy) = proxy.filter(|proxy| !proxy.uses_host_network()) {
            return Some(Tie::Labels { label: call.place(label.span), proxy });
        }
    }
    for setting in run.env() {
        let text = setting.pattern();
        let Some((_, value)) = text.split_once('=') else { continue };
        let service = project.services.iter().find(|service| {
            let names = [Some(service.name.as_str()), service.container_name().and_then(|name| name.value())];
            names.into_iter().flatten().any(|name| names_host(value, name))
        });
        if let Some(service) = service {
            return Some(Tie::Reaches { setting: call.place(setting.span), service });
        }
    }
    let name = run.name()?.text()?;
    if name.len() < 3 {
        return None;
    }
    for service in &project.services {
        for variable in &service.environment {
            let Some(value) = &variable.value else { continue };
            if names_host(value.shown(), &name) && project.service(&name).is_none() {
                return Some(Tie::ReachedBy { service, setting: value.place(), name });
            }
        }
    }
    // With ports of its own it is meant to be reached from the host.
    let replaced = project.services.iter().find(|service| {
        let own = service.container_name().and_then(|name| name.value());
        own == Some(name.as_str()) || own.is_none() && service.name == name
    });
    let is_same_image = |service: &&Service| {
        let own = service.image.as_ref().and_then(|image| crate::Image::parse(image.value()?));
        own.zip(run.image()).is_some_and(|(own, image)| own.name == image.name)
    };
    replaced.filter(|_| run.ports().is_empty()).filter(is_same_image).map(Tie::Replaces)
}

/// Whether a value names `host` as a host with a port or scheme: `http://host:80`, `user@host:5432/db`, `host:9092`.
pub(crate) fn names_host(value: &str, host: &str) -> bool {
    value.match_indices(host).any(|(at, _)| {
        let before = &value[..at];
        let after = &value[at + host.len()..];
        let starts = before.ends_with("://") || before.ends_with('@') || before.is_empty() || before.ends_with(',');
        let port = after.strip_prefix(':').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let ends = port || before.ends_with("://") && (after.is_empty() || after.starts_with('/'));
        starts && ends
    })
}

/// The name of the network on the host, where the files tell it.
fn network_of(project: &Project, tie: &Tie<'_>) -> Option<String> {
    let (Tie::Labels { proxy: service, .. }
    | Tie::Reaches { service, .. }
    | Tie::ReachedBy { service, .. }
    | Tie::Replaces(service)) = tie;
    let key = (*service.network_names().first()?).to_owned();
    let named = project.network(&key);
    if let Some(name) = named.and_then(|network| network.name()) {
        return name.value().map(str::to_owned);
    }
    if named.is_some_and(crate::compose::Named::is_external) {
        return Some(key);
    }
    let project_name = match &project.name {
        Some(name) => name.value()?.to_owned(),
        // A project at the top of the repository is called as the directory of whoever cloned it.
        None => {
            let dir = project.dir.rsplit('/').next().filter(|dir| !dir.is_empty())?;
            dir.to_ascii_lowercase().chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
        }
    };
    Some(format!("{project_name}_{key}"))
}
