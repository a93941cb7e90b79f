//! What is written for an endpoint: its name, since that of the file cannot be turned back, and its tokens.

use serde::{Deserialize, Serialize};

use crate::token::Tokens;

/// An endpoint and what is kept for it.
#[derive(Serialize, Deserialize)]
pub(super) struct Entry<T> {
    pub(super) endpoint: String,
    pub(super) tokens: T,
}

/// The text is no entry of this program. It is not quoted, as it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not what this program writes, from line {line}, column {column}")]
pub struct Garbled {
    line: usize,
    column: usize,
}

pub(super) fn write(endpoint: &str, tokens: &Tokens) -> Result<String, Garbled> {
    let entry = Entry { endpoint: endpoint.to_owned(), tokens };
    serde_json::to_string_pretty(&entry).map_err(garbled)
}

pub(super) fn read(text: &[u8]) -> Result<Entry<Tokens>, Garbled> {
    serde_json::from_slice(text).map_err(garbled)
}

/// The error of the parser would name what it found, such as `invalid type: string "…"`.
#[expect(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
fn garbled(error: serde_json::Error) -> Garbled {
    Garbled { line: error.line(), column: error.column() }
}
