//! `set -e`: what becomes of a script in which one command fails.
//!
//! The rules are those that bash 5.2, bash --posix, dash 0.5.12 and BusyBox ash were seen to follow; the test
//! `evidence::errexit` compares this model with the shells, construct by construct.

use super::{Dialect, Joint, NodeId, NodeKind, Options, Run, Script, Shell, Step};

/// What becomes of a script in which one command fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The script ends; nothing after it runs.
    Ends {
        /// The command of the script's own shell whose status ends it: the command itself, or the pipeline, subshell,
        /// assignment or call that its failure rose to.
        at: Step,
        /// What the failure rose through on its way there, from the inside out: loops, lists, functions, subshells, and
        /// files that are read with `.`, by their roots.
        through: Vec<Step>,
        /// The calls, and the commands that read files with `.`, through which the script came to what failed: innermost
        /// first.
        calls: Vec<Step>,
    },
    /// The script goes on.
    GoesOn,
    /// Nothing is left to run, and the script's own status is the failure.
    IsLast,
    /// It depends on which shell it is, on options that are not known, or on who calls.
    Unknown,
}

/// What a list of commands is to what it stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Its status decides: after `if`, `while`, `until`.
    Condition,
    /// Its status is the status of what it stands in.
    Body,
    /// The body of a function.
    FunctionBody,
    /// The text of a substitution whose status is the assignment's.
    Assigned,
    /// The text of a substitution whose status nobody asks for.
    Masked,
    /// The whole script.
    Root,
}

/// How deep calls are followed upwards, and how many ways to a command are looked at.
const MAX_CALLS: usize = 8;
const MAX_WAYS: usize = 32;

/// What a failure rises in: one script on its own, or a run that leads through several.
trait Ground {
    /// The shell that reads it.
    fn dialect(&self) -> Dialect;
    fn script(&self, number: u16) -> &Script;
    fn options(&self, at: Step) -> Options;
    /// The calls of the function whose definition this is, or what reads the script whose root it is; `None`: what
    /// stands there is the script's own.
    fn entries(&self, of: Step) -> Option<Vec<Step>>;
}

/// A script of which nothing but itself is known.
struct Alone<'s>(&'s Script);

impl Ground for Alone<'_> {
    fn dialect(&self) -> Dialect {
        self.0.start.dialect
    }

    fn script(&self, _: u16) -> &Script {
        self.0
    }

    fn options(&self, at: Step) -> Options {
        self.0.options_at(at.node)
    }

    fn entries(&self, of: Step) -> Option<Vec<Step>> {
        let is_function = matches!(self.0.node(of.node).kind, NodeKind::Function(..));
        is_function.then(|| self.0.calls(of.node).iter().map(|&node| alone(node)).collect())
    }
}

impl Ground for Run<'_> {
    fn dialect(&self) -> Dialect {
        self.script().start.dialect
    }

    fn script(&self, number: u16) -> &Script {
        self.scripts()[usize::from(number)]
    }

    fn options(&self, at: Step) -> Options {
        self.options_at(at)
    }

    fn entries(&self, of: Step) -> Option<Vec<Step>> {
        let body = match &self.script_of(of).node(of.node).kind {
            NodeKind::Function(_, body) => *body,
            _ if of.script == 0 => return None,
            _ => of.node,
        };
        Some(self.entries_of(Step { node: body, ..of }).to_vec())
    }
}

/// A node of a script on its own.
fn alone(node: NodeId) -> Step {
    Step { script: 0, node }
}

impl Script {
    /// What becomes of the script when `id` fails, every other command succeeding. Of several ways to reach `id` (a
    /// function called in several places): the first on which the script ends.
    pub fn fate(&self, id: NodeId) -> Fate {
        fate(&Alone(self), alone(id))
    }

    /// Whether errexit is off at `id` though the option is on, since what it stands in asks for its status: a condition,
    /// the left of `&&` and `||`, `!`. Calls count, those of the function that it stands in included: `f || exit`
    /// switches errexit off in all of `f`. Of several ways to `id`: whether it is so on all.
    pub fn errexit_is_suspended(&self, id: NodeId) -> bool {
        let ways = ways_to(&Alone(self), alone(id));
        !ways.is_empty() && ways.iter().all(|calls| suspended(&Alone(self), alone(id), calls).at.is_some())
    }

    /// What suspends errexit at `id`: a condition, an and-or list, `!`. Of several ways to `id` the first; `None` if it is
    /// at work on one of them.
    pub fn suspended_by(&self, id: NodeId) -> Option<NodeId> {
        let ways = ways_to(&Alone(self), alone(id));
        let all: Option<Vec<Step>> = ways.iter().map(|calls| suspended(&Alone(self), alone(id), calls).at).collect();
        Some(all?.first()?.node)
    }
}

impl Run<'_> {
    /// What becomes of the script when `step` fails, every other command succeeding: as [`Script::fate`], through the
    /// files that are read with `.`, too.
    pub fn fate(&self, step: Step) -> Fate {
        fate(self, step)
    }

    /// The calls, and the commands that read files with `.`, on every way to `step`: innermost first.
    pub fn ways_to(&self, step: Step) -> Vec<Vec<Step>> {
        ways_to(self, step)
    }
}

fn fate(ground: &impl Ground, step: Step) -> Fate {
    let mut best = None;
    for calls in ways_to(ground, step) {
        let fate = Rise { ground, way: &calls, calls: &calls, through: Vec::new() }.from(step);
        match fate {
            Fate::Ends { .. } => return fate,
            fate => best = best.or(Some(fate)),
        }
    }
    best.unwrap_or(Fate::Unknown)
}

/// The calls, innermost first, on every way from the script's own commands to `step`.
fn ways_to(ground: &impl Ground, step: Step) -> Vec<Vec<Step>> {
    let mut ways = Vec::new();
    let mut open = vec![(step, Vec::new())];
    while let Some((at, calls)) = open.pop() {
        if ways.len() >= MAX_WAYS {
            break;
        }
        let around = around(ground, at);
        let Some(entries) = ground.entries(around) else {
            ways.push(calls);
            continue;
        };
        if calls.len() >= MAX_CALLS {
            continue;
        }
        for call in entries.into_iter().rev() {
            if calls.contains(&call) || self::around(ground, call) == around {
                continue;
            }
            let mut calls: Vec<Step> = calls.clone();
            calls.push(call);
            open.push((call, calls));
        }
    }
    ways
}

/// The definition of the function that `step` stands in, or the root of its script.
fn around(ground: &impl Ground, step: Step) -> Step {
    let function = ground.script(step.script).enclosing_function(step.node);
    Step { node: function.unwrap_or(Shell::ROOT), ..step }
}

/// What switches errexit off somewhere, though the option is on.
struct Suspended {
    /// What asks for the status.
    at: Option<Step>,
    /// Whether a file that is read with `.` stands between.
    through_file: bool,
}

fn suspended(ground: &impl Ground, step: Step, calls: &[Step]) -> Suspended {
    let mut calls = calls.iter();
    let mut at = step;
    let mut through_file = false;
    loop {
        let script = ground.script(at.script);
        let parent = script.shell.parent(at.node);
        if parent.is_none_or(|parent| matches!(script.node(parent).kind, NodeKind::Function(..))) {
            through_file |= parent.is_none();
            match calls.next() {
                Some(&call) => at = call,
                None => return Suspended { at: None, through_file },
            }
            continue;
        }
        let above = Step { node: parent.unwrap_or(Shell::ROOT), ..at };
        let asks = match &script.node(above.node).kind {
            NodeKind::AndOr(_, rest) => rest.last().is_none_or(|(_, last)| *last != at.node),
            NodeKind::Not(_) => true,
            NodeKind::List(_) => false,
            _ => script.role(at.node) == Role::Condition,
        };
        if asks {
            return Suspended { at: Some(above), through_file };
        }
        at = above;
    }
}

/// Whether errexit is off at `step` though the option is on; `None`: it depends on the shell.
fn is_suspended(ground: &impl Ground, step: Step, calls: &[Step]) -> Option<bool> {
    let suspended = suspended(ground, step, calls);
    match ground.dialect() {
        _ if suspended.at.is_none() || !suspended.through_file => Some(suspended.at.is_some()),
        Dialect::Bash => Some(true),
        // dash and BusyBox ash forget at `.` that something asks for the status.
        Dialect::Dash | Dialect::Ash => Some(false),
        Dialect::Sh | Dialect::Other => None,
    }
}

impl Script {
    fn role(&self, list: NodeId) -> Role {
        let Some(parent) = self.shell.parent(list) else {
            return Role::Root;
        };
        match &self.node(parent).kind {
            NodeKind::If(branches, _) if branches.iter().any(|branch| branch.condition == list) => Role::Condition,
            NodeKind::If(branches, otherwise)
                if branches.iter().any(|branch| branch.then == list) || *otherwise == Some(list) =>
            {
                Role::Body
            }
            NodeKind::While(of) if of.condition == list => Role::Condition,
            NodeKind::While(of) if of.body == list => Role::Body,
            NodeKind::For(of) if of.body == list => Role::Body,
            NodeKind::CFor(body) | NodeKind::Group(body) | NodeKind::Subshell(body) if *body == list => Role::Body,
            NodeKind::Case(_, arms) if arms.iter().any(|arm| arm.body == list) => Role::Body,
            NodeKind::Function(_, body) if *body == list => Role::FunctionBody,
            // `x=$(a) y=$(b)` has the status of b; `local x=$(a)` that of local.
            NodeKind::Simple(simple) if simple.words.is_empty() => {
                let values = simple.assignments.iter().filter_map(|assignment| assignment.value.as_ref());
                let mut bodies = Vec::new();
                values.for_each(|value| value.substitutions(&mut bodies));
                if bodies.last() == Some(&list) { Role::Assigned } else { Role::Masked }
            }
            _ => Role::Masked,
        }
    }
}

/// The way of one failure from the inside out.
struct Rise<'a, G> {
    ground: &'a G,
    way: &'a [Step],
    /// Those of the way that it has not come to yet.
    calls: &'a [Step],
    through: Vec<Step>,
}

impl<G: Ground> Rise<'_, G> {
    fn from(mut self, step: Step) -> Fate {
        let ground = self.ground;
        let mut at = step;
        // Whether the shell itself looks at the status of `at`: it does for commands, pipelines and subshells, not for
        // loops, groups and lists that only hand on the status of what they hold.
        let mut looks = matches!(
            ground.script(step.script).node(step.node).kind,
            NodeKind::Simple(_)
                | NodeKind::Test(_)
                | NodeKind::Arithmetic(_)
                | NodeKind::Pipeline(_)
                | NodeKind::Subshell(_)
        );
        // What failed leaves the options behind that were in force where it began, up to the end of its shell.
        let mut options = ground.options(step);
        loop {
            if looks {
                let ends = match is_suspended(ground, at, self.calls) {
                    Some(true) => Some(false),
                    Some(false) => options.errexit(),
                    None => None,
                };
                match ends {
                    None => return Fate::Unknown,
                    Some(true) => match self.end_of_shell(at) {
                        None => {
                            return Fate::Ends { at, through: self.through, calls: self.way.to_vec() };
                        }
                        Some(edge) => at = edge,
                    },
                    Some(false) => {}
                }
            }
            let script = ground.script(at.script);
            let Some(parent) = script.shell.parent(at.node) else {
                match self.leave(at) {
                    Some(call) => at = call,
                    None => return Fate::IsLast,
                }
                looks = true;
                continue;
            };
            let above = Step { node: parent, ..at };
            looks = false;
            match &script.node(parent).kind {
                NodeKind::List(items) => {
                    if items.last() != Some(&at.node) {
                        return Fate::GoesOn;
                    }
                    match script.role(parent) {
                        Role::Condition | Role::Masked => return Fate::GoesOn,
                        Role::Root | Role::Assigned | Role::Body | Role::FunctionBody => {}
                    }
                    let Some(owner) = script.shell.parent(parent).map(|node| Step { node, ..at }) else {
                        at = above;
                        continue;
                    };
                    at = owner;
                    match script.node(owner.node).kind {
                        NodeKind::Function(..) => {
                            let Some(call) = self.leave(owner) else {
                                return Fate::Unknown;
                            };
                            at = call;
                            looks = true;
                        }
                        NodeKind::Subshell(_) | NodeKind::Simple(_) => {
                            looks = true;
                            options = ground.options(owner);
                        }
                        _ => self.through.push(owner),
                    }
                }
                NodeKind::AndOr(first, rest) => {
                    let position = if *first == at.node {
                        0
                    } else {
                        rest.iter().position(|(_, id)| *id == at.node).map_or(rest.len(), |at| at + 1)
                    };
                    if rest[position..].iter().any(|(joint, _)| *joint == Joint::Or) {
                        return Fate::GoesOn;
                    }
                    self.through.push(above);
                    at = above;
                }
                NodeKind::Pipeline(stages) => {
                    if stages.last() != Some(&at.node) {
                        match ground.options(above).pipefail() {
                            Some(true) => {}
                            Some(false) => return Fate::GoesOn,
                            None => return Fate::Unknown,
                        }
                    }
                    at = above;
                    looks = true;
                    options = ground.options(above);
                }
                NodeKind::Not(_) | NodeKind::Background(_) => return Fate::GoesOn,
                // A substitution among words: its shell ended, or its last command failed.
                _ => match script.role(at.node) {
                    Role::Assigned => {
                        at = above;
                        looks = true;
                        options = ground.options(above);
                    }
                    Role::Body => {
                        looks = matches!(script.node(parent).kind, NodeKind::Subshell(_));
                        if looks {
                            options = ground.options(above);
                        } else {
                            self.through.push(above);
                        }
                        at = above;
                    }
                    Role::Root => return Fate::IsLast,
                    Role::Condition | Role::Masked | Role::FunctionBody => return Fate::GoesOn,
                },
            }
        }
    }

    /// Out of a function by its definition, or out of a file that is read with `.` by its root: to what called it.
    fn leave(&mut self, from: Step) -> Option<Step> {
        let (&call, rest) = self.calls.split_first()?;
        self.through.push(from);
        self.calls = rest;
        Some(call)
    }

    /// What a shell that ends at `at` is to the shell around it: a stage of a pipeline, the list of a substitution or
    /// subshell, a background command. `None`: it is the script's own shell. Functions and files that are read with `.`
    /// run in the shell of their call.
    fn end_of_shell(&mut self, at: Step) -> Option<Step> {
        let mut inner = at;
        loop {
            let script = self.ground.script(inner.script);
            let Some(parent) = script.shell.parent(inner.node) else {
                inner = self.leave(inner)?;
                continue;
            };
            match &script.node(parent).kind {
                NodeKind::Pipeline(_) | NodeKind::Background(_) | NodeKind::Subshell(_) => return Some(inner),
                NodeKind::Function(..) => {
                    inner = self.leave(Step { node: parent, ..inner })?;
                    continue;
                }
                NodeKind::List(_) => {}
                _ if matches!(script.role(inner.node), Role::Assigned | Role::Masked)
                    && is_list(&script.shell, inner.node) =>
                {
                    return Some(inner);
                }
                _ => {}
            }
            inner = Step { node: parent, ..inner };
        }
    }
}

fn is_list(shell: &Shell, id: NodeId) -> bool {
    matches!(shell.node(id).kind, NodeKind::List(_))
}
