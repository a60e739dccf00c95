//! Scripts that choose a docker daemon of their own where the others of the repository take the default.

use crate::Repo;
use crate::docker::{Act, Daemon, DaemonKind};
use crate::script::{Host, NodeKind, Script};
use twiceshy_source::{FileId, Place};

/// A script that points docker at a daemon that the others do not use.
#[derive(Debug)]
pub struct PinnedDaemon {
    /// What points it there.
    pub place: Place,
    /// The daemon: a context or a socket.
    pub daemon: String,
    /// How it is named.
    pub kind: DaemonKind,
    /// Whether it is the socket of a daemon that a user runs for himself.
    pub is_rootless: bool,
    /// Whether it holds for every later command of this user, not only for this script.
    pub stays: bool,
    /// A command elsewhere that takes the default.
    pub other: Place,
    /// How many scripts take the default.
    pub others: usize,
}

impl Repo {
    /// Scripts that choose a daemon where most others that use docker take the default.
    pub fn pinned_daemons(&self) -> Vec<PinnedDaemon> {
        let mut pins: Vec<(FileId, PinnedDaemon)> = Vec::new();
        let mut plain: Vec<(FileId, Place)> = Vec::new();
        for script in self.scripts.iter().filter(|script| is_for_people(&script.host)) {
            let calls = script.docker_calls();
            let pinned = pin(script, &calls);
            match pinned {
                Some(pin) => pins.push((script.file, pin)),
                None => {
                    let first = calls.iter().find(|call| call.daemon().is_none() && !call.elsewhere && acts(&call.act));
                    plain.extend(first.map(|call| (script.file, call.words_place())));
                }
            }
        }
        // A file is one side or the other.
        plain.retain(|(file, _)| !pins.iter().any(|(pinned, _)| pinned == file));
        plain.dedup_by_key(|(file, _)| *file);
        pins.dedup_by_key(|(file, _)| *file);
        if plain.len() <= pins.len() {
            return Vec::new();
        }
        let Some(other) = plain.first().map(|(_, place)| *place) else { return Vec::new() };
        let others = plain.len();
        pins.into_iter().map(|(_, pin)| PinnedDaemon { other, others, ..pin }).collect()
    }
}

/// Whether it runs where people or their servers run docker: not in a container, not on a runner.
fn is_for_people(host: &Host) -> bool {
    matches!(host.outermost(), Host::File | Host::Recipe { .. } | Host::Package { .. })
}

/// Whether a command changes or shows containers; `docker context` and `docker version` do not tell which is meant.
fn acts(act: &Act) -> bool {
    matches!(act, Act::Run(_) | Act::Exec(_) | Act::Containers(_) | Act::Compose(_))
}

fn pin(script: &Script, calls: &[crate::DockerCall<'_>]) -> Option<PinnedDaemon> {
    let text = script.text();
    // Setting a rootless daemon up is no accident.
    if text.contains("rootless-setuptool") || text.contains("dockerd-rootless") || text.contains("systemctl --user") {
        return None;
    }
    let used = calls.iter().find_map(|call| match &call.act {
        Act::UseContext(name) if !call.elsewhere => Some((call, name)),
        _ => None,
    });
    if let Some((call, name)) = used {
        let daemon = name.text()?;
        let is_known = matches!(daemon.as_str(), "default" | "desktop-linux" | "orbstack" | "colima");
        let is_asked = name.is_placeholder() || !script.guards(call.command.id).is_empty();
        // A script that goes back to the context it found does not leave it changed.
        let goes_back = calls.iter().filter(|call| matches!(call.act, Act::UseContext(_))).count() > 1;
        if is_known || is_asked || goes_back {
            return None;
        }
        return Some(PinnedDaemon {
            place: call.words_place(),
            is_rootless: daemon.contains("rootless"),
            daemon,
            kind: DaemonKind::Context,
            stays: true,
            other: call.words_place(),
            others: 0,
        });
    }
    if calls.iter().all(|call| call.elsewhere || !acts(&call.act)) {
        return None;
    }
    for id in script.shell().ids() {
        let NodeKind::Simple(simple) = &script.node(id).kind else { continue };
        for assignment in &simple.assignments {
            let Some(daemon) = Daemon::of(script, assignment) else { continue };
            let value = daemon.value.pattern();
            let written = script.written(assignment.span);
            let is_rootless = ["/run/user/", "rootless", "XDG_RUNTIME_DIR"].iter().any(|word| written.contains(word));
            // `DOCKER_HOST=${DOCKER_HOST:-…}` and what stands behind a test of the socket leave the choice open.
            let is_open = written.contains(":-") || !script.guards(id).is_empty();
            if daemon.kind == DaemonKind::Host && is_rootless && !is_open {
                return Some(PinnedDaemon {
                    place: script.place(assignment.span),
                    daemon: value.replace('*', "…"),
                    kind: DaemonKind::Host,
                    is_rootless,
                    stays: false,
                    other: script.place(assignment.span),
                    others: 0,
                });
            }
        }
    }
    None
}
