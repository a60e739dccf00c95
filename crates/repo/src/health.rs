//! Health checks: what each asks, from inside which image, and of what kind of server.

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
}

impl Repo {
    /// Every health check that asks `localhost`.
    pub fn localhost_checks(&self) -> Vec<HealthCheck> {
        let builds = self.build_contexts();
        let mut found = Vec::new();
        for dockerfile in &self.dockerfiles {
            let Some(stage) = dockerfile.final_stage() else { continue };
            let Some(test) = dockerfile.healthcheck(stage).and_then(|check| check.test.as_ref()) else { continue };
            let probes = probes(test.argv(), test.script());
            if probes.is_empty() {
                continue;
            }
            let guessed = BuildContext::around(dockerfile, self);
            let build = builds.iter().find(|build| build.dockerfile.file == dockerfile.file).unwrap_or(&guessed);
            let container = Container::built(build, stage, &|_| None);
            found.push(self.check(probes, &container));
        }
        found
    }

    fn check(&self, probes: Vec<Probe>, container: &Container<'_>) -> HealthCheck {
        let brings = container.build.zip(container.stage).is_some_and(|(build, stage)| build.dockerfile.brings(stage, "wget"));
        let ships = container.image.as_ref().and_then(|(image, _)| image.facts()?.wget());
        HealthCheck {
            listens: self.listens(container),
            wget: if brings { Some(Wget::Gnu) } else { ships },
            image: container.image.clone(),
            is_ipv4_only: false,
            is_built: container.build.is_some(),
            probes,
        }
    }
}

impl<'r> Container<'r> {
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
        }
    }
}
