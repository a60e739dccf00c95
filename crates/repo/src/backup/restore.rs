//! Restores that go on after errors, and statuses that are asked of the wrong command.

use super::status::{self, Relying, is_true, reads};
use crate::script::{Command, Deed, Effect, Host, NodeId, NodeKind, PartKind, Run, Script, Word};
use crate::{Repo, is_beside_tests};
use twiceshy_source::{Edit, Place, Span, Tree};

/// A `psql` that reads a file, goes on after each error in it, and ends with success.
#[derive(Debug)]
pub struct UnnoticedErrors {
    /// `psql` and its words.
    pub place: Place,
    /// What it reads, as written; `None` of what another program writes into it.
    pub from: Option<String>,
    /// The program that writes what it reads: `pg_dump`.
    pub dumper: Option<String>,
    /// Whether all of it is one transaction: after an error nothing is restored at all.
    pub is_single: bool,
    /// Whether something asks how it ended, and would notice, once it said so.
    pub is_asked: bool,
    /// Whether its status is lost in a pipe.
    pub is_lost: bool,
    /// Whether it only serves tests or a developer's machine.
    pub is_for_tests: bool,
    /// What is done after it.
    pub relying: Vec<Relying>,
    /// What says that it shall stop.
    pub edit: Option<Edit>,
}

/// `PIPESTATUS` that does not tell how a dump or a restore ended.
#[derive(Debug)]
pub struct MisreadStatus {
    /// Where it is read.
    pub place: Place,
    /// The dump or the restore.
    pub critical: Place,
    /// Its program.
    pub program: String,
    /// Why.
    pub why: WhyMisread,
}

/// Why a status is not that of the command that matters.
#[derive(Debug)]
pub enum WhyMisread {
    /// `|| true` has run since: it is its status.
    AfterTrue(Place),
    /// It is that of another stage: its program, and the number that would be right.
    OtherStage(String, usize),
}

impl Repo {
    /// Restores by `psql` in a script that go on after errors and end with success, though somebody relies on it.
    pub fn unnoticed_errors(&self, script: &Script) -> Vec<UnnoticedErrors> {
        if !script.text().contains("psql") {
            return Vec::new();
        }
        let Some(run) = self.run_of(script) else { return Vec::new() };
        let restores = run
            .effects()
            .iter()
            .filter(|effect| effect.deed == Deed::Restore && &*effect.program == "psql" && effect.step.script == 0);
        restores.filter_map(|effect| self.unnoticed(&run, script, effect)).collect()
    }

    fn unnoticed(&self, run: &Run<'_>, script: &Script, effect: &Effect) -> Option<UnnoticedErrors> {
        let node = effect.step.node;
        let command = script.command(node)?;
        let statement = status::statement(script, node);
        let dumper = feeding_dumper(script, statement, node);
        let file = effect.from.first();
        // What a script says itself, in a heredoc or an `echo`, is no dump.
        if (file.is_none() && dumper.is_none()) || says_stop(script, command) || is_let_go(script, statement) {
            return None;
        }
        // What `pg_dumpall` writes makes the role that restores it, which is there: stopping at that would restore nothing.
        if dumper.as_deref() == Some("pg_dumpall") || file.is_some_and(|file| self.is_of_dumpall(run, &file.pattern()))
        {
            return None;
        }
        let name = file.map(|file| file.pattern());
        if name.as_deref().is_some_and(|name| self.stops_itself(script, name)) || is_looked_at(script, statement, node)
        {
            return None;
        }
        let is_lost = status::is_lost_in_pipe(script, statement, node);
        let is_asked = status::is_asked(script, statement);
        // Who types it sees the errors, and goes on to the next line or not; `&&` does not look.
        let relying =
            if script.is_typed() { status::joined_harm(run, script, statement) } else { status::relying(run, effect) };
        if script.is_forbidden(node) || relying.is_empty() && (!is_asked || script.is_typed()) {
            return None;
        }
        let program = command
            .innermost()
            .words
            .first()
            .filter(|word| word.literal().is_some_and(|name| Tree::name(&name) == "psql") && word.parts.len() == 1);
        let edit = program.and_then(|word| {
            let end = word.span.end;
            script.edit(Span { start: end, end }, " -v ON_ERROR_STOP=1")
        });
        Some(UnnoticedErrors {
            place: program.map_or_else(|| run.place_of(effect), |word| script.place(word.span)),
            from: file.map(|file| script.written(file.span).trim_matches(['"', '\'']).to_owned()),
            dumper,
            is_single: effect.has_option("-1") || effect.has_option("--single-transaction"),
            is_asked,
            is_lost,
            is_for_tests: self.is_for_tests(script) || self.is_for_developers(run, effect),
            relying,
            edit,
        })
    }

    /// Whether a script or recipe serves tests or a developer's machine only.
    pub(super) fn is_for_tests(&self, script: &Script) -> bool {
        let path = self.tree.path(script.file);
        let says = |text: &str| {
            let text = text.to_ascii_lowercase();
            text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
                matches!(
                    word,
                    "test"
                        | "tests"
                        | "e2e"
                        | "dev"
                        | "devel"
                        | "local"
                        | "ci"
                        | "seed"
                        | "sample"
                        | "demo"
                        | "fixtures"
                )
            })
        };
        let named = match script.host.outermost() {
            Host::Recipe { target } => says(target),
            Host::Step { job, .. } => says(job),
            Host::Package { name } => says(name),
            Host::Service { service, .. } => says(service),
            _ => false,
        };
        named || is_beside_tests(path) || says(path)
    }

    /// Whether a command acts on services of stacks that only developers run.
    fn is_for_developers(&self, run: &Run<'_>, effect: &Effect) -> bool {
        let meant = self.services_meant(run, effect);
        !meant.is_empty() && meant.iter().all(|(project, _)| self.is_development(project))
    }

    /// Whether a file of the repository says itself that an error ends it.
    fn stops_itself(&self, script: &Script, name: &str) -> bool {
        let name = name.trim_start_matches("./");
        let beside = Tree::join(Tree::parent(self.tree.path(script.file)), name);
        let file = self.tree.file(name).or_else(|| self.tree.file(beside.as_deref()?));
        file.and_then(|file| self.tree.source(file).ok()).is_some_and(|source| source.text().contains("ON_ERROR_STOP"))
    }

    /// Whether the same script has had `pg_dumpall` write the file.
    fn is_of_dumpall(&self, run: &Run<'_>, file: &str) -> bool {
        run.effects()
            .iter()
            .any(|effect| &*effect.program == "pg_dumpall" && effect.into.iter().any(|object| object.pattern() == file))
    }

    /// Where a script reads a status that does not tell how its dump or restore ended.
    pub fn misread_statuses(&self, script: &Script) -> Vec<MisreadStatus> {
        if !script.text().contains("PIPESTATUS") {
            return Vec::new();
        }
        let told = script.shell().ids().filter(|&id| !script.is_forbidden(id));
        told.filter_map(|id| misread(script, id)).collect()
    }
}

/// `… || true`, after which nothing asks for `PIPESTATUS` all the same.
fn is_let_go(script: &Script, statement: NodeId) -> bool {
    let around = script.shell().parent(statement).unwrap_or(statement);
    status::may_fail(script, statement) && read_after(script, around).is_none()
}

/// The program whose dump is piped into `node`.
fn feeding_dumper(script: &Script, pipeline: NodeId, node: NodeId) -> Option<String> {
    let NodeKind::Pipeline(stages) = &script.node(pipeline).kind else { return None };
    let before = stages.iter().take_while(|stage| !script.within(**stage).any(|id| id == node));
    before
        .flat_map(|stage| script.commands_in(*stage))
        .find_map(|command| command.dumper().map(|(name, _)| name.into_owned()))
}

/// Whether `psql` is told to stop at an error: by its words, by variables in them, by what it reads first.
fn says_stop(script: &Script, command: Command<'_>) -> bool {
    let says = |text: &str| text.to_ascii_uppercase().contains("ON_ERROR_STOP");
    if says(script.written(command.span())) {
        return true;
    }
    let given = |name: &str| -> Vec<&str> {
        let simple = script.shell().ids().filter_map(|id| match &script.node(id).kind {
            NodeKind::Simple(simple) => Some(&simple.assignments),
            _ => None,
        });
        simple.flatten().filter(|own| &*own.name.text == name).map(|own| script.written(own.span)).collect()
    };
    command.words().iter().flat_map(|word| word.variables()).any(|variable| {
        let written = given(&variable.name);
        let is_list = matches!(&*variable.name, "@" | "*")
            || variable.argument.as_ref().and_then(Word::literal).is_some_and(|at| at.starts_with(['@', '*']));
        // What others give may say it.
        (written.is_empty() && is_list) || written.into_iter().any(says)
    })
}

/// Whether something looks for errors in what `psql` says, or asks the database afterwards what came of it.
fn is_looked_at(script: &Script, statement: NodeId, node: NodeId) -> bool {
    let after = |id: NodeId| script.runs_before(statement, id) || script.within(statement).any(|own| own == id);
    script.commands().filter(|command| command.id != node && after(command.id)).any(|command| {
        let Some(name) = command.innermost().name() else { return false };
        match &*name {
            "grep" | "egrep" | "rg" | "awk" | "sed" => command.args().iter().any(|word| {
                script.written(word.span).to_ascii_lowercase().contains("error")
                    || script.written(word.span).contains("FATAL")
            }),
            "psql" => is_compared(script, command.id),
            _ => false,
        }
    })
}

/// Whether what a command says is compared: it stands in a substitution or before `grep`.
fn is_compared(script: &Script, id: NodeId) -> bool {
    let mut at = id;
    for parent in script.shell().ancestors(id) {
        match &script.node(parent).kind {
            NodeKind::Simple(_) | NodeKind::Test(_) => return true,
            NodeKind::Pipeline(stages) if stages.last() != Some(&at) => return true,
            NodeKind::If(branches, _) if branches.iter().any(|branch| branch.condition == at) => return true,
            _ => {}
        }
        at = parent;
    }
    false
}

/// A stage that must not fail: a dump or a restore.
fn critical(script: &Script, stage: NodeId) -> Option<Command<'_>> {
    let command = script.command(stage)?;
    let name = command.innermost().name()?;
    let reads = matches!(&*name, "psql" | "pg_restore" | "mysql" | "mariadb" | "mongorestore");
    (reads || command.dumper().is_some()).then_some(command)
}

fn misread(script: &Script, pipeline: NodeId) -> Option<MisreadStatus> {
    let NodeKind::Pipeline(stages) = &script.node(pipeline).kind else { return None };
    let (number, command) =
        stages.iter().enumerate().find_map(|(number, stage)| Some((number, critical(script, *stage)?)))?;
    let options = script.options_at(pipeline);
    let is_last = number + 1 == stages.len();
    let decides = is_last || options.pipefail() == Some(true);
    let parent = script.shell().parent(pipeline)?;
    let swallow = match &script.node(parent).kind {
        NodeKind::AndOr(first, rest) if *first == pipeline => {
            rest.iter().map(|(_, id)| *id).find(|id| is_true(script, *id))
        }
        _ => None,
    };
    let whole = if swallow.is_some() { parent } else { pipeline };
    let (reader, index) = read_after(script, whole)?;
    let program = command
        .dumper()
        .map(|(name, _)| name.into_owned())
        .or_else(|| Some(command.innermost().name()?.into_owned()))?;
    let critical =
        script.place(command.dumper().map_or(command.innermost().words.first()?.span, |(_, word)| word.span));
    let found = |why| Some(MisreadStatus { place: script.place(reader), critical, program, why });
    if let Some(swallow) = swallow {
        return if decides { found(WhyMisread::AfterTrue(script.place_of(swallow))) } else { None };
    }
    let ends = decides && options.errexit() == Some(true) && !script.errexit_is_suspended(pipeline);
    let index = index.filter(|index| *index != number && !ends)?;
    let other = script.command(*stages.get(index)?)?.name()?.into_owned();
    found(WhyMisread::OtherStage(other, number))
}

/// Where the statement after `whole` reads `PIPESTATUS`, and of which stage; `None` for the number where it reads more
/// than one.
fn read_after(script: &Script, whole: NodeId) -> Option<(Span, Option<usize>)> {
    let mut at = whole;
    let next = loop {
        let parent = script.shell().parent(at)?;
        if let NodeKind::List(items) = &script.node(parent).kind
            && let Some(&next) = items.iter().position(|item| *item == at).and_then(|position| items.get(position + 1))
        {
            break next;
        }
        if matches!(script.node(parent).kind, NodeKind::Function(..)) || parent == at {
            return None;
        }
        at = parent;
    };
    let mut found: Vec<(Span, Option<usize>)> = Vec::new();
    for id in script.within(next) {
        let words = script.node(id).words();
        for word in words.into_iter().filter(|word| reads(word, "PIPESTATUS")) {
            found.push((word.span, index_of(word)));
        }
    }
    match found.as_slice() {
        [] => None,
        [one] => Some(*one),
        [first, ..] => Some((first.0, None)),
    }
}

/// `0` of `${PIPESTATUS[0]}`; of `$PIPESTATUS` too.
fn index_of(word: &Word) -> Option<usize> {
    let variables: Vec<_> = word
        .parts
        .iter()
        .filter_map(|part| match &part.kind {
            PartKind::Variable(variable) if &*variable.name == "PIPESTATUS" => Some(variable),
            _ => None,
        })
        .collect();
    let [variable] = variables.as_slice() else { return None };
    match (&*variable.operator, &variable.argument) {
        ("", _) => Some(0),
        ("[", Some(index)) => index.literal()?.trim_end_matches(']').parse().ok(),
        _ => None,
    }
}
