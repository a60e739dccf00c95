//! Types that a migration creates although they stand there already.

use super::{Migration, OperationKind, TypeOrigin};
use crate::Repo;
use crate::sqlalchemy::EnumType;
use twiceshy_source::Place;

/// An enumeration in `create_table` whose type an earlier statement has created.
#[derive(Debug)]
pub struct EnumAgain<'r> {
    /// The revision.
    pub migration: &'r Migration,
    /// The enumeration in it.
    pub enumeration: &'r EnumType,
    /// The type's name.
    pub name: String,
    /// The revision that created the type.
    pub creator: &'r Migration,
    /// Where it did.
    pub created: Place,
    /// It was created with a table, by `create_table`.
    pub with_table: bool,
    /// How many revisions come after this one.
    pub later: usize,
}

impl Repo {
    /// Every enumeration in an `op.create_table` whose type stands in the database by then, on one that has run the
    /// revisions before; how the enumeration is written, and whether SQLAlchemy creates it again, is not judged.
    pub fn enums_met_again(&self) -> Vec<EnumAgain<'_>> {
        let mut found = Vec::new();
        for chain in self.migration_chains() {
            for &migration in &chain.migrations {
                let makes_tables = migration.upgrade.iter().any(|operation| {
                    !operation.maybe
                        && matches!(&operation.kind, OperationKind::CreateTable { columns, .. }
                            if columns.iter().any(|column| column.kind.enums().is_some()))
                });
                if !makes_tables || migration.is_loose {
                    continue;
                }
                let mut types = chain.types_before(migration);
                for (index, operation) in migration.upgrade.iter().enumerate() {
                    if let OperationKind::CreateTable { columns, .. } = &operation.kind
                        && !operation.maybe
                    {
                        for enumeration in columns.iter().filter_map(|column| column.kind.enums()) {
                            let Some(name) = enumeration.full_name().filter(|_| !enumeration.is_open) else { continue };
                            let Some(&TypeOrigin::Created { by, place, with_table }) = types.known.get(&name) else {
                                continue;
                            };
                            // One run remembers which types it created with a table.
                            if std::ptr::eq(by, migration) && with_table {
                                continue;
                            }
                            found.push(EnumAgain {
                                migration,
                                enumeration,
                                name,
                                creator: by,
                                created: place,
                                with_table,
                                later: chain.descendants_of(&migration.revision),
                            });
                        }
                    }
                    types.apply(migration, index);
                }
            }
        }
        found
    }
}
