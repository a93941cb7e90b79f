//! The lines of `api.jsonl`.

use prost_reflect::MethodDescriptor;
use serde_json::Value;

use super::answer::{self, Answer};

/// A request and its answer.
pub(crate) struct Recording {
    pub(crate) id: String,
    pub(crate) service: String,
    pub(crate) method: String,
    /// As proto3 JSON with the names of the `.proto` files.
    pub(crate) request: Value,
    pub(crate) answer: Answer,
    /// Whether lists in the answer are sets.
    pub(crate) is_unordered: bool,
    /// Fields of the answer that show how far an execution was.
    pub(crate) free: Vec<String>,
    /// Whether the answer was chance, or a row of another project.
    pub(crate) is_chance: bool,
    pub(crate) until: Option<Until>,
}

/// What the recording waited for.
pub(crate) struct Until {
    /// A JSON pointer into the answer.
    pub(crate) pointer: String,
    /// The least number of elements of a list.
    pub(crate) min: usize,
    /// The values to wait for.
    pub(crate) one_of: Vec<Value>,
}

impl Recording {
    /// `None` for a method that no version knows.
    pub(crate) fn descriptor(&self) -> Option<MethodDescriptor> {
        answer::method(&self.service, &self.method)
    }

    /// Whether the server chose the name of an execution.
    pub(crate) fn has_chosen_name(&self) -> bool {
        const CREATE: [&str; 3] = ["CreateExecution", "RelaunchExecution", "RecoverExecution"];
        CREATE.contains(&self.method.as_str()) && self.request.get("name").is_none_or(|name| name == "")
    }

    fn read(line: &Value) -> Self {
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let mut recording = Self {
            id: text("id"),
            service: text("service"),
            method: text("method"),
            request: line["request"].clone(),
            answer: Answer::Unknown,
            is_unordered: line["order"] == "free",
            free: line["free"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            is_chance: line.get("unstable").is_some(),
            until: line.get("until").map(Until::read),
        };
        recording.answer = Answer::from_recording(line, recording.descriptor().as_ref());
        recording
    }
}

impl Until {
    fn read(json: &Value) -> Self {
        Self {
            pointer: format!("/{}", json["path"].as_str().unwrap_or_default().replace('.', "/")),
            min: json["min"].as_u64().and_then(|min| min.try_into().ok()).unwrap_or_default(),
            one_of: json["in"].as_array().cloned().unwrap_or_default(),
        }
    }
}

/// The recorded requests to Flyte's own services. Health and reflection belong to the server.
pub(crate) fn recordings() -> Vec<Recording> {
    let text = include_str!("../../../../tests/recordings/api.jsonl");
    let lines = text.lines().map(|line| Recording::read(&serde_json::from_str(line).unwrap()));
    lines.filter(|recording| recording.service.starts_with("flyteidl.")).collect()
}
