//! What SQLAlchemy's expressions say about columns and their types.

use crate::python::value::{Called, Value, ValueKind};
use twiceshy_source::{FileId, Place};

/// A column's type, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// `sa.Enum(…)` or `postgresql.ENUM(…)`.
    Enum(Box<EnumType>),
    /// `JSON` or `JSONB`: SQLAlchemy encodes the value itself.
    Json,
    /// An array of something.
    Array(Box<ColumnType>),
    /// A type that is known and none of the above.
    Other,
    /// Not known: a variable from elsewhere, a class of the project's own.
    Unknown,
}

/// A named enumeration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumType {
    /// The whole call.
    pub place: Place,
    /// What is called: `sa.Enum`.
    pub callee: Place,
    /// Where another argument goes: after the last one, or between the parentheses.
    pub end_of_args: Place,
    /// `postgresql.ENUM` rather than `sa.Enum`.
    pub is_postgres: bool,
    /// The type's name in the database.
    pub name: Option<String>,
    /// Its schema.
    pub schema: Option<String>,
    /// Its values, where they are written down.
    pub values: Vec<String>,
    /// `create_type=`, and where its value stands.
    pub create_type: Option<(bool, Place)>,
    /// `native_enum=False`: a VARCHAR.
    pub is_varchar: bool,
    /// `metadata=` is given.
    pub has_metadata: bool,
    /// Arguments that cannot be read.
    pub is_open: bool,
    /// What PostgreSQL gets instead: `.with_variant(…, "postgresql")`.
    pub variant: Option<Box<ColumnType>>,
}

/// A column as a migration or a model declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The whole call.
    pub place: Place,
    /// Its name, where it is written down.
    pub name: Option<String>,
    /// Its type.
    pub kind: ColumnType,
    /// Where the type stands.
    pub type_place: Option<Place>,
    /// Whether it may be NULL.
    pub is_nullable: bool,
    /// `primary_key=True`
    pub is_primary_key: bool,
    /// `unique=True`
    pub is_unique: bool,
    /// The database fills it by itself: a server default, an identity, a computed value.
    pub is_filled: bool,
}

impl ColumnType {
    /// The enumerations in it.
    pub fn enums(&self) -> Option<&EnumType> {
        match self {
            Self::Enum(it) => match it.variant.as_deref() {
                Some(variant) => variant.enums(),
                None => Some(it),
            },
            Self::Array(item) => item.enums(),
            _ => None,
        }
    }

    /// Reads a type: a class or a call of one.
    pub(crate) fn of(value: Value<'_>, file: FileId) -> Self {
        Self::through(value, file, None)
    }

    /// Reads a type that may be an attribute of `db`, taken to be an object of Flask-SQLAlchemy.
    fn through(value: Value<'_>, file: FileId, db: Option<&str>) -> Self {
        match value.kind {
            ValueKind::Name(_) | ValueKind::Member(..) => match TypeName::of(value, db) {
                Some(TypeName::Json) => Self::Json,
                Some(TypeName::Other) => Self::Other,
                _ => Self::Unknown,
            },
            ValueKind::Call(called) => Self::of_call(called, file, db),
            _ => Self::Unknown,
        }
    }

    fn of_call(called: &Called<'_>, file: FileId, db: Option<&str>) -> Self {
        if let Some((object, "with_variant")) = called.method() {
            let base = Self::through(*object, file, db);
            let variant = called.positional().next().map_or(Self::Unknown, |value| Self::through(value, file, db));
            let on_postgres = called.positional().skip(1).any(|dialect| dialect.str() == Some("postgresql"));
            return match base {
                Self::Enum(it) if on_postgres => {
                    Self::Enum(Box::new(EnumType { variant: Some(Box::new(variant)), ..*it }))
                }
                Self::Json if variant == Self::Json => Self::Json,
                Self::Enum(it) => Self::Enum(it),
                _ => Self::Unknown,
            };
        }
        match TypeName::of(called.callee, db) {
            Some(TypeName::Json) => Self::Json,
            Some(TypeName::Enum) => Self::Enum(Box::new(EnumType::of(called, false, file))),
            Some(TypeName::PostgresEnum) => Self::Enum(Box::new(EnumType::of(called, true, file))),
            Some(TypeName::Array) => match called.argument(0, "item_type") {
                Some(item) => Self::Array(Box::new(Self::through(item, file, db))),
                None => Self::Unknown,
            },
            Some(TypeName::Other) => Self::Other,
            None => Self::Unknown,
        }
    }
}

/// Whether a value is what Flask-SQLAlchemy makes of `SQLAlchemy()`: its attributes are those of `sqlalchemy` and
/// `sqlalchemy.orm`.
pub(crate) fn is_flask_object(value: Value<'_>) -> bool {
    value.call().and_then(Called::name) == Some(FLASK_OBJECT)
}

/// The class of the object that passes SQLAlchemy's names on.
pub(crate) const FLASK_OBJECT: &str = "flask_sqlalchemy.SQLAlchemy";

/// The module and the name under which SQLAlchemy has what a value is. SQLModel passes its names on, and so do the objects
/// of Flask-SQLAlchemy: one of this module, and `db`, the full name of one from elsewhere.
pub(crate) fn own_name<'a>(value: Value<'a>, db: Option<&str>) -> Option<(&'a str, &'a str)> {
    match value.kind {
        ValueKind::Name(name) => {
            let (module, name) = name.rsplit_once('.')?;
            if module == "sqlalchemy" || module.starts_with("sqlalchemy.") {
                Some((module, name))
            } else {
                (module == "sqlmodel" || db == Some(module)).then_some(("sqlalchemy", name))
            }
        }
        ValueKind::Member(object, name) if is_flask_object(*object) => Some(("sqlalchemy", name.text)),
        _ => None,
    }
}

enum TypeName {
    Json,
    Enum,
    PostgresEnum,
    Array,
    Other,
}

impl TypeName {
    fn of(value: Value<'_>, db: Option<&str>) -> Option<Self> {
        let (module, class) = own_name(value, db)?;
        match class {
            "JSON" | "JSONB" => Some(Self::Json),
            "Enum" => Some(Self::Enum),
            "ENUM" if module.starts_with("sqlalchemy.dialects.postgresql") => Some(Self::PostgresEnum),
            "ARRAY" => Some(Self::Array),
            _ => class.starts_with(|first: char| first.is_ascii_uppercase()).then_some(Self::Other),
        }
    }
}

impl EnumType {
    fn of(called: &Called<'_>, is_postgres: bool, file: FileId) -> Self {
        let place = |span| Place::new(file, span);
        let whole = place(called.span);
        let last = called.call.args.iter().map(|arg| arg.value.span.end).max();
        let end = last.unwrap_or(whole.end.saturating_sub(1));
        let first = called.positional().next();
        // SQLAlchemy names an enumeration made from a Python class after the class, in small letters.
        let class_name = match first.map(|value| value.kind) {
            Some(ValueKind::Class(class)) => class.name.map(|name| name.text.to_lowercase()),
            Some(ValueKind::Name(name)) => name.rsplit('.').next().map(str::to_lowercase),
            _ => None,
        };
        let class_name = class_name.filter(|_| called.positional().count() == 1);
        let name = match called.keyword("name") {
            Some(name) => name.str().map(str::to_owned),
            None => class_name,
        };
        let schema = called.keyword("schema");
        let flag = |keyword| called.keyword(keyword).map(|value| value.bool() == Some(true));
        Self {
            place: whole,
            callee: place(called.call.callee.span),
            end_of_args: Place { start: end, end, ..whole },
            is_postgres,
            name,
            values: called.positional().filter_map(|value| value.str().map(str::to_owned)).collect(),
            create_type: called.keyword("create_type").map(|value| (value.bool() != Some(false), place(value.span))),
            is_varchar: flag("native_enum") == Some(false),
            has_metadata: called.keyword("metadata").is_some(),
            // `*values` hides only values; `**options` may hide anything.
            is_open: called.is_open
                || called.keyword("inherit_schema").is_some()
                || schema.is_some_and(|schema| schema.str().is_none() && !matches!(schema.kind, ValueKind::Null)),
            schema: schema.and_then(Value::str).map(str::to_owned),
            variant: None,
        }
    }

    /// Whether creating a table with it creates the type, in every version of SQLAlchemy.
    pub fn surely_comes_with_table(&self) -> bool {
        let wants = self.create_type.is_none_or(|(create, _)| create);
        wants && !self.is_varchar && !self.has_metadata && !self.is_open
    }

    /// The type's name with its schema, as the database knows it; `public` is the default schema.
    pub fn full_name(&self) -> Option<String> {
        let name = self.name.as_deref()?;
        Some(match self.schema.as_deref() {
            None | Some("public") => name.to_owned(),
            Some(schema) => format!("{schema}.{name}"),
        })
    }
}

impl Column {
    /// Reads `sa.Column(…)` or `mapped_column(…)`; `sa.column("d", JSON)` too.
    pub(crate) fn of(called: &Called<'_>, file: FileId) -> Option<Self> {
        Self::through(called, file, None)
    }

    /// Reads a column that may be made by `db.Column(…)`, where `db` is taken to be an object of Flask-SQLAlchemy.
    pub(crate) fn through(called: &Called<'_>, file: FileId, db: Option<&str>) -> Option<Self> {
        let (_, class) = own_name(called.callee, db)?;
        if !matches!(class, "Column" | "column" | "mapped_column") {
            return None;
        }
        let named =
            called.keyword("name").or_else(|| called.positional().next().filter(|first| first.text().is_some()));
        let has_name_first = called.positional().next().is_some_and(|first| first.text().is_some());
        let kind = called.keyword("type_").or_else(|| called.positional().nth(usize::from(has_name_first)));
        let flag = |keyword| called.keyword(keyword).and_then(Value::bool);
        let is_primary_key = flag("primary_key") == Some(true);
        let is_given = |value: Value<'_>| !matches!(value.kind, ValueKind::Null);
        let fills = called
            .positional()
            .filter_map(|value| value.call()?.name())
            .any(|name| name.ends_with(".Identity") || name.ends_with(".Computed"));
        Some(Self {
            place: Place::new(file, called.span),
            name: named.and_then(Value::str).map(str::to_owned),
            kind: kind.map_or(ColumnType::Unknown, |kind| ColumnType::through(kind, file, db)),
            type_place: kind.map(|kind| Place::new(file, kind.span)),
            is_nullable: flag("nullable").unwrap_or(!is_primary_key),
            is_primary_key,
            is_unique: flag("unique") == Some(true),
            is_filled: fills || called.keyword("server_default").is_some_and(is_given),
        })
    }
}
