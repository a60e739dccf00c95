//! Checks that ask the machine behind a proxy, and never the hostname that people use.

use super::asked::Duty;
use super::zone::is_shared;
use super::{Address, Backend, Route, Router};
use crate::script::Host;
use crate::{Repo, Script};

/// Requests of one script that ask backends of public hostnames which nothing asks.
#[derive(Clone, Debug)]
pub struct BehindProxy<'r> {
    /// The script.
    pub script: &'r Script,
    /// What it asks, and the route whose hostname nobody asks.
    pub asked: Vec<(Address, &'r Route)>,
    /// Whether it is there to tell whether all is well; otherwise it brings something up and asks whether it came.
    pub is_watch: bool,
}

/// Parts of paths of what watches from elsewhere.
const WATCHERS: &[&str] = &[
    "monitor",
    "uptime",
    "health",
    "blackbox",
    "prometheus",
    "gatus",
    "alert",
    "synthetic",
    "checkly",
    "probe",
    "status",
    "smoke",
    "e2e",
    "k6",
    "playwright",
    "cypress",
    "grafana",
    "kuma",
    "upptime",
    "datadog",
    "newrelic",
];

impl Repo {
    /// Scripts that ask the backends of public hostnames by their addresses, where nothing in the repository asks the
    /// hostnames.
    pub fn probes_behind_proxies(&self) -> Vec<BehindProxy<'_>> {
        let is_public = |route: &&Route| {
            let hostname = route.hostname.as_ref();
            let is_file = !matches!(route.by, Router::Port);
            is_file
                && hostname.is_some_and(|host| {
                    host.is_exact()
                        && host.is_public()
                        && !is_shared(host.name.split_once('.').map_or("", |(_, zone)| zone))
                        && !is_shared(&host.name)
                })
        };
        let routes: Vec<&Route> = self.routes().iter().filter(is_public).collect();
        if routes.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for script in &self.scripts {
            let asked = script.asked();
            if asked.addresses.is_empty() || asked.is_open {
                continue;
            }
            let Some(duty) =
                self.duty(script).filter(|_| !self.runs_in_container(script) && !self.walks_routes(script))
            else {
                continue;
            };
            let mut pairs: Vec<(Address, &Route)> = Vec::new();
            for route in &routes {
                let is_known = pairs.iter().any(|(_, known)| {
                    known.hostname.as_ref().map(|host| &host.name) == route.hostname.as_ref().map(|host| &host.name)
                });
                if is_known {
                    continue;
                }
                if let Some(address) = asked.addresses.iter().find(|address| self.is_backend(address, route)) {
                    pairs.push((address.clone(), *route));
                }
            }
            pairs.retain(|(_, route)| !self.is_asked(route));
            pairs.sort_by_key(|(address, route)| (address.place, route.place));
            if !pairs.is_empty() {
                found.push(BehindProxy { script, asked: pairs, is_watch: duty == Duty::Watch });
            }
        }
        found
    }

    /// Whether an address is where a route leads, as seen from the proxy's own machine.
    fn is_backend(&self, asked: &Address, route: &Route) -> bool {
        match &route.backend {
            Backend::Unknown => false,
            Backend::Address(address) if !address.is_http() => false,
            Backend::Address(address) if address.port.is_some() && address.port == asked.port => {
                address.host == asked.host || address.is_own_machine() && asked.is_own_machine()
            }
            _ => {
                asked.is_own_machine()
                    && asked
                        .port
                        .is_some_and(|port| route.service(self).is_some_and(|service| service.publishes_port(port)))
            }
        }
    }

    /// Whether a script reads the file that routes.
    fn walks_routes(&self, script: &Script) -> bool {
        let text = script.text();
        text.contains("ingress")
            || text.contains(".hostname")
            || self.routings.iter().any(|routing| text.contains(crate::Tree::name(self.tree.path(routing.file))))
    }

    /// Whether a script, a workflow or what watches from elsewhere names the hostname.
    fn is_asked(&self, route: &Route) -> bool {
        let Some(hostname) = &route.hostname else { return true };
        let name = hostname.name.as_str();
        let in_script = |script: &Script| {
            !matches!(script.host.outermost(), Host::Fence { .. } | Host::Service { .. } | Host::Image { .. })
                && script.text().contains(name)
        };
        if self.scripts.iter().any(in_script) {
            return true;
        }
        self.tree.files().any(|file| {
            let path = self.tree.path(file).to_ascii_lowercase();
            let is_watcher = file != route.place.file
                && (path.starts_with(".github/") || WATCHERS.iter().any(|word| path.contains(word)));
            is_watcher
                && self
                    .tree
                    .source(file)
                    .is_ok_and(|source| memchr::memmem::find(source.text().as_bytes(), name.as_bytes()).is_some())
        })
    }
}
