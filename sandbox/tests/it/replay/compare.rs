//! When answers are equal: both are messages that differ in free fields only, or both are refusals with one
//! code and the same details. Their texts are compared apart.

use serde_json::Value;

use super::{answer::Answer, recording::Recording};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    /// Refusals whose texts differ.
    OtherWords,
    Different,
}

/// Fields that differ from one server, run or moment to another.
const FREE: [&str; 17] = [
    "Build",
    "BuildTime",
    "Version",
    "created_at",
    "end_time",
    "event_version",
    "execution_cluster",
    "expires_at",
    "generated_name",
    "logs",
    "native_url",
    "occurred_at",
    "plugin_identifier",
    "reported_at",
    "signed_url",
    "started_at",
    "updated_at",
];
const ALSO_FREE: [&str; 2] = ["start_time", "task_log_url"];

/// Fields of a closure that differ likewise.
const FREE_IN_CLOSURES: [&str; 2] = ["duration", "metadata"];

/// The lists of a compiled workflow that are sets.
const SETS: [&str; 3] = ["ids", "sub_workflows", "tasks"];

pub(crate) fn compare(recording: &Recording, answer: &Answer) -> Comparison {
    match (&recording.answer, answer) {
        (Answer::Message(recorded), Answer::Message(message)) => {
            let (mut recorded, mut message) = (recorded.clone(), message.clone());
            for answer in [&mut recorded, &mut message] {
                if recording.has_chosen_name() {
                    answer["id"]["name"] = Value::Null;
                }
                simplify(answer, "", recording);
            }
            if recorded == message { Comparison::Equal } else { Comparison::Different }
        }
        (
            Answer::Refusal { code, text, details },
            Answer::Refusal { code: our_code, text: our_text, details: our_details },
        ) if (code, details) == (our_code, our_details) => {
            if plain(text) == plain(our_text) {
                Comparison::Equal
            } else {
                Comparison::OtherWords
            }
        }
        _ => Comparison::Different,
    }
}

/// Removes what is free, and orders what is a set. `field` is the name of the value.
fn simplify(value: &mut Value, field: &str, recording: &Recording) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !is_free(name, field, recording));
            fields.iter_mut().for_each(|(name, value)| simplify(value, name, recording));
        }
        Value::Array(elements) => {
            elements.iter_mut().for_each(|element| simplify(element, field, recording));
            if recording.is_unordered || SETS.contains(&field) {
                elements.sort_by_key(Value::to_string);
            }
        }
        _ => {}
    }
}

fn is_free(name: &str, parent: &str, recording: &Recording) -> bool {
    FREE.contains(&name)
        || ALSO_FREE.contains(&name)
        || name.ends_with("_uri")
        || (parent == "closure" && FREE_IN_CLOSURES.contains(&name))
        || recording.free.iter().any(|free| free == name)
}

/// A text without the addresses in it, and with single spaces.
fn plain(text: &str) -> String {
    let words = text.split_whitespace();
    words.map(|word| if word.contains("://") { "URI" } else { word }).collect::<Vec<_>>().join(" ")
}
