//! The JSON of an entry: the endpoint, since the file name does not determine it, and its tokens.

use serde::{Deserialize, Serialize};

use crate::token::Tokens;

#[derive(Serialize, Deserialize)]
pub(super) struct Entry<T> {
    pub(super) endpoint: String,
    pub(super) tokens: T,
}

/// The text is not an entry. It is not quoted, since it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an entry of flyte-host: syntax error at line {line}, column {column}")]
pub struct EntrySyntaxError {
    line: usize,
    column: usize,
}

pub(super) fn write(endpoint: &str, tokens: &Tokens) -> Result<String, EntrySyntaxError> {
    let entry = Entry { endpoint: endpoint.to_owned(), tokens };
    serde_json::to_string_pretty(&entry).map_err(syntax_error)
}

pub(super) fn read(text: &[u8]) -> Result<Entry<Tokens>, EntrySyntaxError> {
    serde_json::from_slice(text).map_err(syntax_error)
}

/// The parser's error would quote what it found, such as `invalid type: string "…"`.
#[expect(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
fn syntax_error(error: serde_json::Error) -> EntrySyntaxError {
    EntrySyntaxError { line: error.line(), column: error.column() }
}
