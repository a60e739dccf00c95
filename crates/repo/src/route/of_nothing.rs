//! Requests to ports of this machine on which nothing of the repository answers.

use super::Address;
use super::asked::Duty;
use crate::compose::{Port, Published};
use crate::{Edit, FileId, Focus, Place, Repo, Script, Service, Span};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// A request to a port of this machine that no service publishes.
#[derive(Clone, Debug)]
pub struct ProbeOfNothing<'r> {
    /// What is asked.
    pub address: Address,
    /// Where the port is written.
    pub port_place: Place,
    /// The service that has the port inside its container only.
    pub inside: Option<(&'r Service, &'r Port)>,
    /// The service that is probably meant, its port, and what that is on the host.
    pub meant: Option<(&'r Service, &'r Port, u16)>,
    /// The edit that asks the port that is probably meant.
    pub edit: Option<Edit>,
    /// Whether the script starts the services itself or is there to watch them.
    pub is_sure: bool,
}

impl Repo {
    /// Requests of scripts to ports of their own machine that no service publishes and nothing else in the repository
    /// mentions.
    pub fn probes_of_nothing(&self, focus: Focus) -> Vec<ProbeOfNothing<'_>> {
        let services = || self.projects.iter().flat_map(|project| &project.services);
        let publishes =
            |service: &Service| service.ports.iter().any(|port| matches!(port.published, Published::Ports(_)));
        // Without published ports nothing is known of this machine; with a network of the host's, too little.
        if !services().any(publishes) || services().any(Service::uses_host_network) {
            return Vec::new();
        }
        let is_unknown =
            |port: &Port| matches!(port.published, Published::Unknown | Published::OneOf(_) | Published::Any);
        let mut found = Vec::new();
        let mut mentions: FxHashMap<u16, Vec<FileId>> = FxHashMap::default();
        for script in self.scripts.within(focus) {
            let asked = script.asked();
            let mut own: Vec<Address> = asked.addresses.into_iter().filter(Address::is_own_machine).collect();
            own.retain(|address| {
                address.port.is_some_and(|port| {
                    !matches!(port, 80 | 443) && !services().any(|service| service.publishes_port(port))
                })
            });
            if own.is_empty() || forwards(script) {
                continue;
            }
            let Some(duty) = self.duty(script).filter(|_| !self.runs_in_container(script)) else { continue };
            let uses_compose = script.text().contains("compose");
            for address in own {
                let Some(port) = address.port else { continue };
                let has_it = |known: &&Port| known.target.is_some_and(|ports| (ports.0..=ports.1).contains(&port));
                let inside: Vec<(&Service, &Port)> = services()
                    .flat_map(|service| service.ports.iter().map(move |port| (service, port)))
                    .filter(|(_, port)| has_it(port))
                    .collect();
                if inside.iter().any(|(_, port)| is_unknown(port)) {
                    continue;
                }
                let all = mentions.entry(port).or_insert_with(|| self.mentions_of(port));
                let declared: Vec<FileId> = all.iter().copied().filter(|file| *file != script.file).collect();
                let is_declared =
                    declared.iter().any(|file| !self.is_about_containers(*file)) || self.uses_otherwise(script, port);
                if is_declared || inside.is_empty() && !declared.is_empty() {
                    continue;
                }
                let line = self.line_of(&address);
                let meant = match inside.first() {
                    Some((service, port)) => published(port).map(|host| (*service, *port, host)),
                    None => self.meant(port, &line),
                };
                let inside = inside.first().copied();
                let sure = meant.is_some() && (uses_compose || duty == Duty::Watch);
                let Some(port_place) = self.place_of_port(&address, port) else { continue };
                found.push(ProbeOfNothing {
                    edit: meant.map(|(.., host)| Edit { place: port_place, text: host.to_string() }),
                    port_place,
                    inside,
                    meant,
                    is_sure: sure,
                    address,
                });
            }
        }
        found
    }

    /// The published port that is like `port`, or that of the one service that the line names.
    fn meant(&self, port: u16, line: &str) -> Option<(&Service, &Port, u16)> {
        let all: Vec<(&Service, &Port, u16)> = self
            .projects
            .iter()
            .flat_map(|project| &project.services)
            .flat_map(|service| service.ports.iter().filter_map(move |port| Some((service, port, published(port)?))))
            .collect();
        let one = |found: Vec<&(&'_ Service, &'_ Port, u16)>| -> Option<u16> {
            let first = found.first()?.2;
            found.iter().all(|(.., host)| *host == first).then_some(first)
        };
        let words: Vec<&str> = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).collect();
        let named = one(all
            .iter()
            .filter(|(service, ..)| service.name.len() > 2 && words.contains(&service.name.as_str()))
            .collect());
        let alike = || one(all.iter().filter(|(.., host)| is_alike(port, *host)).collect());
        let host = named.or_else(alike)?;
        all.into_iter().find(|(.., known)| *known == host)
    }

    /// The files in which the number stands on its own. Lock files and data are not looked at.
    fn mentions_of(&self, port: u16) -> Vec<FileId> {
        let number = port.to_string();
        let finder = memchr::memmem::Finder::new(&number);
        let files: Vec<FileId> = self.tree.files().filter(|file| counts(self.tree.path(*file))).collect();
        files
            .into_par_iter()
            .filter(|file| self.tree.source(*file).is_ok_and(|source| has_number(source.text(), &finder, number.len())))
            .collect()
    }

    /// Whether a file speaks of containers: there the number may be a container's own port.
    fn is_about_containers(&self, file: FileId) -> bool {
        self.compose.iter().any(|compose| compose.file == file)
            || self.dockerfiles.iter().any(|dockerfile| dockerfile.file == file)
    }

    /// Whether the script's file names the port other than in a request to this machine: something listens there.
    fn uses_otherwise(&self, script: &Script, port: u16) -> bool {
        let Ok(source) = self.tree.source(script.file) else { return true };
        let number = port.to_string();
        let text = source.text();
        text.match_indices(&number).filter(|(at, _)| stands_alone(text, *at, number.len())).any(|(at, _)| {
            let before = text.get(..at).unwrap_or_default();
            !["localhost:", "127.0.0.1:", "0.0.0.0:", "[::1]:"].iter().any(|host| before.ends_with(host))
        })
    }

    fn line_of(&self, address: &Address) -> String {
        let source = self.tree.source(address.place.file);
        source.map(|source| source.line(source.line_of(address.place.start)).to_owned()).unwrap_or_default()
    }

    fn place_of_port(&self, address: &Address, port: u16) -> Option<Place> {
        let source = self.tree.source(address.place.file).ok()?;
        let written = address.place.span().of(source.text());
        let number = port.to_string();
        let at = address.place.start as usize + written.rfind(&format!(":{number}"))? + 1;
        Some(Place::new(address.place.file, Span::new(at, at + number.len())))
    }
}

/// The one port of the host that a port is published on.
fn published(port: &Port) -> Option<u16> {
    match port.published {
        Published::Ports(ports) if ports.0 == ports.1 => Some(ports.0),
        _ => None,
    }
}

/// Whether a script makes ports of other machines its own.
fn forwards(script: &Script) -> bool {
    let text = script.text();
    ["port-forward", "ssh -L", "ssh -N", "-L ", "kubectl", "minikube", "socat", "ngrok", "docker run"]
        .iter()
        .any(|word| text.contains(word))
}

/// Whether two ports differ in one digit, or in the order of two.
fn is_alike(one: u16, other: u16) -> bool {
    let (one, other) = (one.to_string(), other.to_string());
    if one == other || one.len() != other.len() {
        return false;
    }
    let differ: Vec<usize> = (0..one.len()).filter(|at| one.as_bytes()[*at] != other.as_bytes()[*at]).collect();
    match differ[..] {
        [_] => true,
        [a, b] => b == a + 1 && one.as_bytes()[a] == other.as_bytes()[b] && one.as_bytes()[b] == other.as_bytes()[a],
        _ => false,
    }
}

fn counts(path: &str) -> bool {
    const DATA: &[&str] = &[
        ".lock",
        ".svg",
        ".csv",
        ".snap",
        ".map",
        ".min.js",
        ".sql",
        ".ipynb",
        ".po",
        "lock.json",
        "lock.yaml",
        ".sum",
    ];
    !DATA.iter().any(|end| path.ends_with(end))
}

fn has_number(text: &str, finder: &memchr::memmem::Finder<'_>, length: usize) -> bool {
    finder.find_iter(text.as_bytes()).any(|at| stands_alone(text, at, length))
}

fn stands_alone(text: &str, at: usize, length: usize) -> bool {
    let bytes = text.as_bytes();
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    !is_part(at.checked_sub(1).and_then(|at| bytes.get(at))) && !is_part(bytes.get(at + length))
}
