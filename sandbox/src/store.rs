//! The database: SQLite in WAL mode, so that many processes read and write it at once.

pub(crate) mod array_element;
pub(crate) mod attributes;
pub(crate) mod blob_grant;
pub(crate) mod cache;
pub(crate) mod description;
pub(crate) mod dynamic_workflow;
pub(crate) mod encoded;
pub(crate) mod execution;
pub(crate) mod launch_plan;
pub(crate) mod named_entity;
pub(crate) mod node_execution;
pub(crate) mod project;
pub(crate) mod schedule;
pub(crate) mod signal;
pub(crate) mod task;
pub(crate) mod task_execution;
pub(crate) mod time;
pub(crate) mod workflow;

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use flyte_client::proto::core::{Identifier, ResourceType};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior};

use crate::{folder::prepare_folder, open_error::OpenError};

/// The tables, in the order in which versions of the sandbox added to them.
const MIGRATIONS: &[&str] = &[
    include_str!("store/schema.sql"),
    include_str!("store/seed.sql"),
    include_str!("store/signals.sql"),
    include_str!("store/attributes.sql"),
    include_str!("store/descriptions.sql"),
    include_str!("store/tags.sql"),
    include_str!("store/nodes.sql"),
    include_str!("store/schedules.sql"),
];

/// How many pages of 4 KiB the write-ahead log has before a checkpoint.
const WAL_PAGES: u32 = 8192;

/// How long to wait for another process that is writing.
const BUSY: Duration = Duration::from_secs(30);

/// How many statements stay prepared.
const STATEMENTS: usize = 128;

/// The database of one sandbox.
pub struct Store {
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the database of a sandbox's folder; creates it if it is missing.
    ///
    /// # Errors
    ///
    /// When the folder or the file cannot be created, read or written.
    pub fn open(root: &Path) -> Result<Self, OpenError> {
        prepare_folder(root)?;
        let path = root.join("sandbox.db");
        let open = || -> Result<Option<Connection>, rusqlite::Error> {
            let mut connection = Connection::open(&path)?;
            connection.busy_timeout(BUSY)?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            // Commits survive a killed process; only a power cut may lose the last ones.
            connection.pragma_update(None, "synchronous", "normal")?;
            // Registering writes many small transactions, and each checkpoint waits for the disk.
            connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
            connection.pragma_update(None, "foreign_keys", "on")?;
            // Filters compare as PostgreSQL does, on which FlyteAdmin runs.
            connection.pragma_update(None, "case_sensitive_like", "on")?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            Ok(migrate(&mut connection)?.then_some(connection))
        };
        match open() {
            Ok(Some(connection)) => Ok(Self { connection: Mutex::new(connection) }),
            Ok(None) => Err(OpenError::TooNew { path }),
            Err(source) => Err(OpenError::Database { path, source }),
        }
    }

    /// Runs a function that reads.
    pub(crate) fn read<T, E>(&self, work: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        work(&self.lock())
    }

    /// Runs a function in a transaction, which is rolled back on an error.
    pub(crate) fn write<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The identifier in the first four columns of a row: project, domain, name, version.
fn identifier(row: &Row<'_>, kind: ResourceType) -> Result<Identifier, rusqlite::Error> {
    Ok(Identifier {
        resource_type: kind.into(),
        project: row.get(0)?,
        domain: row.get(1)?,
        name: row.get(2)?,
        version: row.get(3)?,
        ..Default::default()
    })
}

/// The digest that a statement finds for an identifier.
fn digest(connection: &Connection, sql: &str, id: &Identifier) -> Result<Option<Vec<u8>>, rusqlite::Error> {
    connection
        .prepare_cached(sql)?
        .query_row([&id.project, &id.domain, &id.name, &id.version], |row| row.get(0))
        .optional()
}

/// Migrates the tables; `false` if they are of a later version of this program.
fn migrate(connection: &mut Connection) -> Result<bool, rusqlite::Error> {
    let version = |connection: &Connection| -> Result<u32, rusqlite::Error> {
        connection.query_row("PRAGMA user_version", [], |row| row.get(0))
    };
    let newest = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    if version(connection)? == newest {
        return Ok(true);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have migrated them meanwhile.
    let done = version(&transaction)?;
    if done > newest {
        return Ok(false);
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(done).unwrap_or(usize::MAX)) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", newest)?;
    transaction.commit()?;
    Ok(true)
}
