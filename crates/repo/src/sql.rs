//! A SQL file: what its statements do to a schema.

use crate::{Input, Lowered, Place};
use twiceshy_source::FileId;
use twiceshy_syntax::sql::{Act, Change, Name, ObjectKind, Statement};

/// A SQL file.
#[derive(Debug)]
pub struct Sql {
    /// The file.
    pub file: FileId,
    /// Its statements that create, change, drop or name something; `INSERT`s and settings without a table are left out.
    pub statements: Vec<Statement>,
}

impl Sql {
    /// Where a name or statement of it stands.
    pub fn place(&self, span: twiceshy_source::Span) -> Place {
        Place::new(self.file, span)
    }

    /// What there is after it that was not before: tables, views and the like by the name they end up with, in order.
    pub fn leaves(&self) -> Vec<(ObjectKind, &Name)> {
        let mut left: Vec<(ObjectKind, &Name)> = Vec::new();
        for statement in &self.statements {
            match &statement.act {
                Act::Create(object) if !object.is_temporary => left.push((object.kind, &object.name)),
                Act::Drop(objects) => left.retain(|(_, left)| !objects.iter().any(|gone| gone.name.text == left.text)),
                // SQLite changes a table by building another and giving it the name.
                Act::Alter(table, changes) => {
                    if let Some(Change::RenameTo(name)) =
                        changes.iter().find(|change| matches!(change, Change::RenameTo(_)))
                    {
                        let renamed = left.iter_mut().filter(|(_, left)| left.text == table.text);
                        renamed.for_each(|(_, left)| *left = name);
                    }
                }
                _ => {}
            }
        }
        left
    }
}

pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    let mut statements = twiceshy_syntax::sql::parse(input.text());
    statements.retain(|statement| !matches!(statement.act, Act::Other) || !statement.uses.is_empty());
    // A dump is rows: one of many statements that fill a table tells all that the others do.
    statements.dedup_by(|next, last| {
        let names = |statement: &Statement| statement.uses.iter().map(|name| name.text.clone()).collect::<Vec<_>>();
        matches!((&next.act, &last.act), (Act::Other, Act::Other)) && names(next) == names(last)
    });
    out.sql.push(Sql { file: input.file, statements });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_leaves_what_it_neither_drops_nor_renames() {
        let text =
            "CREATE TABLE a_new (x); INSERT INTO a_new SELECT x FROM a; DROP TABLE a; ALTER TABLE a_new RENAME TO a;
            CREATE TEMP TABLE t (x); CREATE VIEW v AS SELECT 1 FROM a; CREATE INDEX i ON a (x); DROP INDEX i;";
        let sql = Sql { file: FileId(0), statements: twiceshy_syntax::sql::parse(text) };
        let left: Vec<_> = sql.leaves().into_iter().map(|(kind, name)| (kind, name.text.as_str())).collect();
        assert_eq!(left, [(ObjectKind::Table, "a"), (ObjectKind::View, "v")]);
    }
}
