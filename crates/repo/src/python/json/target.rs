//! Which class or table a value is, or comes from.

use super::{JsonColumn, JsonTarget};
use crate::python::value::{Called, Value, ValueKind};
use crate::sqlalchemy::{Column, ColumnType, own_name};
use twiceshy_source::FileId;

/// Whether a class is called: one of this module, or one from elsewhere, which has a capital letter.
pub(super) fn is_constructor(called: &Called<'_>) -> bool {
    match called.callee.kind {
        ValueKind::Class(_) => true,
        ValueKind::Name(name) => {
            let (_, last) = name.rsplit_once('.').unwrap_or(("", name));
            last.starts_with(|first: char| first.is_ascii_uppercase()) && !name.starts_with("sqlalchemy.")
        }
        _ => false,
    }
}

/// The column that a call declares, and the imported object whose attribute it calls, if that has to be proven to pass
/// SQLAlchemy's names on.
pub(super) fn column<'a>(called: &Called<'a>, file: FileId) -> Option<(Column, Option<&'a str>)> {
    if let Some(column) = Column::of(called, file) {
        return Some((column, None));
    }
    let (object, _) = called.name()?.rsplit_once('.')?;
    Some((Column::through(called, file, Some(object))?, Some(object)))
}

/// The JSON columns of `table("t", column("d", JSON))`, `Table("t", metadata, Column("d", JSON))` and
/// `op.create_table("t", Column("d", JSON))`.
pub(super) fn columns<'a>(table: &Called<'a>, file: FileId) -> Vec<(String, JsonColumn)> {
    // `db.Table(…)` is one if `db` is Flask-SQLAlchemy's, which its columns have to prove.
    let object = table.name().and_then(|name| name.strip_suffix(".Table"));
    let is_proven = table.name() == Some("alembic.op.create_table")
        || matches!(own_name(table.callee, None), Some((_, "table" | "Table")));
    if !is_proven && object.is_none() {
        return Vec::new();
    }
    let columns = table.positional().filter_map(|value| column(value.call()?, file));
    columns
        .filter(|(column, through)| column.kind == ColumnType::Json && (is_proven || *through == object))
        .filter_map(|(column, through)| {
            Some((column.name?, JsonColumn { place: column.type_place?, through: through.map(Into::into) }))
        })
        .collect()
}

/// The attribute or key that a value is: `x.d`, `x["d"]` is unknown by then, `Model.d`.
pub(super) fn attribute(value: Value<'_>) -> Option<&str> {
    match value.kind {
        ValueKind::Member(_, name) => Some(name.text),
        ValueKind::Name(name) => name.rsplit_once('.').map(|(_, last)| last),
        _ => None,
    }
}

/// The full name of a class.
pub(super) fn class_name(value: Value<'_>) -> Option<&str> {
    match value.kind {
        ValueKind::Name(name) => Some(name),
        ValueKind::Class(class) => class.name.map(|name| name.text),
        _ => None,
    }
}

/// The class or table that a value is.
pub(super) fn target_of(value: Value<'_>, file: FileId) -> Option<JsonTarget> {
    match value.kind {
        ValueKind::Class(class) => class.name.map(|name| JsonTarget::Local(name.text.into())),
        ValueKind::Name(name) => Some(JsonTarget::Imported(name.trim_end_matches(".__table__").into())),
        ValueKind::Call(called) => {
            let columns = columns(called, file);
            (!columns.is_empty()).then_some(JsonTarget::Table(columns))
        }
        ValueKind::Member(object, name) if name.text == "__table__" => target_of(*object, file),
        _ => None,
    }
}

/// What a method is called on, and the method; the object is `None` where only its name is known.
pub(super) fn owner<'a>(called: &Called<'a>) -> Option<(Option<Value<'a>>, &'a str)> {
    if let Some((object, method)) = called.method() {
        return Some((Some(*object), method));
    }
    let (_, method) = called.name()?.rsplit_once('.')?;
    Some((None, method))
}

/// The table of an `insert` or `update` statement, through the methods called on it.
pub(super) fn statement_table(value: Value<'_>, file: FileId) -> Option<JsonTarget> {
    let mut value = value;
    for _ in 0..32 {
        let called = value.call()?;
        if let Some(name) = called.name() {
            let (before, last) = name.rsplit_once('.')?;
            if !matches!(last, "insert" | "update") {
                return None;
            }
            return if before.starts_with("sqlalchemy") {
                called.argument(0, "table").and_then(|class| target_of(class, file))
            } else {
                // `users.insert()` of an imported table.
                Some(JsonTarget::Imported(before.trim_end_matches(".__table__").into()))
            };
        }
        let (object, method) = called.method()?;
        if matches!(method, "insert" | "update") {
            return target_of(*object, file);
        }
        value = *object;
    }
    None
}

/// The class of `query(T).filter(…)`, `select(T).where(…)`, `T.query.filter(…)`.
pub(super) fn queried(value: Value<'_>, file: FileId) -> Option<JsonTarget> {
    let mut value = value;
    for _ in 0..32 {
        let called = value.call()?;
        let (object, method) = owner(called)?;
        let first = called.positional().next();
        match method {
            "query" | "select" if called.positional().count() == 1 => {
                return first.and_then(|class| target_of(class, file));
            }
            "execute" | "scalars" | "scalar" if first.is_some() => value = first?,
            _ => match (object, called.name()) {
                (Some(Value { kind: ValueKind::Member(class, name), .. }), _) if name.text == "query" => {
                    return target_of(*class, file);
                }
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
pub(super) fn instance_of(value: Value<'_>, file: FileId) -> Option<JsonTarget> {
    match value.kind {
        ValueKind::Instance(class) => target_of(*class, file),
        ValueKind::Call(called) => {
            if is_constructor(called) {
                return target_of(called.callee, file);
            }
            let (_, method) = owner(called)?;
            match method {
                "get" | "get_one" | "get_or_404" if called.positional().count() >= 2 => {
                    called.positional().next().and_then(|class| target_of(class, file))
                }
                "get" | "first" | "one" | "one_or_none" | "scalar" | "scalar_one" | "scalar_one_or_none"
                | "get_or_404" | "first_or_404" | "one_or_404" => queried(value, file),
                _ => None,
            }
        }
        _ => None,
    }
}
