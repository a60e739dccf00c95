//! A command of Compose.

use super::Verb;
use super::given::{Arg, Given};
use super::options::{Syntax, of_compose_verb};
use twiceshy_source::Span;

/// `docker compose -f prod.yml up -d web`
#[derive(Clone, Debug)]
pub struct ComposeCall {
    /// Where `compose`, or the name of the program, stands in the script.
    pub span: Span,
    /// Options before the verb.
    pub globals: Given,
    /// The verb: `up`; empty where it is not known or not there.
    pub verb: String,
    /// Where the verb stands in the script.
    pub verb_span: Span,
    /// Whether the verb stands there as such.
    pub is_written: bool,
    /// Options after the verb.
    pub given: Given,
    /// The services that are named; of `run` and `exec` the one.
    pub services: Vec<Arg>,
    /// What runs in the service, of `run` and `exec`.
    pub argv: Vec<Arg>,
}

impl ComposeCall {
    pub(super) fn read(globals: Given, rest: Vec<Arg>, span: Span) -> Self {
        let verb = rest.first().and_then(Arg::text).unwrap_or_default();
        let verb_span = rest.first().map_or(span, |arg| arg.span);
        let is_written = rest.first().is_some_and(|arg| arg.is_written);
        let after = rest.get(1..).unwrap_or_default();
        // What options of a verb that is not known take is not known either.
        let syntax = if verb.is_empty() { Syntax { with_value: &[], mixed: true } } else { of_compose_verb(&verb) };
        let (given, mut services) = Given::read(after, syntax);
        let argv = match verb.as_str() {
            "run" | "exec" if !services.is_empty() => services.split_off(1),
            _ => Vec::new(),
        };
        Self { span, globals, verb, verb_span, is_written, given, services, argv }
    }

    /// `--file`, in order.
    pub fn files(&self) -> Vec<&Arg> {
        self.globals.all("--file").collect()
    }

    /// `--profile`, in order.
    pub fn profiles(&self) -> Vec<&Arg> {
        self.globals.all("--profile").collect()
    }

    /// `--env-file`, in order: what is interpolated, in place of `.env`.
    pub fn env_files(&self) -> Vec<&Arg> {
        self.globals.all("--env-file").collect()
    }

    /// `--project-name`
    pub fn project_name(&self) -> Option<&Arg> {
        self.globals.get("--project-name")
    }

    /// `--project-directory`
    pub fn directory(&self) -> Option<&Arg> {
        self.globals.get("--project-directory")
    }

    /// What it does to containers that are there.
    pub fn does(&self) -> Option<Verb> {
        Verb::of(&self.verb)
    }

    /// Whether it puts in place what the files say now: containers whose configuration has changed are made anew.
    pub fn recreates(&self) -> bool {
        matches!(self.verb.as_str(), "up" | "create" | "run") && !self.given.has("--no-recreate")
    }

    /// Whether it takes containers away, so that the next `up` makes them anew.
    pub fn removes(&self) -> bool {
        matches!(self.verb.as_str(), "down" | "rm")
    }
}
