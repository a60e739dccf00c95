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

use crate::{Input, Lowered, Repo, Service};
use twiceshy_source::{FileId, Place};

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

    /// The service that answers. An address leads to the service whose name or container name its host is, or, where the
    /// host is the proxy's own machine, to the one that publishes its port; `None` where several could be meant.
    pub fn service<'r>(&self, repo: &'r Repo) -> Option<&'r Service> {
        let services = || repo.projects.iter().flat_map(|project| &project.services);
        match &self.backend {
            Backend::Unknown => None,
            Backend::Service { place, .. } => services().find(|service| service.place == *place),
            Backend::Address(address) => {
                let mut found = services().filter(|service| match address.is_own_machine() {
                    true => address.port.is_some_and(|port| service.publishes_port(port)),
                    false => {
                        let networks = service.network_names();
                        networks.iter().any(|network| service.names_on(network).contains(&address.host.as_str()))
                    }
                });
                let first = found.next()?;
                // One service in two projects over the same file is one.
                found.all(|other| other.place == first.place).then_some(first)
            }
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
