//! JSON columns that a module declares, and what `json.dumps` makes that it hands to a column.

mod collect;
mod target;

pub(super) use collect::{may_have, of};

use crate::Repo;
use twiceshy_source::{FileId, Place};

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
    /// A table whose JSON columns are these, by name.
    Table(Vec<(String, Place)>),
}

/// How many classes are looked through for an inherited column, and modules for a name that is passed on.
const MAX_HOPS: usize = 8;

impl Repo {
    /// Where the JSON type of the column stands that `write`, in `file`, goes into; `None` when it is not proven to be
    /// one, or when something stands between that may decode it.
    pub fn json_column(&self, file: FileId, write: &JsonWrite) -> Option<Place> {
        match &write.target {
            JsonTarget::Column(place) => Some(*place),
            JsonTarget::Table(columns) => {
                columns.iter().find(|(name, _)| **name == *write.column).map(|(_, place)| *place)
            }
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
