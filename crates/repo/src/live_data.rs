//! Where servers keep what must not be lost: directories and volumes that services mount and write to.

use crate::compose::{Mount, MountKind};
use crate::{Image, Place, Project, Repo, Service, is_at_or_below};

/// Something that a service keeps outside of its container.
#[derive(Clone, Debug)]
pub struct LiveData<'r> {
    /// The project.
    pub project: &'r Project,
    /// The service that writes it.
    pub service: &'r Service,
    /// Its mount.
    pub mount: &'r Mount,
    /// Where it lies.
    pub at: DataAt<'r>,
    /// The image whose server keeps its data there; `None` for other files.
    pub database: Option<Image>,
}

/// Where data lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataAt<'r> {
    /// At this path, from the root of the tree.
    Tree(&'r str),
    /// At this absolute path of the machine that runs the service.
    Host(&'r str),
    /// In this volume, by its key in the project.
    Volume(&'r str),
}

impl Repo {
    /// What services keep: the data of databases wherever it lies, and directories of the host that git does not track.
    pub fn live_data(&self) -> Vec<LiveData<'_>> {
        let mut found = Vec::new();
        for project in &self.projects {
            for service in &project.services {
                found.extend(service.mounts.iter().filter_map(|mount| self.kept(project, service, mount)));
            }
        }
        found
    }

    pub(crate) fn kept<'r>(
        &'r self,
        project: &'r Project,
        service: &'r Service,
        mount: &'r Mount,
    ) -> Option<LiveData<'r>> {
        let target = mount.target.as_deref()?;
        let source = mount.source.as_deref()?;
        let database = || self.keeps_database(service, target);
        let is_file_of_ours = |path: &str| self.tree.file(path).is_some();
        let at = match mount.kind {
            MountKind::Volume => DataAt::Volume(source),
            MountKind::Bind => match mount.path.as_deref() {
                Some("") => return None,
                Some(path) if is_file_of_ours(path) => return None,
                Some(path) => DataAt::Tree(path),
                None if source.starts_with('/') => DataAt::Host(source.trim_end_matches('/')),
                None => return None,
            },
            MountKind::Tmpfs | MountKind::Other => return None,
        };
        if mount.read_only {
            return None;
        }
        let database = database();
        let is_kept = match at {
            _ if database.is_some() => true,
            // A directory of which git tracks something is filled by the repository: code, configuration, seeds.
            DataAt::Tree(path) => !self.tree.has_dir(path) && !is_configuration(target),
            DataAt::Host(_) | DataAt::Volume(_) => false,
        };
        is_kept.then_some(LiveData { project, service, mount, at, database })
    }

    /// The image of a service that keeps its data at `target`, above it, or below it.
    pub(crate) fn keeps_database(&self, service: &Service, target: &str) -> Option<Image> {
        let (image, _) = service.base_image(self)?;
        let facts = self.facts(&image);
        let target = target.trim_end_matches('/');
        let is_there = facts.data_directories().iter().any(|data| {
            is_at_or_below(&data.path, target) || is_at_or_below(target, &data.path) || data.mount == target
        });
        (is_there && !target.is_empty()).then_some(image)
    }
}

impl LiveData<'_> {
    /// Where it lies, for a sentence.
    pub fn path(&self) -> &str {
        match self.at {
            DataAt::Tree(path) | DataAt::Host(path) | DataAt::Volume(path) => path,
        }
    }

    /// Where it is mounted.
    pub fn place(&self) -> Place {
        self.mount.place
    }
}

/// Whether what lies at a path in a container is configuration, code or a socket.
fn is_configuration(target: &str) -> bool {
    const DIRECTORIES: &[&str] =
        &["/etc/", "/docker-entrypoint", "/run/", "/var/run/", "/usr/", "/config", "/certs", "/ssl", "/sys", "/proc"];
    const ENDS: &[&str] = &[
        ".conf",
        ".cnf",
        ".ini",
        ".yml",
        ".yaml",
        ".json",
        ".toml",
        ".xml",
        ".sql",
        ".sh",
        ".env",
        ".key",
        ".crt",
        ".pem",
        ".sock",
        "node_modules",
        ".cache",
        "cache",
        "logs",
        "log",
        "tmp",
        ".venv",
        "dist",
        "build",
    ];
    DIRECTORIES.iter().any(|dir| target.starts_with(dir)) || ENDS.iter().any(|end| target.ends_with(end))
}
