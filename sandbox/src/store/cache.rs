//! The tables of the cache: results, and who is making one.

use std::time::Duration;

use flyte_client::proto::core::{LiteralMap, TaskExecutionIdentifier};
use jiff::Timestamp;
use prost::Message as _;
use rusqlite::{OptionalExtension as _, Transaction, named_params, params};

use super::time;
use crate::cache::Key;

/// A stored result.
pub(crate) struct Row {
    /// Its number.
    pub(crate) id: i64,
    /// The outputs.
    pub(crate) outputs: LiteralMap,
    /// The attempt that made them.
    pub(crate) source: TaskExecutionIdentifier,
    created: String,
    expires: Option<String>,
}

impl Row {
    /// Whether the result is too old, by the word of the task that stored it or of the one that asks.
    pub(crate) fn is_over(&self, ttl: Option<Duration>, now: Timestamp) -> bool {
        let expired = self.expires.as_ref().is_some_and(|expires| *expires <= time::text(now));
        let too_old = ttl.is_some_and(|ttl| match self.created.parse::<Timestamp>() {
            Ok(created) => later(created, ttl).is_some_and(|end| end <= now),
            Err(_) => true,
        });
        expired || too_old
    }
}

/// A moment after another; `None` beyond the end of the calendar, which is never.
fn later(moment: Timestamp, by: Duration) -> Option<Timestamp> {
    moment.checked_add(by).ok()
}

/// Finds the result of a key.
pub(crate) fn find(tx: &Transaction<'_>, key: &Key) -> Result<Option<Row>, rusqlite::Error> {
    let query = "SELECT id, outputs, source, created_at, expires_at FROM cache \
                 WHERE project = :project AND domain = :domain AND name = :name \
                 AND cache_version = :version AND signature = :signature AND inputs = :inputs";
    let task = key.task();
    let parameters = named_params! {
        ":project": task.project, ":domain": task.domain, ":name": task.name,
        ":version": key.version(), ":signature": key.signature(), ":inputs": key.inputs(),
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
    Ok(Some(Row {
        id,
        outputs: LiteralMap::decode(outputs.as_slice()).map_err(undecodable(1))?,
        source: TaskExecutionIdentifier::decode(source.as_slice()).map_err(undecodable(2))?,
        created,
        expires,
    }))
}

/// Stores a result in place of an older one, and returns its number.
pub(crate) fn put(
    tx: &Transaction<'_>,
    key: &Key,
    outputs: &LiteralMap,
    source: &TaskExecutionIdentifier,
    now: Timestamp,
) -> Result<i64, rusqlite::Error> {
    let query = "INSERT OR REPLACE INTO cache (project, domain, name, cache_version, signature, inputs, \
                 outputs, source, task_version, created_at, expires_at) \
                 VALUES (:project, :domain, :name, :version, :signature, :inputs, \
                 :outputs, :source, :task_version, :created, :expires)";
    let task = key.task();
    tx.prepare_cached(query)?.insert(named_params! {
        ":project": task.project, ":domain": task.domain, ":name": task.name,
        ":version": key.version(), ":signature": key.signature(), ":inputs": key.inputs(),
        ":outputs": outputs.encode_to_vec(), ":source": source.encode_to_vec(),
        ":task_version": task.version, ":created": time::text(now),
        ":expires": key.ttl().and_then(|ttl| later(now, ttl)).map(time::text),
    })
}

/// Forgets one result.
pub(crate) fn forget(tx: &Transaction<'_>, id: i64) -> Result<(), rusqlite::Error> {
    tx.prepare_cached("DELETE FROM cache WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// Forgets the results whose time is over.
pub(crate) fn forget_expired(tx: &Transaction<'_>, now: Timestamp) -> Result<(), rusqlite::Error> {
    tx.prepare_cached("DELETE FROM cache WHERE expires_at <= ?")?.execute([time::text(now)])?;
    Ok(())
}

/// Who makes a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reservation {
    /// The one who asked.
    Acquired,
    /// Another one, who has to say so again before that time.
    Held {
        /// The other one.
        owner: String,
        /// When the reservation ends.
        until: Timestamp,
    },
}

/// Reserves a key for an owner, or prolongs what it has.
pub(crate) fn reserve(
    tx: &Transaction<'_>,
    key: &Key,
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
        .query_row(params![digest, owner, time::text(now)], |row| {
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
        .execute(params![digest, owner, time::text(until)])?;
    Ok(Reservation::Acquired)
}

/// Gives up what an owner has reserved.
pub(crate) fn release(tx: &Transaction<'_>, key: &Key, owner: &str) -> Result<(), rusqlite::Error> {
    tx.prepare_cached("DELETE FROM cache_reservations WHERE key = ? AND owner = ?")?
        .execute(params![key.digest(), owner])?;
    Ok(())
}
