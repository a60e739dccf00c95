//! The ports on which the server in a container listens, as far as the files tell.

use super::start::{Starts, starts};
use super::{listen_directives, program};
use crate::compose::{Port, Ports, Published, Text};
use crate::dockerfile::{Base, StepKind};
use crate::health::{Container, HealthCheck};
use crate::reach::number;
use crate::{Application, FileId, Image, Place, Repo, Role, Service, Span, Tree};
use std::cell::OnceCell;
use std::sync::Arc;

/// The ports on which a service listens.
///
/// Three-valued: [`Listening::hears`] says yes, no, or that nobody knows. [`Listening::ports`] are a yes; anything that may
/// open another one makes it "unknown". Code is read only where what stands outside it does not answer.
#[derive(Debug)]
pub struct Listening<'r> {
    /// What is said outside the code, the strongest word first.
    said: Vec<Heard>,
    /// Whether the command line says where the server listens, so that the code need not be asked.
    is_server_told: bool,
    all: OnceCell<Vec<Heard>>,
    repo: &'r Repo,
    service: Option<&'r Service>,
    container: Container<'r>,
    starts: Arc<Starts>,
    /// Whether nothing is in the image that could listen on its own and that nobody here knows of.
    is_base_known: bool,
    files: OnceCell<Vec<FileId>>,
}

/// A port on which a service listens, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The port.
    pub port: u16,
    /// Where that is said.
    pub place: Place,
    /// Who says it.
    pub by: Word,
}

/// Who says on which port a server listens; the stronger word first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// An option of the command that starts it.
    Option,
    /// A variable of its environment that it reads.
    Environment,
    /// Its configuration: nginx' `listen`.
    Config,
    /// A call in its code.
    Code,
    /// Nothing tells it another one, and its program or image listens there by itself.
    Default,
    /// `EXPOSE`, `expose`: documentation, usually true.
    Exposed,
    /// The container's side of a published port.
    Published,
}

/// Whether a service listens on a port.
#[derive(Clone, Copy, Debug)]
pub enum Hears<'l> {
    /// It does.
    Yes(&'l Heard),
    /// It does not.
    No {
        /// Whether the server itself is seen to listen elsewhere; otherwise only `EXPOSE` and `ports` say where.
        is_sure: bool,
    },
    /// It does not: that is the port of the host under which another one of the container's is published.
    IsPublished(&'l Port),
    /// Nothing tells.
    Unknown,
}

/// How many files of an application are searched.
const MAX_FILES: usize = 3_000;

/// Ports that frameworks take when nobody tells them.
const FRAMEWORKS: &[u16] = &[
    80, 443, 1323, 3000, 3001, 4000, 4173, 4200, 4321, 4567, 5000, 5001, 5173, 5555, 6006, 7860, 8000, 8008, 8080,
    8081, 8443, 8501, 8787, 8888, 9000, 9090, 9229, 9292, 50051,
];

/// Images to build on that do bring a server, in some of their tags.
const BASES_WITH_SERVER: &[&str] = &["php", "tomcat", "docker", "mcr.microsoft.com/dotnet/aspnet"];

impl Repo {
    /// The ports on which `service` listens.
    pub fn listening<'r>(&'r self, service: &'r Service) -> Listening<'r> {
        self.listening_in(Some(service), Container::of(service, service.build_context(self), self))
    }

    /// The ports on which the container of a health check listens.
    pub fn listening_under<'r>(&'r self, check: &HealthCheck<'r>) -> Listening<'r> {
        if let Some((_, service)) = check.service {
            return self.listening(service);
        }
        let container = match (check.container.build.clone(), check.container.stage) {
            (Some(build), Some(stage)) => Container::built(build, stage, &|_| None),
            _ => Container::default(),
        };
        self.listening_in(None, container)
    }

    fn listening_in<'r>(&'r self, service: Option<&'r Service>, container: Container<'r>) -> Listening<'r> {
        let built = container.build.as_ref().zip(container.stage);
        let read = || Arc::new(starts(service, built, &container.env, self));
        let starts = match service.and_then(|service| self.position_of_service(service)) {
            Some(at) => self.answered.starts.get(at, read),
            None => read(),
        };
        let mut ports = Vec::new();
        in_lines(&starts, &container, &mut ports);
        let is_server_told = !ports.is_empty();
        self.in_nginx_ports(&container, &mut ports);
        let is_base_known = built.is_some_and(|(build, stage)| {
            let root = build.dockerfile.lineage(stage).last().map(|stage| &stage.base);
            matches!(root, Some(Base::Scratch))
        }) || container.image.as_ref().is_some_and(|(image, _)| self.listens_nowhere_else(image));
        if let Some((image, place)) = container.image.as_ref().filter(|_| ports.is_empty()) {
            let own = self.facts(image).default_ports();
            ports.extend(own.iter().map(|port| Heard { port: *port, place: *place, by: Word::Default }));
        }
        if let Some((build, stage)) = built {
            for step in build.dockerfile.steps_of(stage) {
                let StepKind::Expose(exposed) = &step.kind else { continue };
                for text in exposed {
                    let port = text.value.as_deref().and_then(|text| number(text.split('/').next()?));
                    ports.extend(port.map(|port| Heard { port, place: text.place, by: Word::Exposed }));
                }
            }
        }
        for text in service.iter().flat_map(|service| &service.expose) {
            let port = text.value().and_then(|text| number(text.split('/').next()?));
            ports.extend(port.map(|port| Heard { port, place: text.place(), by: Word::Exposed }));
        }
        for port in service.iter().flat_map(|service| &service.ports) {
            let Some(Ports(first, last)) = port.target else { continue };
            let targets = (first..=last).take(100);
            ports.extend(targets.map(|target| Heard { port: target, place: port.place, by: Word::Published }));
        }
        ports.sort_by_key(|heard| heard.by);
        Listening {
            said: ports,
            is_server_told,
            all: OnceCell::new(),
            repo: self,
            service,
            container,
            is_base_known,
            starts,
            files: OnceCell::new(),
        }
    }

    /// Whether an image brings no server at all, or a server with one port that it is known for: a database, a cache.
    fn listens_nowhere_else(&self, image: &Image) -> bool {
        let facts = self.facts(image);
        match facts.role() {
            Some(Role::Base) => !BASES_WITH_SERVER.contains(&image.name.as_str()),
            Some(Role::Database | Role::Cache) => facts.default_ports().len() == 1,
            _ => false,
        }
    }

    /// nginx: the ports of its `listen` lines.
    fn in_nginx_ports(&self, container: &Container<'_>, heard: &mut Vec<Heard>) {
        let is_nginx = container.image.as_ref().is_some_and(|(image, _)| Tree::name(&image.name).starts_with("nginx"));
        if !is_nginx {
            return;
        }
        let mut is_own = false;
        for path in self.nginx_configuration(container, &mut is_own) {
            let Some(file) = self.tree.file(&path) else { continue };
            let Ok(source) = self.tree.source(file) else { continue };
            for line in 0..source.line_count() {
                for (span, address) in listen_directives(source.line(line)) {
                    let Some(port) = listen_port(address) else { continue };
                    let start = source.line_span(line).start;
                    let span = Span { start: start + span.start, end: start + span.end };
                    heard.push(Heard { port, place: Place::new(file, span), by: Word::Config });
                }
            }
        }
    }
}

/// The port of nginx' `listen`: `8080`, `[::]:8080 ssl`, `*:80`; 80 for an address alone.
fn listen_port(address: &str) -> Option<u16> {
    let address = address.split_whitespace().next()?;
    if address.starts_with("unix:") || address.contains('$') {
        return None;
    }
    number(address).or_else(|| address.rsplit_once(':').and_then(|(_, port)| number(port))).or(Some(80))
}

/// Servers that the command lines start.
fn in_lines(starts: &Starts, container: &Container<'_>, heard: &mut Vec<Heard>) {
    for line in &starts.lines {
        let Some(server) = program::started(line).filter(|server| !server.is_worker) else { continue };
        heard.extend(server.told.iter().map(|(port, place)| Heard { port: *port, place: *place, by: Word::Option }));
        if !server.told.is_empty() || server.is_unsure {
            continue;
        }
        let variable = container.env.iter().find(|(name, ..)| server.env.contains(name));
        match variable {
            Some((_, value, place)) => {
                heard.extend(number(value).map(|port| Heard { port, place: *place, by: Word::Environment }));
            }
            None => {
                heard.extend(server.default.map(|port| Heard { port, place: server.place, by: Word::Default }));
            }
        }
    }
}

impl Listening<'_> {
    /// The ports that something says it listens on, the strongest word first, each once.
    pub fn ports(&self) -> &[Heard] {
        self.all.get_or_init(|| {
            let mut all = self.said.clone();
            if !self.is_server_told {
                all.extend(self.in_code());
            }
            all.sort_by_key(|heard| heard.by);
            let mut seen = Vec::new();
            all.retain(|heard| {
                let is_new = !seen.contains(&heard.port);
                seen.push(heard.port);
                is_new
            });
            all
        })
    }

    /// The best-known ports: those that the server itself is seen to listen on, else what is exposed and published.
    pub fn best(&self) -> &[Heard] {
        let ports = self.ports();
        let sure = ports.iter().filter(|heard| heard.by < Word::Exposed).count();
        if sure > 0 { ports.get(..sure).unwrap_or_default() } else { ports }
    }

    /// Whether the service listens on `port`.
    pub fn hears(&self, port: u16) -> Hears<'_> {
        if let Some(heard) = self.said.iter().find(|heard| heard.port == port) {
            return Hears::Yes(heard);
        }
        let published = self.service.iter().flat_map(|service| &service.ports).find(|own| {
            matches!(own.published, Published::Ports(Ports(first, last)) if first <= port && port <= last)
                && own.target.is_some()
        });
        if (published.is_none() && !self.is_base_known) || self.has_unseen_config() {
            return Hears::Unknown;
        }
        if let Some(heard) = self.ports().iter().find(|heard| heard.port == port) {
            return Hears::Yes(heard);
        }
        if let Some(published) = published {
            return if self.speaks_of(port) { Hears::Unknown } else { Hears::IsPublished(published) };
        }
        let Some(best) = self.ports().first() else { return Hears::Unknown };
        let is_documented_only = best.by >= Word::Exposed;
        // A framework's own port may be what it really is.
        if is_documented_only && (FRAMEWORKS.contains(&port) || self.starts.runs_unseen) {
            return Hears::Unknown;
        }
        if self.speaks_of(port) {
            return Hears::Unknown;
        }
        let is_fixed = matches!(best.by, Word::Option | Word::Config) || !self.has_unseen_env();
        Hears::No { is_sure: !is_documented_only && is_fixed }
    }

    /// The program that its service starts instead of the image's, if that is one which never listens and nothing else
    /// there does.
    pub fn only_worker(&self) -> Option<(String, Place)> {
        let command = self.service?.command.as_ref()?;
        let mut servers = self.starts.lines.iter().filter_map(program::started);
        let first = servers.next()?;
        let is_alone = first.is_worker && servers.all(|other| other.is_worker) && !self.starts.runs_unseen;
        let is_own = first.place.file == command.place.file && first.place.start >= command.place.start;
        (is_alone && is_own).then_some((first.program, first.place))
    }

    /// Whether nothing listens on `port` although it is published or exposed: the server is seen to listen elsewhere, and
    /// nothing but that line speaks of the port.
    pub fn is_dead_end(&self, port: u16) -> bool {
        let is_told_here = |heard: &&Heard| heard.by < Word::Exposed && heard.port == port;
        if !self.is_base_known || self.starts.runs_unseen || self.said.iter().any(|heard| is_told_here(&heard)) {
            return false;
        }
        let mut sure = self.ports().iter().filter(|heard| heard.by < Word::Exposed).peekable();
        sure.peek().is_some()
            && sure.all(|heard| heard.port != port && heard.by != Word::Default)
            && !self.has_unseen_config()
            && !self.has_unseen_env()
            && !self.speaks_of(port)
    }

    /// Ports that the code listens on.
    fn in_code(&self) -> Vec<Heard> {
        let mut found = Vec::new();
        let running = self.application().map(|application| match &application.reached[..] {
            [] => &application.modules[..],
            reached => reached,
        });
        for file in running.unwrap_or_else(|| self.files()) {
            for call in self.repo.listening_calls(*file).iter() {
                let env = &self.container.env;
                let given = call.variable.as_ref().and_then(|name| env.iter().find(|(known, ..)| known == name));
                match given {
                    Some((_, value, place)) => {
                        found.extend(number(value).map(|port| Heard { port, place: *place, by: Word::Environment }));
                    }
                    None => {
                        let place = Place::new(*file, call.span);
                        found.extend(call.port.map(|port| Heard { port, place, by: Word::Code }));
                    }
                }
            }
        }
        found
    }

    /// Whether configuration is mounted that the repository does not hold.
    fn has_unseen_config(&self) -> bool {
        let tree = &self.repo.tree;
        self.service.iter().flat_map(|service| &service.mounts).any(|mount| {
            let target = mount.target.as_deref().unwrap_or_default();
            let is_config = target.starts_with("/etc") || target.rsplit('.').next().is_some_and(is_config_extension);
            let is_seen = mount.path.as_deref().is_some_and(|path| tree.file(path).is_some() || tree.has_dir(path));
            is_config && !is_seen
        })
    }

    /// Whether it is given an env file that the repository does not hold.
    fn has_unseen_env(&self) -> bool {
        let is_seen = |path: &str| self.repo.tree.resolve(path).is_some();
        self.service
            .iter()
            .flat_map(|service| &service.env_files)
            .any(|file| !file.path.as_deref().is_some_and(is_seen))
    }

    /// Whether anything that shapes the container names the number of the port in a way that may open it: then nobody can
    /// say that it does not listen there.
    fn speaks_of(&self, port: u16) -> bool {
        let digits = port.to_string();
        let names = self.own_names();
        let is_said_to = |text: &str| says_port(text, &digits, &names);
        self.service.is_some_and(|service| self.is_said_to(service, &is_said_to))
            || self.is_said_in_files(&|text| says_port(text, &digits, &[]))
    }

    fn is_said_to(&self, service: &Service, says: &dyn Fn(&str) -> bool) -> bool {
        for (key, value) in service.merged().entries() {
            // Neither a published port nor documentation, a probe or a route opens anything.
            if matches!(&*key.text, "ports" | "expose" | "healthcheck" | "labels") {
                continue;
            }
            let mut is_said = false;
            value.each_text(&mut |text| is_said |= says(text.shown()) || says(text.raw()));
            if is_said {
                return true;
            }
        }
        service.env_files.iter().any(|file| {
            let env = file.path.as_deref().and_then(|path| self.repo.tree.resolve(path));
            let env = env.and_then(|file| self.repo.env.of(file));
            env.is_some_and(|env| {
                env.entries.iter().filter_map(|entry| entry.value.as_ref()).any(|value| says(value.shown()))
            })
        })
    }

    fn is_said_in_files(&self, says: &dyn Fn(&str) -> bool) -> bool {
        let tree = &self.repo.tree;
        if let Some(build) = &self.container.build {
            let Ok(source) = tree.source(build.dockerfile.file) else { return true };
            let steps = build.dockerfile.stages.iter().flat_map(|stage| &stage.steps);
            let mut steps = steps.filter(|step| !matches!(step.kind, StepKind::Healthcheck(_) | StepKind::Expose(_)));
            if steps.any(|step| says(step.place.span().of(source.text()))) {
                return true;
            }
        }
        let mounts = self.container.mounts.iter();
        let mounted = mounts.flat_map(|(path, _)| tree.file(path).into_iter().chain(tree.below(path)).take(200));
        let mut files = self.files().iter().copied().chain(self.starts.files.iter().copied()).chain(mounted);
        files.any(|file| tree.source(file).is_ok_and(|source| says(source.text())))
    }

    fn own_names(&self) -> Vec<&str> {
        let names = self.service.into_iter().flat_map(|service| {
            [Some(service.name.as_str()), service.container_name().and_then(Text::value)].into_iter().flatten()
        });
        names.collect()
    }

    /// The code that runs in the container, if it stands in the repository.
    fn application(&self) -> Option<&Application> {
        self.service?.application(self.repo)
    }

    /// The files that shape the server: the modules of its application and the configuration around them; where the
    /// application is not known, all code and configuration below its build context.
    fn files(&self) -> &[FileId] {
        self.files.get_or_init(|| {
            let tree = &self.repo.tree;
            let build = self.container.build.as_ref();
            let is_sent =
                |path: &str| build.is_none_or(|build| build.inside(path).is_none_or(|inside| !build.ignores(inside)));
            let counts = |file: &FileId| is_part_of_application(tree.path(*file)) && is_sent(tree.path(*file));
            let dir = match (self.application(), build) {
                (Some(application), _) => application.dir.as_str(),
                (None, Some(build)) => build.dir.as_str(),
                (None, None) => return Vec::new(),
            };
            let below = tree.below(dir).filter(counts).take(MAX_FILES);
            let modules =
                self.application().map(|application| application.modules.iter().copied()).into_iter().flatten();
            modules.chain(below).collect()
        })
    }
}

/// Whether a file may open a port in a container: code and configuration, but no tests and no files about containers.
fn is_part_of_application(path: &str) -> bool {
    let name = Tree::name(path).to_ascii_lowercase();
    if name.contains("compose") || name.contains("lock") || name.contains(".test.") || name.contains(".spec.") {
        return false;
    }
    let others = ["node_modules", "tests", "test", "__tests__", "e2e", "docs", "dist", "vendor", ".github", ".git"];
    if path.split('/').rev().skip(1).any(|part| others.contains(&part)) {
        return false;
    }
    name == "procfile"
        || name == "caddyfile"
        || name.rsplit_once('.').is_some_and(|(_, end)| {
            is_config_extension(end)
                || matches!(
                    end,
                    "py" | "js"
                        | "mjs"
                        | "cjs"
                        | "jsx"
                        | "ts"
                        | "mts"
                        | "cts"
                        | "tsx"
                        | "go"
                        | "rs"
                        | "rb"
                        | "ru"
                        | "php"
                        | "java"
                        | "kt"
                        | "scala"
                        | "cs"
                        | "ex"
                        | "exs"
                        | "sh"
                        | "template"
                        | "tmpl"
                        | "j2"
                )
        })
}

fn is_config_extension(end: &str) -> bool {
    matches!(
        end,
        "conf" | "cfg" | "toml" | "yaml" | "yml" | "json" | "ini" | "properties" | "xml" | "env" | "config" | "hcl"
    )
}

/// Whether `text` names a port: its digits stand alone, and not behind the name of another host.
fn says_port(text: &str, digits: &str, own_names: &[&str]) -> bool {
    memchr::memmem::find_iter(text.as_bytes(), digits.as_bytes()).any(|at| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + digits.len()..).and_then(|after| after.chars().next());
        let last = before.chars().next_back();
        if last.is_some_and(|c| c.is_ascii_alphanumeric())
            || after.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            return false;
        }
        let Some(host) = before.strip_suffix(':') else { return true };
        let start = host.rfind(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).map_or(0, |at| at + 1);
        let host = host.get(start..).unwrap_or_default();
        let is_self = matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0") || own_names.contains(&host);
        let is_name = host.chars().any(|c| c.is_ascii_alphabetic()) && !host.to_ascii_lowercase().contains("port");
        is_self || !is_name
    })
}
