//! The table of the elements of array nodes: a row for each try.

use flyte_client::proto::core::{CatalogCacheStatus, ExecutionError, LiteralMap, task_execution::Phase};
use rusqlite::{Connection, Row, named_params, params};

use super::{encoded::Encoded, task_execution::ProcessIdentity};

/// A try of an element.
#[derive(Clone, Debug)]
pub(crate) struct ElementTry {
    /// Both counted from 0.
    pub(crate) element: u32,
    pub(crate) attempt: u32,
    pub(crate) phase: Phase,
    pub(crate) cache_status: CatalogCacheStatus,
    pub(crate) outputs: Option<LiteralMap>,
    pub(crate) error: Option<ExecutionError>,
    /// Written by [`record_process`] only.
    pub(crate) process: Option<ProcessIdentity>,
}

/// The tries of a node's elements, by element and try.
pub(crate) fn list_for_node(connection: &Connection, node: i64) -> Result<Vec<ElementTry>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT element, attempt, phase, cache_status, outputs, error, process, process_started \
             FROM array_elements WHERE node_execution_id = ?1 ORDER BY element, attempt",
        )?
        .query_map([node], read)?
        .collect()
}

fn read(row: &Row<'_>) -> Result<ElementTry, rusqlite::Error> {
    let process = match (row.get::<_, Option<u32>>(6)?, row.get::<_, Option<i64>>(7)?) {
        (Some(id), Some(started)) => Some(ProcessIdentity { id, started: started.cast_unsigned() }),
        _ => None,
    };
    Ok(ElementTry {
        element: row.get(0)?,
        attempt: row.get(1)?,
        phase: Phase::try_from(row.get::<_, i32>(2)?).unwrap_or_default(),
        cache_status: CatalogCacheStatus::try_from(row.get::<_, i32>(3)?).unwrap_or_default(),
        outputs: row.get::<_, Option<Encoded<_>>>(4)?.map(|outputs| outputs.0),
        error: row.get::<_, Option<Encoded<_>>>(5)?.map(|error| error.0),
        process,
    })
}

/// Stores a try as it is now.
pub(crate) fn save(connection: &Connection, node: i64, one: &ElementTry) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO array_elements (node_execution_id, element, attempt, phase, cache_status, outputs, \
             error) VALUES (:node, :element, :attempt, :phase, :cache, :outputs, :error) \
             ON CONFLICT (node_execution_id, element, attempt) DO UPDATE SET phase = excluded.phase, \
             cache_status = excluded.cache_status, outputs = excluded.outputs, error = excluded.error",
        )?
        .execute(named_params! {
            ":node": node,
            ":element": one.element,
            ":attempt": one.attempt,
            ":phase": i32::from(one.phase),
            ":cache": i32::from(one.cache_status),
            ":outputs": one.outputs.as_ref().map(Encoded),
            ":error": one.error.as_ref().map(Encoded),
        })?;
    Ok(())
}

/// Records the process of a try.
pub(crate) fn record_process(
    connection: &Connection,
    node: i64,
    (element, attempt): (u32, u32),
    process: ProcessIdentity,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "UPDATE array_elements SET process = ?1, process_started = ?2 \
             WHERE node_execution_id = ?3 AND element = ?4 AND attempt = ?5",
        )?
        .execute(params![process.id, process.started.cast_signed(), node, element, attempt])?;
    Ok(())
}
