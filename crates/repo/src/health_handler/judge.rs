//! What a handler does: whether it asks a database, and whether it can answer with a failure.

use crate::{FileId, Place};
use rustc_hash::{FxHashMap, FxHashSet};
use twiceshy_syntax::code::{Expr, ExprKind, Function, Module, Stmt, StmtKind};

/// What a function does.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict {
    /// It asks a database, or something that may well be one.
    pub(super) asks: bool,
    /// It may answer with a failure.
    pub(super) can_fail: bool,
    /// Where it says that something is wrong.
    pub(super) degraded: Option<Place>,
    /// Functions that it calls of which nothing is known.
    pub(super) unknown: Vec<String>,
}

impl Verdict {
    pub(super) fn merge(&mut self, other: Self) {
        self.asks |= other.asks;
        self.can_fail |= other.can_fail;
        self.degraded = self.degraded.or(other.degraded);
        self.unknown.extend(other.unknown);
    }
}

/// Words of names that have to do with a database.
const DATABASE: [&str; 45] = [
    "db",
    "database",
    "session",
    "engine",
    "conn",
    "connection",
    "connections",
    "pool",
    "prisma",
    "sql",
    "query",
    "queryraw",
    "execute",
    "mongo",
    "mongoose",
    "mongodb",
    "knex",
    "sequelize",
    "drizzle",
    "supabase",
    "pg",
    "postgres",
    "psycopg",
    "cursor",
    "repository",
    "repo",
    "orm",
    "source",
    "typeorm",
    "migration",
    "migrations",
    "objects",
    "select",
    "redis",
    "sqlite",
    "mysql",
    "client",
    "store",
    "dao",
    "model",
    "table",
    "deps",
    "dependencies",
    "checks",
    "alembic",
];

/// Functions that ask nobody.
const HARMLESS: [&str; 50] = [
    "json",
    "send",
    "status",
    "sendStatus",
    "text",
    "end",
    "jsonify",
    "make_response",
    "dict",
    "str",
    "int",
    "float",
    "len",
    "now",
    "utcnow",
    "isoformat",
    "toISOString",
    "Date",
    "uptime",
    "memoryUsage",
    "time",
    "timestamp",
    "getenv",
    "strftime",
    "format",
    "info",
    "debug",
    "log",
    "warn",
    "setHeader",
    "header",
    "type",
    "set",
    "round",
    "hrtime",
    "code",
    "writeHead",
    "String",
    "Number",
    "floor",
    "stringify",
    "getTime",
    "perf_counter",
    "monotonic",
    "getLogger",
    "list",
    "bool",
    "html",
    "body",
    "toString",
];

/// What says that something is wrong.
const DEGRADED: [&str; 12] = [
    "degraded",
    "unhealthy",
    "error",
    "down",
    "fail",
    "failed",
    "disconnected",
    "unavailable",
    "not ok",
    "not_ready",
    "ko",
    "critical",
];

/// How many calls inside the module are followed.
const CALLS: usize = 3;

/// The functions of a module, by name.
pub(super) fn functions<'a>(body: &'a [Stmt<'a>]) -> FxHashMap<&'a str, &'a Function<'a>> {
    let mut found = FxHashMap::default();
    for statement in body {
        match statement.kind {
            StmtKind::Function(function) => {
                found.insert(function.name.map_or("default", |name| name.text), function);
            }
            StmtKind::Assign(assign) => {
                if let (
                    [Expr { kind: ExprKind::Name(name), .. }],
                    Some(Expr { kind: ExprKind::Function(function), .. }),
                ) = (assign.targets, assign.value)
                {
                    found.insert(name, function);
                }
            }
            StmtKind::Class(class) => found.extend(functions(class.body)),
            _ => {}
        }
    }
    found
}

/// What the function called `name` of a module does.
pub(super) fn function(module: &Module<'_>, name: &str, file: FileId) -> Option<Verdict> {
    let functions = functions(module.body);
    let function = functions.get(name)?;
    Some(of(function, &functions, file, 0))
}

/// From where a JavaScript module imports `name`, and what it is called there.
pub(super) fn imports_of(module: &Module<'_>, name: &str) -> Option<(String, String)> {
    module.body.iter().find_map(|statement| {
        let StmtKind::Import(import) = statement.kind else { return None };
        let (own, _) = import.names.iter().find(|(_, local)| local.text == name)?;
        Some((import.module.text.to_owned(), own.text.to_owned()))
    })
}

/// What a function does, those of its module that it calls looked into.
pub(super) fn of<'a>(
    function: &Function<'a>,
    functions: &FxHashMap<&'a str, &'a Function<'a>>,
    file: FileId,
    depth: usize,
) -> Verdict {
    let mut judge = Judge { functions, file, depth, seen: FxHashSet::default(), verdict: Verdict::default() };
    for param in function.params {
        // `db: Session = Depends(get_db)`, `session: SessionDep`
        if matches!(param.name.text, "self" | "request" | "req" | "response" | "res" | "ctx" | "c" | "_") {
            continue;
        }
        judge.name(param.name.text);
        param.annotation.iter().for_each(|it| judge.expr(it));
        param.default.iter().for_each(|it| judge.expr(it));
    }
    // Django's and FastAPI's own ways of letting others decide.
    for decorator in function.decorators {
        if let Some(call) = decorator.call() {
            for keyword in ["dependencies", "methods"] {
                call.keyword(keyword).iter().for_each(|argument| judge.expr(&argument.value));
            }
        }
    }
    judge.block(function.body);
    judge.verdict
}

struct Judge<'a, 'f> {
    functions: &'f FxHashMap<&'a str, &'a Function<'a>>,
    file: FileId,
    depth: usize,
    seen: FxHashSet<&'a str>,
    verdict: Verdict,
}

impl<'a> Judge<'a, '_> {
    fn block(&mut self, body: &[Stmt<'a>]) {
        for statement in body {
            match statement.kind {
                StmtKind::Expr(value) | StmtKind::Return(Some(value)) => self.expr(&value),
                StmtKind::Throw(value) => {
                    self.verdict.can_fail = true;
                    value.iter().for_each(|value| self.expr(value));
                }
                StmtKind::Assign(assign) => {
                    assign.targets.iter().for_each(|target| self.expr(target));
                    assign.value.iter().for_each(|value| self.expr(value));
                }
                StmtKind::If(test, then, otherwise) => {
                    self.expr(test);
                    self.block(then);
                    self.block(otherwise);
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
                StmtKind::Function(function) => self.block(function.body),
                // What it imports to use it right here.
                StmtKind::Import(import) => self.verdict.unknown.push(import.module.text.to_owned()),
                StmtKind::Class(_) | StmtKind::Return(None) => {}
            }
        }
    }

    fn name(&mut self, name: &str) {
        let words = crate::boot::identifier_words(name);
        self.verdict.asks |= words.iter().any(|word| DATABASE.contains(&word.as_str()));
        self.verdict.can_fail |= words.iter().any(|word| {
            matches!(word.as_str(), "abort" | "exception" | "raise" | "503" | "500" | "unavailable") || word == "throw"
        });
    }

    fn expr(&mut self, expr: &Expr<'a>) {
        match expr.kind {
            ExprKind::Name(name) => self.name(name),
            ExprKind::Str(text) => {
                let lower = text.to_ascii_lowercase();
                self.verdict.asks |= lower.starts_with("select ") || lower == "select 1";
                if DEGRADED.contains(&lower.as_str()) {
                    self.verdict.degraded.get_or_insert(Place::new(self.file, expr.span));
                }
            }
            ExprKind::Num(number) => {
                self.verdict.can_fail |= number.parse::<u32>().is_ok_and(|code| (400..600).contains(&code));
            }
            ExprKind::Member(object, property) => {
                self.name(property.text);
                self.expr(object);
            }
            ExprKind::Dict(entries) => entries.iter().for_each(|entry| {
                // A key that says `database` reports on one that somebody else asked.
                entry.key.iter().for_each(|key| {
                    if let Some(key) = key.str() {
                        self.name(key);
                    }
                });
                self.expr(&entry.value);
            }),
            ExprKind::Function(function) => self.block(function.body),
            ExprKind::Call(call) => {
                self.called(&call.callee);
                self.expr(&call.callee);
                call.args.iter().for_each(|argument| {
                    argument.keyword.iter().for_each(|keyword| self.name(keyword.text));
                    self.expr(&argument.value);
                });
            }
            _ => expr.each_part(&mut |part| self.expr(part)),
        }
    }

    fn called(&mut self, callee: &Expr<'a>) {
        let name = match callee.kind {
            ExprKind::Name(name) => name,
            ExprKind::Member(_, property) => property.text,
            _ => return,
        };
        let is_local = matches!(callee.kind, ExprKind::Name(_))
            || matches!(callee.kind, ExprKind::Member(object, _) if matches!(object.kind, ExprKind::Name("self" | "this")));
        if let Some(function) = self.functions.get(name).filter(|_| is_local) {
            if self.depth < CALLS && self.seen.insert(name) {
                self.verdict.merge(of(function, self.functions, self.file, self.depth + 1));
            }
            return;
        }
        // `JSONResponse(…)`, `HealthStatus(…)`: something to answer with.
        let is_answer = name.starts_with(char::is_uppercase)
            && ["Response", "Status", "Health", "Check", "Message", "Out", "Result", "Schema", "Public"]
                .iter()
                .any(|end| name.ends_with(end));
        let is_environment = callee.dotted().is_some_and(|name| name.starts_with("os.environ"));
        if !HARMLESS.contains(&name) && !is_answer && !is_environment {
            self.verdict.unknown.push(name.to_owned());
        }
    }
}
