//! Rotations: old backups that are deleted although there is no new one, or that are never met.

use super::name::{Named, may_meet};
use super::overwrite::{Mention, dumper_of};
use super::status;
use crate::script::{Command, Deed, Effect, NodeId, NodeKind, ObjectKind, Run, Script, Step, Word};
use crate::{Repo, Tree};
use twiceshy_source::{Place, Span};

/// Old backups are deleted although the dump of the same job has failed.
#[derive(Debug)]
pub struct BlindRotation {
    /// What deletes.
    pub place: Place,
    /// The dump.
    pub dump: Place,
    /// Its program.
    pub dumper: String,
    /// Whether it runs before the dump.
    pub is_first: bool,
    /// Whether it goes by age; otherwise it keeps a number of files.
    pub is_by_age: bool,
}

/// A rotation that meets nothing of what is written.
#[derive(Debug)]
pub struct VainRotation {
    /// The pattern that it deletes by.
    pub place: Place,
    /// As written.
    pub pattern: String,
    /// The name that the dumps are given, `*` for what is not known.
    pub name: String,
    /// Where that is written.
    pub written: Place,
}

/// What deletes old files of a directory.
struct Rotation<'s> {
    script: &'s Script,
    /// What deletes.
    node: NodeId,
    span: Span,
    directory: String,
    /// The pattern of the names, where one is given.
    names: Option<(String, Span)>,
    is_by_age: bool,
}

/// What a dump is written to.
struct Written {
    directory: String,
    name: String,
    is_known: bool,
    place: Place,
}

impl Repo {
    /// Deletions of old backups in a script that happen although its dump has failed, or before it has run.
    pub fn blind_rotations(&self, script: &Script) -> Vec<BlindRotation> {
        let rotations = rotations(script);
        if rotations.is_empty() {
            return Vec::new();
        }
        let Some(run) = self.backup_run(script) else { return Vec::new() };
        let told = rotations.iter().filter(|rotation| !script.is_forbidden(rotation.node));
        told.filter_map(|rotation| blind(&run, rotation)).collect()
    }

    /// Deletions of old backups in a script by a pattern that none of the dumps of the repository is named by.
    pub fn vain_rotations(&self, script: &Script) -> Vec<VainRotation> {
        let rotations: Vec<Rotation<'_>> =
            rotations(script).into_iter().filter(|rotation| rotation.names.is_some()).collect();
        if rotations.is_empty() || script.is_typed() {
            return Vec::new();
        }
        let others = self
            .scripts
            .iter()
            .filter(|other| std::ptr::eq(*other, script) || other.text().contains("dump") && !other.is_typed());
        let others: Vec<&Script> = others.collect();
        let written: Vec<Written> = others.iter().flat_map(|other| self.written(other)).collect();
        let told = rotations.iter().filter(|rotation| !script.is_forbidden(rotation.node));
        told.filter_map(|rotation| vain(rotation, &others, &written)).collect()
    }

    /// Where the dumps of a script are written.
    fn written(&self, script: &Script) -> Vec<Written> {
        let Some(run) = self.backup_run(script) else { return Vec::new() };
        let dumps = run.effects().iter().filter(|effect| effect.deed == Deed::Dump && effect.step.script == 0);
        dumps.filter_map(|effect| target(script, effect)).collect()
    }
}

fn target(script: &Script, effect: &Effect) -> Option<Written> {
    let object = effect.into.first().filter(|object| object.kind == ObjectKind::Path)?;
    let word = word_at(script, object.span)?;
    let named = Named::of(script, effect.step.node, word);
    let key = named.key();
    let (directory, _) = key.rsplit_once('/')?;
    Some(Written {
        directory: directory.to_owned(),
        name: Tree::name(&named.pattern()).to_owned(),
        is_known: Tree::name(&named.pattern()).trim_matches('*').len() > 2,
        place: script.place(word.span),
    })
}

fn word_at(script: &Script, span: Span) -> Option<&Word> {
    script.shell().ids().find_map(|id| {
        let node = script.node(id);
        let redirect = node.redirects.iter().map(|redirect| &redirect.target).find(|word| word.span == span);
        redirect.or_else(|| node.words().into_iter().find(|word| word.span == span))
    })
}

/// What deletes old files in a script: `find … -mtime +7 -delete`, `ls -t … | tail -n +8 | xargs rm`.
fn rotations(script: &Script) -> Vec<Rotation<'_>> {
    let text = script.text();
    if !text.contains("find") && !text.contains("ls ") {
        return Vec::new();
    }
    script.commands().filter_map(|command| rotation(script, command)).collect()
}

fn rotation<'s>(script: &'s Script, command: Command<'s>) -> Option<Rotation<'s>> {
    let name = command.name()?;
    let is_find = name == "find";
    if !is_find && name != "ls" {
        return None;
    }
    const AGES: &[&str] = &["-mtime", "-mmin", "-ctime", "-cmin", "-atime", "-amin", "-newermt"];
    let is_by_age = command.args().iter().any(|word| AGES.iter().any(|age| word.is(age)));
    let deletes_itself = is_find && (command.has_arg("-delete") || (command.has_arg("-exec") && command.has_arg("rm")));
    let (node, span) = if deletes_itself {
        (command.id, command.words().iter().map(|word| word.span).reduce(Span::to)?)
    } else {
        let deleter = deleter(script, command)?;
        let span = deleter.words().iter().map(|word| word.span).reduce(Span::to)?;
        (deleter.id, span)
    };
    // Everything in a directory, or one file: no rotation.
    if !is_by_age && (deletes_itself || !picks(script, command.id)) {
        return None;
    }
    let (directory, names) = if is_find {
        let first = command.args().iter().find(|word| !word.literal().is_some_and(|text| text.starts_with('-')))?;
        let names =
            command.args().windows(2).find(|pair| pair[0].is("-name") || pair[0].is("-iname")).map(|pair| &pair[1]);
        let count = command.args().iter().filter(|word| word.is("-name") || word.is("-iname") || word.is("-o")).count();
        let pattern =
            names.filter(|_| count == 1).map(|word| (Named::of(script, command.id, word).pattern(), word.span));
        (Named::of(script, command.id, first).key(), pattern)
    } else {
        let last = command.args().iter().rfind(|word| !word.literal().is_some_and(|text| text.starts_with('-')))?;
        let named = Named::of(script, command.id, last);
        match named.key().rsplit_once('/') {
            Some((directory, file)) if file.contains('*') => {
                (directory.to_owned(), Some((Tree::name(&named.pattern()).to_owned(), last.span)))
            }
            _ => (named.key(), None),
        }
    };
    let directory = directory.trim_end_matches('/').to_owned();
    Some(Rotation { script, node, span, directory, names, is_by_age })
}

/// The `rm` that is given what a command lists: behind it in its pipeline, or in the loop over it.
fn deleter<'s>(script: &'s Script, command: Command<'s>) -> Option<Command<'s>> {
    let removes = |id: NodeId| {
        script.within(id).filter_map(|id| script.command(id)).find(|inner| inner.deed() == Some(Deed::Delete))
    };
    let mut at = command.id;
    for parent in script.shell().ancestors(command.id) {
        match &script.node(parent).kind {
            NodeKind::Pipeline(stages) => {
                let behind = stages.iter().skip_while(|stage| **stage != at).skip(1);
                if let Some(found) = behind.copied().find_map(removes) {
                    return Some(found);
                }
            }
            NodeKind::For(of) if at != of.body => return removes(of.body),
            NodeKind::Function(..) => return None,
            _ => {}
        }
        at = parent;
    }
    None
}

/// Whether a pipeline takes some of what a command lists: `| tail -n +8`.
fn picks(script: &Script, node: NodeId) -> bool {
    let pipeline = status::statement(script, node);
    let NodeKind::Pipeline(stages) = &script.node(pipeline).kind else { return false };
    stages
        .iter()
        .filter_map(|stage| script.command(*stage)?.name())
        .any(|name| matches!(&*name, "tail" | "head" | "awk" | "sed"))
}

/// Whether a dump is written to where a rotation deletes.
fn is_of(rotation: &Rotation<'_>, written: &Written) -> bool {
    let below = written.directory == rotation.directory
        || written.directory.strip_prefix(&rotation.directory).is_some_and(|rest| rest.starts_with('/'));
    below && rotation.directory.len() > 1
}

fn blind(run: &Run<'_>, rotation: &Rotation<'_>) -> Option<BlindRotation> {
    let script = rotation.script;
    let delete = run.step(script, rotation.node)?;
    let dumps: Vec<(&Effect, Written)> = run
        .effects()
        .iter()
        .filter(|effect| effect.deed == Deed::Dump && effect.step.script == 0)
        .filter_map(|effect| Some((effect, target(script, effect)?)))
        .filter(|(_, written)| is_of(rotation, written))
        .filter(|(_, written)| {
            rotation.names.as_ref().is_none_or(|(names, _)| {
                may_meet(names, &written.name) || may_meet(names, &format!("{}*", written.name))
            })
        })
        .collect();
    // Whoever deletes by hand, on request, or only while enough are there, looks.
    let conditions = run.conditions(delete);
    let is_packed = dumps.iter().any(|(effect, _)| is_piped(script, effect));
    let is_told = conditions.iter().any(|condition| {
        let told = run.script_of(condition.step);
        let words = told.node(condition.step.node).words();
        let has = |option: &str| words.iter().any(|word| word.is(option));
        // That it is there says nothing; of an archive that was made in a pipe, that it is not empty or whole neither.
        let is_idle = has("-f") || has("-e") || (is_packed && (has("-s") || has("-t")));
        !is_idle && words.into_iter().any(|word| is_about(told, word, rotation, &dumps))
    });
    if is_told {
        return None;
    }
    let found = |effect: &Effect, is_first: bool| {
        let (dumper, dump) = dumper_of(run, script, effect);
        Some(BlindRotation {
            place: script.place(rotation.span),
            dump,
            dumper,
            is_first,
            is_by_age: rotation.is_by_age,
        })
    };
    for (effect, _) in &dumps {
        let (before, after) = (run.may_precede(effect.step, delete), run.may_precede(delete, effect.step));
        if before {
            if run.may_follow_failure(effect.step, delete) && !is_checked(run, effect, delete) {
                return found(effect, false);
            }
        } else if after && rotation.is_by_age {
            return found(effect, true);
        }
    }
    None
}

fn is_about(script: &Script, word: &Word, rotation: &Rotation<'_>, dumps: &[(&Effect, Written)]) -> bool {
    let about_dump = dumps.iter().any(|(effect, _)| {
        let target = effect.into.first().and_then(|object| word_at(rotation.script, object.span));
        target.is_some_and(|target| {
            let pattern = Named::of(rotation.script, effect.step.node, target).pattern();
            Mention::of(rotation.script, target, &pattern).is_told_by(script, word, 0)
        })
    });
    // A number of files, or of failures, that was counted.
    let counts = word.variables().iter().any(|variable| {
        let name = variable.name.to_ascii_lowercase();
        ["count", "total", "num", "fail", "error", "ok", "success", "status", "rc"]
            .iter()
            .any(|part| name.contains(part))
    });
    about_dump || counts
}

/// Whether something between a dump that has failed and a deletion looks at what was written.
fn is_checked(run: &Run<'_>, effect: &Effect, delete: Step) -> bool {
    let script = run.script();
    let Some(word) = effect.into.first().and_then(|object| word_at(script, object.span)) else { return false };
    let mention = Mention::of(script, word, &Named::of(script, effect.step.node, word).pattern());
    // An archive of nothing is whole, and not empty.
    let is_packed = is_piped(script, effect);
    const READERS: &[&str] =
        &["stat", "wc", "du", "zcat", "gunzip", "gzip", "zstdcat", "xzcat", "tail", "head", "cat", "zgrep", "grep"];
    const JUDGES: &[&str] = &["grep", "egrep", "zgrep", "pg_restore", "awk"];
    let named =
        |command: Command<'_>, names: &[&str]| command.innermost().name().is_some_and(|name| names.contains(&&*name));
    run.checked_after_failure(effect.step, delete, |command| {
        let own = command.script;
        let pipeline = status::statement(own, command.id);
        let decides = named(command, JUDGES)
            || (!is_packed && (named(command, &["test"]) || (named(command, &["gzip"]) && command.has_arg("-t"))));
        let reads =
            |id: NodeId| own.command(id).is_some_and(|command| named(command, READERS) && mention.is_in(command));
        decides && (mention.is_in(command) || (pipeline != command.id && own.within(pipeline).any(reads)))
    })
}

/// Whether a dump is piped into something before it is written.
fn is_piped(script: &Script, effect: &Effect) -> bool {
    status::statement(script, effect.step.node) != effect.step.node
}

/// What gives files other names, or puts them somewhere else.
const MAKERS: &[&str] = &[
    "mv",
    "cp",
    "ln",
    "gzip",
    "pigz",
    "xz",
    "zstd",
    "bzip2",
    "lz4",
    "zip",
    "7z",
    "tar",
    "gpg",
    "age",
    "openssl",
    "split",
    "rsync",
    "scp",
    "install",
    "tee",
    "touch",
    "rename",
    "restic",
    "rclone",
    "aws",
    "docker",
    "podman",
    "kubectl",
    "curl",
    "wget",
    "dd",
    "sqlite3",
    "mongodump",
    "redis-cli",
    "etcdctl",
];

fn vain(rotation: &Rotation<'_>, scripts: &[&Script], written: &[Written]) -> Option<VainRotation> {
    let (pattern, span) = rotation.names.as_ref()?;
    let own: Vec<&Written> = written.iter().filter(|written| written.directory == rotation.directory).collect();
    let first = own.first()?;
    let meets = |name: &str| may_meet(pattern, name);
    if pattern.trim_matches('*').is_empty() || own.iter().any(|written| !written.is_known || meets(&written.name)) {
        return None;
    }
    // Any other word that may name what it deletes: an archive made of the dump, a copy, another dump's name.
    for script in scripts {
        for id in script.shell().ids() {
            let node = script.node(id);
            let command = script.command(id);
            if node.span.start <= span.start
                && span.end <= node.span.end
                && std::ptr::eq(*script, rotation.script)
                && command.is_some()
            {
                continue;
            }
            let makes = command.is_some_and(|command| {
                command.chain().iter().filter_map(|link| link.name()).any(|name| MAKERS.contains(&&*name))
            });
            let redirects = node.redirects.iter().map(|redirect| &redirect.target);
            let words = node.words();
            for word in redirects.chain(words) {
                let named = Named::of(script, id, word).pattern();
                let name = Tree::name(named.trim_end_matches('/'));
                let is_known = name.trim_matches('*').len() > 2;
                // `gzip f` makes `f.gz`.
                let named_so = (is_known && meets(name)) || (makes && (meets(name) || meets(&format!("{name}*"))));
                let is_own = own.iter().any(|written| written.place == script.place(word.span));
                if named_so && !is_own {
                    return None;
                }
            }
        }
    }
    Some(VainRotation {
        place: rotation.script.place(*span),
        pattern: pattern.clone(),
        name: first.name.clone(),
        written: first.place,
    })
}
