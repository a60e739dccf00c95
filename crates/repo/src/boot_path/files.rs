//! From a path in a container to the file of the repository that stands there.

use super::Boot;
use crate::dockerfile::{CopyFrom, StepKind};
use crate::{FileId, Repo, Tree};

impl Repo {
    /// The file that stands at `path` in a container: mounted there, copied there, or, where neither tells, one whose path
    /// ends like it.
    pub(super) fn file_in(&self, boot: &Boot<'_>, path: &str) -> Option<FileId> {
        let whole = match path.strip_prefix('/') {
            Some(_) => path.to_owned(),
            None => format!("{}/{}", workdir(boot).trim_end_matches('/'), path.trim_start_matches("./")),
        };
        for (from, target) in &boot.mounts {
            if let Some(rest) = below(&whole, target)
                && let Some(file) = self.tree.file(&joined(from, rest))
            {
                return Some(file);
            }
        }
        let build = boot.build.as_ref()?;
        self.copied(boot, &whole).or_else(|| {
            // The end of the path, from the context or the directory above it: `/app/scripts/start.sh`.
            let mut tail = whole.trim_start_matches('/');
            loop {
                let found = Tree::join(&build.dir, tail).and_then(|path| self.tree.file(&path));
                if found.is_some() || !tail.contains('/') {
                    return found;
                }
                tail = tail.split_once('/').map_or("", |(_, rest)| rest);
            }
        })
    }

    /// The file that a `COPY` puts at `path`; of a copy from an earlier stage the path there is looked up in turn.
    fn copied(&self, boot: &Boot<'_>, path: &str) -> Option<FileId> {
        let (build, stage) = (boot.build.as_ref()?, boot.stage?);
        let mut at = "/".to_owned();
        let mut found = None;
        for step in build.dockerfile.steps_of(stage) {
            match &step.kind {
                StepKind::Workdir(dir) => at = dir.known().to_owned(),
                StepKind::Copy(copy) if !matches!(copy.from, Some(CopyFrom::Other(_))) => {
                    let Some(dest) = copy.dest.as_ref().map(|dest| dest.known()) else { continue };
                    let dest = match dest.strip_prefix('/') {
                        Some(_) => dest.to_owned(),
                        None => format!("{}/{}", at.trim_end_matches('/'), dest.trim_start_matches("./")),
                    };
                    for source in &copy.sources {
                        let source =
                            source.known().trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
                        let source = if source == "." { "" } else { source };
                        let is_file = dest.trim_end_matches('/') == path && !dest.ends_with('/');
                        let into = format!("{}/{}", dest.trim_end_matches('/'), Tree::name(source));
                        let tail = if is_file || into == path { Some("") } else { below(path, &dest) };
                        let candidate = tail.and_then(|tail| Tree::join(&build.dir, &joined(source, tail)));
                        found = candidate.and_then(|path| self.tree.resolve(&path)).or(found);
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// The Python module `name` in a container, and its package's `__main__` where that is what `python -m` runs.
    pub(super) fn python_in(&self, boot: &Boot<'_>, name: &str) -> Option<FileId> {
        let path = name.replace('.', "/");
        let dir = boot.build.as_ref().map(|build| build.dir.clone()).unwrap_or_default();
        for end in [".py", "/__main__.py", "/__init__.py"] {
            let wanted = format!("{path}{end}");
            if let Some(file) = self.file_in(boot, &wanted) {
                return Some(file);
            }
            let is_here = |file: &FileId| {
                let path = self.tree.path(*file);
                let above = path.strip_suffix(&wanted);
                (dir.is_empty() || below(path, &dir).is_some())
                    && above.is_some_and(|above| above.is_empty() || above.ends_with('/'))
            };
            let last = Tree::name(&path);
            let named =
                self.python_homes(last).filter_map(|home| self.tree.file(&joined(home, &format!("{last}{end}"))));
            let found = named.filter(is_here).min_by_key(|file| (self.tree.path(*file).len(), *file));
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

/// The working directory that a container starts in.
pub(super) fn workdir(boot: &Boot<'_>) -> String {
    let steps =
        boot.build.as_ref().zip(boot.stage).into_iter().flat_map(|(build, stage)| build.dockerfile.steps_of(stage));
    let dirs = steps.filter_map(|step| match &step.kind {
        StepKind::Workdir(dir) => Some(dir.known()),
        _ => None,
    });
    dirs.last().unwrap_or("/").to_owned()
}

/// What of `path` lies below `dir`.
fn below<'p>(path: &'p str, dir: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(dir.trim_end_matches('/'))?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

fn joined(dir: &str, rest: &str) -> String {
    match (dir.is_empty(), rest.is_empty()) {
        (true, _) => rest.to_owned(),
        (_, true) => dir.to_owned(),
        _ => format!("{dir}/{rest}"),
    }
}
