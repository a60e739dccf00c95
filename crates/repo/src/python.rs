//! A Python module: what it imports, which environment variables it reads, and what it tells SQLAlchemy.

mod env_reads;
mod imports;
pub mod json;
pub(crate) mod machine;
mod resolve;
#[cfg(test)]
mod tests;
pub(crate) mod value;

pub use env_reads::{EnvRead, Fallback};
pub use imports::PythonImport;
pub use resolve::ImportTarget;
pub(crate) use resolve::Index;

use crate::{Input, Lowered, log_file};
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
    /// The environment variables that it reads by a name that is written down.
    pub env_reads: Vec<EnvRead>,
    /// The classes and tables with JSON columns that it declares, and what it writes to them with `json.dumps`.
    pub json: Option<Box<json::JsonUse>>,
}

pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    let text = input.text();
    let arena = bumpalo::Bump::new();
    let module = python::parse(text, &arena);
    let imports = imports::of(module.body, input.file);
    let env_reads = if env_reads::may_have(text) { env_reads::of(module.body, input.file) } else { Vec::new() };
    let mut json = None;
    let is_migration = crate::migration::may_be_migration(text);
    if is_migration || json::may_have(text) {
        let mut machine = Machine::new(&arena, module.body);
        if is_migration {
            out.migrations.extend(crate::migration::lower(input, &module, &mut machine));
        }
        if json::may_have(text) {
            json = json::of(&module, &mut machine, input.file).map(Box::new);
        }
    }
    out.rosters.extend(crate::boot::roster(module.body, input));
    if log_file::may_have(text, log_file::Language::Python) {
        log_file::lower(&module, log_file::Language::Python, input, out);
    }
    out.flaws.extend(module.flaws);
    out.python.push(Python { file: input.file, imports, env_reads, json });
}
