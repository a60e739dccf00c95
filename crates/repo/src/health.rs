//! Health checks: what each runs and asks, and in which container.

mod container;
mod form;
mod initialising;
mod request;
mod status;
mod timing;

pub use container::Container;
pub use form::{Fault, Malformed, VainWait};
pub use initialising::EarlyReady;
pub use request::{Client, Request};
pub use timing::Timing;
pub(crate) use timing::duration;

use crate::script::{Dialect, Host, NodeId, Start};
use crate::{BuildContext, Dockerfile, Focus, Listens, Place, Project, Repo, Script, Service, Wget};
use rustc_hash::FxHashMap;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use twiceshy_source::{Extract, Tree};

/// A health check that runs something: a service's own, or its Dockerfile's where the service has none.
#[derive(Debug)]
pub struct HealthCheck<'r> {
    /// Where the test stands.
    pub place: Place,
    /// The service and its project; `None` for a Dockerfile that no service is built from.
    pub service: Option<(&'r Project, &'r Service)>,
    /// The Dockerfile that the check stands in; `None` for one in a Compose file.
    pub dockerfile: Option<&'r Dockerfile>,
    /// When it is run, and how often it may fail.
    pub timing: Timing,
    /// What it runs in.
    pub container: Container<'r>,
    deed: &'r Deed,
}

/// What a health check does, as its test alone tells.
#[derive(Debug, Default)]
pub struct Deed {
    /// Whether a shell runs it; else the words are run as they are.
    pub is_shell: bool,
    /// The scripts in it: the test itself if a shell runs it, and those inside.
    pub scripts: Vec<Script>,
    /// Every program that it runs, in order.
    pub programs: Vec<Program>,
    /// Every request that they send.
    pub requests: Vec<Request>,
}

/// What every health check does, by the place of its test, once somebody has asked: many lints do.
#[derive(Debug, Default)]
pub(crate) struct Deeds(OnceLock<FxHashMap<Place, Arc<Deed>>>);

impl Deref for HealthCheck<'_> {
    type Target = Deed;

    fn deref(&self) -> &Deed {
        self.deed
    }
}

/// A program that a health check runs.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its name, without a directory.
    pub name: String,
    /// Its words, its own first: their text without the quotes around them, variables as written.
    pub words: Vec<Extract>,
    /// The command it is: the script of [`HealthCheck::scripts`], and the node there. `None` where no shell runs it.
    pub command: Option<(usize, NodeId)>,
}

/// Which health checks there are: many lints ask for all.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The services that have one.
    services: Vec<crate::answered::Position>,
    /// Whether the Dockerfile is none that a service is built from, by its position.
    is_apart: Vec<bool>,
}

impl Repo {
    /// Every health check that runs something, by project and service; then those of Dockerfiles that no service is built from.
    pub fn health_checks(&self) -> Vec<HealthCheck<'_>> {
        let Some(known) = self.answered.health_checks.get() else { return self.find_health_checks() };
        let of_service = |(project, service): &crate::answered::Position| {
            let project = self.projects.get(*project)?;
            let service = project.services.get(*service)?;
            self.health_check(project, service, service.build_context(self))
        };
        let mut found: Vec<_> = known.services.iter().filter_map(of_service).collect();
        self.checks_apart(&known.is_apart, &mut found);
        found
    }

    fn find_health_checks(&self) -> Vec<HealthCheck<'_>> {
        let mut found: Vec<HealthCheck<'_>> = Vec::new();
        let mut services = Vec::new();
        let mut used = Vec::new();
        for (at_project, project) in self.projects.iter().enumerate() {
            for (at, service) in project.services.iter().enumerate() {
                let build = service.build_context(self);
                let dockerfile = build.as_ref().map(|build| build.dockerfile);
                used.extend(dockerfile.map(|dockerfile| dockerfile.file));
                let check = self.health_check(project, service, build);
                // One and the same service stands in a project and in what overrides it.
                let is_new = |check: &HealthCheck<'_>| {
                    !found.iter().any(|other| {
                        other.place == check.place
                            && other.service.is_some_and(|(_, other)| other.name == service.name)
                            && other.container.image == check.container.image
                    })
                };
                if let Some(check) = check.filter(is_new) {
                    found.push(check);
                    services.push((at_project, at));
                }
            }
        }
        let is_apart: Vec<bool> = self.dockerfiles.iter().map(|dockerfile| !used.contains(&dockerfile.file)).collect();
        self.checks_apart(&is_apart, &mut found);
        // Another lint may have asked at the same time, and has found the same.
        let _ = self.answered.health_checks.set(Checked { services, is_apart });
        found
    }

    /// The checks of Dockerfiles that no service is built from.
    fn checks_apart<'r>(&'r self, is_apart: &[bool], found: &mut Vec<HealthCheck<'r>>) {
        let mut builds = None;
        for (dockerfile, _) in self.dockerfiles.iter().zip(is_apart).filter(|(_, is_apart)| **is_apart) {
            let Some(stage) = dockerfile.final_stage() else { continue };
            let Some(check) = dockerfile.healthcheck(stage) else { continue };
            let builds = builds.get_or_insert_with(|| self.build_contexts());
            let build = builds.iter().find(|build| build.dockerfile.file == dockerfile.file).cloned();
            let build = build.unwrap_or_else(|| BuildContext::around(dockerfile, self));
            let container = Container::built(build, stage, &|_| None);
            let Some(deed) = self.deeds().get(&check.place) else { continue };
            found.push(HealthCheck {
                place: check.place,
                service: None,
                dockerfile: Some(dockerfile),
                timing: Timing::of_image(&check.options),
                container,
                deed,
            });
        }
    }

    fn deeds(&self) -> &FxHashMap<Place, Arc<Deed>> {
        self.deeds.0.get_or_init(|| {
            let mut tests: FxHashMap<Place, (Vec<Extract>, Option<Extract>)> = FxHashMap::default();
            for service in self.projects.iter().flat_map(|project| &project.services) {
                if let Some(test) = service.healthcheck.as_ref().and_then(|check| check.test.as_ref()) {
                    tests.entry(test.place).or_insert_with(|| (test.argv(), test.script()));
                }
            }
            for dockerfile in &self.dockerfiles {
                for check in dockerfile.stages.iter().filter_map(|stage| dockerfile.healthcheck(stage)) {
                    let Some(test) = &check.test else { continue };
                    tests.entry(check.place).or_insert_with(|| (test.argv().to_vec(), test.script().cloned()));
                }
            }
            let read = |(place, (argv, script)): (Place, (Vec<Extract>, Option<Extract>))| {
                (place, self.lasting.deed(argv, script))
            };
            // One thread: a lint that waited for others here could be handed a lint that waits for this.
            tests.into_iter().map(read).collect()
        })
    }

    fn health_check<'r>(
        &'r self,
        project: &'r Project,
        service: &'r Service,
        build: Option<BuildContext<'r>>,
    ) -> Option<HealthCheck<'r>> {
        let own = service.healthcheck.as_ref();
        let service_and_project = Some((project, service));
        if let Some(test) = own.and_then(|check| check.test.as_ref()) {
            let deed = self.deeds().get(&test.place).filter(|deed| !deed.programs.is_empty())?;
            let container = Container::of(service, build, self);
            let timing = own.map(Timing::of_service).unwrap_or_default();
            let service = service_and_project;
            return Some(HealthCheck { place: test.place, service, dockerfile: None, timing, container, deed });
        }
        let build = build?;
        let dockerfile = build.dockerfile;
        let image = dockerfile.healthcheck(dockerfile.stage(build.target.as_deref())?)?;
        let container = Container::of(service, Some(build), self);
        let mut timing = Timing::of_image(&image.options);
        if let Some(own) = own {
            timing = timing.with(own);
        }
        let deed = self.deeds().get(&image.place)?;
        let service = service_and_project;
        Some(HealthCheck { place: image.place, service, dockerfile: Some(dockerfile), timing, container, deed })
    }
}

impl Deed {
    /// Reads what a check runs: `script` if a shell runs it, else the program `argv`.
    pub(crate) fn of(argv: &[Extract], script: Option<&Extract>) -> Self {
        let mut deed = Self { is_shell: script.is_some(), ..Self::default() };
        match script {
            Some(text) => {
                deed.scripts = Script::new(text.clone(), Host::File, Start::plain(Dialect::Sh));
                for (at, script) in deed.scripts.iter().enumerate() {
                    deed.programs.extend(script.commands().filter_map(|command| program(script, at, command)));
                }
            }
            None => {
                deed.programs.extend(argv.first().map(|name| Tree::name(name.text()).to_owned()).map(|name| Program {
                    name,
                    words: argv.to_vec(),
                    command: None,
                }))
            }
        }
        deed.requests = request::requests(&deed.programs, &deed.scripts);
        deed
    }
}

impl HealthCheck<'_> {
    /// Whether something of it may stand in the file that is asked about.
    pub(crate) fn may_stand_in(&self, focus: Focus) -> bool {
        let of_project = self.service.is_some_and(|(project, _)| project.files.iter().any(|file| focus.is_on(*file)));
        of_project || self.dockerfile.is_some_and(|dockerfile| focus.is_on(dockerfile.file))
    }

    /// Which `wget` it finds in its container: the image's, or one that the Dockerfile installs.
    pub fn wget(&self, repo: &Repo) -> Option<Wget> {
        if self.container.brings("wget") {
            return Some(Wget::Gnu);
        }
        self.container.image.as_ref().and_then(|(image, _)| repo.facts(image).wget())
    }

    /// On which addresses the server listens that it asks.
    pub fn listens(&self, repo: &Repo) -> Listens {
        repo.listens(&self.container)
    }
}

fn program(script: &Script, at: usize, command: crate::script::Command<'_>) -> Option<Program> {
    let invocation = command.innermost();
    let name = invocation.name()?.into_owned();
    let words = invocation.words.iter().map(|word| {
        let written = script.written(word.span);
        let inner = ['"', '\''].into_iter().find_map(|quote| {
            let inner = written.strip_prefix(quote)?.strip_suffix(quote)?;
            (!inner.contains(quote)).then_some(inner.len())
        });
        let mut span = word.span;
        if let Some(len) = inner {
            span.start += 1;
            span.end = span.start + len as u32;
        }
        script.extract().slice(span)
    });
    Some(Program { name, words: words.collect(), command: Some((at, command.id)) })
}

#[cfg(test)]
mod tests;
