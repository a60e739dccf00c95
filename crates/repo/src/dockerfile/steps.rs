//! What the steps of a stage are.

use super::Package;
use crate::Tree;
use crate::script::Dialect;
use twiceshy_source::{Extract, Place};

/// A word of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Its text without quotes; variables as written.
    pub written: String,
    /// What it says with the defaults of `ARG` and the values of `ENV` that are known at this point; `None` when one is not.
    pub value: Option<String>,
    /// Where.
    pub place: Place,
}

/// A variable that `ARG` or `ENV` sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: Text,
    /// Its value, or an `ARG`'s default.
    pub value: Option<Text>,
}

/// One instruction of a stage.
#[derive(Debug)]
pub struct Step {
    /// All of it.
    pub place: Place,
    /// Whether it is put off until another build uses this image as its base.
    pub onbuild: bool,
    /// What it does.
    pub kind: StepKind,
}

/// What a step does.
#[derive(Debug)]
pub enum StepKind {
    /// `ARG`
    Arg(Vec<Variable>),
    /// `ENV`
    Env(Vec<Variable>),
    /// `COPY` and `ADD`
    Copy(Copy),
    /// `RUN`
    Run(Run),
    /// `WORKDIR`, with what came before it joined.
    Workdir(Text),
    /// `USER`
    User(Text),
    /// `EXPOSE`: ports, with their protocol if given.
    Expose(Vec<Text>),
    /// `VOLUME`
    Volume(Vec<Text>),
    /// `CMD`
    Cmd(Command),
    /// `ENTRYPOINT`
    Entrypoint(Command),
    /// `HEALTHCHECK`
    Healthcheck(Healthcheck),
    /// `SHELL`
    Shell(Vec<Text>),
    /// Anything else: `LABEL`, `STOPSIGNAL`, `MAINTAINER`.
    Other,
}

/// `RUN`
#[derive(Debug)]
pub struct Run {
    /// What runs.
    pub command: Command,
    /// What `--mount=…` flags say, as written.
    pub mounts: Vec<Text>,
    /// The packages that it installs.
    pub packages: Vec<Package>,
}

/// A command in one of its two forms.
#[derive(Clone, Debug)]
pub enum Command {
    /// For a shell: `/bin/sh -c`, or what `SHELL` said.
    Shell(Extract),
    /// Words that are run as they are.
    Exec(Vec<Extract>),
}

/// `COPY` and `ADD`
#[derive(Debug)]
pub struct Copy {
    /// Whether it is `ADD`, which also fetches URLs and unpacks archives.
    pub is_add: bool,
    /// Where it copies from, if not from the build context.
    pub from: Option<CopyFrom>,
    /// What it copies: paths and patterns from the root of the context; a leading `/` means nothing.
    pub sources: Vec<Text>,
    /// Where to.
    pub dest: Option<Text>,
    /// What `--exclude=…` flags leave out.
    pub excludes: Vec<Text>,
    /// `--chown=…`
    pub chown: Option<Text>,
    /// Whether it also writes files given in the Dockerfile itself.
    pub has_heredocs: bool,
}

/// What `--from` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyFrom {
    /// An earlier stage, by its number.
    Stage(usize),
    /// An image, or a context that the build is given by name.
    Other(Text),
}

/// `HEALTHCHECK`
#[derive(Debug)]
pub struct Healthcheck {
    /// All of it.
    pub place: Place,
    /// The probe; `None` for `HEALTHCHECK NONE`, which takes an inherited one away.
    pub test: Option<Command>,
    /// `--interval`, `--timeout`, `--retries`, `--start-period`, `--start-interval`, as written.
    pub options: Vec<(String, Text)>,
}

impl Text {
    /// What it says, as far as it is known: the value, or the text as written.
    pub fn known(&self) -> &str {
        self.value.as_deref().unwrap_or(&self.written)
    }
}

impl Copy {
    /// The sources that are paths in the build context, with what each says: relative, without `./` and slashes at its
    /// ends; `""` is the whole context. Those that hang on an unknown variable are left out.
    pub fn context_sources(&self) -> impl Iterator<Item = (&Text, String)> {
        let sources = if self.from.is_none() { self.sources.as_slice() } else { &[] };
        sources.iter().filter_map(|source| {
            let value = source.value.as_deref().filter(|value| !is_remote(value))?;
            Some((source, Tree::join("", value.trim_start_matches('/'))?))
        })
    }

    /// Whether an `--exclude` is about the name of `path`.
    pub(crate) fn leaves_out(&self, path: &str) -> bool {
        self.excludes.iter().any(|exclude| Tree::name(exclude.known().trim_end_matches('/')) == Tree::name(path))
    }

    /// Whether it puts something at a path that ends with `/name`.
    pub(super) fn brings(&self, name: &str) -> bool {
        let ends = |text: &Text| Tree::name(text.known().trim_end_matches('/')) == name;
        self.sources.iter().any(ends)
            || self.dest.as_ref().is_some_and(|dest| !dest.known().ends_with('/') && ends(dest))
    }
}

fn is_remote(source: &str) -> bool {
    source.contains("://") || source.starts_with("git@")
}

impl Command {
    /// The words of the exec form; empty for a shell's command.
    pub fn argv(&self) -> &[Extract] {
        match self {
            Self::Exec(words) => words,
            Self::Shell(_) => &[],
        }
    }

    /// What a shell reads: the shell form, or the script in `["sh", "-c", script]`.
    pub fn script(&self) -> Option<&Extract> {
        match self {
            Self::Shell(text) => Some(text),
            Self::Exec(words) => {
                Dialect::of_program(words.first()?.text())?;
                let option = words.iter().position(|word| {
                    word.text()
                        .strip_prefix('-')
                        .is_some_and(|options| !options.starts_with('-') && options.contains('c'))
                })?;
                words.get(option + 1)
            }
        }
    }

    /// All of it as one text, for a search.
    pub fn text(&self) -> String {
        match self {
            Self::Shell(text) => text.text().to_owned(),
            Self::Exec(words) => words.iter().map(Extract::text).collect::<Vec<_>>().join(" "),
        }
    }
}
