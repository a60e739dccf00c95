//! Routes of a module and what answers them.

use super::judge::{self, Verdict};
use crate::{FileId, Place, Tree};
use rustc_hash::FxHashMap;
use twiceshy_source::Span;
use twiceshy_syntax::code::{Call, Expr, ExprKind, Function, Module, Stmt, StmtKind};

/// What answers the requests to a path.
#[derive(Clone, Debug)]
pub(crate) struct Handler {
    /// The path as the module says it: below the prefix that its router is mounted at.
    pub(crate) path: String,
    pub(crate) place: Place,
    /// The function, and the call that adds the route.
    pub(crate) bodies: Vec<Span>,
    pub(super) verdict: Verdict,
}

impl Handler {
    /// Whether its path says that it tells about the service's state.
    pub(super) fn is_about_health(&self) -> bool {
        let lower = self.path.to_ascii_lowercase();
        ["health", "ready", "readiness", "status", "live", "ping"].iter().any(|word| lower.contains(word))
    }
}

/// The path that a file answers by its own place: SvelteKit's `+server.ts`, Next.js' `route.ts` and `pages/api`.
pub(crate) fn of_file(path: &str) -> Option<String> {
    let name = Tree::name(path);
    let stem = name.split('.').next().unwrap_or_default();
    let dir = Tree::parent(path);
    // Every module is asked: most are told apart without a copy.
    let below = |marker: &str| {
        let is_part = |at: &usize| {
            let (before, after) = (dir.get(..*at), dir.get(*at + marker.len()..));
            before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
                && after.is_some_and(|after| after.is_empty() || after.starts_with('/'))
        };
        let at = dir.match_indices(marker).map(|(at, _)| at).find(is_part)?;
        Some(dir.get(at + marker.len()..)?.trim_matches('/').to_owned())
    };
    let plain = |path: String| {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.starts_with('(') && !part.is_empty()).collect();
        parts.join("/")
    };
    match stem {
        "+server" => below("src/routes").or_else(|| below("routes")).map(plain),
        "route" => below("app").map(plain),
        _ => {
            let inside = below("pages/api")?;
            let inside = if stem == "index" { inside } else { format!("{inside}/{stem}") };
            Some(plain(format!("api/{inside}")))
        }
    }
}

/// The handlers of a module.
pub(crate) fn handlers(module: &Module<'_>, path: &str, file: FileId) -> Vec<Handler> {
    let functions = judge::functions(module.body);
    let mut reader = Reader { file, functions: &functions, found: Vec::new() };
    if let Some(route) = of_file(path) {
        let get = ["GET", "handler", "default", "health"].iter().find_map(|name| functions.get(name));
        // `export default function handler`
        let only = || functions.values().next().filter(|_| functions.len() == 1);
        if let Some(function) = get.or_else(only) {
            reader.add(&route, function.span, function);
        }
    }
    reader.block(module.body);
    reader.found
}

struct Reader<'a, 'f> {
    file: FileId,
    functions: &'f FxHashMap<&'a str, &'a Function<'a>>,
    found: Vec<Handler>,
}

impl<'a> Reader<'a, '_> {
    fn add(&mut self, path: &str, at: Span, function: &Function<'a>) {
        let verdict = judge::of(function, self.functions, self.file, 0);
        let start = function.name.map_or(at, |name| name.span);
        self.found.push(Handler {
            path: path.to_owned(),
            place: Place::new(self.file, start),
            bodies: vec![function.span],
            verdict,
        });
    }

    fn block(&mut self, body: &[Stmt<'a>]) {
        for statement in body {
            match statement.kind {
                StmtKind::Function(function) => {
                    self.decorated(function);
                    self.block(function.body);
                }
                StmtKind::Class(class) => self.block(class.body),
                StmtKind::Expr(value) => self.expr(&value),
                StmtKind::Return(Some(value)) => self.expr(&value),
                StmtKind::Assign(assign) => assign.value.iter().for_each(|value| self.expr(value)),
                StmtKind::If(_, then, otherwise) => {
                    self.block(then);
                    self.block(otherwise);
                }
                StmtKind::Block(body) | StmtKind::Loop(_, body) | StmtKind::With(_, body) => self.block(body),
                StmtKind::Try(it) => self.block(it.body),
                _ => {}
            }
        }
    }

    /// `@app.get("/health")`, `@bp.route("/health")`, `@Get("health")`
    fn decorated(&mut self, function: &'a Function<'a>) {
        for decorator in function.decorators {
            let Some(call) = decorator.call() else { continue };
            let verb = match call.callee.kind {
                ExprKind::Member(_, name) => name.text,
                ExprKind::Name(name) => name,
                _ => continue,
            };
            if !matches!(verb, "get" | "route" | "api_route" | "head" | "Get" | "websocket") || verb == "websocket" {
                continue;
            }
            if let Some(path) =
                call.positional().next().and_then(Expr::str).or_else(|| call.keyword("path")?.value.str())
            {
                self.add(path, function.span, function);
            }
        }
    }

    fn expr(&mut self, expr: &Expr<'a>) {
        match expr.kind {
            ExprKind::Call(call) => {
                self.route(call);
                self.expr(&call.callee);
                call.args.iter().for_each(|argument| self.expr(&argument.value));
            }
            ExprKind::Member(object, _) | ExprKind::Await(object) => self.expr(object),
            ExprKind::List(parts) | ExprKind::Other(parts) => parts.iter().for_each(|part| self.expr(part)),
            ExprKind::Binary(_, left, right) => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Function(function) => self.block(function.body),
            _ => {}
        }
    }

    /// `app.get("/health", handler)`, `Route("/health", handler)`, `path("health/", handler)`
    fn route(&mut self, call: &'a Call<'a>) {
        let verb = match call.callee.kind {
            ExprKind::Member(_, name) => name.text,
            ExprKind::Name(name) => name,
            _ => return,
        };
        if !matches!(
            verb,
            "get"
                | "use"
                | "all"
                | "add_api_route"
                | "add_url_rule"
                | "add_route"
                | "Route"
                | "path"
                | "url"
                | "add_get"
                | "head"
        ) {
            return;
        }
        let mut args = call.args.iter();
        let Some(path) = args.next().and_then(|first| first.value.str()) else { return };
        if path.contains(' ') {
            return;
        }
        for argument in args.rev() {
            let function = match argument.value.kind {
                ExprKind::Function(function) => Some(function),
                ExprKind::Name(name) => self.functions.get(name).copied(),
                ExprKind::Member(_, property) => self.functions.get(property.text).copied(),
                _ => None,
            };
            if let Some(function) = function {
                let place = call.callee.span.to(call.args.first().map_or(call.callee.span, |first| first.value.span));
                let verdict = judge::of(function, self.functions, self.file, 0);
                let body = call.args.iter().fold(place, |body, argument| body.to(argument.value.span));
                self.found.push(Handler {
                    path: path.to_owned(),
                    place: Place::new(self.file, place),
                    bodies: vec![body, function.span],
                    verdict,
                });
                return;
            }
        }
    }
}
