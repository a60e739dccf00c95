//! How much memory containers may have, and how much the programs in them are told to take.

use crate::compose::Text;
use crate::docker::DockerCall;
use crate::dockerfile::{CopyFrom, StepKind};
use crate::hints::Words;
use crate::workflow::setting;
use crate::{BuildContext, Focus, Place, Project, Repo, Service, Span, Tree};
use std::sync::LazyLock;
use twiceshy_source::Extract;

/// A heap that a program is told to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heap {
    /// How large, in bytes.
    pub bytes: u64,
    /// The option: `--max-old-space-size=4096`.
    pub place: Place,
    /// Whose it is.
    pub runtime: Runtime,
}

/// Whose heap it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// `--max-old-space-size`
    Node,
    /// `-Xmx`
    Java,
}

/// A heap that does not fit into its container.
#[derive(Clone, Debug)]
pub struct Overfull {
    /// The service or container, as far as it has a name.
    pub name: String,
    /// The heap.
    pub heap: Heap,
    /// The container's memory, in bytes.
    pub limit: u64,
    /// Where it is limited.
    pub limit_place: Place,
}

/// A build that is given less heap than the same app is given elsewhere.
#[derive(Clone, Debug)]
pub struct StarvedBuild {
    /// The smaller heaps, each with where it is given.
    pub starved: Vec<Heap>,
    /// The largest.
    pub other: Heap,
    /// What gives that: `the workflow`.
    pub by: &'static str,
}

/// Variables whose value is options of a runtime.
const OPTIONS: &[&str] = &[
    "NODE_OPTIONS",
    "JAVA_OPTS",
    "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "JVM_OPTS",
    "CATALINA_OPTS",
    "ES_JAVA_OPTS",
    "LS_JAVA_OPTS",
    "OPENSEARCH_JAVA_OPTS",
    "KAFKA_HEAP_OPTS",
];

impl Repo {
    /// The heaps that come near to what their container may have, or exceed it.
    pub fn overfull(&self, focus: Focus) -> Vec<Overfull> {
        let mut found = Vec::new();
        for project in self.projects_around(focus) {
            for service in &project.services {
                let Some(text) = service.memory_limit() else { continue };
                let Some(limit) = text.value().and_then(bytes) else { continue };
                for heap in self.heaps(service) {
                    let (name, limit_place) = (service.name.clone(), text.place());
                    found.push(Overfull { name, heap, limit, limit_place });
                }
            }
        }
        let is_about = |script: &&crate::Script| {
            ["max-old-space", "max_old_space", "-Xmx"].iter().any(|word| script.text().contains(word))
        };
        for script in self.scripts.within(focus).filter(is_about) {
            for call in script.docker_calls() {
                found.extend(overfull_run(&call));
            }
        }
        found
    }

    /// The heaps that a service's program is told to take: of the command where it says so, else of the environment.
    fn heaps(&self, service: &Service) -> Vec<Heap> {
        let build = service.build_context(self);
        let container = crate::health::Container::of(service, build.clone(), self);
        let of_words = container.starts.iter().find_map(in_extract);
        // What `npm start` runs.
        let of_package = || {
            let build = build.as_ref()?;
            let words: Vec<_> = container.starts.iter().flat_map(|text| text.text().split_whitespace()).collect();
            let at = words.iter().position(|word| matches!(Tree::name(word), "npm" | "yarn" | "pnpm" | "bun"))?;
            let name = words.get(at + 1..)?.iter().find(|word| **word != "run" && !word.starts_with('-'))?;
            let dir = service.application(self).map_or(build.dir.as_str(), |application| &application.dir);
            let path = Tree::join(dir, "package.json")?;
            let package = self.node_packages.iter().find(|package| self.tree.path(package.file) == path)?;
            in_extract(&package.script(name)?.command)
        };
        if let Some(heap) = of_words.or_else(of_package) {
            return vec![heap];
        }
        let mut heaps = Vec::new();
        for name in OPTIONS {
            let given = match service.variable(name) {
                Some(variable) => variable.value.as_ref().and_then(in_text),
                None => match self.in_env_files(service, name) {
                    Some(found) => found,
                    None => container.env.iter().rfind(|(own, ..)| own == name).and_then(|(_, value, place)| {
                        let (bytes, _, runtime) = heap(value)?;
                        Some(Heap { bytes, place: *place, runtime })
                    }),
                },
            };
            heaps.extend(given);
        }
        heaps
    }

    /// What the strongest env file of a service that sets `name` says.
    fn in_env_files(&self, service: &Service, name: &str) -> Option<Option<Heap>> {
        service.env_files.iter().rev().find_map(|file| {
            let path = file.path.as_deref()?;
            let env = self.env.iter().find(|env| self.tree.path(env.file) == path)?;
            Some(env.entry(name)?.value.as_ref().and_then(in_text))
        })
    }

    /// Builds of an app that are given a smaller heap than another build of the same app.
    pub fn starved_builds(&self, focus: Focus) -> Vec<StarvedBuild> {
        let mut found = Vec::new();
        // A Dockerfile's, or a build's of a project.
        let is_asked = |file| self.dockerfiles.of(file).is_some() || !self.projects_of(focus).is_empty();
        if matches!(focus, Focus::On(file) if !is_asked(file)) || !self.gives_heaps() {
            return found;
        }
        let all = self.build_contexts();
        for dockerfile in &self.dockerfiles {
            let builds: Vec<&BuildContext<'_>> =
                all.iter().filter(|build| build.dockerfile.file == dockerfile.file).collect();
            let largest =
                self.given_by_workflows(dockerfile.file, &builds).into_iter().chain(self.given_by_packages(&builds));
            // Of several that are as large the first.
            let first = largest.reduce(|one, next| if next.0.bytes > one.0.bytes { next } else { one });
            let Some((other, by)) = first else { continue };
            let mut starved = Vec::new();
            for project in &self.projects {
                for service in &project.services {
                    let Some(build) = &service.build else { continue };
                    if service.dockerfile(self).is_none_or(|own| own.file != dockerfile.file) {
                        continue;
                    }
                    let arg = build.args.iter().find(|arg| arg.name == "NODE_OPTIONS");
                    starved.extend(arg.and_then(|arg| in_text(arg.value.as_ref()?)));
                }
            }
            for stage in dockerfile.needed(None) {
                for step in &stage.steps {
                    match &step.kind {
                        StepKind::Env(variables) => {
                            let variable = variables.iter().find(|variable| variable.name.written == "NODE_OPTIONS");
                            let value = variable.and_then(|variable| variable.value.as_ref());
                            starved.extend(value.and_then(|value| {
                                let (bytes, _, runtime) = heap(value.value.as_deref()?)?;
                                Some(Heap { bytes, place: value.place, runtime })
                            }));
                        }
                        StepKind::Run(run) => {
                            let text = run.command.script();
                            starved.extend(text.filter(|text| builds_app(text.text())).and_then(in_extract));
                        }
                        StepKind::Copy(copy) if matches!(copy.from, Some(CopyFrom::Other(_))) => {}
                        _ => {}
                    }
                }
            }
            starved.retain(|heap| heap.bytes < other.bytes);
            starved.sort_by_key(|heap| heap.place);
            starved.dedup();
            if !starved.is_empty() {
                found.push(StarvedBuild { starved, other, by });
            }
        }
        found
    }

    /// Whether a workflow or a package gives a heap at all.
    fn gives_heaps(&self) -> bool {
        let is_heap = |text: &str| heap(text).is_some();
        let of_env = |env: &[crate::workflow::Setting]| env.iter().any(|setting| is_heap(&setting.value.text));
        let steps = || self.workflows.iter().flat_map(|workflow| &workflow.jobs).flat_map(|job| &job.steps);
        self.node_packages.iter().flat_map(|package| &package.scripts).any(|script| is_heap(script.command.text()))
            || self
                .workflows
                .iter()
                .any(|workflow| of_env(&workflow.env) || workflow.jobs.iter().any(|job| of_env(&job.env)))
            || steps().any(|step| {
                of_env(&step.env) || of_env(&step.with) || step.run.as_ref().is_some_and(|run| is_heap(run.text()))
            })
    }

    /// What workflows give to builds of a Dockerfile, and to builds of the same app outside of it.
    fn given_by_workflows(&self, dockerfile: crate::FileId, builds: &[&BuildContext<'_>]) -> Vec<(Heap, &'static str)> {
        let mut found = Vec::new();
        for workflow in &self.workflows {
            let root = workflow.root(self);
            for job in &workflow.jobs {
                for step in &job.steps {
                    if step.uses.as_ref().is_some_and(|uses| uses.is("docker/build-push-action")) {
                        let context = setting(&step.with, "context").and_then(|dir| Tree::join(root, &dir.text));
                        let file = match setting(&step.with, "file") {
                            Some(file) => Tree::join(root, &file.text),
                            None => context.as_deref().and_then(|dir| Tree::join(dir, "Dockerfile")),
                        };
                        let is_this = file.and_then(|path| self.tree.resolve(&path)) == Some(dockerfile);
                        let args = setting(&step.with, "build-args").filter(|_| is_this);
                        found.extend(args.and_then(|args| {
                            let source = self.tree.source(workflow.file).ok()?;
                            let text = args.place.span().of(source.text());
                            let (bytes, span, runtime) = heap(text)?;
                            let start = args.place.start;
                            let span = Span { start: start + span.start, end: start + span.end };
                            Some((
                                Heap { bytes, place: Place::new(workflow.file, span), runtime },
                                "the workflow that builds it",
                            ))
                        }));
                    } else if let Some(run) = &step.run {
                        let of_env = || {
                            let envs = [&step.env, &job.env, &workflow.env];
                            let given = envs.into_iter().find_map(|env| setting(env, "NODE_OPTIONS"))?;
                            let (bytes, _, runtime) = heap(&given.text)?;
                            Some(Heap { bytes, place: given.place, runtime })
                        };
                        let Some(heap) = in_extract(run).or_else(of_env).filter(|_| builds_app(run.text())) else {
                            continue;
                        };
                        let dir =
                            job.working_directory(workflow, step).map_or("", |dir| dir.text.trim_start_matches("./"));
                        let dir = Tree::join(root, dir).unwrap_or_default();
                        if builds.iter().any(|build| build.dir == dir && (!dir.is_empty() || builds.len() == 1)) {
                            found.push((heap, "the workflow that builds it outside of Docker"));
                        }
                    }
                }
            }
        }
        found
    }

    /// What the build scripts of an app's package give, where its Dockerfile does not run them.
    fn given_by_packages(&self, builds: &[&BuildContext<'_>]) -> Vec<(Heap, &'static str)> {
        let mut found = Vec::new();
        for build in builds {
            let Some(path) = Tree::join(&build.dir, "package.json") else { continue };
            let Some(package) = self.node_packages.iter().find(|package| self.tree.path(package.file) == path) else {
                continue;
            };
            let runs: Vec<String> = build
                .dockerfile
                .stages
                .iter()
                .flat_map(|stage| &stage.steps)
                .filter_map(|step| match &step.kind {
                    StepKind::Run(run) => Some(run.command.text()),
                    _ => None,
                })
                .collect();
            for script in package.scripts.iter().filter(|script| script.name.starts_with("build")) {
                let is_run = |text: &String| runs_script(text, &script.name);
                if !runs.iter().any(is_run) {
                    found.extend(in_extract(&script.command).map(|heap| (heap, "the app's own build script")));
                }
            }
        }
        found
    }

    /// The services of a project that have no limit, and one that has; none where no service has one.
    pub fn unlimited<'p>(&self, project: &'p Project) -> Option<(&'p Text, Vec<&'p Service>)> {
        let limited = |service: &&Service| {
            service.memory_limit().is_some_and(|limit| limit.value().and_then(bytes).is_none_or(|bytes| bytes > 0))
        };
        if self.is_development(project) {
            return None;
        }
        let first = project.services.iter().find(limited)?.memory_limit()?;
        let without = project.services.iter().filter(|service| !limited(service) && service.stays_up(project, self));
        Some((first, without.collect()))
    }
}

/// Whether a command line runs a script of a package: `pnpm build`, `npm run build`; not `pnpm exec vite build`.
fn runs_script(line: &str, script: &str) -> bool {
    let words: Vec<&str> = line.split(|c: char| c.is_whitespace() || ";&|()".contains(c)).collect();
    words.iter().enumerate().any(|(at, word)| {
        let after = || words.iter().skip(at + 1).skip_while(|word| word.starts_with('-') || **word == "run");
        matches!(Tree::name(word), "npm" | "yarn" | "pnpm" | "bun" | "turbo" | "nx")
            && after().take(3).take_while(|word| !matches!(**word, "exec" | "dlx" | "x")).any(|word| *word == script)
    })
}

/// Whether a command builds an app, and does not only install what it needs.
fn builds_app(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "build")
}

/// A container that a command makes, with more heap than memory.
fn overfull_run(call: &DockerCall<'_>) -> Option<Overfull> {
    let run = call.run()?;
    let limit = run.given.get("--memory")?;
    let script = call.script();
    let given = run.env().into_iter().chain(&run.argv).find_map(|arg| {
        let (bytes, span, runtime) = heap(script.written(arg.span))?;
        let span = Span { start: arg.span.start + span.start, end: arg.span.start + span.end };
        Some(Heap { bytes, place: script.place(span), runtime })
    });
    Some(Overfull {
        name: run.name().and_then(|name| name.text()).unwrap_or_default(),
        heap: given?,
        limit: bytes(&limit.text()?)?,
        limit_place: script.place(limit.span),
    })
}

fn in_extract(text: &Extract) -> Option<Heap> {
    let (bytes, span, runtime) = heap(text.text())?;
    Some(Heap { bytes, place: text.place(span), runtime })
}

fn in_text(text: &Text) -> Option<Heap> {
    let (bytes, ..) = heap(text.value()?)?;
    // Where it stands as written; a value that a variable brings stands where the variable does.
    let place = heap(text.raw()).map_or(text.place(), |(_, span, _)| text.place_of(span));
    let runtime = heap(text.value()?)?.2;
    Some(Heap { bytes, place, runtime })
}

/// The heap that options give, in bytes, and where. Of several the last counts.
fn heap(text: &str) -> Option<(u64, Span, Runtime)> {
    const NODE: &[&str] =
        &["--max-old-space-size=", "--max_old_space_size=", "--max-old-space-size ", "--max_old_space_size "];
    static WORDS: LazyLock<Words> = LazyLock::new(|| Words::new(&["-Xmx", "--max"]));
    if !WORDS.has_one_in(text) {
        return None;
    }
    let node = NODE.iter().filter_map(|option| {
        let start = text.rfind(option)?;
        let (number, end) = number(text, start + option.len())?;
        Some((number.checked_mul(1 << 20)?, Span::new(start, end), Runtime::Node))
    });
    let java = text.rfind("-Xmx").and_then(|start| {
        let (number, end) = number(text, start + 4)?;
        let unit = text.get(end..)?.chars().next().map(|unit| unit.to_ascii_lowercase());
        let (factor, end) = match unit {
            Some('k') => (1 << 10, end + 1),
            Some('m') => (1 << 20, end + 1),
            Some('g') => (1 << 30, end + 1),
            _ => (1, end),
        };
        Some((number.checked_mul(factor)?, Span::new(start, end), Runtime::Java))
    });
    node.chain(java).max_by_key(|(_, span, _)| span.start)
}

fn number(text: &str, start: usize) -> Option<(u64, usize)> {
    let rest = text.get(start..)?;
    let len = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some((rest.get(..len)?.parse().ok()?, start + len))
}

/// Bytes as Docker reads them: units are powers of 1024 (docker/go-units, `RAMInBytes`).
pub fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text.get(..end)?.parse().ok()?;
    let factor = match text.get(end..)?.trim() {
        "" | "b" => 1u64,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        "t" | "tb" | "tib" => 1 << 40,
        _ => return None,
    };
    Some((number * factor as f64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_docker_reads_them() {
        assert_eq!(bytes("512m"), Some(512 << 20));
        assert_eq!(bytes("1.5G"), Some(3 << 29));
        assert_eq!(bytes("2gb"), Some(2 << 30));
        assert_eq!(bytes("1GiB"), Some(1 << 30));
        assert_eq!(bytes("8073741824"), Some(8_073_741_824));
        assert_eq!(bytes("50%"), None);
    }

    #[test]
    fn a_script_is_run_by_its_name() {
        assert!(runs_script("cd web && pnpm run build", "build"));
        assert!(runs_script("pnpm --filter web build", "build"));
        assert!(runs_script("yarn build", "build"));
        assert!(!runs_script("pnpm exec vite build", "build"));
        assert!(!runs_script("npx vite build", "build"));
    }

    #[test]
    fn the_last_heap_counts() {
        let heap = |text| heap(text).map(|(bytes, span, _)| (bytes >> 20, span.of(text).to_owned()));
        assert_eq!(heap("--max-old-space-size=512"), Some((512, "--max-old-space-size=512".into())));
        assert_eq!(heap("node --max_old_space_size=256 a.js"), Some((256, "--max_old_space_size=256".into())));
        assert_eq!(heap("-Xms1g -Xmx2G -Dx"), Some((2048, "-Xmx2G".into())));
        assert_eq!(heap("--max-old-space-size=$HEAP"), None);
        assert_eq!(heap("--max-old-space-size-percentage=75"), None);
    }
}
