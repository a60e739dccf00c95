//! Files that are a proxy's configuration because of where they are mounted or copied.

use crate::Shelf;
use crate::compose::Mount;
use crate::dockerfile::{Copy, StepKind};
use crate::document::Kind;
use twiceshy_source::{FileId, Tree};

/// Directories of images in which a proxy keeps its configuration, and what that is.
const HOMES: &[(&str, Kind)] = &[
    ("/etc/nginx", Kind::Nginx),
    ("/etc/caddy", Kind::Caddy),
    ("/etc/traefik", Kind::Routing),
    ("/etc/cloudflared", Kind::Routing),
    ("/home/nonroot/.cloudflared", Kind::Routing),
    ("/root/.cloudflared", Kind::Routing),
];

/// How many files one directory may bring.
const MAX_FILES: usize = 200;

/// The files that compose files mount and Dockerfiles copy to where a proxy looks for its configuration, and that are not
/// known as such by their names.
pub(crate) fn named_files(tree: &Tree, all: &Shelf) -> Vec<(FileId, Kind)> {
    let mut found: Vec<(FileId, Kind)> = Vec::new();
    let mut add = |path: &str, target: &str| {
        let Some((_, kind)) = HOMES.iter().find(|(home, _)| target.starts_with(home)) else { return };
        let files: Vec<FileId> = match tree.file(path) {
            Some(file) => vec![file],
            None if path.is_empty() => Vec::new(),
            None => tree.below(path).take(MAX_FILES).collect(),
        };
        for file in files {
            let path = tree.path(file);
            let is_text = *kind != Kind::Routing || [".yml", ".yaml", ".toml"].iter().any(|end| path.ends_with(end));
            let is_plain = matches!(tree.kind(file), twiceshy_source::Kind::File);
            if is_text && is_plain && Kind::of(path, || None).is_none() {
                found.push((file, *kind));
            }
        }
    };
    for compose in &all.compose {
        let dir = Tree::parent(tree.path(compose.file)).to_owned();
        for (_, service) in compose.services() {
            for value in service.get("volumes").map(crate::compose::Value::items).unwrap_or_default() {
                let Some(mount) = Mount::read(value, &|_| dir.clone()) else { continue };
                if let (Some(path), Some(target)) = (&mount.path, &mount.target) {
                    add(path, target);
                }
            }
        }
    }
    for dockerfile in &all.dockerfiles {
        let dir = Tree::parent(tree.path(dockerfile.file));
        for step in dockerfile.stages.iter().flat_map(|stage| dockerfile.steps_of(stage)) {
            let StepKind::Copy(copy) = &step.kind else { continue };
            if let Some(target) = target_of(copy) {
                for (_, path) in copy.context_sources() {
                    // The context is the Dockerfile's directory or the root, as far as can be told here.
                    for base in [dir, ""] {
                        if let Some(path) = Tree::join(base, &path).filter(|path| tree.file(path).is_some()) {
                            add(&path, &target);
                        }
                    }
                }
            }
        }
    }
    found.sort_unstable_by_key(|(file, _)| *file);
    found.dedup_by_key(|(file, _)| *file);
    found
}

fn target_of(copy: &Copy) -> Option<String> {
    (copy.from.is_none()).then(|| copy.dest.as_ref().map(|dest| dest.known().to_owned())).flatten()
}
