//! A Python module: what it imports, and what it tells SQLAlchemy.

mod arena;
mod imports;
pub mod json;
pub(crate) mod machine;
mod resolve;
mod scan;
#[cfg(test)]
mod tests;
pub(crate) mod value;

pub use imports::PythonImport;
pub use resolve::ImportTarget;
pub(crate) use resolve::Index;
pub(crate) use scan::{parse_all, parse_whole};

use crate::hints::Hints;
use crate::reading::Answers;
use crate::{Input, Kind, Kinds, Lowered, log_file, migration};
use bumpalo::Bump;
use machine::Machine;
use std::sync::OnceLock;
use twiceshy_source::FileId;
use twiceshy_syntax::python;

/// A Python module.
#[derive(Debug)]
pub struct Python {
    /// The file.
    pub file: FileId,
    /// Its imports, in order, nested ones too.
    pub imports: Vec<PythonImport>,
    /// Results of `json.dumps` that go into a column, if it is a JSON column.
    pub json_writes: Box<[json::JsonWrite]>,
    /// What it says about JSON columns, once somebody has asked.
    json: OnceLock<Option<Box<json::JsonUse>>>,
    /// It may decode some.
    may_load_json: bool,
    /// Whether it may read environment variables.
    pub(crate) may_read_variables: bool,
    /// Words in it that make it worth parsing for some question.
    pub(crate) hints: Hints,
    /// What it was asked.
    pub(crate) answers: Answers,
    /// Only its imports were looked for, and not what stands around them.
    is_scanned: bool,
}

impl Python {
    /// A module of which nothing is known yet but its imports.
    fn new(input: Input<'_>, imports: Vec<PythonImport>) -> Self {
        Self {
            file: input.file,
            imports,
            json_writes: Box::default(),
            json: OnceLock::new(),
            may_load_json: is_compared(input) && json::may_load(input.text()),
            may_read_variables: crate::variables::may_read(input),
            hints: Hints::of_python(input),
            answers: Answers::default(),
            is_scanned: false,
        }
    }
}

/// What a module may have besides its imports, as a search for a few words tells.
#[derive(Clone, Copy)]
struct Signs {
    json_writes: bool,
    migration: bool,
    log_file: bool,
}

impl Signs {
    fn of(input: Input<'_>) -> Self {
        let text = input.text();
        let is_compared = is_compared(input);
        Self {
            json_writes: is_compared && json::may_write(text),
            migration: is_compared && migration::may_be_migration(text),
            log_file: log_file::may_have(text, log_file::Language::Python),
        }
    }
}

/// Whether what stands in migrations and JSON columns is asked for: it is compared with other modules only, and with what is
/// installed.
fn is_compared(input: Input<'_>) -> bool {
    input.about.meets(Kinds::NONE.with(Kind::Python).with(Kind::Requirements))
}

/// Lowers a module: whole where its text has words that matter, its imports alone where not. Most modules are of the
/// second kind, and parsing them would be most of the work on a large repository.
pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    let signs = Signs::of(input);
    let has_more = signs.json_writes || signs.migration || signs.log_file;
    if !has_more && let Some(module) = scan::imports(input) {
        out.python.push(module);
    } else {
        lower_whole(input, signs, out);
    }
}

/// Lowers a module whole, whatever it has.
fn parse(input: Input<'_>, out: &mut Lowered) {
    lower_whole(input, Signs::of(input), out);
}

fn lower_whole(input: Input<'_>, signs: Signs, out: &mut Lowered) {
    arena::with_arena(|arena| lower_in(arena, input, signs, out));
}

fn lower_in(arena: &Bump, input: Input<'_>, signs: Signs, out: &mut Lowered) {
    let text = input.text();
    let module = python::parse(text, arena);
    let imports = imports::of(module.body, input.file);
    let mut json_writes = Vec::new();
    if signs.migration || signs.json_writes {
        let mut machine = Machine::new(arena, module.body);
        if signs.migration {
            out.migrations.extend(migration::lower(input, &module, &mut machine));
        }
        if signs.json_writes {
            json_writes = json::writes(&module, text, &mut machine, input.file);
        }
    }
    if signs.log_file {
        log_file::lower(&module, log_file::Language::Python, input, out);
    }
    out.flaws.extend(module.flaws);
    out.python.push(Python { json_writes: json_writes.into(), ..Python::new(input, imports) });
}
