//! The scripts that take part in a run: what is sourced, what stands inside.

use super::machine::{Lead, Machine, PRECISIONS};
use super::{Moment, Record, Run, Step};
use crate::Repo;
use crate::script::{Command, Host, NodeId, Script, Via};
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, OnceLock};
use twiceshy_source::{FileId, Tree};

/// How many scripts one run may have.
const MAX_SCRIPTS: usize = 60;

/// The runs that somebody has asked for.
#[derive(Debug, Default)]
pub struct Runs {
    by_file: OnceLock<FxHashMap<FileId, Vec<u32>>>,
    known: Mutex<FxHashMap<u32, Option<Arc<Record>>>>,
    /// Which scripts read a script with `.`, by their places among the repository's.
    readers: OnceLock<FxHashMap<u32, Vec<u32>>>,
}

impl Repo {
    /// The abstract run of a script of this repository; `None` where it has more ways than we follow.
    pub fn run_of<'r>(&'r self, script: &'r Script) -> Option<Run<'r>> {
        let Some(number) = self.number_of(script) else {
            return self.run_beside(script, &[]);
        };
        let known = self.runs.known.lock().ok().and_then(|known| known.get(&number).cloned());
        let record = match known {
            Some(known) => known?,
            None => {
                let run =
                    Loader { repo: self, beside: &[], scripts: Vec::new(), leads: FxHashMap::default() }.run(script);
                let record = run.map(|run| run.record);
                if let Ok(mut known) = self.runs.known.lock() {
                    known.insert(number, record.clone());
                }
                record?
            }
        };
        let scripts =
            record.scripts.iter().map(|number| self.scripts.get(*number as usize)).collect::<Option<Vec<_>>>()?;
        Some(Run { scripts, record })
    }

    /// The abstract run of a script that is not in the repository but would run there: a command line. `beside` are the
    /// scripts inside it, as [`Script::new`] gives them.
    pub fn run_beside<'r>(&'r self, script: &'r Script, beside: &'r [Script]) -> Option<Run<'r>> {
        Loader { repo: self, beside, scripts: Vec::new(), leads: FxHashMap::default() }.run(script)
    }

    fn number_of(&self, script: &Script) -> Option<u32> {
        let numbers = self.scripts_in(script.file);
        numbers
            .iter()
            .copied()
            .find(|&number| self.scripts.get(number as usize).is_some_and(|own| std::ptr::eq(own, script)))
    }

    fn scripts_in(&self, file: FileId) -> &[u32] {
        let by_file = self.runs.by_file.get_or_init(|| {
            let mut by_file: FxHashMap<FileId, Vec<u32>> = FxHashMap::default();
            for (number, script) in self.scripts.iter().enumerate() {
                by_file.entry(script.file).or_default().push(number as u32);
            }
            by_file
        });
        by_file.get(&file).map(Vec::as_slice).unwrap_or_default()
    }

    /// The scripts of the repository that a script reads with `.` or `source`, and where.
    fn sourced_by(&self, script: &Script) -> Vec<(NodeId, &Script)> {
        if !script.text().contains(". ") && !script.text().contains("source") {
            return Vec::new();
        }
        let reads =
            |command: &Command<'_>| command.words().first().is_some_and(|word| word.is(".") || word.is("source"));
        let found = script.commands().filter(reads).take(MAX_SCRIPTS).filter_map(|command| {
            let file = self.sourced_file(command)?;
            let mut scripts = self.scripts_in(file).iter().filter_map(|&number| self.scripts.get(number as usize));
            Some((command.id, scripts.find(|script| script.host == Host::File)?))
        });
        found.collect()
    }

    /// Whether a script reads scripts of the repository with `.` or `source`.
    pub fn reads_scripts(&self, script: &Script) -> bool {
        !self.sourced_by(script).is_empty()
    }

    /// The scripts of the repository that read `script` with `.` or `source`, directly or through others that they read,
    /// in the order of the repository.
    pub fn scripts_reading(&self, script: &Script) -> Vec<&Script> {
        let Some(number) = self.number_of(script) else { return Vec::new() };
        let readers = self.runs.readers.get_or_init(|| {
            let mut readers: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
            for (reader, script) in self.scripts.iter().enumerate() {
                for (_, sourced) in self.sourced_by(script) {
                    if let Some(sourced) = self.number_of(sourced) {
                        readers.entry(sourced).or_default().push(reader as u32);
                    }
                }
            }
            readers
        });
        let mut found: Vec<u32> = vec![number];
        let mut done = 0;
        while let Some(number) = found.get(done) {
            let more: Vec<u32> = readers.get(number).into_iter().flatten().copied().collect();
            more.into_iter().for_each(|number| {
                if !found.contains(&number) {
                    found.push(number);
                }
            });
            done += 1;
        }
        found.remove(0);
        found.sort_unstable();
        found.into_iter().filter_map(|number| self.scripts.get(number as usize)).collect()
    }

    /// The file of the repository that a command reads with `.` or `source`.
    pub fn sourced_file(&self, command: Command<'_>) -> Option<FileId> {
        let script = command.script;
        let word = command.args().first()?;
        let pattern = script.value(word).pattern();
        let unknown = self.unknown_dirs(script, script.written(word.span));
        let at = |dir: &String, path: &str| self.tree.resolve(&Tree::join(dir, path)?);
        if let Some((_, tail)) = pattern.rsplit_once('*') {
            let tail = tail.trim_start_matches('/');
            return if tail.is_empty() { None } else { unknown.iter().find_map(|dir| at(dir, tail)) };
        }
        if pattern.starts_with(['/', '~']) {
            return None;
        }
        self.directories_at(command).iter().chain(&unknown).find_map(|dir| at(dir, &pattern))
    }
}

struct Loader<'r> {
    repo: &'r Repo,
    beside: &'r [Script],
    scripts: Vec<&'r Script>,
    leads: FxHashMap<Step, Lead>,
}

impl<'r> Loader<'r> {
    fn run(mut self, script: &'r Script) -> Option<Run<'r>> {
        self.scripts.push(script);
        let mut done = 0;
        while let Some(&script) = self.scripts.get(done) {
            self.links(done as u16, script);
            done += 1;
        }
        let mut tries =
            PRECISIONS.into_iter().map(|precision| Machine::new(&self.scripts, &self.leads, precision).run());
        let machine = tries.find(|machine| !machine.gave_up)?;
        let numbers = self.scripts.iter().map(|script| self.repo.number_of(script).unwrap_or(u32::MAX)).collect();
        let record = Arc::new(Record::of(machine, numbers, self.leads.clone()));
        Some(Run { scripts: self.scripts, record })
    }

    /// What the commands of a script lead to.
    fn links(&mut self, number: u16, script: &'r Script) {
        for inner in self.inside(script) {
            let Host::Inside { via, .. } = inner.host else { continue };
            if via == Via::File {
                continue;
            }
            let start = inner.extract().place(twiceshy_source::Span::default()).start;
            let holds = |id: &NodeId| {
                let place = script.place_of(*id);
                place.start <= start && start <= place.end.max(script.place(whole(script, *id)).end)
            };
            // The innermost command around it.
            let Some(command) = script.commands().map(|command| command.id).filter(holds).last() else { continue };
            self.add(Step { script: number, node: command }, inner, Some(via));
        }
        for (node, sourced) in self.repo.sourced_by(script) {
            self.add(Step { script: number, node }, sourced, None);
        }
    }

    fn add(&mut self, step: Step, script: &'r Script, via: Option<Via>) {
        let number = match self.scripts.iter().position(|own| std::ptr::eq(*own, script)) {
            Some(number) => number,
            None if self.scripts.len() >= MAX_SCRIPTS => return,
            None => {
                self.scripts.push(script);
                self.scripts.len() - 1
            }
        };
        self.leads.entry(step).or_insert(Lead { script: number as u16, via });
    }

    /// The scripts that stand right inside another.
    fn inside(&self, script: &'r Script) -> Vec<&'r Script> {
        let own = self.repo.scripts_in(script.file).iter().filter_map(|&number| self.repo.scripts.get(number as usize));
        let place = script.place(twiceshy_source::Span { start: 0, end: script.text().len() as u32 });
        let is_inside = |inner: &&Script| {
            let start = inner.extract().place(twiceshy_source::Span::default()).start;
            let outer = matches!(&inner.host, Host::Inside { outer, .. } if **outer == script.host);
            outer && place.start <= start && start <= place.end
        };
        let beside = self.beside.iter().filter(|inner| inner.file == script.file);
        own.chain(beside).filter(is_inside).collect()
    }
}

/// A command with the bodies of its heredocs.
fn whole(script: &Script, id: NodeId) -> twiceshy_source::Span {
    let node = script.node(id);
    node.redirects.iter().map(|redirect| redirect.target.span).fold(node.span, twiceshy_source::Span::to)
}

impl Record {
    fn of(machine: Machine<'_>, scripts: Vec<u32>, leads: FxHashMap<Step, Lead>) -> Self {
        let states: Box<[(Step, Moment)]> = machine.states.iter().map(|state| (state.step, state.moment)).collect();
        let mut firsts = Vec::with_capacity(states.len() + 1);
        let mut edges = Vec::new();
        for next in &machine.next {
            firsts.push(edges.len() as u32);
            edges.extend_from_slice(next);
        }
        firsts.push(edges.len() as u32);
        let mut at: FxHashMap<Step, Vec<u32>> = FxHashMap::default();
        for (number, (step, moment)) in states.iter().enumerate() {
            if *moment == Moment::At {
                at.entry(*step).or_default().push(number as u32);
            }
        }
        let starts = machine.starts.clone().into();
        let own = machine.starts.get(1).copied().unwrap_or(states.len() as u32);
        Self {
            leads,
            effects: OnceLock::new(),
            scripts,
            own,
            states,
            firsts: firsts.into(),
            edges: edges.into(),
            starts,
            at,
            beside: machine.beside.clone(),
            stages: machine.stages.clone(),
            entries: machine.entries.clone(),
            options: machine.into_options(),
        }
    }
}
