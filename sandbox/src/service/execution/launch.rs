//! Launches executions: for a request, as a repetition of another one, or for a node.

use flyte_client::{
    execution_name,
    proto::{
        admin::{
            self, ExecutionClosure, ExecutionSpec, ExecutionState, ExecutionStateChangeDetails,
            LaunchPlanClosure, LaunchPlanSpec, SystemMetadata, WorkflowExecutionConfig,
            execution_spec::NotificationOverrides,
        },
        core::{
            Identifier, LiteralMap, ResourceType, WorkflowExecutionIdentifier, workflow_execution::Phase,
        },
    },
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{
    config, inputs,
    single_task::{self, LaunchedEntity},
};
use crate::{
    identity,
    service::{labels, notifications, project},
    service_error::{ServiceError, filled, invalid, not_found, required},
    store::{
        self,
        encoded::Encoded,
        execution::{Execution, Links},
        time,
    },
};

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
    let LaunchRequest { project, domain, name, mut spec, inputs: user_inputs, source, parent_node } =
        launch_request;
    let entity = entity(transaction, required(spec.launch_plan.as_ref(), "id")?, now)?;
    let inputs = inputs::all(&user_inputs, &entity.expected, &entity.fixed)?;
    let config = config::effective(transaction, (&project, &domain), &spec, entity.plan.as_ref())?;
    complete(&mut spec, &config, &project, &domain);
    let notifications = effective_notifications(&spec, entity.plan.as_ref());
    let name = if name.is_empty() { execution_name::generate() } else { name };
    let stamp = Some(time::to_message(now));
    let mut execution = Execution {
        row: 0,
        id: WorkflowExecutionIdentifier { project, domain, name, org: String::new() },
        spec,
        config,
        closure: ExecutionClosure {
            phase: Phase::Undefined.into(),
            created_at: stamp,
            updated_at: stamp,
            workflow_id: Some(entity.workflow_id),
            notifications,
            state_change_details: Some(ExecutionStateChangeDetails {
                state: ExecutionState::ExecutionActive.into(),
                occurred_at: stamp,
                principal: String::new(),
            }),
            ..ExecutionClosure::default()
        },
        inputs,
        user_inputs,
        outputs: None,
        links: Links { source, parent_node, ..entity.links },
    };
    if store::execution::find(transaction, &execution.id)?.is_some() {
        return Err(project::taken("executions_pkey"));
    }
    execution.row = store::execution::insert(transaction, &execution, now)?;
    Ok(execution)
}

/// Checks a request in FlyteAdmin's order (`ValidateExecutionRequest`), up to what it launches.
pub(super) fn validate(
    connection: &Connection,
    request: &admin::ExecutionCreateRequest,
) -> Result<(), ServiceError> {
    filled(&request.project, "project")?;
    filled(&request.domain, "domain")?;
    if !request.name.is_empty() {
        check_name(&request.name)?;
    }
    project::check_active(connection, &request.project, &request.domain)?;
    let spec = required(request.spec.as_ref(), "spec")?;
    let id = required(spec.launch_plan.as_ref(), "id")?;
    identity::check_complete(id)?;
    if !matches!(id.resource_type(), ResourceType::Task | ResourceType::LaunchPlan) {
        return Err(wrong_entity(id.resource_type()));
    }
    inputs::check_present(request.inputs.as_ref())?;
    notifications::validate(recipients(spec))?;
    labels::validate(spec.labels.as_ref())
}

fn recipients(spec: &ExecutionSpec) -> &[admin::Notification] {
    match &spec.notification_overrides {
        Some(NotificationOverrides::Notifications(list)) => &list.notifications,
        _ => &[],
    }
}

/// The notifications of an execution: its own, or else those of its launch plan.
fn effective_notifications(spec: &ExecutionSpec, plan: Option<&LaunchPlanSpec>) -> Vec<admin::Notification> {
    match &spec.notification_overrides {
        Some(NotificationOverrides::Notifications(list)) => list.notifications.clone(),
        Some(NotificationOverrides::DisableAll(true)) => Vec::new(),
        _ => {
            let metadata = plan.and_then(|plan| plan.entity_metadata.as_ref());
            metadata.map(|metadata| metadata.notifications.clone()).unwrap_or_default()
        }
    }
}

fn wrong_entity(kind: ResourceType) -> ServiceError {
    invalid(format!(
        "Invalid reference entity resource type [{}], only [map[TASK:<nil> LAUNCH_PLAN:<nil>]] allowed",
        kind.as_str_name()
    ))
}

/// The entity of an identifier.
fn entity(connection: &Connection, id: &Identifier, now: Timestamp) -> Result<LaunchedEntity, ServiceError> {
    match id.resource_type() {
        ResourceType::Task => single_task::entity(connection, id, now),
        ResourceType::LaunchPlan => plan(connection, id),
        other => Err(wrong_entity(other)),
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

/// Fills in what FlyteAdmin fills in. The other settings are not seen in the spec.
fn complete(spec: &mut ExecutionSpec, config: &WorkflowExecutionConfig, project: &str, domain: &str) {
    // FlyteAdmin stores no parallelism for an execution of a single task.
    if spec.launch_plan.as_ref().is_some_and(|id| id.resource_type() == ResourceType::LaunchPlan) {
        spec.max_parallelism = config.max_parallelism;
    }
    spec.security_context.clone_from(&config.security_context);
    let metadata = spec.metadata.get_or_insert_default();
    // The sandbox has no user names.
    metadata.principal.clear();
    metadata.system_metadata = Some(SystemMetadata {
        execution_cluster: "sandbox".to_owned(),
        namespace: format!("{project}-{domain}"),
    });
}

/// The name of a request.
fn check_name(name: &str) -> Result<(), ServiceError> {
    let lower = name.to_lowercase();
    if lower.len() > LONGEST_NAME {
        return Err(invalid(format!("size of name exceeded length {LONGEST_NAME} : {lower}")));
    }
    let is_name = lower.starts_with(|first: char| first.is_ascii_lowercase())
        && lower.chars().all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '-'));
    if is_name {
        return Ok(());
    }
    Err(invalid(format!("invalid name format: {lower}, does not match regex '^[a-z][a-z\\-0-9]*$'")))
}
