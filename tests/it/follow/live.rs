//! The live view on a terminal.

use serde_json::Value;
use tests::{Recorded, recorded::EXECUTION};

use super::{home_of, still_running};

#[test]
fn the_verdict_on_a_terminal() {
    let flyte = Recorded::scenario("single_task").start();
    let home = home_of(&flyte);
    let output = home.start_on_terminal(["execution", "watch", EXECUTION]).finish();
    assert!(output.contains("execution execution: SUCCEEDED, 1.5s"), "{output}");
}

/// A time so many hours ago, as a server sends it.
fn hours_ago(hours: u64) -> Value {
    let moment = std::time::SystemTime::now() - std::time::Duration::from_secs(hours * 3600);
    prost_types::Timestamp::from(moment).to_string().into()
}

#[test]
fn the_live_view_counts_the_time_of_the_node_and_not_of_its_line() {
    let flyte =
        still_running(Recorded::scenario("single_task"), "wchaininc").with_changed(|method, answer| {
            match method {
                "GetExecution" => answer["closure"]["started_at"] = hours_ago(5),
                "ListNodeExecutions" => {
                    for node in answer["node_executions"].as_array_mut().expect("nodes") {
                        node["closure"]["started_at"] = hours_ago(3);
                    }
                }
                _ => {}
            }
        });
    let flyte = flyte.start();
    let mut home = home_of(&flyte);
    home.set("TERM", "xterm");
    let output = home.start_on_terminal(["execution", "watch", EXECUTION, "--timeout", "1s"]).finish();
    assert!(output.contains("execution execution: RUNNING  5h"), "{output}");
    assert!(output.contains("node wchaininc: RUNNING  3h"), "{output}");
}
