//! The error for an entity that is registered again: it is identical, or it differs.

use flyte_client::{Code, Status};
use prost::{Message, Name};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A digest to compare registrations: the encoding is deterministic, maps are sorted.
pub(crate) fn digest(message: &impl Message) -> Vec<u8> {
    Sha256::digest(message.encode_to_vec()).to_vec()
}

/// ALREADY_EXISTS: an identical version exists.
pub(crate) fn identical(kind: &str) -> Status {
    Status::new(Code::AlreadyExists, format!("{kind} with identical structure already exists"))
}

/// INVALID_ARGUMENT: a different version exists. Lists all differences between `old` and `new`; the
/// sender of the status shortens it for the client.
pub(crate) fn different<M: Message + Name>(kind: &str, name: &str, old: &M, new: &M) -> Status {
    let mut text = format!(
        "{name} {kind} with different structure already exists. (Please register a new version of the {kind}):\n"
    );
    let json = |message| flyte_client::proto::json::to_json(message).unwrap_or(Value::Null);
    let mut lines = Vec::new();
    compare(&mut lines, "", Some(&json(old)), Some(&json(new)));
    text.push_str(&lines.join("\n"));
    Status::new(Code::InvalidArgument, text)
}

/// One entry for each leaf that differs: its path, the old and the new value.
fn compare(lines: &mut Vec<String>, path: &str, old: Option<&Value>, new: Option<&Value>) {
    match (old, new) {
        (Some(old), Some(new)) if old == new => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            for (key, value) in old {
                compare(lines, &format!("{path}/{key}"), Some(value), new.get(key));
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                compare(lines, &format!("{path}/{key}"), None, Some(value));
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            for index in 0..old.len().max(new.len()) {
                compare(lines, &format!("{path}/{index}"), old.get(index), new.get(index));
            }
        }
        (old, new) => {
            let mut entry = format!("{path}:");
            for (sign, value) in [('-', old), ('+', new)] {
                if let Some(value) = value {
                    entry.push_str(&format!("\n\t{sign} {}", plain(value)));
                }
            }
            lines.push(entry);
        }
    }
}

/// Texts without quotes, as FlyteAdmin prints them.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use flyte_client::proto::core::Container;

    use super::*;

    #[test]
    fn every_leaf_that_differs_is_named() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let old = Container { image: "a:1".into(), command: texts(&["x"]), ..Default::default() };
        let new = Container {
            image: "a:2".into(),
            args: texts(&["y"]),
            command: texts(&["x", "z"]),
            ..Default::default()
        };
        assert_eq!(
            different("task", "hello", &old, &new).message,
            "hello task with different structure already exists. (Please register a new version of the task):\n\
             /command/1:\n\t+ z\n\
             /image:\n\t- a:1\n\t+ a:2\n\
             /args:\n\t+ [\"y\"]"
        );
    }
}
