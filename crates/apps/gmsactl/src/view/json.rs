//! Documents as JSON: field names are a contract.

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::Failure;

/// One document, indented, with a line end.
pub fn document<T: Serialize>(document: &T) -> String {
    match serde_json::to_string_pretty(document) {
        Ok(text) => text + "\n",
        Err(error) => format!(
            "{{\"error\":{{\"kind\":\"internal\",\"message\":\"{error}\",\"causes\":[],\"hint\":null}}}}\n"
        ),
    }
}

/// `{error: {kind, message, causes, hint}}`.
pub fn failure(failure: &Failure) -> String {
    document(&json!({ "error": error(failure), "findings": failure.findings }))
}

/// The document of `apply` and `rollback` for a run that was not begun, and why.
pub fn refusal(failure: &Failure) -> String {
    document(&json!({
        "run": Value::Null,
        "outcome": "refused",
        "steps": [],
        "findings": failure.findings,
        "error": error(failure),
    }))
}

/// What an error says.
pub fn error(failure: &Failure) -> Value {
    json!({
        "kind": failure.kind,
        "message": failure.message,
        "causes": failure.causes,
        "hint": failure.hint,
    })
}
