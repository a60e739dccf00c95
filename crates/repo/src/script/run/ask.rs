//! The questions about a run.

use super::machine::Beside;
use super::{Moment, Run, Step};
use crate::script::{Command, NodeKind, PartKind, Script, Word};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;
use twiceshy_syntax::shell::NodeId;

/// A condition that decides whether a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What decides: a test, a command; of a `case`: the arm.
    pub step: Step,
    /// Whether it has succeeded whenever the command runs; otherwise it has failed.
    pub holds: bool,
}

/// How a person, or whoever starts the script, has said that it shall be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// An answer that was read from the terminal decides.
    Asked(Condition),
    /// A variable of the environment or an argument decides: `FORCE=1`, `--yes`.
    Told(Condition),
}

impl Confirmed {
    /// The condition that decides.
    pub fn condition(self) -> Condition {
        match self {
            Self::Asked(condition) | Self::Told(condition) => condition,
        }
    }
}

/// How many conditions of one run are weighed.
const MAX_CONDITIONS: usize = 400;

impl<'r> Run<'r> {
    /// Whether every way to `to` leads through a success of a command for which `is_one` holds.
    pub fn dominated_by(&self, to: Step, is_one: impl Fn(Command<'r>) -> bool) -> bool {
        let ones = self.chosen(is_one);
        self.every_way_to(to, |step, moment| moment == Moment::After(true) && ones.contains(&step))
    }

    /// Whether every way to `to` leads through a command for which `is_one` holds, however it ended.
    pub fn preceded_by(&self, to: Step, is_one: impl Fn(Command<'r>) -> bool) -> bool {
        let ones = self.chosen(is_one);
        self.every_way_to(to, |step, moment| moment == Moment::At && step != to && ones.contains(&step))
    }

    /// Whether every way from the start to `to` passes a moment for which `is_passed` holds.
    pub fn every_way_to(&self, to: Step, is_passed: impl Fn(Step, Moment) -> bool) -> bool {
        !self.is_met(&self.record.starts, |step, moment| step == to && moment == Moment::At, is_passed)
    }

    /// Whether `a` may have begun before `b` does.
    pub fn may_precede(&self, a: Step, b: Step) -> bool {
        let begins = |step, moment| step == b && moment == Moment::At;
        self.is_met(&self.after(a, |_, moment| moment == Moment::At), begins, |_, _| false)
            || self.meets_beside(a, b, Moment::At)
            || self.meets_beside(b, a, Moment::At)
    }

    /// Whether `b` may run after `a` has failed, in the same run of the script.
    pub fn may_follow_failure(&self, a: Step, b: Step) -> bool {
        let failed = self.ended(a, false);
        self.is_met(&failed, |step, moment| step == b && moment == Moment::At, |_, _| false)
            || !failed.is_empty() && self.meets_beside(a, b, Moment::At)
            || self.meets_beside(b, a, Moment::After(false))
    }

    /// Whether the script may go on to another command of its own after `a` has failed.
    pub fn goes_on_after_failure(&self, a: Step) -> bool {
        let starts = self.ended(a, false);
        !starts.is_empty() && self.is_beside(a) || self.is_met(&starts, |_, moment| moment == Moment::At, |_, _| false)
    }

    /// Whether `b` is reached from a success of `a` only through a success of a command for which `is_one` holds.
    pub fn checked_between(&self, a: Step, b: Step, is_one: impl Fn(Command<'r>) -> bool) -> bool {
        // What runs in the background ends at any time.
        if self.run_together(a, b) || self.is_beside(a) || self.is_beside(b) {
            return false;
        }
        let mut ones = self.chosen(is_one);
        ones.retain(|one| !self.is_beside(*one));
        !self.is_met(
            &self.ended(a, true),
            |step, moment| step == b && moment == Moment::At,
            |step, moment| moment == Moment::After(true) && ones.contains(&step),
        )
    }

    /// Whether `b` is reached after a failure of `a` only through a success of a command for which `is_one` holds: what
    /// would have noticed.
    pub fn checked_after_failure(&self, a: Step, b: Step, is_one: impl Fn(Command<'r>) -> bool) -> bool {
        if self.run_together(a, b) || self.is_beside(a) || self.is_beside(b) {
            return false;
        }
        let mut ones = self.chosen(is_one);
        ones.retain(|one| !self.is_beside(*one));
        !self.is_met(
            &self.ended(a, false),
            |step, moment| step == b && moment == Moment::At,
            |step, moment| moment == Moment::After(true) && ones.contains(&step),
        )
    }

    /// The simple commands on the ways from `a` to the next `b`, without both, in the order in which they are first met;
    /// what runs in the background may be there at any time.
    pub fn between(&self, a: Step, b: Step) -> Vec<(Step, Command<'r>)> {
        if self.is_beside(a) || self.is_beside(b) {
            // Whatever else the script does may come in between.
            return self.commands().into_iter().filter(|(step, _)| *step != a && *step != b).collect();
        }
        let forward = self.reached(&self.after(a, |_, moment| moment == Moment::At), |step, moment| {
            step == b && moment == Moment::At
        });
        // Backwards along the same edges.
        let mut before: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for state in (0..self.record.states.len() as u32).filter(|&state| forward[state as usize]) {
            for &next in self.next(state) {
                before.entry(next).or_default().push(state);
            }
        }
        let mut open: Vec<u32> = self.record.at.get(&b).into_iter().flatten().copied().collect();
        let mut met: FxHashSet<u32> = open.iter().copied().collect();
        while let Some(state) = open.pop() {
            for &earlier in before.get(&state).into_iter().flatten() {
                if met.insert(earlier) {
                    open.push(earlier);
                }
            }
        }
        let mut met: Vec<u32> = met.into_iter().collect();
        met.sort_unstable();
        let mut seen = FxHashSet::default();
        let beside = self.record.beside.threads.keys().copied();
        let beside = beside.filter(|step| self.may_precede(a, *step) && self.may_precede(*step, b));
        let stages = self.record.stages.keys().copied();
        let stages = stages.filter(|step| self.run_together(*step, a) || self.run_together(*step, b));
        let mut beside: Vec<_> = beside.chain(stages).map(|step| (step, Moment::At)).collect();
        beside.sort_unstable();
        met.into_iter()
            .map(|state| self.record.states[state as usize])
            .chain(beside)
            .filter(|(step, moment)| *moment == Moment::At && *step != a && *step != b && seen.insert(*step))
            .filter_map(|(step, _)| Some((step, self.command(step)?)))
            .collect()
    }

    /// The conditions without which `to` does not run: each has succeeded, or failed, on every way to it.
    pub fn conditions(&self, to: Step) -> Arc<[Condition]> {
        self.record.conditions.get(to, || self.find_conditions(to).into())
    }

    fn find_conditions(&self, to: Step) -> Vec<Condition> {
        let mut found = Vec::new();
        let mut asked = FxHashSet::default();
        for &(step, moment) in &self.record.states {
            if !matches!(moment, Moment::After(_)) || found.len() > MAX_CONDITIONS {
                continue;
            }
            let kind = &self.script_of(step).node(step.node).kind;
            let asks = matches!(
                kind,
                NodeKind::Test(_) | NodeKind::Arithmetic(_) | NodeKind::Simple(_) | NodeKind::Pipeline(_)
            ) && self.is_asked(step);
            if !asks || !asked.insert(step) || asked.len() > MAX_CONDITIONS {
                continue;
            }
            for holds in [true, false] {
                if self.record.at.contains_key(&to)
                    && self.every_way_to(to, |other, moment| other == step && moment == Moment::After(holds))
                {
                    found.push(Condition { step, holds });
                    break;
                }
            }
        }
        found
    }

    /// Whether somebody has said yes to `to`: an answer that `read` has read, an argument or a variable from outside
    /// without which it does not run.
    pub fn confirmed(&self, to: Step) -> Option<Confirmed> {
        let arms = self.arms(to);
        let conditions = self.conditions(to);
        let mut told = None;
        for condition in conditions.iter().copied().chain(arms) {
            let script = self.script_of(condition.step);
            let words: Vec<&Word> = match &script.node(condition.step.node).kind {
                NodeKind::Test(test) => test.words.iter().collect(),
                NodeKind::Simple(simple) => simple.words.iter().collect(),
                NodeKind::Case(subject, _) => vec![subject],
                NodeKind::Pipeline(_) => {
                    script.within(condition.step.node).flat_map(|id| script.node(id).words()).collect()
                }
                _ => continue,
            };
            if words.first().is_some_and(|word| word.literal().is_some_and(|name| CONFIRMERS.contains(&&*name))) {
                return Some(Confirmed::Asked(condition));
            }
            for variable in words.iter().flat_map(|word| word.variables()) {
                match self.comes_from(script, &variable.name) {
                    Some(Source::Terminal) => return Some(Confirmed::Asked(condition)),
                    Some(Source::Outside) if compares_with_word(&words) => {
                        told = told.or(Some(Confirmed::Told(condition)))
                    }
                    _ => {}
                }
            }
        }
        told
    }

    /// The `case`s in an arm of which `to` stands, or a call on every way to it.
    fn arms(&self, to: Step) -> Vec<Condition> {
        let script = self.script_of(to);
        let own = script.shell().ancestors(to.node).filter(|&id| matches!(script.node(id).kind, NodeKind::Case(..)));
        let mut found: Vec<Condition> = own.map(|node| Condition { step: Step { node, ..to }, holds: true }).collect();
        // An arm on every way: nothing of the others leads there.
        for (number, script) in self.scripts.iter().enumerate() {
            for id in script.shell().ids() {
                let NodeKind::Case(_, arms) = &script.node(id).kind else { continue };
                let step = Step { script: number as u16, node: id };
                let is_new = found.iter().all(|condition| condition.step != step);
                let through = |arm: NodeId| {
                    let body = Step { script: number as u16, node: arm };
                    self.record.at.contains_key(&to)
                        && self.every_way_to(to, |other, moment| other == body && moment == Moment::At)
                };
                if is_new && arms.len() < 20 && arms.iter().any(|arm| through(arm.body)) {
                    found.push(Condition { step, holds: true });
                }
            }
        }
        found
    }

    /// Where a variable gets its value.
    fn comes_from(&self, script: &Script, name: &str) -> Option<Source> {
        if name == "REPLY" {
            return Some(Source::Terminal);
        }
        let is_argument = name == "@" || name == "*" || name == "#" || name.bytes().all(|byte| byte.is_ascii_digit());
        if is_argument {
            return (name != "0").then_some(Source::Outside);
        }
        let mut is_written = false;
        let mut from = None;
        for script in std::iter::once(script).chain(self.scripts.iter().copied()) {
            for command in script.commands() {
                let reads = command.name().is_some_and(|word| word == "read");
                if reads && command.args().iter().any(|word| word.is(name)) && !reads_a_pipe(script, command.id) {
                    return Some(Source::Terminal);
                }
            }
            for (_, assignment) in script.assignments(name) {
                let value = assignment.value.as_ref();
                let variables = value.map(Word::variables).unwrap_or_default();
                let asks = value.is_some_and(|value| {
                    value.parts.iter().any(|part| match part.kind {
                        PartKind::Command(body) => script
                            .within(body)
                            .filter_map(|id| script.command(id))
                            .any(|command| command.name().is_some_and(|name| CONFIRMERS.contains(&&*name))),
                        _ => false,
                    })
                });
                if asks {
                    return Some(Source::Terminal);
                }
                // `X=${X:-}`, `CONFIRM=$1`, `YES=1` in the loop over the arguments.
                let is_given = variables
                    .iter()
                    .any(|variable| &*variable.name == name || variable.name.bytes().all(|byte| byte.is_ascii_digit()));
                let in_case = script
                    .shell()
                    .ancestors(self.node_of(script, name).unwrap_or(NodeId(0)))
                    .any(|id| matches!(script.node(id).kind, NodeKind::Case(..)));
                if is_given || in_case {
                    from = Some(Source::Outside);
                }
                is_written = true;
            }
            is_written |= script.writes(name);
        }
        from.or((!is_written
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit())
            && name.len() > 1)
            .then_some(Source::Outside))
    }

    /// An assignment of a variable that stands in an arm of a `case`, else its last.
    fn node_of(&self, script: &Script, name: &str) -> Option<NodeId> {
        let all = script.assignments(name);
        let in_arm = all
            .iter()
            .find(|(id, _)| script.shell().ancestors(*id).any(|id| matches!(script.node(id).kind, NodeKind::Case(..))));
        in_arm.or(all.last()).map(|(id, _)| *id)
    }

    /// What switches errexit off at `step`, though the option is on: what asks for the status of what it stands in. Of
    /// several ways to it: `None` if errexit is at work on one.
    pub fn suspended_by(&self, step: Step) -> Option<NodeId> {
        self.script_of(step).suspended_by(step.node)
    }

    /// Whether something decides by the status of a step: it is a condition, or joined with `&&` or `||`.
    fn is_asked(&self, step: Step) -> bool {
        let script = self.script_of(step);
        let mut at = step.node;
        while let Some(parent) = script.shell().parent(at) {
            match &script.node(parent).kind {
                NodeKind::AndOr(_, rest) if rest.last().is_none_or(|(_, last)| *last != at) => return true,
                NodeKind::If(branches, _) if branches.iter().any(|branch| branch.condition == at) => return true,
                NodeKind::While(of) if of.condition == at => return true,
                NodeKind::Not(_) | NodeKind::Group(_) | NodeKind::Function(..) | NodeKind::AndOr(..) => {}
                NodeKind::List(items) if items.last() == Some(&at) => {}
                _ => break,
            }
            at = parent;
        }
        // errexit asks, too.
        self.record.options.get(&step).is_some_and(|options| options.errexit() == Some(true))
            && matches!(script.node(step.node).kind, NodeKind::Test(_) | NodeKind::Arithmetic(_))
    }

    /// Whether two simple commands run at the same time: in different stages of one pipeline.
    pub fn run_together(&self, a: Step, b: Step) -> bool {
        let (Some(a), Some(b)) = (self.record.stages.get(&a), self.record.stages.get(&b)) else { return false };
        a.iter().any(|(pipeline, stage)| b.iter().any(|(other, number)| pipeline == other && stage != number))
    }

    /// Whether a command runs in something that was started with `&`, or in `<( )`.
    fn is_beside(&self, step: Step) -> bool {
        self.record.beside.threads.contains_key(&step)
    }

    /// Whether `a` runs in something that was started before the script comes to this moment of `other`, and that nothing
    /// has waited for since: either may come first. What it leads to once it was waited for, its ways say.
    fn meets_beside(&self, a: Step, other: Step, moment: Moment) -> bool {
        let Beside { threads, next, waited, missed } = &self.record.beside;
        threads.get(&a).into_iter().flatten().any(|&fork| {
            let next: Vec<u32> = next.get(&fork).into_iter().flatten().copied().collect();
            // What is started beside something itself may outlive what is waited for.
            let is_over = |step: Step, moment: Moment| {
                moment == Moment::At
                    && waited.contains(&(step, fork))
                    && !missed.contains(&(step, fork))
                    && !self.is_beside(fork)
            };
            self.is_met(&next, |step, at| step == other && at == moment, is_over)
        })
    }

    // Ways.

    fn chosen(&self, is_one: impl Fn(Command<'r>) -> bool) -> FxHashSet<Step> {
        self.record.at.keys().copied().filter(|step| self.command(*step).is_some_and(&is_one)).collect()
    }

    fn next(&self, state: u32) -> &[u32] {
        let first = self.record.firsts[state as usize] as usize;
        let end = self.record.firsts[state as usize + 1] as usize;
        &self.record.edges[first..end]
    }

    /// The states that follow those of `step` for which `is_one` holds.
    fn after(&self, step: Step, is_one: impl Fn(Step, Moment) -> bool) -> Vec<u32> {
        let states = self.record.at.get(&step).into_iter().flatten().copied();
        let chosen = states.filter(|&state| {
            let (step, moment) = self.record.states[state as usize];
            is_one(step, moment)
        });
        chosen.flat_map(|state| self.next(state).to_vec()).collect()
    }

    fn ended(&self, step: Step, succeeded: bool) -> Vec<u32> {
        let states = self.record.states.iter().enumerate();
        states
            .filter(|(_, state)| **state == (step, Moment::After(succeeded)))
            .map(|(number, _)| number as u32)
            .collect()
    }

    /// Whether a state for which `is_aim` holds is met from `starts` without passing one for which `is_barred` holds.
    fn is_met(
        &self,
        starts: &[u32],
        is_aim: impl Fn(Step, Moment) -> bool,
        is_barred: impl Fn(Step, Moment) -> bool,
    ) -> bool {
        let mut seen = vec![false; self.record.states.len()];
        let mut open: Vec<u32> = starts.to_vec();
        while let Some(state) = open.pop() {
            if std::mem::replace(&mut seen[state as usize], true) {
                continue;
            }
            let (step, moment) = self.record.states[state as usize];
            if is_barred(step, moment) {
                continue;
            }
            if is_aim(step, moment) {
                return true;
            }
            open.extend(self.next(state));
        }
        false
    }

    /// Every state that is met from `starts`; those for which `is_last` holds are not left.
    fn reached(&self, starts: &[u32], is_last: impl Fn(Step, Moment) -> bool) -> Vec<bool> {
        let mut seen = vec![false; self.record.states.len()];
        let mut open: Vec<u32> = starts.to_vec();
        while let Some(state) = open.pop() {
            if std::mem::replace(&mut seen[state as usize], true) {
                continue;
            }
            let (step, moment) = self.record.states[state as usize];
            if !is_last(step, moment) {
                open.extend(self.next(state));
            }
        }
        seen
    }
}

/// Programs and functions that ask a person.
const CONFIRMERS: &[&str] = &[
    "confirm",
    "ask",
    "ask_yes_no",
    "prompt",
    "prompt_yes_no",
    "yes_no",
    "yesno",
    "whiptail",
    "dialog",
    "zenity",
    "gum",
];

enum Source {
    Terminal,
    Outside,
}

/// `[ "$X" = yes ]`, `[ -n "$FORCE" ]`, `[ $# -ge 1 ]`; not `[ -f "$FILE" ]`.
fn compares_with_word(words: &[&Word]) -> bool {
    let is = |operators: &[&str]| words.iter().any(|word| operators.iter().any(|operator| word.is(operator)));
    !is(&["-f", "-e", "-d", "-s", "-r", "-x", "-w", "-z"]) && (is(&["=", "==", "-n", "-eq"]) || words.len() == 1)
}

/// `… | while read -r x`, `while read -r x; do … done < file`: nobody is asked.
fn reads_a_pipe(script: &Script, id: NodeId) -> bool {
    let mut at = id;
    std::iter::once(id).chain(script.shell().ancestors(id)).any(|above| {
        let node = script.node(above);
        let fed = node.redirects.iter().any(|redirect| {
            !redirect.target.is("/dev/tty")
                && !matches!(
                    redirect.kind,
                    crate::script::RedirectKind::Duplicate
                        | crate::script::RedirectKind::Write
                        | crate::script::RedirectKind::Append
                )
        });
        let piped = matches!(&node.kind, NodeKind::Pipeline(stages) if stages.first() != Some(&at));
        at = above;
        fed || piped
    })
}

impl Run<'_> {
    /// The command that the script of a step stands in, or is read by.
    pub(crate) fn led_from(&self, step: Step) -> Option<Step> {
        let lead = self.record.leads.iter().find(|(_, lead)| lead.script == step.script && step.script != 0);
        lead.map(|(outer, _)| *outer).filter(|outer| outer.script != step.script)
    }
}
