//! The table of descriptions.

use flyte_client::proto::{
    admin::{Description, DescriptionEntity, SourceCode},
    core::Identifier,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{encoded::Encoded, time};

/// The columns that [`read`] reads.
pub(crate) const COLUMNS: &str = "description_entities.project, description_entities.domain, \
     description_entities.name, description_entities.version, description_entities.resource_type, \
     description_entities.short_description, description_entities.long_description, description_entities.link";

/// Reads a row of [`COLUMNS`].
pub(crate) fn read(row: &Row<'_>) -> Result<DescriptionEntity, rusqlite::Error> {
    let resource_type = row.get(4)?;
    Ok(DescriptionEntity {
        id: Some(Identifier { resource_type, ..super::identifier(row, Default::default())? }),
        short_description: row.get(5)?,
        long_description: Some(row.get::<_, Encoded<Description>>(6)?.0),
        source_code: Some(SourceCode { link: row.get(7)? }),
        ..DescriptionEntity::default()
    })
}

/// The description of a task or workflow.
pub(crate) fn find(
    connection: &Connection,
    id: &Identifier,
) -> Result<Option<DescriptionEntity>, rusqlite::Error> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM description_entities
             WHERE resource_type = ? AND project = ? AND domain = ? AND name = ? AND version = ?"
        ))?
        .query_row(params![id.resource_type, id.project, id.domain, id.name, id.version], read)
        .optional()
}

/// Inserts the description of a new task or workflow.
pub(crate) fn insert(
    connection: &Connection,
    id: &Identifier,
    description: &DescriptionEntity,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO description_entities
                 (resource_type, project, domain, name, version, short_description, long_description, link,
                  created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?9, ?9)",
        )?
        .execute(params![
            id.resource_type,
            id.project,
            id.domain,
            id.name,
            id.version,
            description.short_description,
            Encoded(&description.long_description.clone().unwrap_or_default()),
            description.source_code.as_ref().map_or("", |source| &source.link),
            time::now_text(),
        ])?;
    Ok(())
}
