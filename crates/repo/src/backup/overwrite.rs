//! Dumps that are written straight onto the last good one, and repairs of that which hide that a dump has failed.

use super::name::{Grain, Named};
use super::schedule::Period;
use super::status::{self, Relying};
use crate::script::{
    Command, Deed, Effect, Host, Joint, NodeId, NodeKind, ObjectKind, RedirectKind, Run, Script, Via, Word,
};
use crate::{Repo, Tree};
use twiceshy_source::{Edit, Place, Span};

/// A dump that is written onto the path of the one before.
#[derive(Debug)]
pub struct OverwrittenBackup {
    /// The path.
    pub place: Place,
    /// As written.
    pub path: String,
    /// The program that dumps.
    pub dumper: String,
    /// Where it stands.
    pub dump: Place,
    /// The time in the path; `None`: it is always the same.
    pub grain: Option<Grain>,
    /// How often it is written.
    pub period: Option<Period>,
    /// Whether the path, the script or what it belongs to is called a backup.
    pub is_named_backup: bool,
    /// Whether a failure of the dump is lost in a pipe.
    pub is_lost: bool,
    /// Writes beside it and moves it there when it is whole.
    pub edits: Option<Vec<Edit>>,
}

/// `dump > new && mv new last`: `set -e` does not end the script when the dump fails.
#[derive(Debug)]
pub struct HiddenFailure {
    /// The dump.
    pub place: Place,
    /// Its program.
    pub dumper: String,
    /// What runs only if it succeeds.
    pub joined: Place,
    /// What comes after it all the same.
    pub relying: Vec<Relying>,
    /// Two statements instead of one.
    pub edit: Option<Edit>,
}

/// What takes a file somewhere else, or makes something else of it.
const TAKERS: &[&str] = &[
    "mv",
    "cp",
    "ln",
    "gzip",
    "pigz",
    "zstd",
    "xz",
    "bzip2",
    "lz4",
    "tar",
    "zip",
    "7z",
    "gpg",
    "age",
    "openssl",
    "aws",
    "s3cmd",
    "gsutil",
    "mc",
    "rclone",
    "scp",
    "sftp",
    "rsync",
    "restic",
    "borg",
    "kopia",
    "duplicity",
    "split",
    "az",
    "b2",
    "curl",
    "git",
    "logrotate",
    "savelog",
    "install",
    "rm",
    "psql",
    "pg_restore",
    "mysql",
    "mariadb",
    "mongorestore",
    "gh",
    "docker",
    "podman",
    "kubectl",
    "ssh",
    "dd",
];

impl Repo {
    /// Dumps of a script that overwrite the one before.
    pub fn overwritten_backups(&self, script: &Script) -> Vec<OverwrittenBackup> {
        let Some(run) = self.backup_run(script) else { return Vec::new() };
        let told = |effect: &&Effect| !script.is_forbidden(effect.step.node);
        let dumps = run.effects().iter().filter(|effect| effect.deed == Deed::Dump && effect.step.script == 0);
        let dumps = dumps.filter(told);
        let mut found: Vec<OverwrittenBackup> = Vec::new();
        for effect in dumps {
            let overwritten = self.overwritten(&run, script, effect);
            found.extend(overwritten.filter(|new| found.iter().all(|other| other.place != new.place)));
        }
        found
    }

    /// The run of a script that may dump to a disk that is there on the next run.
    pub(super) fn backup_run<'r>(&'r self, script: &'r Script) -> Option<Run<'r>> {
        let text = script.text();
        let dumps = text.contains("dump") || text.contains("backup");
        (dumps && !script.is_typed() && is_kept(&script.host)).then(|| self.run_of(script)).flatten()
    }

    fn overwritten(&self, run: &Run<'_>, script: &Script, effect: &Effect) -> Option<OverwrittenBackup> {
        let node = effect.step.node;
        let target = effect.into.first().filter(|object| object.kind == ObjectKind::Path)?;
        let (word, kind) = redirected(script, target.span)?;
        // Under `set -C` the shell refuses.
        if kind == RedirectKind::Write && script.options_at(node).noclobber() == Some(true) {
            return None;
        }
        const NO_DATA: &[&str] = &["-s", "--schema-only", "--no-data", "-g", "--globals-only", "-r", "--roles-only"];
        if NO_DATA.iter().any(|option| effect.has_option(option)) {
            return None;
        }
        let named = Named::of(script, node, word);
        let pattern = named.pattern();
        if named.may_be_anything() || is_temporary(&pattern) || self.is_ours(script, &pattern) {
            return None;
        }
        let period = self.period(script, node);
        let grain = named.grain();
        if let Some(grain) = grain {
            period.as_ref().filter(|period| period.seconds < grain.seconds())?;
        }
        let statement = status::statement(script, node);
        let mention = Mention::of(script, word, &pattern);
        let taken =
            run.commands().into_iter().any(|(step, command)| {
                step != effect.step
                    && !script_contains(script, statement, step.script, step.node)
                    && (takes(command) && mention.is_in(command) || mention.is_read_by(command))
            }) || run.effects().iter().any(|other| other.from.iter().any(|from| from.pattern() == target.pattern()));
        if taken || is_tested(run, effect, &mention) {
            return None;
        }
        let (dumper, dump) = dumper_of(run, script, effect);
        let is_lost = status::is_lost_in_pipe(script, statement, node);
        Some(OverwrittenBackup {
            place: script.place(word.span),
            path: script.written(word.span).trim_matches(['"', '\'']).to_owned(),
            dumper,
            dump,
            grain,
            period,
            is_named_backup: self.is_named_backup(script, node, &pattern) && !self.is_for_tests(script),
            is_lost,
            edits: if is_lost { None } else { beside(script, statement, word) },
        })
    }

    /// Whether the file is part of the repository: git keeps what it was.
    fn is_ours(&self, script: &Script, path: &str) -> bool {
        let beside = Tree::join(Tree::parent(self.tree.path(script.file)), path);
        self.tree.file(path).is_some() || beside.is_some_and(|path| self.tree.file(&path).is_some())
    }

    fn is_named_backup(&self, script: &Script, node: NodeId, pattern: &str) -> bool {
        let says = |text: &str| text.to_ascii_lowercase().contains("backup");
        let function = script.enclosing_function(node).and_then(|id| match &script.node(id).kind {
            NodeKind::Function(name, _) => Some(name.text.to_string()),
            _ => None,
        });
        let host = match script.host.outermost() {
            // What somebody makes in the checkout by hand is looked at by that one.
            Host::Recipe { .. } => return pattern.contains('/') && says(Tree::parent(pattern)),
            Host::Service { service, .. } => service.clone(),
            Host::Fence { headings, before, .. } => format!("{} {before}", headings.join(" ")),
            _ => String::new(),
        };
        says(Tree::parent(pattern))
            || says(Tree::name(pattern)) && pattern.contains('/')
            || says(Tree::name(self.tree.path(script.file)))
            || says(&host)
            || function.is_some_and(|name| says(&name))
    }

    /// Dumps of a script whose failure `&&` hides from `set -e`.
    pub fn hidden_failures(&self, script: &Script) -> Vec<HiddenFailure> {
        let Some(run) = self.backup_run(script) else { return Vec::new() };
        let dumps = run.effects().iter().filter(|effect| effect.deed == Deed::Dump && effect.step.script == 0);
        dumps
            .filter(|effect| !script.is_forbidden(effect.step.node))
            .filter_map(|effect| hidden(&run, script, effect))
            .collect()
    }
}

fn hidden(run: &Run<'_>, script: &Script, effect: &Effect) -> Option<HiddenFailure> {
    let statement = status::statement(script, effect.step.node);
    let parent = script.shell().parent(statement)?;
    let NodeKind::AndOr(first, rest) = &script.node(parent).kind else { return None };
    let options = script.options_at(parent);
    let is_hidden = *first == statement
        && rest.iter().all(|(joint, _)| *joint == Joint::And)
        && options.errexit() == Some(true)
        && !script.errexit_is_suspended(parent)
        && !status::is_lost_in_pipe(script, statement, effect.step.node);
    let (_, second) = *rest.first()?;
    let moves = rest.iter().any(|(_, id)| {
        script
            .command(*id)
            .and_then(Command::name)
            .is_some_and(|name| name == "mv" || name == "gzip" || name == "cp" || name == "ln")
    });
    if !is_hidden || !moves {
        return None;
    }
    let above = script.shell().parent(parent)?;
    let NodeKind::List(items) = &script.node(above).kind else { return None };
    let next = *items.iter().position(|item| *item == parent).and_then(|position| items.get(position + 1))?;
    let asks = script.within(next).flat_map(|id| script.node(id).words()).any(|word| status::reads(word, "?"));
    let step = run.step(script, effect.step.node)?;
    if asks || !run.goes_on_after_failure(step) {
        return None;
    }
    let (dumper, place) = dumper_of(run, script, effect);
    let (end, start) = (script.node(*first).span.end, script.node(second).span.start);
    let indent = indent(script, script.node(parent).span.start)?;
    Some(HiddenFailure {
        place,
        dumper,
        joined: script.place_of(second),
        relying: status::relying(run, effect),
        edit: script.edit(Span { start: end, end: start }, &format!("\n{indent}")),
    })
}

/// Whether what a script writes is there on its next run: not on a runner, and not in an image that is built.
fn is_kept(host: &Host) -> bool {
    match host {
        Host::Inside { via: Via::Ssh, outer } => {
            !matches!(outer.outermost(), Host::Image { .. } | Host::CommandLine { .. })
        }
        Host::Inside { outer, .. } => is_kept(outer),
        // A command that is about to run runs once.
        Host::Step { .. } | Host::Image { .. } | Host::CommandLine { .. } => false,
        // A page shows a script that somebody saves: what is typed was asked for before.
        Host::Fence { .. } | Host::File | Host::Service { .. } | Host::Recipe { .. } | Host::Package { .. } => true,
    }
}

/// The program of a dump, and where it stands.
pub(super) fn dumper_of(run: &Run<'_>, script: &Script, effect: &Effect) -> (String, Place) {
    let named = script.command(effect.step.node).and_then(Command::dumper);
    match named {
        Some((name, word)) => (name.into_owned(), script.place(word.span)),
        None => (effect.program.to_string(), run.place_of(effect)),
    }
}

/// The word that names a file that is written anew, and how: a redirection, or an operand of `tee`.
fn redirected(script: &Script, span: Span) -> Option<(&Word, RedirectKind)> {
    script.shell().ids().find_map(|id| {
        let node = script.node(id);
        let own = node.redirects.iter().find(|redirect| redirect.target.span == span);
        if let Some(redirect) = own {
            let writes = matches!(redirect.kind, RedirectKind::Write | RedirectKind::Clobber | RedirectKind::WriteBoth);
            return writes.then_some((&redirect.target, redirect.kind));
        }
        let command = script.command(id).filter(|command| command.name().is_some_and(|name| name == "tee"))?;
        let appends = command.has_arg("-a") || command.has_arg("--append");
        let word = command.args().iter().find(|word| word.span == span).filter(|_| !appends)?;
        Some((word, RedirectKind::Clobber))
    })
}

/// What is not meant to stay.
fn is_temporary(pattern: &str) -> bool {
    let name = Tree::name(pattern).to_ascii_lowercase();
    ["/tmp/", "/var/tmp/", "/dev/", "/run/"].iter().any(|start| pattern.starts_with(start))
        || name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
            matches!(word, "tmp" | "temp" | "partial" | "part" | "new" | "next" | "inprogress" | "incomplete")
        })
        || pattern.contains("/tmp/")
}

/// How other commands name a file.
pub(super) struct Mention {
    written: String,
    pattern: String,
    directory: String,
}

impl Mention {
    pub(super) fn of(script: &Script, word: &Word, pattern: &str) -> Self {
        let directory = Tree::parent(pattern).to_owned();
        let written = script.written(word.span).trim_matches(['"', '\'']).to_owned();
        Self { written, pattern: pattern.to_owned(), directory }
    }

    fn fits(&self, script: &Script, word: &Word) -> bool {
        let written = script.written(word.span).trim_matches(['"', '\'']);
        let value = script.value(word).pattern();
        let value = value.trim_start_matches("./").trim_end_matches('/');
        let is_known = |text: &str| text.trim_matches('*').len() > 2;
        (!self.written.is_empty()
            && (written == self.written || (self.written.starts_with('$') && written.contains(&self.written))))
            || (is_known(&self.pattern) && value.contains(&self.pattern))
            || (is_known(&self.directory) && value == self.directory)
    }

    pub(super) fn is_in(&self, command: Command<'_>) -> bool {
        command.words().iter().any(|word| self.fits(command.script, word))
            || command.redirects().iter().any(|redirect| self.fits(command.script, &redirect.target))
    }

    /// Whether a command reads it through a redirection.
    fn is_read_by(&self, command: Command<'_>) -> bool {
        let mut reads = command.redirects().iter().filter(|redirect| redirect.kind == RedirectKind::Read);
        reads.any(|redirect| self.fits(command.script, &redirect.target))
    }

    /// Whether a word says something about it: names it, or a variable that was made by a command that does.
    pub(super) fn is_told_by(&self, script: &Script, word: &Word, depth: usize) -> bool {
        if self.fits(script, word) {
            return true;
        }
        let mut substitutions = Vec::new();
        word.substitutions(&mut substitutions);
        let asks =
            |list: &NodeId| script.within(*list).filter_map(|id| script.command(id)).any(|command| self.is_in(command));
        substitutions.iter().any(asks)
            || (depth < 3
                && word.variables().iter().any(|variable| {
                    let assigned = script.assignments(&variable.name);
                    assigned.iter().filter_map(|(_, assignment)| assignment.value.as_ref()).any(|value| {
                        let mut inside = Vec::new();
                        value.substitutions(&mut inside);
                        inside.iter().any(asks) || self.is_told_by(script, value, depth + 1)
                    })
                }))
    }
}

fn takes(command: Command<'_>) -> bool {
    command.chain().iter().filter_map(|link| link.name()).any(|name| TAKERS.contains(&&*name))
}

fn script_contains(script: &Script, statement: NodeId, number: u16, node: NodeId) -> bool {
    number == 0 && script.within(statement).any(|id| id == node)
}

/// Whether a test of the file decides about the dump: `[ -e dump ] && exit`.
fn is_tested(run: &Run<'_>, effect: &Effect, mention: &Mention) -> bool {
    run.conditions(effect.step).iter().any(|condition| {
        let script = run.script_of(condition.step);
        script.node(condition.step.node).words().into_iter().any(|word| mention.fits(script, word))
    })
}

/// What stands before a statement on its line, if that is only space.
fn indent(script: &Script, start: u32) -> Option<&str> {
    let text = script.text();
    let line = text.get(..start as usize)?.rfind('\n').map_or(0, |at| at + 1);
    let indent = text.get(line..start as usize)?;
    (indent.trim().is_empty() && text.contains('\n')).then_some(indent)
}

/// `dump > f.tmp`, and on its own line `mv f.tmp f`.
fn beside(script: &Script, statement: NodeId, word: &Word) -> Option<Vec<Edit>> {
    let parent = script.shell().parent(statement)?;
    if !matches!(script.node(parent).kind, NodeKind::List(_)) {
        return None;
    }
    let span = script.node(statement).span;
    let indent = indent(script, span.start)?;
    // A comment or another command behind it would get between.
    let rest = script.text().get(span.end as usize..)?;
    if !rest.is_empty() && !rest.starts_with('\n') {
        return None;
    }
    let written = script.written(word.span);
    let new = match written.strip_suffix('"') {
        Some(open) => format!("{open}.tmp\""),
        None => format!("{written}.tmp"),
    };
    let is_asked = script.options_at(statement).errexit() == Some(true) && !script.errexit_is_suspended(statement);
    let stop = if is_asked { "" } else { " || exit 1" };
    Some(vec![
        script.edit(word.span, &new)?,
        script.edit(Span { start: span.end, end: span.end }, &format!("{stop}\n{indent}mv {new} {written}"))?,
    ])
}
