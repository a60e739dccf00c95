//! Runs a Python module on paper: assignments, branches, loops over lists that are written down, calls of the module's
//! own functions. What it cannot know is [`ValueKind::Unknown`]; what may not happen is marked so.
//!
//! The database is taken to be PostgreSQL where the code asks (`bind.dialect.name == "postgresql"`).

use super::value::{Called, HOLE, Value, ValueKind};
use bumpalo::Bump;
use rustc_hash::FxHashMap;
use twiceshy_source::Span;
use twiceshy_syntax::code::{
    Arg, Call, Class, Expr, ExprKind, Function, Import, Name, Param, ParamKind, Stmt, StmtKind,
};

/// How many statements and expressions are run; a module that wants more is run so far.
const MAX_STEPS: u32 = 400_000;
/// How deep functions of the module call one another.
const MAX_CALLS: usize = 8;
/// How long a list may be for a loop over it to be unrolled.
const MAX_ROUNDS: usize = 200;
/// How long a known string may grow, in bytes.
const MAX_TEXT: usize = 1 << 16;

/// Something that the module does, in the order in which it does it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event<'a> {
    pub kind: EventKind<'a>,
    /// It hangs on a condition that is not known, or its failure is caught.
    pub maybe: bool,
}

/// What a module does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EventKind<'a> {
    Call(&'a Called<'a>),
    /// `object.name = value`
    Set(&'a Value<'a>, Name<'a>, &'a Value<'a>),
    /// A `with` block begins; its value.
    Enter(Value<'a>),
    /// The innermost `with` block ends.
    Leave,
}

/// How a block ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    /// It returned, raised, or left a loop.
    Out,
    /// It may have.
    Perhaps,
}

type Scope<'a> = FxHashMap<&'a str, Value<'a>>;

/// A module being run.
pub(crate) struct Machine<'a> {
    arena: &'a Bump,
    functions: FxHashMap<&'a str, &'a Function<'a>>,
    scopes: Vec<Scope<'a>>,
    /// Values returned by the functions that are being run.
    returned: Vec<Option<Value<'a>>>,
    log: Vec<Event<'a>>,
    maybe: u32,
    steps: u32,
}

impl<'a> Machine<'a> {
    /// Runs the module's own statements.
    pub fn new(arena: &'a Bump, body: &'a [Stmt<'a>]) -> Self {
        let mut machine = Self {
            arena,
            functions: FxHashMap::default(),
            scopes: vec![Scope::default()],
            returned: Vec::new(),
            log: Vec::new(),
            maybe: 0,
            steps: 0,
        };
        machine.define(body);
        machine.block(body);
        machine
    }

    /// The value of a variable of the module.
    pub fn global(&self, name: &str) -> Option<Value<'a>> {
        self.scopes.first()?.get(name).copied()
    }

    /// The module's function of this name.
    pub fn function(&self, name: &str) -> Option<&'a Function<'a>> {
        self.functions.get(name).copied()
    }

    /// What was done since the last call of this.
    pub fn take_log(&mut self) -> Vec<Event<'a>> {
        std::mem::take(&mut self.log)
    }

    /// Runs a function whose arguments are not known. `class` is the class whose method it is.
    pub fn run(&mut self, function: &'a Function<'a>, class: Option<&'a Class<'a>>) {
        let mut scope = Scope::default();
        for (index, param) in function.params.iter().enumerate() {
            let value = match (class, index) {
                (Some(class), 0) if param.name.text == "self" => {
                    let class = self.value(class.span, ValueKind::Class(class));
                    Value { span: param.name.span, kind: ValueKind::Instance(self.arena.alloc(class)) }
                }
                _ => self.annotated(param),
            };
            scope.insert(param.name.text, value);
        }
        self.scopes.push(scope);
        self.returned.push(None);
        self.block(function.body);
        self.returned.pop();
        self.scopes.pop();
    }

    /// Evaluates an expression among the module's variables.
    pub fn evaluate(&mut self, expr: &Expr<'a>) -> Value<'a> {
        self.expr(expr)
    }

    fn annotated(&mut self, param: &Param<'a>) -> Value<'a> {
        let unknown = Value::unknown(param.name.span);
        if param.kind == ParamKind::Rest || param.kind == ParamKind::Keywords {
            return unknown;
        }
        let class = param.annotation.and_then(|annotation| self.annotation(&annotation));
        match class {
            Some(class) => Value { span: param.name.span, kind: ValueKind::Instance(self.arena.alloc(class)) },
            None => unknown,
        }
    }

    /// The class that an annotation names: `T`, `T | None`, `Optional[T]`, `"T"`.
    fn annotation(&mut self, annotation: &Expr<'a>) -> Option<Value<'a>> {
        let class = match annotation.kind {
            ExprKind::Binary("|", left, right) => match (left.kind, right.kind) {
                (_, ExprKind::Null) => return self.annotation(left),
                (ExprKind::Null, _) => return self.annotation(right),
                _ => return None,
            },
            ExprKind::Index(generic, inner) => {
                let generic = self.expr(generic).name()?;
                return (generic == "typing.Optional").then(|| self.annotation(inner)).flatten();
            }
            ExprKind::Str(name) => self.lookup(name)?,
            ExprKind::Name(_) | ExprKind::Member(..) => self.expr(annotation),
            _ => return None,
        };
        matches!(class.kind, ValueKind::Name(_) | ValueKind::Class(_)).then_some(class)
    }

    fn define(&mut self, body: &'a [Stmt<'a>]) {
        for statement in body {
            match statement.kind {
                StmtKind::Function(function) => {
                    if let Some(name) = function.name {
                        self.functions.insert(name.text, function);
                    }
                }
                StmtKind::If(_, then, otherwise) => {
                    self.define(then);
                    self.define(otherwise);
                }
                _ => {}
            }
        }
    }

    fn value(&self, span: Span, kind: ValueKind<'a>) -> Value<'a> {
        Value { span, kind }
    }

    fn lookup(&self, name: &str) -> Option<Value<'a>> {
        let local = self.scopes.last()?.get(name);
        local.or_else(|| self.scopes.first()?.get(name)).copied()
    }

    fn bind(&mut self, name: &'a str, value: Value<'a>) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name, value);
        }
    }

    fn note(&mut self, kind: EventKind<'a>) {
        self.log.push(Event { kind, maybe: self.maybe > 0 });
    }

    fn block(&mut self, body: &'a [Stmt<'a>]) -> Flow {
        let before = self.maybe;
        let mut flow = Flow::On;
        for statement in body {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                break;
            }
            match self.statement(statement) {
                Flow::On => {}
                Flow::Out => {
                    flow = Flow::Out;
                    break;
                }
                Flow::Perhaps => {
                    flow = Flow::Perhaps;
                    self.maybe = before + 1;
                }
            }
        }
        self.maybe = before;
        flow
    }

    fn statement(&mut self, statement: &'a Stmt<'a>) -> Flow {
        match statement.kind {
            StmtKind::Import(import) => self.import(import),
            StmtKind::Expr(expr) => {
                self.expr(&expr);
            }
            StmtKind::Assign(assign) => {
                let value = match (assign.value, assign.annotation) {
                    (Some(value), _) => self.expr(&value),
                    (None, Some(annotation)) => match self.annotation(&annotation) {
                        Some(class) => {
                            Value { span: annotation.span, kind: ValueKind::Instance(self.arena.alloc(class)) }
                        }
                        None => Value::unknown(statement.span),
                    },
                    (None, None) => Value::unknown(statement.span),
                };
                for target in assign.targets {
                    self.assign(target, value);
                }
            }
            StmtKind::Class(class) => {
                if let Some(name) = class.name {
                    self.bind(name.text, Value { span: name.span, kind: ValueKind::Class(class) });
                }
            }
            StmtKind::Function(function) => {
                if let (Some(name), true) = (function.name, self.scopes.len() > 1) {
                    self.functions.insert(name.text, function);
                }
            }
            StmtKind::If(test, then, otherwise) => return self.branch(test, then, otherwise),
            StmtKind::Loop(over, body) => self.each(over, body),
            StmtKind::With(items, body) => {
                for item in items {
                    let entered = match item.kind {
                        ExprKind::Assign(target, _, value) => {
                            let value = self.expr(value);
                            self.assign(target, value);
                            value
                        }
                        _ => self.expr(item),
                    };
                    self.note(EventKind::Enter(entered));
                }
                let flow = self.block(body);
                for _ in items {
                    self.note(EventKind::Leave);
                }
                return flow;
            }
            StmtKind::Try(it) => {
                let catches = !it.handlers.is_empty();
                let flow = if catches { self.perhaps(&[it.body]) } else { self.block(it.body) };
                for (_, body) in it.handlers {
                    self.perhaps(&[body]);
                }
                let after = self.block(it.after);
                return if after == Flow::Out { after } else { flow };
            }
            StmtKind::Return(value) => {
                let value = value.map(|value| self.expr(&value));
                if let (Some(slot), Some(value)) = (self.returned.last_mut(), value) {
                    // Two returns that differ are one unknown value.
                    *slot = match slot {
                        None => Some(value),
                        Some(first) => Some(Value::unknown(first.span)),
                    };
                }
                return Flow::Out;
            }
            StmtKind::Throw(value) => {
                if let Some(value) = value {
                    self.expr(&value);
                }
                return Flow::Out;
            }
            StmtKind::Block(body) => {
                // The cases of a `match`.
                self.perhaps(&[body]);
            }
            StmtKind::Other(parts) => {
                for part in parts {
                    self.expr(part);
                }
            }
        }
        Flow::On
    }

    fn import(&mut self, import: &Import<'a>) {
        let dots = ".".repeat(import.dots as usize);
        if import.names.is_empty() {
            // `import a.b` gives the name `a`.
            let first = import.module.text.split('.').next().unwrap_or_default();
            self.bind(first, Value { span: import.module.span, kind: ValueKind::Name(first) });
        }
        for (name, local) in import.names {
            let full = match name.text {
                "*" if local.text == "*" => continue,
                "*" => import.module.text,
                _ if import.dots == 0 => &*self.arena.alloc_str(&format!("{}.{}", import.module.text, name.text)),
                _ if import.module.text.is_empty() => &*self.arena.alloc_str(&format!("{dots}{}", name.text)),
                _ => &*self.arena.alloc_str(&format!("{dots}{}.{}", import.module.text, name.text)),
            };
            self.bind(local.text, Value { span: local.span, kind: ValueKind::Name(full) });
        }
    }

    fn branch(&mut self, test: &'a Expr<'a>, then: &'a [Stmt<'a>], otherwise: &'a [Stmt<'a>]) -> Flow {
        let value = self.expr(test);
        match plain_truth(value) {
            Some(true) => self.block(then),
            Some(false) => self.block(otherwise),
            None => self.perhaps(&[then, otherwise]),
        }
    }

    /// Runs blocks of which one runs, or none. Variables on which they do not agree are unknown afterwards.
    fn perhaps(&mut self, blocks: &[&'a [Stmt<'a>]]) -> Flow {
        let before = self.snapshot();
        let mut joined: Option<Scope<'a>> = None;
        let mut flows = Vec::new();
        self.maybe += 1;
        for block in blocks {
            if let Some(scope) = self.scopes.last_mut() {
                scope.clone_from(&before);
            }
            let flow = self.block(block);
            flows.push(flow);
            if flow != Flow::Out {
                let after = self.snapshot();
                joined = Some(joined.map_or_else(|| after.clone(), |joined| join(joined, &after)));
            }
        }
        self.maybe -= 1;
        let is_either = blocks.len() > 1;
        let scope = match joined {
            Some(joined) if is_either => joined,
            Some(joined) => join(before, &joined),
            None => before,
        };
        if let Some(last) = self.scopes.last_mut() {
            *last = scope;
        }
        match flows.iter().all(|flow| *flow == Flow::Out) {
            true if is_either => Flow::Out,
            _ if flows.iter().all(|flow| *flow == Flow::On) => Flow::On,
            _ => Flow::Perhaps,
        }
    }

    /// A copy of the variables; it counts as one step each.
    fn snapshot(&mut self) -> Scope<'a> {
        let scope = self.scopes.last().cloned().unwrap_or_default();
        self.steps = self.steps.saturating_add(scope.len() as u32 / 4);
        scope
    }

    fn each(&mut self, over: &'a [Expr<'a>], body: &'a [Stmt<'a>]) {
        let [Expr { kind: ExprKind::Binary("in", target, iterable), .. }] = over else {
            for test in over {
                self.expr(test);
            }
            self.perhaps(&[body]);
            return;
        };
        let iterable = self.expr(iterable);
        match iterable.kind {
            ValueKind::List(items) if items.len() <= MAX_ROUNDS => {
                for item in items {
                    self.assign(target, *item);
                    // `continue` and `break` are not told apart from `pass`: what follows an `if` with them is taken to run.
                    self.block(body);
                }
            }
            _ => {
                let item = match iterable.kind {
                    ValueKind::Each(item) => *item,
                    _ => Value::unknown(target.span),
                };
                self.assign(target, item);
                self.perhaps(&[body]);
            }
        }
    }

    fn assign(&mut self, target: &Expr<'a>, value: Value<'a>) {
        match target.kind {
            ExprKind::Name(name) => self.bind(name, value),
            ExprKind::Member(object, name) => {
                let object = self.expr(object);
                self.note(EventKind::Set(self.arena.alloc(object), name, self.arena.alloc(value)));
            }
            ExprKind::List(targets) => {
                let items = match value.kind {
                    ValueKind::List(items) if items.len() == targets.len() => items,
                    _ => &[],
                };
                for (index, target) in targets.iter().enumerate() {
                    self.assign(target, items.get(index).copied().unwrap_or_else(|| Value::unknown(target.span)));
                }
            }
            ExprKind::Spread(target) => self.assign(target, Value::unknown(target.span)),
            ExprKind::Index(object, _) => {
                // The dictionary or list is no longer what was written.
                if let ExprKind::Name(name) = object.kind {
                    self.bind(name, Value::unknown(object.span));
                }
            }
            _ => {}
        }
    }

    fn exprs(&mut self, exprs: &[Expr<'a>]) -> &'a [Value<'a>] {
        let values: Vec<_> = exprs.iter().map(|expr| self.expr(expr)).collect();
        self.arena.alloc_slice_copy(&values)
    }

    fn expr(&mut self, expr: &Expr<'a>) -> Value<'a> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Value::unknown(expr.span);
        }
        let span = expr.span;
        let kind = match expr.kind {
            ExprKind::Str(text) => ValueKind::Str(text),
            ExprKind::Num(text) => ValueKind::Num(text),
            ExprKind::Bool(value) => ValueKind::Bool(value),
            ExprKind::Null => ValueKind::Null,
            // A variable's value stands where it was written; a class or module where it is named.
            ExprKind::Name(name) => match self.lookup(name) {
                Some(Value { kind: kind @ (ValueKind::Name(_) | ValueKind::Class(_)), .. }) => kind,
                Some(value) => return value,
                None => ValueKind::Unknown,
            },
            ExprKind::Member(object, name) => {
                let object = self.expr(object);
                match object.kind {
                    ValueKind::Name(base) => ValueKind::Name(self.arena.alloc_str(&format!("{base}.{}", name.text))),
                    _ => ValueKind::Member(self.arena.alloc(object), name),
                }
            }
            ExprKind::Call(call) => return self.call(call, span),
            ExprKind::Template(parts) => {
                let parts = self.exprs(parts);
                self.concatenated(parts)
            }
            ExprKind::List(items) => ValueKind::List(self.exprs(items)),
            ExprKind::Dict(entries) => {
                let mut known = Vec::with_capacity(entries.len());
                for entry in entries {
                    let value = self.expr(&entry.value);
                    match entry.key {
                        Some(key) => known.push((self.expr(&key), value)),
                        None => known.extend_from_slice(value.entries()),
                    }
                }
                ValueKind::Dict(self.arena.alloc_slice_copy(&known))
            }
            ExprKind::Comprehension(element, parts) => return self.comprehension(element, parts, span),
            ExprKind::Function(function) => {
                let scope: Vec<_> = function.params.iter().map(|param| (param.name.text, param.name.span)).collect();
                let outer = self.snapshot();
                for (name, span) in scope {
                    self.bind(name, Value::unknown(span));
                }
                self.maybe += 1;
                let returned = match function.body {
                    [Stmt { kind: StmtKind::Return(Some(value)), .. }] => self.expr(value),
                    _ => Value::unknown(span),
                };
                self.maybe -= 1;
                if let Some(scope) = self.scopes.last_mut() {
                    *scope = outer;
                }
                ValueKind::Lambda(self.arena.alloc(returned))
            }
            ExprKind::Binary(op, left, right) => {
                let (left, right) = (self.expr(left), self.expr(right));
                self.binary(op, left, right)
            }
            ExprKind::Unary(op, operand) => {
                let value = self.expr(operand);
                match (op, plain_truth(value)) {
                    ("not", Some(value)) => ValueKind::Bool(!value),
                    _ => ValueKind::Unknown,
                }
            }
            ExprKind::Await(operand) => return self.expr(operand),
            ExprKind::Conditional(test, then, otherwise) => {
                let value = self.expr(test);
                match plain_truth(value) {
                    Some(true) => return self.expr(then),
                    Some(false) => return self.expr(otherwise),
                    None => {
                        self.maybe += 1;
                        let (then, otherwise) = (self.expr(then), self.expr(otherwise));
                        self.maybe -= 1;
                        // `x if x else None`: NULL, or what was meant.
                        match (then.kind, otherwise.kind) {
                            (_, ValueKind::Null) => return then,
                            (ValueKind::Null, _) => return otherwise,
                            _ => ValueKind::Unknown,
                        }
                    }
                }
            }
            ExprKind::Assign(target, op, value) => {
                let value = self.expr(value);
                let value = if op == ":=" { value } else { Value::unknown(span) };
                self.assign(target, value);
                return value;
            }
            ExprKind::Index(object, index) => {
                let (object, index) = (self.expr(object), self.expr(index));
                let found = match (object.kind, index.kind) {
                    (ValueKind::Dict(entries), ValueKind::Str(key)) => {
                        entries.iter().rev().find(|(name, _)| name.str() == Some(key)).map(|(_, value)| *value)
                    }
                    (ValueKind::List(items), ValueKind::Num(number)) => {
                        number.parse::<usize>().ok().and_then(|index| items.get(index)).copied()
                    }
                    _ => None,
                };
                return found.unwrap_or_else(|| Value::unknown(span));
            }
            ExprKind::Spread(operand) => {
                self.expr(operand);
                ValueKind::Unknown
            }
            ExprKind::Class(_) => ValueKind::Unknown,
            ExprKind::Other(parts) => {
                self.exprs(parts);
                ValueKind::Unknown
            }
        };
        Value { span, kind }
    }

    fn comprehension(&mut self, element: &Expr<'a>, parts: &[Expr<'a>], span: Span) -> Value<'a> {
        let outer = self.snapshot();
        let mut known = None;
        for (index, part) in parts.iter().enumerate() {
            let ExprKind::Binary("in", target, iterable) = part.kind else {
                self.expr(part);
                continue;
            };
            let iterable = self.expr(iterable);
            match iterable.kind {
                ValueKind::List(items) if index == 0 && parts.len() == 1 && items.len() <= MAX_ROUNDS => {
                    known = Some((target, items));
                }
                _ => self.assign(target, Value::unknown(target.span)),
            }
        }
        let kind = match known {
            Some((target, items)) => {
                let mut all = Vec::with_capacity(items.len());
                for item in items {
                    self.assign(target, *item);
                    all.push(self.expr(element));
                }
                ValueKind::List(self.arena.alloc_slice_copy(&all))
            }
            None => {
                self.maybe += 1;
                let element = self.expr(element);
                self.maybe -= 1;
                ValueKind::Each(self.arena.alloc(element))
            }
        };
        if let Some(scope) = self.scopes.last_mut() {
            *scope = outer;
        }
        Value { span, kind }
    }

    fn binary(&mut self, op: &str, left: Value<'a>, right: Value<'a>) -> ValueKind<'a> {
        match op {
            "+" if left.text().is_some() || right.text().is_some() => self.concatenated(&[left, right]),
            "+" => match (left.kind, right.kind) {
                (ValueKind::List(left), ValueKind::List(right)) if left.len() + right.len() <= MAX_ROUNDS => {
                    ValueKind::List(self.arena.alloc_slice_copy(&[left, right].concat()))
                }
                _ => ValueKind::Unknown,
            },
            "%" => match left.text() {
                Some(text) => ValueKind::Text(self.arena.alloc_str(&text.replace("%s", "\u{fffc}"))),
                None => ValueKind::Unknown,
            },
            "==" | "!=" => match (dialect(left).or_else(|| left.str()), dialect(right).or_else(|| right.str())) {
                (Some(left), Some(right)) => ValueKind::Bool((left == right) == (op == "==")),
                _ => ValueKind::Unknown,
            },
            "in" | "not in" => match (dialect(left).or_else(|| left.str()), right.kind) {
                (Some(left), ValueKind::List(items)) if items.iter().all(|item| item.str().is_some()) => {
                    ValueKind::Bool(items.iter().any(|item| item.str() == Some(left)) == (op == "in"))
                }
                _ => ValueKind::Unknown,
            },
            "and" => match (plain_truth(left), plain_truth(right)) {
                (Some(false), _) | (_, Some(false)) => ValueKind::Bool(false),
                (Some(true), Some(true)) => ValueKind::Bool(true),
                _ => ValueKind::Unknown,
            },
            "or" => match (plain_truth(left), plain_truth(right)) {
                (Some(true), _) => left.kind,
                (Some(false), _) => right.kind,
                (_, Some(true)) => ValueKind::Unknown,
                _ => ValueKind::Unknown,
            },
            _ => ValueKind::Unknown,
        }
    }

    fn concatenated(&self, parts: &[Value<'a>]) -> ValueKind<'a> {
        let mut text = String::new();
        let mut is_whole = true;
        for part in parts {
            match part.kind {
                ValueKind::Str(part) => text.push_str(part),
                ValueKind::Text(part) => {
                    is_whole = false;
                    text.push_str(part);
                }
                _ => {
                    is_whole = false;
                    text.push(HOLE);
                }
            }
        }
        if text.len() > MAX_TEXT {
            return ValueKind::Unknown;
        }
        let text = &*self.arena.alloc_str(&text);
        if is_whole { ValueKind::Str(text) } else { ValueKind::Text(text) }
    }

    fn call(&mut self, call: &'a Call<'a>, span: Span) -> Value<'a> {
        if let ExprKind::Name(name) = call.callee.kind
            && self.lookup(name).is_none()
            && let Some(function) = self.function(name)
        {
            return self.inline(function, call, span);
        }
        let callee = self.expr(&call.callee);
        let args = self.args(call.args);
        let is_open = call.args.iter().any(|arg| arg.keyword.is_some_and(|name| name.text == "**"));
        if let Some(text) = self.text_method(callee, args) {
            return Value { span: callee.span, kind: text };
        }
        let called = &*self.arena.alloc(Called { span, call, callee, args, is_open });
        self.note(EventKind::Call(called));
        Value { span, kind: ValueKind::Call(called) }
    }

    fn args(&mut self, args: &[Arg<'a>]) -> &'a [(Option<Name<'a>>, Value<'a>)] {
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            match arg.value.kind {
                ExprKind::Spread(operand) => {
                    let operand = self.expr(operand);
                    match (arg.keyword, operand.kind) {
                        // `*columns` of a list that is known.
                        (None, ValueKind::List(items)) => values.extend(items.iter().map(|item| (None, *item))),
                        _ => values.push((arg.keyword, Value::unknown(arg.value.span))),
                    }
                }
                _ => values.push((arg.keyword, self.expr(&arg.value))),
            }
        }
        self.arena.alloc_slice_copy(&values)
    }

    /// Methods of known strings that leave them known enough, and functions that pass a string through.
    fn text_method(&self, callee: Value<'a>, args: &[(Option<Name<'a>>, Value<'a>)]) -> Option<ValueKind<'a>> {
        match callee.kind {
            ValueKind::Member(object, name) => {
                let text = object.text()?;
                match name.text {
                    "strip" | "lstrip" | "rstrip" if args.is_empty() => Some(object.kind),
                    "format" => Some(ValueKind::Text(self.arena.alloc_str(&with_holes(text)))),
                    _ => None,
                }
            }
            ValueKind::Name("textwrap.dedent" | "alembic.op.f" | "inspect.cleandoc") => {
                let (_, first) = args.first()?;
                first.text()?;
                Some(first.kind)
            }
            _ => None,
        }
    }

    /// Runs a function of the module with what it is given.
    fn inline(&mut self, function: &'a Function<'a>, call: &'a Call<'a>, span: Span) -> Value<'a> {
        let args = self.args(call.args);
        if self.scopes.len() > MAX_CALLS {
            return Value::unknown(span);
        }
        let mut scope = Scope::default();
        let mut positional = args.iter().filter(|(keyword, _)| keyword.is_none()).map(|(_, value)| *value);
        for param in function.params {
            let by_keyword = args.iter().find(|(keyword, _)| keyword.is_some_and(|name| name.text == param.name.text));
            let given = match param.kind {
                ParamKind::Plain => positional.next().or(by_keyword.map(|(_, value)| *value)),
                ParamKind::KeywordOnly => by_keyword.map(|(_, value)| *value),
                ParamKind::Rest | ParamKind::Keywords => None,
            };
            let value = match (given, param.default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.expr(&default),
                (None, None) => Value::unknown(param.name.span),
            };
            scope.insert(param.name.text, value);
        }
        self.scopes.push(scope);
        self.returned.push(None);
        self.block(function.body);
        let returned = self.returned.pop().flatten();
        self.scopes.pop();
        returned.unwrap_or_else(|| Value::unknown(span))
    }
}

/// Variables after either of two blocks.
fn join<'a>(mut one: Scope<'a>, other: &Scope<'a>) -> Scope<'a> {
    for (name, value) in &mut one {
        let agrees = other.get(name).is_some_and(|there| there.span == value.span && !there.is_unknown());
        if !agrees {
            *value = Value::unknown(value.span);
        }
    }
    for (name, value) in other {
        one.entry(name).or_insert_with(|| Value::unknown(value.span));
    }
    one
}

/// `bind.dialect.name`, taken to be PostgreSQL's.
fn dialect(value: Value<'_>) -> Option<&'static str> {
    match value.kind {
        ValueKind::Member(object, name) if name.text == "name" => match object.kind {
            ValueKind::Member(_, inner) if inner.text == "dialect" || inner.text == "engine" => Some("postgresql"),
            ValueKind::Call(called) => {
                called.method().is_some_and(|(_, method)| method == "get_dialect").then_some("postgresql")
            }
            _ => None,
        },
        ValueKind::Member(_, name) if name.text == "dialect_name" => Some("postgresql"),
        _ => None,
    }
}

fn plain_truth(value: Value<'_>) -> Option<bool> {
    match value.kind {
        ValueKind::Bool(value) => Some(value),
        ValueKind::Null => Some(false),
        ValueKind::Str(text) => Some(!text.is_empty()),
        ValueKind::List(items) => Some(!items.is_empty()),
        _ => None,
    }
}

/// A format string with a hole for every `{…}`.
fn with_holes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        match from.find('}') {
            Some(close) if !from.starts_with("{{") => {
                out.push(HOLE);
                rest = from.get(close + 1..).unwrap_or_default();
            }
            _ => {
                out.push('{');
                rest = from.trim_start_matches('{');
            }
        }
    }
    out.push_str(rest);
    out
}
