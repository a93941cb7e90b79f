//! The table of signals: the answers to gates.

use flyte_client::proto::{
    admin::Signal,
    core::{Literal, LiteralType, SignalIdentifier, WorkflowExecutionIdentifier},
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{encoded::Encoded, time};

/// The columns that [`read`] reads.
pub(crate) const COLUMNS: &str = "signals.execution_project, signals.execution_domain, signals.execution_name, \
     signals.signal_id, signals.type, signals.value";

/// Reads a row of [`COLUMNS`].
pub(crate) fn read(row: &Row<'_>) -> Result<Signal, rusqlite::Error> {
    let execution = WorkflowExecutionIdentifier {
        project: row.get(0)?,
        domain: row.get(1)?,
        name: row.get(2)?,
        org: String::new(),
    };
    Ok(Signal {
        id: Some(SignalIdentifier { signal_id: row.get(3)?, execution_id: Some(execution) }),
        r#type: Some(row.get::<_, Encoded<_>>(4)?.0),
        value: row.get::<_, Option<Encoded<_>>>(5)?.map(|value| value.0),
    })
}

/// The signal of an execution with a name.
pub(crate) fn find(
    connection: &Connection,
    execution: &WorkflowExecutionIdentifier,
    name: &str,
) -> Result<Option<Signal>, rusqlite::Error> {
    let query = format!(
        "SELECT {COLUMNS} FROM signals WHERE execution_project = ?1 AND execution_domain = ?2 \
         AND execution_name = ?3 AND signal_id = ?4"
    );
    connection
        .prepare_cached(&query)?
        .query_row(params![execution.project, execution.domain, execution.name, name], read)
        .optional()
}

/// Creates a signal without a value, unless it exists.
pub(crate) fn create(
    connection: &Connection,
    execution: &WorkflowExecutionIdentifier,
    name: &str,
    kind: &LiteralType,
    now: Timestamp,
) -> Result<(), rusqlite::Error> {
    let now = time::to_text(now);
    connection
        .prepare_cached(
            "INSERT INTO signals (execution_project, execution_domain, execution_name, signal_id, type, \
             created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) ON CONFLICT DO NOTHING",
        )?
        .execute(params![execution.project, execution.domain, execution.name, name, Encoded(kind), now])?;
    Ok(())
}

/// Sets the value of a signal.
pub(crate) fn answer(
    connection: &Connection,
    execution: &WorkflowExecutionIdentifier,
    name: &str,
    value: &Literal,
    now: Timestamp,
) -> Result<(), rusqlite::Error> {
    let now = time::to_text(now);
    connection
        .prepare_cached(
            "UPDATE signals SET value = ?5, updated_at = ?6 WHERE execution_project = ?1 \
             AND execution_domain = ?2 AND execution_name = ?3 AND signal_id = ?4",
        )?
        .execute(params![execution.project, execution.domain, execution.name, name, Encoded(value), now])?;
    Ok(())
}
