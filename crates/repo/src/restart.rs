//! Which services come back after a crash or a reboot, and which do not.

use crate::compose::Text;
use crate::docker::{DockerCall, Engine};
use crate::production::{DEVELOPMENT, comes_back, words};
use crate::script::Host;
use crate::{Edit, Focus, Place, Production, Project, Repo, Service, Span};

/// A service that is meant to stay up and that nothing brings back.
#[derive(Clone, Copy, Debug)]
pub struct Unrestarted<'r> {
    /// The service.
    pub service: &'r Service,
    /// What tells that it matters.
    pub because: Production<'r>,
    /// Whether most of the project's services that are meant to stay up do come back.
    pub is_exception: bool,
    /// Who needs it, and where that says so: a service that comes back after a reboot, or is itself needed by one.
    pub need: Option<(&'r Service, Place)>,
}

/// A container whose policy nothing reads after a reboot: Podman has no daemon.
#[derive(Clone, Debug)]
pub struct PodmanPolicy {
    /// Where it is started.
    pub place: Place,
    /// Where the policy stands.
    pub policy_place: Place,
    /// The policy.
    pub policy: String,
    /// Whether root runs it.
    pub is_root: bool,
}

/// A container that a deployment starts, without a policy.
#[derive(Clone, Debug)]
pub struct UnrestartedRun {
    /// The verb, `run`.
    pub place: Place,
    /// The container's name, or its image.
    pub name: String,
    /// An edit that gives it a policy.
    pub edit: Option<Edit>,
}

impl Repo {
    /// The containers that deployments start with `docker run -d` and that nothing brings back. What is started again by
    /// something else, a unit or a later command, is not among them.
    pub fn unrestarted_runs(&self, focus: Focus) -> Vec<UnrestartedRun> {
        let mut found = Vec::new();
        for script in
            self.scripts.within(focus).filter(|script| script.text().contains(" run ") && self.deploys(script))
        {
            // Somebody thought of it.
            if ["docker update", "docker start", "systemctl", "--restart"]
                .iter()
                .any(|word| script.text().contains(word))
            {
                continue;
            }
            for call in script.docker_calls() {
                let Some(run) = call.run().filter(|run| call.engine == Engine::Docker && run.starts) else { continue };
                if !run.is_detached() || run.is_removed() || !run.given.is_whole || run.name().is_none() {
                    continue;
                }
                let name = run.name().and_then(|name| name.text()).or_else(|| run.image.text()).unwrap_or_default();
                let after = Span { start: run.span.end, end: run.span.end };
                found.push(UnrestartedRun {
                    place: call.place(run.span),
                    name,
                    edit: call.edit(after, " --restart unless-stopped"),
                });
            }
        }
        found
    }

    /// The services of a project that serves people which are meant to stay up and have no restart policy. `restart: "no"`
    /// is a policy: somebody thought of it.
    pub fn unrestarted<'r>(&'r self, project: &'r Project) -> Vec<Unrestarted<'r>> {
        // A file that others complete, and what Swarm runs, which restarts everything unless told not to.
        if !project.is_complete || project.services.iter().any(is_for_swarm) {
            return Vec::new();
        }
        let lacking = |service: &&Service| {
            service.value(&["restart"]).is_none()
                && service.value(&["deploy", "restart_policy"]).is_none()
                && service.value(&["provider"]).is_none()
                && !self.restarted_elsewhere(project, service)
                && service.stays_up(project, self)
        };
        let lacking: Vec<_> = project.services.iter().filter(lacking).collect();
        if lacking.is_empty() {
            return Vec::new();
        }
        let Some(because) = self.production(project) else { return Vec::new() };
        // That some of a menu come back says nothing about the others.
        if matches!(because, Production::Restarts(..)) && project.is_menu() {
            return Vec::new();
        }
        let back = project.services.iter().filter(|service| service.comes_back().is_some());
        let back = back.filter(|service| service.stays_up(project, self)).count();
        let is_exception = back > lacking.len();
        let needs = self.needs_of_what_returns(project);
        let all = lacking.into_iter().map(|service| {
            let need = needs.iter().find(|(needed, ..)| *needed == service.name);
            Unrestarted { service, because, is_exception, need: need.map(|(_, by, place)| (*by, *place)) }
        });
        all.collect()
    }

    /// What the services of a project that come back after a reboot call or depend on, and what that needs in turn: its
    /// name, who needs it, and where that says so.
    fn needs_of_what_returns<'r>(&'r self, project: &'r Project) -> Vec<(&'r str, &'r Service, Place)> {
        let returns = |service: &&Service| {
            service.comes_back().is_some_and(|policy| !policy.shown().starts_with("on-failure"))
                && service.stays_up(project, self)
        };
        let mut queue: Vec<&Service> = project.services.iter().filter(returns).collect();
        let mut needs: Vec<(&str, &Service, Place)> = Vec::new();
        let mut next = 0;
        while let Some(service) = queue.get(next).copied() {
            next += 1;
            let calls = self.calls_of(project, service);
            let called = calls.iter().filter(|call| !call.is_foreign).flat_map(|call| {
                let reached = project.reached(service, &call.host);
                reached.into_iter().map(move |to| (to, call.host_place))
            });
            let depends = service.depends_on.iter().filter(|on| on.required);
            let depends = depends.filter_map(|on| Some((project.service(&on.name)?, on.place)));
            for (to, place) in called.chain(depends) {
                let is_known = queue.iter().any(|known| known.name == to.name);
                if !is_known {
                    queue.push(to);
                    needs.push((&to.name, service, place));
                }
            }
        }
        needs
    }

    /// Whether a project of more files, this one's among them, gives the service a policy: that is the one that runs.
    fn restarted_elsewhere(&self, project: &Project, service: &Service) -> bool {
        let Some(first) = project.files.first() else { return false };
        self.projects.iter().filter(|other| other.files != project.files && other.has_file(*first)).any(|other| {
            other.service(&service.name).is_some_and(|same| same.place == service.place && same.restart().is_some())
        })
    }

    /// Containers that Podman is to restart by a policy that nothing applies after a reboot.
    pub fn podman_policies(&self, focus: Focus) -> Vec<PodmanPolicy> {
        let mut found = Vec::new();
        for script in self.scripts.within(focus) {
            if !script.text().contains("podman") || matches!(script.host.outermost(), Host::Fence { .. }) {
                continue;
            }
            if words(self.tree.path(script.file)).any(|word| DEVELOPMENT.contains(&word)) {
                continue;
            }
            for call in script.docker_calls() {
                found.extend(self.podman_policy(&call));
            }
        }
        if !found.is_empty() && self.boots_podman() {
            found.clear();
        }
        found
    }

    fn podman_policy(&self, call: &DockerCall<'_>) -> Option<PodmanPolicy> {
        if call.engine != Engine::Podman {
            return None;
        }
        let mut chain = call.command.chain().into_iter();
        let is_root = chain.any(|link| link.name().is_some_and(|name| matches!(&*name, "sudo" | "doas")));
        let applies = |policy: &str| policy == "unless-stopped" || policy == "always" && !is_root;
        if call.compose().is_some() {
            let project = self.projects.iter().find(|project| self.starts_project(call, project))?;
            let mut policies = project.services.iter().filter_map(Service::restart);
            let policy = policies.find(|policy| applies(policy.shown()))?;
            let (place, policy_place) = (call.command.words_place(), policy.place());
            return Some(PodmanPolicy { place, policy_place, policy: policy.shown().to_owned(), is_root });
        }
        let run = call.run().filter(|run| !run.is_removed())?;
        let option = run.restart()?;
        let (policy, place) = (option.text()?, call.place(option.span));
        applies(&policy).then_some(PodmanPolicy { place, policy_place: place, policy, is_root })
    }

    /// Whether something of the repository starts Podman's containers at boot: its service, units, quadlets.
    fn boots_podman(&self) -> bool {
        let says = |text: &str| {
            ["podman-restart", "generate systemd", "quadlet"].iter().any(|word| text.contains(word))
                || text.contains("@reboot") && text.contains("podman")
        };
        self.scripts.iter().any(|script| says(script.text()))
            || self.tree.files().any(|file| {
                let path = self.tree.path(file);
                path.ends_with(".container")
                    || path.ends_with(".kube")
                    || path.ends_with(".service")
                        && self.tree.source(file).is_ok_and(|source| source.text().contains("podman"))
            })
    }
}

impl Service {
    /// An edit that gives it one more key, as its first; `None` where it is not written as a block.
    pub fn insert(&self, line: &str, repo: &Repo) -> Option<Edit> {
        let source = repo.tree.source(self.place.file).ok()?;
        let text = source.text();
        let rest = text.get(self.place.end as usize..)?;
        // Up to the first line that is more than space or a comment.
        let mut at = self.place.end as usize;
        for (number, part) in rest.split_inclusive('\n').enumerate() {
            let bare = part.trim();
            let is_key = number == 0;
            if is_key {
                let after = bare.strip_prefix(['"', '\'']).unwrap_or(bare).strip_prefix(':')?.trim_start();
                if !(after.is_empty() || after.starts_with('#') || after.starts_with('&') && !after.contains(' ')) {
                    return None;
                }
            } else if !bare.is_empty() && !bare.starts_with('#') {
                let indent = part.len() - part.trim_start_matches(' ').len();
                let start = at + indent;
                let place = Place::new(self.place.file, Span::new(start, start));
                let pad = format!("\n{}", " ".repeat(indent));
                return (indent > 0).then(|| Edit { place, text: format!("{}{pad}", line.replace('\n', &pad)) });
            }
            at += part.len();
        }
        None
    }
}

/// Whether a service says what only Swarm reads.
fn is_for_swarm(service: &Service) -> bool {
    ["placement", "update_config", "rollback_config", "mode", "endpoint_mode"]
        .iter()
        .any(|key| service.value(&["deploy", key]).is_some())
}

impl Service {
    /// What brings it back when it ends: `always`, `unless-stopped`, `on-failure`.
    pub fn comes_back(&self) -> Option<&Text> {
        let policy = self.restart().filter(|policy| comes_back(policy.shown()));
        policy.or_else(|| {
            let condition = self.text(&["deploy", "restart_policy", "condition"])?;
            matches!(condition.shown(), "any" | "on-failure").then_some(condition)
        })
    }
}
