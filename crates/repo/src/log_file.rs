//! Files that a program appends to without an end: what one module says about them.

mod endless;
pub(crate) mod path;
mod runs;
mod shell;

pub use runs::Running;

use crate::{Input, Lowered};
use path::Values;
pub(crate) use path::is_log;
use twiceshy_source::{Edit, FileId, Place, Span};
use twiceshy_syntax::code::{Call, Expr, ExprKind, Module, Stmt, StmtKind};

/// A file that a module appends to and never shortens.
#[derive(Debug)]
pub struct LogFile {
    /// The module.
    pub file: FileId,
    /// What opens it or appends to it, by its name.
    pub place: Place,
    /// Its path as far as it is written down; what is not is `…`. Empty: nothing is.
    pub path: Box<str>,
    /// Why it grows.
    pub growth: Growth,
    /// What bounds it, if an edit here can.
    pub bound: Option<Edit>,
    /// It is appended to when a function runs, or in a loop: as often as something happens. What stays open always is.
    pub is_repeated: bool,
    /// What in this module keeps the process running: the place and what it is.
    pub endless: Option<(Place, &'static str)>,
}

/// Why a file grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// `RotatingFileHandler` without `maxBytes`: it never rotates.
    NoMaxBytes,
    /// `RotatingFileHandler` without `backupCount`: it never rotates either.
    NoBackupCount,
    /// `TimedRotatingFileHandler` without `backupCount`: it keeps every file.
    KeepsAll,
    /// `FileHandler`.
    Handler,
    /// `basicConfig(filename=…)`, which makes a `FileHandler`.
    BasicConfig,
    /// A stream that is opened once for appending, and stays open.
    Stream,
    /// Opened for appending, or appended to.
    Append,
}

impl Growth {
    /// Whether it is a handler for rotation that keeps everything all the same: that takes no further evidence.
    pub fn keeps_everything(self) -> bool {
        matches!(self, Self::NoMaxBytes | Self::NoBackupCount | Self::KeepsAll)
    }
}

/// The language of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    JavaScript,
    Python,
}

/// Whether the text may append to anything.
pub(crate) fn may_have(text: &str, language: Language) -> bool {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    match language {
        Language::JavaScript => has("appendFile") || has("createWriteStream") || has("writeFile") && has("flag"),
        Language::Python => has("FileHandler") || has("basicConfig") || has("open(") && names_append(text.as_bytes()),
    }
}

/// Whether the text has the mode of a file that Python appends to, as a string: `"a"`, `'ab+'`.
fn names_append(text: &[u8]) -> bool {
    let is_mode = |quote: u8| {
        memchr::memmem::find_iter(text, &[quote, b'a']).any(|at| {
            let rest = text.get(at + 2..).unwrap_or_default();
            rest.iter().find(|byte| !matches!(byte, b'b' | b't' | b'+')) == Some(&quote)
        })
    };
    is_mode(b'"') || is_mode(b'\'')
}

/// Adds what `module` appends to.
pub(crate) fn lower(module: &Module<'_>, language: Language, input: Input<'_>, out: &mut Lowered) {
    let values = Values::of(module.body);
    let mut search = Search {
        language,
        file: input.file,
        text: input.text(),
        values: &values,
        found: Vec::new(),
        is_shortened: false,
        endless: None,
        functions: 0,
        loops: 0,
    };
    search.block(module.body);
    let Search { found, is_shortened, endless, .. } = search;
    let keep = |log: &LogFile| !is_shortened || log.growth.keeps_everything();
    out.log_files.extend(found.into_iter().filter(keep).map(|log| LogFile { endless, ..log }));
}

struct Search<'a, 'b> {
    language: Language,
    file: FileId,
    text: &'b str,
    values: &'b Values<'a>,
    found: Vec<LogFile>,
    /// The module measures, renames, cuts or deletes files: it may well bound this one.
    is_shortened: bool,
    endless: Option<(Place, &'static str)>,
    functions: usize,
    loops: usize,
}

impl<'a> Search<'a, '_> {
    fn block(&mut self, body: &[Stmt<'a>]) {
        body.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &Stmt<'a>) {
        match statement.kind {
            StmtKind::Expr(value) | StmtKind::Return(Some(value)) | StmtKind::Throw(Some(value)) => self.expr(&value),
            StmtKind::Assign(assign) => assign.value.iter().for_each(|value| self.expr(value)),
            StmtKind::Function(function) => {
                function.decorators.iter().for_each(|decorator| self.expr(decorator));
                self.function(function.body);
            }
            StmtKind::Class(class) => self.block(class.body),
            StmtKind::If(test, then, otherwise) => {
                self.expr(test);
                self.block(then);
                self.block(otherwise);
            }
            StmtKind::Loop(head, body) => {
                let is_endless = matches!(head, [Expr { kind: ExprKind::Bool(true) | ExprKind::Num("1"), .. }] | []);
                if is_endless && self.endless.is_none() {
                    let start = Span { start: statement.span.start, end: statement.span.start + 5 };
                    self.endless = Some((Place::new(self.file, start), "this loop has no end"));
                }
                head.iter().for_each(|part| self.expr(part));
                self.loops += usize::from(is_endless);
                self.block(body);
                self.loops -= usize::from(is_endless);
            }
            StmtKind::With(items, body) => {
                items.iter().for_each(|item| self.expr(item));
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

    fn function(&mut self, body: &[Stmt<'a>]) {
        self.functions += 1;
        self.block(body);
        self.functions -= 1;
    }

    fn expr(&mut self, expr: &Expr<'a>) {
        match expr.kind {
            ExprKind::Function(function) => self.function(function.body),
            ExprKind::Class(class) => self.block(class.body),
            _ => {
                match expr.kind {
                    ExprKind::Call(call) => self.call(call, expr.span),
                    ExprKind::Dict(_) => self.handler_of_a_config(expr),
                    _ => {}
                }
                expr.each_part(&mut |part| self.expr(part));
            }
        }
    }

    fn call(&mut self, call: &Call<'a>, whole: Span) {
        let Some(name) = last_name(&call.callee) else { return };
        if shortens(self.language, name, &call.callee) {
            self.is_shortened = true;
        }
        if self.endless.is_none() {
            self.endless = endless::keeps_running(self.language, name, call)
                .map(|what| (Place::new(self.file, call.callee.span), what));
        }
        let (growth, path) = match self.language {
            Language::Python => match name {
                "RotatingFileHandler" => (rotating(call), call.positional().next()),
                "TimedRotatingFileHandler" => (timed(call), call.positional().next()),
                "FileHandler" => {
                    (Some(Growth::Handler).filter(|_| appends(call, 1, "mode", true)), call.positional().next())
                }
                "basicConfig" => {
                    let path = call.keyword("filename").map(|argument| &argument.value);
                    (path.map(|_| Growth::BasicConfig).filter(|_| appends(call, usize::MAX, "filemode", true)), path)
                }
                "open" => {
                    let object = match call.callee.kind {
                        // `Path(…).open("a")`
                        ExprKind::Member(object, _)
                            if object.dotted().is_none_or(|name| name != "io" && name != "aiofiles") =>
                        {
                            Some(object)
                        }
                        _ => None,
                    };
                    let mode = usize::from(object.is_none());
                    (
                        Some(Growth::Append).filter(|_| appends(call, mode, "mode", false)),
                        object.or(call.positional().next()),
                    )
                }
                _ => return,
            },
            Language::JavaScript => {
                let has_flag =
                    |at: usize, key: &str| call.args.get(at).is_some_and(|options| flag_appends(&options.value, key));
                let grows = match name {
                    "appendFile" | "appendFileSync" => true,
                    "createWriteStream" => has_flag(1, "flags"),
                    "writeFile" | "writeFileSync" => has_flag(2, "flag"),
                    _ => return,
                };
                let growth = if name == "createWriteStream" { Growth::Stream } else { Growth::Append };
                (Some(growth).filter(|_| grows), call.positional().next())
            }
        };
        let path = path.or_else(|| Some(&call.keyword("filename").or(call.keyword("file"))?.value));
        let (Some(growth), Some(path)) = (growth, path) else { return };
        let is_precise = growth.keeps_everything();
        let path = match self.values.constant(path) {
            Some(path) => path,
            None if is_precise => String::new(),
            None => return,
        };
        if is_precise || path::is_log(&path) {
            let bound = self.more_arguments(call, whole, growth);
            self.add(call.callee.span, &path, growth, bound);
        }
    }

    /// The arguments that a handler lacks, added to its call.
    fn more_arguments(&self, call: &Call<'a>, whole: Span, growth: Growth) -> Option<Edit> {
        let last = call.args.last()?.value.span.end;
        let rest = Span { start: last, end: whole.end }.of(self.text);
        let is_end = rest.trim_start().trim_start_matches(',').trim() == ")";
        let has = |name: &str| call.keyword(name).is_some();
        let backups = if has("backupCount") { "" } else { ", backupCount=5" };
        let text = match growth {
            Growth::NoMaxBytes if has("maxBytes") || call.positional().count() > 1 => return None,
            Growth::NoMaxBytes => format!(", maxBytes=10_000_000{backups}"),
            Growth::NoBackupCount | Growth::KeepsAll if has("backupCount") || call.positional().count() > 3 => {
                return None;
            }
            Growth::NoBackupCount => ", backupCount=5".to_owned(),
            Growth::KeepsAll => ", backupCount=14".to_owned(),
            Growth::Handler | Growth::BasicConfig | Growth::Stream | Growth::Append => return None,
        };
        is_end.then_some(Edit { place: Place { file: self.file, start: last, end: last }, text })
    }

    fn add(&mut self, at: Span, path: &str, growth: Growth, bound: Option<Edit>) {
        let is_repeated = self.functions > 0 || self.loops > 0 || growth != Growth::Append;
        let place = Place::new(self.file, at);
        self.found.push(LogFile {
            file: self.file,
            place,
            path: path.into(),
            growth,
            bound,
            is_repeated,
            endless: None,
        });
    }

    /// `{"class": "logging.handlers.RotatingFileHandler", "maxBytes": …}` of `logging.config.dictConfig`.
    fn handler_of_a_config(&mut self, dict: &Expr<'a>) {
        let ExprKind::Dict(entries) = dict.kind else { return };
        let get = |name: &str| {
            entries.iter().find(|entry| entry.key.is_some_and(|key| key.str() == Some(name))).map(|entry| entry.value)
        };
        // `**defaults` may hold what is looked for.
        if self.language != Language::Python || entries.iter().any(|entry| entry.key.is_none()) {
            return;
        }
        let Some(class) = get("class") else { return };
        let is_set = |name: &str| get(name).is_some_and(|value| !is_zero(&value));
        let growth = match class.str() {
            Some("logging.handlers.RotatingFileHandler") if !is_set("maxBytes") => Growth::NoMaxBytes,
            Some("logging.handlers.RotatingFileHandler") if !is_set("backupCount") => Growth::NoBackupCount,
            Some("logging.handlers.TimedRotatingFileHandler") if !is_set("backupCount") => Growth::KeepsAll,
            _ => return,
        };
        let path = get("filename").and_then(|path| self.values.constant(&path)).unwrap_or_default();
        let both = if get("maxBytes").is_none() && get("backupCount").is_none() { ", \"backupCount\": 5" } else { "" };
        let more = match growth {
            Growth::NoMaxBytes if get("maxBytes").is_none() => Some(format!(", \"maxBytes\": 10_000_000{both}")),
            Growth::NoBackupCount | Growth::KeepsAll if get("backupCount").is_none() => {
                Some(", \"backupCount\": 5".to_owned())
            }
            _ => None,
        };
        let bound = more.map(|text| Edit { place: Place::new(self.file, class.span).after(), text });
        self.add(class.span, &path, growth, bound);
    }
}

/// The last part of a dotted name; of `open().write`, `write`.
fn last_name<'a>(callee: &Expr<'a>) -> Option<&'a str> {
    match callee.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Member(_, name) => Some(name.text),
        _ => None,
    }
}

fn is_zero(value: &Expr<'_>) -> bool {
    matches!(value.kind, ExprKind::Num("0") | ExprKind::Null)
}

/// Whether an argument is given, by position or keyword, and is not 0. One that is not known counts as given.
fn is_given(call: &Call<'_>, position: usize, keyword: &str) -> bool {
    let spread = call.args.iter().any(|argument| matches!(argument.value.kind, ExprKind::Spread(_)));
    let value = call.keyword(keyword).map(|argument| &argument.value).or_else(|| call.positional().nth(position));
    spread || value.is_some_and(|value| !is_zero(value))
}

/// `RotatingFileHandler(filename, mode, maxBytes, backupCount)`
fn rotating(call: &Call<'_>) -> Option<Growth> {
    if !is_given(call, 2, "maxBytes") {
        Some(Growth::NoMaxBytes)
    } else if !is_given(call, 3, "backupCount") {
        Some(Growth::NoBackupCount)
    } else {
        None
    }
}

/// `TimedRotatingFileHandler(filename, when, interval, backupCount)`
fn timed(call: &Call<'_>) -> Option<Growth> {
    (!is_given(call, 3, "backupCount")).then_some(Growth::KeepsAll)
}

/// Whether the mode of a call appends; `default` when it is not given.
fn appends(call: &Call<'_>, position: usize, keyword: &str, default: bool) -> bool {
    let mode = call.keyword(keyword).map(|argument| &argument.value).or_else(|| call.positional().nth(position));
    mode.map_or(default, |mode| mode.str().is_some_and(|mode| mode.starts_with('a')))
}

/// `{ flags: "a" }`
fn flag_appends(options: &Expr<'_>, key: &str) -> bool {
    let ExprKind::Dict(entries) = options.kind else { return false };
    entries.iter().any(|entry| {
        entry.key.is_some_and(|name| name.str() == Some(key))
            && entry.value.str().is_some_and(|flag| flag.starts_with('a'))
    })
}

/// Whether a call measures, renames, cuts or deletes a file.
fn shortens(language: Language, name: &str, callee: &Expr<'_>) -> bool {
    match language {
        Language::JavaScript => {
            let name = name.strip_suffix("Sync").unwrap_or(name);
            matches!(
                name,
                "stat" | "lstat" | "fstat" | "rename" | "unlink" | "rm" | "truncate" | "ftruncate" | "copyFile"
            )
        }
        Language::Python => {
            let on_os = || callee.dotted().is_some_and(|name| name.starts_with("os.") || name.starts_with("shutil."));
            matches!(name, "getsize" | "stat" | "truncate" | "unlink" | "ftruncate")
                || matches!(name, "rename" | "replace" | "remove" | "move" | "rmtree") && on_os()
        }
    }
}
