//! Ports of the host that are published twice.

use super::port::{Port, Ports, Published};
use super::project::Project;
use super::service::Service;
use super::text::Text;
use rustc_hash::FxHashSet;

/// How many publications of one port are compared with each other; nobody repairs the two hundredth clash.
const NEIGHBOURS: usize = 200;

/// How many different ports clash at most in what is meant to run as a whole.
const MENU: usize = 3;

/// A port of the host that two services publish, or one service for two of its ports.
#[derive(Clone, Copy, Debug)]
pub struct PortClash<'p> {
    /// The service that is defined first.
    pub first: &'p Service,
    /// Its port.
    pub first_port: &'p Port,
    /// The other one; the same for a service that publishes a port twice.
    pub second: &'p Service,
    /// Its port.
    pub second_port: &'p Port,
    /// The ports that both publish.
    pub ports: Ports,
}

impl Project {
    /// Ports of the host that are published twice by services that can run together.
    pub fn port_clashes(&self) -> Vec<PortClash<'_>> {
        // In the order in which they are written: the position of the service, and that of the port in it.
        let mut published: Vec<(Ports, (usize, usize), &Service, &Port)> = Vec::new();
        for (at, service) in self.services.iter().enumerate().filter(|(_, service)| service.publishes()) {
            for (position, port) in service.ports.iter().enumerate() {
                if let Published::Ports(ports) = port.published {
                    published.push((ports, (at, position), service, port));
                }
            }
        }
        published.sort_by_key(|(ports, at, ..)| (*ports, *at));
        let mut clashes = Vec::new();
        for (index, (ports, at, service, port)) in published.iter().enumerate() {
            for (others, other_at, other, other_port) in published.iter().skip(index + 1).take(NEIGHBOURS) {
                if others.0 > ports.1 {
                    break;
                }
                let same = port.protocol == other_port.protocol && port.address.overlaps(other_port.address);
                // Compose drops a port that is there twice in two spellings.
                let is_repeated = at.0 == other_at.0 && port.target == other_port.target;
                if !same || is_repeated || !service.runs_beside(other) {
                    continue;
                }
                let ports = Ports(ports.0.max(others.0), ports.1.min(others.1));
                let (one, two) = ((*service, *port), (*other, *other_port));
                let (one, two) = if at <= other_at { (one, two) } else { (two, one) };
                clashes.push(PortClash { first: one.0, first_port: one.1, second: two.0, second_port: two.1, ports });
            }
        }
        clashes.sort_by_key(|clash| (clash.second_port.host_place, clash.first_port.host_place));
        clashes
    }
}

impl Project {
    /// Whether it is a menu, of which people start some services by name: so many ports clash that all of it has never run.
    pub fn is_menu(&self) -> bool {
        let clashes = self.port_clashes();
        let between = || clashes.iter().filter(|clash| clash.first.name != clash.second.name);
        let ports = between().map(|clash| clash.ports.0).collect::<FxHashSet<_>>().len();
        let services = between().map(|clash| &clash.second.name).collect::<FxHashSet<_>>().len();
        ports > MENU && services > 2
    }
}

impl Service {
    /// Whether its `ports` mean anything: not with a network of the host's or another container's, nor without replicas.
    fn publishes(&self) -> bool {
        let replicas = self.text(&["deploy", "replicas"]).or_else(|| self.text(&["scale"]));
        let mode = self.network_mode().map(Text::shown);
        replicas.and_then(Text::value) != Some("0") && mode.is_none_or(|mode| mode == "bridge" || mode == "default")
    }

    /// Whether there is a choice of profiles that runs both: one of them always runs, or they share one.
    pub fn runs_beside(&self, other: &Self) -> bool {
        let mine: Vec<&str> = self.profiles.iter().map(Text::shown).collect();
        let other: Vec<&str> = other.profiles.iter().map(Text::shown).collect();
        mine.is_empty() || other.is_empty() || mine.iter().any(|profile| other.contains(profile))
    }
}
