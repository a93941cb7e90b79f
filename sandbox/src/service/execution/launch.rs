//! Launches executions: for a request, as a repetition of another one, or for a node.

use flyte_client::{
    Code, Status, execution_name,
    proto::{
        admin::{
            ExecutionClosure, ExecutionSpec, ExecutionState, ExecutionStateChangeDetails, LaunchPlanClosure,
            LaunchPlanSpec, SystemMetadata,
        },
        core::{
            Identifier, LiteralMap, ResourceType, WorkflowExecutionIdentifier, workflow_execution::Phase,
        },
    },
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{
    inputs,
    single_task::{self, LaunchedEntity},
};
use crate::{
    identity,
    service_error::{ServiceError, filled, invalid, not_found, required},
    store::{
        self,
        encoded::Encoded,
        execution::{Execution, Links},
        time,
    },
};

/// How many nodes of an execution run at once by default.
const MAX_PARALLELISM: i32 = 25;

/// The longest name of an execution.
const LONGEST_NAME: usize = 63;

/// The parameters of a new execution.
pub(crate) struct LaunchRequest {
    pub(crate) project: String,
    pub(crate) domain: String,
    /// Empty for a generated name.
    pub(crate) name: String,
    pub(crate) spec: ExecutionSpec,
    pub(crate) inputs: LiteralMap,
    /// The row of the execution that it repeats.
    pub(crate) source: Option<i64>,
    /// The row of the node that starts it.
    pub(crate) parent_node: Option<i64>,
}

/// Stores an execution for the engine to run.
pub(crate) fn launch(
    transaction: &Transaction<'_>,
    launch_request: LaunchRequest,
    now: Timestamp,
) -> Result<Execution, ServiceError> {
    filled(&launch_request.project, "project")?;
    filled(&launch_request.domain, "domain")?;
    let name = if launch_request.name.is_empty() {
        execution_name::generate()
    } else {
        valid_name(&launch_request.name)?
    };
    let mut spec = launch_request.spec;
    let entity_id = required(spec.launch_plan.as_ref(), "launch_plan")?;
    let entity = entity(transaction, entity_id, now)?;
    crate::service::project::check_active(transaction, &launch_request.project, &launch_request.domain)?;
    let inputs = inputs::all(&launch_request.inputs, &entity.expected, &entity.fixed)?;
    complete(&mut spec, entity.plan.as_ref(), &launch_request.project, &launch_request.domain);
    let stamp = Some(time::to_message(now));
    let mut execution = Execution {
        row: 0,
        id: WorkflowExecutionIdentifier {
            project: launch_request.project,
            domain: launch_request.domain,
            name,
            org: String::new(),
        },
        spec,
        closure: ExecutionClosure {
            phase: Phase::Undefined.into(),
            created_at: stamp,
            updated_at: stamp,
            workflow_id: Some(entity.workflow_id),
            state_change_details: Some(ExecutionStateChangeDetails {
                state: ExecutionState::ExecutionActive.into(),
                occurred_at: stamp,
                principal: String::new(),
            }),
            ..ExecutionClosure::default()
        },
        inputs,
        user_inputs: launch_request.inputs,
        outputs: None,
        links: Links {
            source: launch_request.source,
            parent_node: launch_request.parent_node,
            ..entity.links
        },
    };
    if store::execution::find(transaction, &execution.id)?.is_some() {
        let id = &execution.id;
        let key = format!("({}, {}, {})", id.project, id.domain, id.name);
        let text = format!(
            "value with matching already exists (Key (execution_project, execution_domain, \
             execution_name)={key} already exists.)"
        );
        return Err(Status::new(Code::AlreadyExists, text).into());
    }
    execution.row = store::execution::insert(transaction, &execution, now)?;
    Ok(execution)
}

/// The entity of an identifier.
fn entity(connection: &Connection, id: &Identifier, now: Timestamp) -> Result<LaunchedEntity, ServiceError> {
    for (value, field) in
        [(&id.project, "project"), (&id.domain, "domain"), (&id.name, "name"), (&id.version, "version")]
    {
        filled(value, field)?;
    }
    match id.resource_type() {
        ResourceType::Task => single_task::entity(connection, id, now),
        ResourceType::LaunchPlan => plan(connection, id),
        other => Err(invalid(format!(
            "Invalid reference entity resource type [{}], only [map[TASK:<nil> LAUNCH_PLAN:<nil>]] allowed",
            other.as_str_name()
        ))),
    }
}

fn plan(connection: &Connection, id: &Identifier) -> Result<LaunchedEntity, ServiceError> {
    let found = connection
        .prepare_cached(
            "SELECT id, workflow_id, spec, closure FROM launch_plans \
             WHERE project = ? AND domain = ? AND name = ? AND version = ?",
        )?
        .query_row(params![id.project, id.domain, id.name, id.version], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get::<_, Encoded<LaunchPlanSpec>>(2)?.0,
                row.get::<_, Encoded<LaunchPlanClosure>>(3)?.0,
            ))
        })
        .optional()?;
    let (row, workflow, spec, closure) = found
        .ok_or_else(|| not_found("LAUNCH_PLAN", identity::IdentifierText(&identity::without_kind(id))))?;
    Ok(LaunchedEntity {
        workflow_id: spec.workflow_id.clone().unwrap_or_default(),
        expected: closure.expected_inputs.unwrap_or_default(),
        fixed: spec.fixed_inputs.clone().unwrap_or_default(),
        plan: Some(spec),
        links: Links { launch_plan: Some(row), workflow, ..Links::default() },
    })
}

/// Fills in the defaults of the launch plan and the server.
fn complete(spec: &mut ExecutionSpec, plan: Option<&LaunchPlanSpec>, project: &str, domain: &str) {
    spec.max_parallelism =
        [spec.max_parallelism, plan.map_or(0, |plan| plan.max_parallelism), MAX_PARALLELISM]
            .into_iter()
            .find(|&limit| limit > 0)
            .unwrap_or(MAX_PARALLELISM);
    let metadata = spec.metadata.get_or_insert_default();
    // The sandbox has no user names.
    metadata.principal.clear();
    metadata.system_metadata = Some(SystemMetadata {
        execution_cluster: "sandbox".to_owned(),
        namespace: format!("{project}-{domain}"),
    });
    let Some(plan) = plan else { return };
    spec.overwrite_cache |= plan.overwrite_cache;
    spec.interruptible = spec.interruptible.or(plan.interruptible);
    spec.envs = spec.envs.take().filter(|envs| !envs.values.is_empty()).or_else(|| plan.envs.clone());
    let labels = spec.labels.get_or_insert_default();
    for (key, value) in plan.labels.iter().flat_map(|labels| &labels.values) {
        labels.values.entry(key.clone()).or_insert_with(|| value.clone());
    }
    let annotations = spec.annotations.get_or_insert_default();
    for (key, value) in plan.annotations.iter().flat_map(|annotations| &annotations.values) {
        annotations.values.entry(key.clone()).or_insert_with(|| value.clone());
    }
    if spec.raw_output_data_config.as_ref().is_none_or(|config| config.output_location_prefix.is_empty()) {
        spec.raw_output_data_config.clone_from(&plan.raw_output_data_config);
    }
    if spec.security_context.is_none() {
        spec.security_context.clone_from(&plan.security_context);
    }
}

/// The name of a request, in lower case.
fn valid_name(name: &str) -> Result<String, ServiceError> {
    let lower = name.to_lowercase();
    if lower.len() > LONGEST_NAME {
        return Err(invalid(format!("name must not exceed {LONGEST_NAME} characters, but got [{name}]")));
    }
    let is_fine = lower.starts_with(|first: char| first.is_ascii_lowercase())
        && lower.chars().all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '-'));
    if !is_fine {
        return Err(invalid(format!("invalid name format: {name}, must match ^[a-z][a-z\\-0-9]*$")));
    }
    Ok(lower)
}
