//! Who asks how a command ended, and what is done in the belief that it ended well.

use crate::Repo;
use crate::script::{Command, Deed, Effect, Host, Joint, NodeId, NodeKind, Run, Script, Word};
use twiceshy_source::Place;

/// Something that is done in the belief that a command has ended well.
#[derive(Clone, Debug)]
pub struct Relying {
    /// What is done.
    pub deed: Deed,
    /// Where.
    pub place: Place,
}

impl Repo {
    /// What `&&` has removed after a statement of a script, in the belief that it ended well: nobody who types the line is
    /// asked in between.
    pub fn joined_harm(&self, script: &Script, statement: NodeId) -> Vec<Relying> {
        self.run_of(script).map(|run| joined_harm(&run, script, statement)).unwrap_or_default()
    }
}

/// As [`Repo::joined_harm`].
pub(super) fn joined_harm(run: &Run<'_>, script: &Script, statement: NodeId) -> Vec<Relying> {
    let Some(parent) = script.shell().parent(statement) else { return Vec::new() };
    let NodeKind::AndOr(first, rest) = &script.node(parent).kind else { return Vec::new() };
    let members: Vec<(Joint, NodeId)> = std::iter::once((Joint::And, *first)).chain(rest.iter().copied()).collect();
    let after = members.iter().skip_while(|(_, id)| *id != statement).skip(1);
    let joined: Vec<NodeId> = after.take_while(|(joint, _)| *joint == Joint::And).map(|(_, id)| *id).collect();
    let is_joined = |effect: &&Effect| {
        effect.step.script == 0 && joined.iter().any(|id| script.within(*id).any(|id| id == effect.step.node))
    };
    let harm = run
        .effects()
        .iter()
        .filter(|effect| matches!(effect.deed, Deed::Delete | Deed::Destroy | Deed::Reset) && !effect.is_of_no_value());
    harm.filter(is_joined).map(|effect| Relying { deed: effect.deed, place: run.place_of(effect) }).collect()
}

/// Whether a word reads a variable.
pub(super) fn reads(word: &Word, variable: &str) -> bool {
    word.variables().iter().any(|read| &*read.name == variable)
}

/// The pipeline that a command is a stage of, else itself: what has a status.
pub(super) fn statement(script: &Script, node: NodeId) -> NodeId {
    let above = script.shell().ancestors(node).find(|id| !is_wrapping(script, *id));
    match above {
        Some(id) if matches!(script.node(id).kind, NodeKind::Pipeline(_)) => id,
        _ => node,
    }
}

fn is_wrapping(script: &Script, id: NodeId) -> bool {
    match &script.node(id).kind {
        NodeKind::Group(_) | NodeKind::Subshell(_) => true,
        NodeKind::List(items) => items.len() == 1,
        _ => false,
    }
}

/// Whether a pipeline's status is not that of the stage that `node` stands in.
pub(super) fn is_lost_in_pipe(script: &Script, pipeline: NodeId, node: NodeId) -> bool {
    let NodeKind::Pipeline(stages) = &script.node(pipeline).kind else { return false };
    let is_last = stages.last().is_some_and(|last| script.within(*last).any(|id| id == node));
    !is_last && script.options_at(pipeline).pipefail() != Some(true)
}

/// Whether something asks how a statement ended: `set -e`, a condition, `&&`, `||`, `$?`, make, a runner.
pub(super) fn is_asked(script: &Script, statement: NodeId) -> bool {
    if script.options_at(statement).errexit() == Some(true) && !script.errexit_is_suspended(statement) {
        return true;
    }
    let mut at = statement;
    for parent in script.shell().ancestors(statement) {
        match &script.node(parent).kind {
            NodeKind::AndOr(_, rest) if rest.last().is_none_or(|(_, last)| *last != at) => return true,
            NodeKind::Not(_) => return true,
            NodeKind::If(branches, _) if branches.iter().any(|branch| branch.condition == at) => return true,
            NodeKind::While(of) if of.condition == at => return true,
            NodeKind::List(items) => {
                let next = items.iter().position(|item| *item == at).and_then(|position| items.get(position + 1));
                if let Some(&next) = next {
                    return script.within(next).flat_map(|id| script.node(id).words()).any(|word| reads(word, "?"));
                }
            }
            NodeKind::Function(..) => return false,
            _ => {}
        }
        at = parent;
    }
    // The script's own status: make and the runner of a workflow ask for it.
    matches!(script.host, Host::Recipe { .. } | Host::Step { .. })
}

/// `… || true`: its author says that it may fail.
pub(super) fn may_fail(script: &Script, statement: NodeId) -> bool {
    let Some(parent) = script.shell().parent(statement) else { return false };
    let NodeKind::AndOr(_, rest) = &script.node(parent).kind else { return false };
    rest.iter().any(|(_, id)| is_true(script, *id))
}

/// `true`, `:`
pub(super) fn is_true(script: &Script, id: NodeId) -> bool {
    script.command(id).and_then(Command::name).is_some_and(|name| name == "true" || name == ":")
}

/// What comes after a step in the belief that it ended well: a report, a deletion, a start; the first of each.
pub(super) fn relying(run: &Run<'_>, effect: &Effect) -> Vec<Relying> {
    let mut found: Vec<Relying> = Vec::new();
    let mut add = |deed: Deed, place: Place| {
        if found.iter().all(|other| other.deed != deed) {
            found.push(Relying { deed, place });
        }
    };
    let follows =
        |step| step != effect.step && run.may_precede(effect.step, step) && !run.run_together(effect.step, step);
    for (step, command) in run.commands() {
        if command.deed() == Some(Deed::Announce) && step.script == 0 && follows(step) {
            add(Deed::Announce, command.words_place());
        }
    }
    for later in run.effects() {
        let harm = matches!(
            later.deed,
            Deed::Delete | Deed::Destroy | Deed::Start | Deed::Restart | Deed::Migrate | Deed::Upload
        );
        if harm && later.step.script == 0 && !later.is_of_no_value() && follows(later.step) {
            add(later.deed, run.place_of(later));
        }
    }
    found
}
