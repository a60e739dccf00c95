//! JSON columns that a module declares, and what `json.dumps` makes that it hands to a column.

use super::machine::{EventKind, Machine};
use super::value::{Called, Value, ValueKind};
use crate::Repo;
use crate::sqlalchemy::{Column, ColumnType};
use rustc_hash::FxHashSet;
use twiceshy_source::{FileId, Place};
use twiceshy_syntax::code::{Class, ExprKind, Function, Module, Name, Stmt, StmtKind};

/// What a module has to do with JSON columns.
#[derive(Debug, Default)]
pub struct JsonUse {
    /// Its classes and tables; those without a JSON column may inherit one.
    pub classes: Vec<JsonClass>,
    /// Results of `json.dumps` that go into a column, if it is a JSON column.
    pub writes: Vec<JsonWrite>,
    /// Attributes and keys whose value is given to `json.loads`: whoever reads them so expects a string.
    pub loads: Vec<Box<str>>,
}

/// A class, or a `Table` in a variable.
#[derive(Debug)]
pub struct JsonClass {
    /// Its name.
    pub name: Box<str>,
    /// The full names of what it extends.
    pub bases: Vec<Box<str>>,
    /// Its JSON columns by the name under which Python sets them, and where the type stands.
    pub columns: Vec<(Box<str>, Place)>,
    /// It has an `__init__` or `__setattr__` of its own, which may do anything with what it is given.
    pub has_init: bool,
}

/// The result of `json.dumps`, on its way into a column.
#[derive(Debug)]
pub struct JsonWrite {
    /// The call of `json.dumps`.
    pub place: Place,
    /// What it encodes.
    pub argument: Place,
    /// Its other arguments, if any, only lay the text out: without them the value is the same.
    pub is_plain: bool,
    /// How it gets there.
    pub way: JsonWay,
    /// What it goes into.
    pub target: JsonTarget,
    /// The column, as the module calls it.
    pub column: Box<str>,
}

/// How a value gets into a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonWay {
    /// `Model(column=…)`
    Constructor,
    /// `model.column = …`
    Attribute,
    /// `insert(…).values(…)`, `update(…).values(…)`, `execute(insert(…), …)`
    Values,
    /// `op.bulk_insert(table, rows)`
    BulkInsert,
    /// `Column(JSON, default=…)`
    Default,
}

/// What a value goes into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonTarget {
    /// A column whose JSON type stands here.
    Column(Place),
    /// A class or table of this module.
    Local(Box<str>),
    /// One from elsewhere, by its full name; a relative one keeps its dots.
    Imported(Box<str>),
}

/// Whether the text may hold any of it.
pub(super) fn may_have(text: &str) -> bool {
    let declares = text.contains("JSON") && (text.contains("sqlalchemy") || text.contains("sqlmodel"));
    declares || text.contains("dumps(") || text.contains("loads(")
}

/// What the module has to do with JSON columns; `None`: nothing.
pub(super) fn of<'a>(module: &Module<'a>, machine: &mut Machine<'a>, file: FileId) -> Option<JsonUse> {
    let mut found = Collector { file, out: JsonUse::default(), seen: FxHashSet::default() };
    found.declarations(module.body, machine);
    functions(module.body, None, &mut |function, class| machine.run(function, class));
    for event in machine.take_log() {
        match event.kind {
            EventKind::Call(called) => found.call(called),
            EventKind::Set(object, name, value) => found.set(object, name, value),
            EventKind::Enter(_) | EventKind::Leave => {}
        }
    }
    let out = found.out;
    (!out.classes.is_empty() || !out.writes.is_empty() || !out.loads.is_empty()).then_some(out)
}

/// Every function and method, nested ones too.
fn functions<'a>(
    body: &'a [Stmt<'a>],
    class: Option<&'a Class<'a>>,
    run: &mut dyn FnMut(&'a Function<'a>, Option<&'a Class<'a>>),
) {
    for statement in body {
        match statement.kind {
            StmtKind::Function(function) => {
                run(function, class);
                functions(function.body, class, run);
            }
            StmtKind::Class(class) => functions(class.body, Some(class), run),
            StmtKind::If(_, then, otherwise) => {
                functions(then, class, run);
                functions(otherwise, class, run);
            }
            StmtKind::Loop(_, body) | StmtKind::With(_, body) | StmtKind::Block(body) => functions(body, class, run),
            StmtKind::Try(it) => {
                functions(it.body, class, run);
                it.handlers.iter().for_each(|(_, body)| functions(body, class, run));
                functions(it.after, class, run);
            }
            _ => {}
        }
    }
}

struct Collector {
    file: FileId,
    out: JsonUse,
    /// Calls of `json.dumps` that were noted: a function may be run more than once.
    seen: FxHashSet<Place>,
}

impl Collector {
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
            columns(called, self.file).into_iter().map(|(name, place)| (name.into(), place)).collect();
        if !columns.is_empty() {
            self.out.classes.push(JsonClass { name: name.into(), bases: Vec::new(), columns, has_init: false });
        }
    }

    fn class<'a>(&mut self, class: &'a Class<'a>, machine: &mut Machine<'a>) {
        let Some(name) = class.name else { return };
        let mut columns: Vec<(Box<str>, Place)> = Vec::new();
        let mut guarded: Vec<&str> = Vec::new();
        let mut has_init = false;
        for statement in class.body {
            match statement.kind {
                StmtKind::Assign(assign) => {
                    let (Some(value), [target]) = (assign.value, assign.targets) else { continue };
                    let ExprKind::Name(field) = target.kind else { continue };
                    let value = machine.evaluate(&value);
                    if let Some(column) = value.call().and_then(|called| declared(called, self.file))
                        && column.kind == ColumnType::Json
                    {
                        columns.push((field.into(), column.type_place.unwrap_or(column.place)));
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
            bases.filter_map(|base| class_name(machine.evaluate(&base.value))).map(Into::into).collect();
        if !columns.is_empty() || !bases.is_empty() {
            self.out.classes.push(JsonClass { name: name.text.into(), bases, columns, has_init });
        }
    }

    fn set(&mut self, object: &Value<'_>, name: Name<'_>, value: &Value<'_>) {
        if let Some(target) = instance_of(*object) {
            // `model.column = json.dumps(…)` in one statement: the name stands before the call.
            if value.span.start > name.span.end {
                self.write(*value, name.text, target, JsonWay::Attribute, name.span.start);
            }
        }
    }

    fn write(&mut self, value: Value<'_>, column: &str, target: JsonTarget, way: JsonWay, after: u32) {
        let Some(dumps) = value.call().filter(|called| is_dumps(called)) else { return };
        // Only a call that stands right there: a variable may be used for something else as well.
        if dumps.span.start < after {
            return;
        }
        let Some(argument) = dumps.call.args.first().filter(|arg| arg.keyword.is_none()) else { return };
        let place = Place::new(self.file, dumps.span);
        if dumps.is_open || !self.seen.insert(place) {
            return;
        }
        // These only lay the text out; `default`, `cls` and `sort_keys` change what is stored.
        let is_layout = |name: &str| matches!(name, "ensure_ascii" | "indent" | "separators" | "allow_nan");
        let is_plain = dumps.call.args.iter().skip(1).all(|arg| arg.keyword.is_some_and(|name| is_layout(name.text)));
        self.out.writes.push(JsonWrite {
            place,
            argument: Place::new(self.file, argument.value.span),
            is_plain,
            way,
            target,
            column: column.into(),
        });
    }

    fn call(&mut self, called: &Called<'_>) {
        if matches!(called.name(), Some("json.loads" | "simplejson.loads" | "orjson.loads" | "ujson.loads")) {
            self.out.loads.extend(called.positional().next().and_then(attribute).map(Into::into));
            return;
        }
        self.default(called);
        let start = called.span.start;
        if is_constructor(called)
            && let Some(target) = target_of(called.callee)
        {
            for (keyword, value) in called.args {
                if let Some(keyword) = keyword {
                    self.write(*value, keyword.text, target.clone(), JsonWay::Constructor, start);
                }
            }
        }
        if called.name() == Some("alembic.op.bulk_insert") {
            let table = called.argument(0, "table").and_then(Value::call);
            let columns = table.map(|table| columns(table, self.file)).unwrap_or_default();
            for row in called.argument(1, "rows").into_iter().flat_map(Value::items) {
                for (key, value) in row.entries() {
                    if let Some((name, place)) = columns.iter().find(|(name, _)| key.str() == Some(name)) {
                        self.write(*value, name, JsonTarget::Column(*place), JsonWay::BulkInsert, start);
                    }
                }
            }
            return;
        }
        self.statement(called, start);
    }

    /// `Column(JSON, default=json.dumps(…))`
    fn default(&mut self, called: &Called<'_>) {
        let Some(column) = Column::of(called, self.file).filter(|column| column.kind == ColumnType::Json) else {
            return;
        };
        let Some(place) = column.type_place else { return };
        for keyword in ["default", "insert_default", "onupdate"] {
            let value = called.keyword(keyword).map(|value| match value.kind {
                ValueKind::Lambda(returned) => *returned,
                _ => value,
            });
            if let Some(value) = value {
                let name = column.name.clone().unwrap_or_default();
                self.write(value, &name, JsonTarget::Column(place), JsonWay::Default, called.span.start);
            }
        }
    }

    /// `insert(T).values(d=…)`, `update(T).values({"d": …})`, `execute(insert(T), [{"d": …}])`, `query(T).update({…})`
    fn statement(&mut self, called: &Called<'_>, start: u32) {
        let Some((object, method)) = owner(called) else { return };
        let (target, rows) = match method {
            "values" => (object.and_then(statement_table), called.positional().collect::<Vec<_>>()),
            "on_conflict_do_update" => (object.and_then(statement_table), called.keyword("set_").into_iter().collect()),
            "execute" | "scalars" | "scalar" => {
                (called.positional().next().and_then(statement_table), called.positional().skip(1).collect())
            }
            "bulk_insert_mappings" | "bulk_update_mappings" => {
                (called.positional().next().and_then(target_of), called.positional().skip(1).collect())
            }
            "update" => (object.and_then(queried), called.positional().collect()),
            _ => return,
        };
        let Some(target) = target else { return };
        if method == "values" {
            for (keyword, value) in called.args {
                if let Some(keyword) = keyword {
                    self.write(*value, keyword.text, target.clone(), JsonWay::Values, start);
                }
            }
        }
        for row in rows {
            let rows = if row.entries().is_empty() { row.items() } else { std::slice::from_ref(&row) };
            for (key, value) in rows.iter().flat_map(|row| row.entries()) {
                // `{"d": …}`, `{Model.d: …}`
                let column = key.str().or_else(|| attribute(*key));
                if let Some(column) = column {
                    self.write(*value, column, target.clone(), JsonWay::Values, start);
                }
            }
        }
    }
}

/// Whether a class is called: one of this module, or one from elsewhere, which has a capital letter.
fn is_constructor(called: &Called<'_>) -> bool {
    match called.callee.kind {
        ValueKind::Class(_) => true,
        ValueKind::Name(name) => {
            let (_, last) = name.rsplit_once('.').unwrap_or(("", name));
            last.starts_with(|first: char| first.is_ascii_uppercase()) && !name.starts_with("sqlalchemy.")
        }
        _ => false,
    }
}

fn is_dumps(called: &Called<'_>) -> bool {
    matches!(called.name(), Some("json.dumps" | "simplejson.dumps"))
}

/// The column that a class attribute is: `Column(…)`, `mapped_column(…)`, `Field(sa_column=Column(…))`, `deferred(…)`.
fn declared(called: &Called<'_>, file: FileId) -> Option<Column> {
    match called.name()? {
        "sqlmodel.Field" => {
            if let Some(column) = called.keyword("sa_column") {
                return Column::of(column.call()?, file);
            }
            let kind = called.keyword("sa_type")?;
            Some(Column { kind: ColumnType::of(kind, file), ..bare(called, kind, file) })
        }
        "sqlalchemy.orm.deferred" => Column::of(called.positional().next()?.call()?, file),
        // Flask-SQLAlchemy passes SQLAlchemy's names on: `db.Column(db.JSON)` is not proven to be one.
        _ => Column::of(called, file),
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

/// The JSON columns of `table("t", column("d", JSON))`, `Table("t", metadata, Column("d", JSON))` and
/// `op.create_table("t", Column("d", JSON))`.
fn columns<'a>(table: &Called<'a>, file: FileId) -> Vec<(String, Place)> {
    let is_table = matches!(table.name(), Some(name) if matches!(name, "alembic.op.create_table")
        || name.starts_with("sqlalchemy") && matches!(name.rsplit('.').next(), Some("table" | "Table")));
    if !is_table {
        return Vec::new();
    }
    let columns = table.positional().filter_map(|value| Column::of(value.call()?, file));
    columns
        .filter(|column| column.kind == ColumnType::Json)
        .filter_map(|column| Some((column.name?, column.type_place?)))
        .collect()
}

/// The attribute or key that a value is: `x.d`, `x["d"]` is unknown by then, `Model.d`.
fn attribute(value: Value<'_>) -> Option<&str> {
    match value.kind {
        ValueKind::Member(_, name) => Some(name.text),
        ValueKind::Name(name) => name.rsplit_once('.').map(|(_, last)| last),
        _ => None,
    }
}

/// The full name of a class.
fn class_name(value: Value<'_>) -> Option<&str> {
    match value.kind {
        ValueKind::Name(name) => Some(name),
        ValueKind::Class(class) => class.name.map(|name| name.text),
        _ => None,
    }
}

/// The class or table that a value is.
fn target_of(value: Value<'_>) -> Option<JsonTarget> {
    match value.kind {
        ValueKind::Class(class) => class.name.map(|name| JsonTarget::Local(name.text.into())),
        ValueKind::Name(name) => Some(JsonTarget::Imported(name.trim_end_matches(".__table__").into())),
        ValueKind::Member(object, name) if name.text == "__table__" => target_of(*object),
        _ => None,
    }
}

/// What a method is called on, and the method; the object is `None` where only its name is known.
fn owner<'a>(called: &Called<'a>) -> Option<(Option<Value<'a>>, &'a str)> {
    if let Some((object, method)) = called.method() {
        return Some((Some(*object), method));
    }
    let (_, method) = called.name()?.rsplit_once('.')?;
    Some((None, method))
}

/// The table of an `insert` or `update` statement, through the methods called on it.
fn statement_table(value: Value<'_>) -> Option<JsonTarget> {
    let mut value = value;
    for _ in 0..32 {
        let called = value.call()?;
        if let Some(name) = called.name() {
            let (before, last) = name.rsplit_once('.')?;
            if !matches!(last, "insert" | "update") {
                return None;
            }
            return if before.starts_with("sqlalchemy") {
                called.argument(0, "table").and_then(target_of)
            } else {
                // `users.insert()` of an imported table.
                Some(JsonTarget::Imported(before.trim_end_matches(".__table__").into()))
            };
        }
        let (object, method) = called.method()?;
        if matches!(method, "insert" | "update") {
            return target_of(*object);
        }
        value = *object;
    }
    None
}

/// The class of `query(T).filter(…)`, `select(T).where(…)`, `T.query.filter(…)`.
fn queried(value: Value<'_>) -> Option<JsonTarget> {
    let mut value = value;
    for _ in 0..32 {
        let called = value.call()?;
        let (object, method) = owner(called)?;
        let first = called.positional().next();
        match method {
            "query" | "select" if called.positional().count() == 1 => return first.and_then(target_of),
            "execute" | "scalars" | "scalar" if first.is_some() => value = first?,
            _ => match (object, called.name()) {
                (Some(object), _) => value = object,
                (None, Some(name)) => {
                    let (class, _) = name.split_once(".query.")?;
                    return Some(JsonTarget::Imported(class.into()));
                }
                _ => return None,
            },
        }
    }
    None
}

/// The class of which a value is an instance.
fn instance_of(value: Value<'_>) -> Option<JsonTarget> {
    match value.kind {
        ValueKind::Instance(class) => target_of(*class),
        ValueKind::Call(called) => {
            if is_constructor(called) {
                return target_of(called.callee);
            }
            let (_, method) = owner(called)?;
            match method {
                "get" | "get_one" if called.positional().count() >= 2 => called.positional().next().and_then(target_of),
                "get" | "first" | "one" | "one_or_none" | "scalar" | "scalar_one" | "scalar_one_or_none" => {
                    queried(value)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// How many classes are looked through for an inherited column, and modules for a name that is passed on.
const MAX_HOPS: usize = 8;

impl Repo {
    /// Where the JSON type of the column stands that `write`, in `file`, goes into; `None` when it is not proven to be
    /// one, or when something stands between that may decode it.
    pub fn json_column(&self, file: FileId, write: &JsonWrite) -> Option<Place> {
        match &write.target {
            JsonTarget::Column(place) => Some(*place),
            JsonTarget::Local(name) => self.json_field(file, name, write, 0),
            JsonTarget::Imported(name) => {
                let (file, name) = self.python_definition(file, name)?;
                self.json_field(file, name, write, 0)
            }
        }
    }

    /// Whether some module gives an attribute or key of this name to `json.loads`.
    pub fn decodes_json(&self, name: &str) -> bool {
        let used = self.python.iter().filter_map(|module| module.json.as_ref());
        used.flat_map(|json| &json.loads).any(|read| **read == *name)
    }

    fn json_field(&self, file: FileId, class: &str, write: &JsonWrite, hops: usize) -> Option<Place> {
        let module = self.python_module(file)?;
        let class = module.json.as_ref()?.classes.iter().find(|known| *known.name == *class)?;
        if class.has_init && write.way == JsonWay::Constructor || hops > MAX_HOPS {
            return None;
        }
        if let Some((_, place)) = class.columns.iter().find(|(name, _)| *name == write.column) {
            return Some(*place);
        }
        class.bases.iter().find_map(|base| {
            let (file, name) = match base.contains('.') {
                true => self.python_definition(file, base)?,
                false => (file, &**base),
            };
            self.json_field(file, name, write, hops + 1)
        })
    }
}
