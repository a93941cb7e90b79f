//! A repository: a folder of static files, by HTTPS or on a disk.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use plugin_host::signature::{FileSignature, PublisherKey};

use crate::{error::StoreError, index::Index, lock::LockedRepository};

/// Where a repository is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RepositoryAddress {
    /// A folder of this machine: an offline mirror.
    Folder(PathBuf),
    /// A URL that ends in `/`.
    Url(String),
}

impl RepositoryAddress {
    /// A URL, or the path of a folder. A relative path is relative to the working directory.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text.starts_with("https://") || text.starts_with("http://") {
            return Self::Url(format!("{}/", text.trim_end_matches('/')));
        }
        let path = PathBuf::from(text.strip_prefix("file://").unwrap_or(text));
        Self::Folder(std::path::absolute(&path).unwrap_or(path))
    }

    /// The address of a file in it, by its path in the index.
    #[must_use]
    pub fn file(&self, path: &str) -> String {
        match self {
            Self::Folder(folder) => format!("file://{}", folder.join(path).display()),
            Self::Url(url) => format!("{url}{path}"),
        }
    }

    /// Whether others on the way can change what comes from there without being noticed.
    #[must_use]
    pub fn is_plain_http(&self) -> bool {
        matches!(self, Self::Url(url) if url.starts_with("http://"))
    }

    /// The folder, if it is one of this machine.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Url(_) => None,
        }
    }
}

impl fmt::Display for RepositoryAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Url(url) => f.write_str(url),
        }
    }
}

/// Checks the signature of an index, and reads it.
///
/// # Errors
///
/// [`StoreError::Signature`], [`StoreError::Index`].
pub fn verify_index(
    text: &[u8],
    signature: &str,
    key: &PublisherKey,
    place: &str,
) -> Result<Index, StoreError> {
    let what = || format!("the index of repository `{place}`");
    let signature = FileSignature::parse(signature)
        .map_err(|error| StoreError::Index { repository: place.to_owned(), reason: error.to_string() })?;
    signature.verify(key, text).map_err(|source| match source {
        plugin_host::signature::SignatureError::OtherKey { found, .. } => changed_key(place, key, found),
        source => StoreError::Signature { what: what(), source },
    })?;
    Index::parse(text, place)
}

/// The error for an index or a public key of another publisher.
#[must_use]
pub fn changed_key(place: &str, known: &PublisherKey, found: String) -> StoreError {
    StoreError::ChangedKey {
        what: format!("repository `{place}`"),
        known: format!("{} ({})", known.text(), known.number()),
        found,
        hint: format!(
            "ask the publisher for the new key; if it is theirs, set it as `key` of a table `[[repositories]]` with `url = \"{place}\"` in `~/.flyte/host.toml`"
        ),
    }
}

/// Checks that an index is not older than the last one of its repository, and still valid at a time.
///
/// # Errors
///
/// [`StoreError::RolledBack`], [`StoreError::Expired`]; [`StoreError::Index`] for one of another name.
pub fn check_freshness(
    index: &Index,
    last: Option<&LockedRepository>,
    place: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let repository = place.to_owned();
    if let Some(last) = last {
        if last.name != index.repository {
            let (known, found) = (&last.name, &index.repository);
            let reason = format!("its name was `{known}`, and is now `{found}`");
            return Err(StoreError::Index { repository, reason });
        }
        if index.serial < last.serial || (index.serial == last.serial && index.time != last.time) {
            return Err(StoreError::RolledBack { repository, found: index.serial, known: last.serial });
        }
    }
    match index.expires {
        Some(expires) if expires < now => {
            Err(StoreError::Expired { repository, expires: expires.to_string() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_urls_or_folders() {
        let url = RepositoryAddress::parse("https://plugins.acme.example/flyte");
        assert_eq!(url.to_string(), "https://plugins.acme.example/flyte/");
        assert_eq!(url, RepositoryAddress::parse("https://plugins.acme.example/flyte//"));
        assert_eq!(url.file("a/b.so"), "https://plugins.acme.example/flyte/a/b.so");
        let folder = RepositoryAddress::parse("file:///srv/plugins");
        assert_eq!(folder, RepositoryAddress::Folder("/srv/plugins".into()));
        assert_eq!(folder.file("a/b.so"), "file:///srv/plugins/a/b.so");
        assert!(RepositoryAddress::parse("http://x").is_plain_http() && !url.is_plain_http());
    }

    #[test]
    fn an_older_index_is_refused() {
        let mut index = Index::new("acme".to_owned());
        index.serial = 5;
        let mut last = LockedRepository {
            url: "https://x/".to_owned(),
            name: "acme".to_owned(),
            key: String::new(),
            serial: 5,
            time: index.time,
        };
        let now = index.time;
        let check = |index: &Index, last: &LockedRepository| {
            check_freshness(index, Some(last), "https://x/", now).map_err(|error| error.to_string())
        };
        check(&index, &last).unwrap();
        last.serial = 6;
        let old = "the index of repository `https://x/` is older than the last one";
        assert_eq!(check(&index, &last).unwrap_err(), old);
        // Two indices of one serial number: the publisher's key was used twice.
        last.serial = 5;
        last.time = Timestamp::UNIX_EPOCH;
        assert_eq!(check(&index, &last).unwrap_err(), old);
        last.serial = 4;
        check(&index, &last).unwrap();
        index.expires = Some(Timestamp::UNIX_EPOCH);
        assert!(check(&index, &last).unwrap_err().contains("expired at 1970-01-01T00:00:00Z"));
        last.name = "other".to_owned();
        assert!(check(&index, &last).unwrap_err().contains("its name was `other`, and is now `acme`"));
    }
}
