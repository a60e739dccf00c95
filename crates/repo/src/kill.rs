//! Commands that end processes by their name or command line, and whom else they meet.

use crate::production::{DEVELOPMENT, words};
use crate::script::{Command, Host, NodeId, NodeKind, PartKind, Script, Via, Word};
use crate::{Focus, Project, Repo, Service};
use twiceshy_source::{Place, Tree};

/// A command that ends processes by what they are called.
#[derive(Debug)]
pub struct Kill<'r> {
    /// The words of the command that ends them.
    pub place: Place,
    /// Where the name or pattern stands.
    pub pattern_place: Place,
    /// The name or pattern.
    pub pattern: String,
    /// What is compared with it.
    pub compares: Compares,
    /// Whom it meets that nobody meant.
    pub meets: Meets<'r>,
    /// Whether it stands in instructions for people.
    pub is_page: bool,
}

/// What a pattern is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compares {
    /// The whole command line, any part of it: `pkill -f`, `ps | grep`.
    CommandLine,
    /// The name of the program, any part of it: `pkill`.
    PartOfName,
    /// The name of the program: `killall`, `pkill -x`, `pidof`.
    Name,
}

/// Whom a pattern meets that nobody meant.
#[derive(Debug)]
pub enum Meets<'r> {
    /// The shell that was given this very text as an argument; what stands after it never runs.
    OwnShell {
        /// What hands the shell its text: `npm run`, `make`, `ssh`, `sh -c`.
        by: &'static str,
        /// The command after it.
        next: Place,
    },
    /// The script itself: its path holds the pattern.
    OwnScript {
        /// The command after it, if any.
        next: Option<Place>,
    },
    /// The processes of a container: they are processes of its host, too.
    Container(&'r Project, &'r Service),
    /// Everything that runs on this interpreter or shell.
    Runtime,
    /// Whatever has the word on its command line; a file whose name has it.
    Anything(Option<&'r str>),
    /// The same program, started by somebody else.
    Twin,
}

/// A name or pattern by which a command finds processes.
struct Aim<'a> {
    word: &'a Word,
    compares: Compares,
    /// The script's own process is taken out again: `grep -v $$`.
    spares_itself: bool,
}

/// Programs that run other people's programs: which one it is, their name does not tell.
const RUNTIMES: &[&str] = &[
    "node",
    "nodejs",
    "npm",
    "bun",
    "deno",
    "java",
    "python",
    "python2",
    "python3",
    "ruby",
    "php",
    "perl",
    "dotnet",
    "sh",
    "bash",
    "dash",
    "zsh",
    "ssh",
    "sshd",
    "sudo",
    "tmux",
    "screen",
    "docker",
    "dockerd",
    "containerd",
    "podman",
    "conmon",
    "qemu",
];
/// Signals that end nothing: they ask, reload, reopen, stop and continue.
const HARMLESS: &[&str] =
    &["0", "HUP", "1", "USR1", "10", "USR2", "12", "WINCH", "28", "CONT", "18", "STOP", "19", "TSTP", "20", "EXIT"];
/// How many scripts of a repository are compared with a pattern.
const MAX_FILES: usize = 20_000;

impl Repo {
    /// Commands of scripts that end processes by a name or pattern which meets more than was meant.
    pub fn kills_by_name(&self, focus: Focus) -> Vec<Kill<'_>> {
        let mut found = Vec::new();
        for script in self.scripts.within(focus) {
            let text = script.text();
            if !["kill", "pidof"].iter().any(|word| text.contains(word)) {
                continue;
            }
            for command in script.commands() {
                for aim in aims(command) {
                    found.extend(self.kill(command, &aim));
                }
            }
        }
        found
    }

    fn kill<'r>(&'r self, command: Command<'r>, aim: &Aim<'_>) -> Option<Kill<'r>> {
        let script = command.script;
        let value = script.value(aim.word);
        let pattern = value.likely()?;
        let is_known = value.known().is_some() && pattern.len() > 1;
        if !is_known || is_placeholder(&pattern) {
            return None;
        }
        let meets = self.meets(command, &pattern, aim)?;
        let host = script.host.outermost();
        if let Host::Fence { headings, before, .. } = host
            && headings.iter().chain([before]).any(|text| forbids(text))
        {
            return None;
        }
        Some(Kill {
            place: command.words_place(),
            pattern_place: script.place(aim.word.span),
            pattern,
            compares: aim.compares,
            meets,
            is_page: matches!(host, Host::Fence { .. }),
        })
    }

    fn meets<'r>(&'r self, command: Command<'r>, pattern: &str, aim: &Aim<'_>) -> Option<Meets<'r>> {
        let script = command.script;
        let by_line = aim.compares == Compares::CommandLine;
        let is_plain = !pattern.contains(['[', ']', '(', ')', '+', '?', '{', '}', '\\', '^', '$', '*', '|']);
        let is_in_container = in_container(command) || matches!(script.host, Host::Inside { via: Via::Container, .. });
        if by_line && is_plain && !aim.spares_itself {
            // A file's text is not on any command line; an argument's is.
            let by = self.hands_text(script, aim.word).filter(|_| script.text().contains(pattern));
            if let (Some(by), Some(next)) = (by, next(command)) {
                return Some(Meets::OwnShell { by, next });
            }
        }
        if is_in_container || matches!(script.host.outermost(), Host::Image { .. } | Host::Service { .. }) {
            // A container sees its own processes only.
            return None;
        }
        let path = self.tree.path(script.file);
        let own = match aim.compares {
            Compares::CommandLine => is_plain && Tree::name(path).contains(pattern),
            Compares::PartOfName => Tree::name(path).get(..15).unwrap_or(Tree::name(path)).contains(pattern),
            Compares::Name => Tree::name(path) == pattern && pattern.len() <= 15,
        };
        if own && matches!(script.host, Host::File) && !aim.spares_itself && is_plain {
            return Some(Meets::OwnScript { next: next(command) });
        }
        // The machine of a step is thrown away after it, and a developer's is watched.
        let is_test = words(&path.to_ascii_lowercase()).any(|word| DEVELOPMENT.contains(&word));
        if is_test || matches!(script.host.outermost(), Host::Step { .. }) || self.is_bounded(command) {
            return None;
        }
        if let Some((project, service)) = self.runs_as(pattern, aim.compares) {
            return Some(Meets::Container(project, service));
        }
        let name = Tree::name(pattern);
        match aim.compares {
            _ if RUNTIMES.contains(&pattern) => Some(Meets::Runtime),
            // Who takes care not to be met has thought about whom it meets.
            Compares::CommandLine if pattern.starts_with(['^', '[']) || aim.spares_itself => None,
            Compares::CommandLine if !pattern.contains([' ', '/']) || pattern.contains('*') => {
                Some(Meets::Anything(self.file_called(name, script)))
            }
            Compares::CommandLine => Some(Meets::Twin),
            Compares::PartOfName | Compares::Name => None,
        }
    }

    /// What gives a shell the text of `script` as an argument, so that it stands on that shell's command line.
    fn hands_text(&self, script: &Script, word: &Word) -> Option<&'static str> {
        match &script.host {
            Host::Package { .. } => Some("npm"),
            Host::Recipe { .. } => Some("make"),
            Host::Inside { outer, via } if matches!(via, Via::Shell | Via::Ssh | Via::Container) => {
                let place = script.place(word.span);
                // What a heredoc holds is read, and stands on no command line.
                let is_argument = |outer: &Script| {
                    outer
                        .commands()
                        .any(|command| command.words().iter().any(|word| covers(outer.place(word.span), place)))
                };
                let mut outers = self.scripts.iter().filter(|other| other.file == script.file && other.host == **outer);
                outers.any(is_argument).then_some(match via {
                    Via::Ssh => "ssh",
                    _ => "`sh -c`",
                })
            }
            _ => None,
        }
    }

    /// Whether a test before the command asks for something that only one process of one machine has.
    fn is_bounded(&self, command: Command<'_>) -> bool {
        let script = command.script;
        script.guards(command.id).iter().any(|guard| {
            let text = script.written(script.node(guard.condition).span);
            ["Darwin", "OSTYPE", "CI", "GITHUB_ACTIONS"].iter().any(|word| text.contains(word))
        })
    }

    /// The service in whose container a program of that name runs.
    fn runs_as(&self, pattern: &str, compares: Compares) -> Option<(&Project, &Service)> {
        let is_name =
            pattern.len() > 2 && pattern.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !is_name || RUNTIMES.contains(&pattern) {
            return None;
        }
        let meets = |service: &Service| {
            let image = service.image.as_ref().and_then(|image| crate::Image::parse(image.value()?));
            let of_image = image.is_some_and(|image| {
                DAEMONS.iter().any(|(of, name)| Tree::name(&image.name) == *of && matches(name, pattern, compares))
            });
            of_image
                || service.argv().next().is_some_and(|program| matches(Tree::name(program.text()), pattern, compares))
        };
        self.projects.iter().find_map(|project| {
            project.services.iter().find(|service| meets(service)).map(|service| (project, service))
        })
    }

    /// A file of scripts, settings or logs whose name has the word in it, besides the script's own.
    fn file_called(&self, word: &str, script: &Script) -> Option<&str> {
        let files = self.tree.files().take(MAX_FILES).filter(|file| *file != script.file);
        let mut paths = files.map(|file| self.tree.path(file));
        paths.find(|path| {
            let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
            Tree::name(path).contains(word) && matches!(extension, "sh" | "py" | "js" | "log" | "conf" | "sql")
        })
    }
}

/// Images and the program that runs in their containers.
const DAEMONS: &[(&str, &str)] = &[
    ("nginx", "nginx"),
    ("postgres", "postgres"),
    ("postgis", "postgres"),
    ("redis", "redis-server"),
    ("valkey", "valkey-server"),
    ("mysql", "mysqld"),
    ("mariadb", "mariadbd"),
    ("mongo", "mongod"),
    ("memcached", "memcached"),
    ("rabbitmq", "beam.smp"),
    ("caddy", "caddy"),
    ("traefik", "traefik"),
    ("haproxy", "haproxy"),
    ("httpd", "httpd"),
    ("prometheus", "prometheus"),
    ("minio", "minio"),
];

fn matches(name: &str, pattern: &str, compares: Compares) -> bool {
    match compares {
        Compares::Name => name == pattern,
        Compares::PartOfName | Compares::CommandLine => name.contains(pattern),
    }
}

fn covers(outer: Place, inner: Place) -> bool {
    outer.file == inner.file && outer.start <= inner.start && inner.end <= outer.end
}

/// The command that runs after it, if it runs at all.
fn next(command: Command<'_>) -> Option<Place> {
    let script = command.script;
    let end = command.span().end;
    let after = script.commands().filter(|other| other.span().start >= end && script.is_reached(other.id));
    let after = after.filter(|other| !matches!(other.name().as_deref(), Some("true" | ":")));
    after.filter(|other| script.runs_before(command.id, other.id)).map(Command::words_place).next()
}

/// Whether the command runs in a container.
fn in_container(command: Command<'_>) -> bool {
    let chain = command.chain();
    chain.iter().any(|link| {
        link.name().is_some_and(|name| {
            matches!(&*name, "docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose" | "kubectl" | "oc")
        })
    })
}

fn is_placeholder(pattern: &str) -> bool {
    pattern.contains(['<', '>', '…']) || pattern.to_ascii_lowercase().contains("your") || pattern.contains("xxx")
}

/// Whether a text tells people not to.
pub(crate) fn forbids(text: &str) -> bool {
    let lower = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    has(&[
        "never",
        "do not",
        "don't",
        "don’t",
        "must not",
        "avoid",
        "forbidden",
        "bad:",
        "wrong",
        "instead of",
        "anti-pattern",
    ])
}

/// The names and patterns by which a command ends processes.
fn aims<'a>(command: Command<'a>) -> Vec<Aim<'a>> {
    let chain = command.chain();
    let named = |link: &crate::script::Invocation<'a>| link.name().map(|name| (name.into_owned(), link.args()));
    let Some((name, args)) = chain.iter().rev().find_map(named) else { return Vec::new() };
    match name.as_str() {
        "pkill" => finder(args).into_iter().collect(),
        "killall" => killall(args),
        "kill" => {
            if args.iter().filter_map(Word::literal).any(|arg| is_harmless(&arg)) || sends_nothing(args) {
                return Vec::new();
            }
            let is_fed = chain.iter().any(|link| link.name().as_deref() == Some("xargs"));
            listed(command, args, is_fed)
        }
        _ => Vec::new(),
    }
}

/// `kill -s HUP`
fn sends_nothing(args: &[Word]) -> bool {
    args.windows(2).any(|pair| {
        (pair[0].is("-s") || pair[0].is("--signal")) && pair[1].literal().is_some_and(|name| is_signal_harmless(&name))
    })
}

fn is_harmless(option: &str) -> bool {
    option.strip_prefix("--signal=").or(option.strip_prefix('-')).is_some_and(is_signal_harmless)
}

fn is_signal_harmless(name: &str) -> bool {
    HARMLESS.contains(&name.strip_prefix("SIG").unwrap_or(name))
}

/// The pattern of `pkill` and `pgrep`; `None` where it is bounded to one user, terminal, parent or file, or ends nothing.
fn finder<'a>(args: &'a [Word]) -> Option<Aim<'a>> {
    const BOUNDS: &str = "PgGstuUF";
    let (mut full, mut exact) = (false, false);
    let mut operands = Vec::new();
    let mut at = 0;
    while let Some(word) = args.get(at) {
        at += 1;
        let Some(text) = word.literal() else {
            operands.push(word);
            continue;
        };
        if is_harmless(&text) {
            return None;
        }
        if text == "--" {
            operands.extend(&args[at..]);
            break;
        }
        if let Some(long) = text.strip_prefix("--") {
            match long.split('=').next().unwrap_or_default() {
                "full" => full = true,
                "exact" => exact = true,
                "signal" if long == "signal" => {
                    if args.get(at).and_then(Word::literal).is_some_and(|name| is_signal_harmless(&name)) {
                        return None;
                    }
                    at += 1;
                }
                "signal" | "echo" | "oldest" | "newest" | "ignore-case" | "list-name" | "list-full" | "count"
                | "delimiter" | "ignore-ancestors" => {}
                _ => return None,
            }
            continue;
        }
        match text.strip_prefix('-') {
            Some(letters) if !letters.is_empty() => {
                let is_signal = letters.bytes().all(|byte| byte.is_ascii_digit())
                    || letters.len() > 2
                        && letters.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
                if is_signal {
                    continue;
                }
                // `-v` finds all others, `-o` and `-n` one of them, `-A` spares the ancestors.
                if letters.contains(|letter| BOUNDS.contains(letter)) || letters.contains(['v', 'o', 'n', 'A']) {
                    return None;
                }
                full |= letters.contains('f');
                exact |= letters.contains('x');
                at += usize::from(letters.ends_with('d'));
            }
            _ => operands.push(word),
        }
    }
    let [word] = operands[..] else { return None };
    let compares = match (full, exact) {
        (true, true) => return None,
        (true, false) => Compares::CommandLine,
        (false, true) => Compares::Name,
        (false, false) => Compares::PartOfName,
    };
    Some(Aim { word, compares, spares_itself: false })
}

/// The names that `killall` is given.
fn killall(args: &[Word]) -> Vec<Aim<'_>> {
    let mut aims = Vec::new();
    let mut at = 0;
    while let Some(word) = args.get(at) {
        at += 1;
        match word.literal() {
            Some(text) if is_harmless(&text) => return Vec::new(),
            Some(text)
                if matches!(&*text, "-u" | "--user" | "-i" | "--interactive" | "-r" | "--regexp" | "-l" | "-V") =>
            {
                return Vec::new();
            }
            Some(text) if matches!(&*text, "-s" | "--signal" | "-o" | "-y" | "-n" | "-Z") => {
                if args.get(at).and_then(Word::literal).is_some_and(|name| is_signal_harmless(&name)) {
                    return Vec::new();
                }
                at += 1;
            }
            Some(text) if text.starts_with('-') => {}
            _ => aims.push(Aim { word, compares: Compares::Name, spares_itself: false }),
        }
    }
    aims
}

/// By what the processes were found that `kill` is given: in a substitution, in a variable, through `xargs`.
fn listed<'a>(command: Command<'a>, args: &'a [Word], is_fed: bool) -> Vec<Aim<'a>> {
    let script = command.script;
    let mut nodes: Vec<NodeId> = Vec::new();
    if is_fed
        && let Some(parent) = script.shell().parent(command.id)
        && let NodeKind::Pipeline(stages) = &script.node(parent).kind
    {
        nodes.extend(stages.iter().take_while(|stage| **stage != command.id));
    }
    for word in args {
        word.substitutions(&mut nodes);
        for part in &word.parts {
            let PartKind::Variable(variable) = &part.kind else { continue };
            for (at, assignment) in script.assignments(&variable.name) {
                if let Some(value) = assignment.value.as_ref().filter(|_| script.runs_before(at, command.id)) {
                    value.substitutions(&mut nodes);
                }
            }
        }
    }
    let mut aims: Vec<Aim<'a>> = Vec::new();
    let (mut has_ps, mut spares_itself) = (false, false);
    // Substitutions are lists, and may hold pipelines; what they hold stands inside them.
    let inside =
        |id: NodeId| nodes.iter().any(|node| *node == id || script.shell().ancestors(id).any(|above| above == *node));
    for other in script.commands().filter(|other| inside(other.id)) {
        let (Some(name), args) = (other.name(), other.args()) else { continue };
        let excludes = args.first().and_then(Word::literal).is_some_and(|option| option.starts_with("-v"));
        match &*name {
            "pgrep" => aims.extend(finder(args)),
            "pidof" => {
                aims.extend(
                    args.iter()
                        .filter(|word| word.literal().is_none_or(|text| !text.starts_with('-')))
                        .map(|word| Aim { word, compares: Compares::Name, spares_itself: false }),
                )
            }
            "ps" => has_ps = !args.iter().any(|word| word.literal().is_some_and(|text| text.starts_with("--ppid"))),
            "grep" | "egrep" | "fgrep" if excludes => {
                let excluded = script.written(other.span());
                spares_itself |= excluded.contains("$$") || excluded.contains("BASHPID");
            }
            "grep" | "egrep" | "fgrep" if has_ps && aims.is_empty() => {
                let operand = args.iter().find(|word| word.literal().is_none_or(|text| !text.starts_with('-')));
                aims.extend(operand.map(|word| Aim { word, compares: Compares::CommandLine, spares_itself: false }));
            }
            _ => {}
        }
    }
    for aim in &mut aims {
        aim.spares_itself = spares_itself;
    }
    aims
}
