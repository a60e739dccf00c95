//! What comes after a command: errexit and `trap … ERR` look at its status, and what it was a part of goes on.

use super::Machine;
use crate::script::run::frame::{Frame, Link, Rest, WorldId};
use crate::script::run::world::World;
use crate::script::run::{Moment, Step};
use crate::script::{Joint, NodeKind, PartKind, Shell};

impl<'s> Machine<'s> {
    /// A command has ended; `set -e` and `trap … ERR` look at its status.
    pub(super) fn look(&mut self, step: Step, succeeded: bool, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let looks = matches!(
            self.node(step).kind,
            NodeKind::Simple(_)
                | NodeKind::Test(_)
                | NodeKind::Arithmetic(_)
                | NodeKind::Pipeline(_)
                | NodeKind::Subshell(_)
        );
        let link = &self.links[rest as usize];
        let (suspended, functions) = (link.suspended, link.functions);
        if succeeded || !looks || suspended {
            return self.resume(succeeded, rest, world, next);
        }
        let own = &self.worlds[world as usize];
        if let Some(body) = own.on_error.filter(|_| functions == 0 || own.options.errtrace() != Some(false)) {
            // Not again inside.
            let inside = self.changed(world, |world| {
                world.on_error = None;
                world.last = Some(false);
            });
            return self.inside(body, Frame::OnError(step), rest, inside, next);
        }
        self.fail(rest, world, next);
    }

    pub(super) fn fail(&mut self, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let errexit = self.worlds[world as usize].options.errexit();
        if errexit != Some(false) {
            self.leave_shell(false, rest, world, next);
        }
        if errexit != Some(true) {
            self.resume(false, rest, world, next);
        }
    }

    /// `exit`, or errexit: the shell ends.
    pub(super) fn leave_shell(&mut self, succeeded: bool, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let mut rest = rest;
        while !self.links[rest as usize].frame.is_shell() {
            rest = self.links[rest as usize].after;
        }
        self.resume(succeeded, rest, world, next);
    }

    pub(super) fn leave_function(&mut self, succeeded: bool, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let mut rest = rest;
        loop {
            let frame = &self.links[rest as usize].frame;
            if matches!(frame, Frame::Call(..) | Frame::Sourced(..) | Frame::OnError(_)) || frame.is_shell() {
                return self.resume(succeeded, rest, world, next);
            }
            rest = self.links[rest as usize].after;
        }
    }

    pub(super) fn leave_loop(
        &mut self,
        step: Step,
        ends: bool,
        count: u32,
        from: Rest,
        world: WorldId,
        next: &mut Vec<u32>,
    ) {
        let mut rest = from;
        let mut left = count.max(1);
        loop {
            let link = self.links[rest as usize].clone();
            match link.frame {
                Frame::LoopBody(at, _) | Frame::LoopTest(at, _) => {
                    left -= 1;
                    if left == 0 {
                        if ends {
                            self.after(at, true, link.after, world, next);
                        } else if let Frame::LoopBody(..) = link.frame {
                            self.resume(true, rest, world, next);
                        } else {
                            self.enter_test(at, true, link.after, world, next);
                        }
                        return;
                    }
                }
                Frame::Call(..) => {
                    // `break` without a loop does nothing.
                    return self.after(step, true, from, world, next);
                }
                frame if frame.is_shell() => {
                    // Shells differ: the subshell ends, or it does nothing.
                    self.after(step, true, from, world, next);
                    self.leave_shell(true, from, world, next);
                    return;
                }
                _ => {}
            }
            rest = link.after;
        }
    }

    pub(super) fn enter_test(&mut self, at: Step, body: bool, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        if let NodeKind::While(of) = &self.node(at).kind {
            let inner = self.rest(Frame::LoopTest(at, body), rest);
            self.enter(Step { node: of.condition, ..at }, Some(body), inner, world, next);
        }
    }

    /// What a frame waited for has ended.
    pub(super) fn resume(&mut self, succeeded: bool, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let Link { frame, after, .. } = self.links[rest as usize].clone();
        if frame.is_shell()
            && let Some(body) = self.worlds[world as usize].at_exit
        {
            let inside = self.changed(world, |world| {
                world.at_exit = None;
                world.last = Some(succeeded);
            });
            return self.inside(body, Frame::AtExit(succeeded), rest, inside, next);
        }
        let left = if frame.is_shell() { self.left(world) } else { Vec::new() };
        let back = |machine: &mut Self, outer: WorldId| {
            if left.is_empty() { outer } else { machine.changed(outer, |world| world.leave(&left)) }
        };
        match frame {
            Frame::Bottom => self.end(succeeded, rest, world, next),
            Frame::Item(at, number) => {
                let NodeKind::List(items) = &self.node(at).kind else { return };
                match items.get(number as usize + 1) {
                    Some(&item) => {
                        let inner = self.rest(Frame::Item(at, number + 1), after);
                        self.enter(Step { node: item, ..at }, Some(succeeded), inner, world, next);
                    }
                    None => self.after(at, succeeded, after, world, next),
                }
            }
            Frame::Member(at, number) => {
                let NodeKind::AndOr(_, members) = &self.node(at).kind else { return };
                let left = members.iter().enumerate().skip(number as usize);
                let runs = |joint: Joint| (joint == Joint::And) == succeeded;
                let chosen = left.map(|(at, member)| (at + 1, *member)).find(|(_, (joint, _))| runs(*joint));
                match chosen {
                    Some((position, (_, member))) => {
                        let inner = self.rest(Frame::Member(at, position as u32), after);
                        self.enter(Step { node: member, ..at }, Some(succeeded), inner, world, next);
                    }
                    None => self.after(at, succeeded, after, world, next),
                }
            }
            Frame::Negated(at) => self.after(at, !succeeded, after, world, next),
            Frame::Condition(at, number) => {
                let NodeKind::If(branches, otherwise) = &self.node(at).kind else { return };
                let number = number as usize;
                let (frame, node) = if succeeded {
                    (Frame::Part(at), branches.get(number).map(|branch| branch.then))
                } else if let Some(branch) = branches.get(number + 1) {
                    (Frame::Condition(at, number as u32 + 1), Some(branch.condition))
                } else {
                    (Frame::Part(at), *otherwise)
                };
                match node {
                    Some(node) => {
                        let inner = self.rest(frame, after);
                        self.enter(Step { node, ..at }, Some(succeeded), inner, world, next);
                    }
                    None => self.after(at, true, after, world, next),
                }
            }
            Frame::Part(at) => self.after(at, succeeded, after, world, next),
            Frame::LoopTest(at, body) => {
                let NodeKind::While(of) = &self.node(at).kind else { return };
                if succeeded == of.until {
                    return self.after(at, body, after, world, next);
                }
                let inner = self.rest(Frame::LoopBody(at, 0), after);
                self.enter(Step { node: of.body, ..at }, Some(succeeded), inner, world, next);
            }
            Frame::LoopBody(at, round) => match &self.node(at).kind {
                NodeKind::While(_) => self.enter_test(at, succeeded, after, world, next),
                _ => self.round(at, round, succeeded, after, world, next),
            },
            Frame::Stage { at, backwards, number, failed, outer } => {
                let outer = back(self, outer);
                self.stage(at, (backwards, number, failed), succeeded, (after, outer), next);
            }
            Frame::Subshell(at, outer) => {
                let outer = back(self, outer);
                self.after(at, succeeded, after, outer, next);
            }
            Frame::Substitution(at, number, outer) => {
                let outer = back(self, outer);
                let puts = self.puts(at);
                let counts = puts.get(number as usize).is_some_and(|put| put.counts);
                let outer = if counts { self.changed(outer, |world| world.put = Some(succeeded)) } else { outer };
                self.put(at, number + 1, after, outer, next);
            }
            Frame::Call(at, body) => {
                let own = self.locals(body);
                let world = self.changed(world, |world| {
                    own.into_iter().for_each(|number| world.set(number, None));
                });
                self.after(at, succeeded, after, world, next);
            }
            Frame::Sourced(at, _) => self.after(at, succeeded, after, world, next),
            Frame::Inner(at, outer) => self.after(at, succeeded, after, outer, next),
            Frame::Beside(..) => {}
            Frame::Waited(at, number, _, outer) => {
                let outer = back(self, outer);
                self.wait(at, number + 1, succeeded, after, outer, next);
            }
            Frame::AtExit(status) => self.resume(status, after, world, next),
            Frame::OnError(_) => {
                let world = self.changed(world, |world| world.last = None);
                self.fail(after, world, next);
            }
        }
    }

    /// What has started something with `&` in a shell that ends.
    pub(super) fn left(&self, world: WorldId) -> Vec<Step> {
        let world = &self.worlds[world as usize];
        world.pending.iter().map(|job| job.fork).chain(world.loose.iter().copied()).collect()
    }

    pub(super) fn stage(
        &mut self,
        at: Step,
        (backwards, number, failed): (bool, u8, u32),
        succeeded: bool,
        (after, outer): (Rest, WorldId),
        next: &mut Vec<u32>,
    ) {
        let NodeKind::Pipeline(stages) = &self.node(at).kind else { return };
        let count = stages.len();
        let place = |number: usize| if backwards { count - 1 - number } else { number };
        let here = place(usize::from(number)).min(31);
        let failed = failed | (u32::from(!succeeded) << here);
        if let Some(&stage) = (usize::from(number) + 1 < count).then(|| &stages[place(usize::from(number) + 1)]) {
            let inside = self.changed(outer, World::enter_shell);
            let frame = Frame::Stage { at, backwards, number: number + 1, failed, outer };
            return self.inside(Step { node: stage, ..at }, frame, after, inside, next);
        }
        let last = failed & (1 << (count - 1).min(31)) == 0;
        let outcomes: &[bool] = match self.worlds[outer as usize].options.pipefail() {
            Some(true) => &[failed == 0],
            Some(false) => &[last],
            None if failed == 0 => &[true],
            None if last => &[true, false],
            None => &[false],
        };
        let world = self.changed(outer, |world| world.stages = Some((count.min(32) as u8, failed)));
        for &outcome in outcomes {
            self.after(at, outcome, after, world, next);
        }
    }

    /// The variables that a function keeps to itself.
    pub(super) fn locals(&self, body: Step) -> Vec<u16> {
        let script = self.script(body);
        let mut found = Vec::new();
        for command in script.within(body.node).filter_map(|id| script.command(id)) {
            let words = command.words();
            if words.first().is_some_and(|word| word.is("local") || word.is("declare") || word.is("typeset")) {
                let names = words[1..].iter().filter_map(|word| match word.parts.first().map(|part| &part.kind) {
                    Some(PartKind::Text(text)) => text.split('=').next(),
                    _ => None,
                });
                found.extend(names.filter_map(|name| self.variable(name)));
                if let NodeKind::Simple(simple) = &script.node(command.id).kind {
                    found.extend(simple.assignments.iter().filter_map(|one| self.variable(&one.name.text)));
                }
            }
        }
        found
    }

    /// The script's own shell ends.
    pub(super) fn end(&mut self, succeeded: bool, bottom: Rest, world: WorldId, next: &mut Vec<u32>) {
        let own = self.worlds[world as usize].clone();
        let world = self.world(World::new(own.options));
        let step = Step { script: 0, node: Shell::ROOT };
        next.push(self.state(step, Moment::End(succeeded), bottom, world));
    }
}
