//! One system of the workspace: its states, and what the client was told about it.

use crate::check::{First, Job, Snapshot};
use crate::client::Client;
use crate::generation::Generation;
use crate::publish::{ByFile, Open};
use crate::root::Root;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use twiceshy_repo::Repo;
use twiceshy_source::{Buffer, Look};

/// One system.
#[derive(Debug)]
pub(crate) struct System {
    pub id: u32,
    pub root: Arc<Root>,
    /// Whether it is a folder of the workspace; otherwise it lives as long as one of its files is open.
    pub is_folder: bool,
    generation: Arc<Generation>,
    look: Option<Arc<Look>>,
    repo: Option<Arc<Repo>>,
    changed: BTreeSet<String>,
    looks_again: bool,
    /// The job that the worker has, if any.
    working: Option<Working>,
    pub snapshot: Option<Arc<Snapshot>>,
    /// The file of which all is known before the rest is, and in which state.
    first: Option<(u64, String)>,
    /// What the client was told last.
    pub published: ByFile,
    /// Where the progress of the first check stands.
    pub progress: Progress,
    /// When it was added.
    pub added: Instant,
    /// When the last look at the disk began,
    looks: Option<Instant>,
    /// and when it had ended.
    looked: Instant,
    /// How long the last check took that looked at the disk.
    pub looking: Duration,
}

/// Progress that is shown to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Nothing was said yet.
    Unsaid,
    /// The client was asked for a token.
    Asked,
    /// It began.
    Begun,
    /// It is over, or nobody wants to see it.
    Over,
}

#[derive(Debug)]
struct Working {
    generation: u64,
    changed: BTreeSet<String>,
    looks_again: bool,
    since: Instant,
}

impl System {
    pub fn new(id: u32, root: Root, is_folder: bool) -> Self {
        Self {
            id,
            root: Arc::new(root),
            is_folder,
            generation: Arc::new(Generation::new()),
            look: None,
            repo: None,
            changed: BTreeSet::new(),
            looks_again: true,
            working: None,
            snapshot: None,
            first: None,
            published: ByFile::new(),
            progress: Progress::Unsaid,
            added: Instant::now(),
            looks: None,
            looked: Instant::now(),
            looking: Duration::ZERO,
        }
    }

    /// The newest state.
    pub fn generation(&self) -> u64 {
        self.generation.newest()
    }

    /// The text of a file is another one now.
    pub fn change(&mut self, path: String) {
        self.changed.insert(path);
        self.generation.next();
    }

    /// Something may have happened on the disk.
    pub fn look_again(&mut self) {
        if !self.looks_again {
            self.looks_again = true;
            self.generation.next();
        }
    }

    /// Whether a file is one of those that were listed.
    pub fn lists(&self, path: &str) -> bool {
        self.look.as_ref().is_some_and(|look| look.tree.file(path).is_some())
    }

    /// The findings of the newest state, once they are known.
    pub fn fresh(&self) -> Option<&Arc<Snapshot>> {
        self.snapshot.as_ref().filter(|snapshot| snapshot.generation == self.generation())
    }

    /// All that is wrong with one file of this state is known. Returns whether that is something else than before.
    pub fn knows_first(&mut self, first: First) -> bool {
        let First { generation, path, found, .. } = first;
        let before = match found.clone() {
            Some(found) => self.published.insert(path.clone(), found),
            None => self.published.remove(&path),
        };
        self.first = Some((generation, path));
        before != found
    }

    /// Whether all that is wrong with a file of the newest state is known.
    pub fn knows(&self, path: &str) -> bool {
        let is_first = |(generation, first): &(u64, String)| *generation == self.generation() && first == path;
        self.fresh().is_some() || self.first.as_ref().is_some_and(is_first)
    }

    /// Whether the worker has a job of this system.
    pub fn is_working(&self) -> bool {
        self.working.is_some()
    }

    /// When to look at the disk without being told to: so that looking takes at most two hundredths of the time.
    pub fn looks_next(&self) -> Instant {
        self.looked + (self.looking * 50).max(Duration::from_secs(2))
    }

    /// Whether the last look at the disk began at that time or later.
    pub fn has_looked_since(&self, time: Instant) -> bool {
        self.looks.is_some_and(|looks| looks >= time)
    }

    fn has_looked(&mut self, since: Instant) {
        self.looks = Some(since);
        self.looked = Instant::now();
        self.looking = since.elapsed();
    }

    /// Whether there is anything to do.
    pub fn has_work(&self) -> bool {
        self.working.is_none() && (!self.changed.is_empty() || self.looks_again)
    }

    /// Whether the newest state could not be read.
    pub fn has_failed(&self) -> bool {
        self.working.is_none() && !self.has_work() && self.fresh().is_none()
    }

    /// What the disk holds in a file, as it was when it was listed.
    pub fn text_on_disk(&self, path: &str) -> Option<String> {
        let tree = &self.look.as_ref()?.tree;
        tree.source(tree.file(path)?).ok().map(|source| source.text().to_owned())
    }

    /// Nobody wants to know any more.
    pub fn stop(&self) {
        self.generation.set(0);
    }

    /// The next job.
    pub fn job(
        &mut self,
        client: &Arc<Client>,
        open: BTreeMap<String, Open>,
        buffers: BTreeMap<String, Buffer>,
    ) -> Job {
        let changed = std::mem::take(&mut self.changed);
        let looks_again = std::mem::take(&mut self.looks_again);
        let generation = self.generation();
        self.working = Some(Working { generation, changed: changed.clone(), looks_again, since: Instant::now() });
        let reported = self.snapshot.as_ref().map(|snapshot| &snapshot.repo);
        let is_reported = reported.zip(self.repo.as_ref()).is_some_and(|(reported, repo)| Arc::ptr_eq(reported, repo));
        Job {
            system: self.id,
            generation,
            newest: self.generation.clone(),
            root: self.root.clone(),
            client: client.clone(),
            look: self.look.clone(),
            looks_again,
            base: self.repo.clone(),
            is_reported,
            open: Arc::new(open),
            buffers: Arc::new(buffers),
            changed,
        }
    }

    /// The worker is done with a job and found the files in this state.
    /// Gives back the state before.
    pub fn read(&mut self, look: Arc<Look>, repo: Option<Arc<Repo>>) -> Option<Arc<Repo>> {
        if let Some(working) = self.working.take().filter(|working| working.looks_again) {
            self.has_looked(working.since);
        }
        self.look = Some(look);
        let repo = repo?;
        self.repo.replace(repo)
    }

    /// The worker could not do a job. It is tried again when something changes.
    pub fn failed(&mut self) {
        if let Some(working) = self.working.take() {
            self.has_looked(working.since);
            if self.generation() == working.generation {
                // Nothing is known of the disk but that something went wrong: the next change starts from nothing.
                (self.look, self.repo) = (None, None);
            } else {
                self.changed.extend(working.changed);
                self.looks_again |= working.looks_again;
            }
        }
    }

    /// The newest state turned out to be the one before.
    pub fn same(&mut self, generation: u64) {
        if let Some(snapshot) = &self.snapshot
            && generation == self.generation()
        {
            self.generation.set(snapshot.generation);
        }
    }
}
