//! Finds commands that end a script under `set -e` though nothing went wrong, before the step that it was written for.

mod construct;

use construct::Construct;
use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::script::{Command, Deed, Fate, Host, NodeId, NodeKind};
use twiceshy_repo::{Repo, Script};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct LoopEndsScript {}

impl Lint for LoopEndsScript {
    type Subject = Script;
    const META: Meta = meta!(Error, DataLoss);

    fn check(&self, script: &Script, _repo: &Repo, found: &mut Findings) {
        if matches!(script.host.outermost(), Host::Fence { .. }) {
            return;
        }
        // Most scripts never have `set -e`.
        if script.shell().ids().all(|id| script.options_at(id).errexit() == Some(false)) {
            return;
        }
        for construct in Construct::all(script) {
            let Fate::Ends { at, through } = script.fate(construct.fails) else { continue };
            if !script.is_sound(construct.node) {
                continue;
            }
            let Some(critical) = never_reached(script, at, &construct) else { continue };
            construct.report(script, at, &through, critical, found);
        }
    }
}

/// How many steps are weighed against the conditions that they stand under.
const MAX_STEPS: usize = 64;

/// The step that matters most among those that come after `at`, and would have run in the case in which the construct
/// fails: what was stopped stays down, what was to be saved is not.
fn never_reached<'s>(script: &'s Script, at: NodeId, construct: &Construct) -> Option<Command<'s>> {
    let weight = |command: Command<'_>| match command.deed() {
        Some(Deed::Dump) => 3,
        Some(Deed::Copy) => 2,
        Some(Deed::Restart | Deed::Migrate) => 1,
        _ => 0,
    };
    let weighed = script.commands().map(|command| (weight(command), command));
    let mut after: Vec<_> =
        weighed.filter(|(weight, command)| *weight > 0 && script.can_follow(at, command.id)).collect();
    if after.is_empty() {
        return None;
    }
    // Stable: the first of the weightiest stays first.
    after.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    let supposed = script.suppose(construct.node, construct.facts(script));
    let mut steps = after.into_iter().map(|(_, command)| command).take(MAX_STEPS);
    steps.find(|&command| construct.fits(script, at, command) && supposed.lets_run(command))
}

/// The function that a failure left on its way, if any.
fn function_left(script: &Script, through: &[NodeId]) -> Option<NodeId> {
    through.iter().copied().find(|id| matches!(script.node(*id).kind, NodeKind::Function(..)))
}
