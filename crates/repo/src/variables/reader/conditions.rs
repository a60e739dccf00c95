//! Conditions: what they ask about, and what is done where it is missing.

use super::{Asked, Reader, Seen, Using, has_word, inner, is_comparison, is_nothing};
use crate::variables::needs::{gives_up, leaves};
use crate::variables::{Need, Reaction};
use twiceshy_source::Span;
use twiceshy_syntax::code::{Expr, ExprKind, Stmt, StmtKind};

impl<'a> Reader<'a, '_> {
    pub(super) fn branch(&mut self, test: &Expr<'a>, then: &'a [Stmt<'a>], otherwise: &'a [Stmt<'a>]) {
        let asked = self.test(test);
        if let Some((span, reaction)) = gives_up(then) {
            self.guard(&asked.missing, span, reaction, asked.all_missing);
            let gaps = self.gaps_in(test);
            self.guard(&gaps, span, reaction, false);
        }
        if let Some((span, reaction)) = gives_up(otherwise) {
            self.guard(&asked.present, span, reaction, false);
        }
        let assured = self.assured.len();
        self.conditions += 1;
        self.assure(&asked.present);
        self.block(then);
        self.assured.truncate(assured);
        if !asked.all_missing {
            self.assure(&asked.missing);
        }
        self.block(otherwise);
        self.assured.truncate(assured);
        self.conditions -= 1;
        if leaves(then) {
            self.assure(&asked.missing);
            // `if (!enabled) return`: what follows is only for those who want it.
            let does_nothing = then.last().is_some_and(|last| match last.kind {
                StmtKind::Return(None) => true,
                StmtKind::Return(Some(value)) => match value.kind {
                    ExprKind::Null | ExprKind::Bool(_) | ExprKind::Name("undefined") => true,
                    ExprKind::List(items) => items.is_empty(),
                    ExprKind::Dict(entries) => entries.is_empty(),
                    _ => false,
                },
                _ => false,
            });
            // Reset at the end of the block around.
            self.conditions += u32::from(does_nothing && gives_up(then).is_none());
        }
    }

    pub(super) fn repeat(&mut self, heads: &[Expr<'a>], body: &'a [Stmt<'a>]) {
        let mut names = Vec::new();
        for head in heads {
            if let ExprKind::Binary("in" | "of", target, iterable) = head.kind
                && let (ExprKind::Name(local), Some(list)) = (target.kind, self.list_of(iterable))
            {
                names.push((local, self.looped.insert(local, list)));
            } else {
                self.expr(head, Using::Plain);
            }
        }
        self.block(body);
        for (local, before) in names {
            match before {
                Some(list) => self.looped.insert(local, list),
                None => self.looped.remove(local),
            };
        }
    }

    /// The strings of a list, or of a constant that is one.
    pub(super) fn list_of(&self, value: &Expr<'a>) -> Option<Vec<(Box<str>, Span)>> {
        match value.kind {
            ExprKind::Name(name) => self.lists.get(name).cloned(),
            ExprKind::List(items) => {
                items.iter().map(|item| Some((item.str()?.into(), inner(item.span, self.text)))).collect()
            }
            _ => None,
        }
    }

    /// What a condition asks about; its reads are noted as only asked for.
    pub(super) fn test(&mut self, test: &Expr<'a>) -> Asked {
        match test.kind {
            ExprKind::Unary("!" | "not", inner) => {
                let asked = self.test(inner);
                // Of a list that is gone through, each name is asked about on its own.
                let is_looped = self.looped.keys().any(|name| has_word(inner.span.of(self.text), name));
                Asked {
                    all_missing: asked.present.len() > 1 && !is_looped,
                    missing: asked.present,
                    present: if asked.all_missing { Vec::new() } else { asked.missing },
                }
            }
            ExprKind::Binary("&&" | "and", left, right) => {
                let before = self.out.reads.len();
                let mut asked = self.test(left);
                let between = self.out.reads.len();
                let assured = self.assured.len();
                self.assure(&asked.present);
                // `kind == "s3" && !process.env.BUCKET`: only then it matters.
                let is_open = asked.missing.is_empty() && asked.present.is_empty();
                self.conditions += u32::from(is_open);
                let more = self.test(right);
                self.conditions -= u32::from(is_open);
                if more.missing.is_empty() && more.present.is_empty() {
                    for read in self.out.reads.get_mut(before..between).unwrap_or_default() {
                        read.is_conditional = true;
                    }
                }
                self.assured.truncate(assured);
                asked.all_missing = !asked.missing.is_empty() && !more.missing.is_empty();
                asked.missing.extend(more.missing);
                asked.present.extend(more.present);
                asked
            }
            ExprKind::Binary("||" | "or" | "??", left, right) => {
                let mut asked = self.test(left);
                let more = self.test(right);
                // One of several is there: none of them for sure.
                asked.present.clear();
                asked.missing.extend(more.missing);
                asked.all_missing = false;
                asked
            }
            ExprKind::Binary(operator, left, right) if is_comparison(operator) => {
                let (value, other) = if is_nothing(right) { (left, right) } else { (right, left) };
                if operator == "in" || operator == "not in" {
                    return self.membership(left, right, operator == "in");
                }
                if !is_nothing(other) {
                    self.expr(left, Using::Tested);
                    self.expr(right, Using::Tested);
                    return Asked::default();
                }
                let value = match value.kind {
                    ExprKind::Unary("typeof", inner) => inner,
                    _ => value,
                };
                let reads = self.asked_for(value);
                if matches!(operator, "==" | "===" | "is") {
                    Asked { missing: reads, ..Asked::default() }
                } else {
                    Asked { present: reads, ..Asked::default() }
                }
            }
            ExprKind::Call(call)
                if call.callee.dotted().is_some_and(|name| matches!(name.as_str(), "Boolean" | "bool")) =>
            {
                match call.args {
                    [arg] => self.test(&arg.value),
                    _ => Asked::default(),
                }
            }
            ExprKind::Await(inner) => self.test(inner),
            _ => Asked { present: self.asked_for(test), ..Asked::default() },
        }
    }

    /// `"X" in os.environ`
    pub(super) fn membership(&mut self, left: &Expr<'a>, right: &Expr<'a>, is_in: bool) -> Asked {
        let (Some(environment), Some(names)) = (self.environment(right), self.key(left)) else {
            self.expr(left, Using::Tested);
            self.expr(right, Using::Tested);
            return Asked::default();
        };
        let seen = Seen { names, need: Need::Plain, moment: environment.moment, way: environment.way, fallback: None };
        let reads = self.push(seen, Using::Tested);
        if is_in { Asked { present: reads, ..Asked::default() } } else { Asked { missing: reads, ..Asked::default() } }
    }

    /// The reads whose value an expression is, which are only asked for.
    pub(super) fn asked_for(&mut self, value: &Expr<'a>) -> Vec<usize> {
        let before = self.out.reads.len();
        if let ExprKind::Name(name) = value.kind {
            let bound = self.bindings.get(name).cloned().unwrap_or_default();
            self.settle(&bound, Using::Tested);
            return bound;
        }
        self.expr(value, Using::Tested);
        let mut reads: Vec<usize> = (before..self.out.reads.len()).collect();
        // `url.trim()`, `os.getenv("X", "").strip()`
        let mut core = *value;
        for _ in 0..6 {
            core = match core.kind {
                ExprKind::Member(object, _) => *object,
                ExprKind::Call(call) => call.callee,
                _ => break,
            };
        }
        if let ExprKind::Name(name) = core.kind {
            reads.extend(self.bindings.get(name).into_iter().flatten());
        }
        reads
    }

    pub(super) fn gaps_in(&self, test: &Expr<'a>) -> Vec<usize> {
        let text = test.span.of(self.text);
        let named = self.gaps.iter().filter(|(name, _)| has_word(text, name));
        named.flat_map(|(_, reads)| reads.iter().copied()).collect()
    }

    /// Notes that a test gives up where these reads find nothing.
    pub(super) fn guard(&mut self, reads: &[usize], span: Span, reaction: Reaction, all: bool) {
        let place = self.place(span);
        let names: Vec<Box<str>> = reads.iter().filter_map(|at| Some(self.out.reads.get(*at)?.name.clone())).collect();
        for at in reads {
            let Some(read) = self.out.reads.get_mut(*at) else { continue };
            if matches!(read.need, Need::Plain | Need::Asserted | Need::Optional) {
                read.need = Need::Guarded { place, reaction };
                if all {
                    read.alternatives.extend(names.iter().filter(|name| **name != read.name).cloned());
                }
            }
        }
    }

    pub(super) fn assure(&mut self, reads: &[usize]) {
        let names: Vec<_> = reads.iter().filter_map(|at| Some(self.out.reads.get(*at)?.name.clone())).collect();
        self.assured.extend(names);
    }

    /// The local name that an expression is of what was read: how it is used now says what is done without.
    pub(super) fn settle(&mut self, reads: &[usize], using: Using<'_>) {
        for at in reads {
            let Some(read) = self.out.reads.get_mut(*at) else { continue };
            if !matches!(read.need, Need::Plain | Need::Asserted) {
                continue;
            }
            match using {
                Using::Plain => {}
                Using::Tested => read.need = Need::Optional,
                Using::Else(otherwise) => {
                    if let Some(need) = &otherwise.need {
                        read.need = need.clone();
                    }
                    let others = otherwise.alternatives.iter().filter(|name| **name != read.name);
                    read.alternatives.extend(others.cloned());
                    if let Some(parameter) = otherwise.parameter {
                        self.defaults.insert(*at, parameter);
                    }
                }
            }
        }
    }
}
