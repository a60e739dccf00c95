//! What scripts tell docker, podman and Compose: containers that are run, restarted and entered, and the part of which
//! project a command of Compose acts on.

mod build;
mod compose;
mod given;
pub(crate) mod options;
mod run;
mod scope;
#[cfg(test)]
mod tests;

pub use build::Build;
pub use compose::ComposeCall;
pub(crate) use given::args as arguments;
pub use given::{Arg, Given, Opt};
pub use run::{Run, RunMount, RunMountKind};
pub use scope::Scope;

use crate::script::{Assignment, Command, NodeId, NodeKind, Script, Word};
use options::{BUILD, COMPOSE, CONTAINERS, ENGINE, EXEC, Syntax};
use std::ops::Deref;
use twiceshy_source::{Edit, Place, Span, Tree};

/// A command for docker, podman, nerdctl or Compose, however it is reached: through `sudo`, `ssh host`, a variable or
/// function that holds `docker compose -f prod.yml`.
#[derive(Clone, Debug)]
pub struct DockerCall<'a> {
    /// The command of the script.
    pub command: Command<'a>,
    order: &'a Order,
}

/// What a command tells docker.
#[derive(Clone, Debug)]
pub struct Order {
    /// The program.
    pub engine: Engine,
    /// Options before the verb.
    pub globals: Given,
    /// Whether it runs on another machine, or in a container.
    pub elsewhere: bool,
    /// What it is told to do.
    pub act: Act,
}

/// A program that runs containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the programs' own")]
pub enum Engine {
    Docker,
    Podman,
    Nerdctl,
}

/// What docker is told to do.
#[derive(Clone, Debug)]
pub enum Act {
    /// `run`, or `create`: a new container.
    Run(Run),
    /// `exec`: a program in a container.
    Exec(Exec),
    /// `start`, `stop`, `restart`, `kill`, `rm`, `pause` of containers that are there.
    Containers(Containers),
    /// `build`, `buildx build`: an image is built.
    Build(Build),
    /// Compose.
    Compose(ComposeCall),
    /// `context use`, `system connection default`: which daemon later commands speak to.
    UseContext(Arg),
    /// Anything else: the words from the verb on.
    Other(Vec<Arg>),
}

/// `docker exec`
#[derive(Clone, Debug)]
pub struct Exec {
    /// Its options.
    pub given: Given,
    /// The container.
    pub container: Arg,
    /// The program and its arguments.
    pub argv: Vec<Arg>,
}

/// `docker restart web`
#[derive(Clone, Debug)]
pub struct Containers {
    /// What is done to them.
    pub verb: Verb,
    /// Where the verb stands in the script.
    pub span: Span,
    /// Its options.
    pub given: Given,
    /// The containers.
    pub containers: Vec<Arg>,
}

/// What is done to containers that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are docker's own")]
pub enum Verb {
    Start,
    Stop,
    Restart,
    Kill,
    Remove,
    Pause,
    Unpause,
}

impl Verb {
    /// The verb of docker and Compose that has this name.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "start" => Self::Start,
            "stop" => Self::Stop,
            "restart" => Self::Restart,
            "kill" => Self::Kill,
            "rm" | "remove" => Self::Remove,
            "pause" => Self::Pause,
            "unpause" => Self::Unpause,
            _ => return None,
        })
    }
}

/// Whether a word names docker, podman or Compose.
pub(crate) fn is_program(word: &str) -> bool {
    let name = Tree::name(word);
    engine(name).is_some() || is_compose_program(name)
}

fn engine(name: &str) -> Option<Engine> {
    Some(match name {
        "docker" | "docker.exe" => Engine::Docker,
        "podman" | "podman-remote" => Engine::Podman,
        "nerdctl" => Engine::Nerdctl,
        _ => return None,
    })
}

fn is_compose_program(name: &str) -> bool {
    matches!(name, "docker-compose" | "podman-compose")
}

impl Order {
    /// What a command tells docker; `None` when it tells it nothing.
    pub(crate) fn of(command: Command<'_>) -> Option<Self> {
        let (args, elsewhere) = words(command)?;
        let program = args.first()?.text()?;
        let name = Tree::name(&program);
        if is_compose_program(name) {
            let engine = if name.starts_with("podman") { Engine::Podman } else { Engine::Docker };
            let (mut globals, rest) = Given::read(&args[1..], COMPOSE);
            globals.is_whole &= !args[0].is_assumed();
            let act = Act::Compose(ComposeCall::read(globals.clone(), rest, args[0].span));
            return Some(Self { engine, globals, elsewhere, act });
        }
        let engine = engine(name)?;
        let (globals, rest) = Given::read(&args[1..], ENGINE);
        let act = act(&rest, &globals)?;
        Some(Self { engine, globals, elsewhere, act })
    }
}

impl Deref for DockerCall<'_> {
    type Target = Order;

    fn deref(&self) -> &Order {
        self.order
    }
}

impl<'a> DockerCall<'a> {
    /// The script.
    pub fn script(&self) -> &'a Script {
        self.command.script
    }

    /// Where a part of it stands in the file.
    pub fn place(&self, span: Span) -> Place {
        self.script().place(span)
    }

    /// An edit that writes `text` for a part of it; `None` where the file cannot carry it.
    pub fn edit(&self, span: Span, text: &str) -> Option<Edit> {
        self.script().edit(span, text)
    }

    /// The new container that it makes.
    pub fn run(&self) -> Option<&Run> {
        match &self.act {
            Act::Run(run) => Some(run),
            _ => None,
        }
    }

    /// What it tells Compose.
    pub fn compose(&self) -> Option<&ComposeCall> {
        match &self.act {
            Act::Compose(compose) => Some(compose),
            _ => None,
        }
    }

    /// The daemon that it speaks to, where the command says so itself: `--context`, `--host`, `DOCKER_HOST=… docker`.
    pub fn daemon(&self) -> Option<Daemon> {
        for (name, kind) in [
            ("--host", DaemonKind::Host),
            ("--url", DaemonKind::Host),
            ("--context", DaemonKind::Context),
            ("--connection", DaemonKind::Context),
        ] {
            if let Some(arg) = self.globals.get(name) {
                return Some(Daemon { kind, value: arg.clone() });
            }
        }
        let NodeKind::Simple(simple) = &self.script().node(self.command.id).kind else { return None };
        simple.assignments.iter().find_map(|assignment| Daemon::of(self.script(), assignment))
    }
}

/// Which daemon a command speaks to.
#[derive(Clone, Debug)]
pub struct Daemon {
    /// How it is named.
    pub kind: DaemonKind,
    /// What it is called.
    pub value: Arg,
}

/// How a daemon is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DaemonKind {
    /// By its socket or address.
    Host,
    /// By a context of the client's configuration.
    Context,
}

impl Daemon {
    /// The daemon that an assignment to `DOCKER_HOST`, `CONTAINER_HOST` or `DOCKER_CONTEXT` names.
    pub fn of(script: &Script, assignment: &Assignment) -> Option<Self> {
        let kind = match &*assignment.name.text {
            "DOCKER_HOST" | "CONTAINER_HOST" => DaemonKind::Host,
            "DOCKER_CONTEXT" => DaemonKind::Context,
            _ => return None,
        };
        let value = given::args(script, std::slice::from_ref(assignment.value.as_ref()?)).into_iter().next()?;
        Some(Self { kind, value })
    }
}

/// The words from docker's name on, and whether they run elsewhere.
fn words(command: Command<'_>) -> Option<(Vec<Arg>, bool)> {
    let script = command.script;
    let chain = command.chain();
    let named = chain.iter().find(|link| link.name().is_some_and(|name| is_program(&name)));
    if let Some(link) = named {
        return Some((given::args(script, link.words), link.elsewhere));
    }
    let last = *chain.last()?;
    if last.words.first().is_some_and(|word: &Word| word.literal().is_none()) {
        let mut args = given::args(script, last.words);
        let wrapper = args.first().and_then(Arg::text).is_some_and(|text| matches!(text.as_str(), "sudo" | "exec"));
        if wrapper {
            args.remove(0);
        }
        let Some(program) = args.first()?.text() else {
            return args.first_mut()?.assume_compose().then_some((args, last.elsewhere));
        };
        return is_program(&program).then_some((args, last.elsewhere));
    }
    let args = given::through_function(command, last.words)?;
    Some((args, last.elsewhere))
}

fn act(rest: &[Arg], globals: &Given) -> Option<Act> {
    let verb = rest.first()?.text()?;
    let after = &rest[1..];
    let read = |syntax: Syntax| Given::read(after, syntax);
    Some(match verb.as_str() {
        "container" | "buildx" | "image" | "builder" => return act(after, globals),
        "compose" => {
            let (mut given, rest_of_compose) = read(COMPOSE);
            given.options.extend(globals.options.iter().cloned());
            given.is_whole &= globals.is_whole;
            Act::Compose(ComposeCall::read(given, rest_of_compose, rest[0].span))
        }
        "run" | "create" => Act::Run(Run::read(after, rest[0].span, verb == "run")?),
        "build" => {
            let (given, operands) = read(BUILD);
            Act::Build(Build { given, context: operands.into_iter().next()? })
        }
        "exec" => {
            let (given, mut operands) = read(EXEC);
            if operands.is_empty() {
                return None;
            }
            let container = operands.remove(0);
            Act::Exec(Exec { given, container, argv: operands })
        }
        "context" if after.first().is_some_and(|word| word.is("use")) => {
            let (_, operands) = Given::read(&after[1..], CONTAINERS);
            Act::UseContext(operands.into_iter().next()?)
        }
        name => match Verb::of(name) {
            Some(verb) => {
                let (given, containers) = read(CONTAINERS);
                Act::Containers(Containers { verb, span: rest[0].span, given, containers })
            }
            None => Act::Other(rest.to_vec()),
        },
    })
}

impl crate::Repo {
    /// Everything that scripts tell docker, podman and Compose, in the order of the files.
    pub fn docker_calls(&self) -> Vec<DockerCall<'_>> {
        let mut calls = Vec::new();
        for script in &self.scripts {
            calls.extend(script.docker_calls());
        }
        calls
    }
}

impl Script {
    /// What it tells docker, podman and Compose, in the order of the text.
    pub fn docker_calls(&self) -> Vec<DockerCall<'_>> {
        let orders = self.docker.get_or_init(|| Orders::of(self));
        orders.0.iter().filter_map(|(id, order)| Some(DockerCall { command: self.command(*id)?, order })).collect()
    }
}

/// What the commands of a script tell docker, kept once somebody has asked: many lints do.
#[derive(Clone, Debug)]
pub(crate) struct Orders(Box<[(NodeId, Order)]>);

impl Orders {
    fn of(script: &Script) -> Self {
        // Most scripts have nothing to do with it, and there are thousands.
        let names = ["docker", "podman", "nerdctl", "COMPOSE"];
        if !names.iter().any(|name| script.text().contains(name)) {
            return Self(Box::default());
        }
        Self(script.commands().filter_map(|command| Some((command.id, Order::of(command)?))).collect())
    }
}
