//! By which routes the public reaches a service: hostname → backend.
//!
//! Read are Traefik's labels, files and flags, cloudflared's `ingress`, Caddyfiles and nginx's configurations; a port that a
//! service publishes is a route without a hostname.

mod address;
mod asked;
mod behind_proxy;
mod caddy;
mod cloudflared;
mod hostname;
mod labels;
mod named;
mod nginx;
mod of_nothing;
mod rule;
mod traefik;
mod twice;
mod unrouted;
mod zone;

pub use address::Address;
pub use asked::Asked;
pub use behind_proxy::BehindProxy;
pub use hostname::Hostname;
pub(crate) use named::named_files;
pub use of_nothing::ProbeOfNothing;
pub use traefik::FileProvider;
pub use twice::{RoutedTwice, Twice};
pub use unrouted::{Mention, UnroutedHost};
pub use zone::Zone;

use crate::dockerfile::StepKind;
use crate::{Input, Lowered, Project, Repo, Service, Tree};
use twiceshy_source::{FileId, Place};

/// How many routes a file may give; hostnames times locations can be many.
const MAX_ROUTES: usize = 10_000;

/// A file that says what leads where.
#[derive(Clone, Debug)]
pub struct Routing {
    /// The file.
    pub file: FileId,
    /// Which program reads it.
    pub by: Router,
    /// Its routes.
    pub routes: Vec<Route>,
    /// The tunnel that it configures, of cloudflared's.
    pub tunnel: Option<(String, Place)>,
    /// Where Traefik is told to look for further files, of its static configuration.
    pub provider: Option<FileProvider>,
}

/// What routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Router {
    /// Traefik, by the labels of a service.
    TraefikLabel,
    /// Traefik, by a file.
    TraefikFile,
    /// A tunnel of Cloudflare's.
    Cloudflared,
    /// Caddy.
    Caddy,
    /// nginx.
    Nginx,
    /// A port of the host that a service publishes.
    Port,
}

/// A way in.
#[derive(Clone, Debug)]
pub struct Route {
    /// The hostname that is asked for; `None`: any.
    pub hostname: Option<Hostname>,
    /// The path that is asked for, as written; `None`: any.
    pub path: Option<String>,
    /// Where the request is sent.
    pub backend: Backend,
    /// Where it is said.
    pub place: Place,
    /// What routes.
    pub by: Router,
}

/// Where a request is sent.
#[derive(Clone, Debug)]
pub enum Backend {
    /// To an address.
    Address(Address),
    /// To the service in whose definition it is said.
    Service {
        /// Where the service's key stands.
        place: Place,
        /// Its port in the container, if that is said.
        port: Option<u16>,
    },
    /// Nowhere that is known: an answer of the proxy's own, a file, a variable.
    Unknown,
}

impl Router {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::TraefikLabel | Self::TraefikFile => "Traefik",
            Self::Cloudflared => "cloudflared",
            Self::Caddy => "Caddy",
            Self::Nginx => "nginx",
            Self::Port => "Docker",
        }
    }
}

impl Route {
    /// The address that the request is sent to.
    pub fn address(&self) -> Option<&Address> {
        match &self.backend {
            Backend::Address(address) => Some(address),
            _ => None,
        }
    }

    /// The service that answers.
    ///
    /// An address is seen from the proxy that reads the file: from the service into which it is mounted or copied, where there
    /// is one, else from a proxy on the machine itself. `None` where several could be meant.
    pub fn service<'r>(&self, repo: &'r Repo) -> Option<&'r Service> {
        let services = || repo.projects.iter().flat_map(|project| &project.services);
        let mut found: Vec<&Service> = match &self.backend {
            Backend::Unknown => Vec::new(),
            Backend::Service { place, .. } => services().filter(|service| service.place == *place).take(1).collect(),
            Backend::Address(address) => {
                let proxies = repo.readers_of(self.place.file);
                if proxies.is_empty() {
                    services().filter(|service| address.is_of(service)).collect()
                } else {
                    let reached = |(project, proxy): &(&'r Project, &'r Service)| address.reached(project, proxy);
                    proxies.iter().flat_map(reached).collect()
                }
            }
        };
        // One service in two projects over the same file is one.
        found.dedup_by_key(|service| service.place);
        match found[..] {
            [one] => Some(one),
            _ => None,
        }
    }
}

impl Address {
    /// Whether it is a service as the machine sees it: its name on a network, or a port that it publishes.
    fn is_of(&self, service: &Service) -> bool {
        if self.is_own_machine() {
            return self.port.is_some_and(|port| service.publishes_port(port));
        }
        service.network_names().iter().any(|network| service.names_on(network).contains(&self.host.as_str()))
    }

    /// The services that it is for `proxy`.
    fn reached<'r>(&self, project: &'r Project, proxy: &'r Service) -> Vec<&'r Service> {
        let is_host = proxy.uses_host_network() || self.host == "host.docker.internal";
        match () {
            () if !self.is_own_machine() => project.reached(proxy, &self.host),
            () if is_host => project.services.iter().filter(|service| self.is_of(service)).collect(),
            // Its own container.
            () => vec![proxy],
        }
    }
}

impl Repo {
    /// Every route, those of files first, then labels, then published ports.
    pub fn routes(&self) -> &[Route] {
        self.routes.get_or_init(|| {
            let mut routes: Vec<Route> =
                self.routings.iter().flat_map(|routing| routing.routes.iter().cloned()).collect();
            routes.extend(labels::routes(self));
            routes.extend(labels::defaults(self));
            routes.extend(labels::ports(self));
            routes
        })
    }
}

impl Repo {
    /// The services that read a file: it is mounted into them, or their Dockerfile copies it by name.
    fn readers_of(&self, file: FileId) -> Vec<(&Project, &Service)> {
        let path = self.tree.path(file);
        let all =
            self.projects.iter().flat_map(|project| project.services.iter().map(move |service| (project, service)));
        let mounts = |service: &Service| {
            let below =
                |mount: &str| path.strip_prefix(mount).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            service
                .mounts
                .iter()
                .filter_map(|mount| mount.path.as_deref())
                .any(|mount| !mount.is_empty() && below(mount))
        };
        let copies = |service: &Service| {
            let Some(build) = service.build_context(self) else { return false };
            let steps = build.dockerfile.stages.iter().flat_map(|stage| &stage.steps);
            let mut copies = steps.filter_map(|step| match &step.kind {
                StepKind::Copy(copy) => Some(copy),
                _ => None,
            });
            copies.any(|copy| {
                copy.context_sources().any(|(_, source)| Tree::join(&build.dir, &source).as_deref() == Some(path))
            })
        };
        all.filter(|(_, service)| mounts(service) || copies(service)).collect()
    }
}

/// A YAML or TOML file that may be one of Traefik's or cloudflared's.
pub(crate) fn lower_settings(input: Input<'_>, out: &mut Lowered) {
    let text = input.text();
    let has = |needle: &str| memchr::memmem::find(text.as_bytes(), needle.as_bytes()).is_some();
    let is_tunnel = has("ingress:") && has("service:");
    let is_traefik = has("routers") || has("providers") || has("entryPoints") || has("entrypoints");
    if !is_tunnel && !is_traefik {
        return;
    }
    let is_toml = input.path().ends_with(".toml");
    let (root, flaws) = if is_toml {
        crate::settings::Setting::of_toml(input.file, text)
    } else {
        crate::settings::Setting::of_yaml(input.file, text)
    };
    let routing = cloudflared::read(&root, input.file).or_else(|| traefik::read(&root, input.file));
    if let Some(routing) = routing {
        out.routings.push(routing);
        out.flaws.extend(flaws);
    }
}

pub(crate) use caddy::lower as lower_caddy;
pub(crate) use nginx::lower as lower_nginx;

#[cfg(test)]
mod tests;
