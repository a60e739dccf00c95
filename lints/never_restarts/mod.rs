//! Finds services that nothing brings back after a crash or a reboot.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{PodmanPolicy, Production, Project, Quadlet, Repo, StaysDown, Unrestarted, UnrestartedRun};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct NeverRestarts {}

impl Lint for NeverRestarts {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Outage, other | scripts, from system);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        for project in repo.projects_of(found.focus()) {
            let all = repo.unrestarted(project);
            if all.len() > 1 && !any_policy(project) {
                together(&all, repo, found);
            } else {
                all.iter().for_each(|one| alone(one, repo, found));
            }
        }
        for UnrestartedRun { place, name, edit } in repo.unrestarted_runs(found.focus()) {
            let message =
                format!("`{name}` stays down after its first crash, and after a reboot: it has no restart policy");
            let finding = found.at(place, message).label("without --restart the policy is `no`");
            finding.suggest("restart it unless it was stopped", edit);
        }
        repo.lost_quadlets().iter().for_each(|quadlet| lost(quadlet, found));
        repo.podman_policies(found.focus()).iter().for_each(|policy| podman(policy, found));
    }
}

fn any_policy(project: &Project) -> bool {
    project.services.iter().any(|service| service.value(&["restart"]).is_some())
}

fn alone(one: &Unrestarted<'_>, repo: &Repo, found: &mut Findings) {
    let name = &one.service.name;
    let message = format!("`{name}` stays down after its first crash, and after a reboot: it has no restart policy");
    let finding = found.at(one.service.place, message).label("`restart` is `no` where nothing is said");
    match one.because {
        Production::Restarts(other, place) => {
            match one.need {
                Some((by, place)) if by.comes_back().is_some() => {
                    finding.related(place, format!("`{}` comes back and needs it", by.name));
                }
                Some((by, place)) => {
                    finding.related(place, format!("`{}` needs it", by.name));
                }
                None => {
                    finding.related(place, format!("`{}` does come back", other.name));
                }
            }
            if !one.is_exception && one.need.is_none() {
                finding.level(Level::Pedantic);
            }
        }
        Production::Deployed(place) => {
            finding.related(place, "this deploys it");
        }
        Production::Named(path) => {
            finding.note(format!("{path} is taken for what serves people, by its name"));
        }
    }
    finding.suggest("restart it unless it was stopped", one.service.insert("restart: unless-stopped", repo));
}

/// A project without any policy is one finding.
fn together(all: &[Unrestarted<'_>], repo: &Repo, found: &mut Findings) {
    let Some((first, rest)) = all.split_first() else { return };
    let message =
        format!("none of {} services comes back after a crash or a reboot: not one has a restart policy", all.len());
    let finding = found.at(first.service.place, message).label("`restart` is `no` where nothing is said");
    match first.because {
        Production::Deployed(place) => {
            finding.related(place, "this deploys them");
        }
        Production::Named(path) => {
            finding.note(format!("{path} is taken for what serves people, by its name"));
        }
        Production::Restarts(..) => {}
    }
    for other in rest {
        finding.related(other.service.place, format!("`{}` neither", other.service.name));
    }
    let edits = all.iter().filter_map(|one| one.service.insert("restart: unless-stopped", repo));
    finding.suggest("restart them unless they were stopped", edits);
}

fn lost(quadlet: &Quadlet, found: &mut Findings) {
    let Quadlet { place, name, stays_down, edit } = quadlet;
    let (message, label, title) = match stays_down {
        StaysDown::AfterItsEnd => (
            format!("`{name}` stays down after its first crash: its unit has no `Restart=`"),
            "systemd's default is `no`",
            "restart it",
        ),
        StaysDown::AfterReboot => (
            format!("`{name}` stays down after a reboot: nothing wants its unit at boot"),
            "no `[Install]`",
            "start it at boot",
        ),
    };
    let finding = found.at(*place, message).label(label);
    if *stays_down == StaysDown::AfterReboot {
        finding.note("for a user's containers, at boot also means loginctl enable-linger");
    }
    finding.suggest(title, [edit.clone()]);
}

fn podman(policy: &PodmanPolicy, found: &mut Findings) {
    let PodmanPolicy { place, policy_place, policy, is_root } = policy;
    let message = format!("the container stays down after a reboot: Podman has no daemon that would apply `{policy}`");
    let finding = found.at(*place, message);
    if place == policy_place {
        finding.label("applied while the machine is up, not when it starts");
    } else {
        finding.label("started by Podman").related(*policy_place, "the policy");
    }
    if policy == "unless-stopped" {
        finding.note("podman-restart.service starts `always` only; it passed over `unless-stopped` until the end of 2025 (containers/podman#20418)");
    }
    let user = if *is_root { "" } else { "--user " };
    let linger = if *is_root { "" } else { " and loginctl enable-linger" };
    finding
        .note(format!("use --restart=always with systemctl {user}enable podman-restart.service{linger}, or a quadlet"));
}
