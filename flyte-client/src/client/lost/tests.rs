//! What a real Flyte 1.16.8 stores of the executions that it was asked for, as `tests/recordings` has it.

use std::{fs, path::Path};

use prost::Name;
use prost_reflect::{DeserializeOptions, DynamicMessage};
use serde_json::Value;

use super::*;
use crate::{
    proto::core::{Literal, literal},
    proto::descriptor,
};

/// Everything that is recorded of one execution.
struct Recorded {
    scenario: String,
    call: Value,
    there: Execution,
    data: WorkflowExecutionGetDataResponse,
}

fn message<M: Message + Name + Default>(json: &Value) -> M {
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    let descriptor = descriptor::message(&M::full_name()).unwrap();
    let message = DynamicMessage::deserialize_with_options(descriptor, json, &options).unwrap();
    M::decode(message.encode_to_vec().as_slice()).unwrap()
}

/// The executions that were started by these calls.
fn recorded(methods: &[&str]) -> Vec<Recorded> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/recordings/executions");
    let mut found = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let text = text.replace("@TIME@", "2026-01-02T03:04:05Z").replace("@DURATION@", "1.5s");
        let file: Value = serde_json::from_str(&text).unwrap();
        for step in file["steps"].as_array().unwrap() {
            let state = step["as"].as_str().map(|name| &file["final"][name]);
            let is_wanted = methods.iter().any(|method| step["call"] == *method);
            let Some(state) = state.filter(|state| is_wanted && state.is_object()) else { continue };
            found.push(Recorded {
                scenario: path.file_stem().unwrap().to_string_lossy().into_owned(),
                call: step.clone(),
                there: message(&state["GetExecution"]),
                data: message(&state["GetExecutionData"]),
            });
        }
    }
    found
}

#[test]
fn what_was_asked_for_is_recognized() {
    let recorded = recorded(&["CreateExecution"]);
    assert!(recorded.len() > 80, "{}", recorded.len());
    for Recorded { scenario, call, there, data } in recorded {
        let request: ExecutionCreateRequest = message(&call["request"]);
        assert!(is_of(&there, &request), "{scenario}: another launch plan");
        // Here a second CreateExecution of the name was refused, and replaced the inputs of the first.
        let is_overwritten = scenario == "chain_bad_inputs";
        assert_eq!(has_inputs(&data, request.inputs.as_ref()), !is_overwritten, "{scenario}: other inputs");
    }
}

#[test]
fn other_inputs_are_distinguished() {
    let mut checked = 0;
    for Recorded { scenario, call, data, .. } in recorded(&["CreateExecution"]) {
        let request: ExecutionCreateRequest = message(&call["request"]);
        let Some(inputs) = request.inputs.filter(|inputs| !inputs.literals.is_empty()) else { continue };
        for name in inputs.literals.keys() {
            let mut other = inputs.clone();
            let value = literal::Value::Map(LiteralMap::default());
            other.literals.insert(name.clone(), Literal { value: Some(value), ..Literal::default() });
            assert!(!has_inputs(&data, Some(&other)), "{scenario}: `{name}` is another");
            checked += 1;
        }
    }
    assert!(checked > 40, "{checked}");
}

#[test]
fn what_was_made_of_another_execution_is_recognized() {
    let mut checked = 0;
    for (method, mode, unlike) in [
        ("RelaunchExecution", ExecutionMode::Relaunch, ExecutionMode::Recovered),
        ("RecoverExecution", ExecutionMode::Recovered, ExecutionMode::Relaunch),
    ] {
        for Recorded { scenario, call, there, .. } in recorded(&[method]) {
            let of: WorkflowExecutionIdentifier = message(&call["request"]["id"]);
            assert!(refers_to(&there, &of, mode), "{scenario}");
            assert!(!refers_to(&there, &of, unlike), "{scenario}");
            let other = WorkflowExecutionIdentifier { name: "other".to_owned(), ..of };
            assert!(!refers_to(&there, &other, mode), "{scenario}");
            checked += 1;
        }
    }
    assert!(checked > 3, "{checked}");
}

#[test]
fn inputs_that_are_too_large_to_be_sent_back_are_not_compared() {
    let value = Literal { hash: "x".to_owned(), ..Literal::default() };
    let wanted = LiteralMap { literals: [("a".to_owned(), value)].into() };
    #[expect(deprecated, reason = "FlyteAdmin fills it in still")]
    let data = |bytes| WorkflowExecutionGetDataResponse {
        inputs: Some(crate::proto::admin::UrlBlob { url: String::new(), bytes }),
        ..WorkflowExecutionGetDataResponse::default()
    };
    assert!(has_inputs(&data(10_000_000), Some(&wanted)));
    assert!(!has_inputs(&data(0), Some(&wanted)));
}
