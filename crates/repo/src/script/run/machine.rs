//! The abstract machine: every way that a script may take, one small step after the other.
//!
//! A state is a command about to run, at work, or ended with a status; what is to be done after it ([`Frame`]); and what
//! its shell knows ([`World`]). A command of which nothing is known ends both ways. Where states agree, ways meet: a loop
//! is a ring, and the states are finitely many. What runs at the same time (stages of a pipeline, `&`, `<( )`) is run one
//! after the other, once in each order.

use super::frame::{Frame, Link, Rest, WorldId};
use super::world::{Known, World};
use super::{Moment, State, Step};
use crate::script::{
    Dialect, Host, Joint, NodeId, NodeKind, Options, Part, PartKind, RedirectKind, Script, Shell, Simple, Via, Word,
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// How many states one run may have; with more, the next precision is tried.
const MAX_STATES: usize = 30_000;
/// In how many worlds one command may run after which the values of variables are forgotten there.
const MAX_WORLDS: u32 = 24;

/// How exactly a script is run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Precision {
    /// Whether the values of variables are told apart.
    values: bool,
    /// How deep calls and files are entered; what lies deeper may do anything.
    depth: u8,
}

/// From the most exact on, for scripts with more ways than we follow.
pub(super) const PRECISIONS: [Precision; 4] = [
    Precision { values: true, depth: 12 },
    Precision { values: false, depth: 12 },
    Precision { values: false, depth: 3 },
    Precision { values: false, depth: 2 },
];
/// How many rounds of a loop over words are told apart.
const MAX_ROUNDS: usize = 4;
/// How many commands that run in the background are kept in mind.
const MAX_PENDING: usize = 6;

/// What a command of a script leads to in another.
#[derive(Clone, Copy, Debug)]
pub(in crate::script) struct Lead {
    /// The script, by its number in the run.
    pub(in crate::script) script: u16,
    /// How it is run; `None`: with `.`.
    pub(in crate::script) via: Option<Via>,
}

pub(super) struct Machine<'s> {
    scripts: &'s [&'s Script],
    leads: &'s FxHashMap<Step, Lead>,
    precision: Precision,
    variables: FxHashMap<Box<str>, u16>,
    readers: FxHashMap<Step, bool>,
    puts: FxHashMap<Step, Rc<[Put]>>,
    /// How many worlds were seen at a command, in front of a rest.
    crowds: FxHashMap<(Step, Rest), u32>,
    links: Vec<Link>,
    link_numbers: FxHashMap<(Frame, Rest), Rest>,
    worlds: Vec<World>,
    world_numbers: FxHashMap<World, WorldId>,
    pub(super) states: Vec<State>,
    numbers: FxHashMap<State, u32>,
    pub(super) next: Vec<Vec<u32>>,
    /// The first states: of the script, and of functions that nothing calls.
    pub(super) starts: Vec<u32>,
    pub(super) gave_up: bool,
    options: FxHashMap<Step, Options>,
    /// What runs beside other things, started with `&`.
    pub(super) beside: FxHashSet<Step>,
    /// In which stages of which pipelines a command runs.
    pub(super) stages: FxHashMap<Step, FxHashSet<(Step, u8)>>,
}

/// A text that is run to be put into a word.
#[derive(Clone, Copy)]
struct Put {
    body: NodeId,
    /// `<( )`: nobody waits for it.
    beside: bool,
    /// Whether its status may be that of the command.
    counts: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Succeeds,
    Fails,
    Either,
}

impl From<Option<bool>> for Outcome {
    fn from(known: Option<bool>) -> Self {
        match known {
            Some(true) => Self::Succeeds,
            Some(false) => Self::Fails,
            None => Self::Either,
        }
    }
}

impl Outcome {
    fn each(self) -> &'static [bool] {
        match self {
            Self::Succeeds => &[true],
            Self::Fails => &[false],
            Self::Either => &[true, false],
        }
    }
}

impl<'s> Machine<'s> {
    pub(super) fn new(scripts: &'s [&'s Script], leads: &'s FxHashMap<Step, Lead>, precision: Precision) -> Self {
        let mut machine = Self {
            scripts,
            leads,
            precision,
            variables: FxHashMap::default(),
            readers: FxHashMap::default(),
            puts: FxHashMap::default(),
            crowds: FxHashMap::default(),
            links: Vec::new(),
            link_numbers: FxHashMap::default(),
            worlds: Vec::new(),
            world_numbers: FxHashMap::default(),
            states: Vec::new(),
            numbers: FxHashMap::default(),
            next: Vec::new(),
            starts: Vec::new(),
            gave_up: false,
            options: FxHashMap::default(),
            beside: FxHashSet::default(),
            stages: FxHashMap::default(),
        };
        for script in scripts.iter().filter(|_| precision.values) {
            machine.find_variables(script);
        }
        machine
    }

    /// Runs the script, and then what nothing in it calls.
    pub(super) fn run(mut self) -> Self {
        let bottom = self.rest(Frame::Bottom, 0);
        let world = self.world(World::new(self.scripts[0].start.options));
        let start = Step { script: 0, node: Shell::ROOT };
        self.start(start, bottom, world);
        for number in 0..self.scripts.len() {
            let script = self.scripts[number];
            let mut functions: Vec<_> = script.functions().collect();
            functions.sort_by_key(|function| function.definition);
            for function in functions {
                let body = Step { script: number as u16, node: function.body };
                // With the options in force where it is defined: whoever sources this file calls it.
                let options = script.options_at(function.body);
                if !self.options.contains_key(&body) && !self.gave_up {
                    let world = self.world(World::new(options));
                    self.start(body, bottom, world);
                }
            }
        }
        self
    }

    fn start(&mut self, step: Step, rest: Rest, world: WorldId) {
        let mut done = self.states.len();
        let first = self.state(step, Moment::Before, rest, world);
        self.starts.push(first);
        while done < self.states.len() && !self.gave_up {
            let state = self.states[done];
            let mut next = Vec::new();
            self.step(state, &mut next);
            next.sort_unstable();
            next.dedup();
            self.next[done] = next;
            done += 1;
        }
    }

    /// The options in force where each command begins, agreed on by all ways to it.
    pub(super) fn into_options(self) -> FxHashMap<Step, Options> {
        self.options
    }

    // Numbers.

    fn state(&mut self, step: Step, moment: Moment, rest: Rest, world: WorldId) -> u32 {
        let mut world = world;
        let mut state = State { step, moment, rest, world };
        if let Some(&number) = self.numbers.get(&state) {
            return number;
        }
        if moment == Moment::Before {
            let crowd = self.crowds.entry((step, rest)).or_default();
            *crowd += 1;
            if *crowd > MAX_WORLDS && !self.worlds[world as usize].variables.is_empty() {
                let mut plain = self.worlds[world as usize].clone();
                plain.variables.clear();
                world = self.world(plain);
                state.world = world;
                if let Some(&number) = self.numbers.get(&state) {
                    return number;
                }
            }
        }
        if moment == Moment::At {
            self.note_stages(step, rest);
            let options = self.worlds[world as usize].options;
            self.options.entry(step).and_modify(|known| *known = known.either(options)).or_insert(options);
        }
        let number = self.states.len() as u32;
        if self.states.len() >= MAX_STATES {
            self.gave_up = true;
        }
        self.states.push(state);
        self.next.push(Vec::new());
        self.numbers.insert(state, number);
        number
    }

    /// Notes in which stages of which pipelines a command runs.
    fn note_stages(&mut self, step: Step, rest: Rest) {
        if !matches!(self.node(step).kind, NodeKind::Simple(_)) {
            return;
        }
        let mut rest = self.links[rest as usize].stage;
        while let Some(link) = rest.map(|rest| &self.links[rest as usize]) {
            if let Frame::Stage { at, number, backwards, .. } = link.frame
                && let NodeKind::Pipeline(stages) = &self.scripts[usize::from(at.script)].node(at.node).kind
            {
                let stage = if backwards { stages.len() as u8 - 1 - number } else { number };
                self.stages.entry(step).or_default().insert((at, stage));
            }
            rest = self.links[link.after as usize].stage;
        }
    }

    fn world(&mut self, world: World) -> WorldId {
        if let Some(&number) = self.world_numbers.get(&world) {
            return number;
        }
        let number = self.worlds.len() as u32;
        self.worlds.push(world.clone());
        self.world_numbers.insert(world, number);
        number
    }

    fn changed(&mut self, world: WorldId, change: impl FnOnce(&mut World)) -> WorldId {
        let mut world = self.worlds[world as usize].clone();
        change(&mut world);
        self.world(world)
    }

    fn rest(&mut self, frame: Frame, after: Rest) -> Rest {
        let stage = match (&frame, self.links.get(after as usize)) {
            (Frame::Stage { .. }, _) => Some(self.links.len() as Rest),
            (Frame::Bottom, _) | (_, None) => None,
            (_, Some(link)) => link.stage,
        };
        let (mut suspended, mut beside, mut depth, mut functions) = match self.links.get(after as usize) {
            Some(link) if !matches!(frame, Frame::Bottom) => {
                let beside = if matches!(link.frame, Frame::Beside(..)) { Some(after) } else { link.beside };
                (link.suspended, beside, link.depth, link.functions)
            }
            _ => (false, None, 0, 0),
        };
        match &frame {
            Frame::Member(at, number) => {
                if let NodeKind::AndOr(_, rest) = &self.node(*at).kind {
                    suspended |= (*number as usize) < rest.len();
                }
            }
            Frame::Negated(_) | Frame::Condition(..) | Frame::LoopTest(..) => suspended = true,
            // A shell of its own begins anew.
            Frame::Inner(..) => (suspended, depth, functions) = (false, depth + 1, 0),
            Frame::Substitution(at, ..) if self.script(*at).start.dialect == Dialect::Dash => suspended = false,
            Frame::Call(..) => (depth, functions) = (depth + 1, functions.saturating_add(1)),
            Frame::Sourced(_) => depth += 1,
            _ => {}
        }
        if matches!(frame, Frame::Leftover) {
            beside = None;
        }
        let link = Link { frame, after, suspended, beside, stage, depth, functions };
        let key = (link.frame.clone(), after);
        if let Some(&number) = self.link_numbers.get(&key) {
            return number;
        }
        let number = self.links.len() as u32;
        self.links.push(link);
        self.link_numbers.insert(key, number);
        number
    }

    // Looking things up.

    fn script(&self, step: Step) -> &'s Script {
        self.scripts[usize::from(step.script)]
    }

    fn node(&self, step: Step) -> &'s twiceshy_syntax::shell::Node {
        self.script(step).node(step.node)
    }

    pub(super) fn variable(&self, name: &str) -> Option<u16> {
        self.variables.get(name).copied()
    }

    /// The function that a word calls, in whichever script of the run it stands.
    fn function(&self, from: Step, name: &str) -> Option<Step> {
        let own = |number: usize| {
            let function = self.scripts[number].function(name)?;
            Some(Step { script: number as u16, node: function.body })
        };
        own(usize::from(from.script)).or_else(|| {
            // What runs in another shell has none of this shell's functions.
            let is_apart = |number: &usize| {
                matches!(
                    self.scripts[*number].host,
                    Host::Inside { via: Via::Shell | Via::Ssh | Via::Container | Via::File, .. }
                )
            };
            if is_apart(&usize::from(from.script)) {
                return None;
            }
            (0..self.scripts.len()).filter(|number| !is_apart(number)).find_map(own)
        })
    }

    /// The variables that conditions read: the others decide nothing.
    fn find_variables(&mut self, script: &'s Script) {
        let mut names: FxHashSet<&'s str> = FxHashSet::default();
        let mut arithmetic: Vec<&'s str> = Vec::new();
        for id in script.shell().ids() {
            let node = script.node(id);
            let words: &[Word] = match &node.kind {
                NodeKind::Test(test) => &test.words,
                NodeKind::Case(subject, _) => std::slice::from_ref(subject),
                NodeKind::Arithmetic(_) => {
                    arithmetic.push(script.written(node.span));
                    continue;
                }
                NodeKind::Simple(simple) => match simple.words.first() {
                    Some(first) if first.is("test") || first.is("exit") || first.is("return") => &simple.words,
                    Some(first) if first.literal().is_none() => std::slice::from_ref(first),
                    _ => continue,
                },
                _ => continue,
            };
            names.extend(words.iter().flat_map(Word::variables).map(|variable| &*variable.name));
        }
        for text in arithmetic {
            names.extend(text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty()));
        }
        // `copy=$flag`: what flags are made of.
        let mut sources: Vec<&'s str> = names.iter().copied().collect();
        while let Some(name) = sources.pop() {
            for (_, assignment) in script.assignments(name) {
                for variable in assignment.value.iter().flat_map(Word::variables) {
                    if names.insert(&variable.name) {
                        sources.push(&variable.name);
                    }
                }
            }
        }
        let mut names: Vec<&str> = names
            .into_iter()
            .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && *name != "PIPESTATUS")
            .collect();
        names.sort_unstable();
        for name in names {
            let number = self.variables.len() as u16;
            self.variables.entry(name.into()).or_insert(number);
        }
    }

    /// Whether what runs first in `step` may ask for the status of what ran before it.
    fn reads_status(&mut self, step: Step) -> bool {
        if let Some(&known) = self.readers.get(&step) {
            return known;
        }
        // A function that calls itself.
        self.readers.insert(step, false);
        let script = self.script(step);
        let text = script.written(script.node(step.node).span);
        let asks = |text: &str| ["$?", "${?", "PIPESTATUS"].iter().any(|word| text.contains(word));
        let mut reads = asks(text);
        if !reads {
            let named: Vec<Step> = script
                .within(step.node)
                .filter_map(|id| script.command(id))
                .filter_map(|command| {
                    let name = command.words().first()?.literal()?;
                    reads |= matches!(&*name, "exit" | "return") && command.words().len() == 1;
                    self.function(step, &name)
                })
                .collect();
            reads |= named.into_iter().any(|body| self.reads_status(body));
        }
        self.readers.insert(step, reads);
        reads
    }

    /// What is run to be put into the words of a command, in order.
    fn puts(&mut self, step: Step) -> Rc<[Put]> {
        if let Some(known) = self.puts.get(&step) {
            return Rc::clone(known);
        }
        let mut found = Vec::new();
        let node = self.node(step);
        if !matches!(node.kind, NodeKind::List(_) | NodeKind::Function(..)) {
            let alone = matches!(&node.kind, NodeKind::Simple(simple) if simple.words.is_empty());
            let targets = node.redirects.len();
            let words = node.words();
            let own = words.len() - targets;
            for (at, word) in words.into_iter().enumerate() {
                find_puts(word, alone && at < own, &mut found, 0);
            }
            if let NodeKind::Arithmetic(bodies) = &node.kind {
                found.extend(bodies.iter().map(|&body| Put { body, beside: false, counts: false }));
            }
        }
        let found: Rc<[Put]> = found.into();
        self.puts.insert(step, Rc::clone(&found));
        found
    }

    // Steps.

    fn step(&mut self, state: State, next: &mut Vec<u32>) {
        let State { step, rest, world, .. } = state;
        match state.moment {
            Moment::Before => self.put(step, 0, rest, world, next),
            Moment::At => self.work(step, rest, world, next),
            Moment::After(succeeded) => self.look(step, succeeded, rest, world, next),
            Moment::End(_) => {}
        }
    }

    /// Runs the substitutions of `step` from the `number`th on, then `step` itself.
    fn put(&mut self, step: Step, number: u32, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let puts = self.puts(step);
        let Some(put) = puts.get(number as usize).copied() else {
            next.push(self.state(step, Moment::At, rest, world));
            return;
        };
        let inner = self.rest(Frame::Substitution(step, number, world), rest);
        let dialect = self.script(step).start.dialect;
        let inside = self.changed(world, |world| {
            world.options = world.options.in_substitution(dialect);
            world.enter_shell();
        });
        next.push(self.state(Step { node: put.body, ..step }, Moment::Before, inner, inside));
        if put.beside {
            // It may as well come later.
            let later = self.changed(world, |world| world.wait_for(Step { node: put.body, ..step }));
            self.put(step, number + 1, rest, later, next);
        }
    }

    /// Enters `step`; `before` is the status of what ran before it.
    fn enter(&mut self, step: Step, before: Option<bool>, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
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
    fn inside(&mut self, step: Step, frame: Frame, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let inner = self.rest(frame, rest);
        next.push(self.state(step, Moment::Before, inner, world));
    }

    fn after(&mut self, step: Step, succeeded: bool, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        next.push(self.state(step, Moment::After(succeeded), rest, world));
    }

    fn either(&mut self, step: Step, outcome: Outcome, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        for &succeeded in outcome.each() {
            self.after(step, succeeded, rest, world, next);
        }
    }

    fn work(&mut self, step: Step, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
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
                self.inside(at(*inner), Frame::Beside(step, world), rest, inside, next);
                let later = self.changed(world, |world| world.wait_for(at(*inner)));
                self.after(step, true, rest, later, next);
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
    fn answer(
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
    fn count(&mut self, text: &str, world: WorldId) -> WorldId {
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
    fn round(&mut self, step: Step, round: u8, succeeded: bool, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
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

    // Simple commands.

    fn simple(&mut self, step: Step, simple: &'s Simple, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let script = self.script(step);
        let Some(first) = simple.words.first() else {
            let put = self.worlds[world as usize].put;
            let world = self.assign(step, simple, world);
            self.after(step, put.unwrap_or(true), rest, world, next);
            return;
        };
        let world = self.changed(world, |world| world.put = None);
        let lead = self.leads.get(&step).copied();
        let Some(name) = first.literal() else {
            // `if $flag`, and `"$@"`, which may be anything.
            let outcome = match self.known(first, &self.worlds[world as usize]) {
                Some(Known::Is(text)) if &*text == "true" || &*text == ":" => Outcome::Succeeds,
                Some(Known::Is(text)) if &*text == "false" => Outcome::Fails,
                _ => Outcome::Either,
            };
            if let Some(lead) = lead {
                self.lead(step, lead, rest, world, next);
            } else if self.variable_word(first).is_some() && outcome != Outcome::Fails {
                // What the flag is, is known from here on.
                for &succeeded in outcome.each() {
                    let number = self.variable_word(first);
                    let flag = Known::is(if succeeded { "true" } else { "false" });
                    let is_flag = outcome == Outcome::Either && number.is_some_and(|number| self.is_flag(step, number));
                    let learnt = match number.filter(|_| is_flag) {
                        Some(number) => self.changed(world, |world| world.set(number, Some(flag))),
                        None => world,
                    };
                    self.after(step, succeeded, rest, learnt, next);
                }
            } else {
                self.either(step, outcome, rest, world, next);
            }
            return;
        };
        let args = &simple.words[1..];
        let literal = |at: usize| args.get(at).and_then(Word::literal);
        match &*name {
            "exit" => {
                for &succeeded in self.status_of(args, world).each() {
                    self.leave_shell(succeeded, rest, world, next);
                }
            }
            "return" => {
                for &succeeded in self.status_of(args, world).each() {
                    self.leave_function(succeeded, rest, world, next);
                }
            }
            "break" | "continue" => {
                let count = literal(0).and_then(|text| text.parse().ok()).unwrap_or(1);
                self.leave_loop(step, &name == "break", count, rest, world, next);
            }
            "exec" if !args.is_empty() => {
                for succeeded in [true, false] {
                    self.leave_shell(succeeded, rest, world, next);
                }
            }
            "set" | "shopt" => {
                let shopt = &*name == "shopt";
                let words: Vec<_> = args.iter().map_while(Word::literal).collect();
                let world = self.changed(world, |world| {
                    let words = words.iter().map(|word| &**word);
                    world.options =
                        if shopt { world.options.after_shopt(words) } else { world.options.after_set(words) };
                });
                let options = self.worlds[world as usize].options;
                // dash ends the script over an option that it does not know.
                let unknown = script.start.dialect == Dialect::Dash && options.pipefail() == Some(true);
                if unknown {
                    self.leave_shell(false, rest, world, next);
                } else {
                    self.after(step, true, rest, world, next);
                }
            }
            "trap" => {
                let world = self.trap(step, simple, world);
                self.after(step, true, rest, world, next);
            }
            "." | "source" | "eval" => match lead {
                Some(lead) => self.lead(step, lead, rest, world, next),
                None => {
                    // It may set anything.
                    let world = self.changed(world, |world| world.variables.clear());
                    self.either(step, Outcome::Either, rest, world, next);
                }
            },
            "wait" => {
                let waited = self.worlds[world as usize].pending.clone();
                let one = waited.len() == 1 || args.is_empty();
                match waited.first() {
                    Some(&first) if one => self.wait(step, first, 0, rest, world, next),
                    _ => self.either(
                        step,
                        if args.is_empty() { Outcome::Succeeds } else { Outcome::Either },
                        rest,
                        world,
                        next,
                    ),
                }
            }
            "test" => {
                let outcome = Outcome::from(self.decides(args, &self.worlds[world as usize]));
                self.answer(step, args, outcome, rest, world, next);
            }
            name => {
                if let Some(body) = self.function(step, name) {
                    let depth = self.links[rest as usize].depth;
                    let is_open = self.is_open(body, rest);
                    if depth < self.precision.depth && !is_open {
                        self.inside(body, Frame::Call(step, body.node), rest, world, next);
                    } else {
                        self.either(step, Outcome::Either, rest, world, next);
                    }
                    return;
                }
                if let Some(lead) = lead {
                    self.lead(step, lead, rest, world, next);
                    return;
                }
                let world = self.assign(step, simple, world);
                let writes = script.node(step.node).redirects.iter().any(|redirect| {
                    !matches!(
                        redirect.kind,
                        RedirectKind::Duplicate | RedirectKind::HereString | RedirectKind::Heredoc { .. }
                    ) && !redirect.target.is("/dev/null")
                        && !redirect.target.is("/dev/stderr")
                });
                let outcome = match name {
                    "false" => Outcome::Fails,
                    _ if writes => Outcome::Either,
                    "true" | ":" | "echo" | "printf" | "export" | "local" | "declare" | "typeset" | "readonly"
                    | "unset" | "umask" | "sleep" | "exec" | "alias" | "hash" => Outcome::Succeeds,
                    _ => Outcome::Either,
                };
                self.either(step, outcome, rest, world, next);
            }
        }
    }

    fn variable_word(&self, word: &Word) -> Option<u16> {
        match word.parts.as_slice() {
            [Part { kind: PartKind::Variable(variable), .. }] if variable.operator.is_empty() => {
                self.variable(&variable.name)
            }
            _ => None,
        }
    }

    /// Whether a variable is only ever given `true` or `false`.
    fn is_flag(&self, step: Step, number: u16) -> bool {
        let Some((name, _)) = self.variables.iter().find(|(_, own)| **own == number) else { return false };
        let assignments = self.script(step).assignments(name);
        !assignments.is_empty()
            && assignments.iter().all(|(_, assignment)| {
                assignment.value.as_ref().is_some_and(|value| value.is("true") || value.is("false"))
            })
    }

    /// Whether a function is being run already.
    fn is_open(&self, body: Step, rest: Rest) -> bool {
        let mut rest = rest;
        loop {
            let link = &self.links[rest as usize];
            match link.frame {
                Frame::Bottom => return false,
                Frame::Call(_, open) if open == body.node => return true,
                _ => rest = link.after,
            }
        }
    }

    /// What `exit 1`, `return $?`, `exit` make of their words.
    fn status_of(&self, args: &[Word], world: WorldId) -> Outcome {
        let world = &self.worlds[world as usize];
        match args.first() {
            None => Outcome::from(world.last),
            Some(word) => Outcome::from(self.known(word, world).and_then(|known| known.equals("0"))),
        }
    }

    fn assign(&mut self, step: Step, simple: &'s Simple, world: WorldId) -> WorldId {
        let script = self.script(step);
        let mut after = self.worlds[world as usize].clone();
        after.put = None;
        let declares = simple.is_declaration();
        // `A=1 program` sets A for the program only.
        if simple.words.is_empty() || declares {
            for assignment in &simple.assignments {
                let Some(number) = self.variable(&assignment.name.text) else { continue };
                let value = assignment.value.as_ref().and_then(|value| self.known(value, &after));
                after.set(number, value.filter(|_| !assignment.append));
            }
        }
        if let Some(name) = simple.words.first().and_then(Word::literal) {
            let names = match &*name {
                "read" | "mapfile" | "readarray" | "getopts" | "unset" | "printf" | "let" => &simple.words[1..],
                _ => &[],
            };
            for word in names.iter().filter_map(Word::literal) {
                let own = word.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
                if let Some(number) = self.variable(own) {
                    after.set(number, (&*name == "unset").then(|| Known::is("")));
                }
            }
        }
        // `$((n++))`, `${x:=d}`
        for word in script.node(step.node).words() {
            for part in &word.parts {
                match &part.kind {
                    PartKind::Arithmetic(_) => {
                        let text = script.written(part.span);
                        if text.contains("++") || text.contains("--") || text.contains('=') {
                            for name in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
                                if let Some(number) = self.variable(name) {
                                    after.set(number, None);
                                }
                            }
                        }
                    }
                    PartKind::Variable(variable) if matches!(&*variable.operator, ":=" | "=") => {
                        if let Some(number) = self.variable(&variable.name) {
                            let known = self.known(&Word { span: word.span, parts: vec![part.clone()] }, &after);
                            after.set(number, known);
                        }
                    }
                    _ => {}
                }
            }
        }
        self.world(after)
    }

    fn trap(&mut self, step: Step, simple: &'s Simple, world: WorldId) -> WorldId {
        let words = &simple.words[1..];
        let words = if words.first().is_some_and(|word| word.is("--")) { &words[1..] } else { words };
        let Some((action, signals)) = words.split_first() else { return world };
        let named = |names: &[&str]| signals.iter().any(|word| names.iter().any(|name| word.is(name)));
        let clears = action.is("-") || action.is("");
        let body = if clears {
            None
        } else {
            let lead = self.leads.get(&step).map(|lead| Step { script: lead.script, node: Shell::ROOT });
            lead.or_else(|| self.function(step, action.literal()?.split_whitespace().next()?))
        };
        self.changed(world, |world| {
            if named(&["EXIT", "0"]) {
                world.at_exit = body;
            }
            if named(&["ERR"]) {
                world.on_error = body;
            }
        })
    }

    /// Enters another script: a file that is sourced, a shell of its own.
    fn lead(&mut self, step: Step, lead: Lead, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let root = Step { script: lead.script, node: Shell::ROOT };
        if self.links[rest as usize].depth >= self.precision.depth {
            return self.either(step, Outcome::Either, rest, world, next);
        }
        match lead.via {
            None | Some(Via::Eval) => {
                let world = self.changed(world, |world| world.last = None);
                self.inside(root, Frame::Sourced(step), rest, world, next);
                // A file that is not there.
                if lead.via.is_none() {
                    self.after(step, false, rest, world, next);
                }
            }
            Some(via) => {
                let options = self.scripts[usize::from(lead.script)].start.options;
                let inside = self.world(World::new(options));
                self.inside(root, Frame::Inner(step, world), rest, inside, next);
                if matches!(via, Via::Ssh | Via::Container) {
                    // Nobody answers.
                    self.after(step, false, rest, world, next);
                }
            }
        }
    }

    fn wait(&mut self, step: Step, first: Step, number: u32, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let inside = self.changed(world, World::enter_shell);
        self.inside(first, Frame::Waited(step, number, world), rest, inside, next);
    }

    // Ends.

    /// A command has ended; `set -e` and `trap … ERR` look at its status.
    fn look(&mut self, step: Step, succeeded: bool, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
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
        let beside = if matches!(link.frame, Frame::Beside(..)) { Some(rest) } else { link.beside };
        if let Some(beside) = beside
            && let Link { frame: Frame::Beside(at, outer), after, .. } = self.links[beside as usize].clone()
        {
            // What started it goes on whenever it likes.
            self.after(at, true, after, outer, next);
            self.beside.insert(step);
        }
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

    fn fail(&mut self, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let errexit = self.worlds[world as usize].options.errexit();
        if errexit != Some(false) {
            self.leave_shell(false, rest, world, next);
        }
        if errexit != Some(true) {
            self.resume(false, rest, world, next);
        }
    }

    /// `exit`, or errexit: the shell ends.
    fn leave_shell(&mut self, succeeded: bool, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let mut rest = rest;
        while !self.links[rest as usize].frame.is_shell() {
            rest = self.links[rest as usize].after;
        }
        self.resume(succeeded, rest, world, next);
    }

    fn leave_function(&mut self, succeeded: bool, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let mut rest = rest;
        loop {
            let frame = &self.links[rest as usize].frame;
            if matches!(frame, Frame::Call(..) | Frame::Sourced(_) | Frame::OnError(_)) || frame.is_shell() {
                return self.resume(succeeded, rest, world, next);
            }
            rest = self.links[rest as usize].after;
        }
    }

    fn leave_loop(&mut self, step: Step, ends: bool, count: u32, from: Rest, world: WorldId, next: &mut Vec<u32>) {
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

    fn enter_test(&mut self, at: Step, body: bool, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        if let NodeKind::While(of) = &self.node(at).kind {
            let inner = self.rest(Frame::LoopTest(at, body), rest);
            self.enter(Step { node: of.condition, ..at }, Some(body), inner, world, next);
        }
    }

    /// What a frame waited for has ended.
    fn resume(&mut self, succeeded: bool, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
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
                let own = self.locals(at, body);
                let world = self.changed(world, |world| {
                    own.into_iter().for_each(|number| world.set(number, None));
                });
                self.after(at, succeeded, after, world, next);
            }
            Frame::Sourced(at) => self.after(at, succeeded, after, world, next),
            Frame::Inner(at, outer) => self.after(at, succeeded, after, outer, next),
            Frame::Beside(at, outer) => {
                let outer = back(self, outer);
                self.after(at, true, after, outer, next);
            }
            Frame::Waited(at, number, outer) => {
                let outer = back(self, outer);
                let pending = self.worlds[outer as usize].pending.clone();
                match pending.get(number as usize + 1) {
                    Some(&one) => self.wait(at, one, number + 1, after, outer, next),
                    None => {
                        let names = matches!(&self.node(at).kind, NodeKind::Simple(simple) if simple.words.len() > 1);
                        let world = self.changed(outer, |world| world.pending.clear());
                        self.after(at, succeeded || !names, after, world, next);
                    }
                }
            }
            Frame::AtExit(status) => self.resume(status, after, world, next),
            Frame::Leftover => {}
            Frame::OnError(_) => {
                let world = self.changed(world, |world| world.last = None);
                self.fail(after, world, next);
            }
        }
    }

    /// What was started with `&` in a shell that ends.
    fn left(&self, world: WorldId) -> Vec<Step> {
        let world = &self.worlds[world as usize];
        world.pending.iter().chain(&world.loose).copied().collect()
    }

    fn stage(
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
    fn locals(&self, call: Step, body: NodeId) -> Vec<u16> {
        let name = match &self.node(call).kind {
            NodeKind::Simple(simple) => simple.words.first().and_then(Word::literal),
            _ => None,
        };
        let Some(at) = name.and_then(|name| self.function(call, &name)).filter(|at| at.node == body) else {
            return Vec::new();
        };
        let script = self.script(at);
        let mut found = Vec::new();
        for command in script.within(body).filter_map(|id| script.command(id)) {
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
    fn end(&mut self, succeeded: bool, bottom: Rest, world: WorldId, next: &mut Vec<u32>) {
        let own = self.worlds[world as usize].clone();
        // What runs in the background may still be at it.
        for &pending in own.pending.iter().chain(&own.loose) {
            let inside = self.changed(world, World::enter_shell);
            self.inside(pending, Frame::Leftover, bottom, inside, next);
        }
        let world = self.world(World::new(own.options));
        let step = Step { script: 0, node: Shell::ROOT };
        next.push(self.state(step, Moment::End(succeeded), bottom, world));
    }
}

impl World {
    /// A shell of its own starts here: traps are not its own, nor what runs beside.
    fn enter_shell(&mut self) {
        self.at_exit = None;
        if self.options.errtrace() != Some(true) {
            self.on_error = None;
        }
        self.pending.clear();
        self.loose.clear();
        self.put = None;
    }

    fn leave(&mut self, left: &[Step]) {
        for &step in left {
            if !self.loose.contains(&step) && self.loose.len() < MAX_PENDING {
                self.loose.push(step);
            }
        }
    }

    fn wait_for(&mut self, step: Step) {
        if !self.pending.contains(&step) && self.pending.len() < MAX_PENDING {
            self.pending.push(step);
        }
    }
}

fn find_puts(word: &Word, counts: bool, found: &mut Vec<Put>, depth: usize) {
    if depth > 20 {
        return;
    }
    for part in &word.parts {
        match &part.kind {
            PartKind::Command(body) => found.push(Put { body: *body, beside: false, counts }),
            PartKind::Process(body) => found.push(Put { body: *body, beside: true, counts: false }),
            PartKind::Arithmetic(bodies) | PartKind::Other(bodies) => {
                found.extend(bodies.iter().map(|&body| Put { body, beside: false, counts: false }));
            }
            PartKind::Variable(variable) => {
                if let Some(argument) = &variable.argument {
                    find_puts(argument, counts, found, depth + 1);
                }
            }
            PartKind::Text(_) | PartKind::Glob(_) => {}
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
