//! A container as far as its health check and its server hang on it.

use crate::compose::{Service, Text};
use crate::dockerfile::StepKind;
use crate::{BuildContext, Image, Place, Repo, Stage};
use twiceshy_source::Extract;

/// A container as far as its health check and its server hang on it.
#[derive(Debug, Default)]
pub struct Container<'r> {
    /// The build of its image, if it is built here.
    pub build: Option<BuildContext<'r>>,
    /// The stage that it is built from.
    pub stage: Option<&'r Stage>,
    /// The image that its programs come from, and the line that names it: through the stages of a Dockerfile, its base.
    pub image: Option<(Image, Place)>,
    /// The words that it starts with, and the scripts where a shell starts it.
    pub starts: Vec<Extract>,
    /// Its environment as far as the Dockerfile and the service say it: name, value, place.
    pub env: Vec<(String, String, Place)>,
    /// Files and directories of the repository that are mounted: path, target.
    pub mounts: Vec<(String, String)>,
    /// Whether it has no IPv6 address at all: `localhost` is `127.0.0.1` there.
    pub is_ipv4_only: bool,
}

impl<'r> Container<'r> {
    /// Whether its Dockerfile brings a program of this name: installs its package or copies it in.
    pub fn brings(&self, program: &str) -> bool {
        self.build.as_ref().zip(self.stage).is_some_and(|(build, stage)| build.dockerfile.brings(stage, program))
    }

    /// Whether its Dockerfile may bring a program of this name: as [`Container::brings`] says, under another package's name,
    /// or by a step of which is not known what it installs.
    pub fn may_have(&self, program: &str) -> bool {
        let Some((build, stage)) = self.build.as_ref().zip(self.stage) else { return false };
        let alias = PACKAGES.iter().find(|(name, _)| *name == program).map_or(&[][..], |(_, packages)| packages);
        let is_its = |name: &str| name.contains(program) || alias.iter().any(|package| name.contains(package));
        self.brings(program)
            || build.dockerfile.packages(stage).any(|package| is_its(&package.name))
            || build.dockerfile.steps_of(stage).any(|step| match &step.kind {
                StepKind::Run(run) => may_install(&run.command.text(), program),
                StepKind::Copy(copy) => copy.from.is_some() && copies_programs(copy),
                _ => false,
            })
    }

    /// Where a stage installs a program of which nothing gets into its image.
    pub fn installed_elsewhere(&self, program: &str) -> Option<Place> {
        let (build, stage) = self.build.as_ref().zip(self.stage)?;
        let dockerfile = build.dockerfile;
        let others =
            dockerfile.stages.iter().filter(|other| dockerfile.lineage(stage).all(|own| own.index != other.index));
        let mut steps = others.flat_map(|other| &other.steps);
        steps.find_map(|step| match &step.kind {
            StepKind::Run(run) => {
                run.packages.iter().find(|package| package.name == program).map(|package| package.place)
            }
            _ => None,
        })
    }

    /// Whether its image is built here.
    pub fn is_built(&self) -> bool {
        self.build.is_some()
    }

    /// What it starts with, in one line and in lower case.
    pub(crate) fn line(&self) -> String {
        let words: Vec<_> = self.starts.iter().map(Extract::text).collect();
        words.join(" ").to_lowercase()
    }

    /// The container of a service.
    pub(crate) fn of(service: &Service, build: Option<BuildContext<'r>>, repo: &Repo) -> Self {
        let stage = build.as_ref().and_then(|build| build.dockerfile.stage(build.target.as_deref()));
        let mut container = match (build, stage) {
            (Some(build), Some(stage)) => Self::built(build, stage, &|name| service.build_arg(name)),
            _ => Self { image: service.base_image(repo), ..Self::default() },
        };
        let given: Vec<_> = service.argv().cloned().collect();
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
    pub(crate) fn built(build: BuildContext<'r>, stage: &'r Stage, args: &dyn Fn(&str) -> Option<String>) -> Self {
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

/// Packages that bring a program of another name.
const PACKAGES: &[(&str, &[&str])] = &[
    ("nc", &["netcat", "ncat", "busybox", "nmap"]),
    ("wget", &["busybox"]),
    ("ping", &["iputils", "busybox"]),
    ("pgrep", &["procps", "busybox"]),
    ("ps", &["procps", "busybox"]),
    ("python3", &["python"]),
    ("python", &["python"]),
    ("node", &["nodejs"]),
    ("pg_isready", &["postgres"]),
    ("psql", &["postgres"]),
    ("mysqladmin", &["mysql", "mariadb"]),
    ("redis-cli", &["redis", "valkey"]),
    ("dig", &["bind", "dnsutils"]),
    ("nslookup", &["bind", "dnsutils", "busybox"]),
    ("bash", &["bash"]),
    ("sh", &["busybox", "bash", "dash"]),
];

/// Whether a `RUN` step may install a program: it speaks of it, or what it installs is not written there.
fn may_install(text: &str, program: &str) -> bool {
    let words = || text.split(|c: char| c.is_whitespace() || "\"'`;&|()/=,".contains(c));
    let installs = ["install", "apk add", "apk --no-cache add"].iter().any(|verb| text.contains(verb));
    words().any(|word| word == program)
        || text.contains("xargs")
        || words().any(|word| word.ends_with(".sh"))
        || installs && text.split_whitespace().any(|word| word.trim_start_matches('"').starts_with('$'))
}

/// Whether whole directories of programs come from another stage or image.
fn copies_programs(copy: &crate::dockerfile::Copy) -> bool {
    const PROGRAMS: &[&str] = &["", "/usr", "/usr/bin", "/bin", "/sbin", "/usr/sbin", "/rootfs"];
    let is_stage = matches!(copy.from, Some(crate::dockerfile::CopyFrom::Stage(_)));
    copy.sources.iter().any(|source| {
        let source = source.known().trim_end_matches(['/', '*', '.']);
        PROGRAMS.contains(&source) || !is_stage && matches!(source, "/usr/local" | "/usr/local/bin")
    })
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
