//! Restarts after a change of an env file: a container keeps the environment that it was made with.

use crate::docker::{Act, DockerCall, Verb};
use crate::script::{Command, Host, RedirectKind, Script, Word};
use crate::{Focus, Project, Repo, Service};
use rustc_hash::FxHashSet;
use twiceshy_source::{Edit, Place, Tree};

/// A restart that leaves a service with the environment from before a change of its env file.
#[derive(Debug)]
pub struct StaleEnv<'r> {
    /// The words that restart.
    pub place: Place,
    /// The project and service.
    pub service: (&'r Project, &'r Service),
    /// How many more services it leaves so.
    pub others: usize,
    /// The env file, as it is changed.
    pub file: String,
    /// What changes it; of a page the words that tell people to.
    pub change: Place,
    /// Whether a page only tells people to change it.
    pub is_told: bool,
    /// Whether the restart, too, stands in instructions for people.
    pub is_page: bool,
    /// What gives the service this file, or a variable of it.
    pub given: Place,
    /// What makes the containers anew instead.
    pub edit: Option<Edit>,
}

/// A change of an env file.
struct Change {
    place: Place,
    /// As written, `*` for what is not known.
    path: String,
    /// The directories it may be relative to.
    dirs: Vec<String>,
    is_told: bool,
    /// Where the command stands, in its script.
    at: Option<(usize, crate::script::NodeId)>,
    order: u32,
}

impl Repo {
    /// Restarts of services after a change of an env file that feeds them, with nothing that makes them anew.
    pub fn stale_env(&self, focus: Focus) -> Vec<StaleEnv<'_>> {
        let mut found = Vec::new();
        if self.projects.is_empty() {
            return found;
        }
        let restarts = self.scripts.iter().enumerate().filter(|(_, script)| focus.is_on(script.file));
        let restarts: Vec<usize> = restarts.filter(|(_, script)| mentions_restart(script)).map(|(at, _)| at).collect();
        let mut done: Vec<usize> = Vec::new();
        for first in restarts {
            if done.contains(&first) {
                continue;
            }
            let group = self.group(first);
            done.extend(&group);
            self.stale_in(&group, &mut found);
        }
        found.sort_by_key(|stale| stale.place);
        found
    }

    /// The scripts that run one after another with the script `first`: of one file, one job, one section of a page.
    fn group(&self, first: usize) -> Vec<usize> {
        let script = &self.scripts[first];
        let near = self.scripts.iter().enumerate().filter(|(_, other)| other.file == script.file);
        near.filter(|(_, other)| goes_with(script.host.outermost(), other.host.outermost())).map(|(at, _)| at).collect()
    }

    fn stale_in<'r>(&'r self, group: &[usize], found: &mut Vec<StaleEnv<'r>>) {
        let mut changes = Vec::new();
        let mut calls: Vec<(usize, DockerCall<'_>)> = Vec::new();
        for &at in group {
            let script = &self.scripts[at];
            self.changes(at, script, &mut changes);
            calls.extend(script.docker_calls().into_iter().map(|call| (at, call)));
        }
        if changes.is_empty() {
            return;
        }
        // Whoever makes containers anew anywhere after, or takes them away, knows.
        let order = |call: &DockerCall<'_>| call.words_place().start;
        for (at, call) in &calls {
            let is_restart = match &call.act {
                Act::Containers(containers) => containers.verb == Verb::Restart,
                Act::Compose(compose) => compose.verb == "restart",
                _ => false,
            };
            let stopped =
                || calls.iter().any(|(_, other)| order(other) < order(call) && verb(other) == Some(Verb::Stop));
            let starts_again = verb(call) == Some(Verb::Start) && stopped();
            if !is_restart && !starts_again {
                continue;
            }
            let Some(change) = changes.iter().rfind(|change| self.comes_before(change, *at, call)) else { continue };
            let is_made_anew = calls.iter().any(|(_, other)| {
                order(other) > change.order
                    && match &other.act {
                        Act::Compose(compose) => compose.recreates() || compose.removes(),
                        Act::Containers(containers) => containers.verb == Verb::Remove,
                        Act::Run(_) => true,
                        Act::Other(words) => words.first().is_some_and(|word| word.is("stack") || word.is("service")),
                        _ => false,
                    }
            });
            if is_made_anew {
                continue;
            }
            let mut fed: Vec<_> = self
                .restarted(call)
                .into_iter()
                .filter_map(|(project, service)| Some(((project, service), self.feeds(project, service, change)?)))
                .collect();
            // One that several projects share is one.
            let mut known = FxHashSet::default();
            fed.retain(|((_, service), _)| known.insert(service.place));
            let Some(&(service, given)) = fed.first() else { continue };
            found.push(StaleEnv {
                place: call.words_place(),
                service,
                others: fed.len() - 1,
                file: Tree::name(&change.path).to_owned(),
                change: change.place,
                is_told: change.is_told,
                is_page: matches!(call.script().host.outermost(), Host::Fence { .. }),
                given,
                edit: made_anew(call),
            });
        }
    }

    /// Whether a change is made before a call, as far as both run.
    fn comes_before(&self, change: &Change, at: usize, call: &DockerCall<'_>) -> bool {
        match change.at {
            Some((script, id)) if script == at => self.scripts[at].can_follow(id, call.command.id),
            _ => change.order < call.words_place().start,
        }
    }

    /// The services that a call restarts.
    fn restarted(&self, call: &DockerCall<'_>) -> Vec<(&Project, &Service)> {
        match &call.act {
            Act::Compose(_) => self.compose_scope(call).map(|scope| scope.services).unwrap_or_default(),
            Act::Containers(containers) => {
                containers.containers.iter().filter_map(|name| self.container_service(&name.pattern())).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What gives a service the file that is changed: its `env_file`, or a variable that Compose takes from `.env`.
    fn feeds(&self, project: &Project, service: &Service, change: &Change) -> Option<Place> {
        let paths: Vec<String> = change.dirs.iter().filter_map(|dir| Tree::join(dir, &change.path)).collect();
        let is_known = !change.path.contains('*') && !change.path.starts_with(['/', '~']) && !change.path.contains(':');
        let name = Tree::name(&change.path);
        let is_it = |path: &str| Tree::name(path) == name && (!is_known || paths.iter().any(|own| own == path));
        // Mounted, it is read again by whatever starts in the container.
        let is_mounted = service.mounts.iter().filter_map(|mount| mount.path.as_deref()).any(|path| {
            is_it(path) || paths.iter().any(|own| own.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
        });
        if is_mounted {
            return None;
        }
        let direct = service.env_files.iter().find(|file| file.path.as_deref().is_some_and(is_it));
        if let Some(file) = direct {
            return Some(file.text.place());
        }
        let interpolated = Tree::join(&project.dir, ".env")?;
        if !is_it(&interpolated) {
            return None;
        }
        service
            .environment
            .iter()
            .find(|variable| match &variable.value {
                // A bare name, or `${NAME}`: what `.env` says.
                None => true,
                Some(text) => !text.variables().is_empty(),
            })
            .map(|variable| variable.place)
    }

    /// The changes of env files that a script makes, or that the page around it tells people to make.
    fn changes(&self, at: usize, script: &Script, changes: &mut Vec<Change>) {
        for command in script.commands() {
            for (word, path) in changed_env_files(command) {
                let place = script.place(word.span);
                let dirs = self.directories_at(command);
                changes.push(Change {
                    place,
                    path,
                    dirs,
                    is_told: is_editor(command),
                    at: Some((at, command.id)),
                    order: place.start,
                });
            }
        }
        if let Host::Fence { before, .. } = &script.host
            && let Some(path) = told(before)
        {
            let start = script.place(twiceshy_source::Span::default());
            let own = Tree::parent(self.tree.path(script.file)).to_owned();
            let Some(place) = self.sentence(start, &path) else { return };
            changes.push(Change {
                place,
                path,
                dirs: vec![own, String::new()],
                is_told: true,
                at: None,
                order: place.start,
            });
        }
    }

    /// Where `path` is named last before `start`, in the file's text.
    fn sentence(&self, start: Place, path: &str) -> Option<Place> {
        let source = self.tree.source(start.file).ok()?;
        let text = source.text().get(..start.start as usize)?;
        let at = text.rfind(path)? as u32;
        Some(Place { file: start.file, start: at, end: at + path.len() as u32 })
    }
}

fn goes_with(one: &Host, other: &Host) -> bool {
    match (one, other) {
        (Host::File, Host::File) => true,
        (Host::Step { job, .. }, Host::Step { job: other, .. }) => job == other,
        (Host::Recipe { target }, Host::Recipe { target: other }) => target == other,
        (Host::Fence { headings, .. }, Host::Fence { headings: other, .. }) => headings == other,
        (Host::Package { name }, Host::Package { name: other }) => name == other,
        _ => false,
    }
}

fn mentions_restart(script: &Script) -> bool {
    let text = script.text();
    (text.contains("restart") || text.contains("start"))
        && (text.contains("docker") || text.contains("podman") || text.contains("COMPOSE") || text.contains("ompose"))
        && !matches!(script.host.outermost(), Host::Image { .. } | Host::Service { .. })
}

fn verb(call: &DockerCall<'_>) -> Option<Verb> {
    match &call.act {
        Act::Compose(compose) => compose.does(),
        Act::Containers(containers) => Some(containers.verb),
        _ => None,
    }
}

/// `up -d --force-recreate` for Compose's `restart`, where it stands as such.
fn made_anew(call: &DockerCall<'_>) -> Option<Edit> {
    let compose = call.compose().filter(|compose| compose.verb == "restart" && compose.is_written)?;
    call.edit(compose.verb_span, "up -d --force-recreate")
}

/// Whether a path is that of an env file in use: `.env`, `.env.production`, `app.env`; not `.env.example`.
fn is_env_file(path: &str) -> bool {
    let name = Tree::name(path.trim_end_matches(['"', '\'', '`']));
    let lower = name.to_ascii_lowercase();
    let is_model = ["example", "sample", "template", "dist", "bak", "backup", "old", "tmp", "test"]
        .iter()
        .any(|word| lower.split(['.', '-', '_']).any(|part| part.starts_with(word)));
    let is_named = lower == ".env" || lower.starts_with(".env.") || lower.ends_with(".env") && !lower.contains('*');
    is_named && !is_model
}

fn is_editor(command: Command<'_>) -> bool {
    matches!(command.innermost().name().as_deref(), Some("nano" | "vim" | "vi" | "nvim" | "emacs" | "micro" | "code"))
}

/// The env files that a command changes.
fn changed_env_files(command: Command<'_>) -> Vec<(&Word, String)> {
    let script = command.script;
    let mut found = Vec::new();
    let add = |word: &Word| {
        let path = script.value(word).pattern();
        is_env_file(&path).then_some(path)
    };
    for redirect in command.redirects() {
        let writes = matches!(
            redirect.kind,
            RedirectKind::Write | RedirectKind::Append | RedirectKind::Clobber | RedirectKind::WriteBoth
        );
        if writes && let Some(path) = add(&redirect.target) {
            found.push((&redirect.target, path));
        }
    }
    let local = command.local();
    let operands = local.operands(&["-e", "-i", "-f", "-m", "-o", "-g", "-O", "--mode", "-S", "-t"]);
    let last: Vec<&Word> = operands.last().copied().into_iter().collect();
    let chosen: Vec<&Word> = match local.name().as_deref() {
        Some("sed") if local.has_option("-i") || local.has_option("--in-place") || has_inplace(command) => {
            command.args().iter().collect()
        }
        Some("perl" | "ruby") if local.has_option("-i") || local.has_option("-pi") => command.args().iter().collect(),
        Some("tee") => operands,
        Some("cp" | "mv" | "install" | "scp" | "rsync" | "ln") => last,
        Some("curl" | "wget") => local.option_value("-o").or_else(|| local.option_value("-O")).into_iter().collect(),
        Some("nano" | "vim" | "vi" | "nvim" | "emacs" | "micro" | "code" | "crudini" | "dotenv") => operands,
        Some("sops") => local.option_value("--output").into_iter().collect(),
        _ => Vec::new(),
    };
    for word in chosen {
        if let Some(path) = add(word) {
            found.push((word, path));
        }
    }
    found
}

/// `sed -i.bak`, `sed -i ''`
fn has_inplace(command: Command<'_>) -> bool {
    command.literal_args().any(|arg| arg.starts_with("-i"))
}

/// The env file that a paragraph tells people to change.
fn told(before: &str) -> Option<String> {
    let lower = before.to_ascii_lowercase();
    let verbs = ["edit", "change", "update", "add", "set ", "modify", "adjust", "put ", "replace", "configure"];
    let words = before.split(|c: char| c.is_whitespace() || ",;()`\"'*[]".contains(c));
    let path = words.map(|word| word.trim_end_matches(['.', ':'])).find(|word| is_env_file(word))?;
    verbs.iter().any(|verb| lower.contains(verb)).then(|| path.to_owned())
}
