//! Protobuf messages as columns.

use prost::Message;
use rusqlite::{
    ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};

/// A message, stored in its encoding.
pub(crate) struct Encoded<M>(pub(crate) M);

impl<M: Message + Default> FromSql for Encoded<M> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let message = M::decode(value.as_blob()?).map_err(|error| FromSqlError::Other(Box::new(error)))?;
        Ok(Self(message))
    }
}

impl<M: Message> ToSql for Encoded<&M> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, rusqlite::Error> {
        Ok(self.0.encode_to_vec().into())
    }
}
