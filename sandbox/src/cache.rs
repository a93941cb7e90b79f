//! Cached results of tasks, as in Flyte's catalog.
//!
//! A task is cached if its metadata have `discoverable` and a `discovery_version`. The key is the task's name
//! (not its version), that cache version, the interface and the inputs that count. The time to live is in the
//! task's tag `TTL_TAG`; the shorter one of the task that stored a result and the task that asks for it
//! applies.

mod key;
mod ttl;

use std::{path::Path, time::Duration};

use flyte_client::proto::core::{
    CatalogMetadata, Literal, LiteralMap, Scalar, TaskExecutionIdentifier, TaskTemplate, literal, scalar,
};
use jiff::Timestamp;
use rusqlite::Transaction;

use crate::store::cache as rows;
pub(crate) use crate::store::cache::{CacheKey, Reservation};

/// How long a reservation holds unless its owner renews it.
pub(crate) const RESERVED_FOR: Duration = Duration::from_secs(30);

/// How often an owner repeats [`reserve`].
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(10);

/// The result of a cache lookup.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "short-lived, one for each node")]
pub(crate) enum CacheLookup {
    /// The task is not cached.
    Disabled,
    /// A result to reuse.
    Hit {
        /// The outputs.
        outputs: LiteralMap,
        /// The execution that computed them.
        source: CatalogMetadata,
    },
    /// No result; the key is for [`put`].
    Miss(CacheKey),
}

/// Looks up a result. One that has expired, or whose files are missing, is deleted.
///
/// To overwrite the cache, use [`CacheKey::for_task`] instead.
pub(crate) fn lookup(
    tx: &Transaction<'_>,
    task: &TaskTemplate,
    inputs: &LiteralMap,
    now: Timestamp,
) -> Result<CacheLookup, rusqlite::Error> {
    let Some(key) = CacheKey::for_task(task, inputs) else { return Ok(CacheLookup::Disabled) };
    let Some(row) = rows::find(tx, &key)? else { return Ok(CacheLookup::Miss(key)) };
    if row.is_expired(key.ttl, now) || !files_are_there(&row.outputs) {
        rows::forget(tx, row.id)?;
        return Ok(CacheLookup::Miss(key));
    }
    let source = key.metadata(row.id, row.source);
    Ok(CacheLookup::Hit { outputs: row.outputs, source })
}

/// Stores a result in place of an older one, and returns its metadata for the node execution.
pub(crate) fn put(
    tx: &Transaction<'_>,
    key: &CacheKey,
    outputs: &LiteralMap,
    source: &TaskExecutionIdentifier,
    now: Timestamp,
) -> Result<CatalogMetadata, rusqlite::Error> {
    rows::forget_expired(tx, now)?;
    let id = rows::put(tx, key, outputs, source, now)?;
    Ok(key.metadata(id, source.clone()))
}

/// Reserves a result for an owner that computes it, or renews the owner's reservation.
///
/// For tasks with [`CacheKey::serialize`].
pub(crate) fn reserve(
    tx: &Transaction<'_>,
    key: &CacheKey,
    owner: &str,
    now: Timestamp,
) -> Result<Reservation, rusqlite::Error> {
    rows::reserve(tx, key, owner, now, RESERVED_FOR)
}

/// Releases a reservation; that of another owner stays.
pub(crate) fn release(tx: &Transaction<'_>, key: &CacheKey, owner: &str) -> Result<(), rusqlite::Error> {
    rows::release(tx, key, owner)
}

/// Whether every local file of the outputs still exists.
fn files_are_there(outputs: &LiteralMap) -> bool {
    outputs.literals.values().all(is_there)
}

fn is_there(literal: &Literal) -> bool {
    match &literal.value {
        Some(literal::Value::Scalar(scalar)) => part_is_there(scalar),
        Some(literal::Value::Collection(collection)) => collection.literals.iter().all(is_there),
        Some(literal::Value::Map(map)) => files_are_there(map),
        Some(literal::Value::OffloadedMetadata(offloaded)) => exists(&offloaded.uri),
        None => true,
    }
}

fn part_is_there(scalar: &Scalar) -> bool {
    match &scalar.value {
        Some(scalar::Value::Blob(blob)) => exists(&blob.uri),
        Some(scalar::Value::Schema(schema)) => exists(&schema.uri),
        Some(scalar::Value::StructuredDataset(dataset)) => exists(&dataset.uri),
        Some(scalar::Value::Union(union)) => union.value.as_deref().is_none_or(is_there),
        _ => true,
    }
}

fn exists(uri: &str) -> bool {
    let path = Path::new(uri.strip_prefix("file://").unwrap_or(uri));
    !path.is_absolute() || path.exists()
}

#[cfg(test)]
mod tests;
