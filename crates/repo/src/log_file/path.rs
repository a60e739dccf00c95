//! Paths, as far as a module writes them down.

use rustc_hash::FxHashMap;
use twiceshy_syntax::code::{Expr, ExprKind, Stmt, StmtKind};

/// What stands for a part that is not written down but does not change while the process runs.
const UNKNOWN: &str = "…";

/// How many names are followed, one to the next.
const HOPS: usize = 12;

/// What the names of a module stand for, where that is one thing.
#[derive(Debug, Default)]
pub(crate) struct Values<'a> {
    /// `None`: several things, or a parameter.
    names: FxHashMap<String, Option<Expr<'a>>>,
}

impl<'a> Values<'a> {
    pub(crate) fn of(body: &[Stmt<'a>]) -> Self {
        let mut values = Self::default();
        values.block(body);
        values
    }

    fn block(&mut self, body: &[Stmt<'a>]) {
        for statement in body {
            match statement.kind {
                StmtKind::Assign(assign) => {
                    for target in assign.targets {
                        if let (Some(name), Some(value)) = (target.dotted(), assign.value) {
                            self.names.entry(name).and_modify(|known| *known = None).or_insert(Some(value));
                        }
                    }
                    assign.value.iter().for_each(|value| self.functions(value));
                }
                StmtKind::Expr(value) | StmtKind::Return(Some(value)) => self.functions(&value),
                StmtKind::Function(function) => {
                    self.params(function.params.iter().map(|param| param.name.text));
                    self.block(function.body);
                }
                StmtKind::Class(class) => self.block(class.body),
                StmtKind::If(_, then, otherwise) => {
                    self.block(then);
                    self.block(otherwise);
                }
                StmtKind::Loop(head, body) => {
                    // What a loop runs over changes.
                    for part in head {
                        if let ExprKind::Binary("in", target, _) = part.kind {
                            self.params(target.dotted().as_deref().into_iter());
                        }
                    }
                    self.block(body);
                }
                StmtKind::With(_, body) | StmtKind::Block(body) => self.block(body),
                StmtKind::Try(it) => {
                    self.block(it.body);
                    it.handlers.iter().for_each(|(_, body)| self.block(body));
                    self.block(it.after);
                }
                _ => {}
            }
        }
    }

    fn params<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        self.names.extend(names.map(|name| (name.to_owned(), None)));
    }

    /// The functions in an expression, a few levels down: handlers, callbacks, methods of an object.
    fn functions(&mut self, expr: &Expr<'a>) {
        match expr.kind {
            ExprKind::Function(function) => {
                self.params(function.params.iter().map(|param| param.name.text));
                self.block(function.body);
            }
            ExprKind::Class(class) => self.block(class.body),
            ExprKind::Call(call) => {
                self.functions(&call.callee);
                call.args.iter().for_each(|argument| self.functions(&argument.value));
            }
            ExprKind::Member(object, _) => self.functions(object),
            ExprKind::Await(inner) => self.functions(inner),
            ExprKind::Dict(entries) => entries.iter().for_each(|entry| self.functions(&entry.value)),
            _ => {}
        }
    }

    /// The path that an expression stands for, if it is the same as long as the process runs.
    pub(crate) fn constant(&self, expr: &Expr<'a>) -> Option<String> {
        let path = self.follow(expr, 0)?;
        path.chars().any(char::is_alphanumeric).then_some(path)
    }

    fn follow(&self, expr: &Expr<'a>, hops: usize) -> Option<String> {
        if hops > HOPS {
            return None;
        }
        let next = |expr: &Expr<'a>| self.follow(expr, hops + 1);
        match expr.kind {
            ExprKind::Str(text) => Some(text.to_owned()),
            ExprKind::Template(parts) => parts.iter().map(next).collect(),
            ExprKind::Name(name) => match self.names.get(name) {
                Some(Some(value)) => next(value),
                Some(None) => None,
                None => is_setting(name).then(|| UNKNOWN.to_owned()),
            },
            ExprKind::Member(object, property) => {
                let name = expr.dotted()?;
                match self.names.get(&name) {
                    Some(Some(value)) => next(value),
                    Some(None) => None,
                    // `Path(x).parent`
                    None if matches!(property.text, "parent" | "parents") => next(object),
                    None => (is_setting(&name) || is_setting(property.text)).then(|| UNKNOWN.to_owned()),
                }
            }
            ExprKind::Binary("+", left, right) => Some(next(left)? + &next(right)?),
            ExprKind::Binary("/", left, right) => Some(next(left)? + "/" + &next(right)?),
            ExprKind::Binary("||" | "??" | "or", setting, default) => next(default).or_else(|| next(setting)),
            ExprKind::Index(object, _) if object.dotted().is_some_and(|name| is_setting(&name)) => {
                Some(UNKNOWN.to_owned())
            }
            ExprKind::Call(call) => {
                let name = super::last_name(&call.callee)?;
                let args = || call.args.iter().map(|argument| next(&argument.value)).collect::<Option<Vec<_>>>();
                match name {
                    "join" | "resolve" | "joinpath" | "Path" | "PurePath" | "str" | "fspath" | "abspath"
                    | "expanduser" | "dirname" | "fileURLToPath" | "URL" | "absolute" => {
                        let mut parts = Vec::new();
                        // `BASE.joinpath("x")`, `Path(x).resolve()`; `path.join` is a function.
                        if let ExprKind::Member(object, _) = call.callee.kind
                            && !matches!(
                                object.dotted().as_deref(),
                                Some("path" | "os.path" | "os" | "posixpath" | "pathlib")
                            )
                        {
                            parts.push(next(object)?);
                        }
                        parts.extend(args()?);
                        Some(parts.join("/"))
                    }
                    "cwd" | "homedir" | "getcwd" | "home" => Some(UNKNOWN.to_owned()),
                    "get" | "getenv" => call.args.get(1).and_then(|default| next(&default.value)),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// Names of what is decided when the process starts.
fn is_setting(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let is_constant = last.len() > 1 && !last.contains(|letter: char| letter.is_lowercase());
    is_constant
        || matches!(name, "__dirname" | "__filename" | "__file__" | "import.meta.url" | "import.meta.dirname")
        || ["process.env", "os.environ", "settings.", "config.", "env."].iter().any(|start| name.starts_with(start))
}

/// Whether a path is a log's that lasts: its words say so, and it does not lie where things are thrown away.
pub(crate) fn is_log(path: &str) -> bool {
    const WORDS: [&str; 14] = [
        "log", "logs", "audit", "event", "events", "history", "trace", "traces", "debug", "error", "errors", "access",
        "activity", "journal",
    ];
    let lower = path.to_ascii_lowercase();
    if ["/dev/", "/proc/", "/tmp", "tmp/", "temp/", "/var/tmp", "/run/"].iter().any(|start| lower.starts_with(start)) {
        return false;
    }
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    matches!(extension, "log" | "jsonl" | "ndjson") || {
        let is_text = matches!(extension, "" | "txt" | "csv" | "out" | "json");
        is_text && name.split(|letter: char| !letter.is_alphanumeric()).any(|word| WORDS.contains(&word))
    }
}
