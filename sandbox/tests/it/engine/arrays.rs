//! Array nodes.

use flyte_client::proto::{
    admin::TaskExecutionClosure,
    core::{
        ArrayNode, Identifier, Literal, LiteralCollection, LiteralMap, Node, Primitive, Scalar,
        array_node::{ParallelismOption, SuccessCriteria},
        literal::Value,
        node::Target,
        primitive, scalar,
        task_execution::Phase as TaskPhase,
        workflow_execution::Phase,
    },
};

use super::{
    build::{Task, interface, literal_of, node, shown, task, values, workflow},
    fixture::{Fixture, error, phase},
};

/// An array over `x`, with `factor` bound, of a task that declares lists as flytekit's do.
fn array(task: &Identifier, change: impl FnOnce(&mut ArrayNode)) -> Node {
    let inputs = ["x = .xs", "factor = .factor"];
    let mut array = ArrayNode {
        node: Some(Box::new(node("element", task, &inputs))),
        is_original_sub_node_interface: Some(false),
        bound_inputs: vec!["factor".to_owned()],
        ..ArrayNode::default()
    };
    change(&mut array);
    let target = Some(Target::ArrayNode(Box::new(array)));
    Node { target, ..node("n0", task, &inputs) }
}

fn mapped(script: &str) -> Task {
    task("mapped", interface(&["x: list[int]", "factor: int"], &["o: list[int]"]), script)
}

/// Launches a workflow of an array, and waits for its end.
fn run(fixture: &Fixture, name: &str, array: Node, xs: &[i64]) -> flyte_client::proto::admin::Execution {
    let workflow = workflow(
        name,
        interface(&["xs: list[int]", "factor: int"], &["o: list[int]"]),
        vec![array],
        &["o = n0.o"],
    );
    let mut inputs = values(&["factor = 10"]);
    inputs.literals.insert("xs".to_owned(), integers(xs));
    fixture.end(&fixture.launch(&workflow.on(fixture), "", inputs))
}

fn integers(numbers: &[i64]) -> Literal {
    let one = |number: &i64| {
        let primitive = Primitive { value: Some(primitive::Value::Integer(*number)) };
        literal_of(Scalar { value: Some(scalar::Value::Primitive(primitive)) })
    };
    let literals = numbers.iter().map(one).collect();
    Literal { value: Some(Value::Collection(LiteralCollection { literals })), ..Literal::default() }
}

fn outputs(fixture: &Fixture, end: &flyte_client::proto::admin::Execution) -> String {
    let shown_outputs: LiteralMap = fixture.outputs(end.id.as_ref().unwrap());
    shown(&shown_outputs)
}

/// `index/try phase` of the elements.
fn elements(fixture: &Fixture, end: &flyte_client::proto::admin::Execution) -> Vec<String> {
    let attempts = fixture.attempts(end.id.as_ref().unwrap(), "n0");
    let closure: TaskExecutionClosure = attempts.into_iter().next().unwrap().closure.unwrap();
    assert_eq!(closure.task_type, "container_array");
    let resources = closure.metadata.unwrap().external_resources;
    resources
        .iter()
        .map(|one| {
            let phase = TaskPhase::try_from(one.phase).unwrap();
            format!("{}/{} {}", one.index, one.retry_attempt, phase.as_str_name())
        })
        .collect()
}

#[test]
fn each_element_is_an_input_of_one_task() {
    let fixture = Fixture::new();
    let script = "echo $(({{.inputs.x}} * {{.inputs.factor}})) > /var/outputs/o";
    let task = mapped(script).on(&fixture);
    let end = run(&fixture, "w1", array(&task, |_| {}), &[1, 2, 3]);
    assert_eq!(phase(&end), Phase::Succeeded, "{}", error(&end));
    assert_eq!(outputs(&fixture, &end), "o=[10,20,30]");
    assert_eq!(elements(&fixture, &end), ["0/0 SUCCEEDED", "1/0 SUCCEEDED", "2/0 SUCCEEDED"]);
    let none = run(&fixture, "w2", array(&task, |_| {}), &[]);
    assert_eq!(outputs(&fixture, &none), "o=[]");
}

#[test]
fn elements_may_fail_as_far_as_the_ratio_allows() {
    let script = "test {{.inputs.x}} != 2 && echo {{.inputs.x}} > /var/outputs/o";
    let ratio = |ratio| {
        move |array: &mut ArrayNode| {
            array.success_criteria = Some(SuccessCriteria::MinSuccessRatio(ratio));
        }
    };
    let fixture = Fixture::new();
    let task = mapped(script).on(&fixture);
    let end = run(&fixture, "w3", array(&task, ratio(0.6)), &[1, 2, 3]);
    assert_eq!(outputs(&fixture, &end), "o=[1,null,3]");
    let end = run(&fixture, "w4", array(&task, ratio(0.9)), &[1, 2, 3]);
    assert_eq!(phase(&end), Phase::Failed);
    assert!(error(&end).contains(": [1]: `sh` ended with exit code 1"), "{}", error(&end));
}

#[test]
fn an_element_is_retried_by_itself_and_one_at_a_time() {
    let fixture = Fixture::new();
    let diary = fixture.path().join("diary");
    let script = format!(
        "echo {{{{.inputs.x}}}} >> '{0}'; test {{{{.inputs.x}}}} = 1 || test $(grep -c 2 '{0}') -ge 2 || kill -9 $$; \
         echo {{{{.inputs.x}}}} > /var/outputs/o",
        diary.display()
    );
    let one = |array: &mut ArrayNode| array.parallelism_option = Some(ParallelismOption::Parallelism(1));
    let end = run(&fixture, "w5", array(&mapped(&script).retries(1).on(&fixture), one), &[1, 2]);
    assert_eq!(phase(&end), Phase::Succeeded, "{}", error(&end));
    assert_eq!(elements(&fixture, &end), ["0/0 SUCCEEDED", "1/0 FAILED", "1/1 SUCCEEDED"]);
    assert_eq!(std::fs::read_to_string(diary).unwrap(), "1\n2\n2\n");
}

#[test]
fn elements_are_cached_each() {
    let fixture = Fixture::new();
    let diary = fixture.path().join("diary");
    let script =
        format!("echo {{{{.inputs.x}}}} >> '{}'; echo {{{{.inputs.x}}}} > /var/outputs/o", diary.display());
    let cached = mapped(&script)
        .metadata(|metadata| {
            metadata.discoverable = true;
            metadata.discovery_version = "1".to_owned();
        })
        .on(&fixture);
    let one = |array: &mut ArrayNode| array.parallelism_option = Some(ParallelismOption::Parallelism(1));
    run(&fixture, "w6", array(&cached, one), &[1, 2]);
    let end = run(&fixture, "w7", array(&cached, one), &[2, 3, 1]);
    assert_eq!(outputs(&fixture, &end), "o=[2,3,1]");
    assert_eq!(std::fs::read_to_string(diary).unwrap(), "1\n2\n3\n");
}
