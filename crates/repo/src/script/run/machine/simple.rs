//! What a simple command does to the state: builtins, calls, assignments, traps, and scripts that it leads to.

use super::{Lead, Machine, Outcome};
use crate::script::run::Step;
use crate::script::run::frame::{Frame, Rest, WorldId};
use crate::script::run::world::{Known, World};
use crate::script::{Dialect, NodeId, NodeKind, Part, PartKind, RedirectKind, Script, Shell, Simple, Via, Word};

impl<'s> Machine<'s> {
    pub(super) fn simple(&mut self, step: Step, simple: &'s Simple, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let script = self.script(step);
        let Some(first) = simple.words.first() else {
            let put = self.worlds[world as usize].put;
            let world = self.assign(step, simple, world);
            self.after(step, put.unwrap_or(true), rest, world, next);
            return;
        };
        let world = self.changed(world, |world| world.put = None);
        let lead = self.leads.get(&step).copied();
        let Some(name) = first.literal() else {
            // `if $flag`, and `"$@"`, which may be anything.
            let outcome = match self.known(first, &self.worlds[world as usize]) {
                Some(Known::Is(text)) if &*text == "true" || &*text == ":" => Outcome::Succeeds,
                Some(Known::Is(text)) if &*text == "false" => Outcome::Fails,
                _ => Outcome::Either,
            };
            if let Some(lead) = lead {
                self.lead(step, lead, rest, world, next);
            } else if self.variable_word(first).is_some() && outcome != Outcome::Fails {
                // What the flag is, is known from here on.
                for &succeeded in outcome.each() {
                    let number = self.variable_word(first);
                    let flag = Known::is(if succeeded { "true" } else { "false" });
                    let is_flag = outcome == Outcome::Either && number.is_some_and(|number| self.is_flag(step, number));
                    let learnt = match number.filter(|_| is_flag) {
                        Some(number) => self.changed(world, |world| world.set(number, Some(flag))),
                        None => world,
                    };
                    self.after(step, succeeded, rest, learnt, next);
                }
            } else {
                self.either(step, outcome, rest, world, next);
            }
            return;
        };
        let args = &simple.words[1..];
        let literal = |at: usize| args.get(at).and_then(Word::literal);
        match &*name {
            "exit" => {
                for &succeeded in self.status_of(args, world).each() {
                    self.leave_shell(succeeded, rest, world, next);
                }
            }
            "return" => {
                for &succeeded in self.status_of(args, world).each() {
                    self.leave_function(succeeded, rest, world, next);
                }
            }
            "break" | "continue" => {
                let count = literal(0).and_then(|text| text.parse().ok()).unwrap_or(1);
                self.leave_loop(step, &name == "break", count, rest, world, next);
            }
            "exec" if !args.is_empty() => {
                for succeeded in [true, false] {
                    self.leave_shell(succeeded, rest, world, next);
                }
            }
            "set" | "shopt" => {
                let shopt = &*name == "shopt";
                let words: Vec<_> = args.iter().map_while(Word::literal).collect();
                let world = self.changed(world, |world| {
                    let words = words.iter().map(|word| &**word);
                    world.options =
                        if shopt { world.options.after_shopt(words) } else { world.options.after_set(words) };
                });
                let options = self.worlds[world as usize].options;
                // dash ends the script over an option that it does not know.
                let unknown = self.dialect(step) == Dialect::Dash && options.pipefail() == Some(true);
                if unknown {
                    self.leave_shell(false, rest, world, next);
                } else {
                    self.after(step, true, rest, world, next);
                }
            }
            "trap" => {
                let world = self.trap(step, simple, world);
                self.after(step, true, rest, world, next);
            }
            "." | "source" | "eval" => match lead {
                Some(lead) => self.lead(step, lead, rest, world, next),
                None => {
                    // It may set anything.
                    let world = self.changed(world, |world| world.variables.clear());
                    self.either(step, Outcome::Either, rest, world, next);
                }
            },
            "wait" => {
                let own = &self.worlds[world as usize];
                let (jobs, loose) = (own.pending.clone(), own.loose.clone());
                self.beside.missed.extend(loose.into_iter().map(|fork| (step, fork)));
                if !args.is_empty() && !matches!(jobs.as_slice(), [job] if self.is_only_job(job.fork)) {
                    // One of them, or one of long ago.
                    self.beside.missed.extend(jobs.iter().map(|job| (step, job.fork)));
                    return self.either(step, Outcome::Either, rest, world, next);
                }
                if jobs.is_empty() {
                    let outcome = if args.is_empty() { Outcome::Succeeds } else { Outcome::Either };
                    return self.either(step, outcome, rest, world, next);
                }
                self.beside.waited.extend(jobs.iter().map(|job| (step, job.fork)));
                self.wait(step, 0, true, rest, world, next);
            }
            "test" => {
                let outcome = Outcome::from(self.decides(args, &self.worlds[world as usize]));
                self.answer(step, args, outcome, rest, world, next);
            }
            name => {
                if let Some(body) = self.function(step, name) {
                    let depth = self.links[rest as usize].depth;
                    let is_open = self.is_open(body, rest);
                    if depth < self.precision.depth && !is_open {
                        self.note_entry(body, step);
                        self.inside(body, Frame::Call(step, body), rest, world, next);
                    } else {
                        self.either(step, Outcome::Either, rest, world, next);
                    }
                    return;
                }
                if let Some(lead) = lead {
                    self.lead(step, lead, rest, world, next);
                    return;
                }
                let world = self.assign(step, simple, world);
                let writes = script.node(step.node).redirects.iter().any(|redirect| {
                    !matches!(
                        redirect.kind,
                        RedirectKind::Duplicate | RedirectKind::HereString | RedirectKind::Heredoc { .. }
                    ) && !redirect.target.is("/dev/null")
                        && !redirect.target.is("/dev/stderr")
                });
                let outcome = match name {
                    "false" => Outcome::Fails,
                    _ if writes => Outcome::Either,
                    "true" | ":" | "echo" | "printf" | "export" | "local" | "declare" | "typeset" | "readonly"
                    | "unset" | "umask" | "sleep" | "exec" | "alias" | "hash" => Outcome::Succeeds,
                    _ => Outcome::Either,
                };
                self.either(step, outcome, rest, world, next);
            }
        }
    }

    pub(super) fn variable_word(&self, word: &Word) -> Option<u16> {
        match word.parts.as_slice() {
            [Part { kind: PartKind::Variable(variable), .. }] if variable.operator.is_empty() => {
                self.variable(&variable.name)
            }
            _ => None,
        }
    }

    /// Whether a variable is only ever given `true` or `false`.
    pub(super) fn is_flag(&self, step: Step, number: u16) -> bool {
        let Some((name, _)) = self.variables.iter().find(|(_, own)| **own == number) else { return false };
        let assignments = self.script(step).assignments(name);
        !assignments.is_empty()
            && assignments.iter().all(|(_, assignment)| {
                assignment.value.as_ref().is_some_and(|value| value.is("true") || value.is("false"))
            })
    }

    /// Whether a function is being run already.
    pub(super) fn is_open(&self, body: Step, rest: Rest) -> bool {
        let mut rest = rest;
        loop {
            let link = &self.links[rest as usize];
            match link.frame {
                Frame::Bottom => return false,
                Frame::Call(_, open) if open == body => return true,
                _ => rest = link.after,
            }
        }
    }

    /// What `exit 1`, `return $?`, `exit` make of their words.
    pub(super) fn status_of(&self, args: &[Word], world: WorldId) -> Outcome {
        let world = &self.worlds[world as usize];
        match args.first() {
            None => Outcome::from(world.last),
            Some(word) => Outcome::from(self.known(word, world).and_then(|known| known.equals("0"))),
        }
    }

    pub(super) fn assign(&mut self, step: Step, simple: &'s Simple, world: WorldId) -> WorldId {
        let script = self.script(step);
        let mut after = self.worlds[world as usize].clone();
        after.put = None;
        let declares = simple.is_declaration();
        // `A=1 program` sets A for the program only.
        if simple.words.is_empty() || declares {
            for assignment in &simple.assignments {
                let Some(number) = self.variable(&assignment.name.text) else { continue };
                let value = assignment.value.as_ref().and_then(|value| self.known(value, &after));
                after.set(number, value.filter(|_| !assignment.append));
            }
        }
        if let Some(name) = simple.words.first().and_then(Word::literal) {
            let names = match &*name {
                "read" | "mapfile" | "readarray" | "getopts" | "unset" | "printf" | "let" => &simple.words[1..],
                _ => &[],
            };
            for word in names.iter().filter_map(Word::literal) {
                let own = word.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
                if let Some(number) = self.variable(own) {
                    after.set(number, (&*name == "unset").then(|| Known::is("")));
                }
            }
        }
        // `$((n++))`, `${x:=d}`
        for word in script.node(step.node).words() {
            for part in &word.parts {
                match &part.kind {
                    PartKind::Arithmetic(_) => {
                        let text = script.written(part.span);
                        if text.contains("++") || text.contains("--") || text.contains('=') {
                            for name in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
                                if let Some(number) = self.variable(name) {
                                    after.set(number, None);
                                }
                            }
                        }
                    }
                    PartKind::Variable(variable) if matches!(&*variable.operator, ":=" | "=") => {
                        if let Some(number) = self.variable(&variable.name) {
                            let known = self.known(&Word { span: word.span, parts: vec![part.clone()] }, &after);
                            after.set(number, known);
                        }
                    }
                    _ => {}
                }
            }
        }
        self.world(after)
    }

    pub(super) fn trap(&mut self, step: Step, simple: &'s Simple, world: WorldId) -> WorldId {
        let words = &simple.words[1..];
        let words = if words.first().is_some_and(|word| word.is("--")) { &words[1..] } else { words };
        let Some((action, signals)) = words.split_first() else { return world };
        let named = |names: &[&str]| signals.iter().any(|word| names.iter().any(|name| word.is(name)));
        let clears = action.is("-") || action.is("");
        let body = if clears {
            None
        } else {
            let lead = self.leads.get(&step).map(|lead| Step { script: lead.script, node: Shell::ROOT });
            lead.or_else(|| self.function(step, action.literal()?.split_whitespace().next()?))
        };
        self.changed(world, |world| {
            if named(&["EXIT", "0"]) {
                world.at_exit = body;
            }
            if named(&["ERR"]) {
                world.on_error = body;
            }
        })
    }

    /// Enters another script: a file that is sourced, a shell of its own.
    pub(super) fn lead(&mut self, step: Step, lead: Lead, rest: Rest, world: WorldId, next: &mut Vec<u32>) {
        let root = Step { script: lead.script, node: Shell::ROOT };
        if self.links[rest as usize].depth >= self.precision.depth {
            return self.either(step, Outcome::Either, rest, world, next);
        }
        match lead.via {
            None | Some(Via::Eval) => {
                let world = self.changed(world, |world| world.last = None);
                self.note_entry(root, step);
                // dash and BusyBox ash forget at `.` that something asks for the status.
                let told: &[bool] = match self.dialect(step) {
                    Dialect::Dash | Dialect::Ash if lead.via.is_none() => &[false],
                    Dialect::Sh | Dialect::Other if lead.via.is_none() && self.links[rest as usize].suspended => {
                        &[true, false]
                    }
                    _ => &[true],
                };
                for &is_told in told {
                    self.inside(root, Frame::Sourced(step, is_told), rest, world, next);
                }
                // A file that is not there.
                if lead.via.is_none() {
                    self.after(step, false, rest, world, next);
                }
            }
            Some(via) => {
                let options = self.scripts[usize::from(lead.script)].start.options;
                let inside = self.world(World::new(options));
                self.inside(root, Frame::Inner(step, world), rest, inside, next);
                if matches!(via, Via::Ssh | Via::Container) {
                    // Nobody answers.
                    self.after(step, false, rest, world, next);
                }
            }
        }
    }

    /// Waits for what was started, from the `number`th on; how the one before has ended.
    pub(super) fn wait(
        &mut self,
        step: Step,
        number: u32,
        succeeded: bool,
        rest: Rest,
        world: WorldId,
        next: &mut Vec<u32>,
    ) {
        match self.worlds[world as usize].pending.get(number as usize).copied() {
            Some(job) => {
                let frame = Frame::Waited(step, number, job.suspended, world);
                self.inside(job.body, frame, rest, job.world, next);
            }
            None => {
                // What its jobs have left running.
                let loose = self.worlds[world as usize].loose.clone();
                self.beside.missed.extend(loose.into_iter().map(|fork| (step, fork)));
                let names = matches!(&self.node(step).kind, NodeKind::Simple(simple) if simple.words.len() > 1);
                let world = self.changed(world, |world| world.pending.clear());
                self.after(step, succeeded || !names, rest, world, next);
            }
        }
    }

    /// Whether nothing else of the run is started with `&`, and this only once: `wait $pid` can mean nothing else.
    fn is_only_job(&self, fork: Step) -> bool {
        let is_job = |script: &Script, id: NodeId| matches!(script.node(id).kind, NodeKind::Background(_));
        let count: usize =
            self.scripts.iter().map(|script| script.shell().ids().filter(|id| is_job(script, *id)).count()).sum();
        let repeats = self.script(fork).shell().ancestors(fork.node).any(|id| {
            matches!(
                self.script(fork).node(id).kind,
                NodeKind::While(_) | NodeKind::For(_) | NodeKind::CFor(_) | NodeKind::Function(..)
            )
        });
        count == 1 && !repeats
    }
}
