//! Findings that the client asks for.

use gen_lsp_types as lsp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::hash::Hasher as _;

/// The findings of one file; or that they are still those that the client has.
pub(crate) fn one(found: &[lsp::Diagnostic], params: &lsp::DocumentDiagnosticParams) -> Value {
    report(found, params.previous_result_id.as_deref())
}

/// The findings of every file that has any or had some when the client asked before, by URI.
pub(crate) fn all(
    files: &BTreeMap<String, (Option<i32>, Vec<lsp::Diagnostic>)>,
    params: &lsp::WorkspaceDiagnosticParams,
) -> Value {
    let before: BTreeMap<&str, &str> =
        params.previous_result_ids.iter().map(|id| (id.uri.0.as_str(), id.value.as_str())).collect();
    let item = |uri: &str, version: Option<i32>, found: &[lsp::Diagnostic]| {
        let mut item = report(found, before.get(uri).copied());
        item["uri"] = uri.into();
        item["version"] = version.into();
        item
    };
    let mut items: Vec<Value> = files.iter().map(|(uri, (version, found))| item(uri, *version, found)).collect();
    let gone = before.keys().filter(|uri| !files.contains_key(**uri));
    items.extend(gone.map(|uri| item(uri, None, &[])));
    json!({ "items": items })
}

fn report(found: &[lsp::Diagnostic], before: Option<&str>) -> Value {
    let id = result_id(found);
    if before == Some(&id) {
        return json!({"kind": "unchanged", "resultId": id});
    }
    json!({"kind": "full", "resultId": id, "items": found})
}

/// Made of the findings alone: the same ones have the same id, whatever happened in between.
fn result_id(found: &[lsp::Diagnostic]) -> String {
    let mut hasher = rustc_hash::FxHasher::default();
    hasher.write(serde_json::to_string(found).unwrap_or_default().as_bytes());
    format!("{:016x}", hasher.finish())
}
