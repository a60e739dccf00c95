//! From a module that was run on paper to what it has to do with JSON columns.

use super::functions::{self, Method};
use super::{JsonClass, JsonColumn, JsonTarget, JsonUse, JsonWay, JsonWrite, target};
use crate::python::machine::{EventKind, Machine};
use crate::python::value::{Called, Value, ValueKind};
use crate::sqlalchemy::{Column, ColumnType, FLASK_OBJECT};
use memchr::memmem::Finder;
use rustc_hash::FxHashSet;
use std::sync::LazyLock;
use twiceshy_source::{FileId, Place, Span};
use twiceshy_syntax::code::{Class, ExprKind, Module, Name, Stmt, StmtKind};

/// Whether the text may hold any of it.
pub(super) fn may_have(text: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    // Of Flask-SQLAlchemy a module of models may name the object only: `db.Column(db.JSON)`.
    let declares = || has("JSON") && ["sqlalchemy", "sqlmodel", "Column("].into_iter().any(has);
    has("dumps(") || may_load(text) || has("flask_sqlalchemy") || declares()
}

/// Whether the text may decode JSON.
pub(in crate::python) fn may_load(text: &str) -> bool {
    static LOADS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("loads("));
    LOADS.find(text.as_bytes()).is_some()
}

/// What the module writes to JSON columns.
pub(in crate::python) fn writes<'a>(
    module: &Module<'a>,
    text: &'a str,
    machine: &mut Machine<'a>,
    file: FileId,
) -> Vec<JsonWrite> {
    Collector::of(module, machine, file, &functions::with_dumps(module.body, text)).writes
}

/// What the module says about JSON columns; `None`: nothing.
pub(super) fn read<'a>(module: &Module<'a>, text: &'a str, machine: &mut Machine<'a>, file: FileId) -> Option<JsonUse> {
    // What is declared stands outside of functions.
    let functions = if may_load(text) { functions::all(module.body) } else { Vec::new() };
    let out = Collector::of(module, machine, file, &functions).out;
    (!out.classes.is_empty() || !out.loads.is_empty()).then_some(out)
}

struct Collector {
    file: FileId,
    out: JsonUse,
    writes: Vec<JsonWrite>,
    /// Calls of `json.dumps` that were noted: a function may be run more than once.
    seen: FxHashSet<Place>,
}

impl Collector {
    /// Runs the module and these of its functions.
    fn of<'a>(module: &Module<'a>, machine: &mut Machine<'a>, file: FileId, functions: &[Method<'a>]) -> Self {
        let mut found = Self { file, out: JsonUse::default(), writes: Vec::new(), seen: FxHashSet::default() };
        found.declarations(module.body, machine);
        for Method { function, class, .. } in functions {
            machine.run(function, *class);
        }
        for event in machine.take_log() {
            match event.kind {
                EventKind::Call(called) => found.call(called),
                EventKind::Set(object, name, value) => found.set(object, name, value),
                EventKind::Enter(_) | EventKind::Leave => {}
            }
        }
        found
    }

    fn declarations<'a>(&mut self, body: &'a [Stmt<'a>], machine: &mut Machine<'a>) {
        for statement in body {
            match statement.kind {
                StmtKind::Class(class) => self.class(class, machine),
                StmtKind::If(_, then, otherwise) => {
                    self.declarations(then, machine);
                    self.declarations(otherwise, machine);
                }
                StmtKind::Assign(assign) => {
                    if let [target] = assign.targets
                        && let ExprKind::Name(name) = target.kind
                        && let Some(called) = machine.global(name).and_then(Value::call)
                    {
                        self.table(name, called);
                    }
                }
                _ => {}
            }
        }
    }

    fn table(&mut self, name: &str, called: &Called<'_>) {
        let columns: Vec<_> =
            target::columns(called, self.file).into_iter().map(|(name, column)| (name.into(), column)).collect();
        let is_flask_object = called.name() == Some(FLASK_OBJECT);
        let bases = if is_flask_object { vec![FLASK_OBJECT.into()] } else { Vec::new() };
        if !columns.is_empty() || is_flask_object {
            self.out.classes.push(JsonClass { name: name.into(), bases, columns, has_init: false });
        }
    }

    fn class<'a>(&mut self, class: &'a Class<'a>, machine: &mut Machine<'a>) {
        let Some(name) = class.name else { return };
        let mut columns: Vec<(Box<str>, JsonColumn)> = Vec::new();
        let mut guarded: Vec<&str> = Vec::new();
        let mut has_init = false;
        for statement in class.body {
            match statement.kind {
                StmtKind::Assign(assign) => {
                    let (Some(value), [target]) = (assign.value, assign.targets) else { continue };
                    let ExprKind::Name(field) = target.kind else { continue };
                    let value = machine.evaluate(&value);
                    if let Some((column, through)) = value.call().and_then(|called| declared(called, self.file))
                        && column.kind == ColumnType::Json
                    {
                        let place = column.type_place.unwrap_or(column.place);
                        columns.push((field.into(), JsonColumn { place, through: through.map(Into::into) }));
                    }
                }
                StmtKind::Function(method) => {
                    has_init |= method.name.is_some_and(|name| matches!(name.text, "__init__" | "__setattr__"));
                    for decorator in method.decorators {
                        match decorator.kind {
                            // `@validates("d")` may decode what it is given.
                            ExprKind::Call(call) => guarded.extend(call.positional().filter_map(|arg| arg.str())),
                            ExprKind::Member(object, _) => {
                                if let ExprKind::Name(name) = object.kind {
                                    guarded.push(name);
                                }
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        columns.retain(|(name, _)| !guarded.contains(&&**name));
        let bases = class.bases.iter().filter(|base| base.keyword.is_none());
        let bases: Vec<Box<str>> =
            bases.filter_map(|base| target::class_name(machine.evaluate(&base.value))).map(Into::into).collect();
        if !columns.is_empty() || !bases.is_empty() {
            self.out.classes.push(JsonClass { name: name.text.into(), bases, columns, has_init });
        }
    }

    fn set(&mut self, object: &Value<'_>, name: Name<'_>, value: &Value<'_>) {
        if let Some(target) = target::instance_of(*object, self.file) {
            // `model.column = json.dumps(…)` in one statement: the name stands before the call.
            if value.span.start > name.span.end {
                let within = Span { start: name.span.start, end: value.span.end };
                self.write(*value, name.text, target, JsonWay::Attribute, Site::here(within));
            }
        }
    }

    fn write(&mut self, value: Value<'_>, column: &str, target: JsonTarget, way: JsonWay, site: Site) {
        let Some(dumps) = value.call().filter(|called| is_dumps(called)) else { return };
        // Only a call that stands right there: a variable may be used for something else as well.
        if dumps.span.start < site.within.start || dumps.span.end > site.within.end {
            return;
        }
        let Some(argument) = dumps
            .call
            .args
            .first()
            .filter(|arg| arg.keyword.is_none() && !matches!(arg.value.kind, ExprKind::Spread(_)))
        else {
            return;
        };
        let place = Place::new(self.file, dumps.span);
        let target = match target {
            JsonTarget::Table(columns) => match columns.into_iter().find(|(name, _)| name == column) {
                Some((_, column)) => JsonTarget::Column(column),
                None => return,
            },
            other => other,
        };
        if dumps.is_open || !self.seen.insert(place) {
            return;
        }
        // These only lay the text out; `default`, `cls` and `sort_keys` change what is stored.
        let is_layout = |name: &str| matches!(name, "ensure_ascii" | "indent" | "separators" | "allow_nan");
        let is_plain = dumps.call.args.iter().skip(1).all(|arg| arg.keyword.is_some_and(|name| is_layout(name.text)));
        self.writes.push(JsonWrite {
            place,
            argument: Place::new(self.file, argument.value.span),
            is_plain,
            is_shared: site.is_shared,
            way,
            target,
            column: column.into(),
        });
    }

    fn call(&mut self, called: &Called<'_>) {
        if matches!(called.name(), Some("json.loads" | "simplejson.loads" | "orjson.loads" | "ujson.loads")) {
            self.out.loads.extend(called.positional().next().and_then(target::attribute).map(Into::into));
            return;
        }
        self.default(called);
        let here = Site::here(called.span);
        if target::is_constructor(called)
            && let Some(target) = target::target_of(called.callee, self.file)
        {
            for (keyword, value) in called.args {
                if let Some(keyword) = keyword {
                    self.write(*value, keyword.text, target.clone(), JsonWay::Constructor, here);
                }
            }
        }
        if called.name() == Some("alembic.op.bulk_insert") {
            let Some(table) = called.argument(0, "table").and_then(|table| target::target_of(table, self.file)) else {
                return;
            };
            for row in called.argument(1, "rows").into_iter().flat_map(Value::items) {
                let site = Site::of_row(*row, called);
                for (key, value) in row.entries() {
                    if let Some(column) = key.str() {
                        self.write(*value, column, table.clone(), JsonWay::BulkInsert, site);
                    }
                }
            }
            return;
        }
        self.statement(called);
    }

    /// `Column(JSON, default=json.dumps(…))`
    fn default(&mut self, called: &Called<'_>) {
        let Some((column, through)) =
            target::column(called, self.file).filter(|(column, _)| column.kind == ColumnType::Json)
        else {
            return;
        };
        let Some(place) = column.type_place else { return };
        let typed = JsonColumn { place, through: through.map(Into::into) };
        for keyword in ["default", "insert_default", "onupdate"] {
            let value = called.keyword(keyword).map(|value| match value.kind {
                ValueKind::Lambda(returned) => *returned,
                _ => value,
            });
            if let Some(value) = value {
                let name = column.name.clone().unwrap_or_default();
                self.write(value, &name, JsonTarget::Column(typed.clone()), JsonWay::Default, Site::here(called.span));
            }
        }
    }

    /// `insert(T).values(d=…)`, `update(T).values({"d": …})`, `execute(insert(T), [{"d": …}])`, `query(T).update({…})`
    fn statement(&mut self, called: &Called<'_>) {
        let Some((object, method)) = target::owner(called) else { return };
        let table = |value| target::statement_table(value, self.file);
        let class = |value| target::target_of(value, self.file);
        let (target, rows) = match method {
            "values" => (object.and_then(table), called.positional().collect::<Vec<_>>()),
            "on_conflict_do_update" => (object.and_then(table), called.keyword("set_").into_iter().collect()),
            "execute" | "scalars" | "scalar" => {
                (called.positional().next().and_then(table), called.positional().skip(1).collect())
            }
            "bulk_insert_mappings" | "bulk_update_mappings" => {
                (called.positional().next().and_then(class), called.positional().skip(1).collect())
            }
            "update" => (object.and_then(|value| target::queried(value, self.file)), called.positional().collect()),
            _ => return,
        };
        let Some(target) = target else { return };
        if method == "values" {
            for (keyword, value) in called.args {
                if let Some(keyword) = keyword {
                    self.write(*value, keyword.text, target.clone(), JsonWay::Values, Site::here(called.span));
                }
            }
        }
        for row in rows {
            let rows = if row.entries().is_empty() { row.items() } else { std::slice::from_ref(&row) };
            for row in rows {
                let site = Site::of_row(*row, called);
                for (key, value) in row.entries() {
                    // `{"d": …}`, `{Model.d: …}`
                    let column = key.str().or_else(|| target::attribute(*key));
                    if let Some(column) = column {
                        self.write(*value, column, target.clone(), JsonWay::Values, site);
                    }
                }
            }
        }
    }
}

/// Where a call of `json.dumps` has to stand to be what is written.
#[derive(Clone, Copy)]
struct Site {
    within: Span,
    /// A variable holds it.
    is_shared: bool,
}

impl Site {
    fn here(within: Span) -> Self {
        Self { within, is_shared: false }
    }

    /// In a row that is given to a call: there, or in a variable's value.
    fn of_row(row: Value<'_>, called: &Called<'_>) -> Self {
        Self { within: row.span, is_shared: row.span.start < called.span.start || row.span.end > called.span.end }
    }
}

fn is_dumps(called: &Called<'_>) -> bool {
    matches!(called.name(), Some("json.dumps" | "simplejson.dumps"))
}

/// The column that a class attribute is: `Column(…)`, `mapped_column(…)`, `Field(sa_column=Column(…))`, `deferred(…)`.
fn declared<'a>(called: &Called<'a>, file: FileId) -> Option<(Column, Option<&'a str>)> {
    match called.name() {
        Some("sqlmodel.Field") => {
            if let Some(column) = called.keyword("sa_column") {
                return target::column(column.call()?, file);
            }
            let kind = called.keyword("sa_type")?;
            Some((Column { kind: ColumnType::of(kind, file), ..bare(called, kind, file) }, None))
        }
        Some("sqlalchemy.orm.deferred") => target::column(called.positional().next()?.call()?, file),
        _ => target::column(called, file),
    }
}

fn bare(called: &Called<'_>, kind: Value<'_>, file: FileId) -> Column {
    Column {
        place: Place::new(file, called.span),
        name: None,
        kind: ColumnType::Unknown,
        type_place: Some(Place::new(file, kind.span)),
        is_nullable: true,
        is_primary_key: false,
        is_unique: false,
        is_filled: false,
    }
}
