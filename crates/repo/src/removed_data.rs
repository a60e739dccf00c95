//! Commands that remove what a service keeps: `rm -r`, `find … -delete`, in containers, too.

use crate::docker::{Act, Arg, DockerCall, Verb, arguments};
use crate::live_data::{DataAt, LiveData};
use crate::script::{Command, Host, NodeId, Script, Via};
use crate::{Focus, Place, Repo, Service, Tree, is_at_or_below};

/// A command that removes data.
#[derive(Debug)]
pub struct RemovedData<'r> {
    /// The words of the command.
    pub place: Place,
    /// Whose data it is.
    pub data: LiveData<'r>,
    /// How many services more lose theirs.
    pub others: usize,
    /// What is removed, as written.
    pub path: String,
    /// The container that it is removed in.
    pub inside: Option<String>,
    /// What stops the owner before.
    pub stop: Option<Place>,
    /// Whether a name says that this is what it is for: `reset-db.sh`, `make clean`.
    pub is_meant: bool,
    /// Whether it stands in instructions for people.
    pub is_page: bool,
}

/// Words of scripts and recipes that are called in order to remove things.
pub(crate) const INTENTIONS: &[&str] = &[
    "clean",
    "cleanup",
    "clear",
    "reset",
    "wipe",
    "purge",
    "destroy",
    "nuke",
    "uninstall",
    "remove",
    "delete",
    "fresh",
    "distclean",
    "mrproper",
    "teardown",
    "reinit",
    "recreate",
    "restore",
    "start-over",
    "zap",
    "drop",
];
/// Tests of `find` that choose among files.
const CHOICES: &[&str] = &[
    "-mtime",
    "-mmin",
    "-ctime",
    "-cmin",
    "-atime",
    "-amin",
    "-name",
    "-iname",
    "-regex",
    "-iregex",
    "-path",
    "-size",
    "-empty",
    "-newer",
    "-older",
    "-user",
    "-maxdepth",
];

impl Repo {
    /// Commands of scripts that remove what services keep, while the owner runs or nobody was asked.
    pub fn removed_data(&self, focus: Focus) -> Vec<RemovedData<'_>> {
        let mut found = Vec::new();
        let says = |script: &&Script| {
            let text = script.text();
            text.contains("rm -") || text.contains("-delete") || text.contains("exec rm")
        };
        let scripts = self.scripts.within(focus).filter(says).filter(|script| self.is_operated(script));
        let scripts: Vec<&Script> = scripts.collect();
        if scripts.is_empty() {
            return found;
        }
        let data: Vec<LiveData<'_>> =
            self.live_data().into_iter().filter(|data| !self.is_development(data.project)).collect();
        if data.is_empty() {
            return found;
        }
        for script in scripts {
            let calls = script.docker_calls();
            for command in script.commands().filter(|command| !script.is_forbidden(command.id)) {
                let call = calls.iter().find(|call| call.command.id == command.id);
                found.extend(match call {
                    Some(call) => self.removed_inside(call, &calls, &data),
                    None => self.removed_here(script, command, &calls, &data),
                });
            }
        }
        found
    }

    /// Whether a script runs where services run: not in an image's build, on a runner, as a service's own command.
    pub(crate) fn is_operated(&self, script: &Script) -> bool {
        let is_remote = |mut host: &Host| loop {
            match host {
                Host::Inside { via: Via::Ssh, .. } => return true,
                Host::Inside { outer, .. } => host = outer,
                _ => return false,
            }
        };
        match script.host.outermost() {
            Host::Step { .. } => is_remote(&script.host),
            Host::Service { .. } | Host::Image { .. } => false,
            _ => {
                !matches!(&script.host, Host::Inside { via: Via::Container, .. })
                    && !self.is_of_development(script.file)
            }
        }
    }

    fn removed_here<'r>(
        &'r self,
        script: &'r Script,
        command: Command<'r>,
        calls: &[DockerCall<'r>],
        data: &[LiveData<'r>],
    ) -> Option<RemovedData<'r>> {
        let local = command.local();
        matches!(local.name().as_deref(), Some("rm" | "find")).then_some(())?;
        let (paths, is_choosy) = removed_by(&arguments(script, local.words))?;
        let places = |path: &str| self.places_of(script, command, path);
        for path in paths {
            let hit = places(&path).into_iter().find_map(|place| {
                let hits: Vec<&LiveData<'r>> = data.iter().filter(|data| place.loses(data, is_choosy)).collect();
                hits.first().map(|first| ((*first).clone(), others(&hits)))
            });
            let Some((data, others)) = hit else { continue };
            return self.judged(
                script,
                command,
                calls,
                RemovedData {
                    place: command.words_place(),
                    data,
                    others,
                    path,
                    inside: None,
                    stop: None,
                    is_meant: false,
                    is_page: false,
                },
            );
        }
        None
    }

    /// `docker exec db rm -rf /var/lib/postgresql/data`, `docker run -v pgdata:/d alpine rm -rf /d`
    fn removed_inside<'r>(
        &'r self,
        call: &DockerCall<'r>,
        calls: &[DockerCall<'r>],
        data: &[LiveData<'r>],
    ) -> Option<RemovedData<'r>> {
        let (name, argv, services): (String, &[Arg], Vec<&Service>) = match &call.act {
            Act::Exec(exec) => {
                let name = exec.container.pattern();
                let (_, service) = self.container_service(&name)?;
                (name, &exec.argv, vec![service])
            }
            Act::Compose(compose) if compose.verb == "exec" => {
                let scope = self.compose_scope(call)?;
                let services = scope.services.iter().map(|(_, service)| *service).collect();
                (compose.services.first()?.pattern(), &compose.argv, services)
            }
            _ => return None,
        };
        let is_of = |data: &LiveData<'_>| services.iter().any(|service| std::ptr::eq(data.service, *service));
        for words in told(argv) {
            let Some((paths, is_choosy)) = removed_by(&words) else { continue };
            for path in paths {
                let trimmed = path.trim_end_matches(['*', '/']);
                let is_hit = |data: &&LiveData<'r>| {
                    let target = data.mount.target.as_deref().unwrap_or_default().trim_end_matches('/');
                    let whole = is_at_or_below(target, trimmed) && trimmed.starts_with('/') && trimmed.len() > 1;
                    let inside = data.database.is_some() && is_at_or_below(trimmed, target) && !is_scratch(trimmed);
                    is_of(data) && !is_choosy && (whole || inside)
                };
                let hits: Vec<&LiveData<'r>> = data.iter().filter(is_hit).collect();
                let Some(first) = hits.first() else { continue };
                return self.judged(
                    call.script(),
                    call.command,
                    calls,
                    RemovedData {
                        place: call.words_place(),
                        data: (*first).clone(),
                        others: others(&hits),
                        path,
                        inside: Some(name),
                        stop: None,
                        is_meant: false,
                        is_page: false,
                    },
                );
            }
        }
        None
    }

    /// `None` where the owner was stopped and somebody has asked for it.
    fn judged<'r>(
        &'r self,
        script: &'r Script,
        command: Command<'r>,
        calls: &[DockerCall<'r>],
        removed: RemovedData<'r>,
    ) -> Option<RemovedData<'r>> {
        let stop = self.stopped_before(script, command.id, calls, &removed.data);
        let is_meant = self.is_intended(script);
        if stop.is_some() && (is_meant || self.is_confirmed(script, command.id)) {
            return None;
        }
        let is_page = matches!(script.host.outermost(), Host::Fence { .. });
        Some(RemovedData { stop, is_meant, is_page, ..removed })
    }

    /// What stops the owner of data before a command, whatever happens.
    pub(crate) fn stopped_before(
        &self,
        script: &Script,
        id: NodeId,
        calls: &[DockerCall<'_>],
        data: &LiveData<'_>,
    ) -> Option<Place> {
        let run = self.run_of(script);
        let step = run.as_ref().and_then(|run| run.step(script, id).filter(|step| run.reaches(*step)));
        let is_stopped = |call: &DockerCall<'_>| match (&run, step) {
            (Some(run), Some(step)) => {
                run.preceded_by(step, |other| other.id == call.command.id && other.script.file == script.file)
            }
            _ => script.dominators(id).iter().any(|other| other.id == call.command.id),
        };
        if let Some(call) = calls.iter().find(|call| self.stops(call, data) && is_stopped(call)) {
            return Some(call.words_place());
        }
        // Earlier in the page, or in the recipe, of which each line is a script.
        let goes_with = |other: &Script| match (script.host.outermost(), other.host.outermost()) {
            (Host::Fence { .. }, Host::Fence { .. }) => true,
            (Host::Recipe { target }, Host::Recipe { target: other }) => target == other,
            _ => false,
        };
        let at = script.place_of(id).start;
        let near = self.scripts.iter().filter(|other| other.file == script.file && goes_with(other));
        let mut calls = near.flat_map(Script::docker_calls);
        calls.find(|call| call.words_place().start < at && self.stops(call, data)).map(|call| call.words_place())
    }

    pub(crate) fn stops(&self, call: &DockerCall<'_>, data: &LiveData<'_>) -> bool {
        let is_owner = |service: &Service| std::ptr::eq(service, data.service) || service.name == data.service.name;
        match &call.act {
            Act::Compose(compose) => {
                let stops = matches!(compose.verb.as_str(), "down" | "stop" | "rm" | "kill");
                let named = || compose.services.iter().any(|service| service.is(&data.service.name));
                stops
                    && match self.compose_scope(call) {
                        Some(scope) => scope.services.iter().any(|(_, service)| is_owner(service)),
                        None => compose.services.is_empty() || named(),
                    }
            }
            Act::Containers(containers) => {
                matches!(containers.verb, Verb::Stop | Verb::Kill | Verb::Remove)
                    && containers.containers.iter().any(|container| {
                        let name = container.pattern();
                        name.contains(&data.service.name)
                            || self.container_service(&name).is_some_and(|(_, service)| is_owner(service))
                    })
            }
            _ => false,
        }
    }

    /// Whether somebody is asked before a command, or has asked for it.
    pub(crate) fn is_confirmed(&self, script: &Script, id: NodeId) -> bool {
        let asks = |command: &Command<'_>| {
            let name = command.name().unwrap_or_default().to_ascii_lowercase();
            ["confirm", "prompt", "ask"].iter().any(|word| name.contains(word))
        };
        let run = self.run_of(script);
        let confirmed = run.as_ref().and_then(|run| run.confirmed(run.step(script, id)?));
        confirmed.is_some() || script.dominators(id).iter().any(asks)
    }

    /// Whether the name of a script, a recipe or a heading says that it removes things.
    pub(crate) fn is_intended(&self, script: &Script) -> bool {
        let says = |text: &str| {
            let lower = text.to_ascii_lowercase();
            lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| INTENTIONS.contains(&word))
        };
        match script.host.outermost() {
            Host::Recipe { target } => says(target),
            Host::Package { name } => says(name),
            Host::Fence { headings, before, .. } => headings.iter().any(|heading| says(heading)) || says(before),
            _ => says(Tree::name(self.tree.path(script.file))),
        }
    }

    /// Where a path of the host may be: in the tree, on the machine.
    pub(crate) fn places_of(&self, script: &Script, command: Command<'_>, path: &str) -> Vec<HostPath> {
        let trimmed = path.trim_end_matches(['*', '/', '.']);
        if trimmed.is_empty() {
            return Vec::new();
        }
        if let (Host::CommandLine { .. }, Some(inside)) = (script.host.outermost(), self.tree.inside(trimmed)) {
            // Here it is known where the tree lies.
            return vec![HostPath::Tree(inside)];
        }
        if trimmed.starts_with('/') {
            return if trimmed.contains('*') { Vec::new() } else { vec![HostPath::Machine(trimmed.to_owned())] };
        }
        if let Some(tail) = trimmed.strip_prefix('*') {
            // `$ROOT/data`, where the script says that the root is its own repository.
            let Some(tail) = tail.strip_prefix('/').filter(|tail| !tail.contains('*')) else { return Vec::new() };
            let written = script.written(command.span());
            if !self.is_of_the_repository(script, written) {
                return Vec::new();
            }
            let homes = self.unknown_dirs(script, written);
            let joined = homes.first().and_then(|home| Tree::join(home, tail));
            return joined.map(HostPath::Tree).into_iter().collect();
        }
        if trimmed.contains(['*', '~', '<']) || self.goes_elsewhere(script, command.id) {
            return Vec::new();
        }
        let dirs = self.directories_at(command);
        dirs.iter().filter_map(|dir| Tree::join(dir, trimmed)).map(HostPath::Tree).collect()
    }

    /// Whether a `cd` before leads out of the repository.
    fn goes_elsewhere(&self, script: &Script, id: NodeId) -> bool {
        script.dominators(id).iter().filter(|other| matches!(other.name().as_deref(), Some("cd" | "pushd"))).any(|cd| {
            let Some(to) = cd.args().last() else { return true };
            let pattern = script.value(to).pattern();
            let lower = pattern.to_ascii_lowercase();
            if matches!(script.host.outermost(), Host::CommandLine { .. }) && self.tree.inside(&pattern).is_some() {
                return false;
            }
            lower.starts_with("/tmp")
                || lower.contains("tmp")
                || pattern.starts_with('*') && !self.is_of_the_repository(script, script.written(to.span))
        })
    }
}

/// A path of the machine that a script runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HostPath {
    /// In a working copy of the repository.
    Tree(String),
    /// Absolute.
    Machine(String),
}

impl HostPath {
    /// Whether data is gone when this is removed; `is_choosy`: when some of what is below it is.
    fn loses(&self, data: &LiveData<'_>, is_choosy: bool) -> bool {
        let (path, at) = match (self, data.at) {
            (Self::Tree(path), DataAt::Tree(at)) => (path.as_str(), at),
            (Self::Machine(path), DataAt::Host(at)) => (path.as_str(), at),
            _ => return false,
        };
        if is_choosy || path.is_empty() {
            return false;
        }
        is_at_or_below(at, path) || data.database.is_some() && is_at_or_below(path, at) && !is_scratch(path)
    }

    /// Whether data lies below it, and it is not that data's own directory.
    pub(crate) fn is_above(&self, data: &LiveData<'_>) -> bool {
        match (self, data.at) {
            (Self::Tree(path), DataAt::Tree(at)) => path.is_empty() || at != path && is_at_or_below(at, path),
            (Self::Machine(path), DataAt::Host(at)) => at != path && is_at_or_below(at, path),
            _ => false,
        }
    }
}

/// Whether a path below data is not the data.
fn is_scratch(path: &str) -> bool {
    let name = Tree::name(path).to_ascii_lowercase();
    ["tmp", "temp", "log", "cache", "backup", "bak", "old", "dump", "lock", ".pid", "lost+found"]
        .iter()
        .any(|word| name.contains(word))
}

fn others(hits: &[&LiveData<'_>]) -> usize {
    let mut names: Vec<&str> = hits.iter().map(|data| data.service.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.len() - 1
}

/// The paths that a command removes with all they hold, and whether it chooses among what is below them.
fn removed_by(words: &[Arg]) -> Option<(Vec<String>, bool)> {
    let program = words.first()?.text()?;
    let args = words.get(1..)?;
    match Tree::name(&program) {
        "rm" => {
            let mut recursive = false;
            let mut paths = Vec::new();
            for arg in args {
                let text = arg.pattern();
                if let Some(long) = text.strip_prefix("--") {
                    recursive |= long == "recursive";
                } else if let Some(letters) = text.strip_prefix('-') {
                    recursive |= letters.contains(['r', 'R']);
                } else {
                    paths.push(text);
                }
            }
            (recursive && !paths.is_empty()).then_some((paths, false))
        }
        "find" => {
            let texts: Vec<String> = args.iter().map(Arg::pattern).collect();
            let has = |text: &str| texts.iter().any(|own| own == text);
            let deletes = has("-delete") || has("rm") && (has("-exec") || has("-execdir"));
            let paths = texts.iter().take_while(|text| !text.starts_with(['-', '!', '('])).cloned().collect::<Vec<_>>();
            let is_choosy = texts.iter().any(|text| CHOICES.contains(&text.as_str()));
            (deletes && !paths.is_empty()).then_some((paths, is_choosy))
        }
        _ => None,
    }
}

/// The commands that a container is told to run: the words themselves, or those in the text of `sh -c`.
pub(crate) fn told(argv: &[Arg]) -> Vec<Vec<Arg>> {
    let Some(program) = argv.first().and_then(Arg::text) else { return Vec::new() };
    let is_shell = matches!(Tree::name(&program), "sh" | "bash" | "ash" | "dash");
    let text = argv.iter().skip(1).find(|arg| !arg.pattern().starts_with('-'));
    match text.filter(|_| is_shell) {
        Some(text) => {
            let whole = text.pattern();
            whole
                .split(['&', ';', '|', '\n'])
                .map(|part| {
                    part.split_whitespace()
                        .map(|word| Arg::of_text(word.trim_matches(['\'', '"']), text.span))
                        .collect()
                })
                .collect()
        }
        None => vec![argv.to_vec()],
    }
}
