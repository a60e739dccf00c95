//! What a module imports.

use twiceshy_source::{FileId, Place};
use twiceshy_syntax::code::{Expr, Import, Stmt, StmtKind};

/// An import of a Python module.
#[derive(Debug, PartialEq, Eq)]
pub struct PythonImport {
    /// The module without its leading dots: `app.models`; empty for `from . import x`.
    pub module: Box<str>,
    /// Leading dots: 0 for an absolute import.
    pub dots: u32,
    /// Names taken from the module: their own and the one they get here. Empty for `import module`; `*` takes all.
    pub names: Box<[(Box<str>, Box<str>)]>,
    /// Where the module stands.
    pub place: Place,
    /// Only type checkers run it.
    pub is_type_only: bool,
    /// It stands in a `try` that catches, or in a handler of one: it may fail.
    pub is_optional: bool,
}

/// The imports of a module.
pub(super) fn of(body: &[Stmt<'_>], file: FileId) -> Vec<PythonImport> {
    let mut found = Vec::new();
    walk(body, Around { file, is_optional: false }, &mut found);
    found
}

/// Imports that were found without what stands around them: as far as we know, each runs when the module does.
pub(super) fn scanned(imports: &[Import<'_>], file: FileId) -> Vec<PythonImport> {
    let around = Around { file, is_optional: false };
    imports.iter().map(|import| around.import(import)).collect()
}

#[derive(Clone, Copy)]
struct Around {
    file: FileId,
    is_optional: bool,
}

fn walk(body: &[Stmt<'_>], around: Around, found: &mut Vec<PythonImport>) {
    for statement in body {
        match statement.kind {
            StmtKind::Import(import) => found.push(around.import(import)),
            StmtKind::Function(function) => walk(function.body, around, found),
            StmtKind::Class(class) => walk(class.body, around, found),
            StmtKind::If(_, then, otherwise) => {
                walk(then, around, found);
                walk(otherwise, around, found);
            }
            StmtKind::Loop(_, body) | StmtKind::Block(body) => walk(body, around, found),
            StmtKind::With(items, body) => {
                // `with suppress(ImportError)`, `with pytest.raises(…)`
                let is_optional = around.is_optional || items.iter().any(catches);
                walk(body, Around { is_optional, ..around }, found);
            }
            StmtKind::Try(it) => {
                let optional = Around { is_optional: true, ..around };
                walk(it.body, if it.handlers.is_empty() { around } else { optional }, found);
                for (_, body) in it.handlers {
                    walk(body, optional, found);
                }
                walk(it.after, around, found);
            }
            _ => {}
        }
    }
}

fn catches(item: &Expr<'_>) -> bool {
    let name = item.call().and_then(|call| call.callee.dotted());
    name.is_some_and(|name| name.ends_with("suppress") || name.ends_with("raises"))
}

impl Around {
    fn import(self, import: &Import<'_>) -> PythonImport {
        PythonImport {
            module: import.module.text.into(),
            dots: import.dots,
            // `import module as m` takes no name from the module.
            names: match import.names {
                [(name, local)] if name.text == "*" && local.text != "*" => Box::default(),
                names => names.iter().map(|(name, local)| (name.text.into(), local.text.into())).collect(),
            },
            place: Place::new(self.file, import.module.span),
            is_type_only: import.type_only,
            is_optional: self.is_optional,
        }
    }
}
