//! One walk over a module: every read of a variable, with what stands around it.

use super::needs::{gives_up, leaves, of_call};
use super::{ModuleVariables, Moment, Need, Reaction, VariableRead, Way, Wrapper, rust, schema, settings};
use crate::{PythonImport, Repo};
use rustc_hash::{FxHashMap, FxHashSet};
use std::panic::AssertUnwindSafe;
use twiceshy_source::{FileId, Place, Span};
use twiceshy_syntax::code::{Assign, Call, Class, Expr, ExprKind, Function, Import, Module, Param, Stmt, StmtKind};
use twiceshy_syntax::{js, python};

/// What stands for the parameter of that number, in place of a variable's name.
const BY_PARAMETER: char = '\0';

/// Reads one module; `known` are the functions of other modules that read variables.
pub(super) fn of(repo: &Repo, file: FileId, known: &FxHashMap<FileId, Vec<Wrapper>>) -> Option<ModuleVariables> {
    let source = repo.tree.source(file).ok()?;
    let (text, path) = (source.text(), repo.tree.path(file));
    let read = |module: &Module<'_>, language| {
        let mut found = ModuleVariables::default();
        // Functions may be called before they are defined: the second walk knows all of them.
        for _ in 0..2 {
            let mut reader = Reader::new(repo, file, text, language, known);
            reader.wrappers = found.wrappers.iter().map(|it| (it.name.clone(), it.clone())).collect();
            reader.block(module.body);
            let is_done = reader.out.wrappers.len() == found.wrappers.len();
            found = reader.finish();
            if is_done {
                break;
            }
        }
        found.reads.retain(|read| !read.name.starts_with(BY_PARAMETER));
        for read in &mut found.reads {
            let name = &read.name;
            read.alternatives.retain(|other| other != name && !other.starts_with(BY_PARAMETER));
            read.alternatives.sort();
            read.alternatives.dedup();
        }
        found
    };
    // What a parser does to one module does not end the run.
    std::panic::catch_unwind(AssertUnwindSafe(|| {
        if path.ends_with(".rs") {
            rust::of(text, file)
        } else if path.ends_with(".py") {
            let arena = bumpalo::Bump::new();
            read(&python::parse(text, &arena), Language::Python)
        } else {
            js::read(text, js::Dialect::of(path), |module| read(&module, Language::JavaScript))
        }
    }))
    .ok()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    JavaScript,
    Python,
}

/// How the value of an expression is used.
#[derive(Clone, Copy)]
pub(super) enum Using<'u> {
    /// As it is.
    Plain,
    /// It is only asked about.
    Tested,
    /// Something else is taken in its place.
    Else(&'u Otherwise),
}

/// What is taken in place of a value.
#[derive(Clone)]
pub(super) struct Otherwise {
    need: Option<Need>,
    alternatives: Vec<Box<str>>,
    /// The parameter of the function around that is taken.
    parameter: Option<usize>,
}

/// A read, before what stands around it is known.
#[derive(Clone)]
struct Seen {
    names: Vec<(Box<str>, Span)>,
    need: Need,
    moment: Option<Moment>,
    way: Way,
    fallback: Option<usize>,
}

/// An object that holds the environment.
#[derive(Clone, Copy)]
struct Environment {
    way: Way,
    moment: Option<Moment>,
}

/// What a condition says about the reads in it.
#[derive(Default)]
struct Asked {
    /// These are missing where it holds.
    missing: Vec<usize>,
    /// All of them at once, and not one of them.
    all_missing: bool,
    /// These are there where it holds.
    present: Vec<usize>,
}

pub(super) struct Reader<'a, 'r> {
    repo: &'r Repo,
    pub(super) file: FileId,
    pub(super) text: &'r str,
    language: Language,
    known: &'r FxHashMap<FileId, Vec<Wrapper>>,
    environments: FxHashMap<&'a str, Environment>,
    /// Local names of `getenv`.
    getters: FxHashSet<&'a str>,
    /// Local names of decouple's `config` and of objects like django-environ's `Env()`.
    lookups: FxHashSet<&'a str>,
    wrappers: FxHashMap<Box<str>, Wrapper>,
    constants: FxHashMap<&'a str, &'a str>,
    lists: FxHashMap<&'a str, Vec<(Box<str>, Span)>>,
    /// Variables of loops over lists of names.
    looped: FxHashMap<&'a str, Vec<(Box<str>, Span)>>,
    pub(super) schemas: FxHashMap<&'a str, Expr<'a>>,
    /// Local names of values that were read.
    bindings: FxHashMap<&'a str, Vec<usize>>,
    /// Local names of lists of what is missing.
    gaps: FxHashMap<&'a str, Vec<usize>>,
    /// Variables that are there where we stand.
    assured: Vec<Box<str>>,
    parameters: Vec<&'a [Param<'a>]>,
    conditions: u32,
    /// What catches a `KeyError` here: a handler that goes on, or one that gives up.
    excuse: Option<Option<(Span, Reaction)>>,
    /// Reads whose default is a parameter of the function around them.
    defaults: FxHashMap<usize, usize>,
    class: Option<&'a str>,
    /// The outermost function around, and which reads stand in which.
    outermost: Option<&'a str>,
    inside: Vec<(&'a str, usize)>,
    /// Functions that are called when the module is loaded.
    called: FxHashSet<&'a str>,
    pub(super) out: ModuleVariables,
}

impl<'a, 'r> Reader<'a, 'r> {
    fn new(
        repo: &'r Repo,
        file: FileId,
        text: &'r str,
        language: Language,
        known: &'r FxHashMap<FileId, Vec<Wrapper>>,
    ) -> Self {
        Self {
            repo,
            file,
            text,
            language,
            known,
            environments: FxHashMap::default(),
            getters: FxHashSet::default(),
            lookups: FxHashSet::default(),
            wrappers: FxHashMap::default(),
            constants: FxHashMap::default(),
            lists: FxHashMap::default(),
            looped: FxHashMap::default(),
            schemas: FxHashMap::default(),
            bindings: FxHashMap::default(),
            gaps: FxHashMap::default(),
            assured: Vec::new(),
            parameters: Vec::new(),
            conditions: 0,
            excuse: None,
            defaults: FxHashMap::default(),
            class: None,
            outermost: None,
            inside: Vec::new(),
            called: FxHashSet::default(),
            out: ModuleVariables::default(),
        }
    }

    /// Reads in functions that the module calls itself happen when it is loaded.
    fn finish(mut self) -> ModuleVariables {
        for (function, at) in &self.inside {
            if self.called.contains(function)
                && let Some(read) = self.out.reads.get_mut(*at)
                && read.moment == Moment::Use
            {
                read.moment = Moment::Start;
            }
        }
        self.out
    }

    pub(super) fn place(&self, span: Span) -> Place {
        Place::new(self.file, span)
    }

    pub(super) fn moment(&self) -> Moment {
        if self.parameters.is_empty() { Moment::Start } else { Moment::Use }
    }

    pub(super) fn is_conditional(&self) -> bool {
        self.conditions > 0
    }

    fn block(&mut self, body: &[Stmt<'a>]) {
        let (assured, conditions) = (self.assured.len(), self.conditions);
        for statement in body {
            self.statement(statement);
        }
        self.assured.truncate(assured);
        self.conditions = conditions;
    }

    fn statement(&mut self, statement: &Stmt<'a>) {
        match statement.kind {
            StmtKind::Import(import) => self.import(import),
            StmtKind::Expr(value) => self.expr(&value, Using::Plain),
            StmtKind::Return(value) | StmtKind::Throw(value) => {
                value.iter().for_each(|value| self.expr(value, Using::Plain));
            }
            StmtKind::Assign(assign) => self.assign(assign),
            StmtKind::Function(function) => self.function(function, function.name.map(|name| name.text)),
            StmtKind::Class(class) => self.class(class),
            StmtKind::If(test, then, otherwise) => self.branch(test, then, otherwise),
            StmtKind::Loop(heads, body) => self.repeat(heads, body),
            StmtKind::With(items, body) => {
                items.iter().for_each(|item| self.expr(item, Using::Plain));
                self.block(body);
            }
            StmtKind::Try(it) => {
                let catching = it.handlers.iter().find(|(what, _)| {
                    what.is_none_or(|what| {
                        let text = what.span.of(self.text);
                        ["KeyError", "Exception", "LookupError"].iter().any(|name| text.contains(name))
                    })
                });
                let outer = self.excuse.take();
                self.excuse = match catching {
                    Some((_, body)) if self.language == Language::Python => Some(gives_up(body)),
                    _ => outer,
                };
                self.block(it.body);
                self.excuse = outer;
                self.conditions += 1;
                it.handlers.iter().for_each(|(_, body)| self.block(body));
                self.conditions -= 1;
                self.block(it.after);
            }
            StmtKind::Block(body) => {
                // A `switch` is a block of its cases.
                let text = statement.span.of(self.text);
                let is_choice = text.starts_with("switch") || text.starts_with("match");
                self.conditions += u32::from(is_choice);
                self.block(body);
                self.conditions -= u32::from(is_choice);
            }
            StmtKind::Other(parts) => {
                if statement.span.of(self.text).starts_with("assert") {
                    if let Some(test) = parts.first() {
                        self.demand(test, statement.span, Reaction::Throws);
                    }
                    parts.iter().skip(1).for_each(|part| self.expr(part, Using::Plain));
                } else {
                    parts.iter().for_each(|part| self.expr(part, Using::Plain));
                }
            }
        }
    }

    /// A condition that has to hold for the module to go on.
    fn demand(&mut self, test: &Expr<'a>, span: Span, reaction: Reaction) {
        let asked = self.test(test);
        self.guard(&asked.present, span, reaction, false);
        self.assure(&asked.present);
    }

    fn import(&mut self, import: &Import<'a>) {
        let module = import.module.text;
        match (self.language, module) {
            (Language::Python, "os") => {
                for (name, local) in import.names {
                    match name.text {
                        "environ" => {
                            self.environments.insert(local.text, Environment { way: Way::Process, moment: None });
                        }
                        "getenv" => {
                            self.getters.insert(local.text);
                        }
                        _ => {}
                    }
                }
            }
            (Language::Python, "decouple") => {
                self.lookups.extend(import.names.iter().map(|(_, local)| local.text).filter(|name| *name == "config"));
                self.out.loads = self.out.loads.or(Some(self.place(import.module.span)));
            }
            (Language::JavaScript, "process" | "node:process") => {
                for (_, local) in import.names.iter().filter(|(name, _)| name.text == "env") {
                    self.environments.insert(local.text, Environment { way: Way::Process, moment: None });
                }
            }
            (Language::JavaScript, "dotenv/config" | "dotenv-flow/config" | "dotenv-expand/config") => {
                self.out.loads = Some(self.place(import.module.span));
            }
            (Language::JavaScript, "$env/dynamic/private" | "$env/dynamic/public") => {
                let way = if module.ends_with("private") { Way::SveltePrivate } else { Way::SveltePublic };
                for (_, local) in import.names {
                    self.environments.insert(local.text, Environment { way, moment: None });
                }
            }
            (Language::JavaScript, "$env/static/private" | "$env/static/public") => {
                for (name, local) in import.names {
                    if name.text == "*" {
                        let moment = Some(Moment::Build);
                        self.environments.insert(local.text, Environment { way: Way::Process, moment });
                        continue;
                    }
                    let way = if module.ends_with("private") { Way::SveltePrivate } else { Way::SveltePublic };
                    self.out.reads.push(VariableRead {
                        name: name.text.into(),
                        place: self.place(name.span),
                        need: Need::Required,
                        alternatives: Vec::new(),
                        moment: Moment::Build,
                        is_conditional: false,
                        ignores_case: false,
                        way,
                    });
                }
            }
            _ => self.import_wrappers(import),
        }
    }

    /// Takes over what other modules say about functions that are imported from them.
    fn import_wrappers(&mut self, import: &Import<'a>) {
        if self.known.is_empty() {
            return;
        }
        let targets = match self.language {
            Language::JavaScript => self.repo.import_targets(self.file, import.module.text),
            Language::Python => {
                let import = PythonImport {
                    module: import.module.text.into(),
                    dots: import.dots,
                    names: Box::default(),
                    place: self.place(import.module.span),
                    is_type_only: false,
                    is_optional: false,
                };
                match self.repo.resolve_python(self.file, &import) {
                    crate::ImportTarget::File(file) => vec![file],
                    _ => Vec::new(),
                }
            }
        };
        for wrapper in targets.iter().filter_map(|file| self.known.get(file)).flatten() {
            for (name, local) in import.names {
                // `import { Env }` brings `Env.required` with it.
                let own = wrapper.name.strip_prefix(name.text).filter(|rest| rest.is_empty() || rest.starts_with('.'));
                let called = match own {
                    Some(rest) => format!("{}{rest}", local.text),
                    None if name.text == "*" => format!("{}.{}", local.text, wrapper.name),
                    None => continue,
                };
                self.wrappers.insert(called.into(), wrapper.clone());
            }
        }
    }

    fn assign(&mut self, assign: &Assign<'a>) {
        for target in assign.targets {
            if let Some(environment) = self.environment_member(target) {
                self.out.sets.extend(environment);
            }
        }
        let Some(value) = assign.value else { return };
        let name = match assign.targets {
            [Expr { kind: ExprKind::Name(name), .. }] => Some(*name),
            _ => None,
        };
        if let [Expr { kind: ExprKind::Dict(entries), .. }] = assign.targets {
            if let Some(environment) = self.environment(&value) {
                for entry in *entries {
                    self.destructured(entry.key.as_ref(), &entry.value, environment);
                }
                return;
            }
            if value.dotted().as_deref() == Some("process") {
                for entry in entries.iter().filter(|entry| entry.key.and_then(|key| key.str()) == Some("env")) {
                    if let ExprKind::Name(local) = entry.value.kind {
                        self.environments.insert(local, Environment { way: Way::Process, moment: None });
                    }
                }
            }
        }
        if let (Some(name), Some(environment)) = (name, self.environment(&value)) {
            self.environments.insert(name, environment);
            return;
        }
        if let Some(name) = name {
            self.note_constant(name, &value);
            if let ExprKind::Function(function) = value.kind {
                return self.function(function, Some(name));
            }
        }
        let before = self.out.reads.len();
        self.expr(&value, Using::Plain);
        if let Some(name) = name {
            self.bind(name, &value, before);
        }
    }

    fn note_constant(&mut self, name: &'a str, value: &Expr<'a>) {
        match value.kind {
            ExprKind::Str(text) => {
                self.constants.insert(name, text);
            }
            ExprKind::List(items) => {
                let names: Option<Vec<_>> =
                    items.iter().map(|item| Some((item.str()?.into(), inner(item.span, self.text)))).collect();
                if let Some(names) = names.filter(|names: &Vec<(Box<str>, Span)>| !names.is_empty()) {
                    self.lists.insert(name, names);
                }
            }
            ExprKind::Call(call) => {
                let called = call.callee.dotted().unwrap_or_default();
                if self.language == Language::Python {
                    if matches!(
                        called.as_str(),
                        "environ.Env" | "Env" | "environs.Env" | "Config" | "AutoConfig" | "EnvReader"
                    ) && (called != "Config" || self.text.contains("starlette.config"))
                        && (called != "Env" || self.text.contains("environ"))
                    {
                        self.lookups.insert(name);
                        if called == "Config" && !call.args.is_empty() {
                            self.out.loads = self.out.loads.or(Some(self.place(call.callee.span)));
                        }
                    }
                } else if schema::is_schema(value) {
                    self.schemas.insert(name, *value);
                }
            }
            _ => {}
        }
    }

    /// Remembers which reads the value of a local name comes from.
    fn bind(&mut self, name: &'a str, value: &Expr<'a>, before: usize) {
        self.bindings.remove(name);
        self.gaps.remove(name);
        let reads: Vec<usize> = (before..self.out.reads.len()).collect();
        if reads.is_empty() {
            return;
        }
        let lists_gaps = match value.kind {
            ExprKind::Comprehension(..) => true,
            ExprKind::Call(call) => {
                matches!(call.callee.kind, ExprKind::Member(_, method) if matches!(method.text, "filter" | "some" | "find"))
            }
            _ => false,
        };
        if lists_gaps {
            self.gaps.insert(name, reads);
            return;
        }
        let is_value = !matches!(
            value.kind,
            ExprKind::Dict(_) | ExprKind::List(_) | ExprKind::Function(_) | ExprKind::Class(_) | ExprKind::Template(_)
        );
        let open = |read: &VariableRead| matches!(read.need, Need::Plain | Need::Asserted);
        let reads: Vec<usize> = reads.into_iter().filter(|at| self.out.reads.get(*at).is_some_and(open)).collect();
        if is_value && !reads.is_empty() && reads.len() <= 4 {
            self.bindings.insert(name, reads);
        }
    }

    /// `{ A, B: local, C = "default" } = process.env`
    fn destructured(&mut self, key: Option<&Expr<'a>>, value: &Expr<'a>, environment: Environment) {
        let Some(key) = key else { return };
        let Some(name) = key.str() else { return };
        let (target, default) = match value.kind {
            ExprKind::Assign(target, _, default) => (*target, Some(*default)),
            _ => (*value, None),
        };
        let otherwise = default.map(|default| self.otherwise(&default, Vec::new()));
        let seen = Seen {
            names: vec![(name.into(), key.span)],
            need: Need::Plain,
            moment: environment.moment,
            way: environment.way,
            fallback: None,
        };
        let before = self.out.reads.len();
        self.push(seen, otherwise.as_ref().map_or(Using::Plain, Using::Else));
        if let ExprKind::Name(local) = target.kind {
            self.bindings.insert(local, (before..self.out.reads.len()).collect());
        }
    }

    pub(super) fn function(&mut self, function: &Function<'a>, name: Option<&'a str>) {
        function.decorators.iter().for_each(|decorator| self.expr(decorator, Using::Plain));
        function.params.iter().filter_map(|param| param.default).for_each(|default| self.expr(&default, Using::Plain));
        let before = self.out.reads.len();
        let (conditions, assured) = (std::mem::take(&mut self.conditions), std::mem::take(&mut self.assured));
        let excuse = self.excuse.take();
        let outermost = self.outermost;
        self.outermost = outermost.or(name);
        self.parameters.push(function.params);
        self.block(function.body);
        self.parameters.pop();
        self.outermost = outermost;
        if let Some(name) = name.filter(|_| outermost.is_none()) {
            self.inside.extend((before..self.out.reads.len()).map(|at| (name, at)));
        }
        (self.conditions, self.assured, self.excuse) = (conditions, assured, excuse);
        if let Some(name) = name {
            self.note_wrapper(function, name, before);
        }
    }

    /// Makes a wrapper of a function that read a variable by a parameter.
    fn note_wrapper(&mut self, function: &Function<'a>, name: &'a str, before: usize) {
        let by_parameter = self.out.reads.iter().enumerate().skip(before).filter_map(|(at, read)| {
            let parameter: usize = read.name.strip_prefix(BY_PARAMETER)?.parse().ok()?;
            Some((at, parameter, read))
        });
        let rank = |need: &Need| match need {
            Need::Required | Need::Guarded { .. } => 0,
            Need::Defaulted { .. } => 1,
            Need::Optional => 2,
            Need::Asserted | Need::Plain => 3,
        };
        let Some((at, key, read)) = by_parameter.min_by_key(|(_, _, read)| rank(&read.need)) else { return };
        // A method has its object in front.
        let has_self = function.params.first().is_some_and(|param| matches!(param.name.text, "self" | "cls"));
        let offset = usize::from(has_self);
        let fallback = self.defaults.get(&at).map(|parameter| {
            let has_default = function.params.get(*parameter).is_some_and(|param| param.default.is_some());
            (parameter.saturating_sub(offset), has_default)
        });
        let called = match self.class {
            Some(class) => format!("{class}.{name}"),
            None => name.to_owned(),
        };
        let wrapper = Wrapper {
            name: called.into(),
            key: key.saturating_sub(offset),
            need: if read.is_conditional && rank(&read.need) == 0 && fallback.is_none() {
                // `if (required) throw`: it depends.
                Need::Plain
            } else {
                read.need.clone()
            },
            fallback,
            way: read.way,
        };
        self.wrappers.insert(wrapper.name.clone(), wrapper.clone());
        self.out.wrappers.retain(|known| known.name != wrapper.name);
        self.out.wrappers.push(wrapper);
    }

    fn class(&mut self, class: &Class<'a>) {
        class.decorators.iter().for_each(|decorator| self.expr(decorator, Using::Plain));
        settings::class(self, class);
        let outer = std::mem::replace(&mut self.class, class.name.map(|name| name.text));
        self.block(class.body);
        self.class = outer;
    }

    fn branch(&mut self, test: &Expr<'a>, then: &'a [Stmt<'a>], otherwise: &'a [Stmt<'a>]) {
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

    fn repeat(&mut self, heads: &[Expr<'a>], body: &'a [Stmt<'a>]) {
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
    fn list_of(&self, value: &Expr<'a>) -> Option<Vec<(Box<str>, Span)>> {
        match value.kind {
            ExprKind::Name(name) => self.lists.get(name).cloned(),
            ExprKind::List(items) => {
                items.iter().map(|item| Some((item.str()?.into(), inner(item.span, self.text)))).collect()
            }
            _ => None,
        }
    }

    /// What a condition asks about; its reads are noted as only asked for.
    fn test(&mut self, test: &Expr<'a>) -> Asked {
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
    fn membership(&mut self, left: &Expr<'a>, right: &Expr<'a>, is_in: bool) -> Asked {
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
    fn asked_for(&mut self, value: &Expr<'a>) -> Vec<usize> {
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

    fn gaps_in(&self, test: &Expr<'a>) -> Vec<usize> {
        let text = test.span.of(self.text);
        let named = self.gaps.iter().filter(|(name, _)| has_word(text, name));
        named.flat_map(|(_, reads)| reads.iter().copied()).collect()
    }

    /// Notes that a test gives up where these reads find nothing.
    fn guard(&mut self, reads: &[usize], span: Span, reaction: Reaction, all: bool) {
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

    fn assure(&mut self, reads: &[usize]) {
        let names: Vec<_> = reads.iter().filter_map(|at| Some(self.out.reads.get(*at)?.name.clone())).collect();
        self.assured.extend(names);
    }

    /// The local name that an expression is of what was read: how it is used now says what is done without.
    fn settle(&mut self, reads: &[usize], using: Using<'_>) {
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

    pub(super) fn expr(&mut self, expr: &Expr<'a>, using: Using<'_>) {
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
    fn join(&mut self, outer: &[usize], before: usize) {
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

    fn comprehension(&mut self, element: &Expr<'a>, clauses: &[Expr<'a>]) {
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

    fn binary(
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
    fn chain(&mut self, whole: &Expr<'a>, using: Using<'_>) {
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
    fn names_in(&self, operand: &Expr<'a>) -> Vec<Box<str>> {
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
    fn otherwise(&self, default: &Expr<'a>, alternatives: Vec<Box<str>>) -> Otherwise {
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
    fn parameter(&self, name: &str) -> Option<usize> {
        self.parameters.last()?.iter().position(|param| param.name.text == name)
    }

    fn call(&mut self, call: &'a Call<'a>, span: Span, using: Using<'_>) {
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
    fn push(&mut self, seen: Seen, using: Using<'_>) -> Vec<usize> {
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

    /// The environment, or an object that holds it.
    fn environment(&self, expr: &Expr<'a>) -> Option<Environment> {
        let name = match expr.kind {
            ExprKind::Name(name) => return self.environments.get(name).copied(),
            ExprKind::Member(..) => expr.dotted()?,
            _ => return None,
        };
        let way = match (self.language, name.as_str()) {
            (Language::JavaScript, "process.env" | "Bun.env" | "Deno.env" | "globalThis.process.env") => Way::Process,
            (Language::JavaScript, "import.meta.env") => Way::ImportMeta,
            (Language::Python, "os.environ") => Way::Process,
            _ => return None,
        };
        Some(Environment { way, moment: (way == Way::ImportMeta).then_some(Moment::Build) })
    }

    /// Whether an expression is the environment, or is made of it: `{ ...process.env }`.
    pub(super) fn is_environment(&self, expr: &Expr<'a>) -> bool {
        match expr.kind {
            ExprKind::Dict(entries) => {
                entries.iter().any(|entry| entry.key.is_none() && self.is_environment(&entry.value))
            }
            _ => self.environment(expr).is_some(),
        }
    }

    /// The variables that an expression names as members of the environment.
    fn environment_member(&self, expr: &Expr<'a>) -> Option<Vec<Box<str>>> {
        match expr.kind {
            ExprKind::Member(object, name) => self.environment(object).map(|_| vec![name.text.into()]),
            ExprKind::Index(object, index) => {
                self.environment(object)?;
                Some(self.key(index)?.into_iter().map(|(name, _)| name).collect())
            }
            _ => None,
        }
    }

    /// The names that a key means, and where each stands.
    fn key(&self, key: &Expr<'a>) -> Option<Vec<(Box<str>, Span)>> {
        match key.kind {
            ExprKind::Str(text) if is_name(text) => Some(vec![(text.into(), inner(key.span, self.text))]),
            ExprKind::Name(name) => {
                if let Some(names) = self.looped.get(name) {
                    return Some(names.clone());
                }
                if let Some(parameter) = self.parameter(name) {
                    return Some(vec![(format!("{BY_PARAMETER}{parameter}").into(), key.span)]);
                }
                let text = self.constants.get(name).filter(|text| is_name(text))?;
                Some(vec![((*text).into(), key.span)])
            }
            _ => None,
        }
    }

    /// The read that an expression is, without what stands around it.
    fn seen(&self, expr: &Expr<'a>) -> Option<Seen> {
        let asserted = expr.span.of(self.text).ends_with('!') && self.language == Language::JavaScript;
        let plain = if asserted { Need::Asserted } else { Need::Plain };
        match expr.kind {
            ExprKind::Member(object, name) if self.language == Language::JavaScript => {
                let environment = self.environment(object)?;
                // `Deno.env.get` is a function, `import.meta.env.DEV` is Vite's own.
                let is_own =
                    matches!(name.text, "get" | "has" | "toObject" | "MODE" | "DEV" | "PROD" | "SSR" | "BASE_URL");
                (!is_own && is_name(name.text)).then(|| Seen {
                    names: vec![(name.text.into(), name.span)],
                    need: plain,
                    moment: environment.moment.or_else(|| build_time(name.text)),
                    way: environment.way,
                    fallback: None,
                })
            }
            ExprKind::Index(object, index) => {
                let environment = self.environment(object)?;
                let need = if self.language == Language::Python { Need::Required } else { plain };
                let names = self.key(index)?;
                let moment = environment.moment;
                Some(Seen { names, need, moment, way: environment.way, fallback: None })
            }
            ExprKind::Call(call) => self.seen_call(call),
            _ => None,
        }
    }

    fn seen_call(&self, call: &Call<'a>) -> Option<Seen> {
        let mut args = call.positional();
        let first = args.next()?;
        let default = args.next().or_else(|| call.keyword("default").map(|arg| &arg.value));
        let name = call.callee.dotted()?;
        let (object, method) = match call.callee.kind {
            ExprKind::Member(object, method) => (Some(object), method.text),
            _ => (None, ""),
        };
        let of = |need: Need, way: Way| {
            let (need, fallback) = match default {
                Some(default) => {
                    let otherwise = self.otherwise(default, Vec::new());
                    (otherwise.need.unwrap_or(Need::Optional), otherwise.parameter)
                }
                None => (need, None),
            };
            Some(Seen { names: self.key(first)?, need, moment: None, way, fallback })
        };
        match self.language {
            Language::Python => {
                let is_environment = object.is_some_and(|object| self.environment(object).is_some());
                if name == "os.getenv" || self.getters.contains(name.as_str()) || is_environment && method == "get" {
                    return of(Need::Plain, Way::Process);
                }
                if is_environment && method == "pop" {
                    return of(Need::Required, Way::Process);
                }
                if self.lookups.contains(name.as_str())
                    || object.and_then(Expr::dotted).is_some_and(|object| self.lookups.contains(object.as_str()))
                        && matches!(
                            method,
                            "str" | "int" | "bool" | "float" | "list" | "json" | "url" | "dict" | "get_value"
                        )
                {
                    return of(Need::Required, Way::Settings);
                }
            }
            Language::JavaScript => {
                if name == "Deno.env.get" {
                    return of(Need::Plain, Way::Process);
                }
                if method == "getOrThrow" && first.str().is_some_and(is_screaming) {
                    return of(Need::Required, Way::Settings);
                }
            }
        }
        self.wrapped(call, &name)
    }

    /// A call of a function that reads the variable it is given.
    fn wrapped(&self, call: &Call<'a>, name: &str) -> Option<Seen> {
        let own = ["this.", "self.", "cls."].iter().find_map(|object| name.strip_prefix(object));
        let wrapper = match (own, self.class) {
            (Some(method), Some(class)) => self.wrappers.get(format!("{class}.{method}").as_str()),
            _ => self.wrappers.get(name),
        }?;
        let key = call.positional().nth(wrapper.key)?;
        let names = self.key(key)?;
        // A function that is called like a wrapper but given something else is none.
        if !names.iter().all(|(name, _)| name.starts_with(BY_PARAMETER) || is_name(name)) {
            return None;
        }
        let given = wrapper.fallback.and_then(|(at, _)| {
            let by_keyword = call.args.iter().find(|arg| {
                arg.keyword.is_some_and(|keyword| matches!(keyword.text, "default" | "fallback" | "default_value"))
            });
            call.positional().nth(at).or_else(|| by_keyword.map(|arg| &arg.value))
        });
        let (need, fallback) = match (wrapper.fallback, given) {
            (Some(_), Some(default)) => {
                let otherwise = self.otherwise(default, Vec::new());
                (otherwise.need.unwrap_or(Need::Optional), otherwise.parameter)
            }
            // Without a default, the function takes its own, or `undefined`.
            (Some((_, true)), None) => (Need::Optional, None),
            (Some((_, false)), None) => (Need::Plain, None),
            (None, _) => (wrapper.need.clone(), None),
        };
        Some(Seen { names, need, moment: None, way: wrapper.way, fallback })
    }
}

fn has_word(text: &str, word: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(is_word) && !text[at + word.len()..].starts_with(is_word))
}

/// Variables that bundlers write into the code when it is built.
fn build_time(name: &str) -> Option<Moment> {
    ["NEXT_PUBLIC_", "VITE_", "REACT_APP_"].iter().any(|prefix| name.starts_with(prefix)).then_some(Moment::Build)
}

/// The content of a string that stands, quotes included, at `span`.
pub(super) fn inner(span: Span, text: &str) -> Span {
    let written = span.of(text);
    match written.chars().next() {
        Some('"' | '\'' | '`') if written.len() >= 2 => Span::new(span.start as usize + 1, span.end as usize - 1),
        _ => span,
    }
}

/// Whether a word can be the name of a variable.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() < 100
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

fn is_screaming(text: &str) -> bool {
    is_name(text) && !text.bytes().any(|byte| byte.is_ascii_lowercase())
}

fn is_comparison(operator: &str) -> bool {
    matches!(
        operator,
        "==" | "!=" | "===" | "!==" | "<" | ">" | "<=" | ">=" | "is" | "is not" | "in" | "not in" | "instanceof"
    )
}

fn is_nothing(expr: &Expr<'_>) -> bool {
    matches!(expr.kind, ExprKind::Null | ExprKind::Name("undefined") | ExprKind::Str("" | "undefined"))
}
