//! Workflows: bindings, sub-workflows, launch plans, failure policies.

use flyte_client::proto::{
    admin::{ExecutionRecoverRequest, ExecutionSpec, WorkflowExecutionGetMetricsRequest},
    core::{
        Alias, BindingData, BindingDataCollection, BindingDataMap, Identifier, LiteralMap, ResourceType,
        Span, binding_data, span, workflow_execution::Phase, workflow_metadata::OnFailurePolicy,
    },
};

use super::{
    build::{binding, bound, id, interface, node, shown, task, values, workflow},
    fixture::{Fixture, error, phase},
};

/// A task that returns its input with an `x` before it.
fn cross(fixture: &Fixture) -> Identifier {
    let interface = interface(&["text: str"], &["o: str"]);
    task("cross", interface, "printf 'x{{.inputs.text}}' > /var/outputs/o").on(fixture)
}

fn fails(fixture: &Fixture) -> Identifier {
    task("fails", interface(&[], &["o: str"]), "exit 7").on(fixture)
}

fn succeeded(fixture: &Fixture, plan: &Identifier, inputs: LiteralMap) -> String {
    let execution = fixture.launch(plan, "", inputs);
    let end = fixture.end(&execution);
    assert_eq!(phase(&end), Phase::Succeeded, "{}", error(&end));
    shown(&fixture.outputs(&execution))
}

#[test]
fn nodes_run_in_the_order_of_their_bindings() {
    let fixture = Fixture::new();
    let cross = cross(&fixture);
    let nodes = vec![
        node("n2", &cross, &["text = n1.o"]),
        node("n1", &cross, &["text = n0.o"]),
        node("n0", &cross, &["text = .text"]),
    ];
    let plan = workflow("chain", interface(&["text: str"], &["o: str"]), nodes, &["o = n2.o"]).on(&fixture);
    assert_eq!(succeeded(&fixture, &plan, values(&["text = a"])), r#"o="xxxa""#);
}

/// A span and those below it: `n0[NODE_SETUP NODE_TEARDOWN]`.
fn span_text(span: &Span) -> String {
    let name = match span.id.as_ref().unwrap() {
        span::Id::WorkflowId(_) => "execution".to_owned(),
        span::Id::NodeId(id) => id.node_id.clone(),
        span::Id::TaskId(id) => format!("attempt {}", id.retry_attempt),
        span::Id::OperationId(name) => return name.clone(),
    };
    let below: Vec<_> = span.spans.iter().map(span_text).collect();
    format!("{name}[{}]", below.join(" "))
}

#[test]
fn metrics_divide_an_execution_into_what_it_spent_its_time_on() {
    let fixture = Fixture::new();
    let cross = cross(&fixture);
    let inner = workflow(
        "inner",
        interface(&["text: str"], &["o: str"]),
        vec![node("n0", &cross, &["text = .text"])],
        &["o = n0.o"],
    );
    let nodes = vec![node("n0", &inner.id(), &["text = .text"])];
    let plan = workflow("outer", interface(&["text: str"], &["o: str"]), nodes, &["o = n0.o"]).with(inner);
    let execution = fixture.launch(&plan.on(&fixture), "", values(&["text = a"]));
    fixture.end(&execution);
    let metrics = |depth| {
        let request = WorkflowExecutionGetMetricsRequest { id: Some(execution.clone()), depth };
        span_text(&fixture.call(fixture.client.get_execution_metrics(&request)).unwrap().span.unwrap())
    };
    assert_eq!(metrics(0), "execution[]");
    assert_eq!(metrics(1), "execution[WORKFLOW_SETUP n0[NODE_TRANSITION] WORKFLOW_TEARDOWN]");
    assert_eq!(
        metrics(-1),
        "execution[WORKFLOW_SETUP n0[NODE_TRANSITION NODE_SETUP n0-0-n0[NODE_TRANSITION NODE_SETUP \
         attempt 0[TASK_SETUP TASK_RUNTIME TASK_TEARDOWN] NODE_TEARDOWN] NODE_TEARDOWN] WORKFLOW_TEARDOWN]"
    );
}

#[test]
fn an_output_is_taken_by_its_alias() {
    let fixture = Fixture::new();
    let cross = cross(&fixture);
    let mut first = node("n0", &cross, &["text = .text"]);
    first.output_aliases = vec![Alias { var: "o".to_owned(), alias: "crossed".to_owned() }];
    let nodes = vec![first, node("n1", &cross, &["text = n0.crossed"])];
    let plan = workflow("alias", interface(&["text: str"], &["o: str"]), nodes, &["o = n1.o"]).on(&fixture);
    assert_eq!(succeeded(&fixture, &plan, values(&["text = a"])), r#"o="xxa""#);
}

#[test]
fn bindings_gather_and_take_apart() {
    let fixture = Fixture::new();
    let cross = cross(&fixture);
    let data = |text: &str| binding(text).binding.unwrap();
    let list = BindingDataCollection { bindings: vec![data("_ = n0.o"), data("_ = b")] };
    let map = BindingDataMap {
        bindings: [(
            "k".to_owned(),
            BindingData { value: Some(binding_data::Value::Collection(list)), union: None },
        )]
        .into(),
    };
    let inner = workflow(
        "take",
        interface(&["m: dict[str, list[str]]"], &["o: str"]),
        vec![node("n0", &cross, &["text = .m.k.0"])],
        &["o = n0.o"],
    );
    let mut taker = node("n1", &inner.id(), &[]);
    taker.inputs.push(bound("m", binding_data::Value::Map(map)));
    let plan = workflow(
        "gather",
        interface(&[], &["o: str"]),
        vec![node("n0", &cross, &["text = a"]), taker],
        &["o = n1.o"],
    )
    .with(inner)
    .on(&fixture);
    assert_eq!(succeeded(&fixture, &plan, values(&[])), r#"o="xxa""#);
}

#[test]
fn a_sub_workflow_is_a_node_with_nodes_below() {
    let fixture = Fixture::new();
    let cross = cross(&fixture);
    let inner = workflow(
        "inner",
        interface(&["text: str"], &["o: str"]),
        vec![node("n0", &cross, &["text = .text"]), node("n1", &cross, &["text = n0.o"])],
        &["o = n1.o"],
    );
    let outer = vec![node("n0", &inner.id(), &["text = .text"]), node("n1", &cross, &["text = n0.o"])];
    let plan = workflow("outer", interface(&["text: str"], &["o: str"]), outer, &["o = n1.o"]);
    let plan = plan.with(inner).on(&fixture);

    let execution = fixture.launch(&plan, "one", values(&["text = a"]));

    let end = fixture.end(&execution);
    assert_eq!(phase(&end), Phase::Succeeded, "{}", error(&end));
    assert_eq!(shown(&fixture.outputs(&execution)), r#"o="xxxa""#);
    assert_eq!(
        fixture.nodes(&execution),
        ["n0 SUCCEEDED", "n0-0-n0 SUCCEEDED", "n0-0-n1 SUCCEEDED", "n1 SUCCEEDED"]
    );
}

#[test]
fn a_launch_plan_node_starts_an_execution_of_its_own() {
    use flyte_client::proto::admin::node_execution_closure::TargetMetadata;
    let fixture = Fixture::new();
    let cross = cross(&fixture);
    let inner = vec![node("n0", &cross, &["text = .text"])];
    let inner = workflow("inner", interface(&["text: str"], &["o: str"]), inner, &["o = n0.o"]).on(&fixture);
    let outer = vec![node("n0", &inner, &["text = .text"]), node("n1", &cross, &["text = n0.o"])];
    let plan = workflow("outer", interface(&["text: str"], &["o: str"]), outer, &["o = n1.o"]).on(&fixture);

    let execution = fixture.launch(&plan, "one", values(&["text = a"]));

    let end = fixture.end(&execution);
    assert_eq!(phase(&end), Phase::Succeeded, "{}", error(&end));
    assert_eq!(shown(&fixture.outputs(&execution)), r#"o="xxa""#);
    let node = fixture.node_executions(&execution, "").into_iter().nth(1).unwrap();
    let Some(TargetMetadata::WorkflowNodeMetadata(metadata)) = node.closure.unwrap().target_metadata else {
        panic!()
    };
    let child = fixture.execution(&metadata.execution_id.unwrap());
    assert_eq!(child.spec.unwrap().metadata.unwrap().parent_node_execution, node.id);
}

/// Three workflows: each but the last has only a launch plan node, for the next.
fn three_levels(fixture: &Fixture, task: &Identifier, inputs: &[&str]) -> Identifier {
    let interface = || interface(&["text: str"], &["o: str"]);
    let nodes = vec![node("n0", task, inputs)];
    let last = workflow("last", interface(), nodes, &["o = n0.o"]).on(fixture);
    let nodes = vec![node("n0", &last, &["text = .text"])];
    let middle = workflow("middle", interface(), nodes, &["o = n0.o"]).on(fixture);
    let nodes = vec![node("n0", &middle, &["text = .text"])];
    workflow("first", interface(), nodes, &["o = n0.o"]).on(fixture)
}

#[test]
fn launch_plan_nodes_three_levels_deep_end() {
    let fixture = Fixture::new();
    let plan = three_levels(&fixture, &cross(&fixture), &["text = .text"]);
    assert_eq!(succeeded(&fixture, &plan, values(&["text = a"])), r#"o="xa""#);
}

#[test]
fn a_failure_three_levels_deep_reaches_the_first() {
    let fixture = Fixture::new();
    let plan = three_levels(&fixture, &fails(&fixture), &[]);
    let execution = fixture.launch(&plan, "", values(&["text = a"]));
    let end = fixture.end(&execution);
    assert_eq!(phase(&end), Phase::Failed);
    assert!(error(&end).ends_with("`sh` ended with exit code 7"), "{}", error(&end));
}

#[test]
fn nodes_two_levels_deep_know_their_parents() {
    let fixture = Fixture::new();
    let cross = cross(&fixture);
    let interface = || interface(&["text: str"], &["o: str"]);
    let plan = vec![node("n0", &cross, &["text = .text"])];
    let plan = workflow("plan", interface(), plan, &["o = n0.o"]).on(&fixture);
    let inner = vec![node("n0", &cross, &["text = .text"]), node("n1", &plan, &["text = n0.o"])];
    let inner = workflow("inner", interface(), inner, &["o = n1.o"]);
    let middle = vec![node("n0", &inner.id(), &["text = .text"])];
    let middle = workflow("middle", interface(), middle, &["o = n0.o"]);
    let outer = vec![node("n0", &middle.id(), &["text = .text"])];
    let outer = workflow("outer", interface(), outer, &["o = n0.o"]).with(middle).with(inner).on(&fixture);
    let execution = fixture.launch(&outer, "", values(&["text = a"]));
    let end = fixture.end(&execution);
    assert_eq!(phase(&end), Phase::Succeeded, "{}", error(&end));
    let below = |parent: &str| {
        let nodes = fixture.node_executions(&execution, parent).into_iter();
        let ids = nodes.map(|node| node.id.unwrap().node_id);
        ids.filter(|id| !id.ends_with("start-node") && !id.ends_with("end-node")).collect::<Vec<_>>()
    };
    assert_eq!(below(""), ["n0"]);
    assert_eq!(below("n0"), ["n0-0-n0"]);
    assert_eq!(below("n0-0-n0"), ["n0-0-n0-0-n0", "n0-0-n0-0-n1"]);
}

#[test]
fn a_failure_ends_the_other_nodes_at_once() {
    let fixture = Fixture::new();
    let fails = fails(&fixture);
    let slow = task("slow", interface(&[], &["o: str"]), "sleep 1000").on(&fixture);
    let nodes = vec![node("n0", &slow, &[]), node("n1", &fails, &[]), node("n2", &slow, &["o = n1.o"])];
    let mut nodes = nodes;
    nodes[2].inputs.clear();
    nodes[2].upstream_node_ids = vec!["n1".to_owned()];
    let plan = workflow("quick", interface(&[], &[]), nodes, &[]).on(&fixture);

    let execution = fixture.launch(&plan, "one", values(&[]));

    assert_eq!(phase(&fixture.end(&execution)), Phase::Failed);
    assert_eq!(fixture.nodes(&execution), ["n0 ABORTED", "n1 FAILED"]);
}

#[test]
fn with_fail_after_executable_nodes_complete_independent_nodes_run() {
    let fixture = Fixture::new();
    let (cross, fails) = (cross(&fixture), fails(&fixture));
    let nodes = vec![
        node("n0", &fails, &[]),
        node("n1", &cross, &["text = a"]),
        node("n2", &cross, &["text = n1.o"]),
        node("n3", &cross, &["text = n0.o"]),
    ];
    let mut workflow = workflow("thorough", interface(&[], &[]), nodes, &[]);
    workflow.template.metadata.get_or_insert_default().on_failure =
        OnFailurePolicy::FailAfterExecutableNodesComplete.into();
    let plan = workflow.on(&fixture);

    let execution = fixture.launch(&plan, "one", values(&[]));

    assert_eq!(phase(&fixture.end(&execution)), Phase::Failed);
    let mut nodes = fixture.nodes(&execution);
    nodes.sort();
    assert_eq!(nodes, ["n0 FAILED", "n1 SUCCEEDED", "n2 SUCCEEDED", "n3 SKIPPED"]);
}

#[test]
fn a_recovered_execution_reuses_succeeded_nodes() {
    let fixture = Fixture::new();
    let marker = fixture.path().join("repaired");
    let script = format!("test -e '{}' && cat /var/inputs/text > /var/outputs/o", marker.display());
    let fragile = task("fragile", interface(&["text: str"], &["o: str"]), &script).on(&fixture);
    let cross = cross(&fixture);
    let nodes = vec![node("n0", &cross, &["text = a"]), node("n1", &fragile, &["text = n0.o"])];
    let plan = workflow("fragile", interface(&[], &["o: str"]), nodes, &["o = n1.o"]).on(&fixture);
    let broken = fixture.launch(&plan, "broken", values(&[]));
    assert_eq!(phase(&fixture.end(&broken)), Phase::Failed);
    std::fs::write(&marker, "").unwrap();

    let request =
        ExecutionRecoverRequest { id: Some(broken), name: "repaired".to_owned(), ..Default::default() };
    let repaired = fixture.call(fixture.client.recover_execution(&request)).unwrap().id.unwrap();

    let end = fixture.end(&repaired);
    assert_eq!(phase(&end), Phase::Succeeded, "{}", error(&end));
    assert_eq!(fixture.nodes(&repaired), ["n0 RECOVERED", "n1 SUCCEEDED"]);
    assert_eq!(shown(&fixture.outputs(&repaired)), r#"o="xa""#);
}

#[test]
fn a_failure_node_gets_the_error_and_does_not_change_the_outcome() {
    let fixture = Fixture::new();
    let copy = fixture.path().join("copy");
    let fails = fails(&fixture);
    let script = format!("cp /var/inputs/name '{}'", copy.display());
    let cleans = task("cleans", interface(&["name: str"], &[]), &script).on(&fixture);
    let mut workflow =
        workflow("careful", interface(&["name: str"], &[]), vec![node("n0", &fails, &[])], &[]);
    workflow.template.failure_node = Some(node("fn0", &cleans, &["name = .name"]));
    let plan = workflow.on(&fixture);

    let execution = fixture.launch(&plan, "one", values(&["name = a"]));

    let end = fixture.end(&execution);
    assert_eq!(phase(&end), Phase::Failed);
    assert_eq!(std::fs::read_to_string(copy).unwrap(), "a");
    let mut nodes = fixture.nodes(&execution);
    nodes.sort();
    assert_eq!(nodes, ["fn0 SUCCEEDED", "n0 FAILED"]);
}

#[test]
fn no_more_nodes_run_at_once_than_the_execution_allows() {
    let fixture = Fixture::new();
    // Fails if another one is running.
    let lock = fixture.path().join("lock");
    let script = format!("mkdir '{0}' && sleep 0.02 && rmdir '{0}'", lock.display());
    let alone = task("alone", interface(&[], &[]), &script).on(&fixture);
    let nodes = (0..5).map(|index| node(&format!("n{index}"), &alone, &[])).collect();
    let plan = workflow("alone", interface(&[], &[]), nodes, &[]).on(&fixture);
    let spec = ExecutionSpec { max_parallelism: 1, ..Default::default() };
    let end = fixture.end(&fixture.launch_with(&plan, "one", values(&[]), spec));
    assert_eq!(phase(&end), Phase::Succeeded, "{}", error(&end));
}

#[test]
fn a_workflow_itself_cannot_be_launched() {
    use flyte_client::proto::admin::ExecutionCreateRequest;
    let fixture = Fixture::new();
    let spec = ExecutionSpec { launch_plan: Some(id(ResourceType::Workflow, "w")), ..Default::default() };
    let request = ExecutionCreateRequest {
        project: "flytesnacks".to_owned(),
        domain: "development".to_owned(),
        spec: Some(spec),
        ..Default::default()
    };
    let status = fixture.call(fixture.client.create_execution(&request)).unwrap_err();
    assert_eq!(
        (status.code.name(), status.message.as_str()),
        (
            "INVALID_ARGUMENT",
            "Invalid reference entity resource type [WORKFLOW], only [map[TASK:<nil> LAUNCH_PLAN:<nil>]] allowed"
        )
    );
}
