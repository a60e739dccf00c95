//! Whose volume, path or container it is that a command acts on.

use super::{Effect, Object, ObjectKind};
use crate::compose::{Mount, MountKind, Project, Service};
use crate::image::is_at_or_below;
use crate::script::{Piece, Run, Value};
use crate::{Image, Repo};
use twiceshy_source::Tree;

/// A service that keeps something in what a command acts on.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'r> {
    /// Its project.
    pub project: &'r Project,
    /// The service.
    pub service: &'r Service,
    /// What it has mounted.
    pub mount: &'r Mount,
    /// How the object and the mount lie to each other.
    pub tie: Tie,
    /// Whether it is certain: not so where a path on a server only ends like one of the repository, or a volume is named
    /// without its project's name.
    pub is_sure: bool,
}

/// How an object lies to what is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// It is just that.
    Same,
    /// It lies in it.
    Inside,
    /// It holds it, and perhaps more.
    Around,
}

impl Owner<'_> {
    /// Whether the service is a database, or keeps a data directory of its image there.
    pub fn keeps_data(&self, repo: &Repo) -> bool {
        let Some(image) = self.service.image.as_ref().and_then(|text| Image::parse(text.value()?)) else {
            return false;
        };
        let facts = repo.facts(&image);
        let Some(target) = self.mount.target.as_deref() else { return facts.is_database() };
        let target = target.trim_end_matches('/');
        let all = facts.data_directories();
        let is_data =
            |data: &&&crate::DataDirectory| is_at_or_below(target, &data.path) || is_at_or_below(&data.path, target);
        all.iter().find(is_data).is_some() || (all.is_empty() && facts.is_database())
    }

    /// Whether it is a database that does.
    pub fn is_database(&self, repo: &Repo) -> bool {
        let image = self.service.image.as_ref().and_then(|text| Image::parse(text.value()?));
        image.is_some_and(|image| repo.facts(&image).is_database()) && self.keeps_data(repo)
    }
}

impl Repo {
    /// The services that keep something in an object of an effect: that mount the volume, or a path that is, holds, or lies
    /// in the one that is named. Of a container: the service whose container it is, with each of its mounts. What a path in
    /// a new container is outside of it counts; a path in a container that is there is its service's.
    pub fn owners<'r>(&'r self, run: &Run<'_>, effect: &Effect, object: &Object) -> Vec<Owner<'r>> {
        if let Some(outside) = &object.outside {
            return self.owners(run, effect, outside);
        }
        match object.kind {
            ObjectKind::Volume if object.is_unnamed() => self.volumes_of_scope(run, effect),
            ObjectKind::Volume => self.volume_owners(object),
            ObjectKind::Path if matches!(effect.site, super::Site::Image) => Vec::new(),
            ObjectKind::Path => match effect.site.container() {
                Some(container) if !container.is_new => self.inside_container(container, object),
                Some(_) => Vec::new(),
                None => self.path_owners(run, effect, object),
            },
            ObjectKind::Container => {
                let services = object.values.iter().filter_map(|value| self.container_service(&value.pattern()));
                services.flat_map(|(project, service)| all_mounts(project, service)).collect()
            }
            ObjectKind::Service | ObjectKind::Project => {
                let Some(scope) = run.docker_call(effect).and_then(|call| self.compose_scope(&call)) else {
                    return Vec::new();
                };
                scope.services.into_iter().flat_map(|(project, service)| all_mounts(project, service)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The services that a container's name, a service's name or a project stands for in an effect.
    pub fn services_meant<'r>(&'r self, run: &Run<'_>, effect: &Effect) -> Vec<(&'r Project, &'r Service)> {
        let by_scope = run.docker_call(effect).and_then(|call| self.compose_scope(&call)).map(|scope| scope.services);
        by_scope.unwrap_or_else(|| {
            let containers = effect.objects.iter().filter(|object| object.kind == ObjectKind::Container);
            containers
                .flat_map(|object| &object.values)
                .filter_map(|value| self.container_service(&value.pattern()))
                .collect()
        })
    }

    /// The service in whose container a command runs.
    pub fn service_entered<'r>(&'r self, run: &Run<'_>, effect: &Effect) -> Option<(&'r Project, &'r Service)> {
        let container = effect.site.container().filter(|container| !container.is_new)?;
        if container.is_service {
            let call = run.docker_call(effect);
            let scope = call.and_then(|call| self.compose_scope(&call));
            let name = container.name.likely()?;
            return match scope {
                Some(scope) => scope.services.into_iter().find(|(_, service)| service.name == name),
                None => {
                    let mut all = self.projects.iter().filter_map(|project| Some((project, project.service(&name)?)));
                    all.next()
                }
            };
        }
        self.container_service(&container.name.pattern())
    }

    fn inside_container<'r>(&'r self, container: &super::InContainer, object: &Object) -> Vec<Owner<'r>> {
        let services: Vec<_> = if container.is_service {
            let name = container.name.likely().unwrap_or_default();
            self.projects.iter().filter_map(|project| Some((project, project.service(&name)?))).collect()
        } else {
            self.container_service(&container.name.pattern()).into_iter().collect()
        };
        let path = object.pattern();
        let mut found = Vec::new();
        for (project, service) in services {
            for mount in &service.mounts {
                let Some(target) = mount.target.as_deref() else { continue };
                if let Some(tie) = tie(&path, target) {
                    found.push(Owner { project, service, mount, tie, is_sure: true });
                }
            }
        }
        found
    }

    fn volumes_of_scope<'r>(&'r self, run: &Run<'_>, effect: &Effect) -> Vec<Owner<'r>> {
        let Some(scope) = run.docker_call(effect).and_then(|call| self.compose_scope(&call)) else { return Vec::new() };
        let mut found = Vec::new();
        for project in scope.projects {
            for service in &project.services {
                for mount in service.mounts.iter().filter(|mount| mount.kind == MountKind::Volume) {
                    let external = mount
                        .source
                        .as_deref()
                        .and_then(|source| project.volume(source))
                        .is_some_and(super::super::super::compose::Named::is_external);
                    if mount.source.is_some() && !external {
                        found.push(Owner { project, service, mount, tie: Tie::Same, is_sure: true });
                    }
                }
            }
        }
        found
    }

    fn volume_owners(&self, object: &Object) -> Vec<Owner<'_>> {
        let mut found: Vec<Owner<'_>> = Vec::new();
        for project in &self.projects {
            for service in &project.services {
                for mount in service.mounts.iter().filter(|mount| mount.kind == MountKind::Volume) {
                    let Some(key) = mount.source.as_deref() else { continue };
                    let sure = object.patterns().iter().filter_map(|name| volume_is(project, key, name)).max();
                    if let Some(is_sure) = sure {
                        found.push(Owner { project, service, mount, tie: Tie::Same, is_sure });
                    }
                }
            }
        }
        // A name that fits one project for certain is not another's.
        if found.iter().any(|owner| owner.is_sure) {
            found.retain(|owner| owner.is_sure);
        }
        found
    }

    fn path_owners<'r>(&'r self, run: &Run<'_>, effect: &Effect, object: &Object) -> Vec<Owner<'r>> {
        let directories = match run.command_of(effect) {
            Some(command) => self.directories_at(command),
            None => vec![String::new()],
        };
        let mut found = Vec::new();
        for project in &self.projects {
            for service in &project.services {
                for mount in service.mounts.iter().filter(|mount| mount.kind == MountKind::Bind) {
                    let ties = object.values.iter().filter_map(|value| path_is(project, mount, value, &directories));
                    if let Some((tie, is_sure)) = ties.max_by_key(|(_, is_sure)| *is_sure) {
                        found.push(Owner { project, service, mount, tie, is_sure });
                    }
                }
            }
        }
        found
    }
}

fn all_mounts<'r>(project: &'r Project, service: &'r Service) -> Vec<Owner<'r>> {
    let mounts = service.mounts.iter();
    mounts.map(|mount| Owner { project, service, mount, tie: Tie::Around, is_sure: true }).collect()
}

/// Whether `name` is the volume `key` of a project outside of it, and whether that is certain.
fn volume_is(project: &Project, key: &str, name: &str) -> Option<bool> {
    let volume = project.volume(key);
    if let Some(own) = volume.and_then(|volume| volume.name()) {
        return match own.value() {
            Some(own) => (own == name).then_some(true),
            None => None,
        };
    }
    if volume.is_some_and(|volume| volume.is_external()) {
        return (name == key).then_some(true);
    }
    if name == key {
        return Some(false);
    }
    let prefix = name.strip_suffix(key)?.strip_suffix(['_', '-'])?;
    if prefix.is_empty() {
        return None;
    }
    let own = project.name.as_ref().and_then(|name| name.value()).map(str::to_owned);
    let by_name = own.as_deref() == Some(prefix);
    let dir = Tree::name(&project.dir).to_ascii_lowercase();
    let plain: String = dir.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect();
    // Another project's name in front: another project's volume, if this one has a name.
    match own {
        Some(_) if !by_name && !prefix.contains('*') => None,
        _ => Some(by_name || (!plain.is_empty() && plain == prefix)),
    }
}

/// How a path lies to a mount, and whether that is certain.
fn path_is(project: &Project, mount: &Mount, value: &Value, directories: &[String]) -> Option<(Tie, bool)> {
    let text = value.pattern();
    let known = !value.pieces.iter().any(|piece| matches!(piece, Piece::Unknown(_)));
    // Wildcards of the shell: what is in the directory.
    let path = text.strip_suffix("/*").filter(|_| known || !text.ends_with("**")).unwrap_or(&text);
    let path = path.trim_end_matches('/').trim_end_matches("/.");
    if let Some(source) = mount.source.as_deref().filter(|source| source.starts_with('/'))
        && path.starts_with('/')
    {
        return tie(path, source).map(|tie| (tie, true));
    }
    let own = mount.path.as_deref()?;
    if path.is_empty() {
        return None;
    }
    if known && !path.starts_with(['/', '~']) {
        let places = directories.iter().filter_map(|dir| Tree::join(dir, path));
        return places.filter_map(|path| tie(&path, own)).next().map(|tie| (tie, true));
    }
    // A path on a server, or behind a variable: what it ends with is compared, from the project's directory and from the top.
    let tail = match path.rsplit_once('*') {
        Some((_, tail)) => tail,
        None => path,
    };
    let tail = tail.trim_start_matches(['/', '~']);
    if tail.is_empty() {
        return None;
    }
    let relative = own.strip_prefix(project.dir.as_str()).map_or(own, |rest| rest.trim_start_matches('/'));
    let mut rest = Some(tail);
    while let Some(tail) = rest {
        for own in [relative, own] {
            if !own.is_empty()
                && let Some(tie) = tie(tail, own).filter(|tie| *tie != Tie::Around)
            {
                return Some((tie, false));
            }
        }
        rest = tail.split_once('/').map(|(_, rest)| rest);
    }
    None
}

/// How `path` lies to `mount`.
fn tie(path: &str, mount: &str) -> Option<Tie> {
    let (path, mount) = (path.trim_end_matches('/'), mount.trim_end_matches('/'));
    if path == mount {
        return Some(Tie::Same);
    }
    let inside = |inner: &str, outer: &str| {
        outer.is_empty() || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
    };
    if inside(path, mount) && !mount.is_empty() {
        return Some(Tie::Inside);
    }
    inside(mount, path).then_some(Tie::Around)
}
