//! A Python module: what it imports, and what it tells SQLAlchemy.

mod imports;
pub mod json;
pub(crate) mod machine;
mod resolve;
pub(crate) mod scan;
#[cfg(test)]
mod tests;
pub(crate) mod value;

pub use imports::PythonImport;
pub use resolve::ImportTarget;
pub(crate) use resolve::Index;

use crate::hints::Hints;
use crate::{Input, Lowered, boot, log_file, migration};
use machine::Machine;
use twiceshy_source::FileId;
use twiceshy_syntax::python;

/// A Python module.
#[derive(Debug)]
pub struct Python {
    /// The file.
    pub file: FileId,
    /// Its imports, in order, nested ones too.
    pub imports: Vec<PythonImport>,
    /// The classes and tables with JSON columns that it declares, and what it writes to them with `json.dumps`.
    pub json: Option<Box<json::JsonUse>>,
    /// Words in it that make it worth parsing for some question.
    pub(crate) hints: Hints,
    /// Only its imports were looked for, and not what stands around them.
    is_scanned: bool,
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
    json::may_have(text)
        || migration::may_be_migration(text)
        || log_file::may_have(text, log_file::Language::Python)
        || boot::may_have(input)
}

fn parse(input: Input<'_>, out: &mut Lowered) {
    let text = input.text();
    let arena = bumpalo::Bump::new();
    let module = python::parse(text, &arena);
    let imports = imports::of(module.body, input.file);
    let mut json = None;
    let is_migration = migration::may_be_migration(text);
    if is_migration || json::may_have(text) {
        let mut machine = Machine::new(&arena, module.body);
        if is_migration {
            out.migrations.extend(migration::lower(input, &module, &mut machine));
        }
        if json::may_have(text) {
            json = json::of(&module, &mut machine, input.file).map(Box::new);
        }
    }
    out.rosters.extend(boot::roster(module.body, input));
    if log_file::may_have(text, log_file::Language::Python) {
        log_file::lower(&module, log_file::Language::Python, input, out);
    }
    out.flaws.extend(module.flaws);
    out.python.push(Python { file: input.file, imports, json, hints: Hints::of_python(text), is_scanned: false });
}
