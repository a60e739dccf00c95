//! Database migrations: Alembic's revisions, what each does, and how they follow one another.

mod again;
mod chain;
mod lower;
mod operation;
mod sql;
#[cfg(test)]
mod tests;

pub use again::EnumAgain;
pub use chain::{Chain, TypeOrigin, Types};
pub(crate) use lower::{lower, may_be_migration};
pub use operation::{Operation, OperationKind};
pub use sql::TypeChange;

use std::sync::OnceLock;
use twiceshy_source::{FileId, Place};

/// A revision: a module with `revision = "…"` and `def upgrade()`.
#[derive(Debug)]
pub struct Migration {
    /// The file.
    pub file: FileId,
    /// Its id.
    pub revision: String,
    /// Where the id stands.
    pub place: Place,
    /// The revisions that it follows, each with its place: none for the first, several for a merge.
    pub down: Vec<(String, Place)>,
    /// `down_revision` could not be read: what it follows is not known.
    pub is_loose: bool,
    /// The revisions or branch labels that must have run before it.
    pub depends_on: Vec<(String, Place)>,
    /// Its branch labels.
    pub branch_labels: Vec<String>,
    /// What `upgrade` does, in order, on PostgreSQL.
    pub upgrade: Vec<Operation>,
    /// What `downgrade` does.
    pub downgrade: Vec<Operation>,
    /// The line after which another import goes: the end of the statement that imports `sqlalchemy`.
    pub imports_end: Option<Place>,
    /// The name under which `sqlalchemy.dialects.postgresql` is imported.
    pub postgresql: Option<String>,
    /// What the SQL of `upgrade` does to types, by the operation's position.
    type_changes: OnceLock<Box<[Vec<TypeChange>]>>,
}

impl Migration {
    /// What the operation at `index` of `upgrade` does to types, where it is SQL. Each revision is asked once for every
    /// later one.
    fn type_changes(&self, index: usize) -> &[TypeChange] {
        let changes = |operation: &Operation| match &operation.kind {
            OperationKind::Sql(sql) => TypeChange::of(sql),
            _ => Vec::new(),
        };
        let all = self.type_changes.get_or_init(|| self.upgrade.iter().map(changes).collect());
        all.get(index).map(Vec::as_slice).unwrap_or_default()
    }
}
