//! The abstract machine: every way that a script may take, one small step after the other.
//!
//! A state is a command about to run, at work, or ended with a status; what is to be done after it ([`Frame`]); and what
//! its shell knows ([`World`]). A command of which nothing is known ends both ways. Where states agree, ways meet: a loop
//! is a ring, and the states are finitely many. What runs at the same time (stages of a pipeline, `&`, `<( )`) is run one
//! after the other, once in each order.

mod end;
mod facts;
mod simple;
mod work;

use super::frame::{Frame, Link, Rest, WorldId};
use super::world::World;
use super::{Moment, State, Step};
use crate::script::{Dialect, NodeId, NodeKind, Options, Script, Shell, Via};
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

/// What a command of a script leads to in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::script) struct Lead {
    /// The script, by its number in the run.
    pub(in crate::script) script: u16,
    /// How it is run; `None`: with `.`.
    pub(in crate::script) via: Option<Via>,
}

pub(super) struct Machine<'s> {
    scripts: &'s [&'s Script],
    leads: &'s FxHashMap<Step, Lead>,
    /// The shells that read the scripts: of what is read with `.`, the reader's.
    dialects: Vec<Dialect>,
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
    /// What calls functions and reads files, on the script's own ways.
    pub(super) entries: FxHashMap<Step, Vec<Step>>,
    pub(super) beside: Beside,
    /// In which stages of which pipelines a command runs.
    pub(super) stages: FxHashMap<Step, FxHashSet<(Step, u8)>>,
}

/// What runs beside other things.
#[derive(Clone, Debug, Default)]
pub(in crate::script::run) struct Beside {
    /// What has started what a command runs in.
    pub(in crate::script::run) threads: FxHashMap<Step, FxHashSet<Step>>,
    /// The states in which it then goes on with something else.
    pub(in crate::script::run) next: FxHashMap<Step, FxHashSet<u32>>,
    /// What `wait` has waited for, by what has started it.
    pub(in crate::script::run) waited: FxHashSet<(Step, Step)>,
    /// What may still run after `wait` all the same.
    pub(in crate::script::run) missed: FxHashSet<(Step, Step)>,
}

/// A text that is run to be put into a word.
#[derive(Clone, Copy)]
struct Put {
    body: NodeId,
    /// `<( )`: nobody waits for it.
    beside: bool,
    /// Whether it stands behind `<` or `>`.
    redirected: bool,
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
            dialects: scripts.iter().map(|script| script.start.dialect).collect(),
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
            entries: FxHashMap::default(),
            beside: Beside::default(),
            stages: FxHashMap::default(),
        };
        // A script stands behind the one that leads to it.
        for number in 1..scripts.len() {
            let is_reader = |(_, lead): &(&Step, &Lead)| {
                usize::from(lead.script) == number && matches!(lead.via, None | Some(Via::Eval))
            };
            if let Some(reader) = leads.iter().filter(is_reader).map(|(step, _)| step.script).min() {
                machine.dialects[number] = machine.dialects[usize::from(reader)];
            }
        }
        for script in scripts.iter().filter(|_| precision.values) {
            machine.find_variables(script);
        }
        machine
    }

    fn dialect(&self, step: Step) -> Dialect {
        self.dialects[usize::from(step.script)]
    }

    /// Runs the script, and then what nothing in it calls.
    pub(super) fn run(mut self) -> Self {
        let bottom = self.rest(Frame::Bottom, 0);
        let world = self.world(World::new(self.scripts[0].start.options));
        let start = Step { script: 0, node: Shell::ROOT };
        self.start(start, bottom, world);
        let own = self.options.clone();
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
        // Where the script itself comes to, nobody else's ways count.
        self.options.extend(own);
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
            self.note_threads(step, rest);
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

    /// Notes that `call` leads to what begins at `start`, on the script's own ways.
    fn note_entry(&mut self, start: Step, call: Step) {
        let entries = self.entries.entry(start).or_default();
        if self.starts.len() == 1 && !entries.contains(&call) {
            entries.push(call);
        }
    }

    /// Notes what has started what a command runs in.
    fn note_threads(&mut self, step: Step, rest: Rest) {
        let mut rest = self.links[rest as usize].beside;
        while let Some(link) = rest.map(|rest| &self.links[rest as usize]) {
            if let Frame::Beside(fork, _) = link.frame {
                self.beside.threads.entry(step).or_default().insert(fork);
            }
            rest = self.links[link.after as usize].beside;
        }
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
            Some(link) if !matches!(frame, Frame::Bottom) => (link.suspended, link.beside, link.depth, link.functions),
            _ => (false, None, 0, 0),
        };
        if matches!(frame, Frame::Beside(..)) {
            beside = Some(self.links.len() as Rest);
        }
        match &frame {
            Frame::Member(at, number) => {
                if let NodeKind::AndOr(_, rest) = &self.node(*at).kind {
                    suspended |= (*number as usize) < rest.len();
                }
            }
            Frame::Negated(_) | Frame::Condition(..) | Frame::LoopTest(..) => suspended = true,
            Frame::Waited(_, _, is_off, _) => suspended = *is_off,
            Frame::Beside(_, is_told) => suspended &= *is_told,
            // A shell of its own begins anew.
            Frame::Inner(..) => (suspended, depth, functions) = (false, depth + 1, 0),
            Frame::Substitution(at, ..) if self.dialect(*at) == Dialect::Dash => suspended = false,
            Frame::Call(..) => (depth, functions) = (depth + 1, functions.saturating_add(1)),
            Frame::Sourced(_, is_told) => {
                suspended &= *is_told;
                depth += 1;
            }
            _ => {}
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
}
