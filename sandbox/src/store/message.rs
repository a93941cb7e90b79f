//! Messages in columns.

use prost::Message;
use rusqlite::{Error, Row, types::Type};

/// The message in a column.
///
/// # Errors
///
/// When the column does not hold one.
pub(crate) fn get<M: Message + Default>(row: &Row<'_>, index: usize) -> Result<M, Error> {
    let bytes = row.get_ref(index)?.as_blob().map_err(|error| damaged(index, error))?;
    M::decode(bytes).map_err(|error| damaged(index, error))
}

/// As [`get`], for a column that may be empty.
///
/// # Errors
///
/// When the column holds something that is no such message.
pub(crate) fn get_option<M: Message + Default>(row: &Row<'_>, index: usize) -> Result<Option<M>, Error> {
    match row.get_ref(index)?.as_blob_or_null().map_err(|error| damaged(index, error))? {
        Some(bytes) => Ok(Some(M::decode(bytes).map_err(|error| damaged(index, error))?)),
        None => Ok(None),
    }
}

fn damaged(index: usize, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::FromSqlConversionFailure(index, Type::Blob, Box::new(error))
}
