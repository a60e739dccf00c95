//! What modules of code say about lists: constant names, list files, directories.

use super::{NameSet, Reading, Role, Roster, paths};
use crate::Place;
use rustc_hash::{FxHashMap, FxHashSet};
use twiceshy_source::{FileId, Span, Tree};
use twiceshy_syntax::code::{Expr, ExprKind, Function, Stmt, StmtKind};

/// What the module with this body says; `None` for the many that say nothing.
pub(crate) fn roster(body: &[Stmt<'_>], tree: &Tree, file: FileId) -> Option<Roster> {
    let mut reader = Reader {
        tree,
        file,
        from: Tree::parent(tree.path(file)),
        constants: FxHashMap::default(),
        used: FxHashSet::default(),
        lists_directories: false,
        roster: Roster { file, sets: Vec::new(), reads: Vec::new(), sweeps: Vec::new(), refuses: None },
    };
    reader.statements(body);
    let Reader { used, lists_directories, mut roster, .. } = reader;
    for set in &mut roster.sets {
        set.is_used = used.contains(set.constant.as_str());
    }
    if !lists_directories {
        roster.sweeps.clear();
    }
    let says =
        !roster.sets.is_empty() || !roster.reads.is_empty() || !roster.sweeps.is_empty() || roster.refuses.is_some();
    says.then_some(roster)
}

/// Functions and methods that list a directory.
pub(super) const LISTS_DIRECTORIES: [&str; 11] = [
    "readdir",
    "readdirSync",
    "listdir",
    "scandir",
    "glob",
    "globSync",
    "rglob",
    "iterdir",
    "walk",
    "read_dir",
    "opendir",
];

struct Reader<'a, 'i> {
    tree: &'i Tree,
    file: FileId,
    from: &'i str,
    /// Paths that constants hold.
    constants: FxHashMap<&'a str, String>,
    used: FxHashSet<&'a str>,
    lists_directories: bool,
    roster: Roster,
}

impl<'a> Reader<'a, '_> {
    fn place(&self, span: Span) -> Place {
        Place::new(self.file, span)
    }

    fn statements(&mut self, body: &[Stmt<'a>]) {
        for statement in body {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Stmt<'a>) {
        match statement.kind {
            StmtKind::Import(_) => {}
            StmtKind::Expr(expression) => self.expression(&expression),
            StmtKind::Assign(assign) => {
                for target in assign.targets {
                    match (target.kind, &assign.value) {
                        (ExprKind::Name(name), Some(value)) => self.bind(name, target.span, value),
                        (ExprKind::Member(_, name), Some(value)) => self.bind(name.text, name.span, value),
                        _ => self.expression(target),
                    }
                }
                assign.value.iter().for_each(|value| self.expression(value));
            }
            StmtKind::Function(function) => self.function(function),
            StmtKind::Class(class) => self.statements(class.body),
            StmtKind::If(test, then, otherwise) => {
                self.expression(test);
                self.statements(then);
                self.statements(otherwise);
            }
            StmtKind::Loop(over, body) | StmtKind::With(over, body) => {
                over.iter().for_each(|over| self.expression(over));
                self.statements(body);
            }
            StmtKind::Try(it) => {
                self.statements(it.body);
                it.handlers.iter().for_each(|(_, body)| self.statements(body));
                self.statements(it.after);
            }
            StmtKind::Return(value) => value.iter().for_each(|value| self.expression(value)),
            StmtKind::Throw(value) => {
                self.refuses(statement.span);
                value.iter().for_each(|value| self.expression(value));
            }
            StmtKind::Block(body) => self.statements(body),
            StmtKind::Other(parts) => parts.iter().for_each(|part| self.expression(part)),
        }
    }

    fn refuses(&mut self, span: Span) {
        let place = self.place(span);
        self.roster.refuses.get_or_insert(place);
    }

    fn function(&mut self, function: &Function<'a>) {
        for default in function.params.iter().filter_map(|param| param.default) {
            self.expression(&default);
        }
        self.statements(function.body);
    }

    /// A name gets a value.
    fn bind(&mut self, name: &'a str, span: Span, value: &Expr<'a>) {
        if let Some(tail) = self.tail(value, 0) {
            self.constants.insert(name, tail);
        }
        let Some(role) = role(name) else { return };
        let names: Vec<_> =
            strings(value, 0).into_iter().map(|(text, span)| (text.to_owned(), self.place(span))).collect();
        if !names.is_empty() {
            let place = self.place(span);
            self.roster.sets.push(NameSet { constant: name.to_owned(), place, role, names, is_used: false });
        }
    }

    fn expression(&mut self, expression: &Expr<'a>) {
        if let Some(tail) = self.tail(expression, 0).filter(|tail| !tail.is_empty()) {
            self.path(&tail, expression.span);
        }
        match expression.kind {
            ExprKind::Name(name) => drop(self.used.insert(name)),
            ExprKind::Member(object, property) => {
                self.used.insert(property.text);
                self.expression(object);
            }
            ExprKind::Call(call) => {
                let name = last_name(&call.callee);
                self.lists_directories |= name.is_some_and(|name| LISTS_DIRECTORIES.contains(&name));
                let callee = call.callee.dotted();
                let exits = ["process.exit", "sys.exit", "exit", "os._exit", "Deno.exit", "SystemExit", "panic"];
                if callee.is_some_and(|callee| exits.contains(&callee.as_str())) {
                    self.refuses(expression.span);
                }
                expression.each_part(&mut |part| self.expression(part));
            }
            ExprKind::Dict(entries) => {
                for entry in entries {
                    if let Some(Expr { kind: ExprKind::Str(name), span }) = entry.key {
                        self.bind(name, span, &entry.value);
                    }
                    self.expression(&entry.value);
                }
            }
            ExprKind::Function(function) => self.function(function),
            ExprKind::Class(class) => self.statements(class.body),
            _ => expression.each_part(&mut |part| self.expression(part)),
        }
    }

    /// A path is named: a list, or a directory.
    fn path(&mut self, tail: &str, span: Span) {
        let place = self.place(span);
        if paths::is_list(tail) {
            let list = paths::file(self.tree, self.from, tail);
            let is_new = |reads: &[Reading]| list.is_some_and(|list| reads.iter().all(|read| read.list != list));
            if is_new(&self.roster.reads) {
                self.roster.reads.extend(list.map(|list| Reading { list, place }));
            }
        } else if !Tree::name(tail).contains('.') || tail.contains("/*") {
            let directory = tail.split("/*").next().unwrap_or_default();
            let directory = paths::directory(self.tree, self.from, directory);
            self.roster.sweeps.extend(directory.filter(|directory| !self.roster.sweeps.contains(directory)));
        }
    }

    /// The constant end of a path: of `os.path.join(base, "db", "list.txt")` `db/list.txt`.
    fn tail(&self, expression: &Expr<'a>, depth: usize) -> Option<String> {
        if depth > 8 {
            return None;
        }
        let add = |left: Option<String>, right: String| match left {
            Some(left) if !left.is_empty() && !right.starts_with('/') => {
                format!("{}/{right}", left.trim_end_matches('/'))
            }
            _ => right,
        };
        match expression.kind {
            ExprKind::Str(text) => (text.len() < 200).then(|| text.to_owned()),
            ExprKind::Name(name) => self.constants.get(name).cloned(),
            ExprKind::Binary("/", left, right) => Some(add(self.tail(left, depth + 1), self.tail(right, depth + 1)?)),
            ExprKind::Binary("+", left, right) => {
                let right = self.tail(right, depth + 1)?;
                Some(self.tail(left, depth + 1).map_or(right.trim_start_matches('/').to_owned(), |left| left + &right))
            }
            ExprKind::Template(parts) => {
                self.tail(parts.last()?, depth + 1).map(|tail| tail.trim_start_matches('/').to_owned())
            }
            ExprKind::Await(inner) => self.tail(inner, depth + 1),
            ExprKind::Call(call) => {
                let joins =
                    ["join", "resolve", "joinpath", "Path", "PurePath", "URL", "fileURLToPath", "abspath", "new_path"];
                if !last_name(&call.callee).is_some_and(|name| joins.contains(&name)) {
                    return None;
                }
                let mut tail = match call.callee.kind {
                    ExprKind::Member(object, _) => self.tail(object, depth + 1),
                    _ => None,
                };
                for argument in call.positional() {
                    match self.tail(argument, depth + 1) {
                        Some(text) => tail = Some(add(tail, text)),
                        None if matches!(last_name(&call.callee), Some("URL" | "fileURLToPath")) => {}
                        None => tail = None,
                    }
                }
                tail
            }
            _ => None,
        }
    }
}

fn last_name<'a>(callee: &Expr<'a>) -> Option<&'a str> {
    match callee.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Member(_, property) => Some(property.text),
        _ => None,
    }
}

/// What the name of a constant says about the names in it.
pub(super) fn role(constant: &str) -> Option<Role> {
    let words = paths::words(constant);
    let has = |those: &[&str]| words.iter().any(|word| those.contains(&word.as_str()));
    if has(&["skip", "skipped", "ignore", "ignored", "exclude", "excluded", "optional", "deprecated", "rollback"]) {
        None
    } else if has(&["required", "requires", "expected", "mandatory", "must", "needed", "essential"]) {
        Some(Role::Required)
    } else if has(&["boot", "startup", "allowed", "allowlist", "allow"]) {
        Some(Role::Listed)
    } else {
        None
    }
}

/// The strings of a constant list, set or tuple; of a list of objects what each calls its name. Empty unless all of it
/// is constant.
fn strings<'a>(value: &Expr<'a>, depth: usize) -> Vec<(&'a str, Span)> {
    if depth > 4 {
        return Vec::new();
    }
    match value.kind {
        ExprKind::List(items) => items.iter().map(|item| name_of(item)).collect::<Option<_>>().unwrap_or_default(),
        // `new Set([…])`, `frozenset((…))`, `Object.freeze([…])`
        ExprKind::Call(call) => match call.args {
            [only] => strings(&only.value, depth + 1),
            _ => Vec::new(),
        },
        // `[…] as const`
        ExprKind::Other([only]) => strings(only, depth + 1),
        _ => Vec::new(),
    }
}

fn name_of<'a>(item: &Expr<'a>) -> Option<(&'a str, Span)> {
    match item.kind {
        ExprKind::Str(text) => Some((text, item.span)),
        ExprKind::Dict(entries) => entries.iter().find_map(|entry| {
            let key = entry.key?.str()?;
            let names = ["name", "file", "filename", "migration", "id", "version", "view", "table"];
            names.contains(&key).then(|| Some((entry.value.str()?, entry.value.span)))?
        }),
        _ => None,
    }
}
