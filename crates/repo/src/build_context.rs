//! Which directory a Dockerfile is built with, which of its files Docker is sent, and who says so.

use crate::compose::{Service, Text as ComposeText};
use crate::docker::Act;
use crate::dockerfile::{Copy, CopyFrom, Stage, Step, StepKind, Text};
use crate::script::Host;
use crate::workflow::setting;
use crate::{DockerIgnore, Dockerfile, Image, Repo};
use twiceshy_source::{Place, Tree};

/// A build: a Dockerfile, the directory it takes its files from, and the ignore file between them.
#[derive(Clone, Debug)]
pub struct BuildContext<'r> {
    /// The Dockerfile.
    pub dockerfile: &'r Dockerfile,
    /// The context, from the root of the tree; `""` is the root itself.
    pub dir: String,
    /// The ignore file in force.
    pub ignore: Option<&'r DockerIgnore>,
    /// The stage that is built; `None`: the last one.
    pub target: Option<String>,
    /// Who builds it so.
    pub builder: Builder,
}

/// Who builds an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builder {
    /// A service of a Compose file: from a working copy, with everything that lies in it.
    Compose(Place),
    /// A workflow: from a fresh clone.
    Workflow(Place),
    /// A script, or a page that tells people what to type: from a working copy.
    Script(Place),
    /// Nobody says; the directory is where the Dockerfile's sources are.
    Guessed,
}

/// A [`BuildContext`] with the positions of its documents in place of them.
#[derive(Debug)]
pub(crate) struct Built {
    dockerfile: usize,
    dir: String,
    ignore: Option<usize>,
    target: Option<String>,
    builder: Builder,
}

impl Built {
    fn of(build: BuildContext<'_>, repo: &Repo) -> Option<Self> {
        let dockerfile = repo.dockerfiles.iter().position(|own| std::ptr::eq(own, build.dockerfile))?;
        let is_own = |ignore: &DockerIgnore| repo.dockerignores.iter().position(|own| std::ptr::eq(own, ignore));
        let ignore = build.ignore.and_then(is_own);
        Some(Self { dockerfile, dir: build.dir, ignore, target: build.target, builder: build.builder })
    }

    fn context<'r>(&self, repo: &'r Repo) -> Option<BuildContext<'r>> {
        Some(BuildContext {
            dockerfile: repo.dockerfiles.get(self.dockerfile)?,
            dir: self.dir.clone(),
            ignore: self.ignore.and_then(|at| repo.dockerignores.get(at)),
            target: self.target.clone(),
            builder: self.builder,
        })
    }
}

impl Repo {
    /// Every build that the repository states, and for Dockerfiles that none names, the likely one.
    pub fn build_contexts(&self) -> Vec<BuildContext<'_>> {
        let all = || self.find_build_contexts().into_iter().filter_map(|build| Built::of(build, self)).collect();
        self.answered.builds.get_or_init(all).iter().filter_map(|build| build.context(self)).collect()
    }

    fn find_build_contexts(&self) -> Vec<BuildContext<'_>> {
        let services = self.projects.iter().flat_map(|project| &project.services);
        let mut found: Vec<BuildContext<'_>> = services.filter_map(|service| service.build_context(self)).collect();
        self.workflow_builds(&mut found);
        self.script_builds(&mut found);
        // A project and its overrides build the same thing; a working copy is what matters.
        let mut seen = Vec::new();
        found.retain(|build| {
            let key = (build.dockerfile.file, build.dir.clone(), build.target.clone());
            let is_new = !seen.contains(&key);
            seen.push(key);
            is_new
        });
        for dockerfile in &self.dockerfiles {
            if !found.iter().any(|build| build.dockerfile.file == dockerfile.file) {
                found.extend(self.guessed_context(dockerfile));
            }
        }
        found
    }

    /// Steps with an action that builds: `docker/build-push-action`, and what takes the same inputs.
    fn workflow_builds<'r>(&'r self, found: &mut Vec<BuildContext<'r>>) {
        for workflow in &self.workflows {
            let root = workflow.root(self);
            for step in workflow.jobs.iter().flat_map(|job| &job.steps) {
                let Some(uses) = &step.uses else { continue };
                let action = uses.text.text.split('@').next().unwrap_or_default();
                if !Tree::name(action).starts_with("build-push") {
                    continue;
                }
                let one_of = |names: &[&str]| names.iter().find_map(|name| setting(&step.with, name));
                // Without a context the action builds from the repository as git serves it, not from files.
                let Some(context) = one_of(&["context", "build-context"]) else { continue };
                let Some(dir) = Tree::join(root, &context.text) else { continue };
                let path = match one_of(&["file", "dockerfile", "dockerfile-path"]) {
                    Some(file) => Tree::join(root, &file.text),
                    None => Tree::join(&dir, "Dockerfile"),
                };
                let target = setting(&step.with, "target").map(|target| target.text.clone());
                let builder = Builder::Workflow(uses.text.place);
                found.extend(path.and_then(|path| self.build(&path, dir, target, builder)));
            }
        }
    }

    /// `docker build` in scripts.
    fn script_builds<'r>(&'r self, found: &mut Vec<BuildContext<'r>>) {
        for call in self.docker_calls() {
            let Act::Build(build) = &call.act else { continue };
            let Some(paths) = self.build_paths(&call, build) else { continue };
            let place = call.words_place();
            let builder = match call.script().host.outermost() {
                Host::Step { .. } => Builder::Workflow(place),
                _ => Builder::Script(place),
            };
            found.extend(self.build(&paths.dockerfile, paths.context, paths.target, builder));
        }
    }

    /// The build of the Dockerfile at `path`, if it is there.
    fn build(&self, path: &str, dir: String, target: Option<String>, builder: Builder) -> Option<BuildContext<'_>> {
        let file = self.tree.resolve(path)?;
        let dockerfile = self.dockerfiles.of(file)?;
        Some(BuildContext { ignore: self.dockerignore(file, &dir), dockerfile, dir, target, builder })
    }

    /// The nearest directory above a Dockerfile in which most of what it copies stands.
    fn guessed_context<'r>(&'r self, dockerfile: &'r Dockerfile) -> Option<BuildContext<'r>> {
        let copies = dockerfile.stages.iter().flat_map(|stage| stage.copies());
        let sources: Vec<_> = copies.flat_map(|(_, copy)| copy.context_sources()).map(|(_, path)| path).collect();
        let stands = |dir: &str| {
            let there = |source: &&String| {
                Tree::join(dir, source).is_some_and(|path| self.tree.file(&path).is_some() || self.tree.has_dir(&path))
            };
            sources.iter().filter(there).count()
        };
        let own = Tree::parent(self.tree.path(dockerfile.file));
        if sources.iter().all(String::is_empty) {
            // `COPY . .` holds anywhere; at the root, or beside what it installs, it means its own directory.
            let is_own = own.is_empty() || self.has_manifest(own);
            return is_own.then(|| BuildContext::around(dockerfile, self));
        }
        let mut dir = own;
        let mut best = (stands(dir), dir);
        while !dir.is_empty() {
            dir = Tree::parent(dir);
            let count = stands(dir);
            if count > best.0 {
                best = (count, dir);
            }
        }
        self.build(self.tree.path(dockerfile.file), best.1.to_owned(), None, Builder::Guessed)
    }

    /// Whether packages are installed from what stands in `dir`, and not from a workspace above it: its members are
    /// built from its root.
    fn has_manifest(&self, dir: &str) -> bool {
        const MANIFESTS: &[&str] = &["package.json", "requirements.txt", "pyproject.toml", "Cargo.toml", "go.mod"];
        let has = |dir: &str, name: &str| Tree::join(dir, name).is_some_and(|path| self.tree.file(&path).is_some());
        let up = |dir: &str| (!dir.is_empty()).then(|| Tree::parent(dir).to_owned());
        MANIFESTS
            .iter()
            .any(|name| has(dir, name) && !std::iter::successors(up(dir), |dir| up(dir)).any(|above| has(&above, name)))
    }
}

impl Service {
    /// How its image is built, if it is built here from a Dockerfile of the tree.
    pub fn build_context<'r>(&self, repo: &'r Repo) -> Option<BuildContext<'r>> {
        let build = self.build.as_ref()?;
        let target = match &build.target {
            Some(target) => Some(target.value()?.to_owned()),
            None => None,
        };
        let path = build.dockerfile_path.as_deref()?;
        repo.build(path, build.context_path.clone()?, target, Builder::Compose(build.place))
    }

    /// The Dockerfile that its image is built from.
    pub fn dockerfile<'r>(&self, repo: &'r Repo) -> Option<&'r Dockerfile> {
        self.build_context(repo).map(|build| build.dockerfile)
    }

    /// The image that everything in it stands on, and the line that names it: its own, or the one at the bottom of its
    /// Dockerfile's stages.
    pub fn base_image(&self, repo: &Repo) -> Option<(Image, Place)> {
        if self.build.is_none() {
            let image = self.image.as_ref()?;
            return Some((Image::parse(image.value()?)?, image.place()));
        }
        let build = self.build_context(repo)?;
        let stage = build.dockerfile.stage(build.target.as_deref())?;
        build.dockerfile.base_image(stage, &|name| self.build_arg(name))
    }

    /// The value of a build argument that its build is given.
    pub(crate) fn build_arg(&self, name: &str) -> Option<String> {
        let arg = self.build.as_ref()?.args.iter().find(|arg| arg.name == name)?;
        arg.value.as_ref().and_then(ComposeText::value).map(str::to_owned)
    }
}

/// A `COPY` or `ADD` that sends a path to Docker.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'r> {
    /// The step.
    pub step: &'r Step,
    /// Its number in its stage.
    pub index: usize,
    /// The number of the stage.
    pub stage: usize,
    /// What it copies.
    pub copy: &'r Copy,
    /// The source that covers the path.
    pub source: &'r Text,
}

impl<'r> BuildContext<'r> {
    /// A Dockerfile with the directory it stands in, where nothing better is known.
    pub(crate) fn around(dockerfile: &'r Dockerfile, repo: &'r Repo) -> Self {
        let dir = Tree::parent(repo.tree.path(dockerfile.file)).to_owned();
        let ignore = repo.dockerignore(dockerfile.file, &dir);
        Self { dockerfile, dir, ignore, target: None, builder: Builder::Guessed }
    }

    /// `path`, given from the root of the tree, as seen from the context; `None` when it lies outside.
    pub fn inside<'p>(&self, path: &'p str) -> Option<&'p str> {
        if self.dir.is_empty() {
            return Some(path);
        }
        path.strip_prefix(self.dir.as_str())?.strip_prefix('/')
    }

    /// The first `COPY` or `ADD` of a directory that `path` (from the context) lies in. A source that names `path` itself
    /// or something in it does not count: whoever wrote it wants it.
    pub fn sweeps(&self, path: &str) -> Option<Sent<'r>> {
        self.sent().into_iter().find_map(|(sent, source)| {
            let covers =
                source.is_empty() || path.strip_prefix(source.as_str()).is_some_and(|rest| rest.starts_with('/'));
            (covers && !sent.copy.leaves_out(path)).then_some(sent)
        })
    }

    /// Whether what is copied becomes a part of the image that is built, and not only of a stage on the way to it.
    pub fn is_in_image(&self, sent: &Sent<'_>) -> bool {
        let stage = self.dockerfile.stage(self.target.as_deref());
        stage.is_some_and(|stage| self.dockerfile.lineage(stage).any(|stage| stage.index == sent.stage))
    }

    /// Whether `path` (from the context), taken along by `sent`, becomes a part of the image, through other stages too:
    /// `COPY --from=build /app /app`. What a step makes of it is not followed.
    pub fn reaches_image(&self, sent: &Sent<'_>, path: &str) -> bool {
        let Some(start) = self.landing(sent, path) else { return self.is_in_image(sent) };
        let Some(built) = self.dockerfile.stage(self.target.as_deref()) else { return false };
        let lineage: Vec<_> = self.dockerfile.lineage(built).map(|stage| stage.index).collect();
        let mut held = vec![(sent.stage, start)];
        // Stages copy from earlier ones only, so that one pass in order is enough.
        let mut stages = self.dockerfile.needed(self.target.as_deref());
        stages.sort_by_key(|stage| stage.index);
        for stage in stages {
            let ancestry: Vec<_> = self.dockerfile.lineage(stage).map(|stage| stage.index).collect();
            let inherited: Vec<_> =
                held.iter().filter(|(of, _)| *of != stage.index && ancestry.contains(of)).cloned().collect();
            held.extend(inherited.into_iter().map(|(_, path)| (stage.index, path)));
            for (index, step) in stage.steps.iter().enumerate() {
                let StepKind::Copy(copy) = &step.kind else { continue };
                let Some(CopyFrom::Stage(from)) = copy.from else { continue };
                let Some(dest) = copy.dest.as_ref().and_then(|dest| absolute(stage, index, dest.known())) else {
                    continue;
                };
                let sources: Vec<_> = copy
                    .sources
                    .iter()
                    .map(|source| source.known().trim_matches('/').trim_start_matches("./"))
                    .collect();
                let brought: Vec<_> = held
                    .iter()
                    .filter(|(of, _)| *of == from)
                    .filter_map(|(_, path)| {
                        let rest = sources.iter().find_map(|source| match *source {
                            "" | "." => Some(path.as_str()),
                            source => path.strip_prefix(source)?.strip_prefix('/'),
                        })?;
                        Some((stage.index, Tree::join(&dest, rest)?))
                    })
                    .collect();
                held.extend(brought);
            }
        }
        held.iter().any(|(stage, _)| lineage.contains(stage))
    }

    /// Where `path` lands in the file system of its stage, without the leading slash.
    fn landing(&self, sent: &Sent<'_>, path: &str) -> Option<String> {
        let stage = self.dockerfile.stages.iter().find(|stage| stage.index == sent.stage)?;
        let (_, source) = self.sent().into_iter().find(|(other, _)| other.source.place == sent.source.place)?;
        let rest = if source.is_empty() { path } else { path.strip_prefix(source.as_str())?.trim_start_matches('/') };
        let dest = absolute(stage, sent.index, sent.copy.dest.as_ref()?.known())?;
        Tree::join(&dest, rest)
    }

    /// Whether the build has to do with the package in the directory `dir` (from the context): it is what `sent` takes, a
    /// member of a workspace there, or named by a step.
    pub fn is_about(&self, repo: &Repo, dir: &str, sent: &Sent<'_>) -> bool {
        let is_node = Tree::join(&self.dir, dir)
            .and_then(|dir| Tree::join(&dir, "package.json"))
            .is_some_and(|path| repo.tree.file(&path).is_some());
        let Some((_, source)) = self.sent().into_iter().find(|(other, _)| other.source.place == sent.source.place)
        else {
            return false;
        };
        // `COPY packages ./packages` takes members of the workspace whose root is the context.
        let above = std::iter::successors(Some(source.as_str()), |dir| (!dir.is_empty()).then(|| Tree::parent(dir)));
        let is_workspace = above.into_iter().any(|dir| {
            let at = |name: &str| {
                let path = Tree::join(&self.dir, dir).and_then(|dir| Tree::join(&dir, name))?;
                repo.tree.file(&path)
            };
            at("pnpm-workspace.yaml").is_some()
                || at("package.json").is_some_and(|file| {
                    repo.tree.source(file).is_ok_and(|source| source.text().contains("\"workspaces\""))
                })
        });
        dir == source || (is_workspace && is_node) || self.steps_name(dir)
    }

    /// Whether a command of the build names `path` (from the context).
    pub fn runs_with(&self, path: &str) -> bool {
        self.dockerfile.stages.iter().flat_map(|stage| &stage.steps).any(|step| match &step.kind {
            StepKind::Run(run) => names_path(&run.command.text(), path),
            _ => false,
        })
    }

    /// Whether a step works in `dir`: `WORKDIR`, a source, or a command names it.
    fn steps_name(&self, dir: &str) -> bool {
        self.dockerfile.stages.iter().flat_map(|stage| &stage.steps).any(|step| match &step.kind {
            StepKind::Run(run) => names_path(&run.command.text(), dir),
            StepKind::Workdir(to) => to.known().trim_end_matches('/').ends_with(dir),
            StepKind::Copy(copy) => copy
                .context_sources()
                .any(|(_, path)| path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))),
            _ => false,
        })
    }

    /// Whether a source names `path` (from the context) or something in it.
    pub fn names(&self, path: &str) -> bool {
        self.sent()
            .iter()
            .any(|(_, source)| source == path || source.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
    }

    /// Every source in the context, with its path; `*` is the whole context. Stages that the build does not need send
    /// nothing.
    pub(crate) fn sent(&self) -> Vec<(Sent<'r>, String)> {
        let mut found = Vec::new();
        for stage in self.dockerfile.needed(self.target.as_deref()) {
            for (index, step) in stage.steps.iter().enumerate().filter(|(_, step)| !step.onbuild) {
                let StepKind::Copy(copy) = &step.kind else { continue };
                for (source, path) in copy.context_sources() {
                    let path =
                        path.strip_suffix("/*").map_or(if path == "*" { "" } else { &path }, |dir| dir).to_owned();
                    found.push((Sent { step, index, stage: stage.index, copy, source }, path));
                }
            }
        }
        found
    }

    /// The paths of the context that steps take, without duplicates; `""` is all of it.
    pub(crate) fn sources(&self) -> Vec<String> {
        let mut sources: Vec<_> = self.sent().into_iter().map(|(_, path)| path).collect();
        sources.sort();
        sources.dedup();
        sources
    }

    /// Whether the ignore file keeps `path` (from the context), a directory or a file, away from Docker; a directory also
    /// when only its content is named.
    pub fn ignores(&self, path: &str) -> bool {
        // Two levels deep: `dir/*` and `dir/**` leave the directory itself and take everything in it.
        self.ignore.is_some_and(|ignore| ignore.excludes(path) || ignore.excludes(&format!("{path}/any/thing")))
    }
}

/// `dest` as a path of the image, without the leading slash, where `WORKDIR` stands before the step `index`.
fn absolute(stage: &Stage, index: usize, dest: &str) -> Option<String> {
    if let Some(dest) = dest.strip_prefix('/') {
        return Tree::join("", dest);
    }
    let workdir = stage.steps.iter().take(index).rev().find_map(|step| match &step.kind {
        StepKind::Workdir(dir) => Some(dir.known()),
        _ => None,
    });
    Tree::join(workdir.unwrap_or("/").trim_start_matches('/'), dest)
}

/// Whether `path` stands in `text` as a path or the start of one, and not in the middle of a word.
fn names_path(text: &str, path: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    text.match_indices(path).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + path.len()..).and_then(|after| after.chars().next());
        before.is_none_or(|c| !is_name(c)) && after.is_none_or(|c| !is_name(c))
    })
}
