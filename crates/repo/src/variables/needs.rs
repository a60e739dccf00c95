//! What a block does that runs when a variable is missing.

use super::Reaction;
use twiceshy_source::Span;
use twiceshy_syntax::code::{Expr, ExprKind, Stmt, StmtKind};

/// How deep a block is searched for the statement that gives up.
const DEPTH: usize = 3;

/// The statement by which a block gives up: it throws, exits, or answers an error.
pub(super) fn gives_up(body: &[Stmt<'_>]) -> Option<(Span, Reaction)> {
    search(body, 0)
}

fn search(body: &[Stmt<'_>], depth: usize) -> Option<(Span, Reaction)> {
    body.iter().find_map(|statement| {
        let span = statement.span;
        match statement.kind {
            StmtKind::Throw(value) => {
                let status = value.and_then(|value| status(&value));
                Some((span, status.map_or(Reaction::Throws, Reaction::Answers)))
            }
            StmtKind::Expr(value) => Some((span, of_call(&value)?)),
            StmtKind::Return(Some(value)) => {
                of_call(&value).or_else(|| status(&value).map(Reaction::Answers)).map(|reaction| (span, reaction))
            }
            StmtKind::Block(body) if depth < DEPTH => search(body, depth + 1),
            _ => None,
        }
    })
}

/// Whether a block does not go on to what follows it.
pub(super) fn leaves(body: &[Stmt<'_>]) -> bool {
    gives_up(body).is_some()
        || body.last().is_some_and(|last| match last.kind {
            StmtKind::Return(_) | StmtKind::Throw(_) => true,
            StmtKind::Block(body) => leaves(body),
            // `continue`, `break`
            StmtKind::Other(parts) => parts.is_empty(),
            _ => false,
        })
}

/// What a call does by which a block may give up.
pub(super) fn of_call(value: &Expr<'_>) -> Option<Reaction> {
    let value = match value.kind {
        ExprKind::Await(inner) => inner,
        _ => value,
    };
    let call = value.call()?;
    let name = call.callee.dotted().unwrap_or_default();
    match name.as_str() {
        "process.exit" | "sys.exit" | "exit" | "quit" | "os._exit" | "Deno.exit" | "os.abort" | "process.abort" => {
            // `process.exit(0)` ends well.
            let ends_well = call.args.first().is_some_and(|arg| matches!(arg.value.kind, ExprKind::Num("0")));
            return (!ends_well).then_some(Reaction::Exits);
        }
        // SvelteKit's `error` throws since version 2, Flask's `abort` always has.
        "error" | "abort" => {
            if let Some(status) = status(value) {
                return Some(Reaction::Answers(status));
            }
        }
        "fail" | "panic" | "die" | "fatal" | "bail" => return Some(Reaction::Throws),
        _ => {}
    }
    // `res.status(503).json(…)`, `reply.code(500)`: an answer, if the block says so.
    let is_answer = ["status", "sendStatus", "code", "writeHead"]
        .iter()
        .any(|verb| name.ends_with(&format!(".{verb}")) || chained(value, verb));
    if is_answer { status(value).map(Reaction::Answers) } else { None }
}

/// Whether a chain of calls has one of the method `verb`.
fn chained(value: &Expr<'_>, verb: &str) -> bool {
    let mut value = *value;
    for _ in 0..8 {
        match value.kind {
            ExprKind::Call(call) => value = call.callee,
            ExprKind::Member(object, name) => {
                if name.text == verb {
                    return true;
                }
                value = *object;
            }
            _ => return false,
        }
    }
    false
}

/// The status of a server's error somewhere in an answer: 500 to 599.
fn status(value: &Expr<'_>) -> Option<u16> {
    fn search(value: &Expr<'_>, depth: usize) -> Option<u16> {
        if depth > 8 {
            return None;
        }
        let next = |inner: &Expr<'_>| search(inner, depth + 1);
        match value.kind {
            ExprKind::Num(number) => number.parse().ok().filter(|status| (500..600).contains(status)),
            ExprKind::Call(call) => next(&call.callee).or_else(|| call.args.iter().find_map(|arg| next(&arg.value))),
            ExprKind::Member(object, name) => {
                let named = match name.text {
                    "HTTP_500_INTERNAL_SERVER_ERROR" | "INTERNAL_SERVER_ERROR" => Some(500),
                    "HTTP_501_NOT_IMPLEMENTED" | "NOT_IMPLEMENTED" => Some(501),
                    "HTTP_503_SERVICE_UNAVAILABLE" | "SERVICE_UNAVAILABLE" => Some(503),
                    _ => None,
                };
                named.or_else(|| next(object))
            }
            ExprKind::Await(inner) | ExprKind::Unary(_, inner) => next(inner),
            ExprKind::List(items) => items.iter().find_map(next),
            ExprKind::Dict(entries) => entries.iter().find_map(|entry| next(&entry.value)),
            _ => None,
        }
    }
    search(value, 0)
}
