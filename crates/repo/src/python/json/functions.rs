//! The functions of a module that are worth running.

use memchr::memmem::find;
use rustc_hash::FxHashMap;
use twiceshy_source::Span;
use twiceshy_syntax::code::{Class, Function, Stmt, StmtKind};

/// A function, or a method and its class.
pub(super) struct Method<'a> {
    pub function: &'a Function<'a>,
    pub class: Option<&'a Class<'a>>,
    span: Span,
}

/// Every function and method, nested ones too.
pub(super) fn all<'a>(body: &'a [Stmt<'a>]) -> Vec<Method<'a>> {
    let mut found = Vec::new();
    add(body, None, &mut found);
    found
}

/// Those that call `dumps`, and those that call one of these by its name, since it may write to what it is given.
pub(super) fn with_dumps<'a>(body: &'a [Stmt<'a>], text: &str) -> Vec<Method<'a>> {
    let all = all(body);
    let mut named: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for method in &all {
        named.extend(method.function.name.map(|name| (name.text, Vec::new())));
    }
    let mut runs = vec![false; all.len()];
    let mut waiting = Vec::new();
    for (at, method) in all.iter().enumerate() {
        let own = method.span.of(text);
        for word in own.split(|letter: char| !letter.is_alphanumeric() && letter != '_') {
            if let Some(callers) = named.get_mut(word) {
                callers.push(at);
            }
        }
        if find(own.as_bytes(), b"dumps(").is_some() {
            waiting.push(at);
        }
    }
    while let Some(at) = waiting.pop() {
        if !std::mem::replace(&mut runs[at], true) {
            let name = all[at].function.name.map_or("", |name| name.text);
            waiting.extend(named.remove(name).into_iter().flatten());
        }
    }
    let mut runs = runs.into_iter();
    all.into_iter().filter(|_| runs.next() == Some(true)).collect()
}

fn add<'a>(body: &'a [Stmt<'a>], class: Option<&'a Class<'a>>, found: &mut Vec<Method<'a>>) {
    for statement in body {
        match statement.kind {
            StmtKind::Function(function) => {
                found.push(Method { function, class, span: statement.span });
                add(function.body, class, found);
            }
            StmtKind::Class(class) => add(class.body, Some(class), found),
            StmtKind::If(_, then, otherwise) => {
                add(then, class, found);
                add(otherwise, class, found);
            }
            StmtKind::Loop(_, body) | StmtKind::With(_, body) | StmtKind::Block(body) => add(body, class, found),
            StmtKind::Try(it) => {
                add(it.body, class, found);
                it.handlers.iter().for_each(|(_, body)| add(body, class, found));
                add(it.after, class, found);
            }
            _ => {}
        }
    }
}
