//! The scripts that take part in a run: what is sourced, what stands inside.

use super::machine::{Lead, Machine, PRECISIONS};
use super::{Moment, Record, Run, Step};
use crate::Repo;
use crate::answered::Memo;
use crate::script::{Command, Host, NodeId, Script, Via, Word};
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

/// What is known of the run of a script, in whichever state of the repository it was asked for.
#[derive(Debug, Default)]
pub(in crate::script) struct Own {
    /// Where no other file takes part in it. `None`: it has more ways than we follow.
    alone: OnceLock<Option<Arc<Record>>>,
    with_others: Mutex<Option<WithOthers>>,
    /// Its commands that read another one.
    dots: OnceLock<Box<[NodeId]>>,
    /// Tells this script from every other one.
    owner: Arc<()>,
}

impl Clone for Own {
    /// A copy is another script, of which nothing is known yet.
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// A run in which other files take part: it holds as long as they are the same.
#[derive(Debug)]
struct WithOthers {
    scripts: Vec<Arc<()>>,
    leads: FxHashMap<Step, Lead>,
    record: Option<Arc<Record>>,
}

impl Repo {
    /// The abstract run of a script of this repository; `None` where it has more ways than we follow.
    pub fn run_of<'r>(&'r self, script: &'r Script) -> Option<Run<'r>> {
        let Some(number) = self.number_of(script) else {
            return self.run_beside(script, &[]);
        };
        let known = script.run.alone.get().cloned();
        let known = known.or_else(|| self.runs.known.lock().ok().and_then(|known| known.get(&number).cloned()));
        let record = match known {
            Some(known) => known?,
            None => {
                let loader = Loader::of(self, script, &[]);
                if loader.is_alone() {
                    script.run.alone.get_or_init(|| loader.record()).clone()?
                } else {
                    let record = loader.record_with_others();
                    if let Ok(mut known) = self.runs.known.lock() {
                        known.insert(number, record.clone());
                    }
                    record?
                }
            }
        };
        let script =
            |&(file, nth): &(FileId, u32)| self.scripts.get(*self.scripts_in(file).get(nth as usize)? as usize);
        let scripts = record.scripts.iter().map(script).collect::<Option<Vec<_>>>()?;
        Some(Run { scripts, record })
    }

    /// The abstract run of a script that is not in the repository but would run there: a command line. `beside` are the
    /// scripts inside it, as [`Script::new`] gives them.
    pub fn run_beside<'r>(&'r self, script: &'r Script, beside: &'r [Script]) -> Option<Run<'r>> {
        let loader = Loader::of(self, script, beside);
        let record = loader.record()?;
        Some(Run { scripts: loader.scripts, record })
    }

    /// The place of a script among the repository's.
    fn number_of(&self, script: &Script) -> Option<u32> {
        Some(self.scripts_in(script.file)[self.nth_of(script)? as usize])
    }

    /// The place of a script among those of its file.
    fn nth_of(&self, script: &Script) -> Option<u32> {
        let is_own = |number: &u32| self.scripts.get(*number as usize).is_some_and(|own| std::ptr::eq(own, script));
        self.scripts_in(script.file).iter().position(is_own).map(|nth| nth as u32)
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
        let found = dots(script).take(MAX_SCRIPTS).filter_map(|command| {
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

/// The commands that read another script with `.` or `source`.
fn dots(script: &Script) -> impl Iterator<Item = Command<'_>> {
    let find = || {
        let may = script.text().contains(". ") || script.text().contains("source");
        let word = |word: &Word| word.is(".") || word.is("source");
        let reads = |command: &Command<'_>| command.words().first().is_some_and(word);
        if may { script.commands().filter(reads).map(|command| command.id).collect() } else { Box::default() }
    };
    script.run.dots.get_or_init(find).iter().filter_map(|&id| script.command(id))
}

struct Loader<'r> {
    repo: &'r Repo,
    beside: &'r [Script],
    scripts: Vec<&'r Script>,
    leads: FxHashMap<Step, Lead>,
}

impl<'r> Loader<'r> {
    fn of(repo: &'r Repo, script: &'r Script, beside: &'r [Script]) -> Self {
        let mut loader = Self { repo, beside, scripts: vec![script], leads: FxHashMap::default() };
        let mut done = 0;
        while let Some(&script) = loader.scripts.get(done) {
            loader.links(done as u16, script);
            done += 1;
        }
        loader
    }

    /// Whether no other file can take part.
    fn is_alone(&self) -> bool {
        self.scripts.iter().all(|script| script.file == self.scripts[0].file && dots(script).next().is_none())
    }

    fn record(&self) -> Option<Arc<Record>> {
        let mut tries =
            PRECISIONS.into_iter().map(|precision| Machine::new(&self.scripts, &self.leads, precision).run());
        let machine = tries.find(|machine| !machine.gave_up)?;
        let scripts = self.scripts.iter().map(|script| (script.file, self.repo.nth_of(script).unwrap_or(u32::MAX)));
        Some(Arc::new(Record::of(machine, scripts.collect(), self.leads.clone())))
    }

    /// The run, which stays the same as long as the same scripts take part in the same way.
    fn record_with_others(&self) -> Option<Arc<Record>> {
        let others = &self.scripts[0].run.with_others;
        if let Ok(known) = others.lock()
            && let Some(known) = known.as_ref()
            && known.leads == self.leads
            && known.scripts.len() == self.scripts.len()
            && known.scripts.iter().zip(&self.scripts).all(|(known, script)| Arc::ptr_eq(known, &script.run.owner))
        {
            return known.record.clone();
        }
        let record = self.record();
        let scripts = self.scripts.iter().map(|script| script.run.owner.clone()).collect();
        if let Ok(mut known) = others.lock() {
            *known = Some(WithOthers { scripts, leads: self.leads.clone(), record: record.clone() });
        }
        record
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
    fn of(machine: Machine<'_>, scripts: Vec<(FileId, u32)>, leads: FxHashMap<Step, Lead>) -> Self {
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
            conditions: Memo::default(),
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

#[cfg(test)]
mod tests {
    use crate::Repo;
    use std::sync::Arc;
    use twiceshy_source::Tree;

    #[test]
    fn a_run_is_kept_while_the_scripts_that_take_part_are_the_same() {
        let tree = Tree::memory([
            ("a.sh", "#!/bin/sh\n. ./lib.sh\ndeploy\n"),
            ("alone.sh", "#!/bin/sh\nls\n"),
            ("lib.sh", "deploy() { rm -r /data; }\n"),
            ("page.md", "text\n"),
        ]);
        let file = |path: &str| tree.file(path).unwrap();
        let first = Repo::of(tree.clone());
        let (page, lib) = (file("page.md"), file("lib.sh"));
        let second = first.again(tree.clone().with(page, "other text\n"), &[page]);
        let third = first.again(tree.clone().with(lib, "deploy() { ls; }\n"), &[lib]);
        let run = |repo: &Repo, path: &str| {
            let script = repo.scripts.iter().find(|script| script.file == file(path)).unwrap();
            let run = repo.run_of(script).unwrap();
            let commands = run.commands();
            let names = commands.iter().map(|(_, command)| command.words()[0].literal().unwrap().into_owned());
            (run.record.clone(), names.collect::<Vec<_>>())
        };
        let (kept, names) = run(&first, "a.sh");
        assert_eq!(names, [".", "deploy", "rm"]);
        assert!(Arc::ptr_eq(&run(&second, "a.sh").0, &kept));
        assert_eq!(run(&third, "a.sh").1, [".", "deploy", "ls"]);
        assert!(Arc::ptr_eq(&run(&third, "alone.sh").0, &run(&first, "alone.sh").0));
    }
}
