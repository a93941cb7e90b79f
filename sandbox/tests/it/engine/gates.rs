//! Gates: approvals, values, sleep, and the signals that answer them.

use std::sync::Arc;

use flyte_client::{
    Code, Status,
    proto::{
        admin::{
            ExecutionTerminateRequest, Signal, SignalGetOrCreateRequest, SignalListRequest, SignalSetRequest,
            node_execution_closure::OutputResult,
        },
        core::{
            ApproveCondition, GateNode, Identifier, Literal, LiteralMap, LiteralType, Node, NodeMetadata,
            SignalCondition, SignalIdentifier, SimpleType, SleepCondition, WorkflowExecutionIdentifier,
            gate_node::Condition, literal_type::Type, node::Target, workflow_execution::Phase,
        },
    },
};
use sandbox::EngineStart;

use super::{
    build::{binding, interface, literal_type, node, shown, values, workflow},
    fixture::{Fixture, error, phase},
};

fn gate(id: &str, condition: Condition, timeout: Option<prost_types::Duration>) -> Node {
    Node {
        id: id.to_owned(),
        metadata: Some(NodeMetadata { timeout, ..Default::default() }),
        target: Some(Target::GateNode(GateNode { condition: Some(condition) })),
        ..Default::default()
    }
}

fn approval(input: &str) -> Node {
    let condition = Condition::Approve(ApproveCondition { signal_id: "may-i".to_owned() });
    Node { inputs: vec![binding(input)], ..gate("g", condition, None) }
}

fn value(timeout: Option<prost_types::Duration>) -> Node {
    let condition = Condition::Signal(SignalCondition {
        signal_id: "title".to_owned(),
        r#type: Some(literal_type("str")),
        output_variable_name: "o0".to_owned(),
    });
    gate("g", condition, timeout)
}

fn asks_for_approval(fixture: &Fixture) -> Identifier {
    workflow("approve", interface(&["x: int"], &["o: int"]), vec![approval("o0 = .x")], &["o = g.o0"])
        .on(fixture)
}

fn asks_for_title(fixture: &Fixture) -> Identifier {
    workflow("title", interface(&[], &["o: str"]), vec![value(None)], &["o = g.o0"]).on(fixture)
}

fn signal(execution: &WorkflowExecutionIdentifier, name: &str) -> Option<SignalIdentifier> {
    Some(SignalIdentifier { signal_id: name.to_owned(), execution_id: Some(execution.clone()) })
}

fn boolean(value: bool) -> Literal {
    let kind = LiteralType { r#type: Some(Type::Simple(SimpleType::Boolean.into())), ..Default::default() };
    flyte_client::literal::from_json(&value.into(), &kind).unwrap()
}

fn text(value: &str) -> Literal {
    values(&[&format!("x = {value}")]).literals.remove("x").unwrap()
}

fn set(
    fixture: &Fixture,
    execution: &WorkflowExecutionIdentifier,
    name: &str,
    value: Literal,
) -> Result<(), Status> {
    let request = SignalSetRequest { id: signal(execution, name), value: Some(value) };
    fixture.call(fixture.client.set_signal(&request)).map(|_| ())
}

fn signals(fixture: &Fixture, execution: &WorkflowExecutionIdentifier) -> Vec<Signal> {
    let request = SignalListRequest {
        workflow_execution_id: Some(execution.clone()),
        limit: 100,
        ..Default::default()
    };
    fixture.call(fixture.client.list_signals(&request)).unwrap().signals
}

#[test]
fn an_approval_passes_its_inputs_on() {
    let fixture = Fixture::new();
    let execution = fixture.launch(&asks_for_approval(&fixture), "", values(&["x = 6"]));
    fixture.wait_for_node(&execution, "g RUNNING");
    assert_eq!(signals(&fixture, &execution)[0].value, None);
    set(&fixture, &execution, "may-i", boolean(true)).unwrap();
    let end = fixture.end(&execution);
    assert_eq!(phase(&end), Phase::Succeeded, "{}", error(&end));
    assert_eq!(shown(&fixture.outputs(&execution)), "o=6");
    assert_eq!(fixture.attempts(&execution, "g").len(), 0);
}

#[test]
fn a_rejection_fails_the_gate() {
    let fixture = Fixture::new();
    let execution = fixture.launch(&asks_for_approval(&fixture), "", values(&["x = 6"]));
    fixture.wait_for_node(&execution, "g RUNNING");
    set(&fixture, &execution, "may-i", boolean(false)).unwrap();
    assert_eq!(
        error(&fixture.end(&execution)),
        "ReceivedRejectSignal (USER): received a reject signal to disapprove the node input values"
    );
    // Flyte takes an answer after the end.
    set(&fixture, &execution, "may-i", boolean(true)).unwrap();
}

#[test]
fn a_value_has_to_be_of_the_type_that_is_asked_for() {
    let fixture = Fixture::new();
    let execution = fixture.launch(&asks_for_title(&fixture), "run-1", LiteralMap::default());
    fixture.wait_for_node(&execution, "g RUNNING");
    let refused = |name: &str, value| {
        let status = set(&fixture, &execution, name, value).unwrap_err();
        (status.code, status.message)
    };
    assert_eq!(
        refused("title", text("1")),
        (
            Code::InvalidArgument,
            "requested signal value [scalar:{primitive:{integer:1}}] is not castable to existing signal type \
             [[8 3]]"
                .to_owned()
        )
    );
    assert_eq!(
        refused("not-there", text("a")),
        (
            Code::InvalidArgument,
            "failed to validate that signal [{{flytesnacks development run-1} not-there}] exists, err: [signal \
             does not exist]"
                .to_owned()
        )
    );
    set(&fixture, &execution, "title", text("Book")).unwrap();
    assert_eq!(phase(&fixture.end(&execution)), Phase::Succeeded);
    assert_eq!(shown(&fixture.outputs(&execution)), r#"o="Book""#);
}

#[test]
fn an_answer_may_be_there_before_its_gate() {
    let fixture = Fixture::new();
    let nodes = vec![value(None), Node { id: "h".to_owned(), ..approval("o0 = g.o0") }];
    let plan = workflow("two", interface(&[], &["o: str"]), nodes, &["o = h.o0"]).on(&fixture);
    let execution = fixture.launch(&plan, "", LiteralMap::default());
    fixture.wait_for_node(&execution, "g RUNNING");
    assert_eq!(set(&fixture, &execution, "may-i", boolean(true)).unwrap_err().code, Code::InvalidArgument);
    let kind = Some(literal_type("bool"));
    let request = SignalGetOrCreateRequest { id: signal(&execution, "may-i"), r#type: kind };
    let made = fixture.call(fixture.client.get_or_create_signal(&request)).unwrap();
    assert_eq!(made.value, None);
    set(&fixture, &execution, "may-i", boolean(true)).unwrap();
    set(&fixture, &execution, "title", text("Book")).unwrap();
    assert_eq!(phase(&fixture.end(&execution)), Phase::Succeeded);
    let gates = fixture.node_executions(&execution, "");
    let early = gates.iter().find(|node| node.id.as_ref().unwrap().node_id == "h").unwrap();
    let closure = early.closure.as_ref().unwrap();
    assert_eq!((closure.started_at, closure.duration), (None, None));
}

#[test]
fn a_gate_waits_only_as_long_as_it_may() {
    let fixture = Fixture::new();
    let timeout = prost_types::Duration { seconds: 0, nanos: 20_000_000 };
    let nodes = vec![value(Some(timeout))];
    let plan = workflow("late", interface(&[], &["o: str"]), nodes, &["o = g.o0"]).on(&fixture);
    let execution = fixture.launch(&plan, "", LiteralMap::default());
    assert_eq!(
        error(&fixture.end(&execution)),
        "RetriesExhausted|TimeoutExpired (USER): [1/1] currentAttempt done. Last Error: USER::task execution \
         timeout [20ms] expired"
    );
}

#[test]
fn sleep_ends_by_itself() {
    let fixture = Fixture::new();
    let duration = Some(prost_types::Duration { seconds: 0, nanos: 20_000_000 });
    let sleep = gate("g", Condition::Sleep(SleepCondition { duration }), None);
    let plan = workflow("sleep", interface(&[], &[]), vec![sleep], &[]).on(&fixture);
    let execution = fixture.launch(&plan, "", LiteralMap::default());
    let end = fixture.end(&execution);
    assert_eq!(phase(&end), Phase::Succeeded, "{}", error(&end));
    assert_eq!(signals(&fixture, &execution), []);
}

#[test]
fn an_abort_ends_a_gate() {
    let fixture = Fixture::new();
    let execution = fixture.launch(&asks_for_title(&fixture), "", LiteralMap::default());
    fixture.wait_for_node(&execution, "g RUNNING");
    let request = ExecutionTerminateRequest { id: Some(execution.clone()), cause: "enough".to_owned() };
    fixture.call(fixture.client.terminate_execution(&request)).unwrap();
    assert_eq!(phase(&fixture.end(&execution)), Phase::Aborted);
    let gate = fixture.node_executions(&execution, "").pop().unwrap();
    let Some(OutputResult::Error(error)) = gate.closure.unwrap().output_result else { panic!("no error") };
    assert_eq!((error.code.as_str(), error.message.as_str()), ("NodeAborted", "Workflow aborted."));
}

#[test]
fn a_gate_still_waits_after_a_restart() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let fixture = Fixture::open(Arc::clone(&folder), EngineStart::InProcess);
    let execution = fixture.launch(&asks_for_title(&fixture), "", LiteralMap::default());
    fixture.wait_for_node(&execution, "g RUNNING");
    drop(fixture);
    let fixture = Fixture::open(folder, EngineStart::InProcess);
    set(&fixture, &execution, "title", text("Book")).unwrap();
    assert_eq!(phase(&fixture.end(&execution)), Phase::Succeeded);
}

#[test]
fn a_gate_in_a_sub_workflow_passes_its_value_on() {
    let fixture = Fixture::new();
    let inner =
        workflow("inner", interface(&["x: int"], &["o: int"]), vec![approval("o0 = .x")], &["o = g.o0"]);
    let nodes = vec![node("n0", &inner.id(), &["x = .x"])];
    let outer = workflow("outer", interface(&["x: int"], &["o: int"]), nodes, &["o = n0.o"]);
    let execution = fixture.launch(&outer.with(inner).on(&fixture), "", values(&["x = 6"]));
    fixture.wait_for_node(&execution, "n0-0-g RUNNING");
    set(&fixture, &execution, "may-i", boolean(true)).unwrap();
    assert_eq!(phase(&fixture.end(&execution)), Phase::Succeeded);
    assert_eq!(shown(&fixture.outputs(&execution)), "o=6");
}
