//! A health check asks `localhost` with a client that tries one address only, and the server listens on the other.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Client, HealthCheck, Listens, Repo, Request, Wget};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct LocalhostHealthcheck {}

impl Lint for LocalhostHealthcheck {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Outage, Compose | Dockerfile);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for check in repo.health_checks() {
            // A check that also names an address asks that one too.
            if check.requests.iter().any(|request| request.is_own() && !request.is_localhost()) {
                continue;
            }
            let mut listens = None;
            for request in check.requests.iter().filter(|request| request.is_localhost() && !request.is_pinned) {
                if may_be_one_address(&check, request) {
                    let listens = *listens.get_or_insert_with(|| check.listens(repo));
                    if let Some(client) = one_address_client(&check, request, listens, repo) {
                        report(&check, request, &client, listens, found);
                    }
                }
            }
        }
    }
}

/// Whether where the server listens matters: asking that reads its code.
fn may_be_one_address(check: &HealthCheck<'_>, request: &Request) -> bool {
    !check.container.is_ipv4_only && matches!(request.client, Client::Wget | Client::Node)
}

/// The client's name, if it tries one address of a name only.
fn one_address_client(check: &HealthCheck<'_>, request: &Request, listens: Listens, repo: &Repo) -> Option<String> {
    if listens == Listens::Ipv6 {
        return None;
    }
    match request.client {
        Client::Wget => (check.wget(repo) == Some(Wget::Busybox)).then(|| "BusyBox wget".to_owned()),
        Client::Node => {
            let (image, _) = check.container.image.as_ref()?;
            let major = image.major().filter(|major| image.name == "node" && (17..=19).contains(major))?;
            // A server in Node listens on both unless something says otherwise.
            matches!(listens, Listens::Ipv4(_)).then(|| format!("Node {major}"))
        }
        _ => None,
    }
}

fn report(check: &HealthCheck<'_>, request: &Request, client: &str, listens: Listens, found: &mut Findings) {
    let message = match listens {
        Listens::Ipv4(_) => {
            format!(
                "the container stays unhealthy: {client} asks `::1` for `localhost` and nothing else, and the server listens on IPv4 only"
            )
        }
        _ => format!(
            "the container stays unhealthy unless its server listens on IPv6: {client} asks `::1` for `localhost` and nothing else"
        ),
    };
    let finding = found.at(request.host_place, message);
    finding.label("this is `::1` in every container since Docker 26");
    if let Some((image, place)) = &check.container.image {
        let words = match request.client {
            Client::Wget => format!("`{image}` ships BusyBox' wget"),
            _ => format!("`{image}` tries the first address of a name only"),
        };
        finding.related(*place, words);
    }
    if let Listens::Ipv4(place) = listens {
        finding.related(place, "the server listens on IPv4 only");
    }
    finding.note("before Docker 26 the loopback of a container had no `::1`, which is why such a check used to pass");
    let title = "ask 127.0.0.1";
    match listens {
        Listens::Ipv4(_) => finding.fix(title, request.host_edit("127.0.0.1")),
        _ => finding.suggest(title, request.host_edit("127.0.0.1")),
    };
    if listens == Listens::Unknown && !check.container.is_built() {
        finding.level(Level::Pedantic);
    }
}
