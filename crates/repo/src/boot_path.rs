//! What a container runs before its server answers, whole-file work among it, and how long a platform waits for the answer.

mod code;
mod deadline;
mod files;
mod fly;
mod kubernetes;
mod shell;
mod walk;

pub(crate) use code::{Outline, outline};
pub use deadline::{Deadline, Platform};
pub(crate) use kubernetes::Pods;

use crate::compose::{MountKind, Service};
use crate::dockerfile::StepKind;
use crate::hints::Hints;
use crate::{BuildContext, FileId, Focus, HealthCheck, Place, Repo, Stage};
use twiceshy_source::Extract;

/// Work on the whole of a file, which takes longer the larger the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// `PRAGMA integrity_check`
    IntegrityCheck,
    /// `PRAGMA quick_check`
    QuickCheck,
    /// `REINDEX`
    Reindex,
    /// `VACUUM`
    Vacuum,
    /// `.dump`, `.backup`, `VACUUM INTO`: a second copy of a database.
    Dump,
    /// `sha256sum`, `hashlib`
    Hash,
    /// `gzip`, `tar`
    Pack,
}

impl Work {
    /// Seconds for each gigabyte, at the least: SQLite's were measured on 1.5 GB on a fast NVMe disk with a cold cache,
    /// the others on one processor.
    pub fn seconds_per_gigabyte(self) -> f64 {
        match self {
            Self::IntegrityCheck => 28.0,
            Self::QuickCheck => 18.0,
            Self::Reindex => 17.0,
            Self::Vacuum => 16.0,
            Self::Dump => 8.0,
            Self::Hash => 3.0,
            Self::Pack => 28.0,
        }
    }
}

/// Whole-file work that stands between the start of a container and its first answer.
#[derive(Clone, Debug)]
pub struct BootScan {
    /// What is done.
    pub work: Work,
    /// Where.
    pub place: Place,
    /// The file, as far as it is known: `…` stands for what is set from outside.
    pub path: String,
    /// What calls it, from the container's start inwards.
    pub via: Vec<Place>,
    /// The volume that the file lies on.
    pub volume: Place,
    /// Who waits, and how long.
    pub deadline: Option<Deadline>,
}

/// A container, as far as its start is concerned.
#[derive(Debug, Default)]
pub(crate) struct Boot<'r> {
    pub(crate) build: Option<BuildContext<'r>>,
    pub(crate) stage: Option<&'r Stage>,
    /// Its commands, each with the words that it is started with, or one script.
    pub(crate) starts: Vec<Start>,
    /// Paths in the container whose content outlives it.
    pub(crate) volumes: Vec<(String, Place)>,
    /// Files and directories of the repository that are mounted: path, target.
    pub(crate) mounts: Vec<(String, String)>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) deadline: Option<Deadline>,
}

/// What a container starts with.
#[derive(Clone, Debug)]
pub(crate) enum Start {
    Words(Vec<Extract>),
    Script(Extract),
}

impl Repo {
    /// The whole-file work on volumes that containers do before they answer. Made only where a script or module has words
    /// for it.
    pub fn boot_scans(&self, focus: Focus) -> &[BootScan] {
        if !self.has_whole_file_work(focus) {
            return &[];
        }
        self.answered.boot_scans.get_or_init(|| {
            let mut found: Vec<BootScan> = Vec::new();
            let mut modules = code::Modules::default();
            for boot in self.boots().iter().filter(|boot| !boot.volumes.is_empty()) {
                for scan in walk::walk(self, boot, Some(&mut modules)).scans {
                    // Of several containers that start so, the least patient counts.
                    match found.iter_mut().find(|other| other.place == scan.place) {
                        Some(other) => {
                            let wait = |scan: &BootScan| scan.deadline.as_ref().map(|deadline| deadline.wait);
                            if wait(&scan).is_some_and(|new| wait(other).is_none_or(|old| new < old)) {
                                *other = scan;
                            }
                        }
                        None => found.push(scan),
                    }
                }
            }
            found.sort_by_key(|scan| scan.place);
            found
        })
    }

    /// The shell scripts of the repository that containers run when they start, each with what calls it. No code is read for
    /// that, and nobody who asks waits for those who read some.
    pub(crate) fn boot_scripts(&self) -> &[(FileId, Vec<Place>)] {
        self.answered.boot_scripts.get_or_init(|| {
            let mut found: Vec<(FileId, Vec<Place>)> = Vec::new();
            for (file, via) in self.boots().iter().flat_map(|boot| walk::walk(self, boot, None).scripts) {
                if found.iter().all(|(other, _)| *other != file) {
                    found.push((file, via));
                }
            }
            found
        })
    }

    fn has_whole_file_work(&self, focus: Focus) -> bool {
        self.scripts.within(focus).any(|script| shell::may_have(script.text()))
            || self.python.within(focus).any(|module| module.hints.has(Hints::WHOLE_FILE))
            || self.node.within(focus).any(|module| module.hints.has(Hints::WHOLE_FILE))
    }

    /// Every container that a Compose file, a platform or a Dockerfile alone starts.
    fn boots(&self) -> Vec<Boot<'_>> {
        let checks = self.health_checks();
        let mut boots = Vec::new();
        let mut used = Vec::new();
        for project in &self.projects {
            for service in &project.services {
                let build = service.build_context(self);
                used.extend(build.as_ref().map(|build| build.dockerfile.file));
                let check = checks.iter().find(|check| {
                    check.service.is_some_and(|(of, its)| std::ptr::eq(of, project) && its.name == service.name)
                });
                boots.push(Boot::of_service(service, build, check));
            }
        }
        boots.extend(self.fly_boots());
        let builds = self.build_contexts();
        let pods = self.pods();
        for dockerfile in &self.dockerfiles {
            let Some(stage) = dockerfile.final_stage() else { continue };
            let build = builds.iter().find(|it| it.dockerfile.file == dockerfile.file).cloned();
            let build = build.unwrap_or_else(|| BuildContext::around(dockerfile, self));
            let check = checks.iter().find(|check| {
                check.service.is_none() && check.dockerfile.is_some_and(|own| own.file == dockerfile.file)
            });
            let mut boot = Boot::built(build.clone(), stage);
            boot.deadline = check.map(Deadline::of_check);
            let is_only = self.dockerfiles.len() == 1;
            let mut is_alone = !used.contains(&dockerfile.file);
            for pod in pods.iter().filter(|pod| pod.runs(&build.dir, is_only)) {
                let mut of_pod = Boot::built(build.clone(), stage);
                of_pod.volumes.extend(pod.volumes.iter().cloned());
                of_pod.deadline.clone_from(&pod.deadline);
                if !pod.starts.is_empty() {
                    of_pod.starts = vec![Start::Words(pod.starts.clone())];
                }
                boots.push(of_pod);
                is_alone = false;
            }
            if is_alone {
                boots.push(boot);
            }
        }
        boots
    }
}

impl<'r> Boot<'r> {
    fn of_service(service: &Service, build: Option<BuildContext<'r>>, check: Option<&HealthCheck<'_>>) -> Self {
        let stage = build.as_ref().and_then(|build| build.dockerfile.stage(build.target.as_deref()));
        let mut boot = match (build, stage) {
            (Some(build), Some(stage)) => Self::built(build, stage),
            _ => Self::default(),
        };
        let entrypoint = service.entrypoint.as_ref().map(|command| Start::Words(command.argv()));
        let command = service.command.as_ref().map(|command| Start::Words(command.argv()));
        if entrypoint.is_some() {
            // An entrypoint in a Compose file takes the image's command away.
            boot.starts.clear();
        } else if command.is_some() {
            boot.starts.truncate(boot.entrypoints());
        }
        match (entrypoint, command) {
            // `entrypoint: [sh, -c]` takes the command for its script.
            (Some(Start::Words(mut words)), Some(Start::Words(more))) => {
                words.extend(more);
                boot.starts.push(Start::Words(words));
            }
            (entrypoint, command) => boot.starts.extend([entrypoint, command].into_iter().flatten()),
        }
        for mount in &service.mounts {
            let Some(target) = &mount.target else { continue };
            if let Some(path) = &mount.path {
                boot.mounts.push((path.clone(), target.clone()));
            }
            if !mount.read_only && mount.kind != MountKind::Tmpfs {
                boot.volumes.push((target.trim_end_matches('/').to_owned(), mount.place));
            }
        }
        for variable in &service.environment {
            if let Some(value) = variable.value.as_ref().and_then(crate::compose::Text::value) {
                boot.env.retain(|(name, _)| *name != variable.name);
                boot.env.push((variable.name.clone(), value.to_owned()));
            }
        }
        boot.deadline = check.map(Deadline::of_check);
        boot
    }

    /// How many of the starts are the image's entrypoint.
    fn entrypoints(&self) -> usize {
        let has = self
            .build
            .as_ref()
            .zip(self.stage)
            .is_some_and(|(build, stage)| build.dockerfile.starts(stage).0.is_some());
        usize::from(has)
    }

    /// A container of an image that is built here.
    fn built(build: BuildContext<'r>, stage: &'r Stage) -> Self {
        let mut boot = Self::default();
        let (entrypoint, cmd) = build.dockerfile.starts(stage);
        for command in [entrypoint, cmd].into_iter().flatten() {
            boot.starts.push(match command.script() {
                Some(script) => Start::Script(script.clone()),
                None => Start::Words(command.argv().to_vec()),
            });
        }
        for step in build.dockerfile.steps_of(stage) {
            match &step.kind {
                StepKind::Volume(paths) => {
                    let path = |text: &crate::dockerfile::Text| text.known().trim_end_matches('/').to_owned();
                    boot.volumes.extend(paths.iter().map(|text| (path(text), text.place)));
                }
                StepKind::Env(variables) => {
                    let value = |variable: &crate::dockerfile::Variable| {
                        Some((variable.name.written.clone(), variable.value.as_ref()?.known().to_owned()))
                    };
                    boot.env.extend(variables.iter().filter_map(value));
                }
                _ => {}
            }
        }
        boot.stage = Some(stage);
        boot.build = Some(build);
        boot
    }

    /// The last value that its image or service gives a variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.env.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The volume that `path` lies on. Of a path that begins with something unknown: the first volume there is.
    pub(crate) fn volume_of(&self, path: &str) -> Option<Place> {
        if path.starts_with('…') {
            return self.volumes.first().map(|(_, place)| *place);
        }
        let holds = |volume: &&(String, Place)| {
            path.strip_prefix(volume.0.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.volumes.iter().find(holds).map(|(_, place)| *place)
    }
}
