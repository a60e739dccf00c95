//! Variables that Rust code reads.

use super::{ModuleVariables, Moment, Need, Reaction, VariableRead, Way};
use twiceshy_source::{FileId, Place};
use twiceshy_syntax::rust::{self, Missing};

pub(super) fn of(text: &str, file: FileId) -> ModuleVariables {
    let place = |span| Place::new(file, span);
    let reads = rust::variables(text).into_iter().map(|it| VariableRead {
        name: it.name.into(),
        place: place(it.span),
        need: match it.missing {
            Missing::Panics => Need::Required,
            Missing::Returns(span) => Need::Guarded { place: place(span), reaction: Reaction::Throws },
            Missing::Default(value, span) => Need::Defaulted { value: value.map(Into::into), place: place(span) },
            Missing::Handled => Need::Optional,
        },
        alternatives: Vec::new(),
        moment: match (it.is_built_in, it.is_in_main) {
            (true, _) => Moment::Build,
            (false, true) => Moment::Start,
            (false, false) => Moment::Use,
        },
        is_conditional: it.is_conditional,
        ignores_case: false,
        way: Way::Process,
    });
    ModuleVariables { reads: reads.collect(), ..ModuleVariables::default() }
}
