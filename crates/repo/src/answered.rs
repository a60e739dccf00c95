//! What several lints ask of the whole repository, answered once for all of them.
//!
//! An answer that borrows from the repository cannot be kept in it: of such a one the positions are kept that it is made of.

use crate::document::Kind;
use crate::health::Deed;
use crate::reach::Call;
use crate::script::{Dialect, Host, Script, Start};
use crate::{FileId, LocalPath, Place, Project, Repo, Service};
use rustc_hash::FxHashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use twiceshy_source::Extract;

/// The answers that one state of a repository has given.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    pub(crate) builds: OnceLock<Vec<crate::build_context::Built>>,
    pub(crate) health_checks: OnceLock<crate::health::Checked>,
    pub(crate) boot_scans: OnceLock<Vec<crate::BootScan>>,
    pub(crate) boot_scripts: OnceLock<Vec<(FileId, Vec<Place>)>>,
    /// By directory.
    pub(crate) local_paths: Memo<String, Arc<[LocalPath]>>,
    /// By path, and whether it is a directory's.
    pub(crate) git_ignores: Memo<(String, bool), Option<crate::GitIgnored>>,
    /// By project.
    pub(crate) development: Memo<usize, bool>,
    pub(crate) calls: Memo<Position, Arc<[Call]>>,
    pub(crate) configured_calls: Memo<Position, Arc<[Call]>>,
    /// By the path of an env file: the position of the example of it.
    pub(crate) env_examples: Memo<String, Option<usize>>,
    /// By directory: scripts that a container may start with.
    pub(crate) start_scripts: Memo<String, Arc<[FileId]>>,
    /// By directory: what is written in a language of which no imports are followed.
    pub(crate) foreign_sources: Memo<String, Arc<[FileId]>>,
    /// Whether a Compose file merges mappings.
    pub(crate) merges: Memo<FileId, bool>,
    /// By file.
    pub(crate) configurations: Memo<FileId, Option<Arc<crate::reach::Configuration>>>,
    pub(crate) starts: Memo<Position, Arc<crate::listens::Starts>>,
}

impl Answered {
    /// What still holds in the state `now`, of which only the `changed` files are not what they were `before`: whom the
    /// services of other Compose files are told to call.
    pub(crate) fn after(before: &Repo, now: &Repo, changed: &[FileId]) -> Self {
        let mut answered = Self::default();
        let has_own_facts = |repo: &Repo| !repo.configuration.images.is_empty();
        let says = |file: &FileId| {
            let kinds = [Kind::Compose, Kind::Markdown, Kind::Workflow, Kind::Shell, Kind::Python, Kind::Node];
            let kind = Kind::of(now.tree.path(*file), || None);
            let is_env = |repo: &Repo| repo.env.of(*file).is_some();
            !kind.is_some_and(|kind| kinds.contains(&kind)) || is_env(before) || is_env(now)
        };
        if has_own_facts(before) || has_own_facts(now) || changed.iter().any(says) {
            return answered;
        }
        let moved: FxHashMap<*const Project, usize> =
            now.projects.iter().enumerate().map(|(at, project)| (std::ptr::from_ref(project), at)).collect();
        let moved: Vec<Option<usize>> =
            before.projects.iter().map(|project| moved.get(&std::ptr::from_ref(project)).copied()).collect();
        let still = |(project, service): &Position| Some((moved.get(*project).copied()??, *service));
        answered.calls = before.answered.calls.moved(still);
        if changed.iter().all(|file| before.answered.configurations.known(file).is_none()) {
            answered.configurations = before.answered.configurations.only(|_, _| true);
            answered.configured_calls = before.answered.configured_calls.moved(still);
        }
        answered
    }
}

/// Answers that hold in whichever state they were given: what they hang on is what was asked.
#[derive(Debug, Default)]
pub(crate) struct Lasting {
    /// Scripts that stand where programs are named: `command: sh -c '…'`, `CMD …`.
    scripts: Memo<Extract, Arc<[Script]>>,
    /// What health checks do, by their words and their script.
    deeds: Memo<Test, Arc<Deed>>,
}

type Test = (Vec<Extract>, Option<Extract>);

impl Lasting {
    /// What a health check does.
    pub(crate) fn deed(&self, argv: Vec<Extract>, script: Option<Extract>) -> Arc<Deed> {
        self.deeds.forget_beyond(MOST_SCRIPTS);
        let test = (argv, script);
        self.deeds.get(test.clone(), || Deed::of(&test.0, test.1.as_ref()).into())
    }
}

/// How many scripts in other files' words are kept in mind, and health checks: somebody may be typing one.
const MOST_SCRIPTS: usize = 2_000;

impl Repo {
    /// The script that a shell is given where programs are named, and the scripts inside it.
    pub(crate) fn shell_words(&self, text: &Extract) -> Arc<[Script]> {
        self.lasting.scripts.forget_beyond(MOST_SCRIPTS);
        let read = || Script::new(text.clone(), Host::File, Start::plain(Dialect::Sh)).into();
        self.lasting.scripts.get(text.clone(), read)
    }
}

/// The position of a project, and of a service in it.
pub(crate) type Position = (usize, usize);

/// Answers to one question, by what it is about.
#[derive(Debug)]
pub(crate) struct Memo<K, V>(Mutex<FxHashMap<K, V>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Memo<K, V> {
    /// The answer that was given, or that `find` gives. Nobody waits for who is finding one: it is found again, and is the
    /// same.
    pub(crate) fn get(&self, key: K, find: impl FnOnce() -> V) -> V {
        let known = |map: &FxHashMap<K, V>| map.get(&key).cloned();
        if let Some(known) = known(&self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            return known;
        }
        let found = find();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
        found
    }

    /// The answer that was given.
    pub(crate) fn known<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// The answers to questions that have become others, or none.
    fn moved(&self, to: impl Fn(&K) -> Option<K>) -> Self {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Self(Mutex::new(all.iter().filter_map(|(key, value)| Some((to(key)?, value.clone()))).collect()))
    }

    /// Forgets all answers where there are more than `most`.
    pub(crate) fn forget_beyond(&self, most: usize) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() > most {
            all.clear();
        }
    }

    /// Those of the answers that hold on.
    pub(crate) fn only(&self, holds: impl Fn(&K, &V) -> bool) -> Self
    where
        K: Clone,
    {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.iter().filter(|(key, value)| holds(key, value));
        Self(Mutex::new(kept.map(|(key, value)| (key.clone(), value.clone())).collect()))
    }

    /// Keeps an answer in place of the one that was given.
    pub(crate) fn note(&self, key: K, value: V) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, value);
    }
}

impl Repo {
    /// The position of a project of this repository; `None` for one that somebody made elsewhere.
    pub(crate) fn position_of(&self, project: &Project) -> Option<usize> {
        self.projects.iter().position(|own| std::ptr::eq(own, project))
    }

    /// The position of a service of this repository, of whatever project it is one.
    pub(crate) fn position_of_service(&self, service: &Service) -> Option<Position> {
        let within = |project: &Project| project.services.iter().position(|own| std::ptr::eq(own, service));
        self.projects.iter().enumerate().find_map(|(at, project)| Some((at, within(project)?)))
    }

    /// The position of a service of this repository.
    pub(crate) fn position_in(&self, project: &Project, service: &Service) -> Option<Position> {
        let at = project.services.iter().position(|own| std::ptr::eq(own, service))?;
        Some((self.position_of(project)?, at))
    }
}
