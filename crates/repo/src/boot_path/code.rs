//! Whole-file work in modules that runs while they are loaded or while their server starts.

use super::{Work, shell};
use crate::hints::Hints;
use crate::log_file::path::Values;
use crate::{FileId, Place, Repo, Tree};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;
use twiceshy_syntax::code::{Call, Expr, ExprKind, Function, Module, Stmt, StmtKind};

/// Work that a module does.
#[derive(Clone, Debug)]
pub(super) struct CodeScan {
    pub(super) work: Work,
    pub(super) place: Place,
    /// The file, where it is known.
    pub(super) path: String,
    within: Option<Box<str>>,
    /// Whether it stands where only the program itself runs it: `if __name__ == "__main__"`.
    is_main: bool,
}

/// What a module does at its start, as far as work on whole files is concerned.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    scans: Vec<CodeScan>,
    calls: Vec<CodeCall>,
    /// Functions that a framework calls before the server answers.
    startup: FxHashSet<Box<str>>,
}

#[derive(Debug)]
struct CodeCall {
    name: Box<str>,
    place: Place,
    within: Option<Box<str>>,
    is_main: bool,
}

/// Modules that were read, by file.
#[derive(Debug, Default)]
pub(super) struct Modules {
    read: FxHashMap<FileId, Arc<Outline>>,
}

/// How many modules are loaded by one start.
const MOST: usize = 5_000;
/// How many calls lie between a start and the work.
const CALLS: usize = 6;

/// The work that running `entry` does before a server answers, each with the calls that lead to it.
pub(super) fn started(repo: &Repo, entry: FileId, modules: &mut Modules) -> Vec<(CodeScan, Vec<Place>)> {
    let loaded = repo.code.loaded.get(entry, || loaded(repo, entry).into());
    let mut found = Vec::new();
    for &file in loaded.iter().filter(|file| hints(repo, **file).has(Hints::WHOLE_FILE)) {
        for scan in modules.outline(repo, file).scans.clone() {
            if scan.is_main && file != entry {
                continue;
            }
            let mut via = Vec::new();
            let runs = match &scan.within {
                None => true,
                Some(function) => modules.starts(repo, entry, &loaded, file, function, 0, &mut via),
            };
            if runs {
                via.reverse();
                found.push((scan, via));
            }
        }
    }
    found
}

fn hints(repo: &Repo, file: FileId) -> Hints {
    repo.python_module(file)
        .map(|module| module.hints)
        .or_else(|| repo.node_module(file).map(|module| module.hints))
        .unwrap_or_default()
}

/// The modules that are loaded when `entry` runs, itself first.
fn loaded(repo: &Repo, entry: FileId) -> Vec<FileId> {
    let mut all = vec![entry];
    let mut seen: FxHashSet<FileId> = FxHashSet::from_iter([entry]);
    let mut at = 0;
    while let Some(&file) = all.get(at) {
        at += 1;
        let mut add = |next: Option<FileId>| {
            if let Some(next) = next.filter(|next| seen.insert(*next)) {
                all.push(next);
            }
        };
        if let Some(module) = repo.python_module(file) {
            for (nth, import) in module.imports.iter().enumerate().filter(|(_, import)| !import.is_type_only) {
                let target = repo.imported(file, nth);
                add(target);
                if target.is_some_and(|file| Tree::name(repo.tree.path(file)) != "__init__.py") {
                    continue;
                }
                // `from app import db_guard`: a module, too.
                for (name, _) in &import.names {
                    let dot = if import.module.is_empty() { "" } else { "." };
                    let full = format!("{}{}{dot}{name}.x", ".".repeat(import.dots as usize), import.module);
                    add(repo.python_file(file, &full));
                }
            }
        } else if let Some(module) = repo.node_module(file) {
            let imports = module.imports.iter().enumerate().filter(|(_, import)| !import.is_type_only);
            imports.for_each(|(nth, _)| add(repo.imported(file, nth)));
        }
        if all.len() > MOST {
            break;
        }
    }
    all
}

impl Modules {
    fn outline(&mut self, repo: &Repo, file: FileId) -> &Outline {
        self.read.entry(file).or_insert_with(|| {
            let read =
                || Arc::new(repo.read_code(file, |module, text| outline(module, text, file)).unwrap_or_default());
            repo.answers(file).map_or_else(read, |answers| answers.start.get_or_init(read).clone())
        })
    }

    /// Whether `function` of `file` is called while `entry` starts, and through which calls.
    #[allow(clippy::too_many_arguments, reason = "a search with its state; the struct for it would have one user")]
    fn starts(
        &mut self,
        repo: &Repo,
        entry: FileId,
        loaded: &[FileId],
        file: FileId,
        function: &str,
        depth: usize,
        via: &mut Vec<Place>,
    ) -> bool {
        if depth > CALLS {
            return false;
        }
        if self.outline(repo, file).startup.contains(function) {
            return true;
        }
        let mut callers = vec![file];
        if let Some(importers) = repo.importers().get(&file) {
            callers.extend(importers.iter().filter(|importer| loaded.contains(importer)));
        }
        // `from app import guard` leads to the package, not to the module.
        let stem = Tree::name(repo.tree.path(file)).split('.').next().unwrap_or_default().to_owned();
        callers.extend(loaded.iter().filter(|other| {
            repo.python_module(**other).is_some_and(|module| {
                module.imports.iter().any(|import| import.names.iter().any(|(name, _)| **name == *stem))
            })
        }));
        callers.dedup();
        for caller in callers {
            let calls: Vec<(Place, Option<Box<str>>, bool)> = self
                .outline(repo, caller)
                .calls
                .iter()
                .filter(|call| *call.name == *function)
                .map(|call| (call.place, call.within.clone(), call.is_main))
                .collect();
            for (place, within, is_main) in calls {
                if is_main && caller != entry {
                    continue;
                }
                via.push(place);
                let runs = match within {
                    None => true,
                    Some(outer) if *outer == *function && caller == file => false,
                    Some(outer) => self.starts(repo, entry, loaded, caller, &outer, depth + 1, via),
                };
                if runs {
                    return true;
                }
                via.pop();
            }
        }
        false
    }
}

pub(crate) fn outline(module: &Module<'_>, text: &str, file: FileId) -> Outline {
    let mut reader = Reader {
        file,
        values: Values::of(module.body),
        is_sqlite: text.contains("sqlite"),
        connects: None,
        within: Vec::new(),
        guards: 0,
        mains: 0,
        hashes: Vec::new(),
        opened: None,
        out: Outline::default(),
    };
    reader.block(module.body);
    reader.hashes_of(None);
    let path = reader.connects.unwrap_or_default();
    let mut out = reader.out;
    for scan in &mut out.scans {
        if scan.path.is_empty() && scan.work != Work::Hash {
            scan.path.clone_from(&path);
        }
    }
    out.scans
        .retain(|scan| !scan.path.contains(":memory:") && (scan.work != Work::Hash || shell::is_database(&scan.path)));
    out
}

struct Reader<'a> {
    file: FileId,
    values: Values<'a>,
    is_sqlite: bool,
    /// The database that the module opens.
    connects: Option<String>,
    within: Vec<Box<str>>,
    /// How many conditions around it make it small, rare, or asked for.
    guards: usize,
    mains: usize,
    /// Hashes in the function that is read.
    hashes: Vec<Place>,
    /// The file that the function reads.
    opened: Option<String>,
    out: Outline,
}

impl<'a> Reader<'a> {
    fn place(&self, expr: &Expr<'a>) -> Place {
        Place::new(self.file, expr.span)
    }

    fn block(&mut self, body: &[Stmt<'a>]) {
        let guards = self.guards;
        for statement in body {
            match statement.kind {
                StmtKind::Expr(value) | StmtKind::Return(Some(value)) | StmtKind::Throw(Some(value)) => {
                    self.expr(&value)
                }
                StmtKind::Assign(assign) => assign.value.iter().for_each(|value| self.expr(value)),
                StmtKind::Function(function) => self.function(function),
                StmtKind::Class(class) => self.block(class.body),
                StmtKind::If(test, then, otherwise) => {
                    self.expr(test);
                    let is_main = is_main(test);
                    let gate = is_gate(test);
                    self.mains += usize::from(is_main);
                    self.guards += usize::from(gate);
                    self.block(then);
                    self.mains -= usize::from(is_main);
                    self.guards -= usize::from(gate);
                    self.block(otherwise);
                    // `if size > LIMIT: return`
                    if leaves(then) && (measures(test) || is_opt_in_refused(test)) {
                        self.guards += 1;
                    }
                }
                StmtKind::Loop(head, body) | StmtKind::With(head, body) => {
                    head.iter().for_each(|part| self.expr(part));
                    self.block(body);
                }
                StmtKind::Try(it) => {
                    self.block(it.body);
                    it.handlers.iter().for_each(|(_, body)| self.block(body));
                    self.block(it.after);
                }
                StmtKind::Block(body) => self.block(body),
                StmtKind::Other(parts) => parts.iter().for_each(|part| self.expr(part)),
                StmtKind::Import(_) | StmtKind::Return(None) | StmtKind::Throw(None) => {}
            }
        }
        self.guards = guards;
    }

    fn function(&mut self, function: &Function<'a>) {
        let name: Box<str> = function.name.map_or("", |name| name.text).into();
        for decorator in function.decorators {
            let is_hook = match decorator.kind {
                // `@app.on_event("startup")`
                ExprKind::Call(call) => {
                    let said = call.positional().next().and_then(Expr::str);
                    last_name(&call.callee) == Some("on_event") && said == Some("startup")
                        || last_name(&call.callee) == Some("listener")
                            && said.is_some_and(|said| said.starts_with("before_server"))
                }
                _ => matches!(last_name(decorator), Some("before_serving" | "on_startup" | "before_server_start")),
            };
            let is_lifespan = last_name(decorator) == Some("asynccontextmanager") && name.contains("lifespan");
            if is_hook || is_lifespan {
                self.out.startup.insert(name.clone());
            }
        }
        // Django calls it when the application is loaded.
        if &*name == "ready" && matches!(function.params, [only] if only.name.text == "self") {
            self.out.startup.insert(name.clone());
        }
        let hashes = std::mem::take(&mut self.hashes);
        let opened = self.opened.take();
        self.within.push(name.clone());
        self.block(function.body);
        self.within.pop();
        self.hashes_of(Some(name));
        (self.hashes, self.opened) = (hashes, opened);
    }

    /// Hashes of the file that the same function opens.
    fn hashes_of(&mut self, within: Option<Box<str>>) {
        let Some(path) = self.opened.take() else { return };
        for place in std::mem::take(&mut self.hashes) {
            self.out.scans.push(CodeScan {
                work: Work::Hash,
                place,
                path: path.clone(),
                within: within.clone(),
                is_main: self.mains > 0,
            });
        }
    }

    fn expr(&mut self, expr: &Expr<'a>) {
        match expr.kind {
            ExprKind::Call(call) => self.call(call, expr),
            // A callback runs when it is called; where it stands is the best that is known of when that is.
            ExprKind::Function(function) => self.block(function.body),
            ExprKind::Class(class) => self.block(class.body),
            _ => expr.each_part(&mut |part| self.expr(part)),
        }
    }

    fn call(&mut self, call: &Call<'a>, whole: &Expr<'a>) {
        let name = last_name(&call.callee).unwrap_or_default();
        // What is handed to a thread or a task runs beside the server.
        if matches!(
            name,
            "create_task"
                | "ensure_future"
                | "submit"
                | "add_task"
                | "setTimeout"
                | "setImmediate"
                | "setInterval"
                | "Worker"
                | "Thread"
        ) {
            return;
        }
        if let Some(lifespan) = call.keyword("lifespan").and_then(|argument| last_name(&argument.value)) {
            self.out.startup.insert(lifespan.into());
        }
        if let Some(ExprKind::List(hooks)) = call.keyword("on_startup").map(|argument| argument.value.kind) {
            self.out.startup.extend(hooks.iter().filter_map(last_name).map(Box::from));
        }
        if matches!(name, "connect" | "Database" | "DatabaseSync" | "open_database" | "create_engine")
            && self.connects.is_none()
            && let Some(path) = call.positional().next().and_then(|path| self.values.constant(path))
        {
            let path = path.strip_prefix("sqlite:///").unwrap_or(&path).to_owned();
            self.connects = Some(path.split("?mode").next().unwrap_or_default().trim_start_matches("file:").to_owned());
        }
        self.reads(name, call, whole);
        let is_said = matches!(
            name,
            "debug"
                | "info"
                | "warning"
                | "warn"
                | "error"
                | "exception"
                | "critical"
                | "print"
                | "log"
                | "Error"
                | "RuntimeError"
                | "add_argument"
                | "describe"
                | "it"
                | "t"
        );
        if !is_said && let Some((work, at)) = self.worked(call) {
            self.scan(work, at, String::new());
        }
        if self.guards == 0 && !name.is_empty() {
            let place = Place::new(self.file, call.callee.span);
            let within = self.within.first().cloned();
            self.out.calls.push(CodeCall { name: name.into(), place, within, is_main: self.mains > 0 });
        }
        self.expr(&call.callee);
        call.args.iter().for_each(|argument| self.expr(&argument.value));
    }

    fn scan(&mut self, work: Work, place: Place, path: String) {
        if self.guards > 0 || self.out.scans.iter().any(|scan| scan.place == place) {
            return;
        }
        let within = self.within.first().cloned();
        self.out.scans.push(CodeScan { work, place, path, within, is_main: self.mains > 0 });
    }

    /// SQL in an argument, or in a command line that is one.
    fn worked(&self, call: &Call<'a>) -> Option<(Work, Place)> {
        let of_text = |expr: &Expr<'a>| {
            let text = match expr.kind {
                ExprKind::Str(text) => text.to_owned(),
                ExprKind::Template(parts) => parts.iter().filter_map(Expr::str).collect(),
                _ => return None,
            };
            let work = shell::sql_work(&text)?;
            let is_statement = text.len() < 200 && matches!(work, Work::IntegrityCheck | Work::QuickCheck)
                || self.is_sqlite && {
                    let upper = text.trim_start().to_ascii_uppercase();
                    upper.starts_with("VACUUM") || upper.starts_with("REINDEX") || upper.starts_with("SQLITE3 ")
                };
            is_statement.then(|| (work, self.place(expr)))
        };
        call.positional().find_map(|argument| match argument.kind {
            ExprKind::List(items) => items.iter().find_map(of_text),
            _ => of_text(argument),
        })
    }

    /// Files that are opened, and hashes that are begun.
    fn reads(&mut self, name: &str, call: &Call<'a>, whole: &Expr<'a>) {
        let opens = matches!(name, "open" | "read_bytes" | "readFileSync" | "createReadStream" | "readFile");
        if opens {
            let path = match call.callee.kind {
                ExprKind::Member(object, _) if name == "read_bytes" => self.values.constant(object),
                _ => call.positional().next().and_then(|path| self.values.constant(path)),
            };
            if self.guards == 0 {
                self.opened = path.or(self.opened.take());
            }
        }
        let is_hash = match call.callee.kind {
            ExprKind::Member(object, _) => matches!(object.kind, ExprKind::Name("hashlib")),
            _ => false,
        };
        if (is_hash || name == "createHash") && self.guards == 0 {
            self.hashes.push(self.place(whole));
        }
    }
}

fn last_name<'a>(expr: &Expr<'a>) -> Option<&'a str> {
    match expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Member(_, property) => Some(property.text),
        _ => None,
    }
}

/// `__name__ == "__main__"`, `require.main === module`
fn is_main(test: &Expr<'_>) -> bool {
    let is = |expr: &Expr<'_>| matches!(expr.dotted().as_deref(), Some("__name__" | "require.main"));
    matches!(test.kind, ExprKind::Binary(_, left, right) if is(left) || is(right))
}

/// Every name in an expression.
fn names(expr: &Expr<'_>, visit: &mut dyn FnMut(&str)) {
    match expr.kind {
        ExprKind::Name(name) | ExprKind::Str(name) => visit(name),
        ExprKind::Member(object, property) => {
            visit(property.text);
            names(object, visit);
        }
        ExprKind::Index(left, right) | ExprKind::Binary(_, left, right) | ExprKind::Assign(left, _, right) => {
            names(left, visit);
            names(right, visit);
        }
        ExprKind::Unary(_, inner) | ExprKind::Await(inner) => names(inner, visit),
        ExprKind::Call(call) => {
            names(&call.callee, visit);
            call.args.iter().for_each(|argument| names(&argument.value, visit));
        }
        _ => {}
    }
}

fn mentions(expr: &Expr<'_>, words: &[&str]) -> bool {
    let mut found = false;
    names(expr, &mut |name| {
        let lower = name.to_ascii_lowercase();
        found |= words.iter().any(|word| lower.contains(word));
    });
    found
}

fn measures(test: &Expr<'_>) -> bool {
    mentions(test, &["size", "bytes", "_mb", "_gb", "stat"])
}

/// Whether what stands under a condition is small, rare, or asked for.
fn is_gate(test: &Expr<'_>) -> bool {
    let negated = matches!(test.kind, ExprKind::Unary(..)) || matches!(test.kind, ExprKind::Binary("!=" | "!==", ..));
    measures(test)
        || !negated
            && mentions(test, &["environ", "getenv", "env", "args", "argv", "settings", "config", "options", "debug"])
        || negated && mentions(test, &["exists", "is_file", "marker", "existssync"])
}

/// `if not os.environ.get("RUN_CHECK"): return`
fn is_opt_in_refused(test: &Expr<'_>) -> bool {
    let negated =
        matches!(test.kind, ExprKind::Unary("not" | "!", _)) || matches!(test.kind, ExprKind::Binary("!=" | "!==", ..));
    negated && mentions(test, &["environ", "getenv", "env", "args", "argv", "settings", "config", "options"])
}

fn leaves(body: &[Stmt<'_>]) -> bool {
    body.iter().any(|statement| match statement.kind {
        StmtKind::Return(_) | StmtKind::Throw(_) => true,
        StmtKind::Expr(value) => value.call().is_some_and(|call| {
            matches!(call.callee.dotted().as_deref(), Some("sys.exit" | "exit" | "process.exit" | "os._exit"))
        }),
        _ => false,
    })
}
