//! The table of signed URLs, by their tokens.

use rusqlite::{Connection, OptionalExtension, params};

use super::time;

/// What a token allows.
#[derive(Clone, Debug)]
pub(crate) struct BlobGrant {
    /// The file, below the folder of blobs.
    pub path: String,
    /// Whether the token is for writing, or for reading.
    pub writes: bool,
    /// The required MD5 of what is written.
    pub content_md5: Option<Vec<u8>>,
}

/// Adds a token, and deletes expired ones.
pub(crate) fn insert(
    connection: &Connection,
    token: &str,
    grant: &BlobGrant,
    expires_at: &str,
) -> Result<(), rusqlite::Error> {
    connection.prepare_cached("DELETE FROM blob_grants WHERE expires_at < ?")?.execute([time::now_text()])?;
    connection
        .prepare_cached(
            "INSERT INTO blob_grants (token, path, writes, content_md5, expires_at) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![token, grant.path, grant.writes, grant.content_md5, expires_at])?;
    Ok(())
}

/// The grant of a token that has not expired.
pub(crate) fn find(connection: &Connection, token: &str) -> Result<Option<BlobGrant>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT path, writes, content_md5 FROM blob_grants WHERE token = ? AND expires_at >= ?",
        )?
        .query_row([token, &time::now_text()], |row| {
            Ok(BlobGrant { path: row.get(0)?, writes: row.get(1)?, content_md5: row.get(2)? })
        })
        .optional()
}
