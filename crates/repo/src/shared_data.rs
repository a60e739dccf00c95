//! Databases that run on one data directory: two services of a project, or one of them twice.

use crate::compose::{Mount, MountKind};
use crate::{Focus, Image, Launch, Place, Project, Repo, Role, Service};

/// A data directory on which two servers run.
#[derive(Debug)]
pub struct SharedData<'r> {
    /// The project.
    pub project: &'r Project,
    /// The service, its image and its mount.
    pub first: (&'r Service, Image, &'r Mount),
    /// The other one; `None` where the same service runs more than once.
    pub second: Option<(&'r Service, Image, &'r Mount)>,
    /// Where it is said that a service runs more than once.
    pub replicas: Option<Place>,
    /// Whether profiles of both must be enabled for that.
    pub needs_profiles: bool,
}

/// A database of a project, and where it keeps its data.
struct Keeper<'r> {
    service: &'r Service,
    image: Image,
    mount: &'r Mount,
    at: String,
    path: String,
}

impl Repo {
    /// Data directories on which more than one server runs.
    pub fn shared_data(&self, focus: Focus) -> Vec<SharedData<'_>> {
        let mut found = Vec::new();
        for project in self.projects_around(focus) {
            let keepers: Vec<Keeper<'_>> =
                project.services.iter().filter_map(|service| self.keeper(project, service)).collect();
            for (number, keeper) in keepers.iter().enumerate() {
                let first = (keeper.service, keeper.image.clone(), keeper.mount);
                if let Some(replicas) = replicas(keeper.service) {
                    found.push(SharedData {
                        project,
                        first,
                        second: None,
                        replicas: Some(replicas),
                        needs_profiles: false,
                    });
                    continue;
                }
                let other = keepers[number + 1..].iter().find(|other| {
                    other.at == keeper.at && other.path == keeper.path && run_together(keeper.service, other.service)
                });
                let Some(other) = other else { continue };
                let needs_profiles = !keeper.service.profiles.is_empty() || !other.service.profiles.is_empty();
                let second = Some((other.service, other.image.clone(), other.mount));
                found.push(SharedData { project, first, second, replicas: None, needs_profiles });
            }
        }
        found
    }

    /// A service that runs the server of a database on a volume or directory.
    fn keeper<'r>(&'r self, project: &'r Project, service: &'r Service) -> Option<Keeper<'r>> {
        let launch = Launch::of_service(project, service, self)?;
        if !launch.runs_its_server() || is_one_shot(project, service) {
            return None;
        }
        let facts = launch.facts(self);
        matches!(facts.role(), Some(Role::Database | Role::Cache | Role::Broker | Role::Search)).then_some(())?;
        let directories = facts.data_directories();
        let data = directories.first()?;
        let mount = service.mounts.iter().find(|mount| {
            let target = mount.target.as_deref().unwrap_or_default().trim_end_matches('/');
            !mount.read_only && (target == data.path || target == data.mount)
        })?;
        let source = mount.source.as_deref()?;
        // `{{.Task.Slot}}`: one each.
        if source.contains("{{") || source.contains('$') {
            return None;
        }
        let at = match mount.kind {
            MountKind::Volume => format!("volume {source}"),
            MountKind::Bind => format!("path {}", mount.path.as_deref().unwrap_or(source).trim_end_matches('/')),
            MountKind::Tmpfs | MountKind::Other => return None,
        };
        // A directory of its own below the mount, or none of a volume that a server elsewhere provides.
        let subpath = service.value(&["volumes"]).is_some_and(|value| {
            let items = value.items();
            items.iter().any(|item| item.at(&["volume", "subpath"]).is_some())
        });
        if subpath
            || launch
                .variable("PGDATA")
                .is_some_and(|value| value.is_none_or(|value| value != data.path && !value.starts_with(&data.path)))
        {
            return None;
        }
        let path = launch.variable("PGDATA").flatten().unwrap_or(&data.path).to_owned();
        Some(Keeper { service, image: launch.image.clone(), mount, at, path })
    }
}

/// Whether two services may run at the same time.
fn run_together(a: &Service, b: &Service) -> bool {
    let names = |service: &Service| {
        service.profiles.iter().filter_map(|text| text.value().map(str::to_owned)).collect::<Vec<_>>()
    };
    let (a, b) = (names(a), names(b));
    a.is_empty() || b.is_empty() || a.iter().any(|profile| b.contains(profile))
}

/// Whether a service does its work and ends: others wait for that.
fn is_one_shot(project: &Project, service: &Service) -> bool {
    let is_waited_for = |other: &Service| {
        other.depends_on.iter().any(|dependency| {
            dependency.name == service.name && dependency.condition == crate::compose::Condition::Completed
        })
    };
    service.restart().is_some_and(|policy| policy.shown() == "no") || project.services.iter().any(is_waited_for)
}

/// Where a service is told to run more than once.
fn replicas(service: &Service) -> Option<Place> {
    let text = service.text(&["deploy", "replicas"]).or_else(|| service.text(&["scale"]))?;
    let number: u32 = text.value()?.parse().ok()?;
    (number > 1).then(|| text.place())
}
