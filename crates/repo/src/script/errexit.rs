//! `set -e`: what becomes of a script in which one command fails.
//!
//! The rules are those that bash 5.2, bash --posix, dash 0.5.12 and BusyBox ash were seen to follow; the test
//! `evidence::errexit` compares this model with the shells, construct by construct.

use super::{Joint, NodeId, NodeKind, Script, Shell};

/// What becomes of a script in which one command fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The script ends; nothing after it runs.
    Ends {
        /// The command of the script's own shell whose status ends it: the command itself, or the pipeline, subshell,
        /// assignment or call that its failure rose to.
        at: NodeId,
        /// What the failure rose through on its way there, from the inside out: loops, lists, functions, subshells.
        through: Vec<NodeId>,
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

impl Script {
    /// What becomes of the script when `id` fails, every other command succeeding. Of several ways to reach `id` (a
    /// function called in several places): the first on which the script ends.
    pub fn fate(&self, id: NodeId) -> Fate {
        let mut best = None;
        for calls in self.ways_to(id) {
            let fate = Rise { script: self, calls: &calls, through: Vec::new() }.from(id);
            match fate {
                Fate::Ends { .. } => return fate,
                fate => best = best.or(Some(fate)),
            }
        }
        best.unwrap_or(Fate::Unknown)
    }

    /// The calls, innermost first, on every way from the script's own commands to `id`.
    fn ways_to(&self, id: NodeId) -> Vec<Vec<NodeId>> {
        let mut ways = Vec::new();
        let mut open = vec![(id, Vec::new())];
        while let Some((at, calls)) = open.pop() {
            if ways.len() >= MAX_WAYS {
                break;
            }
            let Some(function) = self.enclosing_function(at) else {
                ways.push(calls);
                continue;
            };
            if calls.len() >= MAX_CALLS {
                continue;
            }
            for &call in self.calls(function).iter().rev() {
                if calls.contains(&call) || self.enclosing_function(call) == Some(function) {
                    continue;
                }
                let mut calls: Vec<NodeId> = calls.clone();
                calls.push(call);
                open.push((call, calls));
            }
        }
        ways
    }

    /// Whether errexit is off at `id` though the option is on, since what it stands in asks for its status: a condition,
    /// the left of `&&` and `||`, `!`. Calls count, those of the function that it stands in included: `f || exit`
    /// switches errexit off in all of `f`. Of several ways to `id`: whether it is so on all.
    pub fn errexit_is_suspended(&self, id: NodeId) -> bool {
        let ways = self.ways_to(id);
        !ways.is_empty() && ways.iter().all(|calls| self.suspended(id, calls).is_some())
    }

    /// What suspends errexit at `id`: a condition, an and-or list, `!`. Of several ways to `id` the first; `None` if it is
    /// at work on one of them.
    pub fn suspended_by(&self, id: NodeId) -> Option<NodeId> {
        let all: Option<Vec<NodeId>> = self.ways_to(id).iter().map(|calls| self.suspended(id, calls)).collect();
        all?.first().copied()
    }

    /// What suspends errexit at `id`.
    fn suspended(&self, id: NodeId, calls: &[NodeId]) -> Option<NodeId> {
        let mut calls = calls.iter();
        let mut at = id;
        loop {
            let parent = self.shell.parent(at)?;
            match &self.node(parent).kind {
                NodeKind::AndOr(_, rest) if rest.last().is_none_or(|(_, last)| *last != at) => {
                    return Some(parent);
                }
                NodeKind::Not(_) => return Some(parent),
                NodeKind::List(_) => {}
                NodeKind::Function(..) => {
                    at = *calls.next()?;
                    continue;
                }
                _ if self.role(at) == Role::Condition => return Some(parent),
                _ => {}
            }
            at = parent;
        }
    }

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
struct Rise<'a> {
    script: &'a Script,
    calls: &'a [NodeId],
    through: Vec<NodeId>,
}

impl Rise<'_> {
    fn from(mut self, id: NodeId) -> Fate {
        let script = self.script;
        let mut at = id;
        // Whether the shell itself looks at the status of `at`: it does for commands, pipelines and subshells, not for
        // loops, groups and lists that only hand on the status of what they hold.
        let mut looks = matches!(
            script.node(id).kind,
            NodeKind::Simple(_)
                | NodeKind::Test(_)
                | NodeKind::Arithmetic(_)
                | NodeKind::Pipeline(_)
                | NodeKind::Subshell(_)
        );
        loop {
            if looks && script.suspended(at, self.calls).is_none() {
                match script.options_at(at).errexit() {
                    None => return Fate::Unknown,
                    Some(true) => match self.end_of_shell(at) {
                        None => {
                            return Fate::Ends { at, through: self.through };
                        }
                        Some(edge) => at = edge,
                    },
                    Some(false) => {}
                }
            }
            let Some(parent) = script.shell.parent(at) else {
                return Fate::IsLast;
            };
            looks = false;
            match &script.node(parent).kind {
                NodeKind::List(items) => {
                    if items.last() != Some(&at) {
                        return Fate::GoesOn;
                    }
                    match script.role(parent) {
                        Role::Condition | Role::Masked => return Fate::GoesOn,
                        Role::Root => return Fate::IsLast,
                        Role::Assigned | Role::Body | Role::FunctionBody => {}
                    }
                    let Some(owner) = script.shell.parent(parent) else {
                        return Fate::IsLast;
                    };
                    at = owner;
                    match script.node(owner).kind {
                        NodeKind::Function(..) => {
                            self.through.push(owner);
                            let Some((&call, rest)) = self.calls.split_first() else {
                                return Fate::Unknown;
                            };
                            self.calls = rest;
                            at = call;
                            looks = true;
                        }
                        NodeKind::Subshell(_) | NodeKind::Simple(_) => looks = true,
                        _ => self.through.push(owner),
                    }
                }
                NodeKind::AndOr(first, rest) => {
                    let position = if *first == at {
                        0
                    } else {
                        rest.iter().position(|(_, id)| *id == at).map_or(rest.len(), |at| at + 1)
                    };
                    if rest[position..].iter().any(|(joint, _)| *joint == Joint::Or) {
                        return Fate::GoesOn;
                    }
                    self.through.push(parent);
                    at = parent;
                }
                NodeKind::Pipeline(stages) => {
                    if stages.last() != Some(&at) {
                        match script.options_at(parent).pipefail() {
                            Some(true) => {}
                            Some(false) => return Fate::GoesOn,
                            None => return Fate::Unknown,
                        }
                    }
                    at = parent;
                    looks = true;
                }
                NodeKind::Not(_) | NodeKind::Background(_) => return Fate::GoesOn,
                // A substitution among words: its shell ended, or its last command failed.
                _ => match script.role(at) {
                    Role::Assigned => {
                        at = parent;
                        looks = true;
                    }
                    Role::Body => {
                        at = parent;
                        looks = matches!(script.node(parent).kind, NodeKind::Subshell(_));
                        if !looks {
                            self.through.push(parent);
                        }
                    }
                    Role::Root => return Fate::IsLast,
                    Role::Condition | Role::Masked | Role::FunctionBody => return Fate::GoesOn,
                },
            }
        }
    }

    /// What a shell that ends at `at` is to the shell around it: a stage of a pipeline, the list of a substitution or
    /// subshell, a background command. `None`: it is the script's own shell. Functions run in the shell of their call.
    fn end_of_shell(&mut self, at: NodeId) -> Option<NodeId> {
        let script = self.script;
        let mut inner = at;
        loop {
            let parent = script.shell.parent(inner)?;
            match &script.node(parent).kind {
                NodeKind::Pipeline(_) | NodeKind::Background(_) => {
                    return Some(inner);
                }
                NodeKind::Subshell(_) => return Some(inner),
                NodeKind::Function(..) => {
                    self.through.push(parent);
                    let (&call, rest) = self.calls.split_first()?;
                    self.calls = rest;
                    inner = call;
                    continue;
                }
                NodeKind::List(_) => {}
                _ if matches!(script.role(inner), Role::Assigned | Role::Masked) && is_list(&script.shell, inner) => {
                    return Some(inner);
                }
                _ => {}
            }
            inner = parent;
        }
    }
}

fn is_list(shell: &Shell, id: NodeId) -> bool {
    matches!(shell.node(id).kind, NodeKind::List(_))
}
