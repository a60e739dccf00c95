//! What the scripts of a run say, asked again and again and remembered: functions, variables that decide, texts put into words.

use super::{Machine, Put};
use crate::script::run::Step;
use crate::script::{Host, NodeKind, PartKind, Script, Via, Word};
use rustc_hash::FxHashSet;
use std::rc::Rc;

impl<'s> Machine<'s> {
    pub(super) fn script(&self, step: Step) -> &'s Script {
        self.scripts[usize::from(step.script)]
    }

    pub(super) fn node(&self, step: Step) -> &'s twiceshy_syntax::shell::Node {
        self.script(step).node(step.node)
    }

    pub(in crate::script::run) fn variable(&self, name: &str) -> Option<u16> {
        self.variables.get(name).copied()
    }

    /// The function that a word calls, in whichever script of the run it stands.
    pub(super) fn function(&self, from: Step, name: &str) -> Option<Step> {
        let own = |number: usize| {
            let function = self.scripts[number].function(name)?;
            Some(Step { script: number as u16, node: function.body })
        };
        own(usize::from(from.script)).or_else(|| {
            // What runs in another shell has none of this shell's functions.
            let is_apart = |number: &usize| {
                matches!(
                    self.scripts[*number].host,
                    Host::Inside { via: Via::Shell | Via::Ssh | Via::Container | Via::File, .. }
                )
            };
            if is_apart(&usize::from(from.script)) {
                return None;
            }
            (0..self.scripts.len()).filter(|number| !is_apart(number)).find_map(own)
        })
    }

    /// The variables that conditions read: the others decide nothing.
    pub(super) fn find_variables(&mut self, script: &'s Script) {
        let mut names: FxHashSet<&'s str> = FxHashSet::default();
        let mut arithmetic: Vec<&'s str> = Vec::new();
        for id in script.shell().ids() {
            let node = script.node(id);
            let words: &[Word] = match &node.kind {
                NodeKind::Test(test) => &test.words,
                NodeKind::Case(subject, _) => std::slice::from_ref(subject),
                NodeKind::Arithmetic(_) => {
                    arithmetic.push(script.written(node.span));
                    continue;
                }
                NodeKind::Simple(simple) => match simple.words.first() {
                    Some(first) if first.is("test") || first.is("exit") || first.is("return") => &simple.words,
                    Some(first) if first.literal().is_none() => std::slice::from_ref(first),
                    _ => continue,
                },
                _ => continue,
            };
            names.extend(words.iter().flat_map(Word::variables).map(|variable| &*variable.name));
        }
        for text in arithmetic {
            names.extend(text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty()));
        }
        // `copy=$flag`: what flags are made of.
        let mut sources: Vec<&'s str> = names.iter().copied().collect();
        while let Some(name) = sources.pop() {
            for (_, assignment) in script.assignments(name) {
                for variable in assignment.value.iter().flat_map(Word::variables) {
                    if names.insert(&variable.name) {
                        sources.push(&variable.name);
                    }
                }
            }
        }
        let mut names: Vec<&str> = names
            .into_iter()
            .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && *name != "PIPESTATUS")
            .collect();
        names.sort_unstable();
        for name in names {
            let number = self.variables.len() as u16;
            self.variables.entry(name.into()).or_insert(number);
        }
    }

    /// Whether what runs first in `step` may ask for the status of what ran before it.
    pub(super) fn reads_status(&mut self, step: Step) -> bool {
        if let Some(&known) = self.readers.get(&step) {
            return known;
        }
        // A function that calls itself.
        self.readers.insert(step, false);
        let script = self.script(step);
        let text = script.written(script.node(step.node).span);
        let asks = |text: &str| ["$?", "${?", "PIPESTATUS"].iter().any(|word| text.contains(word));
        let mut reads = asks(text);
        if !reads {
            let named: Vec<Step> = script
                .within(step.node)
                .filter_map(|id| script.command(id))
                .filter_map(|command| {
                    let name = command.words().first()?.literal()?;
                    reads |= matches!(&*name, "exit" | "return") && command.words().len() == 1;
                    self.function(step, &name)
                })
                .collect();
            reads |= named.into_iter().any(|body| self.reads_status(body));
        }
        self.readers.insert(step, reads);
        reads
    }

    /// What is run to be put into the words of a command, in order.
    pub(super) fn puts(&mut self, step: Step) -> Rc<[Put]> {
        if let Some(known) = self.puts.get(&step) {
            return Rc::clone(known);
        }
        let mut found = Vec::new();
        let node = self.node(step);
        if !matches!(node.kind, NodeKind::List(_) | NodeKind::Function(..)) {
            let alone = matches!(&node.kind, NodeKind::Simple(simple) if simple.words.is_empty());
            let targets = node.redirects.len();
            let words = node.words();
            let own = words.len() - targets;
            for (at, word) in words.into_iter().enumerate() {
                let known = found.len();
                find_puts(word, alone && at < own, &mut found, 0);
                if at >= own {
                    found[known..].iter_mut().for_each(|put| put.redirected = true);
                }
            }
            if let NodeKind::Arithmetic(bodies) = &node.kind {
                found.extend(bodies.iter().map(|&body| Put { body, beside: false, redirected: false, counts: false }));
            }
        }
        let found: Rc<[Put]> = found.into();
        self.puts.insert(step, Rc::clone(&found));
        found
    }
}

fn find_puts(word: &Word, counts: bool, found: &mut Vec<Put>, depth: usize) {
    if depth > 20 {
        return;
    }
    for part in &word.parts {
        match &part.kind {
            PartKind::Command(body) => found.push(Put { body: *body, beside: false, redirected: false, counts }),
            PartKind::Process(body) => found.push(Put { body: *body, beside: true, redirected: false, counts: false }),
            PartKind::Arithmetic(bodies) | PartKind::Other(bodies) => {
                found.extend(bodies.iter().map(|&body| Put { body, beside: false, redirected: false, counts: false }));
            }
            PartKind::Variable(variable) => {
                if let Some(argument) = &variable.argument {
                    find_puts(argument, counts, found, depth + 1);
                }
            }
            PartKind::Text(_) | PartKind::Glob(_) => {}
        }
    }
}
