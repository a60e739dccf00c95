//! A simple command, and what it runs through `sudo`, `docker exec`, `ssh` and their like.

use super::{NodeId, NodeKind, Options, Redirect, Script, Simple, Word};
use crate::docker::options;
use std::borrow::Cow;
use twiceshy_source::{Place, Span, Tree};

/// A simple command that has a name.
#[derive(Clone, Copy, Debug)]
pub struct Command<'a> {
    /// The script it stands in.
    pub script: &'a Script,
    /// Its node.
    pub id: NodeId,
    simple: &'a Simple,
}

/// A program and its arguments.
#[derive(Clone, Copy, Debug)]
pub struct Invocation<'a> {
    /// The words, the program's first.
    pub words: &'a [Word],
    /// Whether it runs somewhere else than the command it stands in: in a container, on another machine.
    pub elsewhere: bool,
}

impl<'a> Command<'a> {
    pub(super) fn of(script: &'a Script, id: NodeId) -> Option<Self> {
        match &script.node(id).kind {
            NodeKind::Simple(simple) if !simple.words.is_empty() => Some(Self { script, id, simple }),
            _ => None,
        }
    }

    /// All its words, as written.
    pub fn words(self) -> &'a [Word] {
        &self.simple.words
    }

    /// The program it runs on this machine, without its directory: what stands after `sudo`, `env`, `exec`, `time` and
    /// their like. `None` where the name is not known from the text.
    pub fn name(self) -> Option<Cow<'a, str>> {
        self.local().name()
    }

    /// The arguments of [`Command::name`].
    pub fn args(self) -> &'a [Word] {
        self.local().args()
    }

    /// The arguments whose value is known from the text, in order.
    pub fn literal_args(self) -> impl Iterator<Item = Cow<'a, str>> {
        self.args().iter().filter_map(Word::literal)
    }

    /// Whether one of its arguments is `text`.
    pub fn has_arg(self, text: &str) -> bool {
        self.args().iter().any(|word| word.is(text))
    }

    /// What it runs on this machine.
    pub fn local(self) -> Invocation<'a> {
        self.chain()
            .into_iter()
            .rfind(|invocation| !invocation.elsewhere)
            .unwrap_or(Invocation { words: self.words(), elsewhere: false })
    }

    /// What it runs in the end: `pg_dump` in `sudo docker exec -i db pg_dump -U app`.
    pub fn innermost(self) -> Invocation<'a> {
        self.chain().pop().unwrap_or(Invocation { words: self.words(), elsewhere: false })
    }

    /// What it runs, from the outside in: `sudo …`, `docker exec …`, `pg_dump …`.
    pub fn chain(self) -> Vec<Invocation<'a>> {
        let mut chain = vec![Invocation { words: self.words(), elsewhere: false }];
        while let Some(inner) = chain.last().and_then(|last| last.inner()) {
            chain.push(inner);
        }
        chain
    }

    /// The link of the chain that runs `program`.
    pub fn runs(self, program: &str) -> Option<Invocation<'a>> {
        self.chain().into_iter().find(|invocation| invocation.name().is_some_and(|name| name == program))
    }

    /// Its redirections, and those of the groups, loops and functions it stands in are not among them.
    pub fn redirects(self) -> &'a [Redirect] {
        &self.script.node(self.id).redirects
    }

    /// The options in force.
    pub fn options(self) -> Options {
        self.script.options_at(self.id)
    }

    /// Where it stands in the script.
    pub fn span(self) -> Span {
        self.script.node(self.id).span
    }

    /// Where it stands in the file.
    pub fn place(self) -> Place {
        self.script.place(self.span())
    }

    /// Where its words stand in the file: redirections and assignments left out.
    pub fn words_place(self) -> Place {
        let span = self.words().iter().map(|word| word.span).reduce(Span::to).unwrap_or(self.span());
        self.script.place(span)
    }
}

/// Programs that run the command after their options: the options that take a value.
const WRAPPERS: &[(&str, &[&str])] = &[
    ("sudo", &["-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "-U", "--user", "--group", "--chdir"]),
    ("doas", &["-u", "-C"]),
    ("env", &["-u", "-C", "-S", "--unset", "--chdir"]),
    ("exec", &["-a"]),
    ("command", &[]),
    ("builtin", &[]),
    ("time", &["-f", "-o"]),
    ("nohup", &[]),
    ("nice", &["-n", "--adjustment"]),
    ("ionice", &["-c", "-n", "-p", "--class", "--classdata"]),
    ("timeout", &["-s", "-k", "--signal", "--kill-after"]),
    ("stdbuf", &["-i", "-o", "-e"]),
    ("setsid", &[]),
    ("chronic", &[]),
    ("flock", &["-w", "-E", "--timeout"]),
    ("xargs", &["-I", "-n", "-P", "-d", "-L", "-a", "-s", "-E"]),
    ("gosu", &[]),
    ("su-exec", &[]),
    ("tini", &["-p", "-e"]),
    ("dumb-init", &[]),
];

impl<'a> Invocation<'a> {
    /// The program's name, without its directory.
    pub fn name(self) -> Option<Cow<'a, str>> {
        Some(match self.words.first()?.literal()? {
            Cow::Borrowed(name) => Cow::Borrowed(Tree::name(name)),
            Cow::Owned(name) => Cow::Owned(Tree::name(&name).to_owned()),
        })
    }

    /// The arguments.
    pub fn args(self) -> &'a [Word] {
        self.words.get(1..).unwrap_or_default()
    }

    /// Whether one of the arguments is `text`.
    pub fn has_arg(self, text: &str) -> bool {
        self.args().iter().any(|word| word.is(text))
    }

    /// Whether an option is given: `-n` alone or among others (`-avn`), `--dry-run` alone or with `=…`.
    pub fn has_option(self, option: &str) -> bool {
        let long = option.starts_with("--");
        self.args().iter().filter_map(Word::literal).any(|word| {
            if long {
                word == option || word.strip_prefix(option).is_some_and(|rest| rest.starts_with('='))
            } else {
                word.starts_with('-')
                    && !word.starts_with("--")
                    && option.chars().skip(1).all(|letter| word.contains(letter))
            }
        })
    }

    /// The word after `option`, or after its `=`.
    pub fn option_value(self, option: &str) -> Option<&'a Word> {
        let at = self.args().iter().position(|word| word.is(option))?;
        self.args().get(at + 1)
    }

    /// The arguments that are neither options nor, for the options listed, their values.
    pub fn operands(self, with_value: &[&str]) -> Vec<&'a Word> {
        let mut operands = Vec::new();
        let mut words = self.args().iter();
        let mut only_operands = false;
        while let Some(word) = words.next() {
            let starts_with_dash = match word.literal() {
                Some(text) => text.len() > 1 && text.starts_with('-'),
                None => word_starts_with(word, "-"),
            };
            if only_operands || !starts_with_dash {
                operands.push(word);
            } else if word.is("--") {
                only_operands = true;
            } else if word.literal().is_some_and(|text| with_value.contains(&&*text)) {
                words.next();
            }
        }
        operands
    }

    /// What it runs in turn.
    fn inner(self) -> Option<Self> {
        let name = self.name()?;
        let elsewhere = |words| Some(Self { words, elsewhere: true });
        if let Some((_, with_value)) = WRAPPERS.iter().find(|(wrapper, _)| *wrapper == name) {
            let mut at = skip_options(self.args(), with_value);
            let takes_one = matches!(&*name, "timeout" | "flock" | "gosu" | "su-exec");
            if takes_one {
                at += 1;
            }
            if name == "env" || name == "sudo" {
                while self.args().get(at).is_some_and(part_before_equals) {
                    at += 1;
                }
            }
            let words = self.args().get(at..)?;
            if words.is_empty() || (name == "exec" && words.is_empty()) {
                return None;
            }
            return Some(Self { words, elsewhere: self.elsewhere });
        }
        let args = self.args();
        let verb = |verbs: &[&str], with_value: &[&str]| -> Option<usize> {
            let at = skip_options(args, with_value);
            args.get(at).filter(|word| word.literal().is_some_and(|text| verbs.contains(&&*text)))?;
            Some(at)
        };
        match &*name {
            "docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose" => {
                let mut args = args;
                let mut at = skip_options(args, options::COMPOSE.with_value);
                if args.get(at).is_some_and(|word| word.is("compose") || word.is("container")) {
                    args = args.get(at + 1..)?;
                    at = skip_options(args, options::COMPOSE.with_value);
                }
                let verb = args.get(at)?.literal()?;
                let with_value = match &*verb {
                    "exec" => options::EXEC.with_value,
                    "run" => options::RUN.with_value,
                    _ => return None,
                };
                let rest = args.get(at + 1..)?;
                let words = rest.get(skip_options(rest, with_value) + 1..)?;
                (!words.is_empty()).then_some(())?;
                elsewhere(words)
            }
            "kubectl" | "oc" => {
                verb(&["exec"], &["-n", "--namespace", "--context", "--kubeconfig", "--cluster"])?;
                let dashes = args.iter().position(|word| word.is("--"))?;
                elsewhere(args.get(dashes + 1..).filter(|words| !words.is_empty())?)
            }
            "ssh" => {
                let host = skip_options(args, SSH_WITH_VALUE);
                let words = args.get(host + 1..).filter(|words| !words.is_empty())?;
                elsewhere(words.get(skip_options(words, SSH_WITH_VALUE)..).filter(|words| !words.is_empty())?)
            }
            _ => None,
        }
    }
}

/// Options of ssh that take a value.
pub(super) const SSH_WITH_VALUE: &[&str] = &[
    "-i", "-p", "-o", "-l", "-F", "-J", "-L", "-R", "-D", "-b", "-c", "-E", "-e", "-I", "-m", "-O", "-Q", "-S", "-W",
    "-w",
];

/// How many of `words` are options and their values.
pub(super) fn skip_options(words: &[Word], with_value: &[&str]) -> usize {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        match word.literal() {
            Some(text) if text == "--" => return at + 1,
            Some(text) if text.len() > 1 && text.starts_with('-') => {
                at += if takes_next(&text, with_value) { 2 } else { 1 };
            }
            Some(_) => return at,
            None if word_starts_with(word, "-") => at += 1,
            None => return at,
        }
    }
    at
}

/// Whether the value of an option is the next word: `-u app`, `-nu app`, not `-uapp`, `--user=app`.
fn takes_next(option: &str, with_value: &[&str]) -> bool {
    if option.starts_with("--") {
        return with_value.contains(&option);
    }
    let first = option.char_indices().skip(1).find(|(_, letter)| {
        with_value.iter().any(|known| known.strip_prefix('-').is_some_and(|known| known.chars().eq([*letter])))
    });
    first.is_some_and(|(at, letter)| at + letter.len_utf8() == option.len())
}

fn word_starts_with(word: &Word, start: &str) -> bool {
    matches!(word.parts.first().map(|part| &part.kind), Some(super::PartKind::Text(text)) if text.starts_with(start))
}

/// `NAME=…`
fn part_before_equals(word: &Word) -> bool {
    let Some(super::PartKind::Text(text)) = word.parts.first().map(|part| &part.kind) else {
        return false;
    };
    text.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}
