//! The table of workflows.

use flyte_client::proto::{
    admin::{Workflow, WorkflowClosure},
    core::{
        CompiledWorkflow, CompiledWorkflowClosure, Identifier, ResourceType, TypedInterface, WorkflowTemplate,
    },
};
use prost::Message;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{encoded::Encoded, time};

/// The columns that [`read`] reads.
const COLUMNS: &str = "workflows.project, workflows.domain, workflows.name, workflows.version, workflows.closure, workflows.short_description";

/// The columns that [`read_short`] reads.
pub(crate) const SHORT_COLUMNS: &str = "workflows.project, workflows.domain, workflows.name, workflows.version, \
     workflows.typed_interface, workflows.short_description, workflows.created_at";

/// Reads a row of [`COLUMNS`].
fn read(row: &Row<'_>) -> Result<Workflow, rusqlite::Error> {
    Ok(Workflow {
        id: Some(super::identifier(row, ResourceType::Workflow)?),
        closure: Some(row.get::<_, Encoded<WorkflowClosure>>(4)?.0),
        short_description: row.get(5)?,
    })
}

/// Reads a row of [`SHORT_COLUMNS`]: a workflow whose closure has the interface only, for lists.
pub(crate) fn read_short(row: &Row<'_>) -> Result<Workflow, rusqlite::Error> {
    let interface = row.get::<_, Encoded<TypedInterface>>(4)?.0;
    let template = WorkflowTemplate { interface: Some(interface), ..Default::default() };
    let primary = CompiledWorkflow { template: Some(template), connections: None };
    let compiled = CompiledWorkflowClosure { primary: Some(primary), ..Default::default() };
    let created_at = time::message_from_text(row.get_ref(6)?.as_str()?);
    Ok(Workflow {
        id: Some(super::identifier(row, ResourceType::Workflow)?),
        closure: Some(WorkflowClosure { compiled_workflow: Some(compiled), created_at }),
        short_description: row.get(5)?,
    })
}

/// A workflow with all of its closure.
pub(crate) fn find(connection: &Connection, id: &Identifier) -> Result<Option<Workflow>, rusqlite::Error> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM workflows WHERE project = ? AND domain = ? AND name = ? AND version = ?"
        ))?
        .query_row([&id.project, &id.domain, &id.name, &id.version], read)
        .optional()
}

/// The row and the interface of a workflow.
pub(crate) fn interface(
    connection: &Connection,
    id: &Identifier,
) -> Result<Option<(i64, TypedInterface)>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT id, typed_interface FROM workflows
             WHERE project = ? AND domain = ? AND name = ? AND version = ?",
        )?
        .query_row([&id.project, &id.domain, &id.name, &id.version], |row| {
            Ok((row.get(0)?, row.get::<_, Encoded<TypedInterface>>(1)?.0))
        })
        .optional()
}

/// The digest of a workflow's structure.
pub(crate) fn digest(connection: &Connection, id: &Identifier) -> Result<Option<Vec<u8>>, rusqlite::Error> {
    super::digest(
        connection,
        "SELECT digest FROM workflows WHERE project = ? AND domain = ? AND name = ? AND version = ?",
        id,
    )
}

/// Inserts a new workflow.
pub(crate) fn insert(
    connection: &Connection,
    id: &Identifier,
    closure: &WorkflowClosure,
    digest: &[u8],
    short_description: &str,
) -> Result<(), rusqlite::Error> {
    let primary = closure.compiled_workflow.as_ref().and_then(|compiled| compiled.primary.as_ref());
    let interface =
        primary.and_then(|primary| primary.template.as_ref()?.interface.clone()).unwrap_or_default();
    connection
        .prepare_cached(
            "INSERT INTO workflows
                 (project, domain, name, version, typed_interface, closure, digest, short_description,
                  created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?9, ?9)",
        )?
        .execute(params![
            id.project,
            id.domain,
            id.name,
            id.version,
            interface.encode_to_vec(),
            closure.encode_to_vec(),
            digest,
            short_description,
            time::now_text(),
        ])?;
    Ok(())
}
