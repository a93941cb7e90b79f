//! The table of named entity metadata: a description and a state for all versions of a name.

use flyte_client::proto::{
    admin::{NamedEntity, NamedEntityIdentifier, NamedEntityMetadata},
    core::ResourceType,
};
use rusqlite::{Connection, Row, params};

use super::time;

/// The columns that [`read`] reads.
pub(crate) const COLUMNS: &str = "entities.resource_type, entities.project, entities.domain, entities.name, \
     entities.description, entities.state";

/// Reads a row of [`COLUMNS`].
pub(crate) fn read(row: &Row<'_>) -> Result<NamedEntity, rusqlite::Error> {
    Ok(NamedEntity {
        resource_type: row.get(0)?,
        id: Some(NamedEntityIdentifier {
            project: row.get(1)?,
            domain: row.get(2)?,
            name: row.get(3)?,
            ..Default::default()
        }),
        metadata: Some(NamedEntityMetadata { description: row.get(4)?, state: row.get(5)? }),
    })
}

/// Writes the metadata of a name. An empty description keeps the stored one, as in FlyteAdmin, whose update
/// skips what is unset; a state is never unset.
pub(crate) fn set(
    connection: &Connection,
    kind: ResourceType,
    id: &NamedEntityIdentifier,
    metadata: &NamedEntityMetadata,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO named_entity_metadata
                 (resource_type, project, domain, name, description, state, created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?7, ?7)
             ON CONFLICT (resource_type, project, domain, name)
             DO UPDATE SET description = IIF(?5 = '', description, ?5), state = ?6, updated_at = ?7",
        )?
        .execute(params![
            i32::from(kind),
            id.project,
            id.domain,
            id.name,
            metadata.description,
            metadata.state,
            time::now_text(),
        ])?;
    Ok(())
}
