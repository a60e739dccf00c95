//! How revisions follow one another, and what stands in the database before each.

use super::{Migration, OperationKind, TypeChange};
use crate::{Documents, Repo};
use rustc_hash::{FxHashMap, FxHashSet};
use twiceshy_source::{Place, Tree};

/// The revisions of one database: those of a directory, and of others that they refer to.
#[derive(Debug)]
pub struct Chain<'r> {
    /// The revisions, each after those that it follows where there is such an order.
    pub migrations: Vec<&'r Migration>,
    /// For each, the positions of those that it follows or depends on.
    parents: Vec<Vec<usize>>,
    by_id: FxHashMap<&'r str, usize>,
}

/// Where a type of the database comes from, at some point of a chain.
#[derive(Clone, Copy, Debug)]
pub enum TypeOrigin<'r> {
    /// This revision created it, here; whether a table's creation did (rather than a statement of its own).
    Created {
        /// The revision.
        by: &'r Migration,
        /// The statement or the type in it.
        place: Place,
        /// `create_table` created it with the table.
        with_table: bool,
    },
    /// It was dropped or renamed.
    Gone,
    /// It cannot be known.
    Unclear,
}

impl Repo {
    /// The chains of revisions, each of one database.
    pub fn migration_chains(&self) -> Vec<Chain<'_>> {
        chains(&self.tree, &self.migrations)
    }
}

/// Groups revisions into chains.
fn chains<'r>(tree: &Tree, migrations: &'r Documents<Migration>) -> Vec<Chain<'r>> {
    // Revisions of one directory belong together, and with those that they refer to.
    let mut group: Vec<usize> = (0..migrations.len()).collect();
    let mut by_dir: FxHashMap<&str, usize> = FxHashMap::default();
    let mut by_id: FxHashMap<&str, usize> = FxHashMap::default();
    let mut local: FxHashSet<(&str, &str)> = FxHashSet::default();
    for (index, migration) in migrations.iter().enumerate() {
        let dir = Tree::parent(tree.path(migration.file));
        let first = *by_dir.entry(dir).or_insert(index);
        unite(&mut group, first, index);
        by_id.entry(&migration.revision).or_insert(index);
        local.insert((dir, &migration.revision));
    }
    for (index, migration) in migrations.iter().enumerate() {
        let dir = Tree::parent(tree.path(migration.file));
        for (id, _) in migration.down.iter().chain(&migration.depends_on) {
            if let Some(&other) = by_id.get(id.as_str()).filter(|_| !local.contains(&(dir, id.as_str()))) {
                unite(&mut group, other, index);
            }
        }
    }
    let mut members: FxHashMap<usize, Vec<&Migration>> = FxHashMap::default();
    for (index, migration) in migrations.iter().enumerate() {
        members.entry(root(&mut group, index)).or_default().push(migration);
    }
    let mut chains: Vec<_> = members.into_values().map(Chain::new).collect();
    chains.sort_by_key(|chain| chain.migrations.iter().map(|migration| migration.file).min());
    chains
}

fn root(group: &mut [usize], mut index: usize) -> usize {
    while let Some(&parent) = group.get(index).filter(|parent| **parent != index) {
        // Halve the way for the next one.
        let above = group.get(parent).copied().unwrap_or(parent);
        if let Some(slot) = group.get_mut(index) {
            *slot = above;
        }
        index = above;
    }
    index
}

fn unite(group: &mut [usize], one: usize, other: usize) {
    let (one, other) = (root(group, one), root(group, other));
    if let Some(slot) = group.get_mut(one.max(other)) {
        *slot = one.min(other);
    }
}

impl<'r> Chain<'r> {
    fn new(members: Vec<&'r Migration>) -> Self {
        let position: FxHashMap<&str, usize> =
            members.iter().enumerate().map(|(index, migration)| (migration.revision.as_str(), index)).collect();
        let parents = |migration: &Migration| -> Vec<usize> {
            let labelled =
                |label: &str| members.iter().position(|other| other.branch_labels.iter().any(|known| known == label));
            let needed = migration
                .depends_on
                .iter()
                .filter_map(|(id, _)| position.get(id.as_str()).copied().or_else(|| labelled(id)));
            migration.down.iter().filter_map(|(id, _)| position.get(id.as_str()).copied()).chain(needed).collect()
        };
        let parents: Vec<Vec<usize>> = members.iter().map(|migration| parents(migration)).collect();
        let order = order(&parents);
        let mut place = vec![0; members.len()];
        for (new, &old) in order.iter().enumerate() {
            if let Some(slot) = place.get_mut(old) {
                *slot = new;
            }
        }
        let migrations: Vec<_> = order.iter().filter_map(|&old| members.get(old).copied()).collect();
        let moved = |old: &usize| place.get(*old).copied();
        let parents =
            order.iter().filter_map(|&old| Some(parents.get(old)?.iter().filter_map(moved).collect())).collect();
        let by_id =
            migrations.iter().enumerate().map(|(index, migration)| (migration.revision.as_str(), index)).collect();
        Self { migrations, parents, by_id }
    }

    /// The revisions that have run before this one, in an order in which they may have.
    pub fn ancestors_of(&self, revision: &str) -> Vec<&'r Migration> {
        let mut seen = vec![false; self.migrations.len()];
        let mut open: Vec<usize> =
            self.by_id.get(revision).and_then(|&index| self.parents.get(index)).cloned().unwrap_or_default();
        while let Some(index) = open.pop() {
            if let Some(slot) = seen.get_mut(index).filter(|slot| !**slot) {
                *slot = true;
                open.extend(self.parents.get(index).into_iter().flatten());
            }
        }
        self.migrations.iter().zip(seen).filter(|(_, seen)| *seen).map(|(migration, _)| *migration).collect()
    }

    /// How many revisions need this one to have run.
    pub fn descendants_of(&self, revision: &str) -> usize {
        let Some(&start) = self.by_id.get(revision) else { return 0 };
        let mut below = vec![false; self.migrations.len()];
        // Parents stand before their children.
        for index in start..self.migrations.len() {
            let follows = self.parents.get(index).into_iter().flatten();
            let follows = follows.into_iter().any(|&parent| parent == start || below.get(parent) == Some(&true));
            if let Some(slot) = below.get_mut(index) {
                *slot = follows && index != start;
            }
        }
        below.into_iter().filter(|below| *below).count()
    }

    /// The revisions that no other follows.
    pub fn heads(&self) -> Vec<&'r Migration> {
        let followed: FxHashSet<&str> =
            self.migrations.iter().flat_map(|migration| &migration.down).map(|(id, _)| id.as_str()).collect();
        self.migrations.iter().filter(|migration| !followed.contains(migration.revision.as_str())).copied().collect()
    }

    /// The types that stand in the database before a revision runs on one that has run its ancestors.
    pub fn types_before(&self, migration: &Migration) -> Types<'r> {
        let mut types = Types::default();
        for ancestor in self.ancestors_of(&migration.revision) {
            for operation in 0..ancestor.upgrade.len() {
                types.apply(ancestor, operation);
            }
        }
        types
    }
}

/// The types of a database while revisions run.
#[derive(Debug, Default)]
pub struct Types<'r> {
    /// By name.
    pub known: FxHashMap<String, TypeOrigin<'r>>,
}

impl<'r> Types<'r> {
    /// The types after the operation at `index` of `migration`'s upgrade.
    pub fn apply(&mut self, migration: &'r Migration, index: usize) {
        let Some(operation) = migration.upgrade.get(index) else { return };
        let maybe = operation.maybe;
        let created = |place, with_table| TypeOrigin::Created { by: migration, place, with_table };
        match &operation.kind {
            OperationKind::CreateTable { columns, .. } => {
                for it in
                    columns.iter().filter_map(|column| column.kind.enums()).filter(|it| it.surely_comes_with_table())
                {
                    self.set(it.full_name(), created(it.place, true), maybe);
                }
            }
            OperationKind::CreateType(it) => self.set(it.full_name(), created(operation.place, false), maybe),
            OperationKind::DropType(it) => self.set(it.full_name(), TypeOrigin::Gone, maybe),
            OperationKind::Sql(_) => {
                for change in migration.type_changes(index) {
                    match change {
                        TypeChange::Create(name) => self.set(name.clone(), created(operation.place, false), maybe),
                        TypeChange::Rename(Some(from), to) => {
                            self.set(Some(from.clone()), TypeOrigin::Gone, maybe);
                            self.set(to.clone(), created(operation.place, false), maybe);
                        }
                        TypeChange::Drop(Some(name)) => self.set(Some(name.clone()), TypeOrigin::Gone, maybe),
                        TypeChange::AddValue(..) => {}
                        // Any of them may be gone.
                        TypeChange::Drop(None) | TypeChange::Rename(None, _) | TypeChange::Everything => {
                            self.known.values_mut().for_each(|origin| *origin = TypeOrigin::Unclear);
                        }
                    }
                }
            }
            OperationKind::Foreign(strings) => {
                for name in strings {
                    if let Some(origin) = self.known.get_mut(name) {
                        *origin = TypeOrigin::Unclear;
                    }
                }
            }
            _ => {}
        }
    }

    fn set(&mut self, name: Option<String>, origin: TypeOrigin<'r>, maybe: bool) {
        let Some(name) = name else { return };
        let origin = if maybe { TypeOrigin::Unclear } else { origin };
        // What stands there already is not created again: `checkfirst`, a guarded statement.
        let stands = matches!(self.known.get(&name), Some(TypeOrigin::Created { .. }));
        if !(stands && matches!(origin, TypeOrigin::Created { .. })) {
            self.known.insert(name, origin);
        }
    }
}

/// An order in which every node stands after its parents; a cycle's nodes stand anywhere.
fn order(parents: &[Vec<usize>]) -> Vec<usize> {
    let mut waits: Vec<usize> = parents.iter().map(Vec::len).collect();
    let mut children = vec![Vec::new(); parents.len()];
    for (child, parents) in parents.iter().enumerate() {
        for &parent in parents {
            if let Some(list) = children.get_mut(parent) {
                list.push(child);
            }
        }
    }
    let mut done = vec![false; parents.len()];
    let mut order = Vec::with_capacity(parents.len());
    let mut ready: Vec<usize> = (0..parents.len()).rev().filter(|&index| waits.get(index) == Some(&0)).collect();
    while let Some(index) = ready.pop() {
        order.push(index);
        if let Some(slot) = done.get_mut(index) {
            *slot = true;
        }
        for &child in children.get(index).into_iter().flatten() {
            if let Some(wait) = waits.get_mut(child) {
                *wait = wait.saturating_sub(1);
                if *wait == 0 {
                    ready.push(child);
                }
            }
        }
    }
    order.extend((0..parents.len()).filter(|&index| done.get(index) == Some(&false)));
    order
}
