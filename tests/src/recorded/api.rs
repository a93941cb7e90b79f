//! `recordings/api.jsonl`: the answer to a request that was recorded.

use std::{collections::HashMap, fs};

use serde_json::Value;

use super::{Source, answer::RecordedAnswer, messages};

/// How a list is cut into pages and ordered; what it holds does not depend on that.
const PAGING: [&str; 3] = ["limit", "sort_by", "token"];

struct Line {
    request: Value,
    answer: RecordedAnswer,
    /// Whether there is no page after it, and none before.
    is_whole: bool,
}

pub(super) fn source() -> Source {
    let mut lines: HashMap<String, Vec<Line>> = HashMap::new();
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/recordings/api.jsonl"));
    for line in text.expect("recordings that were committed").lines() {
        let line: Value = serde_json::from_str(line).expect("JSON in each line");
        if let Some((method, line)) = read(&line) {
            lines.entry(method).or_default().push(line);
        }
    }
    Box::new(move |method, request| {
        let lines = lines.get(method)?;
        let exact = lines.iter().rfind(|line| line.request == *request);
        let whole = || {
            let request = unpaged(request);
            lines.iter().rfind(|line| line.is_whole && unpaged(&line.request) == request)
        };
        exact.or_else(whole).map(|line| line.answer.clone())
    })
}

fn read(line: &Value) -> Option<(String, Line)> {
    let name = line["method"].as_str()?;
    let method = messages::method(&format!("/{}/{name}", line["service"].as_str()?))?;
    let request = messages::canonical(method.input(), &line["request"])?;
    let is_paged = |key: &str| line["request"].get(key).is_some_and(|value| value != "");
    let is_list = line["request"].get("limit").is_some() && line.get("answer").is_some();
    let is_whole = is_list && !is_paged("token") && line.pointer("/answer/token").is_none();
    Some((name.to_owned(), Line { request, answer: RecordedAnswer::from_recording(line), is_whole }))
}

fn unpaged(request: &Value) -> Value {
    let mut request = request.clone();
    if let Some(fields) = request.as_object_mut() {
        fields.retain(|name, _| !PAGING.contains(&name.as_str()));
    }
    request
}
