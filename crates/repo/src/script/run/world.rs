//! What a shell knows at one moment of a run: its options, the variables that decide something, the last status.

use super::Step;
use super::frame::WorldId;
use crate::script::Options;

/// How many commands that run in the background are kept in mind.
const MAX_PENDING: usize = 12;

/// Something that was started with `&` and that `wait` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Job {
    /// What has started it.
    pub(super) fork: Step,
    /// What runs.
    pub(super) body: Step,
    /// What its shell knew when it was started.
    pub(super) world: WorldId,
    /// Whether errexit was off there, since something asked for a status.
    pub(super) suspended: bool,
}

/// The state of one shell.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) options: Options,
    /// What is known of variables that conditions read, by number.
    pub(super) variables: Vec<(u16, Known)>,
    /// `$?`, kept only where what comes next may read it.
    pub(super) last: Option<bool>,
    /// `PIPESTATUS`, likewise: how many stages, and which of them failed.
    pub(super) stages: Option<(u8, u32)>,
    /// The status of the last `$( )` in the words of the command that is about to run.
    pub(super) put: Option<bool>,
    /// What `trap … EXIT` runs.
    pub(super) at_exit: Option<Step>,
    /// What `trap … ERR` runs.
    pub(super) on_error: Option<Step>,
    /// What was started with `&` and may still run.
    pub(super) pending: Vec<Job>,
    /// What has started more of it, in shells inside that have ended: nobody waits for that.
    pub(super) loose: Vec<Step>,
}

/// What is known of a variable's value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Known {
    /// It is this text.
    Is(Box<str>),
    /// It is something else than this text.
    Not(Box<str>),
}

impl Known {
    pub(super) fn is(text: &str) -> Self {
        Self::Is(text.into())
    }

    /// The value of a status as a number.
    pub(super) fn status(succeeded: bool) -> Self {
        if succeeded { Self::is("0") } else { Self::Not("0".into()) }
    }

    /// Whether it equals `text`; `None`: not known.
    pub(super) fn equals(&self, text: &str) -> Option<bool> {
        match self {
            Self::Is(own) => Some(&**own == text),
            Self::Not(other) if &**other == text => Some(false),
            Self::Not(_) => None,
        }
    }
}

impl World {
    pub(super) fn new(options: Options) -> Self {
        Self {
            options,
            variables: Vec::new(),
            last: None,
            stages: None,
            put: None,
            at_exit: None,
            on_error: None,
            pending: Vec::new(),
            loose: Vec::new(),
        }
    }

    pub(super) fn get(&self, variable: u16) -> Option<&Known> {
        let at = self.variables.binary_search_by_key(&variable, |(name, _)| *name).ok()?;
        Some(&self.variables[at].1)
    }

    pub(super) fn set(&mut self, variable: u16, value: Option<Known>) {
        let at = self.variables.binary_search_by_key(&variable, |(name, _)| *name);
        match (at, value) {
            (Ok(at), Some(value)) => self.variables[at].1 = value,
            (Ok(at), None) => {
                self.variables.remove(at);
            }
            (Err(at), Some(value)) => self.variables.insert(at, (variable, value)),
            (Err(_), None) => {}
        }
    }

    /// A shell of its own starts here: traps are not its own, nor what runs beside.
    pub(super) fn enter_shell(&mut self) {
        self.at_exit = None;
        if self.options.errtrace() != Some(true) {
            self.on_error = None;
        }
        self.pending.clear();
        self.loose.clear();
        self.put = None;
    }

    pub(super) fn leave(&mut self, left: &[Step]) {
        for &fork in left {
            if !self.loose.contains(&fork) {
                self.loose.push(fork);
            }
        }
    }

    /// Notes what `wait` waits for; `false` where there is too much of it.
    pub(super) fn wait_for(&mut self, job: Job) -> bool {
        let is_known = self.pending.contains(&job);
        if !is_known && self.pending.len() < MAX_PENDING {
            self.pending.push(job);
            return true;
        }
        is_known
    }
}
