//! Requests, once their parameters are understood.

use crate::check::Snapshot;
use crate::publish::{Open, Places};
use crate::{action, hover};
use gen_lsp_types as lsp;
use lsp_server::{ErrorCode, RequestId, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use twiceshy_lint::Entry;

/// What a client may ask for.
#[derive(Debug)]
pub(crate) enum Asked {
    Actions(lsp::CodeActionParams),
    Resolve(Box<lsp::CodeAction>, lsp::Uri),
    Hover(lsp::HoverParams),
    Definition(lsp::DefinitionParams),
    Diagnostics(lsp::DocumentDiagnosticParams),
    AllDiagnostics(lsp::WorkspaceDiagnosticParams),
}

impl Asked {
    /// What a request asks for.
    pub fn of(method: &str, params: Value) -> Result<Self, (ErrorCode, String)> {
        match method {
            "textDocument/codeAction" => read(params).map(Self::Actions),
            "codeAction/resolve" => {
                let action: lsp::CodeAction = read(params)?;
                let uri = action::file(&action).ok_or_else(|| invalid("this action is none of ours"))?;
                Ok(Self::Resolve(Box::new(action), uri))
            }
            "textDocument/hover" => read(params).map(Self::Hover),
            "textDocument/definition" => read(params).map(Self::Definition),
            "textDocument/diagnostic" => read(params).map(Self::Diagnostics),
            "workspace/diagnostic" => read(params).map(Self::AllDiagnostics),
            _ => Err((ErrorCode::MethodNotFound, format!("`{method}` is not something that twiceshy does"))),
        }
    }

    /// The file that it is about; `None`: all of them.
    pub fn uri(&self) -> Option<&lsp::Uri> {
        match self {
            Self::Actions(params) => Some(&params.text_document.uri),
            Self::Resolve(_, uri) => Some(uri),
            Self::Hover(params) => Some(&params.text_document_position_params.text_document.uri),
            Self::Definition(params) => Some(&params.text_document_position_params.text_document.uri),
            Self::Diagnostics(params) => Some(&params.text_document.uri),
            Self::AllDiagnostics(_) => None,
        }
    }

    /// The answer where there is nothing to say.
    pub fn nothing(&self) -> Value {
        match self {
            Self::Diagnostics(_) => json!({"kind": "full", "items": []}),
            Self::AllDiagnostics(_) => json!({"items": []}),
            _ => Value::Null,
        }
    }
}

fn read<P: DeserializeOwned>(params: Value) -> Result<P, (ErrorCode, String)> {
    serde_json::from_value(params).map_err(|error| invalid(&error.to_string()))
}

fn invalid(what: &str) -> (ErrorCode, String) {
    (ErrorCode::InvalidParams, format!("these parameters are not understood: {what}"))
}

/// Answers a request about a state of a system. A panic on the way is the answer to that request, and nothing more.
pub(crate) fn answer(
    id: RequestId,
    asked: &Asked,
    snapshot: &Snapshot,
    open: &BTreeMap<String, Open>,
    lints: &[Entry],
) -> Response {
    let places = Places::new(&snapshot.repo, &snapshot.root, &snapshot.client, open);
    let answer = || match asked {
        Asked::Actions(params) => json!(action::actions(snapshot, &places, params)),
        Asked::Resolve(action, _) => json!(action::resolve(snapshot, &places, (**action).clone())),
        Asked::Hover(params) => json!(hover::hover(snapshot, &places, &params.text_document_position_params, lints)),
        Asked::Definition(params) => json!(hover::definition(snapshot, &places, &params.text_document_position_params)),
        other => other.nothing(),
    };
    match catch_unwind(AssertUnwindSafe(answer)) {
        Ok(result) => Response::new_ok(id, result),
        Err(_) => {
            let what = "an internal error of twiceshy; please report it".to_owned();
            Response::new_err(id, ErrorCode::InternalError as i32, what)
        }
    }
}
