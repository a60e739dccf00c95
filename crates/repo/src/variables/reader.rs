//! One walk over a module: every read of a variable, with what stands around it.

mod conditions;
mod expressions;
mod lookups;
mod names;

use super::needs::gives_up;
use super::{ModuleVariables, Moment, Need, Reaction, Way, Wrapper, rust};
use crate::Repo;
use rustc_hash::{FxHashMap, FxHashSet};
use std::panic::AssertUnwindSafe;
use twiceshy_source::{FileId, Place, Span};
use twiceshy_syntax::code::{Expr, ExprKind, Module, Param, Stmt, StmtKind};
use twiceshy_syntax::{js, python};

/// What stands for the parameter of that number, in place of a variable's name.
const BY_PARAMETER: char = '\0';

/// Reads one module; `known` are the functions of other modules that read variables.
pub(super) fn of(repo: &Repo, file: FileId, known: &FxHashMap<FileId, Vec<Wrapper>>) -> Option<ModuleVariables> {
    let source = repo.tree.source(file).ok()?;
    let (text, path) = (source.text(), repo.tree.path(file));
    let read = |module: &Module<'_>, language| {
        let mut found = ModuleVariables::default();
        // Functions may be called before they are defined: the second walk knows all of them.
        for _ in 0..2 {
            let mut reader = Reader::new(repo, file, text, language, known);
            reader.wrappers = found.wrappers.iter().map(|it| (it.name.clone(), it.clone())).collect();
            reader.block(module.body);
            let is_done = reader.out.wrappers.len() == found.wrappers.len();
            found = reader.finish();
            if is_done {
                break;
            }
        }
        found.reads.retain(|read| !read.name.starts_with(BY_PARAMETER));
        for read in &mut found.reads {
            let name = &read.name;
            read.alternatives.retain(|other| other != name && !other.starts_with(BY_PARAMETER));
            read.alternatives.sort();
            read.alternatives.dedup();
        }
        // Whoever asks about this module later need not parse it again.
        if known.is_empty() {
            repo.answer_beforehand(file, module, text);
        }
        found
    };
    // What a parser does to one module does not end the run.
    std::panic::catch_unwind(AssertUnwindSafe(|| {
        if path.ends_with(".rs") {
            rust::of(text, file)
        } else if path.ends_with(".py") {
            let arena = bumpalo::Bump::new();
            read(&python::parse(text, &arena), Language::Python)
        } else {
            js::read(text, js::Dialect::of(path), |module| read(&module, Language::JavaScript))
        }
    }))
    .ok()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    JavaScript,
    Python,
}

/// How the value of an expression is used.
#[derive(Clone, Copy)]
pub(super) enum Using<'u> {
    /// As it is.
    Plain,
    /// It is only asked about.
    Tested,
    /// Something else is taken in its place.
    Else(&'u Otherwise),
}

/// What is taken in place of a value.
#[derive(Clone)]
pub(super) struct Otherwise {
    need: Option<Need>,
    alternatives: Vec<Box<str>>,
    /// The parameter of the function around that is taken.
    parameter: Option<usize>,
}

/// A read, before what stands around it is known.
#[derive(Clone)]
struct Seen {
    names: Vec<(Box<str>, Span)>,
    need: Need,
    moment: Option<Moment>,
    way: Way,
    fallback: Option<usize>,
}

/// An object that holds the environment.
#[derive(Clone, Copy)]
struct Environment {
    way: Way,
    moment: Option<Moment>,
}

/// What a condition says about the reads in it.
#[derive(Default)]
struct Asked {
    /// These are missing where it holds.
    missing: Vec<usize>,
    /// All of them at once, and not one of them.
    all_missing: bool,
    /// These are there where it holds.
    present: Vec<usize>,
}

pub(super) struct Reader<'a, 'r> {
    repo: &'r Repo,
    pub(super) file: FileId,
    pub(super) text: &'r str,
    language: Language,
    known: &'r FxHashMap<FileId, Vec<Wrapper>>,
    environments: FxHashMap<&'a str, Environment>,
    /// Local names of `getenv`.
    getters: FxHashSet<&'a str>,
    /// Local names of decouple's `config` and of objects like django-environ's `Env()`.
    lookups: FxHashSet<&'a str>,
    wrappers: FxHashMap<Box<str>, Wrapper>,
    constants: FxHashMap<&'a str, &'a str>,
    lists: FxHashMap<&'a str, Vec<(Box<str>, Span)>>,
    /// Variables of loops over lists of names.
    looped: FxHashMap<&'a str, Vec<(Box<str>, Span)>>,
    pub(super) schemas: FxHashMap<&'a str, Expr<'a>>,
    /// Local names of values that were read.
    bindings: FxHashMap<&'a str, Vec<usize>>,
    /// Local names of lists of what is missing.
    gaps: FxHashMap<&'a str, Vec<usize>>,
    /// Variables that are there where we stand.
    assured: Vec<Box<str>>,
    parameters: Vec<&'a [Param<'a>]>,
    conditions: u32,
    /// What catches a `KeyError` here: a handler that goes on, or one that gives up.
    excuse: Option<Option<(Span, Reaction)>>,
    /// Reads whose default is a parameter of the function around them.
    defaults: FxHashMap<usize, usize>,
    class: Option<&'a str>,
    /// The outermost function around, and which reads stand in which.
    outermost: Option<&'a str>,
    inside: Vec<(&'a str, usize)>,
    /// Functions that are called when the module is loaded.
    called: FxHashSet<&'a str>,
    pub(super) out: ModuleVariables,
}

impl<'a, 'r> Reader<'a, 'r> {
    fn new(
        repo: &'r Repo,
        file: FileId,
        text: &'r str,
        language: Language,
        known: &'r FxHashMap<FileId, Vec<Wrapper>>,
    ) -> Self {
        Self {
            repo,
            file,
            text,
            language,
            known,
            environments: FxHashMap::default(),
            getters: FxHashSet::default(),
            lookups: FxHashSet::default(),
            wrappers: FxHashMap::default(),
            constants: FxHashMap::default(),
            lists: FxHashMap::default(),
            looped: FxHashMap::default(),
            schemas: FxHashMap::default(),
            bindings: FxHashMap::default(),
            gaps: FxHashMap::default(),
            assured: Vec::new(),
            parameters: Vec::new(),
            conditions: 0,
            excuse: None,
            defaults: FxHashMap::default(),
            class: None,
            outermost: None,
            inside: Vec::new(),
            called: FxHashSet::default(),
            out: ModuleVariables::default(),
        }
    }

    /// Reads in functions that the module calls itself happen when it is loaded.
    fn finish(mut self) -> ModuleVariables {
        for (function, at) in &self.inside {
            if self.called.contains(function)
                && let Some(read) = self.out.reads.get_mut(*at)
                && read.moment == Moment::Use
            {
                read.moment = Moment::Start;
            }
        }
        self.out
    }

    pub(super) fn place(&self, span: Span) -> Place {
        Place::new(self.file, span)
    }

    pub(super) fn moment(&self) -> Moment {
        if self.parameters.is_empty() { Moment::Start } else { Moment::Use }
    }

    pub(super) fn is_conditional(&self) -> bool {
        self.conditions > 0
    }

    fn block(&mut self, body: &[Stmt<'a>]) {
        let (assured, conditions) = (self.assured.len(), self.conditions);
        for statement in body {
            self.statement(statement);
        }
        self.assured.truncate(assured);
        self.conditions = conditions;
    }

    fn statement(&mut self, statement: &Stmt<'a>) {
        match statement.kind {
            StmtKind::Import(import) => self.import(import),
            StmtKind::Expr(value) => self.expr(&value, Using::Plain),
            StmtKind::Return(value) | StmtKind::Throw(value) => {
                value.iter().for_each(|value| self.expr(value, Using::Plain));
            }
            StmtKind::Assign(assign) => self.assign(assign),
            StmtKind::Function(function) => self.function(function, function.name.map(|name| name.text)),
            StmtKind::Class(class) => self.class(class),
            StmtKind::If(test, then, otherwise) => self.branch(test, then, otherwise),
            StmtKind::Loop(heads, body) => self.repeat(heads, body),
            StmtKind::With(items, body) => {
                items.iter().for_each(|item| self.expr(item, Using::Plain));
                self.block(body);
            }
            StmtKind::Try(it) => {
                let catching = it.handlers.iter().find(|(what, _)| {
                    what.is_none_or(|what| {
                        let text = what.span.of(self.text);
                        ["KeyError", "Exception", "LookupError"].iter().any(|name| text.contains(name))
                    })
                });
                let outer = self.excuse.take();
                self.excuse = match catching {
                    Some((_, body)) if self.language == Language::Python => Some(gives_up(body)),
                    _ => outer,
                };
                self.block(it.body);
                self.excuse = outer;
                self.conditions += 1;
                it.handlers.iter().for_each(|(_, body)| self.block(body));
                self.conditions -= 1;
                self.block(it.after);
            }
            StmtKind::Block(body) => {
                // A `switch` is a block of its cases.
                let text = statement.span.of(self.text);
                let is_choice = text.starts_with("switch") || text.starts_with("match");
                self.conditions += u32::from(is_choice);
                self.block(body);
                self.conditions -= u32::from(is_choice);
            }
            StmtKind::Other(parts) => {
                if statement.span.of(self.text).starts_with("assert") {
                    if let Some(test) = parts.first() {
                        self.demand(test, statement.span, Reaction::Throws);
                    }
                    parts.iter().skip(1).for_each(|part| self.expr(part, Using::Plain));
                } else {
                    parts.iter().for_each(|part| self.expr(part, Using::Plain));
                }
            }
        }
    }

    /// A condition that has to hold for the module to go on.
    fn demand(&mut self, test: &Expr<'a>, span: Span, reaction: Reaction) {
        let asked = self.test(test);
        self.guard(&asked.present, span, reaction, false);
        self.assure(&asked.present);
    }
}

fn has_word(text: &str, word: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(is_word) && !text[at + word.len()..].starts_with(is_word))
}

/// Variables that bundlers write into the code when it is built.
fn build_time(name: &str) -> Option<Moment> {
    ["NEXT_PUBLIC_", "VITE_", "REACT_APP_"].iter().any(|prefix| name.starts_with(prefix)).then_some(Moment::Build)
}

/// The content of a string that stands, quotes included, at `span`.
pub(super) fn inner(span: Span, text: &str) -> Span {
    let written = span.of(text);
    match written.chars().next() {
        Some('"' | '\'' | '`') if written.len() >= 2 => Span::new(span.start as usize + 1, span.end as usize - 1),
        _ => span,
    }
}

/// Whether a word can be the name of a variable.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() < 100
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

fn is_screaming(text: &str) -> bool {
    is_name(text) && !text.bytes().any(|byte| byte.is_ascii_lowercase())
}

fn is_comparison(operator: &str) -> bool {
    matches!(
        operator,
        "==" | "!=" | "===" | "!==" | "<" | ">" | "<=" | ">=" | "is" | "is not" | "in" | "not in" | "instanceof"
    )
}

fn is_nothing(expr: &Expr<'_>) -> bool {
    matches!(expr.kind, ExprKind::Null | ExprKind::Name("undefined") | ExprKind::Str("" | "undefined"))
}
