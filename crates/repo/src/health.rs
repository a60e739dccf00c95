//! Health checks: what each asks, from inside which image, and of what kind of server.

use crate::compose::{Service, Text};
use crate::dockerfile::StepKind;
use crate::probe::probes;
use crate::{BuildContext, Image, Listens, Place, Probe, Repo, Stage, Wget};
use twiceshy_source::Extract;

/// A health check that asks its own container by the name `localhost`.
#[derive(Clone, Debug)]
pub struct HealthCheck {
    /// Its requests.
    pub probes: Vec<Probe>,
    /// The image that its programs come from, and the line that names it.
    pub image: Option<(Image, Place)>,
    /// The `wget` in that image, with what the Dockerfile adds.
    pub wget: Option<Wget>,
    /// On which addresses the server listens.
    pub listens: Listens,
    /// Whether the container has no IPv6 at all: `localhost` is `127.0.0.1` there.
    pub is_ipv4_only: bool,
    /// Whether the image is built here.
    pub is_built: bool,
}

/// A container as far as its server's addresses hang on it.
#[derive(Debug, Default)]
pub(crate) struct Container<'r> {
    pub build: Option<&'r BuildContext<'r>>,
    pub stage: Option<&'r Stage>,
    pub image: Option<(Image, Place)>,
    /// What it starts with.
    pub starts: Vec<Extract>,
    /// Its environment: name, value, place.
    pub env: Vec<(String, String, Place)>,
    /// Files and directories of the repository that are mounted: path, target.
    pub mounts: Vec<(String, String)>,
    /// Whether it has no IPv6 address at all.
    pub is_ipv4_only: bool,
}

impl Repo {
    /// Every health check that asks `localhost`: those of services, and those of Dockerfiles that a service does not replace.
    pub fn localhost_checks(&self) -> Vec<HealthCheck> {
        let builds = self.build_contexts();
        let mut found = Vec::new();
        let services = || self.projects.iter().flat_map(|project| &project.services);
        let mut seen = Vec::new();
        for service in services() {
            let Some(test) = service.healthcheck.as_ref().and_then(|check| check.test.as_ref()) else { continue };
            // One and the same check stands in a project and in what overrides it.
            if seen.contains(&test.place) {
                continue;
            }
            seen.push(test.place);
            let probes = probes(&test.argv(), test.script().as_ref());
            if !probes.is_empty() {
                let build = service.build_context(self);
                found.push(self.check(probes, &Container::of(service, build.as_ref(), self)));
            }
        }
        for dockerfile in &self.dockerfiles {
            let Some(stage) = dockerfile.final_stage() else { continue };
            let Some(test) = dockerfile.healthcheck(stage).and_then(|check| check.test.as_ref()) else { continue };
            let probes = probes(test.argv(), test.script());
            if probes.is_empty() {
                continue;
            }
            let guessed = BuildContext::around(dockerfile, self);
            let build = builds.iter().find(|build| build.dockerfile.file == dockerfile.file).unwrap_or(&guessed);
            let of_this = |service: &&Service| {
                service.dockerfile(self).is_some_and(|own| own.file == dockerfile.file)
                    && service.build.as_ref().is_some_and(|build| build.target.is_none())
            };
            let users: Vec<_> = services().filter(of_this).collect();
            let own_test = |service: &&&Service| service.healthcheck.as_ref().is_some_and(|check| check.test.is_some());
            match users.iter().find(|user| !own_test(user)) {
                Some(user) => found.push(self.check(probes, &Container::of(user, Some(build), self))),
                None if users.is_empty() => found.push(self.check(probes, &Container::built(build, stage, &|_| None))),
                None => {}
            }
        }
        found
    }

    fn check(&self, probes: Vec<Probe>, container: &Container<'_>) -> HealthCheck {
        let brings =
            container.build.zip(container.stage).is_some_and(|(build, stage)| build.dockerfile.brings(stage, "wget"));
        let ships = container.image.as_ref().and_then(|(image, _)| image.facts()?.wget());
        HealthCheck {
            listens: self.listens(container),
            wget: if brings { Some(Wget::Gnu) } else { ships },
            image: container.image.clone(),
            is_ipv4_only: container.is_ipv4_only,
            is_built: container.build.is_some(),
            probes,
        }
    }
}

impl<'r> Container<'r> {
    /// The container of a service.
    pub(crate) fn of(service: &Service, build: Option<&'r BuildContext<'r>>, repo: &Repo) -> Self {
        let stage = build.and_then(|build| build.dockerfile.stage(build.target.as_deref()));
        let mut container = match (build, stage) {
            (Some(build), Some(stage)) => Self::built(build, stage, &|name| service.build_arg(name)),
            _ => Self { image: service.base_image(repo), ..Self::default() },
        };
        let given: Vec<_> =
            [&service.entrypoint, &service.command].into_iter().flatten().flat_map(|command| command.argv()).collect();
        if !given.is_empty() {
            container.starts = given;
        }
        for variable in &service.environment {
            if let Some(value) = &variable.value {
                container.env.retain(|(name, ..)| *name != variable.name);
                container.env.push((variable.name.clone(), value.shown().to_owned(), value.place()));
            }
        }
        for mount in &service.mounts {
            if let (Some(path), Some(target)) = (&mount.path, &mount.target) {
                container.mounts.push((path.clone(), target.clone()));
            }
        }
        container.is_ipv4_only = has_no_ipv6(service);
        container
    }

    /// A container of the image that a stage gives.
    pub(crate) fn built(build: &'r BuildContext<'r>, stage: &'r Stage, args: &dyn Fn(&str) -> Option<String>) -> Self {
        let dockerfile = build.dockerfile;
        let mut env: Vec<(String, String, Place)> = Vec::new();
        for step in dockerfile.steps_of(stage) {
            let StepKind::Env(variables) = &step.kind else { continue };
            for variable in variables {
                if let Some(value) = &variable.value {
                    env.retain(|(name, ..)| *name != variable.name.written);
                    env.push((variable.name.written.clone(), value.known().to_owned(), value.place));
                }
            }
        }
        let (entrypoint, cmd) = dockerfile.starts(stage);
        let mut starts = Vec::new();
        for command in [entrypoint, cmd].into_iter().flatten() {
            starts.extend(command.argv().iter().cloned());
            starts.extend(command.script().cloned());
        }
        Self {
            image: dockerfile.base_image(stage, args),
            build: Some(build),
            stage: Some(stage),
            starts,
            env,
            mounts: Vec::new(),
            is_ipv4_only: false,
        }
    }
}

/// Whether `localhost` is `127.0.0.1` alone in a service's container.
fn has_no_ipv6(service: &Service) -> bool {
    let is_off = |name: &str, value: &str| {
        name.starts_with("net.ipv6.conf.")
            && name.ends_with(".disable_ipv6")
            && value == "1"
            && !name.contains(".default.")
    };
    let sysctls = service.value(&["sysctls"]);
    let by_key = sysctls
        .into_iter()
        .flat_map(|value| value.entries())
        .any(|(key, value)| is_off(&key.text, value.as_text().and_then(Text::value).unwrap_or_default()));
    let by_item = sysctls
        .into_iter()
        .flat_map(|value| value.items())
        .filter_map(|item| item.as_text()?.value())
        .any(|item| item.split_once('=').is_some_and(|(name, value)| is_off(name.trim(), value.trim())));
    by_key || by_item || service.extra_hosts.iter().any(|(host, _)| host.starts_with("localhost"))
}
