//! Containers that are run – by a service, by `docker run` in a script – as far as their image minds how: as whom, with which
//! capabilities, on what file system, with what mounted and what in its environment.

mod nginx;
mod read;

pub use nginx::NginxSays;

use crate::docker::{DockerCall, Engine};
use crate::dockerfile::StepKind;
use crate::{
    BuildContext, Focus, Image, ImageFacts, LogFile, Place, Project, Repo, Script, Service, Tree, is_at_or_below,
};

/// A container that a service or a script runs.
#[derive(Debug)]
pub struct Launch<'r> {
    /// Who runs it.
    pub by: LaunchedBy<'r>,
    /// The image that its programs and directories come from: through the stages of a Dockerfile, its base.
    pub image: Image,
    /// The line that names the image.
    pub image_place: Place,
    /// How its image is built, if it is built here.
    pub build: Option<BuildContext<'r>>,
    /// Where its root file system is made read-only.
    pub read_only: Option<Place>,
    /// What is mounted.
    pub mounts: Vec<Mounted>,
    user: User,
    dropped: Vec<(String, Place)>,
    added: Vec<String>,
    is_privileged: bool,
    /// Whether it shares the host's network.
    pub is_on_host: bool,
    entrypoint: Option<Vec<String>>,
    words: Vec<String>,
    env: Vec<(String, Option<String>, Place)>,
    has_unknown_env: bool,
}

/// Who runs a container.
#[derive(Debug)]
pub enum LaunchedBy<'r> {
    /// A service of a project.
    Service(&'r Project, &'r Service),
    /// A command of a script.
    Command(Box<DockerCall<'r>>),
}

/// Something mounted into a container.
#[derive(Clone, Debug)]
pub struct Mounted {
    /// Where it stands.
    pub place: Place,
    /// Where its path in the container stands, where that can be told and edited.
    pub target_place: Option<Place>,
    /// The path in the container.
    pub target: String,
    /// The volume's name or the host's path; `None` for an anonymous volume, memory, and where it is not known.
    pub source: Option<String>,
    /// The host's path as a path in the tree.
    pub path: Option<String>,
    /// Whether it is a named or anonymous volume.
    pub is_volume: bool,
    /// Whether it is memory.
    pub is_tmpfs: bool,
    /// Whether the container may not write to it.
    pub read_only: bool,
}

/// As whom a container starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum User {
    /// As its image says.
    Default,
    Root,
    Other,
    Unknown,
}

impl Repo {
    /// Every container that services run, of images that are known by name.
    pub fn launched_services(&self, focus: Focus) -> Vec<Launch<'_>> {
        let projects = self.projects_of(focus).into_iter();
        let services = projects.flat_map(|project| project.services.iter().map(move |one| (project, one)));
        services.filter_map(|(project, service)| Launch::of_service(project, service, self)).collect()
    }

    /// Every container that scripts run, of images that are known by name: of those scripts that say one of `words`.
    pub fn launched_commands(&self, words: &[&str], focus: Focus) -> Vec<Launch<'_>> {
        let says =
            |script: &&Script| script.text().contains(" run") && words.iter().any(|word| script.text().contains(word));
        let calls = self.scripts.within(focus).filter(says).flat_map(Script::docker_calls);
        calls.filter_map(Launch::of_command).collect()
    }
}

impl<'r> Launch<'r> {
    /// What it is called in a sentence.
    pub fn name(&self) -> String {
        match &self.by {
            LaunchedBy::Service(_, service) => service.name.clone(),
            LaunchedBy::Command(call) => {
                let name = call.run().and_then(|run| run.name()?.text());
                name.unwrap_or_else(|| self.image.to_string())
            }
        }
    }

    /// Whether podman runs it, as far as a command says so.
    pub fn is_podman(&self) -> bool {
        matches!(&self.by, LaunchedBy::Command(call) if call.engine == Engine::Podman)
    }

    /// Whether what starts is the server of its image, not another program in it.
    pub fn runs_its_server(&self) -> bool {
        const ENTRYPOINTS: &[&str] = &["docker-entrypoint.sh", "/docker-entrypoint.sh", "docker-entrypoint"];
        const SERVERS: &[&str] = &[
            "postgres",
            "mysqld",
            "mariadbd",
            "mongod",
            "redis-server",
            "valkey-server",
            "nginx",
            "nginx-debug",
            "httpd-foreground",
            "apache2-foreground",
            "rabbitmq-server",
            "caddy",
            "clickhouse-server",
            "cassandra",
            "influxd",
            "neo4j",
            "server",
            "start",
            "worker",
        ];
        let is_own_entrypoint = self.entrypoint.as_ref().is_none_or(|words| {
            words.first().is_some_and(|word| ENTRYPOINTS.iter().any(|own| Tree::name(word) == Tree::name(own)))
        });
        let is_server = |word: &String| word.starts_with('-') || SERVERS.contains(&Tree::name(word));
        let words = match &self.entrypoint {
            Some(entrypoint) if !entrypoint.is_empty() && self.words.is_empty() => {
                entrypoint.get(1..).unwrap_or_default()
            }
            _ => self.words.as_slice(),
        };
        // `["nginx", "-g", "daemon off;"]` as the entrypoint is the server, too, though without the image's preparations.
        let starts_server = self.entrypoint.as_ref().is_some_and(|words| {
            words.first().is_some_and(|word| !word.starts_with('-') && SERVERS.contains(&Tree::name(word)))
        });
        const ASIDE: &[&str] = &["-v", "-V", "-t", "--version", "--help", "-h", "version"];
        let only_asks = words.iter().any(|word| ASIDE.contains(&word.as_str()));
        !only_asks && (starts_server || is_own_entrypoint && words.first().is_none_or(is_server))
    }

    /// Whether a word of its command holds `text`.
    pub fn mentions(&self, text: &str) -> bool {
        self.words.iter().chain(self.entrypoint.iter().flatten()).any(|word| word.contains(text))
    }

    /// Whether it starts as root, if its image does by itself.
    pub fn may_start_as_root(&self) -> bool {
        matches!(self.user, User::Default | User::Root)
    }

    /// The capabilities of `needed` that it is denied, and where the first of them is dropped.
    pub fn denied<'n>(&self, needed: impl IntoIterator<Item = &'n str>) -> Option<(Vec<&'n str>, Place)> {
        let has = |list: &[String], name: &str| list.iter().any(|own| own == name || own == "*");
        if self.is_privileged || has(&self.added, "ALL") && self.dropped.iter().all(|(name, _)| name == "ALL") {
            return None;
        }
        let dropped = |name: &str| self.dropped.iter().find(|(own, _)| own == name || own == "ALL");
        let denied: Vec<&str> =
            needed.into_iter().filter(|name| dropped(name).is_some() && !has(&self.added, name)).collect();
        let (_, place) = dropped(denied.first()?)?;
        Some((denied, *place))
    }

    /// The mount through which a path in it is reached: the one that is mounted deepest, the root file system when there
    /// is none.
    pub fn mount_of(&self, path: &str) -> Option<&Mounted> {
        let path = real(path);
        let above = self.mounts.iter().filter(|mount| is_at_or_below(&path, &real(&mount.target)));
        above.max_by_key(|mount| real(&mount.target).len())
    }

    /// The value of a variable that it is given: `Some(None)` where the value is not known.
    pub fn variable(&self, name: &str) -> Option<Option<&str>> {
        let (_, value, _) = self.env.iter().rfind(|(own, ..)| own == name)?;
        Some(value.as_deref())
    }

    /// Whether its environment or its command speaks of a path: then the image is told to use it, or not to.
    pub fn may_have_other_place(&self, path: &str) -> bool {
        self.mentions(path)
            || self.env.iter().any(|(_, value, _)| value.as_deref().is_some_and(|value| value.contains(path)))
    }

    /// Whether it may have variables that nothing here names: from an env file that is not in the repository.
    pub fn may_have_other_variables(&self) -> bool {
        self.has_unknown_env
    }

    /// Whether a condition of the table holds: `NAME` or `NAME=value` in its environment, `--option` in its command, `!NAME`
    /// not in its environment. What is not known may hold.
    pub fn may_hold(&self, condition: &str) -> bool {
        if let Some(name) = condition.strip_prefix('!') {
            return self.variable(name).is_none() && !self.has_unknown_env;
        }
        if condition.starts_with('-') {
            return self.mentions(condition);
        }
        let (name, wanted) = condition.split_once('=').map_or((condition, None), |(name, value)| (name, Some(value)));
        match self.variable(name) {
            Some(Some(value)) => wanted.is_none_or(|wanted| value.trim_matches('"').eq_ignore_ascii_case(wanted)),
            Some(None) => true,
            None => self.has_unknown_env || self.mentions(name),
        }
    }

    /// A file of the repository that it finds at a path: mounted there, or copied there when its image is built.
    pub(crate) fn file_at(&self, path: &str, repo: &Repo) -> FileAt {
        if let Some(mount) = self.mounts.iter().find(|mount| is_at_or_below(path, &mount.target)) {
            let rest = path.get(mount.target.trim_end_matches('/').len()..).unwrap_or_default();
            let inside = mount.path.as_deref().and_then(|dir| Tree::join(dir, rest.trim_start_matches('/')));
            return inside.and_then(|path| repo.tree.file(&path)).map_or(FileAt::Unknown, FileAt::Known);
        }
        let Some(build) = &self.build else { return FileAt::Images };
        let mut found = FileAt::Images;
        for step in self.built_steps() {
            match &step.kind {
                StepKind::Copy(copy) => {
                    let Some(dest) = copy.dest.as_ref().map(|dest| dest.known()) else { continue };
                    if is_at_or_below(path, dest) || is_at_or_below(dest, Tree::parent(path)) && dest.ends_with('/') {
                        let name = Tree::name(path);
                        let file =
                            copy.context_sources().find(|(_, source)| dest == path || Tree::name(source) == name);
                        let file = file.and_then(|(_, source)| Tree::join(&build.dir, &source));
                        found = file.and_then(|path| repo.tree.file(&path)).map_or(FileAt::Unknown, FileAt::Known);
                    }
                }
                StepKind::Run(run) if run.command.text().contains(path) => found = FileAt::Unknown,
                _ => {}
            }
        }
        found
    }

    /// What its code appends to and cannot: the file, where the code says so, and the mount that is read-only; `None` for
    /// the root file system. Paths that are not written down whole are left out.
    pub fn blocked_logs(&self, repo: &'r Repo) -> Vec<(&'r LogFile, String, Option<&Mounted>)> {
        let LaunchedBy::Service(_, service) = &self.by else { return Vec::new() };
        if self.read_only.is_none() && !self.mounts.iter().any(|mount| mount.read_only) {
            return Vec::new();
        }
        let Some(application) = service.application(repo) else { return Vec::new() };
        let logs = repo.log_files.iter().filter(|log| application.reaches(log.file));
        let blocked = logs.filter_map(|log| {
            let path = self.inside(&log.path)?;
            if path.starts_with("/dev/") || path.starts_with("/proc/") || self.has_volume_above(&path) {
                return None;
            }
            match self.mount_of(&path) {
                Some(mount) => mount.read_only.then_some((log, path, Some(mount))),
                None => self.read_only.map(|_| (log, path, None)),
            }
        });
        blocked.collect()
    }

    /// A path as the program in it sees it: from its working directory. `None` where that is not known.
    fn inside(&self, path: &str) -> Option<String> {
        if path.is_empty() || path.contains('…') {
            return None;
        }
        if path.starts_with('/') {
            return Some(path.to_owned());
        }
        let own = match &self.by {
            LaunchedBy::Service(_, service) => service.text(&["working_dir"]),
            LaunchedBy::Command(_) => None,
        };
        let dir = match own {
            Some(dir) => dir.value()?.to_owned(),
            None => self
                .built_steps()
                .filter_map(|step| match &step.kind {
                    StepKind::Workdir(dir) => dir.value.clone(),
                    _ => None,
                })
                .last()?,
        };
        let joined = Tree::join(dir.strip_prefix('/')?, path)?;
        Some(format!("/{joined}"))
    }

    /// Whether its Dockerfile declares a volume at or above a path.
    fn has_volume_above(&self, path: &str) -> bool {
        self.built_steps().any(|step| match &step.kind {
            StepKind::Volume(paths) => paths.iter().any(|volume| is_at_or_below(path, volume.known())),
            _ => false,
        })
    }

    fn built_steps(&self) -> impl Iterator<Item = &'r crate::dockerfile::Step> + use<'r> {
        let build = self.build.as_ref().map(|build| (build.dockerfile, build.target.clone()));
        build.into_iter().flat_map(|(dockerfile, target)| {
            dockerfile.stage(target.as_deref()).into_iter().flat_map(|stage| dockerfile.steps_of(stage))
        })
    }

    /// What is known about its image.
    pub fn facts(&self, repo: &'r Repo) -> ImageFacts<'r> {
        repo.facts(&self.image)
    }
}

/// What stands at a path in a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileAt {
    /// A file of the repository.
    Known(twiceshy_source::FileId),
    /// What its image brought.
    Images,
    /// Something else.
    Unknown,
}

/// A path without the link that every image has: `/var/run` is `/run`.
fn real(path: &str) -> String {
    let path = path.trim_end_matches('/');
    path.strip_prefix("/var/run").map_or_else(|| path.to_owned(), |rest| format!("/run{rest}"))
}
