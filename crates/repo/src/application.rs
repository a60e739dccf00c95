//! The code that a service runs, as far as it stands in the repository: where, and which modules.

mod entry;
mod home;
mod reach;

pub(crate) use reach::Followed;

use crate::compose::{Service, Text};
use crate::document::Kind;
use crate::{BuildContext, Repo};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;
use twiceshy_source::{FileId, Place, Tree};

/// The code that a service runs.
#[derive(Clone, Debug)]
pub struct Application {
    /// The directory of the repository that it stands in: the package that is built, not the workspace around it.
    pub dir: String,
    /// What says so: the build, the step or the mount.
    pub place: Place,
    /// The modules that the container starts with, where they can be told.
    pub entries: Vec<FileId>,
    /// The Python, JavaScript, TypeScript and Rust modules that may run in it, sorted. Where all imports can be followed,
    /// these are what the entries reach, workspace packages included; otherwise all that end up in the image. Tests,
    /// configurations of tools, scripts and migrations are left out unless an import reaches them.
    pub modules: Arc<[FileId]>,
    /// Those of them that the entries reach by their imports, sorted: they run. Empty when no entry is known.
    pub reached: Arc<[FileId]>,
    /// The commands that the container starts with, each as its words.
    pub(crate) starts: Vec<Vec<String>>,
    /// The scripts that it starts with.
    pub(crate) start_files: Vec<FileId>,
    /// The scripts that were read to find that out.
    scripts: Vec<FileId>,
}

/// All that the application of a service hangs on: services that share it run the same code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    build: Option<(FileId, String, Option<String>)>,
    args: Vec<(String, Option<String>)>,
    /// `entrypoint`, `command` and `working_dir` of the service.
    starts: Vec<Option<Vec<String>>>,
    /// Directories of the repository that are mounted: path, target.
    mounts: Vec<(String, String)>,
}

/// What is known about the applications of a repository.
#[derive(Debug, Default)]
pub(crate) struct Applications {
    found: FxHashMap<Key, Option<Arc<Application>>>,
    /// The modules that end up in images, by the directory and what is put there.
    images: FxHashMap<(String, Option<Shipped>), Arc<[FileId]>>,
}

/// Of how many images one state tells the next.
const MOST_IMAGES: usize = 500;

impl Applications {
    /// Those of another state that hold in one that differs from it by the `changed` files, if imports lead to the same
    /// modules but for the `others`, which import something else.
    pub(crate) fn after(&self, tree: &Tree, changed: &[FileId], others: &[FileId]) -> Self {
        // No other file says where a service's code is, or only as a service of a Compose file.
        let kinds = [
            Kind::Compose,
            Kind::Env,
            Kind::Markdown,
            Kind::Workflow,
            Kind::Python,
            Kind::Node,
            // Known by those whom they are about.
            Kind::Dockerfile,
            Kind::Shell,
        ];
        let is_known = |file: &FileId| Kind::of(tree.path(*file), || None).is_some_and(|kind| kinds.contains(&kind));
        if !changed.iter().all(is_known) {
            return Self::default();
        }
        let is_script = |file: &FileId| Kind::of(tree.path(*file), || None) == Some(Kind::Shell);
        let has_script = changed.iter().any(is_script);
        let stays = |(key, it): &(&Key, &Option<Arc<Application>>)| {
            let is_built_by = key.build.as_ref().is_some_and(|(dockerfile, ..)| changed.contains(dockerfile));
            // Of what is no application it is not known which scripts were read.
            let holds = it.as_ref().map_or(!has_script, |it| {
                !changed.contains(&it.place.file)
                    && !it.scripts.iter().any(|script| changed.contains(script))
                    && !others.iter().any(|module| it.has(*module))
            });
            holds && !is_built_by
        };
        let found = self.found.iter().filter(stays);
        let found = found.map(|(key, application)| (key.clone(), application.clone())).collect();
        // Somebody may be typing the name of a directory.
        let images = if self.images.len() > MOST_IMAGES { FxHashMap::default() } else { self.images.clone() };
        Self { found, images }
    }

    /// All of them; of `known` ones nothing is found out again, but for services of Compose files that `changed`.
    pub(crate) fn of(repo: &Repo, mut known: Self, changed: &[FileId]) -> Self {
        let mut services: FxHashMap<Key, &Service> = FxHashMap::default();
        let mut found: FxHashMap<Key, Option<Arc<Application>>> = FxHashMap::default();
        for project in &repo.projects {
            let is_new = project.files.iter().any(|file| changed.contains(file));
            for service in &project.services {
                let key = Key::of(service, repo);
                if found.contains_key(&key) || services.contains_key(&key) {
                    continue;
                }
                match known.found.remove(&key).filter(|_| !is_new) {
                    Some(application) => drop(found.insert(key, application)),
                    None => drop(services.insert(key, service)),
                }
            }
        }
        // Services share most of what their code imports, so each module is asked once for all of them.
        let mut drafts: Vec<(Key, Option<Draft>)> = services
            .into_par_iter()
            .map(|(key, service)| {
                let draft = Draft::of(service, &key, repo);
                (key, draft)
            })
            .collect();
        let mut graph = repo.code.graph.take();
        let all = |drafts: &[(Key, Option<Draft>)], files: fn(&Draft) -> &[FileId]| -> Vec<FileId> {
            drafts
                .iter()
                .filter_map(|(_, draft)| draft.as_ref())
                .flat_map(|draft| files(draft).iter().copied())
                .collect()
        };
        graph.grow(repo, all(&drafts, |draft| &draft.entries));
        let mut images = known.images;
        let mut new = FxHashSet::default();
        for draft in drafts.iter_mut().filter_map(|(_, draft)| draft.as_mut()) {
            let image = (draft.dir.clone(), draft.shipped.clone());
            if draft.follow(&mut graph, repo) && !images.contains_key(&image) {
                new.insert(image);
            }
        }
        let shipped = new.into_par_iter().map(|image| {
            let files = reach::shipped(&image.0, image.1.as_ref(), repo).into();
            (image, files)
        });
        images.extend(shipped.collect::<Vec<_>>());
        for draft in drafts.iter_mut().filter_map(|(_, draft)| draft.as_mut()).filter(|draft| !draft.is_followed) {
            let image = images.get(&(draft.dir.clone(), draft.shipped.clone()));
            draft.own = image.cloned().unwrap_or_default();
        }
        graph.grow(repo, all(&drafts, |draft| &draft.own));
        let finished = |draft: Draft, graph: &mut _| draft.finish(graph).map(Arc::new);
        let new = drafts.into_iter().map(|(key, draft)| (key, draft.and_then(|draft| finished(draft, &mut graph))));
        found.extend(new);
        repo.code.graph.put(graph);
        Self { found, images }
    }

    /// The modules of all of them; one may come several times.
    pub(crate) fn modules(&self) -> impl Iterator<Item = FileId> {
        self.found.values().flatten().flat_map(|application| application.modules.iter().copied())
    }
}

impl Key {
    fn of(service: &Service, repo: &Repo) -> Self {
        let build = service.build_context(repo);
        let argv = |command: &Option<crate::compose::Command>| {
            command.as_ref().map(|command| command.argv().iter().map(|word| word.text().to_owned()).collect())
        };
        let workdir = service.text(&["working_dir"]).and_then(Text::value).map(|dir| vec![dir.to_owned()]);
        let args = service.build.iter().flat_map(|build| &build.args);
        let value = |text: &Text| text.value().map(str::to_owned);
        let mounts = service.mounts.iter().filter_map(|mount| Some((mount.path.clone()?, mount.target.clone()?)));
        Self {
            build: build.map(|build| (build.dockerfile.file, build.dir, build.target)),
            args: args.map(|arg| (arg.name.clone(), arg.value.as_ref().and_then(value))).collect(),
            starts: vec![argv(&service.entrypoint), argv(&service.command), workdir],
            mounts: mounts.collect(),
        }
    }

    fn entrypoint(&self) -> Option<&[String]> {
        self.starts.first()?.as_deref()
    }

    fn command(&self) -> Option<&[String]> {
        self.starts.get(1)?.as_deref()
    }

    fn workdir(&self) -> Option<&str> {
        self.starts.get(2)?.as_deref()?.first().map(String::as_str)
    }

    fn arg(&self, name: &str) -> Option<&str> {
        self.args.iter().find(|(arg, _)| arg == name)?.1.as_deref()
    }
}

impl Service {
    /// The code that it runs, if that stands in the repository: its image is built from it here, or the code is mounted.
    pub fn application<'r>(&self, repo: &'r Repo) -> Option<&'r Application> {
        repo.applications.found.get(&Key::of(self, repo))?.as_deref()
    }
}

/// An application before its imports are followed.
struct Draft {
    dir: String,
    place: Place,
    starts: entry::Starts,
    scripts: Vec<FileId>,
    entries: Vec<FileId>,
    reached: Arc<[FileId]>,
    /// What may run though no import leads to it.
    own: Arc<[FileId]>,
    is_followed: bool,
    shipped: Option<Shipped>,
}

/// What a build puts into an image.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Shipped {
    context: String,
    sources: Vec<String>,
    ignore: Option<FileId>,
}

impl Draft {
    fn of(service: &Service, key: &Key, repo: &Repo) -> Option<Self> {
        let build = service.build_context(repo);
        let (mut dir, mut place) = match &build {
            Some(build) => home::of_build(service, key, build, repo),
            None if service.build.is_none() => home::of_mounts(service, key, repo)?,
            None => return None,
        };
        let started = |dir: &str| {
            let starts = entry::starts(key, build.as_ref(), dir, repo);
            let entries = entry::entries(&starts.commands, dir, build.as_ref(), repo);
            (starts, entries)
        };
        let (mut starts, mut entries) = started(&dir);
        let mut scripts = starts.files.clone();
        let is_inside =
            |file: &FileId| repo.tree.path(*file).strip_prefix(&*dir).is_some_and(|rest| rest.starts_with('/'));
        if let Some(build) =
            build.as_ref().filter(|_| !dir.is_empty() && !entries.iter().any(is_inside) && !entries.is_empty())
        {
            dir.clone_from(&build.dir);
            let named = service.build.as_ref().and_then(|build| build.context.as_ref());
            place = named.map_or(place, Text::place);
            (starts, entries) = started(&dir);
            scripts.extend(&starts.files);
        }
        let shipped = build.map(|build| Shipped {
            sources: build.sources(),
            ignore: build.ignore.map(|ignore| ignore.file),
            context: build.dir,
        });
        Some(Self {
            dir,
            place,
            starts,
            scripts,
            entries,
            reached: Arc::default(),
            own: Arc::default(),
            is_followed: true,
            shipped,
        })
    }

    /// Follows the entries. Returns whether that does not lead to everything that may run.
    fn follow(&mut self, graph: &mut reach::Graph, repo: &Repo) -> bool {
        let by_name;
        (self.reached, by_name) = graph.reached(&self.entries);
        // Rust's modules are not imports.
        let is_rust = || self.entries.iter().any(|file| repo.tree.path(*file).ends_with(".rs"));
        self.is_followed = !(self.entries.is_empty() || by_name || is_rust());
        !self.is_followed
    }

    fn finish(self, graph: &mut reach::Graph) -> Option<Application> {
        let mut modules = self.reached.clone();
        if !self.own.is_empty() {
            let (own, _) = graph.reached(&self.own);
            modules = if modules.is_empty() { own } else { merged(&modules, &own) };
        }
        let Self { dir, place, entries, reached, starts, scripts, .. } = self;
        (!modules.is_empty()).then_some(Application {
            dir,
            place,
            entries,
            modules,
            reached,
            starts: starts.commands,
            start_files: starts.files,
            scripts,
        })
    }
}

/// The files of two sorted lists, sorted.
fn merged(one: &[FileId], other: &[FileId]) -> Arc<[FileId]> {
    let mut all = [one, other].concat();
    all.sort();
    all.dedup();
    all.into()
}

impl Application {
    /// Whether the file is one of its modules.
    pub fn has(&self, file: FileId) -> bool {
        self.modules.binary_search(&file).is_ok()
    }

    /// Whether the entries reach the file: it does run.
    pub fn reaches(&self, file: FileId) -> bool {
        self.reached.binary_search(&file).is_ok()
    }
}

/// What a word of a Dockerfile says with the build arguments that a service gives.
fn expanded(text: &crate::dockerfile::Text, key: &Key) -> String {
    let mut out = text.written.clone();
    for (name, _) in &key.args {
        let Some(value) = key.arg(name) else { continue };
        out = out.replace(&format!("${{{name}}}"), value);
        if out.ends_with(&format!("${name}")) || out.contains(&format!("${name}/")) {
            out = out.replace(&format!("${name}"), value);
        }
    }
    if out.contains('$') { text.known().to_owned() } else { out }
}

/// The stages that the build needs, with the one that is built last.
fn stages<'r>(build: &BuildContext<'r>) -> Vec<&'r crate::Stage> {
    build.dockerfile.needed(build.target.as_deref())
}

#[cfg(test)]
mod tests;
