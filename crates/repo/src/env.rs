//! An env file.

use crate::compose::Text;
use crate::{Input, Lowered};
use rustc_hash::FxHashMap;
use twiceshy_source::{FileId, Place, Quoting};
use twiceshy_syntax::dotenv;

/// An env file.
#[derive(Debug)]
pub struct Env {
    /// The file.
    pub file: FileId,
    /// Its entries, in order; of a name given twice the later one counts.
    pub entries: Vec<EnvEntry>,
    /// Its comments, each from its `#` on.
    pub comments: Vec<Place>,
}

/// An entry of an env file.
#[derive(Clone, Debug)]
pub struct EnvEntry {
    /// The name.
    pub name: String,
    /// Where the name stands.
    pub place: Place,
    /// The value, without quotes; `None` for a bare name. Variables in it are interpolated as in a compose file, so that
    /// its [`Text::value`] is known only when it has none.
    pub value: Option<Text>,
}

impl Env {
    /// The entry of `name`.
    pub fn entry(&self, name: &str) -> Option<&EnvEntry> {
        self.entries.iter().rfind(|entry| entry.name == name)
    }

    /// Adds what it sets to `variables`, its own variables expanded with those before; a value that stays unknown
    /// is not set.
    pub(crate) fn add_to(&self, variables: &mut FxHashMap<String, String>) {
        for entry in &self.entries {
            let Some(text) = &entry.value else { continue };
            let value = text.resolved(&|name| variables.get(name).cloned());
            match value.value() {
                Some(value) => variables.insert(entry.name.clone(), value.to_owned()),
                None => variables.remove(&entry.name),
            };
        }
    }
}

pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    // `.env.patch` is about an env file.
    if input.path().ends_with(".patch") || input.path().ends_with(".diff") {
        return;
    }
    let parsed = dotenv::parse(input.text());
    let value = |value: dotenv::Value| {
        let extract = value.extract(input.file, input.text());
        let place = Place::new(input.file, value.span);
        if value.quoting == Quoting::Single { Text::literal(extract, place) } else { Text::new(extract, place) }
    };
    let entries = parsed.entries.iter().map(|entry| EnvEntry {
        name: entry.name.of(input.text()).to_owned(),
        place: Place::new(input.file, entry.name),
        value: entry.value.map(value),
    });
    let comments = parsed.comments.iter().map(|span| Place::new(input.file, *span)).collect();
    out.env.push(Env { file: input.file, entries: entries.collect(), comments });
    out.flaws.extend(parsed.flaws);
}
