//! A health check asks `localhost` with a client that tries one address only, and the server listens on the other.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Client, HealthCheck, Listens, Probe, Repo, Wget};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct LocalhostHealthcheck {}

impl Lint for LocalhostHealthcheck {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Outage);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for check in repo.localhost_checks() {
            for probe in &check.probes {
                if let Some(client) = one_address_client(&check, probe) {
                    report(&check, probe, &client, found);
                }
            }
        }
    }
}

/// The client's name, if it tries one address of a name only.
fn one_address_client(check: &HealthCheck, probe: &Probe) -> Option<String> {
    if check.is_ipv4_only || check.listens == Listens::Ipv6 {
        return None;
    }
    match probe.client {
        Client::Wget => (check.wget == Some(Wget::Busybox)).then(|| "BusyBox wget".to_owned()),
        Client::Node => {
            let (image, _) = check.image.as_ref()?;
            let major = image.major().filter(|major| image.name == "node" && (17..=19).contains(major))?;
            // A server in Node listens on both unless something says otherwise.
            matches!(check.listens, Listens::Ipv4(_)).then(|| format!("Node {major}"))
        }
    }
}

fn report(check: &HealthCheck, probe: &Probe, client: &str, found: &mut Findings) {
    let message = match check.listens {
        Listens::Ipv4(_) => {
            format!(
                "the container stays unhealthy: {client} asks `::1` for `localhost` and nothing else, and the server listens on IPv4 only"
            )
        }
        _ => format!(
            "the container stays unhealthy unless its server listens on IPv6: {client} asks `::1` for `localhost` and nothing else"
        ),
    };
    let finding = found.at(probe.host, message);
    finding.label("this is `::1` in every container since Docker 26");
    if let Some((image, place)) = &check.image {
        let words = match probe.client {
            Client::Wget => format!("`{image}` ships BusyBox' wget"),
            Client::Node => format!("`{image}` tries the first address of a name only"),
        };
        finding.related(*place, words);
    }
    if let Listens::Ipv4(place) = check.listens {
        finding.related(place, "the server listens on IPv4 only");
    }
    finding.note("before Docker 26 the loopback of a container had no `::1`, which is why such a check used to pass");
    let title = "ask 127.0.0.1";
    match check.listens {
        Listens::Ipv4(_) => finding.fix(title, probe.edit()),
        _ => finding.suggest(title, probe.edit()),
    };
    if check.listens == Listens::Unknown && !check.is_built {
        finding.level(Level::Pedantic);
    }
}
