//! What is known to have happened, or to hold, when a command runs.

use super::{Command, Joint, NodeId, NodeKind, Script};

/// A condition that decides whether a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// What decides: a test, a command, a list of them. Of a `case`: the `case` itself.
    pub condition: NodeId,
    /// Whether it has succeeded when the command runs; otherwise it has failed.
    pub holds: bool,
}

/// How many calls are followed outwards.
const MAX_CALLS: usize = 8;

impl Script {
    /// The conditions that are known to hold, or to have failed, when `id` runs, from the inside out: `if`, `&&`, `||`,
    /// `while`, `case` around it, and `test || exit` before it. A function that is called in one place has its call's.
    pub fn guards(&self, id: NodeId) -> Vec<Guard> {
        let mut guards = Vec::new();
        self.climb(id, |parent, at| match &self.node(parent).kind {
            NodeKind::AndOr(first, rest) => {
                let Some(position) = rest.iter().position(|(_, item)| *item == at) else {
                    return;
                };
                // `a && b || c`: b runs after a; what c runs after is not one condition.
                let joints = &rest[..=position];
                let joint = joints[0].0;
                if joints.iter().all(|(other, _)| *other == joint) {
                    let before = std::iter::once(*first).chain(rest[..position].iter().map(|(_, item)| *item));
                    guards.extend(before.map(|condition| Guard { condition, holds: joint == Joint::And }));
                } else if joints[position].0 == Joint::And {
                    guards.push(Guard {
                        condition: if position == 0 { *first } else { rest[position - 1].1 },
                        holds: true,
                    });
                }
            }
            NodeKind::If(branches, otherwise) => {
                let taken = branches.iter().position(|branch| branch.then == at);
                let failed = taken.or_else(|| branches.iter().position(|branch| branch.condition == at));
                let failed = failed.unwrap_or(if *otherwise == Some(at) { branches.len() } else { 0 });
                guards.extend(
                    branches[..failed].iter().map(|branch| Guard { condition: branch.condition, holds: false }),
                );
                guards.extend(taken.map(|taken| Guard { condition: branches[taken].condition, holds: true }));
            }
            NodeKind::While(of) if of.body == at => guards.push(Guard { condition: of.condition, holds: !of.until }),
            NodeKind::Case(_, arms) if arms.iter().any(|arm| arm.body == at) => {
                guards.push(Guard { condition: parent, holds: true });
            }
            NodeKind::List(items) => {
                let before = items.iter().take_while(|item| **item != at);
                guards.extend(before.filter_map(|&item| self.stops(item)).collect::<Vec<_>>().into_iter().rev());
            }
            _ => {}
        });
        guards
    }

    /// The simple commands that have run, whatever happened, when `id` runs, in no order: those that stand before it in
    /// the lists that it stands in, outside of branches and loops, called functions looked into.
    pub fn dominators(&self, id: NodeId) -> Vec<Command<'_>> {
        let mut found = Vec::new();
        self.climb(id, |parent, at| match &self.node(parent).kind {
            NodeKind::List(items) => {
                for &item in items.iter().take_while(|item| **item != at) {
                    self.always_runs(item, 0, &mut found);
                }
            }
            NodeKind::AndOr(first, rest) if *first != at => {
                self.always_runs(*first, 0, &mut found);
                // `cd a && cd b && c`: up to the first `||`, what stands before has run.
                let is_and = |(joint, node): &&(Joint, NodeId)| *joint == Joint::And && *node != at;
                let before: Vec<NodeId> = rest.iter().take_while(is_and).map(|(_, node)| *node).collect();
                if rest.get(before.len()).is_some_and(|(joint, node)| *joint == Joint::And && *node == at) {
                    before.into_iter().for_each(|node| self.always_runs(node, 0, &mut found));
                }
            }
            NodeKind::If(branches, _) => {
                if let Some(branch) = branches.first().filter(|branch| branch.condition != at) {
                    self.always_runs(branch.condition, 0, &mut found);
                }
            }
            NodeKind::While(of) if of.body == at => self.always_runs(of.condition, 0, &mut found),
            _ => {}
        });
        found
    }

    /// Visits what `id` stands in, from the inside out, with the child it stands in; a function called in one place is
    /// left through its call.
    pub(super) fn climb(&self, id: NodeId, mut visit: impl FnMut(NodeId, NodeId)) {
        let mut at = id;
        let mut calls = 0;
        while let Some(parent) = self.shell.parent(at) {
            if let NodeKind::Function(..) = self.node(parent).kind {
                calls += 1;
                let &[call] = self.calls(parent) else {
                    return;
                };
                if calls > MAX_CALLS || self.enclosing_function(call) == Some(parent) {
                    return;
                }
                at = call;
                continue;
            }
            visit(parent, at);
            at = parent;
        }
    }

    /// `a || exit`, `a && exit`, `if a; then …; exit; fi`: what is known after it.
    fn stops(&self, id: NodeId) -> Option<Guard> {
        match &self.node(id).kind {
            NodeKind::AndOr(first, rest) => {
                let [(joint, last)] = rest[..] else {
                    return None;
                };
                self.leaves(last).then_some(Guard { condition: *first, holds: joint == Joint::Or })
            }
            NodeKind::If(branches, otherwise) => {
                let first = branches.first()?;
                if branches.len() == 1 && self.leaves(first.then) {
                    return Some(Guard { condition: first.condition, holds: false });
                }
                let otherwise = (*otherwise).filter(|_| branches.len() == 1)?;
                self.leaves(otherwise).then_some(Guard { condition: first.condition, holds: true })
            }
            _ => None,
        }
    }

    /// Whether what comes after `id` in its list does not run after it: `exit`, `return`, `exec`, `break`, `continue`,
    /// or a function of the script that ends so.
    pub fn leaves(&self, id: NodeId) -> bool {
        self.leaves_within(id, 0)
    }

    fn leaves_within(&self, id: NodeId, depth: usize) -> bool {
        if depth > MAX_CALLS {
            return false;
        }
        match &self.node(id).kind {
            NodeKind::List(items) => items.iter().any(|&item| self.leaves_within(item, depth)),
            NodeKind::Group(body) => self.leaves_within(*body, depth),
            NodeKind::If(branches, Some(otherwise)) => {
                branches.iter().all(|branch| self.leaves_within(branch.then, depth))
                    && self.leaves_within(*otherwise, depth)
            }
            NodeKind::Simple(simple) => {
                let Some(name) = simple.words.first().and_then(|word| word.literal()) else {
                    return false;
                };
                match &*name {
                    "exit" | "return" | "break" | "continue" => true,
                    "exec" => simple.words.len() > 1,
                    name => self.function(name).is_some_and(|function| self.exits(function.body, depth + 1)),
                }
            }
            _ => false,
        }
    }

    /// Whether a function's body always ends the script.
    fn exits(&self, id: NodeId, depth: usize) -> bool {
        if depth > MAX_CALLS {
            return false;
        }
        match &self.node(id).kind {
            NodeKind::List(items) => items.iter().any(|&item| self.exits(item, depth)),
            NodeKind::Group(body) => self.exits(*body, depth),
            NodeKind::Simple(simple) => {
                let Some(name) = simple.words.first().and_then(|word| word.literal()) else {
                    return false;
                };
                name == "exit" || self.function(&name).is_some_and(|function| self.exits(function.body, depth + 1))
            }
            _ => false,
        }
    }

    fn always_runs<'a>(&'a self, id: NodeId, depth: usize, found: &mut Vec<Command<'a>>) {
        if depth > MAX_CALLS || found.len() > 2000 {
            return;
        }
        match &self.node(id).kind {
            NodeKind::List(items) | NodeKind::Pipeline(items) => {
                items.iter().for_each(|&item| self.always_runs(item, depth, found));
            }
            NodeKind::AndOr(first, _) => self.always_runs(*first, depth, found),
            NodeKind::Not(inner) | NodeKind::Group(inner) | NodeKind::Subshell(inner) | NodeKind::Background(inner) => {
                self.always_runs(*inner, depth, found);
            }
            NodeKind::If(branches, _) => {
                if let Some(branch) = branches.first() {
                    self.always_runs(branch.condition, depth, found);
                }
            }
            NodeKind::While(of) => self.always_runs(of.condition, depth, found),
            NodeKind::Simple(simple) => {
                for body in self.shell.substitutions(id) {
                    self.always_runs(body, depth, found);
                }
                found.extend(self.command(id));
                let name = simple.words.first().and_then(|word| word.literal());
                if let Some(function) = name.and_then(|name| self.function(&name)) {
                    self.always_runs(function.body, depth + 1, found);
                }
            }
            _ => {}
        }
    }
}
