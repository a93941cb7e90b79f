//! The tables of the cache: results, and reservations of those that are being computed.

use std::time::Duration;

use flyte_client::proto::core::{Identifier, LiteralMap, TaskExecutionIdentifier};
use jiff::Timestamp;
use prost::Message as _;
use rusqlite::{OptionalExtension as _, Transaction, named_params, params};

use sha2::{Digest as _, Sha256};

use super::time;

/// The key of a task's result, and how the result is kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CacheKey {
    /// The task; its version is not part of the key.
    pub(crate) task: Identifier,
    /// The cache version.
    pub(crate) version: String,
    /// Hashes of the declared inputs and outputs.
    pub(crate) signature: [Vec<u8>; 2],
    /// A digest of the inputs that count.
    pub(crate) inputs: String,
    /// How long a result may be used.
    pub(crate) ttl: Option<Duration>,
    /// Whether equal tasks run one at a time.
    pub(crate) serialize: bool,
}

impl CacheKey {
    /// The whole key as one hash.
    pub(crate) fn digest(&self) -> Vec<u8> {
        let Identifier { project, domain, name, .. } = &self.task;
        let mut hasher = Sha256::new();
        for part in [project, domain, name, &self.version] {
            hasher.update(part);
            // No byte of UTF-8: an unambiguous end of the part.
            hasher.update([0xff]);
        }
        hasher.update(self.signature.concat());
        hasher.update(&self.inputs);
        hasher.finalize().to_vec()
    }
}

/// A stored result.
pub(crate) struct CachedResult {
    /// Its row.
    pub(crate) id: i64,
    /// The outputs.
    pub(crate) outputs: LiteralMap,
    /// The attempt that computed them.
    pub(crate) source: TaskExecutionIdentifier,
    created: String,
    expires: Option<String>,
}

impl CachedResult {
    /// Whether the result is too old, by the time to live of the task that stored it or of the task that asks
    /// (`ttl`).
    pub(crate) fn is_expired(&self, ttl: Option<Duration>, now: Timestamp) -> bool {
        let expired = self.expires.as_ref().is_some_and(|expires| *expires <= time::to_text(now));
        let too_old = ttl.is_some_and(|ttl| match self.created.parse::<Timestamp>() {
            Ok(created) => later(created, ttl).is_some_and(|end| end <= now),
            Err(_) => true,
        });
        expired || too_old
    }
}

/// The sum of a time and a duration; `None` beyond the end of the calendar, which means never.
fn later(moment: Timestamp, by: Duration) -> Option<Timestamp> {
    moment.checked_add(by).ok()
}

/// Finds the result of a key.
pub(crate) fn find(tx: &Transaction<'_>, key: &CacheKey) -> Result<Option<CachedResult>, rusqlite::Error> {
    let query = "SELECT id, outputs, source, created_at, expires_at FROM cache \
                 WHERE project = :project AND domain = :domain AND name = :name \
                 AND cache_version = :version AND signature = :signature AND inputs = :inputs";
    let task = &key.task;
    let parameters = named_params! {
        ":project": task.project, ":domain": task.domain, ":name": task.name,
        ":version": key.version, ":signature": key.signature.concat(), ":inputs": key.inputs.as_bytes(),
    };
    let row = tx.prepare_cached(query)?.query_row(parameters, |row| {
        Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Vec<u8>>(2)?, row.get(3)?, row.get(4)?))
    });
    let Some((id, outputs, source, created, expires)) = row.optional()? else { return Ok(None) };
    let undecodable = |column| {
        move |error| {
            rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Blob, Box::new(error))
        }
    };
    Ok(Some(CachedResult {
        id,
        outputs: LiteralMap::decode(outputs.as_slice()).map_err(undecodable(1))?,
        source: TaskExecutionIdentifier::decode(source.as_slice()).map_err(undecodable(2))?,
        created,
        expires,
    }))
}

/// Stores a result in place of an older one, and returns its row.
pub(crate) fn put(
    tx: &Transaction<'_>,
    key: &CacheKey,
    outputs: &LiteralMap,
    source: &TaskExecutionIdentifier,
    now: Timestamp,
) -> Result<i64, rusqlite::Error> {
    let query = "INSERT OR REPLACE INTO cache (project, domain, name, cache_version, signature, inputs, \
                 outputs, source, task_version, created_at, expires_at) \
                 VALUES (:project, :domain, :name, :version, :signature, :inputs, \
                 :outputs, :source, :task_version, :created, :expires)";
    let task = &key.task;
    tx.prepare_cached(query)?.insert(named_params! {
        ":project": task.project, ":domain": task.domain, ":name": task.name,
        ":version": key.version, ":signature": key.signature.concat(), ":inputs": key.inputs.as_bytes(),
        ":outputs": outputs.encode_to_vec(), ":source": source.encode_to_vec(),
        ":task_version": task.version, ":created": time::to_text(now),
        ":expires": key.ttl.and_then(|ttl| later(now, ttl)).map(time::to_text),
    })
}

/// Deletes one result.
pub(crate) fn forget(tx: &Transaction<'_>, id: i64) -> Result<(), rusqlite::Error> {
    tx.prepare_cached("DELETE FROM cache WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// Deletes the expired results.
pub(crate) fn forget_expired(tx: &Transaction<'_>, now: Timestamp) -> Result<(), rusqlite::Error> {
    tx.prepare_cached("DELETE FROM cache WHERE expires_at <= ?")?.execute([time::to_text(now)])?;
    Ok(())
}

/// Who computes a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reservation {
    /// The owner that asked.
    Acquired,
    /// Another owner, until it fails to renew the reservation in time.
    Held {
        /// The other owner.
        owner: String,
        /// When the reservation ends.
        until: Timestamp,
    },
}

/// Reserves a key for an owner, or renews the owner's reservation.
pub(crate) fn reserve(
    tx: &Transaction<'_>,
    key: &CacheKey,
    owner: &str,
    now: Timestamp,
    period: Duration,
) -> Result<Reservation, rusqlite::Error> {
    let digest = key.digest();
    let held = tx
        .prepare_cached(
            "SELECT owner, expires_at FROM cache_reservations \
             WHERE key = ? AND owner <> ? AND expires_at > ?",
        )?
        .query_row(params![digest, owner, time::to_text(now)], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    if let Some((owner, until)) = held
        && let Ok(until) = until.parse()
    {
        return Ok(Reservation::Held { owner, until });
    }
    let until = later(now, period).unwrap_or(Timestamp::MAX);
    tx.prepare_cached("INSERT OR REPLACE INTO cache_reservations (key, owner, expires_at) VALUES (?, ?, ?)")?
        .execute(params![digest, owner, time::to_text(until)])?;
    Ok(Reservation::Acquired)
}

/// Releases an owner's reservation.
pub(crate) fn release(tx: &Transaction<'_>, key: &CacheKey, owner: &str) -> Result<(), rusqlite::Error> {
    tx.prepare_cached("DELETE FROM cache_reservations WHERE key = ? AND owner = ?")?
        .execute(params![key.digest(), owner])?;
    Ok(())
}
