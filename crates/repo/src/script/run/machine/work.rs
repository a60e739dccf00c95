//! What a command does when its turn comes: the ways into the compound ones, and through their rounds and arms.

use super::{Machine, Outcome};
use crate::script::run::frame::{Frame, Rest, WorldId};
use crate::script::run::world::{Job, Known, World};
use crate::script::run::{Moment, State, Step};
use crate::script::{NodeId, NodeKind, Part, PartKind, Word};

/// How many rounds of a loop over words are told apart.
const MAX_ROUNDS: usize = 4;

impl<'s> Machine<'s> {
    pub(super) fn step(&mut self, state: State, next: &mut Vec<u32>) {
        let State { step, rest, world, .. } = state;
        match state.moment {
            Moment::Before => self.put(step, 0, rest, world, next),
            Moment::At => self.work(step, rest, world, next),
            Moment::After(succeeded) => self.look(step, succeeded, rest, world, next),
            Moment::End(_) => {}
        }
    }

    /// Runs the substitutions of `step` from the `number`th on, then `step` itself.
    pub(super) fn put(&mut self, step: Step, number: u32, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let puts = self.puts(step);
        let Some(put) = puts.get(number as usize).copied() else {
            next.push(self.state(step, Moment::At, rest, world));
            return;
        };
        let body = Step { node: put.body, ..step };
        let dialect = self.dialect(step);
        let inside = self.changed(world, |world| {
            // bash keeps errexit in `<( )`, and behind `<` even where something asks for the status; not in `$( )`.
            if !put.beside {
                world.options = world.options.in_substitution(dialect);
            }
            world.enter_shell();
        });
        if put.beside {
            self.inside(body, Frame::Beside(body, !put.redirected), rest, inside, next);
            let known = next.len();
            self.put(step, number + 1, rest, world, next);
            self.beside.next.entry(body).or_default().extend(&next[known..]);
            return;
        }
        self.inside(body, Frame::Substitution(step, number, world), rest, inside, next);
    }

    /// Enters `step`; `before` is the status of what ran before it.
    pub(super) fn enter(&mut self, step: Step, before: Option<bool>, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let last = before.filter(|_| self.reads_status(step));
        let stages = self.worlds[world as usize].stages.filter(|_| self.reads_status(step));
        let is_so = self.worlds[world as usize].last == last && self.worlds[world as usize].stages == stages;
        let world = if is_so {
            world
        } else {
            self.changed(world, |world| {
                world.last = last;
                world.stages = stages;
            })
        };
        next.push(self.state(step, Moment::Before, rest, world));
    }

    /// Enters the first thing inside: it sees the status that this one sees.
    pub(super) fn inside(&mut self, step: Step, frame: Frame, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let inner = self.rest(frame, rest);
        next.push(self.state(step, Moment::Before, inner, world));
    }

    pub(super) fn after(&mut self, step: Step, succeeded: bool, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        next.push(self.state(step, Moment::After(succeeded), rest, world));
    }

    pub(super) fn either(&mut self, step: Step, outcome: Outcome, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        for &succeeded in outcome.each() {
            self.after(step, succeeded, rest, world, next);
        }
    }

    pub(super) fn work(&mut self, step: Step, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let at = |node: NodeId| Step { node, ..step };
        let script = self.script(step);
        match &script.node(step.node).kind {
            NodeKind::List(items) => match items.first() {
                Some(&first) => self.inside(at(first), Frame::Item(step, 0), rest, world, next),
                None => self.after(step, true, rest, world, next),
            },
            NodeKind::AndOr(first, _) => self.inside(at(*first), Frame::Member(step, 0), rest, world, next),
            NodeKind::Pipeline(stages) => {
                for backwards in [false, true] {
                    let stage = if backwards { stages.len() - 1 } else { 0 };
                    let frame = Frame::Stage { at: step, backwards, number: 0, failed: 0, outer: world };
                    let Some(&first) = stages.get(stage) else { continue };
                    let inside = self.changed(world, World::enter_shell);
                    self.inside(at(first), frame, rest, inside, next);
                }
            }
            NodeKind::Not(inner) => self.inside(at(*inner), Frame::Negated(step), rest, world, next),
            NodeKind::Background(inner) => {
                let inside = self.changed(world, World::enter_shell);
                self.inside(at(*inner), Frame::Beside(step, true), rest, inside, next);
                let suspended = self.links[rest as usize].suspended;
                let job = Job { fork: step, body: at(*inner), world: inside, suspended };
                let later = self.changed(world, |world| {
                    if !world.wait_for(job) {
                        world.leave(&[step]);
                    }
                });
                let known = next.len();
                self.after(step, true, rest, later, next);
                self.beside.next.entry(step).or_default().extend(&next[known..]);
            }
            NodeKind::Simple(simple) => self.simple(step, simple, rest, world, next),
            NodeKind::Test(test) => {
                let words = &test.words;
                let outcome = Outcome::from(self.decides(words, &self.worlds[world as usize]));
                self.answer(step, words, outcome, rest, world, next);
            }
            NodeKind::Arithmetic(_) => {
                let text = script.written(script.node(step.node).span);
                let inner = text.strip_prefix("((").and_then(|text| text.strip_suffix("))")).unwrap_or(text);
                let outcome = Outcome::from(self.decides_arithmetic(script, inner, &self.worlds[world as usize]));
                let world = self.count(text, world);
                self.either(step, outcome, rest, world, next);
            }
            NodeKind::If(branches, _) => {
                if let Some(first) = branches.first() {
                    self.inside(at(first.condition), Frame::Condition(step, 0), rest, world, next);
                }
            }
            NodeKind::While(of) => {
                self.inside(at(of.condition), Frame::LoopTest(step, true), rest, world, next);
            }
            NodeKind::For(_) | NodeKind::CFor(_) => self.round(step, 0, true, rest, world, next),
            NodeKind::Case(subject, arms) => {
                let known = self.known(subject, &self.worlds[world as usize]);
                let mut is_settled = false;
                for arm in arms {
                    let matches = arm_matches(known.as_ref(), &arm.patterns);
                    if matches == Some(false) {
                        continue;
                    }
                    let mut learnt = self.worlds[world as usize].clone();
                    self.learn_arm(subject, &arm.patterns, &mut learnt);
                    let learnt = self.world(learnt);
                    self.inside(at(arm.body), Frame::Part(step), rest, learnt, next);
                    if matches == Some(true) {
                        is_settled = true;
                        break;
                    }
                }
                if !is_settled {
                    self.after(step, true, rest, world, next);
                }
            }
            NodeKind::Group(body) => self.inside(at(*body), Frame::Part(step), rest, world, next),
            NodeKind::Subshell(body) => {
                let inside = self.changed(world, World::enter_shell);
                self.inside(at(*body), Frame::Subshell(step, world), rest, inside, next);
            }
            NodeKind::Function(..) => self.after(step, true, rest, world, next),
        }
    }

    /// A test has been asked.
    pub(super) fn answer(
        &mut self,
        step: Step,
        words: &[Word],
        outcome: Outcome,
        rest: Rest,
        world: WorldId,
        next: &mut Vec<u32>,
    ) {
        for &succeeded in outcome.each() {
            let mut learnt = self.worlds[world as usize].clone();
            self.learn(words, succeeded, &mut learnt);
            let learnt = self.world(learnt);
            self.after(step, succeeded, rest, learnt, next);
        }
    }

    /// Arithmetic has changed the variables that it names.
    pub(super) fn count(&mut self, text: &str, world: WorldId) -> WorldId {
        if !text.contains(['=', '+', '-']) {
            return world;
        }
        let names = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let numbers: Vec<u16> = names.filter_map(|name| self.variable(name)).collect();
        // `n == 0` changes nothing.
        let compares = !text.contains("++")
            && !text.contains("--")
            && !text.replace("==", "").replace("!=", "").replace(">=", "").replace("<=", "").contains('=');
        if compares {
            return world;
        }
        self.changed(world, |world| numbers.into_iter().for_each(|number| world.set(number, None)))
    }

    /// The `round`th round of a `for` loop begins, or its end; `succeeded` tells of the round before.
    pub(super) fn round(
        &mut self,
        step: Step,
        round: u8,
        succeeded: bool,
        rest: Rest,
        world: WorldId,
        next: &mut Vec<u32>,
    ) {
        let script = self.script(step);
        let (body, words, variable) = match &script.node(step.node).kind {
            NodeKind::For(of) => (of.body, of.words.as_deref(), Some(&of.variable)),
            NodeKind::CFor(body) => (*body, None, None),
            _ => return,
        };
        let literals: Option<Vec<_>> = words.and_then(|words| words.iter().map(Word::literal).collect());
        let known = literals.as_deref().filter(|literals| literals.len() <= MAX_ROUNDS);
        let at_least = literals.as_ref().map_or(0, Vec::len);
        let may_go = known.is_none_or(|known| usize::from(round) < known.len());
        let may_end = usize::from(round) >= at_least.min(MAX_ROUNDS);
        if may_go {
            let value = known.and_then(|known| known.get(usize::from(round))).map(|text| Known::is(text));
            let number = variable.and_then(|variable| self.variable(&variable.text));
            let world = match number {
                Some(number) => self.changed(world, |world| world.set(number, value)),
                None => world,
            };
            let inner = self.rest(Frame::LoopBody(step, (round + 1).min(MAX_ROUNDS as u8)), rest);
            self.enter(Step { node: body, ..step }, Some(succeeded), inner, world, next);
        }
        if may_end {
            self.after(step, succeeded, rest, world, next);
        }
    }
}

/// Whether the subject of a `case` matches the patterns of an arm; `None`: not known.
fn arm_matches(subject: Option<&Known>, patterns: &[Word]) -> Option<bool> {
    let is_all = |word: &Word| {
        matches!(word.parts.as_slice(), [Part { kind: PartKind::Glob(text), .. }] if &**text == "*")
            || word.literal().is_some_and(|text| text == "*")
    };
    if patterns.iter().any(is_all) {
        return Some(true);
    }
    let subject = subject?;
    let one = |word: &Word| {
        let text = word.literal()?;
        if text.contains(['*', '?', '[']) { None } else { subject.equals(&text) }
    };
    let all: Vec<_> = patterns.iter().map(one).collect();
    if all.contains(&Some(true)) { Some(true) } else { all.iter().all(|one| *one == Some(false)).then_some(false) }
}
