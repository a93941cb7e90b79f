//! The table of schedules of active launch plans.

use flyte_client::proto::{
    admin::{LaunchPlanSpec, Schedule},
    core::{Identifier, ResourceType},
};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{encoded::Encoded, time};

/// The schedule of an active launch plan.
pub(crate) struct ActiveSchedule {
    /// The row of the launch plan.
    pub(crate) plan: i64,
    pub(crate) id: Identifier,
    pub(crate) schedule: Schedule,
    /// The last time that it started an execution for, or the time of its activation.
    pub(crate) since: Timestamp,
}

/// Every active schedule, by the rows of the launch plans.
pub(crate) fn list(connection: &Connection) -> Result<Vec<ActiveSchedule>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT launch_plans.project, launch_plans.domain, launch_plans.name, launch_plans.version, \
                 launch_plans.id, launch_plans.spec, schedules.since \
             FROM schedules JOIN launch_plans ON launch_plans.id = schedules.launch_plan_id \
             ORDER BY launch_plans.id",
        )?
        .query_map([], |row| {
            let spec = row.get::<_, Encoded<LaunchPlanSpec>>(5)?.0;
            Ok(ActiveSchedule {
                plan: row.get(4)?,
                id: super::identifier(row, ResourceType::LaunchPlan)?,
                schedule: spec.entity_metadata.and_then(|metadata| metadata.schedule).unwrap_or_default(),
                // Only this program writes it.
                since: row.get_ref(6)?.as_str()?.parse().unwrap_or(Timestamp::MAX),
            })
        })?
        .collect()
}

/// Starts the schedule of a version.
pub(crate) fn start(
    connection: &Connection,
    id: &Identifier,
    since: Timestamp,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO schedules \
             SELECT id, ? FROM launch_plans WHERE project = ? AND domain = ? AND name = ? AND version = ?",
        )?
        .execute(params![time::to_text(since), id.project, id.domain, id.name, id.version])?;
    Ok(())
}

/// Stops the schedules of all versions of a name that are not active.
pub(crate) fn stop_inactive(connection: &Connection, id: &Identifier) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "DELETE FROM schedules WHERE launch_plan_id IN \
                 (SELECT id FROM launch_plans WHERE project = ? AND domain = ? AND name = ? AND state <> 1)",
        )?
        .execute(params![id.project, id.domain, id.name])?;
    Ok(())
}

/// Stores that a schedule has started its execution of a time; `false` if it was stopped.
pub(crate) fn set_since(
    connection: &Connection,
    plan: i64,
    since: Timestamp,
) -> Result<bool, rusqlite::Error> {
    let rows = connection
        .prepare_cached("UPDATE schedules SET since = ? WHERE launch_plan_id = ?")?
        .execute(params![time::to_text(since), plan])?;
    Ok(rows == 1)
}
