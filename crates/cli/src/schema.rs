//! `twiceshy schema`: what may stand in a configuration, as JSON Schema for editors, from the table that reading checks.

use crate::output::{Problem, print};
use serde_json::{Map, Value, json};
use std::process::ExitCode;
use twiceshy_lint::Entry;
use twiceshy_repo::configuration::{Field, Shape, Table};

/// Prints the schema.
pub(crate) fn run(lints: &[Entry]) -> Result<ExitCode, Problem> {
    let text = serde_json::to_string_pretty(&schema(lints)).map_err(|error| Problem::new(error.to_string()))?;
    print((text + "\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The JSON Schema (draft 7, which every editor's TOML support reads) of a configuration.
fn schema(lints: &[Entry]) -> Value {
    let mut schema = table(&twiceshy_lint::table(lints));
    let head = [
        ("$schema", json!("http://json-schema.org/draft-07/schema#")),
        ("title", json!("twiceshy.toml")),
        ("description", json!("What a repository says to twiceshy.")),
    ];
    let mut whole: Map<String, Value> = head.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    whole.append(&mut schema);
    whole.into()
}

fn table(table: &Table) -> Map<String, Value> {
    let fields = table.fields.iter().map(|each| (each.key.to_string(), field(each)));
    let mut schema = Map::from_iter([("type".to_owned(), json!("object"))]);
    schema.insert("properties".into(), Value::Object(fields.collect()));
    let required: Vec<&str> = table.fields.iter().filter(|field| field.is_required).map(|field| &*field.key).collect();
    if !required.is_empty() {
        schema.insert("required".into(), json!(required));
    }
    schema.insert("additionalProperties".into(), json!(false));
    schema
}

fn field(field: &Field) -> Value {
    let mut schema = Map::from_iter([("description".to_owned(), json!(format!("{}.", field.about)))]);
    // The one field that is TOML and JSON alike: a literal.
    if let Some(default) = field.default.as_deref().and_then(|text| serde_json::from_str(text).ok()) {
        schema.insert("default".into(), default);
    }
    schema.append(&mut shape(&field.shape));
    schema.into()
}

fn shape(shape: &Shape) -> Map<String, Value> {
    let schema = match shape {
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Text => json!({ "type": "string" }),
        Shape::Path => json!({ "type": "string", "pattern": "^/" }),
        Shape::Pattern => json!({ "type": "string", "pattern": "^\\s*[^#\\s]" }),
        Shape::Number(least, i64::MAX) => json!({ "type": "integer", "minimum": least }),
        Shape::Number(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Some(one) => {
            let one = Value::Object(self::shape(one));
            json!({ "anyOf": [one.clone(), { "type": "array", "items": one }] })
        }
        Shape::Table(inner) => return table(inner),
        Shape::Either(one, inner) => json!({ "anyOf": [self::shape(one), table(inner)] }),
        Shape::Tables(inner) => json!({ "type": "array", "items": table(inner) }),
    };
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}
