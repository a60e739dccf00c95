//! Finds commands that end a script under `set -e` though nothing went wrong, before the step that it was written for.

mod construct;
mod ending;

use construct::Construct;
use ending::Ending;
use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::script::{Command, Deed, Fact, Host, Run, Step};
use twiceshy_repo::{Repo, Script};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct LoopEndsScript {}

/// In how many scripts that read a file with `.` what stands in it is judged.
const MAX_READERS: usize = 16;
/// How many steps are weighed against the conditions that they stand under.
const MAX_STEPS: usize = 64;

impl Lint for LoopEndsScript {
    type Subject = Script;
    const META: Meta = meta!(Error, DataLoss, scripts, from system);

    fn check(&self, script: &Script, repo: &Repo, found: &mut Findings) {
        if script.is_typed() {
            return;
        }
        // Most scripts never have `set -e`: then only what reads them, or what they read, may have it.
        let is_off = || script.shell().ids().all(|id| script.options_at(id).errexit() == Some(false));
        let stands_alone = || !repo.reads_scripts(script) && repo.scripts_reading(script).is_empty();
        if is_off() && stands_alone() {
            return;
        }
        let mut open = Construct::all(script);
        open.retain(|construct| !script.is_forbidden(construct.node));
        open.retain(|construct| script.is_sound(construct.node) && !ends_alone(script, construct, found));
        if open.is_empty() {
            return;
        }
        // What it reads with `.`, and what reads it: there the rest of the cause may stand.
        let own = std::iter::once(script).filter(|script| repo.reads_scripts(script));
        for reader in own.chain(repo.scripts_reading(script).into_iter().take(MAX_READERS)) {
            let Some(run) = repo.run_of(reader).filter(|_| !reader.is_instruction()) else { continue };
            open.retain(|construct| !ends_in_run(script, construct, &run, repo, found));
        }
    }
}

/// Reports a construct that ends its script before a step of that script.
fn ends_alone(script: &Script, construct: &Construct, found: &mut Findings) -> bool {
    if !script.is_reached(construct.node) {
        return false;
    }
    let Some(ending) = Ending::alone(script, construct.fails) else { return false };
    let steps = script.commands().filter(|command| script.can_follow(ending.at.node, command.id));
    let supposed = script.suppose(Some(construct.node), construct.facts(script));
    let lets_run = |command: &Command<'_>| construct.fits(script, &ending, *command) && supposed.lets_run(*command);
    let Some(critical) = weightiest(steps.collect()).into_iter().find(lets_run) else { return false };
    construct.report(script, &ending, critical, found);
    true
}

/// Reports a construct that ends the script of a run before a step of any of its scripts.
fn ends_in_run(script: &Script, construct: &Construct, run: &Run<'_>, repo: &Repo, found: &mut Findings) -> bool {
    let Some(fails) = run.step(script, construct.fails).filter(|fails| run.comes_to(*fails)) else { return false };
    let Some(ending) = Ending::in_run(run, fails, repo) else { return false };
    let is_own = |step: Step| matches!(run.script_of(step).host, Host::File) || step.script == 0;
    let steps = run.commands().into_iter().filter(|(step, command)| {
        weight(*command) > 0
            && is_own(*step)
            && run.comes_to(*step)
            && run.may_precede(ending.at, *step)
            && !run.may_follow_failure(ending.at, *step)
    });
    let facts = construct.facts(script);
    let lets_run = |command: &Command<'_>| {
        construct.fits(script, &ending, *command)
            && run.step_of(*command).is_some_and(|step| lets_come(run, script, construct, &facts, step))
    };
    let steps = weightiest(steps.map(|(_, command)| command).collect());
    let Some(critical) = steps.into_iter().find(lets_run) else { return false };
    if construct.is_spoilt(script, run) {
        return false;
    }
    construct.report(script, &ending, critical, found);
    true
}

/// Whether the script would come to `step` in the case in which the construct fails, as far as the facts decide it.
fn lets_come(run: &Run<'_>, script: &Script, construct: &Construct, facts: &[Fact], step: Step) -> bool {
    let lets_run = |step: &Step| {
        let other = run.script_of(*step);
        let since = std::ptr::eq(other, script).then_some(construct.node);
        run.command(*step).is_some_and(|command| other.suppose(since, facts.to_vec()).lets_run(command))
    };
    lets_run(&step) && run.ways_to(step).iter().any(|way| way.iter().all(lets_run))
}

/// How much the loss of a step matters: what was stopped stays down, what was to be saved is not.
fn weight(command: Command<'_>) -> u8 {
    match command.deed() {
        Some(Deed::Dump) => 3,
        Some(Deed::Copy) => 2,
        Some(Deed::Restart | Deed::Migrate) => 1,
        _ => 0,
    }
}

/// The steps that matter, the weightiest first; of the same weight in their order.
fn weightiest(steps: Vec<Command<'_>>) -> Vec<Command<'_>> {
    let mut steps: Vec<_> = steps.into_iter().filter(|command| weight(*command) > 0).collect();
    steps.sort_by_key(|command| std::cmp::Reverse(weight(*command)));
    steps.truncate(MAX_STEPS);
    steps
}
