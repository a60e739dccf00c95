//! From a module that was run on paper to a migration.

use super::{Migration, Operation, OperationKind};
use crate::python::machine::{Event, EventKind, Machine};
use crate::python::value::{Called, Value, ValueKind};
use crate::sqlalchemy::{Column, ColumnType};
use crate::{FileId, Input};
use memchr::memmem::Finder;
use std::sync::LazyLock;
use std::sync::OnceLock;
use twiceshy_source::Place;
use twiceshy_syntax::code::{Module, StmtKind};

/// Whether the text may be a revision's; a cheap look before the real one.
pub(crate) fn may_be_migration(text: &str) -> bool {
    static WORDS: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| ["down_revision", "def upgrade"].map(Finder::new));
    WORDS.iter().all(|word| word.find(text.as_bytes()).is_some())
}

/// Reads a revision; `None`: the module is none.
pub(crate) fn lower<'a>(input: Input<'_>, module: &Module<'a>, machine: &mut Machine<'a>) -> Option<Migration> {
    let file = input.file;
    let upgrade = machine.function("upgrade")?;
    let revision = machine.global("revision")?;
    let down = machine.global("down_revision")?;
    machine.take_log();
    machine.run(upgrade, None);
    let up = operations(machine.take_log(), file);
    let back = match machine.function("downgrade") {
        Some(downgrade) => {
            machine.run(downgrade, None);
            operations(machine.take_log(), file)
        }
        None => Vec::new(),
    };
    let mut imports_end = None;
    let mut postgresql = None;
    for statement in module.body {
        if let StmtKind::Import(import) = statement.kind {
            let is_sqlalchemy = import.dots == 0 && import.module.text.split('.').next() == Some("sqlalchemy");
            if is_sqlalchemy {
                imports_end = Some(Place::new(file, statement.span));
            }
            for (name, local) in import.names {
                let full = if name.text == "*" {
                    import.module.text.to_owned()
                } else {
                    format!("{}.{}", import.module.text, name.text)
                };
                if full == "sqlalchemy.dialects.postgresql" {
                    postgresql = Some(local.text.to_owned());
                }
            }
        }
    }
    Some(Migration {
        file,
        revision: revision.str()?.to_owned(),
        place: Place::new(file, revision.span),
        is_loose: !matches!(down.kind, ValueKind::Null) && ids(down, file).is_empty(),
        down: ids(down, file),
        depends_on: machine.global("depends_on").map(|value| ids(value, file)).unwrap_or_default(),
        branch_labels: machine
            .global("branch_labels")
            .map(|value| ids(value, file).into_iter().map(|(label, _)| label).collect())
            .unwrap_or_default(),
        upgrade: up,
        downgrade: back,
        imports_end,
        postgresql,
        type_changes: OnceLock::new(),
    })
}

/// One id, or several.
fn ids(value: Value<'_>, file: FileId) -> Vec<(String, Place)> {
    let one = |value: &Value<'_>| Some((value.str()?.to_owned(), Place::new(file, value.span)));
    match value.kind {
        ValueKind::Str(_) => one(&value).into_iter().collect(),
        _ => value.items().iter().filter_map(one).collect(),
    }
}

fn operations(log: Vec<Event<'_>>, file: FileId) -> Vec<Operation> {
    let mut operations = Vec::new();
    let mut blocks = Vec::new();
    for event in log {
        match event.kind {
            EventKind::Enter(value) => {
                let commits = value.call().and_then(Called::method).is_some_and(|(_, name)| name == "autocommit_block");
                blocks.push(commits);
            }
            EventKind::Leave => {
                blocks.pop();
            }
            EventKind::Set(..) => {}
            EventKind::Call(called) => {
                if let Some(kind) = operation(called, file) {
                    operations.push(Operation {
                        place: Place::new(file, called.span),
                        kind,
                        maybe: event.maybe,
                        autocommits: blocks.contains(&true),
                    });
                }
            }
        }
    }
    operations
}

fn operation(called: &Called<'_>, file: FileId) -> Option<OperationKind> {
    if let Some(name) = called.name() {
        return match name.strip_prefix("alembic.op.") {
            Some(name) => on_table(called, name, None, file),
            None => foreign(called, name, file),
        };
    }
    let (object, method) = called.method()?;
    if let ColumnType::Enum(it) = ColumnType::of(*object, file) {
        return match method {
            "create" => Some(OperationKind::CreateType(it)),
            "drop" => Some(OperationKind::DropType(it)),
            _ => None,
        };
    }
    if let Some(batch) = object.call().filter(|call| call.name() == Some("alembic.op.batch_alter_table")) {
        let table = qualified(batch, batch.argument(0, "table_name"));
        return on_table(called, method, Some(table), file);
    }
    match method {
        "execute" | "exec_driver_sql" | "scalar" => sql(called.positional().next()?),
        _ => None,
    }
}

/// An operation of `alembic.op`, or of a batch on `batch`, whose operations leave the table's name out.
fn on_table(called: &Called<'_>, name: &str, batch: Option<Option<String>>, file: FileId) -> Option<OperationKind> {
    let shift = usize::from(batch.is_none());
    let table = |index, keyword| match &batch {
        Some(table) => table.clone(),
        None => qualified(called, called.argument(index, keyword)),
    };
    let column = |value: Value<'_>| Column::of(value.call()?, file);
    match name {
        "create_table" => Some(OperationKind::CreateTable {
            table: table(0, "table_name"),
            columns: called.positional().filter_map(column).collect(),
        }),
        "drop_table" => Some(OperationKind::DropTable { table: table(0, "table_name") }),
        "add_column" => Some(OperationKind::AddColumn {
            table: table(0, "table_name"),
            column: column(called.argument(shift, "column")?)?,
        }),
        "drop_column" => Some(OperationKind::DropColumn {
            table: table(0, "table_name"),
            column: called.argument(shift, "column_name").and_then(Value::str).map(str::to_owned),
        }),
        "execute" => sql(called.argument(0, "sqltext")?),
        _ => None,
    }
}

/// A table's name with its schema.
fn qualified(called: &Called<'_>, name: Option<Value<'_>>) -> Option<String> {
    let name = name?.str()?;
    match called.keyword("schema") {
        None => Some(name.to_owned()),
        Some(schema) => match schema.kind {
            ValueKind::Null | ValueKind::Str("public") => Some(name.to_owned()),
            ValueKind::Str(schema) => Some(format!("{schema}.{name}")),
            _ => None,
        },
    }
}

/// `"…"`, `text("…")`, `text("…").bindparams(…)`, `DDL("…")`
fn sql(value: Value<'_>) -> Option<OperationKind> {
    let mut value = value;
    for _ in 0..8 {
        if let Some(text) = value.text() {
            return Some(OperationKind::Sql(text.to_owned()));
        }
        let called = value.call()?;
        value = match (called.name(), called.method()) {
            (Some(name), _)
                if name.starts_with("sqlalchemy.") && (name.ends_with(".text") || name.ends_with(".DDL")) =>
            {
                called.positional().next()?
            }
            (None, Some((object, "bindparams" | "execution_options" | "columns"))) => *object,
            _ => return None,
        };
    }
    None
}

/// A function from elsewhere may do anything with what it is given.
fn foreign(called: &Called<'_>, name: &str, file: FileId) -> Option<OperationKind> {
    let root = name.split('.').next().unwrap_or_default();
    if matches!(
        root,
        "sqlalchemy" | "alembic" | "json" | "datetime" | "uuid" | "os" | "re" | "logging" | "typing" | "textwrap"
    ) {
        return None;
    }
    let mut strings = Vec::new();
    for (_, value) in called.args {
        strings.extend(value.str().map(str::to_owned));
        if let Some(it) = ColumnType::of(*value, file).enums() {
            strings.extend(it.full_name());
        }
    }
    (!strings.is_empty()).then_some(OperationKind::Foreign(strings))
}
