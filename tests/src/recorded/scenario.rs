//! `recordings/executions/NAME.json`: what was registered and started, and everything as it was in the end.

use std::fs;

use regex::{Captures, Regex};
use serde_json::{Value, json};

use super::{
    Source,
    answer::{RecordedAnswer, text},
    messages,
};

/// What the first execution of a recording is called.
pub const EXECUTION: &str = "execution";

/// What a recording registers, in order: the requests as documents that `register` reads.
///
/// # Panics
///
/// If the recording does not exist.
#[must_use]
pub fn registrations(name: &str) -> Vec<Value> {
    let recording = Scenario::read(name).0;
    let calls = recording["register"].as_array().cloned().unwrap_or_default();
    calls.into_iter().map(|call| call["request"].clone()).collect()
}

/// One recording, its placeholders filled in.
pub(super) struct Scenario(Value);

impl Scenario {
    pub(super) fn read(name: &str) -> Self {
        let path = format!("{}/recordings/executions/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("no `{path}`: {error}"));
        let mut recording = serde_json::from_str(&text).expect("JSON");
        fill(&mut recording);
        Self(recording)
    }

    pub(super) fn into_source(self) -> Source {
        Box::new(move |method, request| self.answer(method, request))
    }

    fn answer(&self, method: &str, request: &Value) -> Option<RecordedAnswer> {
        let accepted = self.registered(method, request).or_else(|| self.stepped(method, request));
        accepted.or_else(|| self.state(method, request).map(RecordedAnswer::Message))
    }

    /// The answer to a call that registers what was registered.
    fn registered(&self, method: &str, request: &Value) -> Option<RecordedAnswer> {
        let calls = self.0["register"].as_array()?;
        let call = calls.iter().find(|call| is_call(call, "method", method, request))?;
        Some(RecordedAnswer::from_recording(call))
    }

    /// The answer to a call that starts, ends or signals.
    fn stepped(&self, method: &str, request: &Value) -> Option<RecordedAnswer> {
        let steps = self.0["steps"].as_array()?;
        let step = steps.iter().find(|step| is_call(step, "call", method, request))?;
        Some(RecordedAnswer::from_recording(step))
    }

    /// What is asked of the end.
    fn state(&self, method: &str, request: &Value) -> Option<Value> {
        match method {
            "GetTask" => self.task(request),
            "GetWorkflow" => self.workflow(request),
            "GetExecution" | "GetExecutionData" => Some(self.execution(&request["id"])?[method].clone()),
            // Only executions with gates have any.
            "ListSignals" => {
                let signals = self.execution(&request["workflow_execution_id"])?.get(method);
                Some(signals.filter(|signals| !signals.is_null()).cloned().unwrap_or_else(|| json!({})))
            }
            "ListNodeExecutions" => self.nodes(request),
            "GetNodeExecution" | "GetNodeExecutionData" | "GetDynamicNodeWorkflow" => {
                self.node(&request["id"])?.get(method).cloned()
            }
            "ListTaskExecutions" => {
                let attempts = self.attempts(&request["node_execution_id"]);
                let attempts: Vec<_> = attempts.map(|attempt| attempt["GetTaskExecution"].clone()).collect();
                Some(json!({ "task_executions": attempts }))
            }
            "GetTaskExecution" | "GetTaskExecutionData" => {
                let id = &request["id"];
                let number = usize::try_from(id["retry_attempt"].as_u64().unwrap_or(0)).ok()?;
                self.attempts(&id["node_execution_id"]).nth(number)?.get(method).cloned()
            }
            _ => None,
        }
    }

    fn task(&self, request: &Value) -> Option<Value> {
        let calls = self.0["register"].as_array()?;
        let task = calls
            .iter()
            .find(|call| call["method"] == "CreateTask" && call["request"]["id"] == request["id"])?;
        let template = &task["request"]["spec"]["template"];
        Some(json!({ "id": request["id"], "closure": { "compiled_task": { "template": template } } }))
    }

    /// The workflow that was registered, compiled as far as names go: a node within a branch has the branch's
    /// id before its own.
    fn workflow(&self, request: &Value) -> Option<Value> {
        let calls = self.0["register"].as_array()?;
        let workflow = calls
            .iter()
            .find(|call| call["method"] == "CreateWorkflow" && call["request"]["id"] == request["id"])?;
        let spec = &workflow["request"]["spec"];
        let compiled = |template: &Value| {
            let mut template = template.clone();
            template["nodes"].as_array_mut().into_iter().flatten().for_each(name_branches);
            json!({ "template": template })
        };
        let within: Vec<_> = spec["sub_workflows"].as_array().into_iter().flatten().map(compiled).collect();
        let closure = json!({ "primary": compiled(&spec["template"]), "sub_workflows": within });
        Some(json!({ "id": request["id"], "closure": { "compiled_workflow": closure } }))
    }

    fn execution(&self, id: &Value) -> Option<&Value> {
        self.0["final"].get(id["name"].as_str()?)
    }

    fn nodes(&self, request: &Value) -> Option<Value> {
        let execution = self.execution(&request["workflow_execution_id"])?;
        let ids =
            execution["ListNodeExecutions"].get(text(&request["unique_parent_id"])).unwrap_or(&Value::Null);
        let entry = |id: &Value| {
            let node = &execution["nodes"][id.as_str()?];
            let mut entry = node.get("in_list").unwrap_or(&node["GetNodeExecution"]).clone();
            // What was cut had other paths in it than those that stand for the placeholders.
            if let Some(whole) =
                node.pointer("/GetNodeExecution/closure/error/message").and_then(Value::as_str)
                && let Some(cut) = entry.pointer_mut("/closure/error/message")
            {
                *cut = whole[..whole.floor_char_boundary(100)].into();
            }
            Some(entry)
        };
        let nodes: Vec<_> = ids.as_array().into_iter().flatten().filter_map(entry).collect();
        Some(json!({ "node_executions": nodes }))
    }

    fn node(&self, id: &Value) -> Option<&Value> {
        self.execution(&id["execution_id"])?["nodes"].get(id["node_id"].as_str()?)
    }

    fn attempts(&self, node: &Value) -> impl Iterator<Item = &Value> {
        self.node(node).and_then(|node| node["tasks"].as_array()).into_iter().flatten()
    }
}

fn name_branches(node: &mut Value) {
    let id = text(&node["id"]);
    let Some(block) = node.pointer_mut("/branch_node/if_else") else { return };
    let mut name = |inner: &mut Value| {
        inner["id"] = format!("{id}-{}", text(&inner["id"])).into();
        name_branches(inner);
    };
    for case in ["/case", "/other/0", "/other/1", "/other/2"] {
        block.pointer_mut(&format!("{case}/then_node")).into_iter().for_each(&mut name);
    }
    block.get_mut("else_node").into_iter().for_each(&mut name);
}

/// Whether a recorded call is the one that arrived; an execution may have any name and be started by anybody.
fn is_call(recorded: &Value, key: &str, method: &str, request: &Value) -> bool {
    recorded[key] == method
        && same(recorded, method).is_some_and(|recorded| anonymous(&recorded) == anonymous(request))
}

fn same(recorded: &Value, method: &str) -> Option<Value> {
    let service = if method.ends_with("Signal") { "SignalService" } else { "AdminService" };
    let descriptor = messages::method(&format!("/flyteidl.service.{service}/{method}"))?;
    messages::canonical(descriptor.input(), &recorded["request"])
}

fn anonymous(request: &Value) -> Value {
    let mut request = request.clone();
    if request.pointer("/spec/launch_plan").is_some() {
        request["name"] = Value::Null;
        request["spec"]["metadata"] = Value::Null;
    }
    request
}

/// Fills in the placeholders of all texts and names.
fn fill(value: &mut Value) {
    match value {
        Value::String(text) => *text = filled(text),
        Value::Array(list) => list.iter_mut().for_each(fill),
        Value::Object(fields) => {
            let entries = std::mem::take(fields).into_iter();
            *fields = entries
                .map(|(name, mut value)| {
                    fill(&mut value);
                    (filled(&name), value)
                })
                .collect();
        }
        _ => {}
    }
}

fn filled(text: &str) -> String {
    let placeholder = Regex::new("@([A-Z]+)(-[0-9]+)?@").expect("a pattern that is right");
    let value = |found: &Captures<'_>| {
        let number = found.get(2).map_or("", |number| number.as_str());
        match &found[1] {
            "PROJECT" => "flytesnacks".to_owned(),
            "VERSION" => "v1".to_owned(),
            "TIME" => "2026-01-02T03:04:05Z".to_owned(),
            "DURATION" => "1.500s".to_owned(),
            "BUCKET" => "s3://my-s3-bucket".to_owned(),
            "CONSOLE" => "http://localhost:30080".to_owned(),
            "LINE" => "12".to_owned(),
            "TRACE" => "      File \"/home/user/module.py\", line 12, in task".to_owned(),
            name => format!("{}{number}", name.to_lowercase()),
        }
    };
    placeholder.replace_all(text, value).into_owned()
}
