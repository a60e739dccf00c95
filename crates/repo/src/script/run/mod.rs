//! What runs before what, under which condition, and what is never reached: an abstract run of a script.
//!
//! A lint asks [`Repo::run_of`](crate::Repo::run_of) for the [`Run`] of a script. It holds every way that the script may
//! take, through its functions, the files of the repository that it reads with `.`, the scripts inside it (`bash -c`,
//! `ssh host <<EOF`, `docker exec db sh -c`), its traps and what it starts with `&`. Conditions whose answer is known
//! are answered (`rc=$?; [ $rc -ne 0 ]`, `DRY=false … if $DRY`, `case`), others go both ways. `set -e` ends a way where
//! the shells end the script: `tests/evidence/errexit.rs` and `tests/evidence/run.rs` compare it with bash and dash.
//!
//! A moment of it is a [`Step`]: a command of one of these scripts. The questions:
//!
//! | question | answer |
//! |---|---|
//! | may the script come to this command at all? | [`Run::reaches`] |
//! | does every way to it lead through a *success* of such a command? | [`Run::dominated_by`] |
//! | does every way to it lead through such a command, however that ended? | [`Run::preceded_by`] |
//! | may `a` have run before `b`? | [`Run::may_precede`] |
//! | does `b` run although `a` has failed? | [`Run::may_follow_failure`] |
//! | what lies between `a` and `b`? | [`Run::between`] |
//! | is `b` reached from `a` only through a success of such a command? | [`Run::checked_between`] |
//! | which conditions hold, or have failed, when it runs? | [`Run::conditions`] |
//! | has a person said yes to it, or an option asked for it? | [`Run::confirmed`] |
//! | which options are in force, is errexit off there all the same? | [`Run::options_at`], [`Run::suspended_by`] |
//! | what does the script do to what? | [`Run::effects`](Run::effects), see [`effect`](crate::script::effect) |
//!
//! ```ignore
//! let Some(run) = repo.run_of(script) else { return };      // too large to be understood: silent
//! for effect in run.effects().iter().filter(|effect| effect.deed == Deed::Destroy) {
//!     let is_saved = run.saved_before(effect, |earlier| earlier.deed == Deed::Dump);
//!     …
//! }
//! ```
//!
//! Answers err on one side: a claim ("every way", "never") holds for every real run, so far as commands behave like
//! commands; "may" means that nothing in the script rules it out. `echo` is taken not to fail, a loop over unknown words
//! may run no round, what runs at the same time may run in either order.
//!
//! What is started with `&` is a way of its own, which begins there and leads to nothing, and once more a part of the way
//! through each `wait` that waits for it. In between it may come at any time: `ask` joins that to what the ways say.

mod ask;
mod condition;
mod frame;
mod load;
mod machine;
mod world;

pub use ask::{Condition, Confirmed};
pub(in crate::script) use load::Own;
pub use load::Runs;

use crate::answered::Memo;
use crate::script::{Command, Options, Script};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use twiceshy_source::{FileId, Place};
use twiceshy_syntax::shell::NodeId;

/// A command of a run, simple or compound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Step {
    /// Its script, by its number in the run; 0 is the one that was asked for.
    pub script: u16,
    /// Its node there.
    pub node: NodeId,
}

/// Where a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Moment {
    /// Its substitutions are about to run.
    Before,
    /// It runs.
    At,
    /// It has ended; whether with success.
    After(bool),
    /// The script has ended.
    End(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct State {
    step: Step,
    moment: Moment,
    rest: frame::Rest,
    world: frame::WorldId,
}

/// The ways that a script may take.
#[derive(Clone, Debug)]
pub struct Run<'r> {
    scripts: Vec<&'r Script>,
    pub(super) record: Arc<Record>,
}

/// What is kept of a run.
#[derive(Debug)]
pub(super) struct Record {
    /// The scripts, by their file and their place in it.
    scripts: Vec<(FileId, u32)>,
    states: Box<[(Step, Moment)]>,
    /// Where the successors of each state begin in `edges`.
    firsts: Box<[u32]>,
    edges: Box<[u32]>,
    starts: Box<[u32]>,
    /// The states before this one are met from the script's own start.
    own: u32,
    options: FxHashMap<Step, Options>,
    /// What calls functions, by their bodies, and reads files with `.`, by their roots, on the script's own ways.
    entries: FxHashMap<Step, Vec<Step>>,
    beside: machine::Beside,
    /// In which stages of which pipelines a command runs.
    stages: FxHashMap<Step, rustc_hash::FxHashSet<(Step, u8)>>,
    /// What commands lead to in other scripts.
    pub(super) leads: FxHashMap<Step, machine::Lead>,
    pub(super) effects: std::sync::OnceLock<Vec<crate::script::Effect>>,
    /// On what it hangs that a step is run.
    conditions: Memo<Step, Arc<[Condition]>>,
    /// The states in which a step is at work, by step.
    at: FxHashMap<Step, Vec<u32>>,
}

impl<'r> Run<'r> {
    /// The script that was asked for.
    pub fn script(&self) -> &'r Script {
        self.scripts[0]
    }

    /// The scripts of the run: the one that was asked for, what it reads with `.`, what stands inside them.
    pub fn scripts(&self) -> &[&'r Script] {
        &self.scripts
    }

    /// The script that a step stands in.
    pub fn script_of(&self, step: Step) -> &'r Script {
        self.scripts[usize::from(step.script)]
    }

    /// The step of a node of one of the scripts.
    pub fn step(&self, script: &Script, node: NodeId) -> Option<Step> {
        let number = self.scripts.iter().position(|own| std::ptr::eq(*own, script))?;
        Some(Step { script: number as u16, node })
    }

    /// The step of a command.
    pub fn step_of(&self, command: Command<'_>) -> Option<Step> {
        self.step(command.script, command.id)
    }

    /// The simple command of a step.
    pub fn command(&self, step: Step) -> Option<Command<'r>> {
        self.script_of(step).command(step.node)
    }

    /// Where a step stands.
    pub fn place(&self, step: Step) -> Place {
        self.script_of(step).place_of(step.node)
    }

    /// The steps that the script may come to, compound ones too, in the order in which they are first met.
    pub fn steps(&self) -> Vec<Step> {
        let mut seen = rustc_hash::FxHashSet::default();
        let at = self.record.states.iter().filter(|(_, moment)| *moment == Moment::At);
        at.map(|(step, _)| *step).filter(|step| seen.insert(*step)).collect()
    }

    /// The simple commands that the script may come to, in the order in which they are first met.
    pub fn commands(&self) -> Vec<(Step, Command<'r>)> {
        self.steps().into_iter().filter_map(|step| Some((step, self.command(step)?))).collect()
    }

    /// Whether the script itself may come to `step`: not so for functions that nothing here calls.
    pub fn comes_to(&self, step: Step) -> bool {
        self.record.at.get(&step).is_some_and(|states| states.iter().any(|state| *state < self.record.own))
    }

    /// Whether the script may come to `step`, or whoever sources it may call what it stands in.
    pub fn reaches(&self, step: Step) -> bool {
        self.record.at.contains_key(&step)
    }

    /// What calls the function with this body, or reads the script with this root with `.`, on the script's own ways.
    pub(super) fn entries_of(&self, start: Step) -> &[Step] {
        self.record.entries.get(&start).map(Vec::as_slice).unwrap_or_default()
    }

    /// The options in force where `step` begins, as far as all ways to it agree.
    pub fn options_at(&self, step: Step) -> Options {
        self.record.options.get(&step).copied().unwrap_or_else(|| self.script_of(step).options_at(step.node))
    }
}
