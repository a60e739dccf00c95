//! What a script does to what: an [`Effect`] is one deed of one command, on containers, volumes, databases, paths.
//!
//! ```ignore
//! for effect in run.effects() {
//!     match effect.deed {
//!         Deed::Destroy if effect.touches(ObjectKind::Volume) => …,   // docker volume rm, compose down -v
//!         Deed::Dump => effect.into.first(),                          // the file that it is written to
//!         …
//!     }
//! }
//! ```
//!
//! A command is looked through: `sudo -u postgres`, `timeout 60`, `ssh host`, `docker compose exec -T db`, `$COMPOSE exec db`, and the
//! scripts in `sh -c '…'` and heredocs, which are scripts of their own in the run. [`Effect::site`] says where it happens. What a path
//! in a container is outside of it ([`Object::outside`]) is told by the mounts of `docker run`. Which services own a volume or a path:
//! [`Repo::owners`](crate::Repo::owners). What the programs do is written in `knowledge/commands.toml`.

mod owners;
mod read;
mod site;
mod table;
#[cfg(test)]
mod tests;
mod words;

pub use owners::{Owner, Tie};
pub(crate) use site::known;
pub use site::{InContainer, Site};

use crate::DockerCall;
use crate::script::{Command, Deed, Options, Run, Script, Step, Value};
use twiceshy_source::{Place, Span};

/// One deed of one command.
#[derive(Clone, Debug)]
pub struct Effect {
    /// What it does.
    pub deed: Deed,
    /// The command: a simple one, or a test.
    pub step: Step,
    /// The program that does it: `pg_dump` in `docker exec db pg_dump app`; `[` for a test.
    pub program: Box<str>,
    /// Where the program is named in its script, its words included.
    pub span: Span,
    /// On what.
    pub objects: Vec<Object>,
    /// Where it reads what it copies or restores.
    pub from: Vec<Object>,
    /// Where it writes what it copies or dumps.
    pub into: Vec<Object>,
    /// Where it happens.
    pub site: Site,
    /// The options that it is given, as written, values left out; letters that stand together (`-rf`) each for itself as well.
    pub given: Vec<Box<str>>,
}

/// Something that a command acts on.
#[derive(Clone, Debug)]
pub struct Object {
    /// What kind of thing it is.
    pub kind: ObjectKind,
    /// What it is called, as far as that is known: a name, a path, a URL. Empty where no word names it: all there is.
    pub value: Value,
    /// Every value that the name may have: of variables with several assignments, loops over words, arguments of functions. Never empty.
    pub values: Vec<Value>,
    /// Where it is named in the script.
    pub span: Span,
    /// What it is outside of the container, where the command says what is mounted there.
    pub outside: Option<Box<Object>>,
}

/// What kind of thing an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A container, by its name.
    Container,
    /// A service of a Compose project or a swarm, by its name.
    Service,
    /// A volume; where it has no name: those of the project that the command acts on, or all.
    Volume,
    /// A Compose project or a stack.
    Project,
    /// A database: its name; where it has none, that of the server.
    Database,
    /// A file or directory.
    Path,
    /// Something on another machine: `s3://…`, `remote:path`, a repository of backups, a URL.
    Remote,
    /// An image.
    Image,
    /// A process, by its number or name.
    Process,
    /// A unit of systemd or the like.
    Unit,
    /// Something of a cluster or a cloud.
    Resource,
    /// An application of a platform.
    App,
}

impl Object {
    /// Whether no word names it: whatever there is.
    pub fn is_unnamed(&self) -> bool {
        self.value.pieces.is_empty()
    }

    /// Its name, defaults of variables taken for what is used; `None` where it is not known.
    pub fn name(&self) -> Option<String> {
        self.value.likely().filter(|name| !name.is_empty())
    }

    /// Its name, `*` for what is not known.
    pub fn pattern(&self) -> String {
        self.value.pattern()
    }

    /// Every name that it may have, `*` for what is not known.
    pub fn patterns(&self) -> Vec<String> {
        self.values.iter().map(Value::pattern).collect()
    }

    /// Whether it is written for the reader to fill in: `<volume>`, `YOUR_VOLUME`, `xxx`.
    pub fn is_placeholder(&self) -> bool {
        let text = self.pattern();
        let lower = text.to_ascii_lowercase();
        self.value.is_left_open()
            || text.contains(['<', '>', '…'])
            || text.contains("...")
            || ["your", "my-", "my_", "xxx", "example"].iter().any(|word| lower.starts_with(word))
            || lower.contains("your_")
            || lower.contains("your-")
    }

    /// Whether two objects are the same thing, by kind and name; `None` where a name is not known.
    pub fn is_same(&self, other: &Self) -> Option<bool> {
        if self.kind != other.kind {
            return Some(false);
        }
        let (own, others) = (self.pattern(), other.pattern());
        if own == others && !own.is_empty() {
            // The same variable is the same thing, whatever it holds.
            return Some(true);
        }
        if own.contains('*') || others.contains('*') || own.is_empty() || others.is_empty() {
            return None;
        }
        Some(false)
    }
}

impl Effect {
    /// Whether one of the things that it acts on is of this kind.
    pub fn touches(&self, kind: ObjectKind) -> bool {
        self.objects.iter().any(|object| object.kind == kind)
    }

    /// Whether an option is given: `--force`, `-f` alone or among others.
    pub fn has_option(&self, option: &str) -> bool {
        self.given.iter().any(|own| **own == *option)
    }

    /// Whether what it takes away is made to be made again: caches, temporary files, build output.
    pub fn is_of_no_value(&self) -> bool {
        const CHEAP: &[&str] = &[
            "/tmp/",
            "/var/tmp/",
            "/dev/shm/",
            "node_modules",
            "/var/lib/apt/lists",
            "/var/cache",
            "__pycache__",
            "/.cache",
        ];
        !self.objects.is_empty()
            && self.objects.iter().all(|object| {
                let text = object.pattern();
                object.kind == ObjectKind::Path
                    && CHEAP
                        .iter()
                        .any(|cheap| text.starts_with(cheap) || (!cheap.starts_with("/t") && text.contains(cheap)))
            })
    }
}

impl<'r> Run<'r> {
    /// What the script does to what, in the order in which its commands are first met: in the files that it reads and the
    /// scripts inside it, too.
    pub fn effects(&self) -> &[Effect] {
        self.record.effects.get_or_init(|| read::effects(self))
    }

    /// The effects of one command.
    pub fn effects_of(&self, step: Step) -> impl Iterator<Item = &Effect> {
        self.effects().iter().filter(move |effect| effect.step == step)
    }

    /// The command of an effect; `None` for a test.
    pub fn command_of(&self, effect: &Effect) -> Option<Command<'r>> {
        self.command(effect.step)
    }

    /// Where an effect stands, the program with its words.
    pub fn place_of(&self, effect: &Effect) -> Place {
        self.script_of(effect.step).place(effect.span)
    }

    /// What the command of an effect tells docker, podman or Compose.
    pub fn docker_call(&self, effect: &Effect) -> Option<DockerCall<'r>> {
        let script: &'r Script = self.script_of(effect.step);
        script.docker_calls().into_iter().find(|call| call.command.id == effect.step.node)
    }

    /// The options in force at an effect.
    pub fn options_of(&self, effect: &Effect) -> Options {
        self.options_at(effect.step)
    }

    /// Whether every way to `effect` leads through a success of an earlier one for which `is_one` holds; of a dump in a
    /// pipeline: of the dump itself.
    pub fn saved_before(&self, effect: &Effect, is_one: impl Fn(&Effect) -> bool) -> bool {
        let ones: Vec<Step> = self
            .effects()
            .iter()
            .filter(|other| other.step != effect.step && is_one(other))
            .map(|other| other.step)
            .collect();
        !ones.is_empty()
            && self.every_way_to(effect.step, |step, moment| {
                moment == crate::script::Moment::After(true) && ones.contains(&step)
            })
    }

    /// The effects on the ways from `a` to the next `b`.
    pub fn effects_between(&self, a: Step, b: Step) -> Vec<&Effect> {
        let between = self.between(a, b);
        let tests = |step: Step| self.command(step).is_none() && self.may_precede(a, step) && self.may_precede(step, b);
        self.effects()
            .iter()
            .filter(|effect| between.iter().any(|(step, _)| *step == effect.step) || tests(effect.step))
            .collect()
    }
}
