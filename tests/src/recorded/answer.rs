//! The answer to a call.

use flyte_client::Code;
use serde_json::{Value, json};

/// An answer, or a refusal.
#[derive(Clone, Debug)]
pub enum RecordedAnswer {
    /// The message, as proto3 JSON.
    Message(Value),
    /// A status that is not OK.
    Refusal {
        /// Such as `NOT_FOUND`.
        code: String,
        /// For people.
        message: String,
        /// As `google.protobuf.Any` in JSON.
        details: Vec<Value>,
    },
}

impl RecordedAnswer {
    /// The message without any field.
    #[must_use]
    pub fn empty() -> Self {
        Self::Message(json!({}))
    }

    /// A refusal without details.
    #[must_use]
    pub fn refusal(code: &str, message: impl Into<String>) -> Self {
        Self::Refusal { code: code.to_owned(), message: message.into(), details: Vec::new() }
    }

    /// What a recording has as `answer` or `error`; without either the call was accepted.
    pub(super) fn from_recording(line: &Value) -> Self {
        if let Some(error) = line.get("error").or_else(|| line.pointer("/answer/error")) {
            return Self::Refusal {
                code: text(&error["code"]),
                message: text(&error["message"]),
                details: error["details"].as_array().cloned().unwrap_or_default(),
            };
        }
        Self::Message(line.get("answer").cloned().unwrap_or_else(|| json!({})))
    }
}

/// The number of a status code that goes by its name.
pub(super) fn code(name: &str) -> i32 {
    let number = (0_u8..=16).find(|&number| Code::from_number(number.into()).name() == name);
    number.unwrap_or_else(|| panic!("no status code `{name}`")).into()
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
