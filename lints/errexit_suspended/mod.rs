//! Finds work that goes on after a failure since its function is called in a condition, where `set -e` is off.

use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::script::{Deed, Effect, Joint, NodeId, NodeKind, Run, Script, Word};
use twiceshy_repo::{Repo, Span};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ErrexitSuspended {}

impl Lint for ErrexitSuspended {
    type Subject = Script;
    const META: Meta = meta!(Warn, DataLoss, scripts, from system);

    fn check(&self, script: &Script, repo: &Repo, found: &mut Findings) {
        if script.is_typed() || !script.functions().any(|function| is_suspended(script, function.body)) {
            return;
        }
        let Some(run) = repo.run_of(script) else { return };
        let mut told: Vec<NodeId> = Vec::new();
        for effect in run.effects().iter().filter(|effect| effect.step.script == 0 && is_relied_on(effect.deed)) {
            let node = effect.step.node;
            let Some(function) = script.enclosing_function(node) else { continue };
            let Some(next) = goes_on_to(&run, script, effect, function) else { continue };
            if told.contains(&function)
                || script.is_forbidden(node)
                || !script.is_sound(function)
                || !would_end(script, node)
            {
                continue;
            }
            told.push(function);
            report(&run, script, effect, next, function, found);
        }
    }
}

/// Whether `set -e` is on and off at the same time in a function: it is called in a condition, wherever it is called.
fn is_suspended(script: &Script, body: NodeId) -> bool {
    script.options_at(body).errexit() == Some(true) && script.suspended_by(body).is_some()
}

/// What others come to rely on.
fn is_relied_on(deed: Deed) -> bool {
    matches!(
        deed,
        Deed::Dump
            | Deed::Restore
            | Deed::Copy
            | Deed::Upload
            | Deed::Sync
            | Deed::Unpack
            | Deed::Verify
            | Deed::Migrate
    )
}

/// What does harm, or is in vain, after a failure.
fn is_harm(first: &Effect, deed: Deed) -> bool {
    match deed {
        Deed::Delete | Deed::Destroy | Deed::Move | Deed::Reset => true,
        Deed::Start | Deed::Restart => matches!(first.deed, Deed::Migrate | Deed::Restore | Deed::Unpack | Deed::Sync),
        Deed::Upload | Deed::Sync => matches!(first.deed, Deed::Dump | Deed::Verify),
        _ => false,
    }
}

/// The deed in the same function that is done although `first` has failed.
fn goes_on_to<'e>(run: &'e Run<'_>, script: &Script, first: &Effect, function: NodeId) -> Option<&'e Effect> {
    if !is_suspended(script, first.step.node) {
        return None;
    }
    run.effects().iter().find(|later| {
        later.step.script == 0
            && later.step != first.step
            && is_harm(first, later.deed)
            && !later.is_of_no_value()
            && script.enclosing_function(later.step.node) == Some(function)
            && script.can_follow(first.step.node, later.step.node)
            && !run.run_together(first.step, later.step)
            && run.may_follow_failure(first.step, later.step)
    })
}

/// Whether `set -e` would end the script over a failure here, if it were at work: nothing in the function asks for the
/// status, and no pipeline loses it.
fn would_end(script: &Script, node: NodeId) -> bool {
    let mut at = node;
    for parent in script.shell().ancestors(node) {
        match &script.node(parent).kind {
            NodeKind::Function(..) => return true,
            NodeKind::Pipeline(stages)
                if stages.last() != Some(&at) && script.options_at(parent).pipefail() != Some(true) =>
            {
                return false;
            }
            NodeKind::AndOr(_, rest) => {
                let is_last = rest.last().is_some_and(|(joint, last)| *last == at && *joint == Joint::And);
                if !is_last {
                    return false;
                }
            }
            NodeKind::If(branches, _) if branches.iter().any(|branch| branch.condition == at) => return false,
            NodeKind::While(of) if of.condition == at => return false,
            NodeKind::Not(_) | NodeKind::Background(_) => return false,
            // `x=$(dump)` hands the status on, `echo $(dump)` does not.
            NodeKind::Simple(simple) if !simple.words.is_empty() => return false,
            _ => {}
        }
        at = parent;
    }
    false
}

fn report(run: &Run<'_>, script: &Script, first: &Effect, next: &Effect, function: NodeId, found: &mut Findings) {
    let NodeKind::Function(name, _) = &script.node(function).kind else { return };
    let (what, then) = (spoken(run, first), spoken(run, next));
    let message = format!("when `{what}` fails here, `{then}` runs all the same: `set -e` is off in `{}`", name.text);
    let finding = found.at(run.place_of(first), script.addressed(message));
    finding.label(format!("may fail, and `{}` goes on", name.text));
    finding.related(run.place_of(next), "runs all the same");
    if let Some(call) = script.calls(function).first() {
        let place = script.place(script.command(*call).map_or(script.node(*call).span, |command| command.span()));
        finding.related(
            place,
            format!("asks for the status of `{}`, which switches `set -e` off in all of it", name.text),
        );
    } else if let Some(cause) = script.suspended_by(first.step.node) {
        finding.related(script.place(script.node(cause).span), "switches `set -e` off in all that it calls");
    }
    finding.note("in `if f`, `f || …`, `f && …` and `! f` the shell ignores `set -e` in `f` and in what `f` calls; `set -e` inside does not bring it back");
    let end = statement_end(script, first.step.node);
    let edit = end.and_then(|end| script.edit(Span { start: end, end }, " || return"));
    finding.suggest("leave the function when it fails", edit);
}

fn spoken(run: &Run<'_>, effect: &Effect) -> String {
    let said = run.command_of(effect).map(|command| command.spoken()).unwrap_or_default();
    if said.is_empty() { effect.program.to_string() } else { said }
}

/// Where the statement ends that a command belongs to: an item of a list.
fn statement_end(script: &Script, node: NodeId) -> Option<u32> {
    let mut at = node;
    for parent in script.shell().ancestors(node) {
        if let NodeKind::List(_) = script.node(parent).kind {
            break;
        }
        at = parent;
    }
    let span = script.node(at).span;
    let is_simple = matches!(script.node(at).kind, NodeKind::Simple(_) | NodeKind::Pipeline(_) | NodeKind::Test(_));
    let words = script.command(at).map(|command| command.words().iter().all(|word: &Word| word.span.end <= span.end));
    (is_simple && words != Some(false)).then_some(span.end)
}
