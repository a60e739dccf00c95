//! Finds ports of the host that two services of a project publish.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::compose::{Port, PortClash, Published, Text};
use twiceshy_repo::{Project, Repo, Service};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DuplicateHostPort {}

impl Lint for DuplicateHostPort {
    type Subject = Project;
    const META: Meta = meta!(Error, Outage, Compose, from system);

    fn check(&self, project: &Project, _repo: &Repo, found: &mut Findings) {
        let is_menu = project.is_menu();
        for clash in project.port_clashes() {
            report(&clash, is_menu, found);
        }
    }
}

fn report(clash: &PortClash<'_>, is_menu: bool, found: &mut Findings) {
    let PortClash { first, first_port, second, second_port, ports } = *clash;
    let what = if ports.0 == ports.1 { format!("port {ports}") } else { format!("ports {ports}") };
    let is_one = first.name == second.name;
    let message = if is_one {
        format!("`{}` cannot start: it publishes {what} of the host twice", first.name)
    } else {
        format!("`{}` and `{}` cannot run together: both publish {what} of the host", first.name, second.name)
    };
    let is_shared = first_port.host_place == second_port.host_place;
    // Two services that take their ports from one place: the finding names the second, which is where one can choose.
    let place = if is_shared { second.place } else { second_port.host_place };
    let label = if is_shared { format!("publishes {what} too") } else { format!("{what} again") };
    let finding = found.at(place, message).label(label);
    finding.related(first_port.host_place, format!("`{}` publishes it here", first.name));
    for port in [first_port, second_port] {
        if let Some(note) = resolved(port) {
            finding.note(note);
        }
    }
    if !is_one && let Some(profile) = condition(first, second) {
        finding.note(format!("that is so as soon as profile `{profile}` is active"));
        if first.profiles.is_empty() || second.profiles.is_empty() {
            finding.level(Level::Warn);
        }
    }
    if is_menu && !is_one {
        finding.level(Level::Pedantic).note("so many ports of this project clash that people start some of it by name");
    }
}

/// What a variable in a port was taken to be.
fn resolved(port: &Port) -> Option<String> {
    let Published::Ports(ports) = port.published else { return None };
    port.host_raw.contains('$').then(|| format!("`{}` is {ports} unless something else is set", port.host_raw))
}

/// The profile without which only one of two services runs.
fn condition<'p>(first: &'p Service, second: &'p Service) -> Option<&'p str> {
    match (first.profiles.as_slice(), second.profiles.as_slice()) {
        ([], [profile, ..]) | ([profile, ..], []) => Some(profile.shown()),
        (one, other) => {
            let shown: Vec<&str> = other.iter().map(Text::shown).collect();
            one.iter().map(Text::shown).find(|profile| shown.contains(profile))
        }
    }
}
