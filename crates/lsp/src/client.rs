//! What the client can do and wants, read leniently: an odd capability costs that capability.

use crate::text::Encoding;
use serde_json::Value;

/// The client, as it introduced itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Client {
    /// What columns count.
    pub encoding: Encoding,
    /// Whether findings are pulled by the client; otherwise they are pushed to it.
    pub pulls: bool,
    /// Whether it can be told that what it pulled is no longer so.
    pub refreshes: bool,
    /// Whether it can be asked to watch files.
    pub watches: bool,
    /// Whether it shows progress.
    pub shows_progress: bool,
    /// Whether it shows places in other files beside a finding.
    pub shows_related: bool,
    /// Whether edits can name the version of a document that they are meant for.
    pub edits_versions: bool,
    /// Whether it asks for the edits of an action when they are wanted.
    pub resolves_edits: bool,
    /// Whether hovers may be Markdown.
    pub reads_markdown: bool,
}

impl Client {
    /// What the parameters of `initialize` say.
    pub fn of(params: &Value) -> Self {
        let at = |path: &str| params.pointer(&format!("/capabilities/{path}"));
        let can = |path: &str| at(path).and_then(Value::as_bool).unwrap_or(false);
        let texts = |value: Option<&Value>| -> Vec<String> {
            let texts = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        };
        let encodings = texts(at("general/positionEncodings"));
        let hover = texts(at("textDocument/hover/contentFormat"));
        // A push reaches every file in every client; what is pulled is, in most of them, what is open. So findings are pulled
        // only where the client says that nothing can be pushed, or that it wants it so.
        let mode = params.pointer("/initializationOptions/diagnostics").and_then(Value::as_str);
        let can_pull = at("textDocument/diagnostic").is_some();
        let can_push = at("textDocument/publishDiagnostics").is_some();
        Self {
            encoding: Encoding::chosen(encodings.iter().map(String::as_str)),
            pulls: match mode {
                Some("pull") => true,
                Some("push") => false,
                _ => can_pull && !can_push,
            },
            refreshes: can("workspace/diagnostics/refreshSupport"),
            watches: can("workspace/didChangeWatchedFiles/dynamicRegistration"),
            shows_progress: can("window/workDoneProgress"),
            shows_related: can("textDocument/publishDiagnostics/relatedInformation")
                || can("textDocument/diagnostic/relatedInformation"),
            edits_versions: can("workspace/workspaceEdit/documentChanges"),
            resolves_edits: texts(at("textDocument/codeAction/resolveSupport/properties"))
                .iter()
                .any(|it| it == "edit")
                && can("textDocument/codeAction/dataSupport"),
            reads_markdown: hover.is_empty() || hover.iter().any(|format| format == "markdown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn findings_are_pushed_unless_they_can_only_be_pulled() {
        let pulls = |params| Client::of(&params).pulls;
        let both = json!({"textDocument": {"diagnostic": {}, "publishDiagnostics": {}}});
        assert!(!pulls(json!({"capabilities": both})));
        assert!(pulls(json!({"capabilities": {"textDocument": {"diagnostic": {}}}})));
        assert!(pulls(json!({"capabilities": both, "initializationOptions": {"diagnostics": "pull"}})));
        assert!(!pulls(json!({})));
    }

    #[test]
    fn nonsense_is_nothing_that_the_client_can_do() {
        let client = Client::of(&json!({"capabilities": {"general": 7, "window": {"workDoneProgress": "yes"}}}));
        assert!(!client.shows_progress && client.encoding == Encoding::Utf16);
    }
}
