//! Which files make up a project.

use super::Compose;
use super::load::{Files, Loaded};
use super::project::Project;
use crate::Documents;
use crate::Env;
use crate::document::Kind;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;
use twiceshy_source::{FileId, Tree};

/// The names that Compose looks for, in this order (compose-go, `cli.DefaultFileNames`).
const DEFAULT: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// The names of the file that it merges over the one it found (`cli.DefaultOverrideFileNames`).
const OVERRIDE: [&str; 4] =
    ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

/// The projects of a repository.
///
/// A directory's default file and its override are one. Any other file is one of its own, unless another file includes
/// it, or it only makes sense over the default file beside it: it has services without image and build, or names
/// services, volumes or networks that only that file has. Where none is beside it, the nearest one above that has all it
/// needs is meant, and paths start there. What only makes sense over a file that we cannot find is a project that is not
/// complete.
pub(crate) fn projects(
    tree: &Tree,
    compose: &Documents<Compose>,
    env: &Documents<Env>,
    loaded: &Loaded,
) -> Documents<Project> {
    let files = Files::new(tree, compose, env, loaded);
    let mut directories: FxHashMap<&str, Vec<FileId>> = FxHashMap::default();
    for one in compose {
        directories.entry(Tree::parent(tree.path(one.file))).or_default().push(one.file);
    }
    let included = included(tree, compose);
    let complements = Complements::new(compose);
    let named = |in_directory: &[FileId], names: &[&str]| {
        names.iter().find_map(|name| in_directory.iter().copied().find(|file| Tree::name(tree.path(*file)) == *name))
    };
    let defaults: FxHashMap<&str, (FileId, Arc<Project>)> = directories
        .par_iter()
        .filter_map(|(dir, files_in)| {
            named(files_in, &DEFAULT).map(|default| (*dir, (default, files.load(&[default]))))
        })
        .collect();
    let in_directory = |dir: &str, in_directory: &[FileId]| {
        let mut projects = Vec::new();
        let default = defaults.get(dir).map(|(default, _)| *default);
        let over = default.and_then(|_| named(in_directory, &OVERRIDE));
        if let Some(default) = default.filter(|default| !included.contains(default)) {
            let all: Vec<FileId> = [Some(default), over].into_iter().flatten().collect();
            let project = files.load(&all);
            let beside = |other: FileId| in_directory.contains(&other);
            let needs = needs(&project);
            let lacks = needs.iter().any(|need| need.is_body() || complements.meet(need, &project, beside));
            let is_complete = project.is_complete && !lacks;
            projects.push(where_paths_lead(loaded.said(project, is_complete), &files));
        }
        let of_file = |file: FileId| {
            // What is only read because another file names it has another kind by its name, or none.
            let is_part = Kind::of(tree.path(file), || None) != Some(Kind::Compose);
            if Some(file) == default || Some(file) == over || included.contains(&file) || is_part {
                return None;
            }
            let alone = files.load(&[file]);
            let needs_alone = needs(&alone);
            if needs_alone.is_empty() {
                return Some(where_paths_lead(alone, &files));
            }
            let beside = defaults.get(dir).filter(|(_, base)| needs_alone.iter().any(|need| need.is_met_by(base)));
            let above = || {
                above(dir)
                    .filter_map(|dir| defaults.get(dir))
                    .find(|(_, base)| needs_alone.iter().all(|need| need.is_met_by(base)))
            };
            if let Some((default, _)) = beside.or_else(above) {
                let merged = files.load(&[*default, file]);
                let is_complete = merged.is_complete && !needs(&merged).iter().any(Need::is_body);
                return Some(loaded.said(merged, is_complete));
            }
            let is_part = needs_alone
                .iter()
                .any(|need| !matches!(need, Need::Service(_)) || complements.meet(need, &alone, |_| true));
            let is_complete = alone.is_complete && !is_part;
            Some(where_paths_lead(loaded.said(alone, is_complete), &files))
        };
        projects.extend(in_directory.par_iter().filter_map(|file| of_file(*file)).collect::<Vec<_>>());
        projects
    };
    let mut projects: Vec<Arc<Project>> =
        directories.par_iter().flat_map_iter(|(dir, files)| in_directory(dir, files)).collect();
    projects.sort_by(|a, b| a.files.cmp(&b.files));
    Documents::all(projects)
}

/// The directories above one, the nearest first.
fn above(dir: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(dir), |dir| (!dir.is_empty()).then(|| Tree::parent(dir))).skip(1)
}

/// A project of one file is started from another directory (`--project-directory`, or over a file that we do not see) when
/// none of its paths leads anywhere from its own, and most do from one above.
fn where_paths_lead(project: Arc<Project>, files: &Files<'_>) -> Arc<Project> {
    let (found, all) = paths_found(&project, files.tree);
    if project.files.len() != 1 || found > 0 || all == 0 {
        return project;
    }
    let elsewhere = above(&project.dir).find_map(|dir| {
        let moved = files.load_in(&project.files, dir);
        let (found, all) = paths_found(&moved, files.tree);
        (found * 2 > all).then_some(moved)
    });
    let is_complete = project.is_complete;
    elsewhere.map_or(project, |moved| files.loaded.said(moved, is_complete))
}

/// How many of the files and directories that a project names are there, and how many it names.
fn paths_found(project: &Project, tree: &Tree) -> (usize, usize) {
    let mut paths: FxHashSet<&str> = FxHashSet::default();
    for service in &project.services {
        paths.extend(service.build.iter().filter_map(|build| build.dockerfile_path.as_deref()));
        paths.extend(service.env_files.iter().filter_map(|file| file.path.as_deref()));
        let is_relative = |mount: &&super::Mount| mount.source_raw.as_ref().is_some_and(|raw| raw.starts_with('.'));
        paths.extend(service.mounts.iter().filter(is_relative).filter_map(|mount| mount.path.as_deref()));
    }
    // The project's directory itself says nothing.
    paths.retain(|path| *path != project.dir);
    let found = paths.iter().filter(|path| tree.resolve(path).is_some() || tree.has_dir(path)).count();
    (found, paths.len())
}

/// The files that others include.
fn included(tree: &Tree, compose: &Documents<Compose>) -> FxHashSet<FileId> {
    let mut included = FxHashSet::default();
    for one in compose {
        let dir = Tree::parent(tree.path(one.file));
        for item in
            one.documents().iter().filter_map(|document| document.get("include")).flat_map(|include| include.items())
        {
            let paths = item.get("path").unwrap_or(item);
            let files = super::service::texts(paths);
            let paths = files.iter().filter_map(|path| super::service::tree_path(dir, path.value()?));
            included.extend(paths.filter_map(|path| tree.resolve(&path)).filter(|file| *file != one.file));
        }
    }
    included
}

/// Files that bring services which another file lacks, and none that it has: the two are probably used together.
struct Complements<'a> {
    services: FxHashMap<FileId, FxHashSet<&'a str>>,
    defined: FxHashMap<&'a str, Vec<FileId>>,
}

impl<'a> Complements<'a> {
    fn new(compose: &'a Documents<Compose>) -> Self {
        let mut services: FxHashMap<FileId, FxHashSet<&str>> = FxHashMap::default();
        let mut defined: FxHashMap<&str, Vec<FileId>> = FxHashMap::default();
        for one in compose {
            for (key, _) in one.services() {
                services.entry(one.file).or_default().insert(&key.text);
                defined.entry(&key.text).or_default().push(one.file);
            }
        }
        Self { services, defined }
    }

    fn meet(&self, need: &Need, project: &Project, allowed: impl Fn(FileId) -> bool) -> bool {
        let (Need::Service(name) | Need::Body(name)) = need else { return false };
        let has_none_of = |file: &FileId| {
            let services = self.services.get(file);
            project.services.iter().all(|service| !services.is_some_and(|all| all.contains(service.name.as_str())))
        };
        let files = self.defined.get(name.as_str()).into_iter().flatten();
        files.copied().filter(|file| !project.has_file(*file) && allowed(*file)).any(|file| has_none_of(&file))
    }
}

/// What a file lacks that another one must give it.
enum Need {
    /// The image or build of a service.
    Body(String),
    /// A service that another one names.
    Service(String),
    /// A volume or network.
    Resource(&'static str, String),
}

impl Need {
    fn is_body(&self) -> bool {
        matches!(self, Self::Body(_))
    }

    fn is_met_by(&self, base: &Project) -> bool {
        match self {
            Self::Body(name) | Self::Service(name) => base.service(name).is_some(),
            Self::Resource("volume", name) => base.volume(name).is_some(),
            Self::Resource(_, name) => base.network(name).is_some(),
        }
    }
}

fn needs(project: &Project) -> Vec<Need> {
    let mut needs = Vec::new();
    for service in &project.services {
        let has_body = ["image", "build", "provider", "extends"].iter().any(|key| service.value(&[key]).is_some());
        if !has_body {
            needs.push(Need::Body(service.name.clone()));
        }
        let unknown =
            service.references().into_iter().filter(|(_, reference)| project.service(&reference.name).is_none());
        needs.extend(unknown.map(|(_, reference)| Need::Service(reference.name)));
        for network in &service.networks {
            if network.name != "default" && project.network(&network.name).is_none() {
                needs.push(Need::Resource("network", network.name.clone()));
            }
        }
        for mount in service.mounts.iter().filter(|mount| mount.kind == super::MountKind::Volume) {
            if let Some(source) = mount.source.as_ref().filter(|source| project.volume(source).is_none()) {
                needs.push(Need::Resource("volume", source.clone()));
            }
        }
    }
    needs
}
