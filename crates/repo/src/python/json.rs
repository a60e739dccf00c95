//! JSON columns that a module declares, and what `json.dumps` makes that it hands to a column.

mod collect;
mod functions;
mod target;
mod write_sites;

pub(super) use collect::{may_load, writes};
pub(super) use write_sites::may_write;

use super::arena::with_arena;
use super::machine::Machine;
use crate::repo::Read;
use crate::sqlalchemy::FLASK_OBJECT;
use crate::{Python, Repo};
use rayon::prelude::*;
use twiceshy_source::{FileId, Place};
use twiceshy_syntax::python;

/// What a module says about JSON columns, for those that write to them.
#[derive(Debug, Default)]
pub struct JsonUse {
    /// Its classes and tables; those without a JSON column may inherit one.
    pub classes: Vec<JsonClass>,
    /// Attributes and keys whose value is given to `json.loads`: whoever reads them so expects a string.
    pub loads: Vec<Box<str>>,
}

/// A column that is declared with a JSON type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonColumn {
    /// Where the type stands.
    pub place: Place,
    /// The full name of the imported object whose attributes declare it (`db.Column`): that has to be Flask-SQLAlchemy's.
    pub through: Option<Box<str>>,
}

/// A class, a `Table` in a variable, or Flask-SQLAlchemy's object in one.
#[derive(Debug)]
pub struct JsonClass {
    /// Its name.
    pub name: Box<str>,
    /// The full names of what it extends.
    pub bases: Vec<Box<str>>,
    /// Its JSON columns by the name under which Python sets them.
    pub columns: Vec<(Box<str>, JsonColumn)>,
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
    /// It stands in rows that a variable holds: they may go elsewhere too.
    pub is_shared: bool,
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
    /// This column.
    Column(JsonColumn),
    /// A class or table of this module.
    Local(Box<str>),
    /// One from elsewhere, by its full name; a relative one keeps its dots.
    Imported(Box<str>),
    /// A table whose JSON columns are these, by name.
    Table(Vec<(String, JsonColumn)>),
}

/// How many classes are looked through for an inherited column, and modules for a name that is passed on.
const MAX_HOPS: usize = 8;

impl Repo {
    /// Where the JSON type of the column stands that `write`, in `file`, goes into; `None` when it is not proven to be
    /// one, or when something stands between that may decode it.
    pub fn json_column(&self, file: FileId, write: &JsonWrite) -> Option<Place> {
        match &write.target {
            JsonTarget::Column(column) => self.json_type(file, column),
            JsonTarget::Table(columns) => {
                let (_, column) = columns.iter().find(|(name, _)| **name == *write.column)?;
                self.json_type(file, column)
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
        self.python.par_iter().filter(|module| module.may_load_json).any(|module| {
            let names = |text: &str| memchr::memmem::find(text.as_bytes(), name.as_bytes()).is_some();
            self.tree.source(module.file).is_ok_and(|source| names(source.text()))
                && self.json_use(module).is_some_and(|json| json.loads.iter().any(|read| **read == *name))
        })
    }

    /// What `module` says about JSON columns. It is parsed for that when somebody asks: few modules are ever asked.
    pub(super) fn json_use<'r>(&self, module: &'r Python) -> Option<&'r JsonUse> {
        let read = || {
            let mut found = None;
            Read::with(&self.tree, module.file, |input, _| {
                if collect::may_have(input.text()) {
                    found = with_arena(|arena| {
                        let module = python::parse(input.text(), arena);
                        collect::read(&module, input.text(), &mut Machine::new(arena, module.body), input.file)
                    });
                }
            });
            found.map(Box::new)
        };
        module.json.get_or_init(read).as_deref()
    }

    /// Where the type of a column of the module in `file` stands, if it is proven to be SQLAlchemy's.
    fn json_type(&self, file: FileId, column: &JsonColumn) -> Option<Place> {
        if let Some(object) = &column.through {
            let (file, name) = self.python_definition(file, object)?;
            let json = self.json_use(self.python_module(file)?)?;
            let object = json.classes.iter().find(|known| *known.name == *name)?;
            object.bases.iter().find(|base| ***base == *FLASK_OBJECT)?;
        }
        Some(column.place)
    }

    fn json_field(&self, file: FileId, class: &str, write: &JsonWrite, hops: usize) -> Option<Place> {
        let module = self.python_module(file)?;
        let class = self.json_use(module)?.classes.iter().find(|known| *known.name == *class)?;
        if class.has_init && write.way == JsonWay::Constructor || hops > MAX_HOPS {
            return None;
        }
        if let Some((_, column)) = class.columns.iter().find(|(name, _)| *name == write.column) {
            return self.json_type(file, column);
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
