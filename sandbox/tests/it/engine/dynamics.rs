//! Dynamic nodes: tasks that make a workflow.

use std::fs;

use flyte_client::proto::{
    admin::NodeExecutionGetRequest,
    core::{DynamicJobSpec, Identifier, NodeExecutionIdentifier, ResourceType, workflow_execution::Phase},
};
use prost::Message as _;

use super::{
    build::{Task, Workflow, binding, id, interface, node, shown, task, values, workflow},
    fixture::{Fixture, error, phase},
};

/// A task that leaves a job, and counts how often it ran.
fn making(fixture: &Fixture, name: &str, job: &DynamicJobSpec) -> Task {
    let file = fixture.path().join(format!("{name}.pb"));
    fs::write(&file, job.encode_to_vec()).unwrap();
    let script = format!(
        "echo x >> '{}'; cp '{}' {{{{.outputPrefix}}}}/futures.pb",
        fixture.path().join(format!("{name}.ran")).display(),
        file.display()
    );
    task(name, interface(&["x: int"], &["o: int"]), &script)
}

fn inc(fixture: &Fixture) -> Identifier {
    let script = "echo $(({{.inputs.x}} + 1)) > /var/outputs/o";
    task("inc", interface(&["x: int"], &["o: int"]), script).on(fixture)
}

fn running(name: &str, runs: &Identifier) -> Workflow {
    let nodes = vec![node("n0", runs, &["x = .x"])];
    workflow(name, interface(&["x: int"], &["o: int"]), nodes, &["o = n0.o"])
}

#[test]
fn the_workflow_runs_below_the_node() {
    let fixture = Fixture::new();
    let inc = inc(&fixture);
    let nodes = vec![node("dn0", &inc, &["x = 1"]), node("dn1", &inc, &["x = dn0.o"])];
    let job = DynamicJobSpec { nodes, outputs: vec![binding("o = dn1.o")], ..DynamicJobSpec::default() };
    let dynamic = making(&fixture, "dynamic", &job).on(&fixture);
    let plan = running("w", &dynamic).on(&fixture);

    let execution = fixture.launch(&plan, "one", values(&["x = 5"]));

    let end = fixture.end(&execution);
    assert_eq!(phase(&end), Phase::Succeeded, "{}", error(&end));
    assert_eq!(shown(&fixture.outputs(&execution)), "o=3");
    assert_eq!(fixture.nodes(&execution), ["n0 SUCCEEDED", "n0-0-dn0 SUCCEEDED", "n0-0-dn1 SUCCEEDED"]);
    let node = NodeExecutionIdentifier { node_id: "n0".to_owned(), execution_id: Some(execution) };
    let node = fixture.call(fixture.client.get_node_execution(&NodeExecutionGetRequest { id: Some(node) }));
    assert!(node.unwrap().metadata.unwrap().is_dynamic);
}

#[test]
fn a_failure_below_does_not_run_the_program_again() {
    let fixture = Fixture::new();
    let fails =
        task("fails", interface(&["x: int"], &["o: int"]), "echo bad > /var/outputs/_ERROR").on(&fixture);
    let job = DynamicJobSpec {
        nodes: vec![node("dn0", &fails, &["x = 1"])],
        outputs: vec![binding("o = dn0.o")],
        ..DynamicJobSpec::default()
    };
    let dynamic = making(&fixture, "dynamic", &job).retries(3).on(&fixture);
    let plan = running("w", &dynamic).on(&fixture);

    let execution = fixture.launch(&plan, "one", values(&["x = 5"]));

    assert_eq!(phase(&fixture.end(&execution)), Phase::Failed);
    let attempts = fixture.attempts(&execution, "n0");
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].closure.as_ref().unwrap().phase().as_str_name(), "SUCCEEDED");
    assert_eq!(fs::read_to_string(fixture.path().join("dynamic.ran")).unwrap(), "x\n");
}

#[test]
fn a_job_that_refers_to_nothing_fails_its_node() {
    let fixture = Fixture::new();
    let job = DynamicJobSpec {
        nodes: vec![node("dn0", &id(ResourceType::LaunchPlan, "missing"), &["x = 1"])],
        outputs: vec![binding("o = dn0.o")],
        ..DynamicJobSpec::default()
    };
    let dynamic = making(&fixture, "dynamic", &job).on(&fixture);
    let plan = running("w", &dynamic).on(&fixture);
    let end = fixture.end(&fixture.launch(&plan, "one", values(&["x = 5"])));
    assert_eq!(
        error(&end),
        "DynamicWorkflowBuildFailed (USER): [User] incorrectly specified launchplan \
         flytesnacks:development:missing:v1, caused by: [NotFound] the sandbox has no such launch plan"
    );
}
