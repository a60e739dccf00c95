//! A Python module: what it imports, and what it tells SQLAlchemy.

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
use crate::{Input, Lowered, boot, log_file, migration};
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
            may_load_json: json::may_load(input.text()),
            may_read_variables: crate::variables::may_read(input),
            hints: Hints::of_python(input.text()),
            is_scanned: false,
        }
    }
}

/// Lowers a module: whole where its text has words that matter, its imports alone where not. Most modules are of the
/// second kind, and parsing them would be most of the work on a large repository.
pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    if !may_have_more(input)
        && let Some(module) = scan::imports(input)
    {
        out.python.push(module);
    } else {
        parse(input, out);
    }
}

/// Whether the module may have more than imports that anybody asks for.
fn may_have_more(input: Input<'_>) -> bool {
    let text = input.text();
    json::may_write(text)
        || migration::may_be_migration(text)
        || log_file::may_have(text, log_file::Language::Python)
        || boot::may_have(input)
}

fn parse(input: Input<'_>, out: &mut Lowered) {
    let text = input.text();
    let arena = bumpalo::Bump::new();
    let module = python::parse(text, &arena);
    let imports = imports::of(module.body, input.file);
    let mut json_writes = Vec::new();
    let is_migration = migration::may_be_migration(text);
    let may_write_json = json::may_write(text);
    if is_migration || may_write_json {
        let mut machine = Machine::new(&arena, module.body);
        if is_migration {
            out.migrations.extend(migration::lower(input, &module, &mut machine));
        }
        if may_write_json {
            json_writes = json::writes(&module, &mut machine, input.file);
        }
    }
    out.rosters.extend(boot::roster(module.body, input));
    if log_file::may_have(text, log_file::Language::Python) {
        log_file::lower(&module, log_file::Language::Python, input, out);
    }
    out.flaws.extend(module.flaws);
    out.python.push(Python { json_writes: json_writes.into(), ..Python::new(input, imports) });
}
