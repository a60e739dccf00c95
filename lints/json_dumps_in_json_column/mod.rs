//! Finds results of `json.dumps` that go into a column which encodes by itself.

use serde::Deserialize;
use twiceshy_lint::{Findings, Lint, Meta, meta};
use twiceshy_repo::{Edit, JsonWay, Python, Repo};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct JsonDumpsInJsonColumn {}

impl Lint for JsonDumpsInJsonColumn {
    type Subject = Python;
    const META: Meta = meta!(Error, SilentFailure, Python, from Python);

    fn check(&self, module: &Python, repo: &Repo, found: &mut Findings) {
        for write in &module.json_writes {
            let Some(column) = repo.json_column(module.file, write) else { continue };
            // Whoever decodes it by hand lives with the string.
            let is_read_back = !write.column.is_empty() && repo.decodes_json(&write.column);
            if is_read_back {
                continue;
            }
            let Ok(source) = repo.tree.source(module.file) else { continue };
            let argument = write.argument.span().of(source.text());
            let name = if write.column.is_empty() { "this column".to_owned() } else { format!("`{}`", write.column) };
            let how = match write.way {
                JsonWay::Default => "every default of",
                _ => "what is written to",
            };
            let message = format!("{how} {name} is stored as a JSON string, not as an object: it is encoded twice");
            let finding = found.at(write.place, message);
            finding.label("encodes what the column encodes again");
            finding.related(column, "this type runs json.dumps itself");
            finding.note("reads give back a `str`: `.get()` and `[…]` fail in Python, `->` and `->>` give NULL in SQL");
            let edits = [Edit { place: write.place, text: argument.to_owned() }];
            if write.is_plain && write.is_shared {
                finding.note("the rows stand in a variable: what else is given them gets the object too");
                finding.suggest("pass the object", edits);
            } else if write.is_plain {
                finding.fix("pass the object", edits);
            } else {
                finding
                    .note("other arguments of json.dumps belong to the engine: `create_engine(…, json_serializer=…)`");
                finding.suggest("pass the object", edits);
            }
        }
    }
}
