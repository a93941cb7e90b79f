//! The table of launch plans.

use flyte_client::proto::{
    admin::{LaunchPlan, LaunchPlanClosure, LaunchPlanSpec, LaunchPlanState, schedule::ScheduleExpression},
    core::{Identifier, ResourceType},
};
use prost::Message;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{encoded::Encoded, time};

/// The columns that [`read`] reads.
pub(crate) const COLUMNS: &str = "launch_plans.project, launch_plans.domain, launch_plans.name, launch_plans.version, \
     launch_plans.spec, launch_plans.closure, launch_plans.state, launch_plans.updated_at";

/// Reads a row of [`COLUMNS`]. The state is that of the row.
pub(crate) fn read(row: &Row<'_>) -> Result<LaunchPlan, rusqlite::Error> {
    let mut closure = row.get::<_, Encoded<LaunchPlanClosure>>(5)?.0;
    closure.state = row.get(6)?;
    closure.updated_at = time::message_from_text(row.get_ref(7)?.as_str()?);
    Ok(LaunchPlan {
        id: Some(super::identifier(row, ResourceType::LaunchPlan)?),
        spec: Some(row.get::<_, Encoded<LaunchPlanSpec>>(4)?.0),
        closure: Some(closure),
    })
}

/// A launch plan.
pub(crate) fn find(connection: &Connection, id: &Identifier) -> Result<Option<LaunchPlan>, rusqlite::Error> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM launch_plans WHERE project = ? AND domain = ? AND name = ? AND version = ?"
        ))?
        .query_row([&id.project, &id.domain, &id.name, &id.version], read)
        .optional()
}

/// The active version of a name.
pub(crate) fn active(
    connection: &Connection,
    project: &str,
    domain: &str,
    name: &str,
) -> Result<Option<LaunchPlan>, rusqlite::Error> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM launch_plans WHERE project = ? AND domain = ? AND name = ? AND state = 1"
        ))?
        .query_row([project, domain, name], read)
        .optional()
}

/// The digest of a launch plan's structure.
pub(crate) fn digest(connection: &Connection, id: &Identifier) -> Result<Option<Vec<u8>>, rusqlite::Error> {
    super::digest(
        connection,
        "SELECT digest FROM launch_plans WHERE project = ? AND domain = ? AND name = ? AND version = ?",
        id,
    )
}

/// Inserts a new launch plan. `workflow` is the row of its workflow.
pub(crate) fn insert(
    connection: &Connection,
    id: &Identifier,
    spec: &LaunchPlanSpec,
    closure: &LaunchPlanClosure,
    digest: &[u8],
    workflow: Option<i64>,
) -> Result<(), rusqlite::Error> {
    let schedule = spec.entity_metadata.as_ref().and_then(|metadata| metadata.schedule.as_ref());
    let schedule = match schedule.and_then(|schedule| schedule.schedule_expression.as_ref()) {
        None => "NONE",
        Some(ScheduleExpression::Rate(_)) => "RATE",
        Some(_) => "CRON",
    };
    let condition = if schedule == "NONE" { None } else { Some("SCHED") };
    connection
        .prepare_cached(
            "INSERT INTO launch_plans
                 (project, domain, name, version, spec, workflow_id, closure, state, digest, schedule_type,
                  launch_condition_type, created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?12, ?12)",
        )?
        .execute(params![
            id.project,
            id.domain,
            id.name,
            id.version,
            spec.encode_to_vec(),
            workflow,
            closure.encode_to_vec(),
            closure.state,
            digest,
            schedule,
            condition,
            time::now_text(),
        ])?;
    Ok(())
}

/// Sets the state of one version; `false` if it does not exist. At most one version of a name is active.
pub(crate) fn set_state(
    connection: &Connection,
    id: &Identifier,
    state: LaunchPlanState,
) -> Result<bool, rusqlite::Error> {
    let now = time::now_text();
    if state == LaunchPlanState::Active {
        connection
            .prepare_cached(
                "UPDATE launch_plans SET state = 0, updated_at = ?
                 WHERE project = ? AND domain = ? AND name = ? AND version <> ? AND state = 1",
            )?
            .execute(params![now, id.project, id.domain, id.name, id.version])?;
    }
    let rows = connection
        .prepare_cached(
            "UPDATE launch_plans SET state = ?, updated_at = ?
             WHERE project = ? AND domain = ? AND name = ? AND version = ?",
        )?
        .execute(params![i32::from(state), now, id.project, id.domain, id.name, id.version])?;
    Ok(rows == 1)
}
