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
        for construct in Construct::all(script) {
            let Fate::Ends { at, through } = script.fate(construct.fails) else { continue };
            let Some(critical) = never_reached(script, at) else { continue };
            if !script.is_sound(construct.node) || !construct.fits(script, at, critical) {
                continue;
            }
            construct.report(script, at, &through, critical, found);
        }
    }
}

/// The step that matters most among those that come after `at`: what was stopped stays down, what was to be saved is not.
fn never_reached(script: &Script, at: NodeId) -> Option<Command<'_>> {
    let weight = |command: &Command<'_>| match command.deed() {
        Some(Deed::Dump) => 4,
        Some(Deed::Copy) => 3,
        Some(Deed::Restart | Deed::Migrate) => 2,
        _ => 0,
    };
    let after = script.commands().filter(|command| weight(command) > 0 && script.can_follow(at, command.id));
    // The first of the weightiest: `max_by_key` would take the last.
    let mut best: Option<Command<'_>> = None;
    for command in after {
        if best.is_none_or(|best| weight(&command) > weight(&best)) {
            best = Some(command);
        }
    }
    best
}

/// The function that a failure left on its way, if any.
fn function_left(script: &Script, through: &[NodeId]) -> Option<NodeId> {
    through.iter().copied().find(|id| matches!(script.node(*id).kind, NodeKind::Function(..)))
}
