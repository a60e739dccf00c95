//! Images that install a package without another one of this repository that it needs.

use super::{Ecosystem, LocalNeed, LocalPackage};
use crate::dockerfile::{CopyFrom, Stage, Step, StepKind, Text};
use crate::{BuildContext, Repo};
use twiceshy_source::{Place, Tree};

/// A package that an image needs and is not given.
#[derive(Debug)]
pub struct MissingPackage<'r> {
    /// The build.
    pub build: BuildContext<'r>,
    /// The step that installs.
    pub step: &'r Step,
    /// With what.
    pub installer: Installer,
    /// The package that is there.
    pub package: LocalPackage,
    /// What it needs.
    pub need: LocalNeed,
    /// What brings the package that is there.
    pub source: &'r Text,
    /// When what it needs comes.
    pub when: When,
    /// Whether it lies outside of the context, so that no `COPY` could bring it.
    pub is_outside: bool,
    /// The line of the ignore file that keeps it from the build.
    pub ignored: Option<Place>,
    /// Whether what is missing needs packages of other repositories in turn.
    pub need_has_needs: bool,
    /// Whether the lock file is there, by which the installer goes.
    pub is_locked: bool,
}

/// When a package comes that another one needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Never.
    Never,
    /// After what needs it was installed.
    Later(Place),
}

/// What installs packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the programs' own")]
pub enum Installer {
    Npm,
    Pnpm,
    Yarn,
    Bun,
    Uv,
    Poetry,
    Cargo,
}

impl Installer {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn => "Yarn",
            Self::Bun => "Bun",
            Self::Uv => "uv",
            Self::Poetry => "Poetry",
            Self::Cargo => "Cargo",
        }
    }

    fn ecosystem(self) -> Ecosystem {
        match self {
            Self::Npm | Self::Pnpm | Self::Yarn | Self::Bun => Ecosystem::Node,
            Self::Uv | Self::Poetry => Ecosystem::Python,
            Self::Cargo => Ecosystem::Cargo,
        }
    }

    fn locks(self) -> &'static [&'static str] {
        match self {
            Self::Npm => &["package-lock.json", "npm-shrinkwrap.json"],
            Self::Pnpm => &["pnpm-lock.yaml"],
            Self::Yarn => &["yarn.lock"],
            Self::Bun => &["bun.lock", "bun.lockb"],
            Self::Uv => &["uv.lock"],
            Self::Poetry => &["poetry.lock"],
            Self::Cargo => &["Cargo.lock"],
        }
    }

    fn manifest(self) -> &'static str {
        match self.ecosystem() {
            Ecosystem::Node => "package.json",
            Ecosystem::Python => "pyproject.toml",
            Ecosystem::Cargo => "Cargo.toml",
        }
    }

    /// The program that a `RUN` installs everything with that the manifests name.
    fn of(text: &str) -> Option<Self> {
        text.split(['\n', ';', '|']).flat_map(|line| line.split("&&")).find_map(Self::of_command)
    }

    fn of_command(command: &str) -> Option<Self> {
        let words: Vec<&str> = command.split_whitespace().collect();
        let known = ["npm", "pnpm", "yarn", "bun", "uv", "poetry", "cargo"];
        let at = words.iter().position(|word| known.contains(word))?;
        let after = &words[at + 1..];
        let mut operands = after.iter().filter(|word| !word.starts_with('-'));
        let verb = operands.next().copied().unwrap_or_default();
        let has = |flags: &[&str]| after.iter().any(|word| flags.contains(word));
        if has(&["-g", "--global", "--help", "--version", "-v"]) {
            return None;
        }
        // `npm install express` adds a package; a filter picks some, and needs what those need.
        let nothing_more = operands.next().is_none() || has(&["--filter", "-F", "--workspace", "-w", "--prefix"]);
        let local = ["--no-install-workspace", "--no-install-local", "--no-sources", "--no-directory", "--only-group"];
        match words[at] {
            "npm" => (verb == "ci" || nothing_more && matches!(verb, "i" | "install")).then_some(Self::Npm),
            "pnpm" => (nothing_more && matches!(verb, "i" | "install")).then_some(Self::Pnpm),
            "yarn" => (nothing_more && matches!(verb, "" | "install")).then_some(Self::Yarn),
            "bun" => (nothing_more && matches!(verb, "i" | "install" | "ci")).then_some(Self::Bun),
            "uv" => (verb == "sync" && !has(&local)).then_some(Self::Uv),
            "poetry" => (verb == "install" && !has(&local)).then_some(Self::Poetry),
            _ => matches!(verb, "build" | "install" | "test" | "run" | "fetch" | "chef").then_some(Self::Cargo),
        }
    }
}

/// A path of the context that a stage has from some step on.
struct Brought<'r> {
    /// The stage's place in the order of the file, and the step's in it.
    at: (usize, usize),
    source: &'r Text,
    /// From the root of the tree; of a pattern the part before its first `*`.
    path: String,
    is_pattern: bool,
}

impl Repo {
    /// Packages of this repository that builds install without another one that they need.
    pub fn missing_packages(&self) -> Vec<MissingPackage<'_>> {
        let mut found = Vec::new();
        let mut known: Vec<(Ecosystem, Vec<LocalPackage>)> = Vec::new();
        for build in self.build_contexts() {
            for stage in build.dockerfile.needed(build.target.as_deref()) {
                for (index, step) in stage.steps.iter().enumerate().filter(|(_, step)| !step.onbuild) {
                    let StepKind::Run(run) = &step.kind else { continue };
                    let Some(installer) = Installer::of(&run.command.text()) else { continue };
                    let ecosystem = installer.ecosystem();
                    if !known.iter().any(|(of, _)| *of == ecosystem) {
                        known.push((ecosystem, self.local_packages(ecosystem)));
                    }
                    let packages = known.iter().find(|(of, _)| *of == ecosystem).map(|(_, packages)| packages);
                    self.missing_at(&build, stage, index, installer, packages.map_or(&[], Vec::as_slice), &mut found);
                }
            }
        }
        found
    }

    fn missing_at<'r>(
        &'r self,
        build: &BuildContext<'r>,
        stage: &'r Stage,
        index: usize,
        installer: Installer,
        packages: &[LocalPackage],
        found: &mut Vec<MissingPackage<'r>>,
    ) {
        let Some(brought) = self.brought(build, stage, index) else { return };
        let Some(step) = stage.steps.get(index) else { return };
        let at = (stage.index, index);
        let manifest = |dir: &str| Tree::join(dir, installer.manifest());
        let has = |dir: &str, until: (usize, usize)| -> Option<&Brought<'r>> {
            let manifest = manifest(dir)?;
            brought
                .iter()
                .filter(|brought| brought.at < until)
                .find(|brought| self.brings(build, brought, dir, &manifest))
        };
        for package in packages {
            let Some(source) = has(&package.dir, at) else { continue };
            // A manifest that another way of installing reads is no member's: its own directory is the one that counts.
            for need in &package.needs {
                if has(&need.dir, at).is_some() || is_made(build, stage, index, &need.dir) {
                    continue;
                }
                let later = has(&need.dir, (usize::MAX, 0));
                let when = later.map_or(When::Never, |later| When::Later(later.source.place));
                let locks = installer.locks().iter();
                let is_locked = brought.iter().filter(|brought| brought.at < at).any(|brought| {
                    locks.clone().any(|lock| Tree::name(&brought.path) == *lock)
                        || brought.is_pattern && locks.clone().any(|lock| brought.source.written.contains(*lock))
                        || locks.clone().any(|lock| {
                            Tree::join(&brought.path, lock).is_some_and(|path| self.tree.file(&path).is_some())
                        })
                });
                let is_outside = build.inside(&need.dir).is_none();
                let inside = manifest(&need.dir).and_then(|manifest| build.inside(&manifest).map(str::to_owned));
                let ignored = inside.and_then(|inside| build.ignore?.rule(&inside)).map(|line| line.place);
                let need_has_needs = packages.iter().any(|other| other.dir == need.dir && other.has_other_needs);
                found.push(MissingPackage {
                    build: build.clone(),
                    step,
                    installer,
                    package: package.clone(),
                    need: need.clone(),
                    source: source.source,
                    when,
                    is_outside,
                    ignored,
                    need_has_needs,
                    is_locked,
                });
            }
        }
    }

    /// Whether a source brings the manifest of the package in `dir`.
    fn brings(&self, build: &BuildContext<'_>, brought: &Brought<'_>, dir: &str, manifest: &str) -> bool {
        if brought.is_pattern {
            return manifest.starts_with(&brought.path);
        }
        let covers = |path: &str, inside: &str| {
            path.is_empty() || inside.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let is_own = brought.path == manifest || covers(&brought.path, dir);
        let ignored = || {
            let inside = build.inside(manifest)?;
            build.ignore?.rule(inside)
        };
        is_own && build.inside(manifest).is_some() && ignored().is_none()
    }

    /// What a stage has of the context, in order, and after it what other stages take; `None` where not all of it can be
    /// known: a source with a variable, files from another stage before the step.
    fn brought<'r>(&self, build: &BuildContext<'r>, stage: &'r Stage, index: usize) -> Option<Vec<Brought<'r>>> {
        let lineage: Vec<usize> = build.dockerfile.lineage(stage).map(|stage| stage.index).collect();
        let mut brought = Vec::new();
        for other in build.dockerfile.needed(build.target.as_deref()) {
            let is_before = lineage.contains(&other.index);
            for (at, step) in other.steps.iter().enumerate().filter(|(_, step)| !step.onbuild) {
                let counts_before = is_before && (other.index != stage.index || at < index);
                // What a stage that this one does not build on takes comes too late for it, wherever it stands.
                let order =
                    if counts_before || other.index == stage.index { (other.index, at) } else { (usize::MAX - 1, at) };
                match &step.kind {
                    StepKind::Copy(copy) if copy.from.is_some() => {
                        let Some(CopyFrom::Stage(_)) = copy.from else { continue };
                        let is_tool = |source: &Text| {
                            let path = source.known();
                            let name = Tree::name(path.trim_end_matches('/'));
                            matches!(name, "node_modules" | ".venv" | "bin" | "target")
                                || path.starts_with("/usr")
                                || path.starts_with("/root")
                                || path.starts_with("/opt")
                        };
                        if counts_before && !copy.sources.iter().all(is_tool) {
                            return None;
                        }
                    }
                    StepKind::Copy(copy) => {
                        if counts_before
                            && copy.sources.iter().any(|source| source.value.is_none() || source.written.contains('$'))
                        {
                            return None;
                        }
                        for (source, path) in copy.context_sources() {
                            brought.extend(at_root(build, source, &path, order));
                        }
                    }
                    StepKind::Run(run) => {
                        for mount in &run.mounts {
                            let options: Vec<&str> = mount.written.split(',').collect();
                            let option = |names: &[&str]| {
                                options.iter().find_map(|option| {
                                    let (key, value) = option.split_once('=')?;
                                    names.contains(&key.trim_start_matches("--mount=")).then_some(value)
                                })
                            };
                            let is_bind = option(&["type"]).is_none_or(|kind| kind == "bind");
                            // A mount is there for its own step.
                            let is_own = other.index == stage.index && at == index;
                            if is_bind && is_own && option(&["from"]).is_none() {
                                let path = Tree::join("", option(&["source", "src"]).unwrap_or("."))?;
                                brought.extend(at_root(build, mount, &path, (stage.index, index.saturating_sub(1))));
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        Some(brought)
    }
}

fn at_root<'r>(build: &BuildContext<'_>, source: &'r Text, path: &str, at: (usize, usize)) -> Option<Brought<'r>> {
    let is_pattern = path.contains(['*', '?', '[']);
    let known = path.split(['*', '?', '[']).next().unwrap_or_default();
    let path = Tree::join(&build.dir, known)?;
    let path = if is_pattern && known.ends_with('/') && !path.is_empty() { format!("{path}/") } else { path };
    Some(Brought { at, source, path, is_pattern })
}

/// Whether a step before makes the package's directory, or changes manifests.
fn is_made(build: &BuildContext<'_>, stage: &Stage, index: usize, dir: &str) -> bool {
    let lineage: Vec<usize> = build.dockerfile.lineage(stage).map(|stage| stage.index).collect();
    let stages = build.dockerfile.stages.iter().filter(|other| lineage.contains(&other.index));
    stages.into_iter().any(|other| {
        let until = if other.index == stage.index { index + 1 } else { other.steps.len() };
        other.steps.iter().take(until).any(|step| match &step.kind {
            StepKind::Run(run) => {
                let text = run.command.text();
                let name = Tree::name(dir);
                [
                    "mkdir",
                    "git clone",
                    "sed -i",
                    "jq ",
                    "npm pkg",
                    "cargo init",
                    "cargo new",
                    "prune",
                    "rm ",
                    "printf",
                    "echo ",
                ]
                .iter()
                .any(|word| text.contains(word))
                    && (text.contains(name)
                        || text.contains("package.json")
                        || text.contains(".toml")
                        || text.contains("prune"))
            }
            _ => false,
        })
    })
}
