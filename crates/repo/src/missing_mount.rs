//! Files that compose files mount and that a clone does not hold.

use crate::compose::{Mount, MountKind};
use crate::script::{Command, Host, RedirectKind, Word};
use crate::{FileId, Place, Project, Repo, Script, Service, Span, Tree};

/// A file that is mounted and that nobody who clones the repository has.
#[derive(Clone, Debug)]
pub struct MissingMount<'r> {
    /// The service.
    pub service: &'r Service,
    /// The mount.
    pub mount: &'r Mount,
    /// The path, in the tree.
    pub path: &'r str,
    /// Whether Docker surely makes a directory of that name; otherwise it may refuse to start the container.
    pub makes_directory: bool,
    /// A file that is probably meant, or was split into several: one whose name is like it.
    pub nearest: Option<FileId>,
    /// A configuration that reads the file in the container.
    pub reader: Option<Place>,
}

/// Endings of files that programs read. What has none of them may be a directory.
const ENDS: &[&str] = &[
    "conf",
    "cfg",
    "cnf",
    "ini",
    "yml",
    "yaml",
    "toml",
    "json",
    "xml",
    "properties",
    "sql",
    "sh",
    "py",
    "js",
    "mjs",
    "ts",
    "rb",
    "php",
    "lua",
    "txt",
    "list",
    "rules",
    "tmpl",
    "template",
    "html",
    "cnf",
    "hcl",
    "vcl",
    "lock",
];

impl Project {
    /// Files that are mounted, lie inside the repository by their path, and are not in it.
    pub fn missing_mounts<'r>(&'r self, repo: &'r Repo) -> Vec<MissingMount<'r>> {
        let mut found = Vec::new();
        for service in &self.services {
            for mount in &service.mounts {
                let Some(path) = mount.path.as_deref().filter(|_| is_file_of_ours(mount)) else { continue };
                if repo.has(path) || repo.is_left_to_people(path) {
                    continue;
                }
                found.push(MissingMount {
                    service,
                    mount,
                    path,
                    makes_directory: is_short(mount),
                    nearest: repo.like(path),
                    reader: mount.target.as_deref().and_then(|target| repo.reader_of(target)),
                });
            }
        }
        found
    }
}

fn is_file_of_ours(mount: &Mount) -> bool {
    let is_literal = mount.source_raw.as_deref().is_some_and(|raw| !raw.contains('$') && raw.starts_with('.'));
    let ending = |path: &Option<String>| {
        path.as_deref().and_then(|path| Some(Tree::name(path).rsplit_once('.')?.1.to_ascii_lowercase()))
    };
    let (source, target) = (ending(&mount.source), ending(&mount.target));
    mount.kind == MountKind::Bind
        && is_literal
        && source.is_some_and(|end| ENDS.contains(&end.as_str()))
        && target.is_some_and(|end| ENDS.contains(&end.as_str()))
}

impl Repo {
    fn has(&self, path: &str) -> bool {
        self.tree.resolve(path).is_some()
            || self.tree.has_dir(path)
            || self.tree.is_tracked(path)
            || self.tree.in_submodule(path)
    }

    /// Whether somebody is meant to make the file: git ignores it, an example lies beside it, or a command writes it.
    fn is_left_to_people(&self, path: &str) -> bool {
        if self.tree.ignores().rule(path, false).is_some() || self.tree.on_disk(path) {
            return true;
        }
        let (directory, name) = (Tree::parent(path), Tree::name(path));
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let is_example = |other: &str| {
            let other = other.to_ascii_lowercase();
            let says = ["example", "sample", "dist", "template", "tmpl", "default", "j2"]
                .iter()
                .any(|word| other.contains(word));
            says && other.contains(&stem.to_ascii_lowercase())
        };
        let mut beside = self
            .tree
            .below(directory)
            .map(|file| self.tree.path(file))
            .filter(|other| Tree::parent(other) == directory);
        beside.any(|other| is_example(Tree::name(other)))
            || self
                .scripts
                .iter()
                .any(|script| script.text().contains(name) && writes(script, name) && !self.is_in_container(script))
    }

    /// Whether a script runs in a container, where what it writes is not on the host.
    fn is_in_container(&self, script: &Script) -> bool {
        match script.host.outermost() {
            Host::Image { .. } | Host::Service { .. } => true,
            Host::File => self.runs_in_container(script),
            _ => false,
        }
    }

    /// A file beside it whose name starts with its own, or is near it.
    fn like(&self, path: &str) -> Option<FileId> {
        let (directory, name) = (Tree::parent(path), Tree::name(path));
        let beside = || self.tree.below(directory).filter(|file| Tree::parent(self.tree.path(*file)) == directory);
        let starts = beside().find(|file| Tree::name(self.tree.path(*file)).starts_with(name));
        starts.or_else(|| {
            let near = crate::nearest(name, beside().map(|file| Tree::name(self.tree.path(file))))?;
            beside().find(|file| Tree::name(self.tree.path(*file)) == near)
        })
    }

    /// Where a configuration names a path of the container.
    fn reader_of(&self, target: &str) -> Option<Place> {
        let is_configuration = |path: &str| {
            [".conf", ".yml", ".yaml", ".toml", ".cfg", ".ini", ".template"].iter().any(|end| path.ends_with(end))
        };
        self.tree
            .files()
            .filter(|file| {
                is_configuration(self.tree.path(*file)) && self.compose.iter().all(|compose| compose.file != *file)
            })
            .find_map(|file| {
                let source = self.tree.source(file).ok()?;
                let at = memchr::memmem::find(source.text().as_bytes(), target.as_bytes())?;
                Some(Place::new(file, Span::new(at, at + target.len())))
            })
    }
}

/// The short form is one string in which source and target stand. The long one may be told to make no directory.
fn is_short(mount: &Mount) -> bool {
    mount.target_place.start.saturating_sub(mount.source_place.end) <= 1
}

/// Whether a command of a script makes a file of this name.
fn writes(script: &Script, name: &str) -> bool {
    let ends = |word: &Word| script.value(word).pattern().ends_with(name);
    let made = |command: Command<'_>| {
        const MAKERS: &[&str] = &[
            "cp", "mv", "touch", "tee", "install", "ln", "curl", "wget", "openssl", "envsubst", "tar", "unzip",
            "rsync", "scp", "python", "python3",
        ];
        let makes = command.name().is_some_and(|program| MAKERS.contains(&&*program));
        makes && command.args().iter().any(ends)
            || command.redirects().iter().any(|redirect| {
                matches!(
                    redirect.kind,
                    RedirectKind::Write | RedirectKind::Clobber | RedirectKind::Append | RedirectKind::WriteBoth
                ) && ends(&redirect.target)
            })
    };
    script.commands().any(made)
}
