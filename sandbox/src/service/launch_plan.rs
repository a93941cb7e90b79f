//! Launch plans.

mod inputs;
mod schedule;

use flyte_client::{
    Code, Status,
    proto::{
        admin::{
            self, LaunchPlan, LaunchPlanClosure, LaunchPlanList, LaunchPlanState, NamedEntityIdentifierList,
        },
        core::{Identifier, ResourceType},
    },
};

use super::{difference, labels, notifications, project, task, workflow};
use crate::{
    Sandbox, identity,
    list::{Column, Join, Listing, Table},
    service_error::{ServiceError, filled, invalid, not_found, required},
    store::{launch_plan as table, schedule as schedules, time, workflow as workflows},
};

/// Launch plans, for lists.
pub(crate) static TABLE: Table = Table {
    entity: "launch_plan",
    name: "launch_plans",
    from: "launch_plans",
    columns: &[
        Column::text("project"),
        Column::text("domain"),
        Column::text("name"),
        Column::text("version"),
        Column::bytes("spec"),
        Column::integer("workflow_id"),
        Column::bytes("closure"),
        Column::integer("state"),
        Column::bytes("digest"),
        Column::text("schedule_type"),
        Column::text("launch_condition_type"),
    ],
    joins: &[Join { table: &workflow::TABLE, on: "workflows.id = launch_plans.workflow_id" }],
};

pub(crate) fn create(
    sandbox: &Sandbox,
    request: admin::LaunchPlanCreateRequest,
) -> Result<admin::LaunchPlanCreateResponse, ServiceError> {
    let id = identity::require_kind(request.id, ResourceType::LaunchPlan)?;
    sandbox.store.write(|transaction| {
        project::check_active(transaction, &id.project, &id.domain)?;
        let mut spec = required(request.spec, "spec")?;
        let workflow = identity::require_kind(spec.workflow_id.clone(), ResourceType::Workflow)?;
        let (row, interface) = workflows::interface(transaction, &workflow)?.ok_or_else(|| {
            not_found("WORKFLOW", identity::IdentifierText(&identity::without_kind(&workflow)))
        })?;
        labels::validate(spec.labels.as_ref())?;
        let metadata = spec.entity_metadata.as_ref();
        let expected = inputs::expected(&spec, interface.inputs.as_ref())?;
        schedule::validate(metadata.and_then(|metadata| metadata.schedule.as_ref()), &expected)?;
        notifications::validate(metadata.map_or(&[], |metadata| &metadata.notifications))?;
        if metadata.is_some_and(|metadata| metadata.launch_conditions.is_some()) {
            return Err(invalid("Launch condition must be empty"));
        }
        spec.default_inputs = Some(expected.clone());
        let digest = difference::digest(&spec);
        if let Some(present) = table::digest(transaction, &id)? {
            if present == digest {
                return Err(ServiceError::from(difference::identical("launch plan")));
            }
            let old = table::find(transaction, &id)?.and_then(|old| old.spec).unwrap_or_default();
            return Err(difference::different("launch plan", &id.name, &old, &spec).into());
        }
        let now = time::message_from_text(&time::now_text());
        let closure = LaunchPlanClosure {
            state: LaunchPlanState::Inactive.into(),
            expected_inputs: Some(expected),
            expected_outputs: Some(interface.outputs.unwrap_or_default()),
            created_at: now,
            updated_at: now,
        };
        Ok(table::insert(transaction, &id, &spec, &closure, &digest, Some(row))?)
    })?;
    Ok(admin::LaunchPlanCreateResponse {})
}

/// Activates a version, and deactivates the active one; or deactivates a version.
pub(crate) fn update(
    sandbox: &Sandbox,
    request: admin::LaunchPlanUpdateRequest,
) -> Result<admin::LaunchPlanUpdateResponse, ServiceError> {
    let id = match request.id {
        Some(id) if id.resource_type() != ResourceType::Unspecified => {
            identity::require_kind(Some(id), ResourceType::LaunchPlan)?
        }
        id => identity::require_complete(id, ResourceType::LaunchPlan)?,
    };
    let state = LaunchPlanState::try_from(request.state).map_err(|_| {
        invalid(format!(
            "unrecognized launch plan state {} for update for launch plan [{}]",
            request.state,
            identity::IdentifierText(&id)
        ))
    })?;
    sandbox.store.write(|transaction| {
        if !table::set_state(transaction, &id, state)? {
            return Err(missing(&id));
        }
        schedules::stop_inactive(transaction, &id)?;
        let plan = table::find(transaction, &id)?.and_then(|plan| plan.spec);
        if state == LaunchPlanState::Active && schedule::starts(plan.as_ref())? {
            schedules::start(transaction, &id, sandbox.clock.now())?;
        }
        Ok(())
    })?;
    sandbox.schedules_changed.notify_one();
    Ok(admin::LaunchPlanUpdateResponse {})
}

pub(crate) fn get(sandbox: &Sandbox, request: admin::ObjectGetRequest) -> Result<LaunchPlan, ServiceError> {
    let id = identity::require_complete(request.id, ResourceType::LaunchPlan)?;
    let plan = sandbox.store.read(|connection| table::find(connection, &id))?;
    plan.ok_or_else(|| missing(&id))
}

pub(crate) fn active(
    sandbox: &Sandbox,
    request: admin::ActiveLaunchPlanRequest,
) -> Result<LaunchPlan, ServiceError> {
    let id = identity::require_name(request.id)?;
    let plan =
        sandbox.store.read(|connection| table::active(connection, &id.project, &id.domain, &id.name))?;
    plan.ok_or_else(|| {
        let text = format!("No active launch plan could be found: {}:{}:{}", id.project, id.domain, id.name);
        Status::new(Code::NotFound, text).into()
    })
}

pub(crate) fn list(
    sandbox: &Sandbox,
    request: admin::ResourceListRequest,
) -> Result<LaunchPlanList, ServiceError> {
    let id = identity::require_scope(&request)?;
    let listing = Listing::new(&TABLE)
        .with("project", id.project)
        .with("domain", id.domain)
        .with("name", id.name)
        .limit(request.limit)?
        .filters(&request.filters)?
        .sorted(request.sort_by.as_ref())?
        .token(&request.token, "ListLaunchPlans")?;
    read_list(sandbox, listing)
}

pub(crate) fn list_active(
    sandbox: &Sandbox,
    request: admin::ActiveLaunchPlanListRequest,
) -> Result<LaunchPlanList, ServiceError> {
    filled(&request.project, "project")?;
    filled(&request.domain, "domain")?;
    let listing = Listing::new(&TABLE)
        .with("project", request.project)
        .with("domain", request.domain)
        .only("launch_plans.state = 1")
        .limit(request.limit)?
        .sorted(request.sort_by.as_ref())?
        .token(&request.token, "ListActiveLaunchPlans")?;
    read_list(sandbox, listing)
}

pub(crate) fn ids(
    sandbox: &Sandbox,
    request: admin::NamedEntityIdentifierListRequest,
) -> Result<NamedEntityIdentifierList, ServiceError> {
    task::names(sandbox, &TABLE, &request, "ListLaunchPlanIds")
}

fn read_list(sandbox: &Sandbox, listing: Listing) -> Result<LaunchPlanList, ServiceError> {
    let page = sandbox.store.read(|connection| listing.rows(connection, table::COLUMNS, table::read))?;
    Ok(LaunchPlanList { launch_plans: page.rows, token: page.token })
}

fn missing(id: &Identifier) -> ServiceError {
    not_found("LAUNCH_PLAN", identity::IdentifierText(&identity::without_kind(id)))
}
