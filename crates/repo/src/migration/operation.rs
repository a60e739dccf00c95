//! What a migration does to the database.

use crate::sqlalchemy::{Column, EnumType};
use twiceshy_source::Place;

/// One step of a migration.
#[derive(Debug)]
pub struct Operation {
    /// The call.
    pub place: Place,
    /// What it does.
    pub kind: OperationKind,
    /// It hangs on a condition that is not known, or its failure is caught.
    pub maybe: bool,
    /// It runs outside of the migration's transaction.
    pub autocommits: bool,
}

/// What a step does. Names of tables carry their schema (`schema.table`); `None` where they are not written down.
#[derive(Debug)]
pub enum OperationKind {
    /// A table is created; a type that only a part of its columns has may be among them.
    CreateTable {
        /// Its name.
        table: Option<String>,
        /// Its columns.
        columns: Vec<Column>,
    },
    /// A table is dropped.
    DropTable {
        /// Its name.
        table: Option<String>,
    },
    /// A column is added to a table.
    AddColumn {
        /// The table.
        table: Option<String>,
        /// The column.
        column: Column,
    },
    /// A column is dropped.
    DropColumn {
        /// The table.
        table: Option<String>,
        /// The column.
        column: Option<String>,
    },
    /// An enumeration is created by itself: `.create(bind)`.
    CreateType(Box<EnumType>),
    /// An enumeration is dropped by itself: `.drop(bind)`.
    DropType(Box<EnumType>),
    /// SQL text; unknown parts are U+FFFC.
    Sql(String),
    /// A function from elsewhere is called; the strings and the names of enumerations that it is given.
    Foreign(Vec<String>),
}
