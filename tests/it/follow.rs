//! Following executions, as a real Flyte 1.16.8 recorded them.

mod failures;
mod gates;
mod live;
mod nodes;

use serde_json::Value;
use tests::{
    Output, Recorded, TestEnvironment,
    recorded::{EXECUTION, Listening},
};

use crate::home_with;

/// A home whose Flyte has one recorded execution.
fn home_of(flyte: &Listening) -> TestEnvironment {
    let mut home = home_with(&[]);
    flyte.configure(&mut home);
    home
}

/// Runs a command against a recorded execution that has ended.
fn run_recorded(scenario: &str, arguments: &[&str]) -> Output {
    let flyte = Recorded::scenario(scenario).start();
    home_of(&flyte).run(arguments)
}

fn watch_recorded(scenario: &str) -> Output {
    run_recorded(scenario, &["execution", "watch", EXECUTION])
}

/// The recorded execution while it runs: its closure and that of a node have the phase RUNNING and no end.
fn still_running(recorded: Recorded, node: &'static str) -> Recorded {
    recorded.with_changed(move |method, answer| {
        let closure = match method {
            "GetExecution" => answer.pointer_mut("/closure"),
            "GetNodeExecution" => answer.pointer_mut("/closure"),
            _ => None,
        };
        closure.into_iter().for_each(begin);
        if method == "ListNodeExecutions"
            && let Some(nodes) = answer["node_executions"].as_array_mut()
        {
            let at = nodes.iter().position(|other| other["id"]["node_id"] == node).expect("the node");
            // Nothing after it has begun.
            nodes.truncate(at + 1);
            begin(&mut nodes[at]["closure"]);
        }
    })
}

fn begin(closure: &mut Value) {
    closure["phase"] = "RUNNING".into();
    let closure = closure.as_object_mut().expect("a closure");
    for field in ["error", "outputs", "output_uri", "abort_metadata", "duration"] {
        closure.remove(field);
    }
}
