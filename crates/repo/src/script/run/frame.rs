//! What is to be done when the command that runs has ended: the rest of the script, as a chain of frames.

use super::Step;

/// The number of a chain of frames.
pub(super) type Rest = u32;
/// The number of a world.
pub(super) type WorldId = u32;

/// One thing to be done when what it waits for has ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Frame {
    /// The script ends.
    Bottom,
    /// Item `1` of the list `0` runs.
    Item(Step, u32),
    /// Member `1` of the and-or list `0` runs.
    Member(Step, u32),
    /// `!` in front.
    Negated(Step),
    /// Condition `1` of an `if`.
    Condition(Step, u32),
    /// A branch, an arm, a group: its status is that of `0`.
    Part(Step),
    /// The condition of `while` or `until`; how the body ended the last time.
    LoopTest(Step, bool),
    /// The body of a loop, for the how-manieth time, as far as that is counted.
    LoopBody(Step, u8),
    /// A stage of a pipeline; which, counted in the order of the schedule.
    Stage { at: Step, backwards: bool, number: u8, failed: u32, outer: WorldId },
    /// `( … )`
    Subshell(Step, WorldId),
    /// Substitution `1` of the words of `0`.
    Substitution(Step, u32, WorldId),
    /// The function that is called at `0`, by its body.
    Call(Step, Step),
    /// A file that is read with `.`, a text for `eval`; whether errexit is off in it where something asks for its status.
    Sourced(Step, bool),
    /// A shell of its own: `bash -c`, `ssh host`.
    Inner(Step, WorldId),
    /// What `0` has started beside everything that follows: `… &`, `<( … )`; whether errexit is off in it where something
    /// asks for a status. Nothing comes after it.
    Beside(Step, bool),
    /// Number `1` of what `wait` waits for; whether errexit is off in it, since something asked for a status where it was
    /// started.
    Waited(Step, u32, bool, WorldId),
    /// What `trap … EXIT` runs when a shell ends, and how that ended.
    AtExit(bool),
    /// What `trap … ERR` runs; the command that failed.
    OnError(Step),
}

/// A frame and what comes after it.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) frame: Frame,
    pub(super) after: Rest,
    /// Whether something further out asks for the status, so that errexit is off.
    pub(super) suspended: bool,
    /// The nearest `… &` that it runs in.
    pub(super) beside: Option<Rest>,
    /// The nearest stage of a pipeline that it runs in, itself included.
    pub(super) stage: Option<Rest>,
    /// How many functions and files are entered.
    pub(super) depth: u8,
    /// How many functions, up to the next shell.
    pub(super) functions: u8,
}

impl Frame {
    /// Whether a shell of its own runs in it: `exit` and errexit end that one only.
    pub(super) fn is_shell(&self) -> bool {
        matches!(
            self,
            Self::Bottom
                | Self::Stage { .. }
                | Self::Subshell(..)
                | Self::Substitution(..)
                | Self::Inner(..)
                | Self::Beside(..)
                | Self::Waited(..)
                | Self::AtExit(_)
        )
    }
}
