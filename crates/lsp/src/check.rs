//! The worker: from a state of the files to what is wrong with it.

use crate::client::Client;
use crate::generation::Generation;
use crate::publish::{ByFile, Found, Open, Places};
use crate::root::Root;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;
use twiceshy_lint::{Check, Choice, Entry, Report};
use twiceshy_repo::{Repo, Tree};
use twiceshy_source::{Buffer, Look};

/// A state of a system to look at.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// Which system.
    pub system: u32,
    /// Which of its states.
    pub generation: u64,
    /// The newest of its states: when it is another one, nobody waits for this one any more.
    pub newest: Arc<Generation>,
    pub root: Arc<Root>,
    pub client: Arc<Client>,
    /// What was seen of the disk; `None`: nothing yet.
    pub look: Option<Arc<Look>>,
    /// Whether to look at the disk again.
    pub looks_again: bool,
    /// An earlier state, from which everything that did not change is taken.
    pub base: Option<Arc<Repo>>,
    /// Whether it is known what is wrong with `base`.
    pub is_reported: bool,
    /// Files of the system that are open.
    pub open: Arc<BTreeMap<String, Open>>,
    /// Their texts.
    pub buffers: Arc<BTreeMap<String, Buffer>>,
    /// Files whose text is another one than in `base`.
    pub changed: BTreeSet<String>,
}

/// What became of a job.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Nothing is different from the state before.
    Same { system: u32, generation: u64, look: Arc<Look> },
    /// It was read; `None`: before it was checked, there was a newer state.
    Read { system: u32, look: Arc<Look>, repo: Arc<Repo>, snapshot: Option<Arc<Snapshot>> },
    /// It could not be read, or an error of ours ended it.
    Failed { system: u32, why: String },
}

impl Outcome {
    /// Which system.
    pub fn system(&self) -> u32 {
        match self {
            Self::Same { system, .. } | Self::Read { system, .. } | Self::Failed { system, .. } => *system,
        }
    }
}

/// A state of a system, and all that is wrong with it.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub generation: u64,
    pub root: Arc<Root>,
    pub client: Arc<Client>,
    pub repo: Arc<Repo>,
    pub report: Report,
    /// The findings as they are published.
    pub files: ByFile,
}

/// What is found in the file in which somebody types, before all is known about the others.
#[derive(Debug)]
pub(crate) struct First {
    /// Which system.
    pub system: u32,
    /// Which of its states.
    pub generation: u64,
    /// The file, inside of the system.
    pub path: String,
    /// `None`: nothing.
    pub found: Option<Found>,
}

/// What the worker tells while it works.
#[derive(Debug)]
pub(crate) enum Said {
    /// How far it is with a system.
    Progress { system: u32, text: String },
    /// What it knows already.
    First(First),
    /// A job is done.
    Done(Box<Outcome>),
}

/// How long after the file in which somebody types the others wait for the next key: while keys come, all there is serves
/// that file.
const PAUSE: Duration = Duration::from_millis(5);

/// Does jobs, one after the other, until nobody gives any more.
pub(crate) fn work(
    jobs: &Receiver<Job>,
    pool: &rayon::ThreadPool,
    lints: &[Entry],
    say: &(impl Fn(Said) -> bool + Sync),
) {
    for job in jobs {
        let system = job.system;
        let done = catch_unwind(AssertUnwindSafe(|| pool.install(|| check(job, lints, say))));
        let outcome = done.unwrap_or_else(|_| {
            let why = "an internal error of twiceshy ended the check; please report it".to_owned();
            Outcome::Failed { system, why }
        });
        if !say(Said::Done(Box::new(outcome))) {
            return;
        }
    }
}

fn check(mut job: Job, lints: &[Entry], say: &impl Fn(Said) -> bool) -> Outcome {
    let Job { system, generation, .. } = job;
    let is_stale = || job.newest.newest() != generation;
    let mut is_relisted = false;
    let look = match job.look.take() {
        Some(look) if !job.looks_again => look,
        before => {
            let look = match job.root.look() {
                Ok(look) => Arc::new(look),
                Err(error) => return Outcome::Failed { system, why: error.to_string() },
            };
            if let Some(before) = before {
                let changes = look.since(&before);
                is_relisted = changes.list;
                // Of an open file, the editor's text counts.
                job.changed.extend(changes.files.into_iter().filter(|path| !job.buffers.contains_key(path)));
                if !is_relisted && job.changed.is_empty() && job.is_reported {
                    return Outcome::Same { system, generation, look };
                }
            }
            look
        }
    };
    let tree = look.tree.with_buffers(job.buffers.iter().map(|(path, buffer)| (path.as_str(), buffer.clone())));
    let repo = match &job.base {
        Some(base) if !is_relisted => next(base, tree, &job.changed),
        _ => Repo::of(tree),
    };
    let repo = Arc::new(repo);
    if is_stale() {
        return Outcome::Read { system, look, repo, snapshot: None };
    }
    let text = format!("{} files read", repo.checked());
    say(Said::Progress { system, text });
    let choice = Choice::default();
    let places = Places::new(&repo, &job.root, &job.client, &job.open);
    let mut running = Check::new(&repo, lints, &choice);
    let mistakes = running.settings.mistakes.clone();
    let mut typed = job.changed.iter().filter(|path| job.open.contains_key(*path));
    if let (Some(path), None) = (typed.next(), typed.next())
        && let Some(report) = repo.tree.file(path).and_then(|file| running.run_for(file))
    {
        let found = places.by_file(&report, &mistakes).remove(path);
        say(Said::First(First { system, generation, path: path.clone(), found }));
        job.newest.stays(generation, PAUSE);
    }
    running.run(|| !is_stale());
    if is_stale() {
        return Outcome::Read { system, look, repo, snapshot: None };
    }
    let report = running.report();
    let files = places.by_file(&report, &mistakes);
    let snapshot = Snapshot { generation, root: job.root, client: job.client, repo: repo.clone(), report, files };
    Outcome::Read { system, look, repo, snapshot: Some(Arc::new(snapshot)) }
}

/// The state after `base` in which the files `changed` have other texts.
fn next(base: &Repo, tree: Tree, changed: &BTreeSet<String>) -> Repo {
    let changed: Vec<_> = changed.iter().filter_map(|path| tree.file(path)).collect();
    base.again(tree, &changed)
}
