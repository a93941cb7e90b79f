//! Entities that a real Flyte returned equal those that were registered there.

use std::{collections::BTreeMap, fs, path::PathBuf};

use flyte_client::{
    proto::{
        admin::{Workflow, WorkflowClosure},
        core::{
            Binding, BindingData, BranchNode, CompiledWorkflow, CompiledWorkflowClosure, Node,
            WorkflowTemplate, binding_data, if_else_block, node, parameter,
        },
    },
    register::{self, Entity, Identity},
};
use serde_json::{Value, json};

fn recordings() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/recordings")
}

/// The recorded calls of Flyte's API that were answered.
fn answered() -> Vec<Value> {
    let text = fs::read_to_string(recordings().join("api.jsonl")).unwrap();
    let calls = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    calls.filter(|call| call.get("answer").is_some()).collect()
}

/// All requests of a method that registers, those of the recorded executions included.
fn registered(method: &str) -> Vec<Value> {
    let mut requests: Vec<Value> = answered()
        .into_iter()
        .filter(|call| call["method"] == method)
        .map(|call| call["request"].clone())
        .collect();
    let mut files: Vec<PathBuf> =
        fs::read_dir(recordings().join("executions")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let scenario: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let calls = scenario["register"].as_array().unwrap().iter();
        requests.extend(calls.filter(|call| call["method"] == method).map(|call| call["request"].clone()));
    }
    requests
}

/// Reads a document as `flyte-host register` does.
fn read(document: &Value) -> Vec<Entity> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("entity.json");
    fs::write(&file, document.to_string()).unwrap();
    let entries = register::read(&[file], &Identity::default()).map_err(|error| error.to_string());
    entries
        .unwrap_or_else(|error| panic!("{error} in {document}"))
        .into_iter()
        .map(|entry| entry.entity)
        .collect()
}

/// The last entity of a document: a workflow follows the tasks that come with it.
fn last(document: &Value) -> Entity {
    read(document).pop().unwrap()
}

/// Whether the name of an entity is that of its template. Others are refused by `register`.
fn is_consistent(request: &Value) -> bool {
    let inner = &request["spec"]["template"]["id"];
    let same = |part: &&str| request["id"][*part] == inner[*part];
    inner.is_null() || ["project", "domain", "name", "version"].iter().all(same)
}

/// Pairs of what was registered and what the server answered when it was asked for it.
fn pairs(create: &'static str, get: &'static str) -> Vec<(Value, Value)> {
    let calls = answered();
    let of = |method: &'static str| calls.iter().filter(move |call| call["method"] == method);
    let created: BTreeMap<String, &Value> =
        of(create).map(|call| (call["request"]["id"].to_string(), &call["request"])).collect();
    of(get)
        .filter_map(|call| {
            let request = created.get(&call["request"]["id"].to_string())?;
            is_consistent(request).then_some(())?;
            Some(((*request).clone(), call["answer"].clone()))
        })
        .collect()
}

/// Descriptions are entities of their own: they do not count for whether a version is identical, and a server
/// returns the short text only.
fn undescribed(entity: Entity) -> Entity {
    match entity {
        Entity::Task(mut spec) => {
            spec.description = None;
            Entity::Task(spec)
        }
        Entity::Workflow(mut spec) => {
            spec.description = None;
            Entity::Workflow(spec)
        }
        plan @ Entity::LaunchPlan(_) => plan,
    }
}

#[test]
fn a_workflow_of_a_server_is_the_one_that_was_registered() {
    let pairs = pairs("CreateWorkflow", "GetWorkflow");
    assert_eq!(pairs.len(), 10);
    for (request, answer) in pairs {
        assert_eq!(undescribed(last(&answer)), undescribed(last(&request)), "{}", request["id"]);
    }
}

#[test]
fn a_task_of_a_server_is_the_one_that_was_registered() {
    let pairs = pairs("CreateTask", "GetTask");
    assert_eq!(pairs.len(), 4);
    for (request, answer) in pairs {
        assert_eq!(undescribed(last(&answer)), undescribed(last(&request)), "{}", request["id"]);
    }
}

/// The server adds the workflow's other inputs, which are required; adding them again changes nothing.
#[test]
fn a_launch_plan_of_a_server_is_the_one_that_was_registered() {
    let pairs = pairs("CreateLaunchPlan", "GetLaunchPlan");
    assert_eq!(pairs.len(), 5);
    for (request, answer) in pairs {
        let spec = |document: &Value| match last(document) {
            Entity::LaunchPlan(mut plan) => {
                let spec = plan.spec.as_mut().unwrap();
                let is_open = |behavior: &Option<_>| *behavior == Some(parameter::Behavior::Required(true));
                let inputs = spec.default_inputs.get_or_insert_default();
                inputs.parameters.retain(|_, parameter| !is_open(&parameter.behavior));
                (plan.id, plan.spec)
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(spec(&answer), spec(&request), "{}", request["id"]);
    }
}

/// The recorded executions hold what was registered, not what the server made of it. So the compiler's
/// additions are made here, as the recorded answers of `GetWorkflow` show them.
#[test]
fn every_recorded_workflow_survives_compilation() {
    let requests = registered("CreateWorkflow");
    assert!(requests.len() > 100, "{}", requests.len());
    let mut branches = 0;
    for request in requests {
        if !is_consistent(&request) {
            continue;
        }
        let Entity::Workflow(spec) = last(&request) else { panic!("{request}") };
        branches += request.to_string().matches("branch_node").count();
        let compiled = |template: WorkflowTemplate| CompiledWorkflow {
            template: Some(compile(template)),
            connections: None,
        };
        let closure = CompiledWorkflowClosure {
            primary: Some(compiled(spec.template.clone().unwrap())),
            sub_workflows: spec.sub_workflows.iter().cloned().map(compiled).collect(),
            ..CompiledWorkflowClosure::default()
        };
        let workflow = Workflow {
            id: spec.template.as_ref().unwrap().id.clone(),
            closure: Some(WorkflowClosure { compiled_workflow: Some(closure), created_at: None }),
            ..Workflow::default()
        };
        let again = last(&flyte_client::proto::json::to_json(&workflow).unwrap());
        let Entity::Workflow(mut again) = again else { panic!("{again:?}") };
        again.description.clone_from(&spec.description);
        assert_eq!(again, spec, "{}", request["id"]);
    }
    assert!(branches > 20, "{branches}");
}

fn compile(mut template: WorkflowTemplate) -> WorkflowTemplate {
    let ends = ["start-node", "end-node"].map(|id| Node { id: id.to_owned(), ..Node::default() });
    template.nodes.iter_mut().chain(&mut template.failure_node).for_each(|node| compile_node(node, None));
    template.outputs.iter_mut().for_each(from_start);
    let nodes = std::mem::take(&mut template.nodes);
    template.nodes = ends.into_iter().chain(nodes).collect();
    template
}

fn compile_node(node: &mut Node, around: Option<&str>) {
    if let Some(around) = around {
        node.id = format!("{around}-{}", node.id);
    }
    node.inputs.iter_mut().for_each(from_start);
    let id = node.id.clone();
    match &mut node.target {
        Some(node::Target::BranchNode(branch)) => {
            within(branch).into_iter().for_each(|inner| compile_node(inner, Some(&id)));
        }
        Some(node::Target::ArrayNode(array)) => {
            array.node.iter_mut().for_each(|inner| compile_node(inner, None));
        }
        _ => {}
    }
}

fn within(branch: &mut BranchNode) -> Vec<&mut Node> {
    let block = branch.if_else.as_mut().unwrap();
    let mut nodes: Vec<&mut Node> =
        block.case.iter_mut().filter_map(|case| case.then_node.as_deref_mut()).collect();
    nodes.extend(block.other.iter_mut().filter_map(|case| case.then_node.as_deref_mut()));
    if let Some(if_else_block::Default::ElseNode(inner)) = &mut block.default {
        nodes.push(inner);
    }
    nodes
}

fn from_start(binding: &mut Binding) {
    binding.binding.iter_mut().for_each(data_from_start);
}

fn data_from_start(data: &mut BindingData) {
    match &mut data.value {
        Some(binding_data::Value::Promise(promise)) if promise.node_id.is_empty() => {
            promise.node_id = "start-node".to_owned();
        }
        Some(binding_data::Value::Collection(list)) => list.bindings.iter_mut().for_each(data_from_start),
        Some(binding_data::Value::Map(map)) => map.bindings.values_mut().for_each(data_from_start),
        _ => {}
    }
}

#[test]
fn nested_branches_lose_one_prefix_a_level() {
    let branch = |id: &str, inner: Value| json!({"id": id, "branchNode": {"ifElse": {"case": {"thenNode": inner}, "elseNode": {"id": format!("{id}-n1"), "taskNode": {}}}}});
    let nested = branch("n0", branch("n0-n0", json!({"id": "n0-n0-n0", "taskNode": {}})));
    let document = json!({
        "id": {"name": "w"},
        "closure": {"compiledWorkflow": {"primary": {"template": {"id": {"name": "w"}, "nodes": [nested]}}}}
    });
    let Entity::Workflow(spec) = last(&document) else { panic!("a workflow") };
    let mut ids = Vec::new();
    let mut open: Vec<Node> = spec.template.unwrap().nodes;
    while let Some(mut node) = open.pop() {
        ids.push(node.id.clone());
        if let Some(node::Target::BranchNode(branch)) = &mut node.target {
            open.extend(within(branch).into_iter().map(|inner| inner.clone()));
        }
    }
    ids.sort();
    assert_eq!(ids, ["n0", "n0", "n0", "n1", "n1"]);
}
