//! The environment variables that a module reads.

use twiceshy_source::{FileId, Place};
use twiceshy_syntax::code::{Expr, ExprKind, Stmt, StmtKind};

/// An environment variable that is read by a name that is written down.
#[derive(Debug, PartialEq, Eq)]
pub struct EnvRead {
    /// Its name.
    pub name: Box<str>,
    /// Where the name stands.
    pub place: Place,
    /// What happens without it.
    pub fallback: Fallback,
    /// It is read in a function, when that runs.
    pub is_deferred: bool,
}

/// What a read gives when the variable is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// `os.environ["X"]`: a `KeyError`.
    Fails,
    /// `os.environ.get("X")`, `os.getenv("X")`: `None`.
    Null,
    /// `os.environ.get("X", default)`, `os.getenv("X") or default`.
    Default,
}

/// Whether the text may read any.
pub(super) fn may_have(text: &str) -> bool {
    text.contains("environ") || text.contains("getenv")
}

/// The reads of a module.
pub(super) fn of(body: &[Stmt<'_>], file: FileId) -> Vec<EnvRead> {
    let mut search = Search { file, found: Vec::new(), is_deferred: false };
    search.block(body);
    search.found
}

struct Search {
    file: FileId,
    found: Vec<EnvRead>,
    is_deferred: bool,
}

impl Search {
    fn block(&mut self, body: &[Stmt<'_>]) {
        for statement in body {
            self.statement(statement);
        }
    }

    fn deferred(&mut self, body: &[Stmt<'_>]) {
        let outer = std::mem::replace(&mut self.is_deferred, true);
        self.block(body);
        self.is_deferred = outer;
    }

    fn statement(&mut self, statement: &Stmt<'_>) {
        match statement.kind {
            StmtKind::Expr(expr) => self.expr(&expr),
            StmtKind::Assign(assign) => {
                // `os.environ["X"] = …` writes.
                if let Some(value) = &assign.value {
                    self.expr(value);
                }
            }
            StmtKind::Function(function) => {
                self.exprs(function.decorators);
                for default in function.params.iter().filter_map(|param| param.default) {
                    self.expr(&default);
                }
                self.deferred(function.body);
            }
            StmtKind::Class(class) => {
                self.exprs(class.decorators);
                self.block(class.body);
            }
            StmtKind::If(test, then, otherwise) => {
                self.expr(test);
                self.block(then);
                self.block(otherwise);
            }
            StmtKind::Loop(exprs, body) | StmtKind::With(exprs, body) => {
                self.exprs(exprs);
                self.block(body);
            }
            StmtKind::Try(it) => {
                self.block(it.body);
                it.handlers.iter().for_each(|(_, body)| self.block(body));
                self.block(it.after);
            }
            StmtKind::Return(value) | StmtKind::Throw(value) => {
                if let Some(value) = value {
                    self.expr(&value);
                }
            }
            StmtKind::Block(body) => self.block(body),
            // `del os.environ["X"]` reads nothing; `assert` does not matter.
            StmtKind::Other(_) | StmtKind::Import(_) => {}
        }
    }

    fn exprs(&mut self, exprs: &[Expr<'_>]) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &Expr<'_>) {
        self.read(expr, false);
        match expr.kind {
            ExprKind::Binary("or", left, right) => {
                self.operand(left);
                self.expr(right);
            }
            ExprKind::Member(object, _)
            | ExprKind::Unary(_, object)
            | ExprKind::Await(object)
            | ExprKind::Spread(object) => {
                self.expr(object);
            }
            ExprKind::Index(one, other) | ExprKind::Binary(_, one, other) | ExprKind::Assign(one, _, other) => {
                self.expr(one);
                self.expr(other);
            }
            ExprKind::Call(call) => {
                self.expr(&call.callee);
                for arg in call.args {
                    self.expr(&arg.value);
                }
            }
            ExprKind::Template(parts) | ExprKind::List(parts) | ExprKind::Other(parts) => self.exprs(parts),
            ExprKind::Dict(entries) => {
                for entry in entries {
                    if let Some(key) = &entry.key {
                        self.expr(key);
                    }
                    self.expr(&entry.value);
                }
            }
            ExprKind::Function(function) => self.deferred(function.body),
            ExprKind::Conditional(one, two, three) => {
                self.expr(one);
                self.expr(two);
                self.expr(three);
            }
            ExprKind::Comprehension(element, parts) => {
                self.expr(element);
                self.exprs(parts);
            }
            _ => {}
        }
    }

    /// An operand that another follows after `or`.
    fn operand(&mut self, expr: &Expr<'_>) {
        match expr.kind {
            ExprKind::Binary("or", left, right) => {
                self.operand(left);
                self.operand(right);
            }
            _ if self.read(expr, true) => {}
            _ => self.expr(expr),
        }
    }

    /// Notes the read that this very expression is. `has_other`: `… or default` stands around it.
    fn read(&mut self, expr: &Expr<'_>, has_other: bool) -> bool {
        let (name, fallback) = match expr.kind {
            ExprKind::Index(object, index) if is_environ(object) => (index, Fallback::Fails),
            ExprKind::Call(call) => {
                let reads = match call.callee.kind {
                    ExprKind::Member(object, method) => {
                        method.text == "get" && is_environ(object)
                            || method.text == "getenv" && matches!(object.kind, ExprKind::Name("os"))
                    }
                    ExprKind::Name(name) => name == "getenv",
                    _ => false,
                };
                let Some(first) = call.args.first().filter(|_| reads) else { return false };
                let given = call.args.get(1).is_some_and(|arg| !matches!(arg.value.kind, ExprKind::Null));
                (&first.value, if given { Fallback::Default } else { Fallback::Null })
            }
            _ => return false,
        };
        let Some(text) = name.str() else { return false };
        let fallback = if has_other && fallback == Fallback::Null { Fallback::Default } else { fallback };
        let place = Place::new(self.file, name.span);
        self.found.push(EnvRead { name: text.into(), place, fallback, is_deferred: self.is_deferred });
        true
    }
}

/// `os.environ`, `environ`
fn is_environ(expr: &Expr<'_>) -> bool {
    match expr.kind {
        ExprKind::Name(name) => name == "environ",
        ExprKind::Member(object, name) => name.text == "environ" && matches!(object.kind, ExprKind::Name("os")),
        _ => false,
    }
}
