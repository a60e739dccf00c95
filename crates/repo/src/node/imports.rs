//! What a module imports.

use twiceshy_source::{FileId, Place, Span};
use twiceshy_syntax::code::{Call, Expr, ExprKind, Stmt, StmtKind};

/// An import of a JavaScript or TypeScript module.
#[derive(Debug, PartialEq, Eq)]
pub struct NodeImport {
    /// What is imported, as written: `./util.js`, `@/lib/db`, `express`.
    pub specifier: Box<str>,
    /// Where it stands, without its quotes.
    pub place: Place,
    /// How it is written.
    pub kind: ImportKind,
    /// The compiler takes it away: it imports types only.
    pub is_type_only: bool,
    /// It may fail: it stands in a `try` that catches, or its promise has a `catch`.
    pub is_optional: bool,
}

/// How an import is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportKind {
    /// `import … from "x"`
    Import,
    /// `export … from "x"`
    Export,
    /// `require("x")`
    Require,
    /// `import("x")`
    Dynamic,
}

/// The imports of a module.
pub(super) fn of(body: &[Stmt<'_>], text: &str, file: FileId) -> Vec<NodeImport> {
    let mut search = Search { file, found: Vec::new(), is_optional: false };
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    if has("require") || has("import(") || has("import (") {
        search.block(body);
    } else {
        // An import statement stands at the top.
        body.iter().for_each(|statement| search.import(statement));
    }
    search.found
}

struct Search {
    file: FileId,
    found: Vec<NodeImport>,
    is_optional: bool,
}

impl Search {
    fn import(&mut self, statement: &Stmt<'_>) {
        let StmtKind::Import(import) = statement.kind else { return };
        self.found.push(NodeImport {
            specifier: import.module.text.into(),
            place: Place::new(self.file, import.module.span),
            kind: if import.is_export { ImportKind::Export } else { ImportKind::Import },
            is_type_only: import.type_only,
            is_optional: false,
        });
    }

    fn optional(&mut self, is_optional: bool, search: impl FnOnce(&mut Self)) {
        let outer = self.is_optional;
        self.is_optional |= is_optional;
        search(self);
        self.is_optional = outer;
    }

    fn block(&mut self, body: &[Stmt<'_>]) {
        body.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &Stmt<'_>) {
        match statement.kind {
            StmtKind::Import(_) => self.import(statement),
            StmtKind::Expr(value) | StmtKind::Return(Some(value)) | StmtKind::Throw(Some(value)) => self.expr(&value),
            StmtKind::Assign(assign) => {
                self.exprs(assign.targets);
                assign.value.iter().for_each(|value| self.expr(value));
            }
            StmtKind::Function(function) => {
                self.function(function.params.iter().filter_map(|param| param.default), function.body)
            }
            StmtKind::Class(class) => {
                class.bases.iter().for_each(|base| self.expr(&base.value));
                self.exprs(class.decorators);
                self.block(class.body);
            }
            StmtKind::If(test, then, otherwise) => {
                self.expr(test);
                self.block(then);
                self.block(otherwise);
            }
            StmtKind::Loop(head, body) | StmtKind::With(head, body) => {
                self.exprs(head);
                self.block(body);
            }
            StmtKind::Try(it) => {
                self.optional(!it.handlers.is_empty(), |search| search.block(it.body));
                self.optional(true, |search| it.handlers.iter().for_each(|(_, body)| search.block(body)));
                self.block(it.after);
            }
            StmtKind::Block(body) => self.block(body),
            StmtKind::Other(parts) => self.exprs(parts),
            StmtKind::Return(None) | StmtKind::Throw(None) => {}
        }
    }

    fn function<'e>(&mut self, defaults: impl Iterator<Item = Expr<'e>>, body: &[Stmt<'_>]) {
        defaults.for_each(|default| self.expr(&default));
        self.block(body);
    }

    fn exprs(&mut self, list: &[Expr<'_>]) {
        list.iter().for_each(|expr| self.expr(expr));
    }

    fn expr(&mut self, expr: &Expr<'_>) {
        match expr.kind {
            ExprKind::Call(call) => self.call(call),
            ExprKind::Dict(entries) => {
                for entry in entries {
                    entry.key.iter().for_each(|key| self.expr(key));
                    self.expr(&entry.value);
                }
            }
            ExprKind::Function(function) => {
                self.function(function.params.iter().filter_map(|param| param.default), function.body)
            }
            ExprKind::Class(class) => self.block(class.body),
            _ => expr.each_part(&mut |part| self.expr(part)),
        }
    }

    fn call(&mut self, call: &Call<'_>) {
        let kind = match call.callee.kind {
            ExprKind::Name("require") => Some(ImportKind::Require),
            ExprKind::Name("import") => Some(ImportKind::Dynamic),
            _ => None,
        };
        if let (Some(kind), [argument, ..]) = (kind, call.args)
            && let Some(specifier) = argument.value.str()
        {
            let at = argument.value.span;
            let inside = Span { start: at.start + 1, end: at.end.saturating_sub(1).max(at.start + 1) };
            self.found.push(NodeImport {
                specifier: specifier.into(),
                place: Place::new(self.file, inside),
                kind,
                is_type_only: false,
                is_optional: self.is_optional,
            });
        }
        // `import("./x").catch(…)`, `.then(f, g)`
        let catches = match call.callee.kind {
            ExprKind::Member(_, name) => name.text == "catch" || (name.text == "then" && call.args.len() > 1),
            _ => false,
        };
        self.optional(catches, |search| search.expr(&call.callee));
        call.args.iter().for_each(|argument| self.expr(&argument.value));
    }
}
