//! What a module runs when it is loaded, and what each of its functions runs outright.

use super::template;
use crate::{FileId, Place, Repo};
use rustc_hash::{FxHashMap, FxHashSet};
use twiceshy_syntax::code::{Expr, ExprKind, Function, Module, Stmt, StmtKind};

/// What a module runs.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    pub(super) imports: Vec<Imported>,
    /// By the function's name; `None`: what runs when the module is loaded, or, of a component's script, when it is
    /// rendered.
    pub(super) units: Vec<(Option<String>, Unit)>,
    /// The name of the default export.
    pub(super) default: Option<String>,
}

/// A name that a module takes from another one.
#[derive(Clone, Debug)]
pub(super) struct Imported {
    pub(super) specifier: String,
    /// Its name there; `*` is all of it.
    pub(super) name: String,
    /// Its name here.
    pub(super) local: String,
    pub(super) place: Place,
    pub(super) is_export: bool,
    /// Whether the module uses it as a value, or imports it for its effects.
    pub(super) is_used: bool,
}

/// What runs outright: under no condition, in no callback.
#[derive(Debug, Default)]
pub(super) struct Unit {
    /// Browser's globals.
    pub(super) uses: Vec<(Place, String)>,
    /// Functions that it calls and components that it renders.
    pub(super) runs: FxHashSet<String>,
}

/// What servers lack.
const GLOBALS: [&str; 22] = [
    "window",
    "document",
    "localStorage",
    "sessionStorage",
    "navigator",
    "matchMedia",
    "requestAnimationFrame",
    "IntersectionObserver",
    "ResizeObserver",
    "MutationObserver",
    "HTMLElement",
    "Image",
    "Audio",
    "alert",
    "confirm",
    "prompt",
    "getComputedStyle",
    "DOMParser",
    "XMLHttpRequest",
    "customElements",
    "innerWidth",
    "innerHeight",
];

/// Functions that run the function they are given at once.
const AT_ONCE: [&str; 6] = ["useState", "useMemo", "useReducer", "computed", "untrack", "batch"];

impl Outline {
    pub(super) fn read(repo: &Repo, file: FileId) -> Option<Self> {
        let path = repo.tree.path(file).to_owned();
        let is_template = path.ends_with(".svelte") || path.ends_with(".vue");
        // The parser sees the script blocks alone; the markup is in the text.
        let markup = is_template.then(|| repo.tree.source(file).ok()).flatten();
        let mut outline = repo.read_code(file, |module, text| Self::of(module, text, file))?;
        if let Some(source) = markup {
            let names = template::rendered(source.text(), path.ends_with(".vue"));
            match outline.units.iter_mut().find(|(name, _)| name.is_none()) {
                Some((_, unit)) => unit.runs.extend(names),
                None => outline.units.push((None, Unit { uses: Vec::new(), runs: names.into_iter().collect() })),
            }
        }
        Some(outline)
    }

    fn of(module: &Module<'_>, text: &str, file: FileId) -> Self {
        let mut bound = Bound::default();
        bound.block(module.body, 0);
        let mut walker = Walker { file, bound: &bound, functions: FxHashMap::default(), unit: Unit::default() };
        walker.functions_of(module.body);
        let functions: Vec<(&str, &Function<'_>)> = walker.functions.iter().map(|(name, it)| (*name, *it)).collect();
        let mut outline = Self { default: default_of(text), ..Self::default() };
        walker.block(module.body);
        outline.units.push((None, std::mem::take(&mut walker.unit)));
        for (name, function) in functions {
            walker.block(function.body);
            outline.units.push((Some(name.to_owned()), std::mem::take(&mut walker.unit)));
        }
        outline.units.sort_by(|a, b| a.0.cmp(&b.0));
        for statement in module.body {
            let StmtKind::Import(import) = statement.kind else { continue };
            if import.type_only {
                continue;
            }
            let place = Place::new(file, import.module.span);
            let imported = |name: &str, local: &str, is_used: bool| Imported {
                specifier: import.module.text.to_owned(),
                name: name.to_owned(),
                local: local.to_owned(),
                place,
                is_export: import.is_export,
                is_used,
            };
            if import.names.is_empty() {
                outline.imports.push(imported("", "", true));
            }
            for (name, local) in import.names {
                let is_used = bound.used.contains(local.text);
                outline.imports.push(imported(name.text, local.text, is_used));
            }
        }
        outline
    }
}

/// The name after `export default`, a function's or another's.
fn default_of(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("export default")?;
    let mut words = rest.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').filter(|word| !word.is_empty());
    let mut word = words.next()?;
    // `export default observer(Page)`, `memo(Page)`
    while matches!(word, "async" | "function" | "observer" | "memo" | "forwardRef" | "React" | "withAuth" | "class") {
        word = words.next()?;
    }
    Some(word.to_owned())
}

/// Names that a module binds itself, and those that it uses as values.
#[derive(Default)]
struct Bound<'a> {
    names: FxHashSet<&'a str>,
    used: FxHashSet<&'a str>,
}

impl<'a> Bound<'a> {
    fn block(&mut self, body: &[Stmt<'a>], depth: usize) {
        for statement in body {
            match statement.kind {
                StmtKind::Import(import) => self.names.extend(import.names.iter().map(|(_, local)| local.text)),
                StmtKind::Expr(value) | StmtKind::Return(Some(value)) | StmtKind::Throw(Some(value)) => {
                    self.expr(&value, depth);
                }
                StmtKind::Assign(assign) => {
                    assign.targets.iter().for_each(|target| self.pattern(target));
                    assign.value.iter().for_each(|value| self.expr(value, depth));
                }
                StmtKind::Function(function) => self.function(function, depth),
                StmtKind::Class(class) => {
                    self.names.extend(class.name.map(|name| name.text));
                    class.bases.iter().for_each(|base| self.expr(&base.value, depth));
                    self.block(class.body, depth + 1);
                }
                StmtKind::If(test, then, otherwise) => {
                    self.expr(test, depth);
                    self.block(then, depth + 1);
                    self.block(otherwise, depth + 1);
                }
                StmtKind::Loop(head, body) | StmtKind::With(head, body) => {
                    for part in head {
                        if let ExprKind::Binary("in", target, _) = part.kind {
                            self.pattern(target);
                        }
                        self.expr(part, depth);
                    }
                    self.block(body, depth + 1);
                }
                StmtKind::Try(it) => {
                    self.block(it.body, depth + 1);
                    it.handlers.iter().for_each(|(_, body)| self.block(body, depth + 1));
                    self.block(it.after, depth + 1);
                }
                StmtKind::Block(body) => self.block(body, depth + 1),
                StmtKind::Other(parts) => parts.iter().for_each(|part| self.expr(part, depth)),
                StmtKind::Return(None) | StmtKind::Throw(None) => {}
            }
        }
    }

    fn function(&mut self, function: &Function<'a>, depth: usize) {
        self.names.extend(function.name.map(|name| name.text));
        self.names.extend(function.params.iter().map(|param| param.name.text));
        for param in function.params {
            param.default.iter().for_each(|default| self.expr(default, depth + 1));
            param.pattern.iter().for_each(|pattern| self.pattern(pattern));
        }
        self.block(function.body, depth + 1);
    }

    /// What a declaration binds; of an assignment to a member, nothing.
    fn pattern(&mut self, target: &Expr<'a>) {
        match target.kind {
            ExprKind::Name(name) => drop(self.names.insert(name)),
            ExprKind::Dict(entries) => entries.iter().for_each(|entry| self.pattern(&entry.value)),
            ExprKind::List(items) => items.iter().for_each(|item| self.pattern(item)),
            ExprKind::Assign(target, ..) => self.pattern(target),
            _ => self.expr(target, 0),
        }
    }

    fn expr(&mut self, expr: &Expr<'a>, depth: usize) {
        match expr.kind {
            ExprKind::Name(name) => drop(self.used.insert(name)),
            ExprKind::Function(function) => self.function(function, depth),
            ExprKind::Class(class) => {
                class.bases.iter().for_each(|base| self.expr(&base.value, depth));
                self.block(class.body, depth + 1);
            }
            _ => expr.each_part(&mut |part| self.expr(part, depth)),
        }
    }
}

struct Walker<'a, 'b> {
    file: FileId,
    bound: &'b Bound<'a>,
    /// The module's own functions, by name.
    functions: FxHashMap<&'a str, &'a Function<'a>>,
    unit: Unit,
}

impl<'a> Walker<'a, '_> {
    fn functions_of(&mut self, body: &[Stmt<'a>]) {
        for statement in body {
            match statement.kind {
                StmtKind::Function(function) => {
                    // `export default function () {…}` has no name: it is known as the word after `default`.
                    let name = function.name.map_or("function", |name| name.text);
                    self.functions.insert(name, function);
                }
                StmtKind::Assign(assign) => {
                    if let ([Expr { kind: ExprKind::Name(name), .. }], Some(value)) = (assign.targets, assign.value)
                        && let Some(function) = wrapped(&value, 0)
                    {
                        self.functions.insert(name, function);
                    }
                }
                _ => {}
            }
        }
    }

    /// Walks what runs one after the other, as long as it is certain to run.
    fn block(&mut self, body: &[Stmt<'a>]) {
        for statement in body {
            match statement.kind {
                StmtKind::Expr(value) => self.expr(&value),
                StmtKind::Return(value) | StmtKind::Throw(value) => {
                    value.iter().for_each(|value| self.expr(value));
                    return;
                }
                StmtKind::Assign(assign) => {
                    for target in assign.targets {
                        if !matches!(target.kind, ExprKind::Name(_) | ExprKind::Dict(_) | ExprKind::List(_)) {
                            self.expr(target);
                        }
                    }
                    if let Some(value) = assign.value.filter(|value| wrapped(value, 0).is_none()) {
                        self.expr(&value);
                    }
                }
                StmtKind::If(test, then, otherwise) => {
                    self.expr(test);
                    // What comes after an early return is not certain any more.
                    if leaves(then) || leaves(otherwise) {
                        return;
                    }
                }
                StmtKind::Class(class) => class.bases.iter().for_each(|base| self.expr(&base.value)),
                StmtKind::Block(body) => self.block(body),
                StmtKind::Try(it) if it.handlers.is_empty() => self.block(it.body),
                StmtKind::Other(parts) => parts.iter().for_each(|part| self.expr(part)),
                StmtKind::Import(_)
                | StmtKind::Function(_)
                | StmtKind::Loop(..)
                | StmtKind::With(..)
                | StmtKind::Try(_) => {}
            }
        }
    }

    fn expr(&mut self, expr: &Expr<'a>) {
        match expr.kind {
            ExprKind::Name(name) => self.global(name, expr),
            ExprKind::Unary("typeof", _) => {}
            ExprKind::Binary("&&" | "||" | "??", left, _) => self.expr(left),
            ExprKind::Conditional(test, ..) => self.expr(test),
            ExprKind::Function(_) => {}
            ExprKind::Class(class) => class.bases.iter().for_each(|base| self.expr(&base.value)),
            ExprKind::Call(call) => {
                self.expr(&call.callee);
                let name = match call.callee.kind {
                    ExprKind::Name(name) => Some(name),
                    ExprKind::Member(_, property) => Some(property.text),
                    _ => None,
                };
                self.unit.runs.extend(call.callee.dotted());
                let at_once = name.is_some_and(|name| AT_ONCE.contains(&name));
                match call.callee.kind {
                    // `(() => { … })()`
                    ExprKind::Function(function) => self.block(function.body),
                    // Svelte's `$derived` is evaluated when it is read.
                    ExprKind::Name("$derived" | "$effect" | "dynamic" | "lazy") => return,
                    _ => {}
                }
                for argument in call.args {
                    match argument.value.kind {
                        ExprKind::Function(function) if at_once => self.block(function.body),
                        _ => self.expr(&argument.value),
                    }
                }
            }
            // A component with what stands in it: what it renders of that, it decides.
            ExprKind::Other([Expr { kind: ExprKind::Name(name), .. }, rest @ ..])
                if name.starts_with(char::is_uppercase) =>
            {
                self.unit.runs.insert((*name).to_owned());
                if hands_on(name) {
                    rest.iter().for_each(|part| self.expr(part));
                } else {
                    // Its attributes are computed here whatever it renders, and look like its children.
                    rest.iter()
                        .filter(|part| !matches!(part.kind, ExprKind::Other(_)))
                        .for_each(|part| self.expr(part));
                }
            }
            _ => expr.each_part(&mut |part| self.expr(part)),
        }
    }

    fn global(&mut self, name: &'a str, expr: &Expr<'a>) {
        if GLOBALS.contains(&name) && !self.bound.names.contains(name) {
            let place = Place::new(self.file, expr.span);
            if !self.unit.uses.iter().any(|(_, known)| known == name) {
                self.unit.uses.push((place, name.to_owned()));
            }
        }
    }
}

/// Components that render what stands in them.
fn hands_on(name: &str) -> bool {
    ["Provider", "Layout", "Suspense", "Fragment", "StrictMode", "Boundary", "Container", "Wrapper"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// The function that a value is, through `memo(…)`, `forwardRef(…)`, `observer(…)`.
fn wrapped<'a>(value: &Expr<'a>, depth: usize) -> Option<&'a Function<'a>> {
    match value.kind {
        ExprKind::Function(function) => Some(function),
        ExprKind::Call(call) if depth < 4 => {
            let name = match call.callee.kind {
                ExprKind::Name(name) => name,
                ExprKind::Member(_, property) => property.text,
                _ => return None,
            };
            let wraps = matches!(name, "memo" | "forwardRef" | "observer" | "useCallback");
            call.args.first().filter(|_| wraps).and_then(|argument| wrapped(&argument.value, depth + 1))
        }
        _ => None,
    }
}

fn leaves(body: &[Stmt<'_>]) -> bool {
    body.iter().any(|statement| match statement.kind {
        StmtKind::Return(_) | StmtKind::Throw(_) => true,
        StmtKind::If(_, then, otherwise) => leaves(then) || leaves(otherwise),
        StmtKind::Block(body) => leaves(body),
        _ => false,
    })
}
