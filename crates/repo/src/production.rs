//! Which projects serve people, and which of their services are meant to stay up.

use crate::compose::{Condition, Mount, MountKind, Text};
use crate::docker::DockerCall;
use crate::health::Container;
use crate::image::Role;
use crate::script::{Host, Via};
use crate::{FileId, Place, Project, Repo, Script, Service, Tree};

/// What tells that a project serves people, and is not somebody's own machine.
#[derive(Clone, Copy, Debug)]
pub enum Production<'r> {
    /// Another service of it comes back by itself; its policy stands here.
    Restarts(&'r Service, Place),
    /// The name of its file says so: `compose.prod.yml`.
    Named(&'r str),
    /// A script or workflow that deploys starts it here.
    Deployed(Place),
}

/// Words in a path that tell of a stack that serves people.
const PRODUCTION: &[&str] = &["prod", "production", "deploy", "deployment", "selfhost", "selfhosted"];

/// Words in a path that tell of one that does not.
pub(crate) const DEVELOPMENT: &[&str] = &[
    "dev",
    "devel",
    "develop",
    "development",
    "devcontainer",
    "devenv",
    "devbox",
    "devstack",
    "local",
    "localdev",
    "test",
    "tests",
    "testing",
    "ci",
    "e2e",
    "integration",
    "cypress",
    "playwright",
    "example",
    "examples",
    "sample",
    "samples",
    "demo",
    "demos",
    "debug",
    "profiling",
    "bench",
    "benchmark",
    "benchmarks",
    "loadtest",
    "mock",
    "mocks",
    "fixtures",
    "sandbox",
    "playground",
    "tutorial",
];

impl Repo {
    /// What tells that a project serves people; `None` for stacks of developers and tests, and where nothing tells.
    pub fn production<'r>(&'r self, project: &'r Project) -> Option<Production<'r>> {
        if self.is_development(project) {
            return None;
        }
        if let Some(place) = self.deployed(project) {
            return Some(Production::Deployed(place));
        }
        let named = project.files.iter().find_map(|file| {
            let path = self.tree.path(*file);
            words(path).any(|word| PRODUCTION.contains(&word)).then_some(path)
        });
        if let Some(path) = named {
            return Some(Production::Named(path));
        }
        if self.is_for_ci(project) {
            return None;
        }
        project.services.iter().find_map(|service| {
            let policy = service.restart().filter(|policy| comes_back(policy.shown()))?;
            // A job that fails is tried again anywhere.
            let is_job = policy.shown().starts_with("on-failure") && !service.stays_up(project, self);
            (!is_job).then_some(())?;
            Some(Production::Restarts(service, policy.place()))
        })
    }

    /// Whether a project is somebody's own machine or a test: its path says so, or its containers run the working copy.
    pub fn is_development(&self, project: &Project) -> bool {
        match self.position_of(project) {
            Some(at) => self.answered.development.get(at, || self.looks_like_development(project)),
            None => self.looks_like_development(project),
        }
    }

    fn looks_like_development(&self, project: &Project) -> bool {
        let is_named = |file: &crate::FileId| {
            let name = words(self.tree.path(*file)).any(|word| DEVELOPMENT.contains(&word));
            // Compose merges it over the default file of whoever works here.
            name || Tree::name(self.tree.path(*file)).contains(".override.") || self.is_said_to_be_none(*file)
        };
        project.files.iter().any(is_named) || project.services.iter().any(|service| self.runs_working_copy(service))
    }

    /// Whether the path of a file says that developers or tests alone use it: `Dockerfile.dev`.
    pub fn is_of_development(&self, file: FileId) -> bool {
        words(self.tree.path(file)).any(|word| DEVELOPMENT.contains(&word))
    }

    /// Whether the comment at the head of a file says that it is not for production.
    fn is_said_to_be_none(&self, file: FileId) -> bool {
        const SAYS: &[&str] = &[
            "not for production",
            "not intended for production",
            "not meant for production",
            "not suitable for production",
            "not be used in production",
            "not use in production",
            "not use this in production",
            "for development purposes",
            "for development only",
            "for local development only",
            "local development stack",
            "for testing purposes",
            "for testing only",
            "for internal testing",
        ];
        let Ok(source) = self.tree.source(file) else { return false };
        let lines = source.text().lines().map(str::trim);
        let head = lines.take_while(|line| line.is_empty() || line.starts_with('#') || *line == "---");
        let words = head.flat_map(|line| line.split(|c: char| c.is_whitespace() || matches!(c, '#' | '*' | '_')));
        let said = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").to_ascii_lowercase();
        SAYS.iter().any(|words| said.contains(words))
    }

    /// Whether a project is one of several that a workflow starts which does not deploy.
    fn is_for_ci(&self, project: &Project) -> bool {
        let Some(name) = project.files.last().map(|file| Tree::name(self.tree.path(*file))) else { return false };
        let stem = name.split('.').next().unwrap_or_default();
        let is_default = matches!(stem, "compose" | "docker-compose") && name.matches('.').count() == 1;
        let names = |workflow: &crate::Workflow| {
            self.tree.source(workflow.file).is_ok_and(|source| source.text().contains(name))
        };
        !is_default && self.workflows.iter().any(names)
    }

    /// Whether a service runs the code of the working copy instead of what its image holds: it is mounted, watched, or
    /// reloaded.
    pub fn runs_working_copy(&self, service: &Service) -> bool {
        if service.value(&["develop"]).is_some() {
            return true;
        }
        let Some(build) = &service.build else { return false };
        let is_development =
            |text: &Text| words(text.shown()).any(|word| word.starts_with("dev") || word == "local" || word == "debug");
        let target = build.target.as_ref().is_some_and(is_development);
        let file = build.dockerfile.as_ref().is_some_and(is_development);
        let told =
            service.environment.iter().any(|variable| {
                matches!(&*variable.name, "NODE_ENV" | "FLASK_ENV" | "RAILS_ENV" | "APP_ENV" | "ASPNETCORE_ENVIRONMENT")
                    && variable.value.as_ref().and_then(Text::value).is_some_and(|value| {
                        value.eq_ignore_ascii_case("development") || value.eq_ignore_ascii_case("dev")
                    })
            });
        let context = build.context_path.as_deref();
        let mounts_code = |mount: &Mount| {
            mount.kind == MountKind::Bind
                && mount.path.as_deref().zip(context).is_some_and(|(path, context)| {
                    Tree::join(context, "").is_some_and(|context| is_below(path, &context) || is_below(&context, path))
                        && self.tree.file(path).is_none()
                        && self.tree.below(path).take(500).any(|file| is_code(self.tree.path(file)))
                })
        };
        let reloads = service.argv().any(|word| {
            ["--reload", "runserver", "nodemon", "start-watch", "watch", "--watch", "dev", "start:dev"]
                .contains(&word.text())
        });
        target || file || told || reloads || service.mounts.iter().any(mounts_code)
    }

    /// Where a script or workflow that deploys starts the project.
    fn deployed(&self, project: &Project) -> Option<Place> {
        self.scripts.iter().filter(|script| self.deploys(script)).find_map(|script| {
            let calls = script.docker_calls();
            let call = calls.iter().find(|call| self.starts_project(call, project))?;
            Some(call.command.words_place())
        })
    }

    /// Whether a command brings the project up and leaves it there.
    pub(crate) fn starts_project(&self, call: &DockerCall<'_>, project: &Project) -> bool {
        let Some(compose) = call.compose().filter(|compose| compose.verb == "up") else { return false };
        if compose.given.has("--abort-on-container-exit") || compose.given.get("--exit-code-from").is_some() {
            return false;
        }
        let Some(scope) = self.compose_scope(call) else { return false };
        // Without `-f` Compose reads the override file, too.
        let is_default = compose.files().is_empty() && scope.files.first() == project.files.first();
        is_default || project.files.iter().all(|file| scope.files.contains(file))
    }

    /// Whether a script brings what it starts before people: by its name, or since it runs on another machine.
    pub(crate) fn deploys(&self, script: &Script) -> bool {
        let mut host = &script.host;
        let mut is_remote = false;
        while let Host::Inside { outer, via } = host {
            is_remote |= *via == Via::Ssh;
            host = outer;
        }
        let path = self.tree.path(script.file);
        if words(path).any(|word| DEVELOPMENT.contains(&word)) {
            return false;
        }
        // What a step starts on a runner that is thrown away is a trial.
        let lasts = || self.runner_lasts(script);
        let says = |text: &str| {
            words(text).any(|word| ["deploy", "deployment", "prod", "production", "release", "rollout"].contains(&word))
        };
        match host {
            Host::Step { job, step } => is_remote || (says(path) || says(job) || says(step)) && lasts(),
            Host::File => is_remote || says(path),
            Host::Recipe { target } => is_remote || says(target),
            Host::Package { name } => is_remote || says(name),
            Host::CommandLine { .. } => is_remote,
            Host::Fence { .. } | Host::Service { .. } | Host::Image { .. } | Host::Inside { .. } => false,
        }
    }
}

impl Repo {
    /// Whether what a step starts is there when its job is over: on a runner of one's own, or on a machine that Docker is
    /// told of.
    fn runner_lasts(&self, script: &Script) -> bool {
        const ELSEWHERE: [&str; 4] = ["DOCKER_HOST", "docker context", "docker --context", "docker -H"];
        let Some(workflow) = self.workflows.of(script.file) else { return true };
        let Host::Step { job, .. } = script.host.outermost() else { return true };
        let job = workflow.jobs.iter().find(|own| *own.id.text == **job);
        let is_hosted = job.is_some_and(|job| {
            let mut labels = job.runs_on.iter();
            labels.any(|label| ["ubuntu-", "macos-", "windows-"].iter().any(|os| label.text.starts_with(os)))
        });
        !is_hosted
            || self
                .tree
                .source(script.file)
                .is_ok_and(|source| ELSEWHERE.iter().any(|word| source.text().contains(word)))
    }
}

impl Service {
    /// Whether it is meant to run for as long as the project does: it serves, or works off what others leave for it.
    pub fn stays_up(&self, project: &Project, repo: &Repo) -> bool {
        const ONCE: &[&str] = &[
            "migrate",
            "migrations",
            "migration",
            "migrator",
            "init",
            "initdb",
            "setup",
            "seed",
            "seeder",
            "bootstrap",
            "create",
            "createbuckets",
            "bucket",
            "buckets",
            "prestart",
            "provision",
            "installer",
            "install",
            "job",
            "once",
            "oneshot",
            "test",
            "tests",
            "builder",
            "build",
            "cli",
            "shell",
            "tools",
            "console",
            "dump",
            "restore",
            "backup",
            "permissions",
            "chown",
            "wait",
            "download",
            "downloader",
            "cleanup",
            "upgrade",
            "cert",
            "certs",
            "certificates",
        ];
        if words(&self.name).any(|word| ONCE.contains(&word)) || !self.profiles.is_empty() {
            return false;
        }
        if self.text(&["scale"]).or_else(|| self.text(&["deploy", "replicas"])).is_some_and(|n| n.shown() == "0") {
            return false;
        }
        let waits = |condition: &[Condition]| {
            let all = project.services.iter().flat_map(|service| &service.depends_on);
            all.filter(|dependency| dependency.name == self.name)
                .any(|dependency| condition.contains(&dependency.condition))
        };
        if waits(&[Condition::Completed]) || self.is_set(&["stdin_open"]) || self.is_set(&["tty"]) {
            return false;
        }
        if does_not_serve(&self.starts(repo)) {
            return false;
        }
        let serves = !self.ports.is_empty()
            || !self.expose.is_empty()
            || self.healthcheck.as_ref().is_some_and(|check| check.test.is_some());
        let role = self.base_image(repo).and_then(|(image, _)| repo.facts(&image).role());
        let is_known = role.is_some_and(|role| !matches!(role, Role::Base | Role::Tool));
        const WORKS: &[&str] = &[
            "worker",
            "workers",
            "beat",
            "scheduler",
            "celery",
            "queue",
            "consumer",
            "cron",
            "proxy",
            "web",
            "api",
            "app",
            "server",
            "backend",
            "frontend",
            "bot",
            "nginx",
            "caddy",
            "traefik",
        ];
        serves
            || is_known
            || waits(&[Condition::Started, Condition::Healthy])
            || words(&self.name).any(|word| WORKS.contains(&word))
    }

    /// What it starts with, in one line and in lower case: its own entrypoint and command, else its Dockerfile's.
    pub(crate) fn starts(&self, repo: &Repo) -> String {
        Container::of(self, self.build_context(repo), repo).line()
    }
}

/// Whether a restart policy brings a container back.
pub(crate) fn comes_back(policy: &str) -> bool {
    policy.starts_with("always") || policy.starts_with("unless-stopped") || policy.starts_with("on-failure")
}

/// Whether what a container starts with ends by itself, or only keeps it open for people.
fn does_not_serve(line: &str) -> bool {
    const ENDS: &[&str] = &[
        "alembic upgrade",
        "manage.py migrate",
        "prisma migrate",
        "prisma db push",
        "db:migrate",
        "db:push",
        "drizzle-kit",
        "migrate deploy",
        "flyway",
        "liquibase",
        "goose ",
        "mc alias",
        "mc mb",
        "chown ",
        "exit 0",
        "sleep infinity",
        "tail -f /dev/null",
    ];
    const SERVES: &[&str] = &[
        "uvicorn",
        "gunicorn",
        "granian",
        "hypercorn",
        "daphne",
        "runserver",
        "serve",
        "start",
        "daemon",
        "worker",
        "celery",
        "node ",
        "java ",
        "exec ",
        "supervisord",
        "nginx",
        "caddy",
        "puma",
    ];
    ENDS.iter().any(|word| line.contains(word)) && !SERVES.iter().any(|word| line.contains(word))
        || matches!(line, "true" | "/bin/true" | "echo" | "sh" | "bash" | "/bin/sh" | "/bin/bash")
}

/// The words of a name or path, in lower case where they are.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

fn is_below(path: &str, dir: &str) -> bool {
    dir.is_empty() || path == dir || path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'))
}

fn is_code(path: &str) -> bool {
    const CODE: &[&str] =
        &["py", "js", "mjs", "ts", "tsx", "jsx", "svelte", "vue", "rb", "go", "rs", "php", "java", "cs", "kt"];
    path.rsplit_once('.').is_some_and(|(_, extension)| CODE.contains(&extension))
}
