//! Which part of which project a command acts on.

use super::{ComposeCall, DockerCall};
use crate::script::{Command, Host, Script, Via};
use crate::{Project, Repo, Service};
use twiceshy_source::{FileId, Place, Tree};

/// The projects, and the services in them, that a command of Compose acts on.
#[derive(Clone, Debug)]
pub struct Scope<'r> {
    /// The files that it reads, as far as they are known.
    pub files: Vec<FileId>,
    /// The projects that these files belong to. Files that are passed together need not be one project here: which are
    /// is only known from commands.
    pub projects: Vec<&'r Project>,
    /// The services that it names, or all of them.
    pub services: Vec<(&'r Project, &'r Service)>,
    /// Whether it names services.
    pub is_named: bool,
}

/// How many leading directories of a path on a server are taken off in search of a file of the repository.
const MAX_ABOVE: usize = 12;

impl Repo {
    /// What a command of Compose acts on; `None` where no file of the repository is meant, as far as that can be told.
    pub fn compose_scope<'r>(&'r self, call: &DockerCall<'_>) -> Option<Scope<'r>> {
        let compose = call.compose()?;
        let files = self.compose_files(call, compose);
        let projects: Vec<&Project> =
            self.projects.iter().filter(|project| files.iter().any(|file| project.has_file(*file))).collect();
        if projects.is_empty() {
            return None;
        }
        let mut names: Vec<String> = Vec::new();
        let mut is_known = true;
        for service in &compose.services {
            match service.text() {
                // `--scale web=2` is an option, `scale web=2` an operand.
                Some(text) => names.push(text.split('=').next().unwrap_or_default().to_owned()),
                None => is_known = false,
            }
        }
        let is_named = !compose.services.is_empty();
        let all = projects.iter().flat_map(|project| project.services.iter().map(move |service| (*project, service)));
        let services = match is_named {
            false => all.collect(),
            true => all.filter(|(_, service)| names.contains(&service.name)).collect(),
        };
        let scope = Scope { files, projects, services, is_named };
        (is_known || !scope.services.is_empty()).then_some(scope)
    }

    /// The service whose container has this name: `container_name`, or what Compose makes of project, service and
    /// number. `name` may hold `*` for what is not known.
    pub fn container_service(&self, name: &str) -> Option<(&Project, &Service)> {
        let all =
            || self.projects.iter().flat_map(|project| project.services.iter().map(move |service| (project, service)));
        let own =
            |service: &Service| service.container_name().and_then(|text| text.value()).is_some_and(|own| own == name);
        if let Some(found) = all().find(|(_, service)| own(service)) {
            return Some(found);
        }
        let stem = name.strip_suffix("-1").or_else(|| name.strip_suffix("_1"))?;
        let separator = if name.ends_with("-1") { '-' } else { '_' };
        let ends = |service: &Service| {
            stem.strip_suffix(service.name.as_str())
                .is_some_and(|project| project.len() > 1 && project.ends_with(separator))
        };
        // `x-api-worker-1` is the worker of `x-api`, or `api-worker` of `x`: the longer name is likelier.
        all()
            .filter(|(_, service)| service.container_name().is_none() && ends(service))
            .max_by_key(|(_, service)| service.name.len())
    }

    /// The files of the repository that a command of Compose reads.
    fn compose_files(&self, call: &DockerCall<'_>, compose: &ComposeCall) -> Vec<FileId> {
        let directories = match compose.directory() {
            Some(directory) => {
                let unknown = self.unknown_dirs(call.script(), call.script().written(directory.span));
                self.directories_of(&unknown, &self.script_dirs(call.script()), &directory.pattern())
            }
            None => self.directories_at(call.command),
        };
        let mut given: Vec<String> = compose.files().iter().map(|file| file.pattern()).collect();
        if given.is_empty() {
            // What `COMPOSE_FILE` names is read where no `-f` is given.
            let named = call.script().value_of("COMPOSE_FILE").likely().filter(|files| !files.is_empty());
            given.extend(named.iter().flat_map(|files| files.split(':')).map(str::to_owned));
        }
        if !given.is_empty() {
            let mut files: Vec<FileId> = Vec::new();
            for path in &given {
                let unknown = || self.unknown_dirs(call.script(), call.script().written(call.command.span()));
                files.extend(self.named_compose_file(&unknown, &directories, path));
            }
            return files;
        }
        if !compose.globals.is_whole {
            return Vec::new();
        }
        const DEFAULT: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
        for dir in &directories {
            // Compose looks in the directories above, too.
            let mut above = Some(dir.as_str());
            while let Some(dir) = above {
                let here = DEFAULT.iter().find_map(|name| self.tree.resolve(&Tree::join(dir, name)?));
                if let Some(file) = here {
                    return vec![file];
                }
                above = (!dir.is_empty()).then(|| Tree::parent(dir));
            }
        }
        Vec::new()
    }

    /// The compose file that `path` means, `*` standing for what is not known of it.
    fn named_compose_file(
        &self,
        unknown: &dyn Fn() -> Vec<String>,
        directories: &[String],
        path: &str,
    ) -> Option<FileId> {
        let is_compose = |file: &FileId| self.compose.iter().any(|compose| compose.file == *file);
        let at = |dir: &str, path: &str| self.tree.resolve(&Tree::join(dir, path)?).filter(is_compose);
        let tail = path.rsplit('*').next().unwrap_or_default();
        if path.contains('*') {
            // `$HERE/../compose.yml`: from the script, or from the top.
            let tail = tail.trim_start_matches('/');
            if tail.is_empty() {
                return None;
            }
            let found = unknown().iter().chain(directories).find_map(|dir| at(dir, tail));
            return found.or_else(|| self.by_suffix(tail));
        }
        if path.starts_with(['/', '~']) {
            return self.by_suffix(path.trim_start_matches(['~', '/']));
        }
        directories.iter().find_map(|dir| at(dir, path)).or_else(|| self.by_suffix(path))
    }

    /// The one compose file whose path ends like `path`, directories of a server before it left out.
    fn by_suffix(&self, path: &str) -> Option<FileId> {
        let mut rest = path;
        for _ in 0..MAX_ABOVE {
            let ends = |file: FileId| {
                let own = self.tree.path(file);
                own.strip_suffix(rest).is_some_and(|before| before.is_empty() || before.ends_with('/'))
            };
            let mut found = self.compose.iter().map(|compose| compose.file).filter(|file| ends(*file));
            match (found.next(), found.next()) {
                (Some(file), None) => return Some(file),
                // Of several the one at the top, if there is one.
                (Some(_), Some(_)) => return self.tree.file(rest),
                _ => rest = rest.split_once('/')?.1,
            }
        }
        None
    }

    /// The directories, from the root of the tree, that a command may run in, the likeliest first: where the last `cd`
    /// before it leads, the step's or script's own directory, the root.
    pub fn directories_at(&self, command: Command<'_>) -> Vec<String> {
        let script = command.script;
        let homes = self.script_dirs(script);
        let mut before: Vec<Command<'_>> = script
            .dominators(command.id)
            .into_iter()
            .filter(|other| other.id != command.id && matches!(other.name().as_deref(), Some("cd" | "pushd")))
            .collect();
        before.sort_by(|a, b| {
            if script.runs_before(a.id, b.id) { std::cmp::Ordering::Less } else { std::cmp::Ordering::Greater }
        });
        let mut directories = homes.clone();
        for cd in before {
            // `cd "$(dirname "$0")"` and back: what is not known starts again from the script.
            let Some(to) = cd
                .args()
                .iter()
                .rfind(|word| !word.literal().is_some_and(|text| text.starts_with("--") || text == "-P"))
            else {
                continue;
            };
            let unknown = self.unknown_dirs(script, script.written(to.span));
            let next = self.directories_of(&unknown, &directories, &script.value(to).pattern());
            if !next.is_empty() {
                directories = next;
            }
        }
        directories
    }

    /// What the unknown part of `written` may mean: the script's own directory or one above it (`$(dirname "$0")/..`), the
    /// top of the repository (`$(git rev-parse --show-toplevel)`, `$REPO_ROOT`).
    pub(crate) fn unknown_dirs(&self, script: &Script, written: &str) -> Vec<String> {
        let (text, above) = explained(script, written);
        let mut homes = self.script_dirs(script);
        let own = match script.host.outermost() {
            Host::CommandLine { directory } => directory.clone(),
            _ => Tree::parent(self.tree.path(script.file)).to_owned(),
        };
        if says_where_it_stands(&text) {
            let home = (0..above).fold(own.as_str(), |dir, _| Tree::parent(dir)).to_owned();
            homes.insert(0, home);
        } else if text.contains("toplevel") || text.to_ascii_uppercase().contains("ROOT") {
            homes.insert(0, String::new());
        } else {
            homes.insert(0, own);
        }
        homes
    }

    /// Whether `written`, whose value is not known, is a directory of the repository and not one that a script makes or is
    /// told: it says where the script stands, where the repository has its top, or is a variable from outside with the
    /// name of either.
    pub(crate) fn is_of_the_repository(&self, script: &Script, written: &str) -> bool {
        let (text, _) = explained(script, written);
        let is_given = text.trim() == written.trim();
        let name = written.to_ascii_uppercase();
        says_where_it_stands(&text)
            || text.contains("toplevel")
            || !text.contains("cd ") && (text.contains("PWD") || text.contains("pwd"))
            || is_given && ["ROOT", "REPO", "WORKSPACE", "HERE", "SCRIPT"].iter().any(|word| name.contains(word))
    }

    /// The directories that `path` may mean from `from`; `unknown` are those that the unknown part of it may mean.
    pub(crate) fn directories_of(&self, unknown: &[String], from: &[String], path: &str) -> Vec<String> {
        let is_there = |dir: &String| dir.is_empty() || self.tree.has_dir(dir) || self.is_mounted_from(dir);
        let joined = |bases: &[String], path: &str| -> Vec<String> {
            let all = bases.iter().filter_map(|base| Tree::join(base, path)).filter(is_there);
            let mut found: Vec<String> = Vec::new();
            for dir in all {
                if !found.contains(&dir) {
                    found.push(dir);
                }
            }
            found
        };
        if let Some((_, tail)) = path.rsplit_once('*') {
            return match tail.trim_start_matches('/') {
                "" | "." => unknown.first().cloned().into_iter().collect(),
                tail => joined(unknown, tail),
            };
        }
        if path.starts_with(['/', '~']) {
            // A place on a server: the repository, or a directory of it.
            let mut rest = path.trim_start_matches(['~', '/']).trim_end_matches('/');
            while let Some((_, tail)) = rest.split_once('/') {
                rest = tail;
                if self.tree.has_dir(rest) {
                    return vec![rest.to_owned()];
                }
            }
            return vec![String::new()];
        }
        joined(from, path)
    }

    /// Whether a service mounts this directory, which git need not have, or one below it.
    fn is_mounted_from(&self, dir: &str) -> bool {
        let mut mounts = self.projects.iter().flat_map(|project| &project.services).flat_map(|service| &service.mounts);
        mounts.any(|mount| mount.path.as_deref().is_some_and(|path| crate::is_at_or_below(path, dir)))
    }

    /// The directories that a script may start in.
    fn script_dirs(&self, script: &Script) -> Vec<String> {
        let path = self.tree.path(script.file);
        let own = Tree::parent(path).to_owned();
        let mut dirs = match script.host.outermost() {
            Host::Step { .. } => {
                let Some(workflow) = self.workflows.of(script.file) else {
                    return vec![String::new()];
                };
                let root = workflow.root(self).to_owned();
                let at = script.place(twiceshy_source::Span::default());
                let steps = workflow.jobs.iter().flat_map(|job| &job.steps);
                let step = steps.filter(|step| {
                    step.place.file == at.file && step.place.start <= at.start && at.start <= step.place.end
                });
                let dir = step.filter_map(|step| step.working_directory.as_ref()).next();
                let dir = dir.and_then(|dir| Tree::join(&root, &dir.text));
                dir.into_iter().chain([root]).collect()
            }
            Host::Recipe { .. } | Host::Package { .. } => vec![own],
            Host::Fence { .. } => vec![own, String::new()],
            Host::File => vec![String::new(), own],
            Host::CommandLine { directory } => vec![directory.clone()],
            _ => vec![String::new()],
        };
        if matches!(&script.host, Host::Inside { via: Via::Ssh | Via::Container, .. }) {
            dirs = vec![String::new()];
        }
        let mut found: Vec<String> = Vec::new();
        for dir in dirs {
            if !found.contains(&dir) {
                found.push(dir);
            }
        }
        found
    }
}

impl DockerCall<'_> {
    /// Where the words of the call stand in the file.
    pub fn words_place(&self) -> Place {
        self.command.words_place()
    }
}

/// `written` with what its variables are given, and how many directories above the script that means.
fn explained(script: &Script, written: &str) -> (String, usize) {
    // What follows a substitution is known, and joined later.
    let substitution = |text: &str| text.rfind(')').map_or(0, |end| text[..end].matches("/..").count());
    let mut above = substitution(written);
    let mut text = written.to_owned();
    for _ in 0..2 {
        // Of variables what they are given, so that `$HERE` says where it is.
        let names: Vec<&str> = text.split('$').skip(1).map(|rest| rest.trim_start_matches('{')).collect();
        let names = names
            .iter()
            .map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default());
        let values =
            names.flat_map(|name| script.assignments(name)).filter_map(|(_, assignment)| assignment.value.as_ref());
        let more: Vec<&str> =
            values.map(|word| script.written(word.span)).filter(|more| !text.contains(more)).collect();
        above += more.iter().map(|more| substitution(more)).sum::<usize>();
        text = format!("{text} {}", more.join(" "));
    }
    (text, above)
}

/// Whether an expression asks for the place of its own script.
fn says_where_it_stands(text: &str) -> bool {
    ["dirname", "BASH_SOURCE", "$0", "%/*}"].iter().any(|word| text.contains(word))
}
