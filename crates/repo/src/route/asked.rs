//! The addresses that scripts ask over HTTP, from the machine that they run on.

use super::Address;
use crate::script::{Command, Host, NodeKind, Script, Via, Word};
use crate::{Repo, Span};

/// What a script asks.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Addresses that it names: in requests, in the lists and calls that give requests their URLs.
    pub addresses: Vec<Address>,
    /// Whether it also asks hosts that the text does not tell: `https://$host/`.
    pub is_open: bool,
}

const CLIENTS: &[&str] = &["curl", "wget", "http", "https", "xh", "curlie"];

impl Script {
    /// The addresses that it asks from its own machine. What it asks from inside a container or on another machine is
    /// left out.
    pub fn asked(&self) -> Asked {
        let mut asked = Asked::default();
        if self.is_elsewhere() || !CLIENTS.iter().any(|client| self.text().contains(client)) {
            return asked;
        }
        let is_client = |command: &Command<'_>| command.name().is_some_and(|name| CLIENTS.contains(&&*name));
        if !self.commands().any(|command| is_client(&command)) {
            return asked;
        }
        for id in self.shell().ids() {
            let node = self.node(id);
            match &node.kind {
                NodeKind::For(_) => node.words().into_iter().for_each(|word| self.add_written(word, &mut asked)),
                NodeKind::Simple(simple) => {
                    for element in simple.assignments.iter().flat_map(|assignment| &assignment.elements) {
                        self.add_written(element, &mut asked);
                    }
                    let Some(command) = self.command(id) else { continue };
                    if command.innermost().elsewhere || runs_elsewhere(&command) {
                        continue;
                    }
                    if is_client(&command) {
                        command.args().iter().for_each(|word| self.add_asked(word, &mut asked));
                    } else if command.name().is_some_and(|name| self.function(&name).is_some()) {
                        command.args().iter().for_each(|word| self.add_written(word, &mut asked));
                    }
                }
                _ => {}
            }
        }
        asked.addresses.sort_by_key(|address| address.place);
        asked.addresses.dedup_by_key(|address| address.place);
        asked
    }

    /// Whether it runs in a container or on another machine, as far as its host tells.
    fn is_elsewhere(&self) -> bool {
        let mut host = &self.host;
        loop {
            match host {
                Host::Inside { outer, via } => match via {
                    Via::Ssh | Via::Container | Via::File => return true,
                    Via::Shell | Via::Eval => host = outer,
                },
                Host::Service { .. } | Host::Image { .. } => return true,
                _ => return false,
            }
        }
    }

    /// The URLs that are written in a word.
    fn add_written(&self, word: &Word, asked: &mut Asked) {
        for span in urls(self.written(word.span)) {
            let span = Span { start: word.span.start + span.start, end: word.span.start + span.end };
            asked.addresses.extend(Address::parse(self.written(span), self.place(span)));
        }
    }

    /// The URLs of an argument of a client: those written in it, else those that its variables make.
    fn add_asked(&self, word: &Word, asked: &mut Asked) {
        let before = asked.addresses.len();
        self.add_written(word, asked);
        let written = self.written(word.span).trim_start_matches(['"', '\'']);
        if asked.addresses.len() > before || written.starts_with('-') {
            return;
        }
        let place = self.place(word.span);
        match self.value(word).likely() {
            Some(value) => {
                let is_bare = value.starts_with("localhost") || value.starts_with("127.0.0.1");
                for span in urls(&value) {
                    asked.addresses.extend(Address::parse(span.of(&value), place));
                }
                if is_bare {
                    asked.addresses.extend(Address::parse(&value, place).map(|address| {
                        let length = address.to_string().len() as u32;
                        let is_written = self.written(word.span).starts_with(value.as_str());
                        let place =
                            if is_written { crate::Place { end: place.start + length, ..place } } else { place };
                        Address { place, ..address }
                    }));
                }
            }
            None => asked.is_open |= self.value(word).pattern().contains("://*"),
        }
    }
}

/// `$compose exec web curl …`: a compose command in a variable.
fn runs_elsewhere(command: &Command<'_>) -> bool {
    command.words().iter().take(6).any(|word| ["exec", "run", "ssh", "kubectl"].iter().any(|verb| word.is(verb)))
}

/// Where URLs of HTTP stand in a text, up to the end of their host and port.
fn urls(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    for scheme in ["http://", "https://"] {
        for (start, _) in text.match_indices(scheme) {
            let rest = text.get(start + scheme.len()..).unwrap_or_default();
            let length =
                rest.find(|c: char| !(c.is_ascii_alphanumeric() || ".-_:[]".contains(c))).unwrap_or(rest.len());
            // A variable goes on with the host or the port.
            let is_whole = !rest.get(length..).is_some_and(|rest| rest.starts_with(['$', '{', '*', '@', '%']));
            if length > 0 && is_whole {
                found.push(Span::new(start, start + scheme.len() + length));
            }
        }
    }
    found.sort_unstable();
    found
}

/// What a script is for, as far as its name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duty {
    /// It tells whether all is well.
    Watch,
    /// It brings something up.
    Deploy,
}

const WATCH: &[&str] = &[
    "health",
    "healthcheck",
    "healthchecks",
    "healthz",
    "monitor",
    "monitoring",
    "watch",
    "watchdog",
    "check",
    "checks",
    "status",
    "uptime",
    "probe",
    "probes",
    "ping",
    "alive",
    "heartbeat",
    "doctor",
    "verify",
    "verification",
    "smoke",
    "diagnose",
    "diagnostics",
    "canary",
];

const DEPLOY: &[&str] =
    &["deploy", "release", "rollout", "up", "start", "restart", "update", "upgrade", "redeploy", "ops", "install"];

/// Whether the name of a file, or of its directory, says that it is there to watch.
pub(super) fn is_watch(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let mut words = path.rsplit('/').take(2).flat_map(|part| part.split(|c: char| !c.is_ascii_alphanumeric()));
    words.any(|word| WATCH.contains(&word))
}

impl Repo {
    /// What a script that runs on a server or against one is for; `None` for tests, builds and the like.
    pub(super) fn duty(&self, script: &Script) -> Option<Duty> {
        let path = self.tree.path(script.file);
        let mut words: Vec<String> = Vec::new();
        let mut add = |text: &str| {
            words.extend(text.to_ascii_lowercase().split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned))
        };
        match script.host.outermost() {
            Host::File => path.rsplit('/').take(2).for_each(&mut add),
            Host::Recipe { target } => add(target),
            Host::Step { job, step } => {
                let workflow = self.workflows.of(script.file)?;
                let is_of_code = ["pull_request", "pull_request_target", "merge_group"]
                    .iter()
                    .any(|event| workflow.trigger(event).is_some());
                if is_of_code {
                    return None;
                }
                add(path.rsplit('/').next().unwrap_or_default());
                add(job);
                add(step);
            }
            _ => return None,
        }
        let has = |of: &[&str]| words.iter().any(|word| of.contains(&word.as_str()));
        let is_test = path.to_ascii_lowercase().split(['/', '.', '_', '-']).any(|part| {
            matches!(
                part,
                "test"
                    | "tests"
                    | "spec"
                    | "e2e"
                    | "fixtures"
                    | "examples"
                    | "example"
                    | "ci"
                    | "integration"
                    | "benchmark"
                    | "benchmarks"
            )
        });
        match () {
            () if is_test => None,
            () if has(WATCH) => Some(Duty::Watch),
            () if has(DEPLOY) => Some(Duty::Deploy),
            () => None,
        }
    }

    /// Whether a script is one that runs in a container: a Dockerfile or a compose file names it.
    pub(crate) fn runs_in_container(&self, script: &Script) -> bool {
        let name = crate::Tree::name(self.tree.path(script.file));
        let files = self
            .dockerfiles
            .iter()
            .map(|dockerfile| dockerfile.file)
            .chain(self.compose.iter().map(|compose| compose.file));
        files.into_iter().any(|file| {
            file != script.file
                && self
                    .tree
                    .source(file)
                    .is_ok_and(|source| memchr::memmem::find(source.text().as_bytes(), name.as_bytes()).is_some())
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::Repo;
    use crate::Tree;

    fn asked(text: &str) -> (Vec<String>, bool) {
        let repo = Repo::of(Tree::memory([("ops/check.sh".to_owned(), text.to_owned())]));
        let source = repo.tree.source(repo.scripts[0].file).unwrap();
        let mut all = Vec::new();
        let mut is_open = false;
        for script in &repo.scripts {
            let asked = script.asked();
            is_open |= asked.is_open;
            all.extend(
                asked.addresses.iter().map(|address| format!("{address} @ {}", address.place.span().of(source.text()))),
            );
        }
        (all, is_open)
    }

    #[test]
    fn addresses_in_requests_lists_and_calls() {
        let of = |text: &str| asked(text).0;
        assert_eq!(of("curl -fsS http://10.0.0.2:3000/health"), ["10.0.0.2:3000 @ http://10.0.0.2:3000"]);
        assert_eq!(of("curl -f localhost:8080/x || exit 1"), ["localhost:8080 @ localhost:8080"]);
        assert_eq!(
            of("for u in http://a:1/x https://b.test; do curl \"$u\"; done"),
            ["a:1 @ http://a:1", "b.test:443 @ https://b.test"]
        );
        assert_eq!(
            of("URLS=(\"web|http://a:1/x\")\nfor u in \"${URLS[@]}\"; do wget \"${u#*|}\"; done"),
            ["a:1 @ http://a:1"]
        );
        assert_eq!(of("check() { curl \"$1\"; }\ncheck http://a:1/"), ["a:1 @ http://a:1"]);
        assert_eq!(of("BASE=http://a:1\ncurl $BASE/health"), ["a:1 @ $BASE/health"]);
    }

    #[test]
    fn what_is_not_asked_from_here_is_left_out() {
        for text in [
            "export API=http://a:1",
            "echo http://a:1; curl --version",
            "docker exec web curl http://localhost:80/",
            "$dc exec -T web curl http://localhost:80/",
            "ssh box curl http://localhost:80/",
            "docker exec web sh -c 'curl http://localhost:80/'",
            "curl -H 'Origin: x' http://localhost:$PORT/",
        ] {
            assert_eq!(asked(text).0, [] as [&str; 0], "{text}");
        }
        assert!(asked("curl https://$HOST/x").1 && !asked("curl http://a:1/$X").1);
    }
}
