//! A single task runs as a workflow of one node, which is created at its first launch.

use flyte_client::proto::{
    admin::{LaunchPlanClosure, LaunchPlanSpec, NamedEntityState, TaskClosure, WorkflowClosure},
    core::{
        Binding, BindingData, CompiledTask, CompiledWorkflow, CompiledWorkflowClosure, ConnectionSet,
        Identifier, LiteralMap, Node, NodeMetadata, OutputReference, Parameter, ParameterMap, ResourceType,
        TaskNode, TaskTemplate, TypedInterface, VariableMap, WorkflowTemplate, binding_data,
        connection_set::IdList, node, parameter::Behavior, task_node,
    },
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    compile::{END, START},
    identity,
    service::difference,
    service_error::{ServiceError, not_found},
    store::{encoded::Encoded, execution::Links, time},
};

/// The prefix of generated workflow names.
const PREFIX: &str = ".flytegen.";

/// The longest id of a node.
const LONGEST_ID: usize = 63;

/// The entity that an execution runs.
pub(super) struct LaunchedEntity {
    pub(super) workflow_id: Identifier,
    pub(super) expected: ParameterMap,
    pub(super) fixed: LiteralMap,
    /// The launch plan's settings of its executions.
    pub(super) plan: Option<LaunchPlanSpec>,
    pub(super) links: Links,
}

/// The workflow and launch plan of a task.
pub(super) fn entity(
    connection: &Connection,
    id: &Identifier,
    now: Timestamp,
) -> Result<LaunchedEntity, ServiceError> {
    let found = connection
        .prepare_cached(
            "SELECT id, closure FROM tasks WHERE project = ? AND domain = ? AND name = ? AND version = ?",
        )?
        .query_row(params![id.project, id.domain, id.name, id.version], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Encoded<TaskClosure>>(1)?.0))
        })
        .optional()?;
    let (row, closure) =
        found.ok_or_else(|| not_found("TASK", identity::IdentifierText(&identity::without_kind(id))))?;
    let task = closure.compiled_task.and_then(|task| task.template).unwrap_or_default();
    let inputs = task.interface.as_ref().and_then(|interface| interface.inputs.clone()).unwrap_or_default();
    let workflow_id = Identifier {
        resource_type: ResourceType::Workflow.into(),
        name: format!("{PREFIX}{}", id.name),
        ..id.clone()
    };
    let (workflow, plan) = match find(connection, &workflow_id)? {
        Some(rows) => rows,
        None => insert(connection, &workflow_id, &task, now)?,
    };
    Ok(LaunchedEntity {
        workflow_id,
        expected: required(&inputs),
        fixed: LiteralMap::default(),
        plan: None,
        links: Links {
            launch_plan: Some(plan),
            workflow: Some(workflow),
            task: Some(row),
            ..Links::default()
        },
    })
}

fn find(connection: &Connection, id: &Identifier) -> Result<Option<(i64, i64)>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT workflows.id, launch_plans.id FROM workflows \
             JOIN launch_plans USING (project, domain, name, version) \
             WHERE project = ? AND domain = ? AND name = ? AND version = ?",
        )?
        .query_row(params![id.project, id.domain, id.name, id.version], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

fn insert(
    connection: &Connection,
    id: &Identifier,
    task: &TaskTemplate,
    now: Timestamp,
) -> Result<(i64, i64), rusqlite::Error> {
    let stamp = Some(time::to_message(now));
    let now = time::to_text(now);
    let interface = task.interface.clone().unwrap_or_default();
    let compiled = compiled(id, task);
    let digest = difference::digest(&compiled);
    let closure = WorkflowClosure { compiled_workflow: Some(compiled), created_at: stamp };
    let workflow = connection
        .prepare_cached(
            "INSERT INTO workflows (project, domain, name, version, typed_interface, closure, digest, \
             created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
        )?
        .insert(params![
            id.project,
            id.domain,
            id.name,
            id.version,
            Encoded(&interface),
            Encoded(&closure),
            digest,
            now
        ])?;
    // As in FlyteAdmin, generated plans have the task's name where a workflow is expected.
    let task_name = id.name.strip_prefix(PREFIX).unwrap_or(&id.name);
    let expected = required(&interface.inputs.unwrap_or_default());
    let spec = LaunchPlanSpec {
        workflow_id: Some(Identifier { name: task_name.to_owned(), ..id.clone() }),
        default_inputs: Some(expected.clone()),
        fixed_inputs: Some(LiteralMap::default()),
        ..LaunchPlanSpec::default()
    };
    let closure = LaunchPlanClosure {
        expected_inputs: Some(expected),
        expected_outputs: interface.outputs,
        created_at: stamp,
        updated_at: stamp,
        ..LaunchPlanClosure::default()
    };
    let plan = connection
        .prepare_cached(
            "INSERT INTO launch_plans (project, domain, name, version, spec, workflow_id, closure, digest, \
             created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)",
        )?
        .insert(params![
            id.project,
            id.domain,
            id.name,
            id.version,
            Encoded(&spec),
            workflow,
            Encoded(&closure),
            difference::digest(&spec),
            now
        ])?;
    for kind in [ResourceType::Workflow, ResourceType::LaunchPlan] {
        connection
            .prepare_cached(
                "INSERT INTO named_entity_metadata (resource_type, project, domain, name, state, created_at, \
                 updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                i32::from(kind),
                id.project,
                id.domain,
                id.name,
                i32::from(NamedEntityState::SystemGenerated),
                now
            ])?;
    }
    Ok((workflow, plan))
}

/// The workflow of one node.
fn compiled(id: &Identifier, task: &TaskTemplate) -> CompiledWorkflowClosure {
    let interface = task.interface.clone().unwrap_or_default();
    let task_id = task.id.clone().unwrap_or_default();
    let node_id = node_id(&task_id.name);
    let promises = |variables: &Option<VariableMap>, from: &str| -> Vec<Binding> {
        let names = variables.iter().flat_map(|map| map.variables.keys());
        names.map(|name| promise(name, from)).collect()
    };
    let outputs = promises(&interface.outputs, &node_id);
    let run = Node {
        id: node_id.clone(),
        metadata: Some(NodeMetadata {
            name: node_id.clone(),
            retries: Some(Default::default()),
            ..NodeMetadata::default()
        }),
        inputs: promises(&interface.inputs, START),
        target: Some(node::Target::TaskNode(TaskNode {
            reference: Some(task_node::Reference::ReferenceId(task_id)),
            overrides: None,
        })),
        ..Node::default()
    };
    let start = Node { id: START.to_owned(), ..Node::default() };
    let end = Node { id: END.to_owned(), inputs: outputs.clone(), ..Node::default() };
    let ids = |name: &str| IdList { ids: vec![name.to_owned()] };
    let template = WorkflowTemplate {
        id: Some(id.clone()),
        interface: Some(TypedInterface { inputs: interface.inputs, outputs: interface.outputs }),
        nodes: vec![start, end, run],
        outputs,
        ..WorkflowTemplate::default()
    };
    let connections = ConnectionSet {
        downstream: [(START.to_owned(), ids(&node_id)), (node_id.clone(), ids(END))].into(),
        upstream: [(END.to_owned(), ids(&node_id)), (node_id.clone(), ids(START))].into(),
    };
    CompiledWorkflowClosure {
        primary: Some(CompiledWorkflow { template: Some(template), connections: Some(connections) }),
        tasks: vec![CompiledTask { template: Some(task.clone()) }],
        ..CompiledWorkflowClosure::default()
    }
}

/// The id of the node: the end of the task's name, without characters that ids cannot have.
fn node_id(task: &str) -> String {
    let letters: Vec<char> = task.chars().collect();
    let end = &letters[letters.len().saturating_sub(LONGEST_ID)..];
    end.iter().filter(|letter| letter.is_ascii_alphanumeric() || **letter == '-').collect()
}

fn promise(name: &str, from: &str) -> Binding {
    let reference = OutputReference { node_id: from.to_owned(), var: name.to_owned(), attr_path: Vec::new() };
    let data = BindingData { value: Some(binding_data::Value::Promise(reference)), union: None };
    Binding { var: name.to_owned(), binding: Some(data) }
}

fn required(variables: &VariableMap) -> ParameterMap {
    let parameter = |variable: &flyte_client::proto::core::Variable| Parameter {
        var: Some(variable.clone()),
        behavior: Some(Behavior::Required(true)),
    };
    let parameters = variables.variables.iter().map(|(name, variable)| (name.clone(), parameter(variable)));
    ParameterMap { parameters: parameters.collect() }
}
