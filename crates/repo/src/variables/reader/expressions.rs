//! Expressions: how the value of a read is used.

use super::{Otherwise, Reader, Seen, Using, is_comparison};
use crate::variables::needs::{gives_up, of_call};
use crate::variables::{Need, Reaction, VariableRead, schema};
use twiceshy_source::Span;
use twiceshy_syntax::code::{Call, Expr, ExprKind};

impl<'a> Reader<'a, '_> {
    pub(in crate::variables) fn expr(&mut self, expr: &Expr<'a>, using: Using<'_>) {
        if let Some(seen) = self.seen(expr) {
            let outer = self.push(seen, using);
            if let ExprKind::Call(call) = expr.kind {
                let before = self.out.reads.len();
                call.args.iter().skip(1).for_each(|arg| self.expr(&arg.value, Using::Plain));
                // `get("A", get("B"))`: either will do.
                self.join(&outer, before);
            }
            return;
        }
        let passed = |using: Using<'_>| !matches!(using, Using::Plain);
        match expr.kind {
            ExprKind::Name(name) => {
                if let Some(reads) = self.bindings.get(name).cloned() {
                    self.settle(&reads, using);
                }
            }
            ExprKind::Member(object, name) => {
                let between = self.text.get(object.span.end as usize..name.span.start as usize).unwrap_or_default();
                let using = if between.contains('?') && !passed(using) { Using::Tested } else { using };
                self.expr(object, using);
            }
            ExprKind::Index(object, index) => {
                self.expr(object, using);
                self.expr(index, Using::Plain);
            }
            ExprKind::Call(call) => self.call(call, expr.span, using),
            ExprKind::Binary(operator, left, right) => self.binary(operator, left, right, expr, using),
            ExprKind::Unary(operator, inner) => {
                let is_test = matches!(operator, "!" | "not" | "typeof");
                self.expr(inner, if is_test { Using::Tested } else { using });
            }
            ExprKind::Conditional(test, then, otherwise) => {
                let asked = self.test(test);
                let assured = self.assured.len();
                self.conditions += 1;
                self.assure(&asked.present);
                self.expr(then, using);
                self.assured.truncate(assured);
                self.assure(&asked.missing);
                self.expr(otherwise, using);
                self.assured.truncate(assured);
                self.conditions -= 1;
            }
            ExprKind::Assign(target, operator, value) => {
                if let Some(names) = self.environment_member(target) {
                    self.out.sets.extend(names);
                }
                let before = self.out.reads.len();
                self.expr(value, Using::Plain);
                if let (ExprKind::Name(name), "=" | ":=") = (target.kind, operator) {
                    self.bind(name, value, before);
                }
            }
            ExprKind::Function(function) => self.function(function, None),
            ExprKind::Class(class) => self.class(class),
            ExprKind::Await(inner) | ExprKind::Spread(inner) => self.expr(inner, using),
            ExprKind::Comprehension(element, clauses) => self.comprehension(element, clauses),
            ExprKind::Dict(entries) => {
                for entry in entries {
                    if let (Some("validationSchema"), true) =
                        (entry.key.and_then(|key| key.str()), schema::is_schema(&entry.value))
                    {
                        schema::validated(self, &entry.value, true);
                    }
                    // A method and a function in an object may be wrappers, too, but are called by other names.
                    self.expr(&entry.value, Using::Plain);
                }
            }
            ExprKind::List(parts) | ExprKind::Template(parts) | ExprKind::Other(parts) => {
                parts.iter().for_each(|part| self.expr(part, Using::Plain));
            }
            ExprKind::Str(_) | ExprKind::Num(_) | ExprKind::Bool(_) | ExprKind::Null => {}
        }
    }

    /// Notes that the reads `outer` and those from `before` on stand in for each other.
    pub(super) fn join(&mut self, outer: &[usize], before: usize) {
        let all: Vec<usize> = outer.iter().copied().chain(before..self.out.reads.len()).collect();
        if all.len() == outer.len() {
            return;
        }
        let names: Vec<Box<str>> = all.iter().filter_map(|at| Some(self.out.reads.get(*at)?.name.clone())).collect();
        for at in all {
            if let Some(read) = self.out.reads.get_mut(at) {
                read.alternatives.extend(names.iter().cloned());
            }
        }
    }

    pub(super) fn comprehension(&mut self, element: &Expr<'a>, clauses: &[Expr<'a>]) {
        let mut names = Vec::new();
        for clause in clauses {
            if let ExprKind::Binary("in", target, iterable) = clause.kind
                && let (ExprKind::Name(local), Some(list)) = (target.kind, self.list_of(iterable))
            {
                self.looped.insert(local, list);
                names.push(local);
            } else {
                self.expr(clause, Using::Tested);
            }
        }
        self.expr(element, Using::Tested);
        names.iter().for_each(|name| {
            self.looped.remove(name);
        });
    }

    pub(super) fn binary(
        &mut self,
        operator: &'a str,
        left: &'a Expr<'a>,
        right: &'a Expr<'a>,
        whole: &Expr<'a>,
        using: Using<'_>,
    ) {
        match operator {
            "||" | "??" | "or" => self.chain(whole, using),
            "&&" | "and" => {
                let asked = self.test(left);
                let assured = self.assured.len();
                self.assure(&asked.present);
                self.conditions += 1;
                self.expr(right, using);
                self.conditions -= 1;
                self.assured.truncate(assured);
            }
            "in" | "not in" => {
                self.membership(left, right, operator == "in");
            }
            operator if is_comparison(operator) => {
                self.expr(left, Using::Tested);
                self.expr(right, Using::Tested);
            }
            _ => {
                self.expr(left, Using::Plain);
                self.expr(right, Using::Plain);
            }
        }
    }

    /// `A || B || "default"`
    pub(super) fn chain(&mut self, whole: &Expr<'a>, using: Using<'_>) {
        let mut operands: Vec<Expr<'a>> = Vec::new();
        let mut stack = vec![*whole];
        while let Some(next) = stack.pop() {
            match next.kind {
                ExprKind::Binary("||" | "??" | "or", left, right) => stack.extend([*right, *left]),
                _ => operands.push(next),
            }
        }
        let names: Vec<Box<str>> = operands.iter().flat_map(|operand| self.names_in(operand)).collect();
        let Some((last, before)) = operands.split_last() else { return };
        let otherwise = if self.names_in(last).is_empty() {
            self.otherwise(last, names)
        } else {
            let mut otherwise = Otherwise { need: None, alternatives: names, parameter: None };
            match using {
                Using::Plain => {}
                Using::Tested => otherwise.need = Some(Need::Optional),
                Using::Else(outer) => {
                    otherwise.need.clone_from(&outer.need);
                    otherwise.alternatives.extend(outer.alternatives.iter().cloned());
                    otherwise.parameter = outer.parameter;
                }
            }
            self.expr(last, Using::Else(&otherwise));
            for operand in before {
                self.expr(operand, Using::Else(&otherwise));
            }
            return;
        };
        for operand in before {
            self.expr(operand, Using::Else(&otherwise));
        }
        self.expr(last, Using::Plain);
    }

    /// The variables that an operand reads directly, or through a local name.
    pub(super) fn names_in(&self, operand: &Expr<'a>) -> Vec<Box<str>> {
        if let Some(seen) = self.seen(operand) {
            return seen.names.into_iter().map(|(name, _)| name).collect();
        }
        match operand.kind {
            ExprKind::Name(name) => {
                let reads = self.bindings.get(name).into_iter().flatten();
                reads.filter_map(|at| Some(self.out.reads.get(*at)?.name.clone())).collect()
            }
            ExprKind::Member(object, _) => self.names_in(object),
            ExprKind::Call(call) => self.names_in(&call.callee),
            _ => Vec::new(),
        }
    }

    /// What taking `default` in place of a value means.
    pub(super) fn otherwise(&self, default: &Expr<'a>, alternatives: Vec<Box<str>>) -> Otherwise {
        let place = self.place(default.span);
        let mut parameter = None;
        let need = match default.kind {
            ExprKind::Null | ExprKind::Bool(false) | ExprKind::Name("undefined") => Need::Optional,
            ExprKind::Str(text) => Need::Defaulted { value: Some(text.into()), place },
            ExprKind::Name(name) => {
                parameter = self.parameter(name);
                Need::Defaulted { value: self.constants.get(name).map(|text| (*text).into()), place }
            }
            ExprKind::Call(call) => {
                let thrown = match call.callee.kind {
                    ExprKind::Function(function) => gives_up(function.body).map(|(_, reaction)| reaction),
                    _ => None,
                };
                match thrown.or_else(|| of_call(default)) {
                    Some(reaction) => Need::Guarded { place, reaction },
                    None => Need::Defaulted { value: None, place },
                }
            }
            _ => Need::Defaulted { value: None, place },
        };
        Otherwise { need: Some(need), alternatives, parameter }
    }

    /// The number of the parameter of the function around that is called `name`.
    pub(super) fn parameter(&self, name: &str) -> Option<usize> {
        self.parameters.last()?.iter().position(|param| param.name.text == name)
    }

    pub(super) fn call(&mut self, call: &'a Call<'a>, span: Span, using: Using<'_>) {
        let name = call.callee.dotted().unwrap_or_default();
        let method = match call.callee.kind {
            ExprKind::Member(_, method) => method.text,
            _ => "",
        };
        if matches!(
            name.as_str(),
            "load_dotenv" | "dotenv.load_dotenv" | "dotenv.config" | "process.loadEnvFile" | "loadEnvFile"
        ) || matches!(method, "read_env" | "read_envfile")
            || name == "config" && self.text.contains("from 'dotenv'")
        {
            self.out.loads = Some(self.place(span));
        }
        if matches!(name.as_str(), "os.environ.setdefault" | "os.putenv") {
            let set = call.positional().next().and_then(|key| key.str());
            self.out.sets.extend(set.map(Box::from));
        }
        if matches!(name.as_str(), "os.environ.update") {
            for arg in call.args {
                if let ExprKind::Dict(entries) = arg.value.kind {
                    self.out.sets.extend(entries.iter().filter_map(|entry| Some(entry.key?.str()?.into())));
                }
            }
        }
        if matches!(name.as_str(), "assert" | "invariant" | "assert.ok" | "tinyInvariant" | "assertDefined" | "ok")
            && let Some((first, rest)) = call.args.split_first()
        {
            self.demand(&first.value, span, Reaction::Throws);
            rest.iter().for_each(|arg| self.expr(&arg.value, Using::Plain));
            return;
        }
        if schema::call(self, call, &name, method) {
            return;
        }
        let tests = matches!(
            name.as_str(),
            "Boolean" | "bool" | "isset" | "any" | "all" | "isTruthy" | "isTrue" | "parseBoolean"
        );
        let passed = if tests { Using::Tested } else { using };
        // `names.filter((name) => !process.env[name])`
        if let ExprKind::Member(object, _) = call.callee.kind
            && matches!(method, "filter" | "forEach" | "some" | "every" | "find" | "map")
            && let (Some(list), [arg]) = (self.list_of(object), call.args)
            && let ExprKind::Function(function) = arg.value.kind
            && let Some(param) = function.params.first()
        {
            self.looped.insert(param.name.text, list);
            // It runs here and now, and nothing but the name is its own.
            self.block(function.body);
            self.looped.remove(param.name.text);
            return;
        }
        if let (ExprKind::Name(function), true, 0) = (call.callee.kind, self.parameters.is_empty(), self.conditions) {
            self.called.insert(function);
        }
        self.expr(&call.callee, using);
        for arg in call.args {
            let is_value = !matches!(arg.value.kind, ExprKind::Function(_) | ExprKind::Dict(_));
            self.expr(&arg.value, if is_value { passed } else { Using::Plain });
        }
    }

    /// Notes a read, and returns where.
    pub(super) fn push(&mut self, seen: Seen, using: Using<'_>) -> Vec<usize> {
        let mut pushed = Vec::new();
        let moment = seen.moment.unwrap_or_else(|| self.moment());
        let all: Vec<Box<str>> = seen.names.iter().map(|(name, _)| name.clone()).collect();
        for (name, span) in seen.names {
            let mut alternatives = Vec::new();
            let mut need = match (&seen.need, using) {
                (Need::Plain | Need::Asserted, Using::Tested) => Need::Optional,
                (Need::Plain | Need::Asserted | Need::Optional, Using::Else(otherwise)) => {
                    alternatives.extend(otherwise.alternatives.iter().filter(|other| !all.contains(other)).cloned());
                    otherwise.need.clone().unwrap_or_else(|| seen.need.clone())
                }
                (need, _) => need.clone(),
            };
            if need == Need::Required
                && let Some(excuse) = &self.excuse
            {
                need = match excuse {
                    Some((span, reaction)) => Need::Guarded { place: self.place(*span), reaction: *reaction },
                    None => Need::Optional,
                };
            }
            if self.assured.contains(&name) {
                need = Need::Optional;
            }
            let at = self.out.reads.len();
            let parameter = match using {
                Using::Else(otherwise) => otherwise.parameter,
                _ => None,
            };
            if let Some(parameter) = parameter.or(seen.fallback) {
                self.defaults.insert(at, parameter);
            }
            self.out.reads.push(VariableRead {
                place: self.place(span),
                name,
                need,
                alternatives,
                moment,
                is_conditional: self.conditions > 0,
                ignores_case: false,
                way: seen.way,
            });
            pushed.push(at);
        }
        pushed
    }
}
