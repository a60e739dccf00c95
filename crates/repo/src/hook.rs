//! Git's hooks of a repository, and commands that go past them.

use crate::kill::forbids;
use crate::production::{DEVELOPMENT, words};
use crate::script::{Command, Host, NodeKind, Script, Word};
use crate::{Focus, Repo};
use twiceshy_source::{FileId, Place, Span, Tree};

/// A hook that the repository gives to whoever works in it.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Where it stands.
    pub place: Place,
    /// What installs and runs it.
    pub manager: Manager,
    /// When git runs it: `pre-commit`.
    pub event: String,
    /// What it looks for secrets with, and where that stands.
    pub secrets: Option<(&'static str, Place)>,
}

/// What installs and runs hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the programs' own")]
pub enum Manager {
    PreCommit,
    Husky,
    Lefthook,
    SimpleGitHooks,
    /// Nothing: `core.hooksPath` leads to a directory.
    Git,
}

/// A command that goes past hooks.
#[derive(Debug)]
pub struct Bypass {
    /// What says so: `--no-verify`, `HUSKY=0`.
    pub place: Place,
    /// As it is written.
    pub written: String,
    /// The words of git's that do it: `git commit`.
    pub command: String,
    /// The hook that does not run; one that looks for secrets before others.
    pub hook: Hook,
    /// How many more do not run.
    pub others: usize,
    /// How it is known to be meant.
    pub manner: Manner,
}

/// Where and how hooks are gone past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// A script does it whenever it runs.
    Script,
    /// A workflow does it, in a clone of its own.
    Workflow,
    /// A page tells people to.
    Told,
    /// A page says how it would be done.
    Explained,
}

/// What goes past hooks.
enum Way {
    /// git is told not to run those of these events.
    Events(&'static [&'static str]),
    /// The manager is told so.
    Manager(Manager),
    /// git looks for hooks where none are.
    All,
}

/// What looks for secrets.
const SCANNERS: &[&str] = &[
    "gitleaks",
    "trufflehog",
    "detect-secrets",
    "ggshield",
    "git-secrets",
    "talisman",
    "detect-private-key",
    "detect-aws-credentials",
    "secretlint",
    "kingfisher",
    "ripsecrets",
];
/// git's hooks that can refuse.
const EVENTS: &[&str] = &[
    "pre-commit",
    "commit-msg",
    "prepare-commit-msg",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "applypatch-msg",
    "pre-applypatch",
];

impl Repo {
    /// The hooks that the repository gives to whoever works in it.
    pub fn hooks(&self) -> Vec<Hook> {
        let mut hooks = Vec::new();
        for file in self.tree.files() {
            let path = self.tree.path(file);
            let name = Tree::name(path);
            let dir = Tree::name(Tree::parent(path));
            match name {
                ".pre-commit-config.yaml" | ".pre-commit-config.yml" => {
                    self.configured(file, Manager::PreCommit, &mut hooks)
                }
                "lefthook.yml" | "lefthook.yaml" | ".lefthook.yml" | ".lefthook.yaml" | "lefthook.toml" => {
                    self.configured(file, Manager::Lefthook, &mut hooks);
                }
                "package.json" if Tree::parent(path).is_empty() => self.of_package(file, &mut hooks),
                event
                    if EVENTS.contains(&event)
                        && matches!(
                            dir,
                            ".husky" | ".githooks" | ".git-hooks" | "githooks" | "git-hooks" | ".hooks"
                        ) =>
                {
                    let manager = if dir == ".husky" { Manager::Husky } else { Manager::Git };
                    self.of_file(file, manager, event, &mut hooks);
                }
                _ => {}
            }
        }
        hooks
    }

    fn of_file(&self, file: FileId, manager: Manager, event: &str, hooks: &mut Vec<Hook>) {
        let Ok(source) = self.tree.source(file) else { return };
        let is_told = |line: &u32| {
            let text = source.line(*line).trim();
            !text.is_empty() && !text.starts_with('#') && !text.starts_with(". ")
        };
        let Some(first) = (0..source.line_count()).find(is_told) else { return };
        let secrets = scanner(file, source.text(), 0);
        hooks.push(Hook {
            place: Place::new(file, trimmed(source.line_span(first), source.text())),
            manager,
            event: event.to_owned(),
            secrets,
        });
    }

    /// The hooks of a configuration of pre-commit's or lefthook's.
    fn configured(&self, file: FileId, manager: Manager, hooks: &mut Vec<Hook>) {
        let Ok(source) = self.tree.source(file) else { return };
        let text = source.text();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let start = at;
            at += line.len();
            let content = line.trim_end();
            let key = content.trim_end_matches(':');
            let is_of_lefthook = content.ends_with(':') && EVENTS.contains(&key)
                || content
                    .strip_prefix('[')
                    .and_then(|rest| rest.strip_suffix(']'))
                    .is_some_and(|key| EVENTS.contains(&key));
            let event = match manager {
                Manager::PreCommit if content.starts_with("repos:") => "pre-commit",
                Manager::Lefthook if is_of_lefthook => key.trim_matches(['[', ']']),
                _ => continue,
            };
            let place = Place::new(file, Span::new(start, start + content.len()));
            let secrets = scanner(file, text, at);
            // `default_install_hook_types: [pre-commit, pre-push]`, `stages: [pre-push]`
            let installs = text.lines().find_map(|line| line.strip_prefix("default_install_hook_types:"));
            let only_others =
                installs.filter(|_| manager == Manager::PreCommit).filter(|types| !types.contains("pre-commit"));
            let event = only_others
                .and_then(|types| EVENTS.iter().copied().find(|event| types.contains(event)))
                .unwrap_or(event);
            hooks.push(Hook { place, manager, event: event.to_owned(), secrets });
        }
    }

    /// `"simple-git-hooks"` and husky's own `"husky": {"hooks": …}`.
    fn of_package(&self, file: FileId, hooks: &mut Vec<Hook>) {
        let Ok(source) = self.tree.source(file) else { return };
        let text = source.text();
        for (key, manager) in [("\"simple-git-hooks\": {", Manager::SimpleGitHooks), ("\"husky\": {", Manager::Husky)] {
            let Some(start) = text.find(key) else { continue };
            let block = &text[start..];
            let block = &block[..block.find("\n  }").unwrap_or(block.len())];
            for event in EVENTS {
                let Some(at) = block.find(&format!("\"{event}\"")) else { continue };
                let place = Place::new(file, Span::new(start + at, start + at + event.len() + 2));
                let secrets = scanner(file, &text[..start + block.len()], start + at);
                hooks.push(Hook { place, manager, event: (*event).to_owned(), secrets });
            }
        }
    }

    /// Commands that go past hooks which the repository has.
    pub fn hook_bypasses(&self, focus: Focus) -> Vec<Bypass> {
        const SIGNS: &[&str] = &["--no-verify", "commit", "HUSKY", "SKIP", "LEFTHOOK", "hooksPath"];
        let mut found = Vec::new();
        let mut hooks = None;
        for script in self.scripts.within(focus) {
            let text = script.text();
            if !text.contains("git ") || !SIGNS.iter().any(|sign| text.contains(sign)) {
                continue;
            }
            for command in script.commands() {
                for (span, way, said) in ways(command) {
                    let hooks = hooks.get_or_insert_with(|| self.hooks());
                    found.extend(self.bypass(command, span, &way, said, hooks));
                }
            }
        }
        found
    }

    fn bypass(&self, command: Command<'_>, span: Span, way: &Way, said: String, hooks: &[Hook]) -> Option<Bypass> {
        let script = command.script;
        let is_past = |hook: &&Hook| match way {
            Way::Events(events) => events.contains(&&*hook.event),
            Way::Manager(manager) => hook.manager == *manager,
            Way::All => true,
        };
        let mut past: Vec<&Hook> = hooks.iter().filter(is_past).collect();
        past.sort_by_key(|hook| hook.secrets.is_none());
        let hook = (*past.first()?).clone();
        let path = self.tree.path(script.file).to_ascii_lowercase();
        if words(&path).any(|word| DEVELOPMENT.contains(&word)) || is_elsewhere(command) || says_why(command) {
            return None;
        }
        let manner = match script.host.outermost() {
            Host::Fence { headings, before, .. } => {
                let around: Vec<&String> = headings.iter().chain([before]).collect();
                let comments = script.text().lines().filter(|line| line.trim_start().starts_with('#'));
                if around.iter().any(|text| forbids(text)) || comments.into_iter().any(forbids) {
                    return None;
                }
                let names = ["hook", "skip", "bypass", "verif", "husky", "pre-commit", "lefthook", "emergenc"];
                let explains = around.iter().any(|text| {
                    let lower = text.to_lowercase();
                    names.iter().any(|name| lower.contains(name))
                });
                if explains { Manner::Explained } else { Manner::Told }
            }
            Host::Step { .. } => Manner::Workflow,
            _ => Manner::Script,
        };
        if manner == Manner::Workflow && self.is_bots(script) {
            return None;
        }
        let written = script.written(span).to_owned();
        let others = past.len() - 1;
        Some(Bypass { place: script.place(span), written, command: said, hook, others, manner })
    }

    /// Whether the commits of a workflow are those of a bot: it gives git a name of its own.
    fn is_bots(&self, script: &Script) -> bool {
        let near = self.scripts.iter().filter(|other| other.file == script.file);
        let mut texts = near.map(Script::text);
        texts.any(|text| {
            let lower = text.to_ascii_lowercase();
            lower.contains("user.name") || lower.contains("git_author_name") || lower.contains("[bot]")
        })
    }
}

/// Where in `text` from `from` on something looks for secrets.
fn scanner(file: FileId, text: &str, from: usize) -> Option<(&'static str, Place)> {
    let rest = text.get(from..)?;
    let mut start = from;
    for line in rest.split_inclusive('\n') {
        let content = line.split('#').next().unwrap_or_default();
        // `id: gitleaks` says it better than `repo: https://github.com/gitleaks/gitleaks`.
        let hit = SCANNERS.iter().find(|name| content.contains(**name) && !content.contains("repo:"));
        if let Some(name) = hit
            && let Some(at) = content.find(*name)
        {
            return Some((name, Place::new(file, Span::new(start + at, start + at + name.len()))));
        }
        start += line.len();
    }
    None
}

fn trimmed(span: Span, text: &str) -> Span {
    let line = span.of(text);
    let start = span.start as usize + (line.len() - line.trim_start().len());
    Span::new(start, start + line.trim().len())
}

/// Everything about a command that goes past hooks: where it says so, how, and what git is to do.
fn ways(command: Command<'_>) -> Vec<(Span, Way, String)> {
    let script = command.script;
    let mut ways = Vec::new();
    let local = command.local();
    if local.name().as_deref() != Some("git") {
        return ways;
    }
    let (mut at, args) = (0, local.args());
    let mut blind = None;
    while let Some(text) = args.get(at).and_then(Word::literal).filter(|text| text.starts_with('-')) {
        if matches!(&*text, "-c" | "-C" | "--git-dir" | "--work-tree" | "--namespace") {
            let value = args.get(at + 1);
            if let Some(value) = value.filter(|value| {
                text == "-c"
                    && value.literal().is_some_and(|value| {
                        value.to_ascii_lowercase().strip_prefix("core.hookspath=").is_some_and(leads_nowhere)
                    })
            }) {
                blind = Some(value.span);
            }
            at += 1;
        }
        at += 1;
    }
    let Some(verb) = args.get(at).and_then(Word::literal) else { return ways };
    let rest = args.get(at + 1..).unwrap_or_default();
    let said = format!("git {verb}");
    let events: &[&str] = match &*verb {
        "commit" => &["pre-commit", "commit-msg"],
        "merge" | "pull" => &["pre-merge-commit", "commit-msg"],
        "push" => &["pre-push"],
        "am" => &["applypatch-msg", "pre-applypatch"],
        "rebase" => &["pre-rebase"],
        "config" => {
            let key = rest
                .iter()
                .position(|word| word.literal().is_some_and(|text| text.eq_ignore_ascii_case("core.hooksPath")));
            let unsets = rest.iter().any(|word| word.literal().is_some_and(|text| text.starts_with("--unset")));
            if let Some(value) = key.and_then(|key| rest.get(key + 1)).filter(|_| !unsets)
                && value.literal().is_some_and(|value| leads_nowhere(&value))
            {
                ways.push((value.span, Way::All, said));
            }
            return ways;
        }
        _ => return ways,
    };
    if let Some(span) = blind {
        ways.push((span, Way::Events(events), said.clone()));
    }
    // `git push -n` is a dry run, `git merge -n` shows no summary: only a commit has a short form.
    let mut takes_value = false;
    for word in rest {
        if std::mem::take(&mut takes_value) {
            continue;
        }
        let Some(text) = word.literal() else { continue };
        if text == "--" {
            break;
        }
        let short =
            text.strip_prefix('-').filter(|rest| !rest.starts_with('-') && verb == "commit").unwrap_or_default();
        // What follows one of these is its value.
        let letters = short.split_inclusive(|letter| "mFcCtuS".contains(letter)).next().unwrap_or_default();
        takes_value = matches!(&*text, "--message" | "--file" | "--author" | "--date")
            || !letters.is_empty() && letters.len() == short.len() && letters.ends_with(['m', 'F', 'c', 'C', 't']);
        let value_starts = letters.ends_with(['m', 'F', 'c', 'C', 't', 'u', 'S']);
        let flags = if value_starts { &letters[..letters.len() - 1] } else { letters };
        if text == "--no-verify" || flags.contains('n') {
            ways.push((word.span, Way::Events(events), said.clone()));
        }
    }
    let manager = |name: &str, value: &str| match name {
        "HUSKY" if value == "0" => Some(Manager::Husky),
        "HUSKY_SKIP_HOOKS" if matches!(value, "1" | "true") => Some(Manager::Husky),
        "LEFTHOOK" if matches!(value, "0" | "false") => Some(Manager::Lefthook),
        "SKIP_SIMPLE_GIT_HOOKS" if value == "1" => Some(Manager::SimpleGitHooks),
        // pre-commit leaves out the hooks with these ids.
        "SKIP" if !value.is_empty() => Some(Manager::PreCommit),
        _ => None,
    };
    if let NodeKind::Simple(simple) = &script.node(command.id).kind {
        for assignment in &simple.assignments {
            let value = assignment.value.as_ref().and_then(|value| script.value(value).known()).unwrap_or_default();
            if let Some(manager) = manager(&assignment.name.text, &value) {
                ways.push((assignment.span, Way::Manager(manager), said.clone()));
            }
        }
    }
    // `env HUSKY=0 git commit`
    let before = command.words().iter().take_while(|word| !word.is("git"));
    for word in before {
        let Some(text) = word.literal() else { continue };
        if let Some((name, value)) = text.split_once('=')
            && let Some(manager) = manager(name, value)
        {
            ways.push((word.span, Way::Manager(manager), said.clone()));
        }
    }
    // `export HUSKY=0` before it; it is said once, where the first command goes past.
    for name in ["HUSKY", "HUSKY_SKIP_HOOKS", "LEFTHOOK", "SKIP"] {
        for (at, assignment) in script.assignments(name) {
            let exports =
                script.command(at).is_some_and(|command| command.words().iter().any(|word| word.is("export")));
            let value = assignment.value.as_ref().and_then(|value| script.value(value).known()).unwrap_or_default();
            let is_first = !script.commands().any(|other| {
                other.id != command.id
                    && script.runs_before(at, other.id)
                    && script.runs_before(other.id, command.id)
                    && other.name().as_deref() == Some("git")
                    && ["commit", "push", "merge"].iter().any(|verb| other.has_arg(verb))
            });
            if exports
                && is_first
                && script.runs_before(at, command.id)
                && let Some(manager) = manager(name, &value)
            {
                ways.push((assignment.span, Way::Manager(manager), said.clone()));
            }
        }
    }
    ways
}

fn leads_nowhere(path: &str) -> bool {
    let path = path.trim_matches(['"', '\'']);
    path.is_empty() || path == "/dev/null" || path.starts_with("/no") || path.starts_with("/tmp/")
}

/// Whether the commit goes into another repository, which has no hooks of this one: one made or cloned right here.
fn is_elsewhere(command: Command<'_>) -> bool {
    let script = command.script;
    script.commands().any(|other| {
        other.id != command.id
            && script.runs_before(other.id, command.id)
            && match other.name().as_deref() {
                Some("git") => ["init", "clone"].iter().any(|verb| other.literal_args().any(|arg| arg == *verb)),
                Some("mktemp") => true,
                _ => false,
            }
    })
}

/// Whether the command says why: it commits a release or what a program made, in a script for that; or a comment right
/// before it, or a condition around it, tells.
fn says_why(command: Command<'_>) -> bool {
    const RELEASE: &[&str] = &[
        "release",
        "bump",
        "version",
        "changelog",
        "[skip ci]",
        "[ci skip]",
        "auto-generated",
        "autogenerated",
        "[bot]",
    ];
    let script = command.script;
    if matches!(script.host.outermost(), Host::CommandLine { .. }) {
        // Who runs it says so of oneself, and nobody has reviewed it.
        return false;
    }
    let text = script.text();
    let written = script.written(command.span()).to_lowercase();
    if RELEASE.iter().any(|word| written.contains(word)) {
        return true;
    }
    let in_ci = script.guards(command.id).iter().any(|guard| {
        let condition = script.written(script.node(guard.condition).span);
        guard.holds && ["$CI", "${CI", "GITHUB_ACTIONS", "GITLAB_CI"].iter().any(|name| condition.contains(name))
    });
    if in_ci || matches!(script.host.outermost(), Host::Fence { .. }) {
        return in_ci;
    }
    let start = command.span().start as usize;
    let Some(before) = text.get(..text.get(..start).and_then(|text| text.rfind('\n')).unwrap_or(0)) else {
        return false;
    };
    let comment = before.lines().rev().take_while(|line| line.trim_start().starts_with('#'));
    // What is said to us names the lint, not the reason.
    let comment: Vec<&str> = comment.filter(|line| !line.contains(crate::ADDRESS)).collect();
    let comment = comment.join(" ").to_lowercase();
    ["hook", "verif", "husky", "pre-commit", "lefthook", "because", "since "].iter().any(|word| comment.contains(word))
}
