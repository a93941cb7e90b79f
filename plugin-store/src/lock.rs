//! `~/.flyte/plugins.lock`: what is installed, from where, and what it must contain.
//!
//! ```toml
//! format = 1
//!
//! [[repository]]
//! url = "https://plugins.acme.example/flyte/"
//! name = "acme"
//! key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
//! serial = 3
//! time = "2026-05-04T10:00:00Z"
//!
//! [plugin.acme.current]
//! version = "1.2.0"
//! source = "https://plugins.acme.example/flyte/"
//! signer = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
//! time = "2026-05-04T10:01:00Z"
//! sha256 = "5d41…"                      # of the file for this platform
//!
//! [plugin.acme.current.files.x86_64-unknown-linux-gnu]
//! path = "acme/1.2.0/x86_64-unknown-linux-gnu/libacme.so"
//! sha256 = "5d41…"
//! size = 1418240
//! ```
//!
//! It has the file of every platform, so that it can be copied to another machine.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use flyte_client::{atomic_file::PartialFile, plain_text};
use jiff::Timestamp;
use plugin_host::admission::InstalledFiles;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;

/// The format of the lock file.
const FORMAT: u32 = 1;
/// The first lines of the file.
const COMMENT: &str = "# Written by `flyte-host plugin install`. On another machine, `flyte-host plugin install --locked`\n\
    # installs the same files from a copy of this one.\n";

/// The content of the lock file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockFile {
    format: u32,
    /// The repositories that were used.
    #[serde(default, rename = "repository", skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<LockedRepository>,
    /// The installed plugins, by name.
    #[serde(default, rename = "plugin", skip_serializing_if = "BTreeMap::is_empty")]
    pub plugins: BTreeMap<String, LockedPlugin>,
}

/// A repository as it was when it was last used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedRepository {
    /// Its address.
    pub url: String,
    /// The name in its index.
    pub name: String,
    /// The publisher's key, as base64.
    pub key: String,
    /// The serial number of the last index.
    pub serial: u64,
    /// When the last index was made.
    pub time: Timestamp,
}

/// An installed plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPlugin {
    /// The version in use.
    pub current: LockedRelease,
    /// The version before, for `plugin rollback`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<LockedRelease>,
}

/// A version of an installed plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedRelease {
    /// Its version.
    pub version: Version,
    /// The address of its repository, or of the file.
    pub source: String,
    /// The key of its publisher as base64; `None` if it is not signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// The channel, unless it is the stable one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// When it was installed.
    pub time: Timestamp,
    /// SHA-256 of the file that is installed here, in lower-case hex.
    pub sha256: String,
    /// The files for all platforms, by Rust's names of them.
    pub files: BTreeMap<String, LockedPlatform>,
}

/// The file for a platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPlatform {
    /// Its path in the repository; empty for a file that came from elsewhere.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// SHA-256 in lower-case hex.
    pub sha256: String,
    /// Its length in bytes.
    pub size: u64,
}

impl Default for LockFile {
    fn default() -> Self {
        Self { format: FORMAT, repositories: Vec::new(), plugins: BTreeMap::new() }
    }
}

impl LockFile {
    /// The path of the lock file, beside the folder of plugins.
    #[must_use]
    pub fn path(plugins: &Path) -> PathBuf {
        plugins.with_file_name("plugins.lock")
    }

    /// Reads a lock file; an empty one if there is none.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or parsed, or is of a later version of this program.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        match plain_text::read(path) {
            Ok(text) => Self::parse(&text, path),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(Self::default())
            }
            Err(error) => Err(StoreError::file("read", path)(error)),
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Self, StoreError> {
        let parse = |source| StoreError::LockFile { path: path.to_owned(), source: Box::new(source) };
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = toml_edit::de::from_str(text).map_err(parse)?;
        if format != FORMAT {
            return Err(StoreError::UnknownFormat { path: path.to_owned(), found: format, known: FORMAT });
        }
        toml_edit::de::from_str(text).map_err(parse)
    }

    /// Replaces the lock file, on the disk too: what it names is installed from then on.
    ///
    /// # Errors
    ///
    /// Those of the file system; the old file is still there then.
    pub fn write(&self, path: &Path) -> Result<(), StoreError> {
        let text = toml_edit::ser::to_string_pretty(self).expect("a lock file has only texts and numbers");
        let write = || {
            let mut partial = PartialFile::create(path)?;
            io::Write::write_all(partial.file(), format!("{COMMENT}\n{text}").as_bytes())?;
            partial.file().sync_all()?;
            partial.persist()
        };
        write().map_err(StoreError::file("write", path))
    }

    /// A repository by its address.
    #[must_use]
    pub fn repository(&self, url: &str) -> Option<&LockedRepository> {
        self.repositories.iter().find(|repository| repository.url == url)
    }

    /// Remembers a repository as it is now.
    pub fn set_repository(&mut self, repository: LockedRepository) {
        match self.repositories.iter_mut().find(|known| known.url == repository.url) {
            Some(known) => *known = repository,
            None => self.repositories.push(repository),
        }
    }

    /// Makes a release the one in use; the one in use becomes the previous one, unless it has the same file.
    pub fn install(&mut self, name: &str, release: LockedRelease) {
        let previous = self.plugins.remove(name).and_then(|known| {
            if known.current.sha256 == release.sha256 { known.previous } else { Some(known.current) }
        });
        self.plugins.insert(name.to_owned(), LockedPlugin { current: release, previous });
    }

    /// SHA-256 of every file that is installed here.
    pub fn contents(&self) -> impl Iterator<Item = &str> {
        self.plugins.values().flat_map(LockedPlugin::releases).map(|release| release.sha256.as_str())
    }

    /// What the loader compares files with.
    ///
    /// The previous version counts as well: between the change of the lock file and that of the link, and in
    /// a process that resolved the link before.
    #[must_use]
    pub fn installed_files(&self) -> InstalledFiles {
        let files = self.plugins.iter().map(|(name, plugin)| {
            (name.clone(), plugin.releases().map(|release| release.sha256.clone()).collect())
        });
        InstalledFiles { sha256: files.collect() }
    }

    /// The release of a plugin whose file has this content.
    #[must_use]
    pub fn release_of(&self, name: &str, sha256: &str) -> Option<&LockedRelease> {
        self.plugins.get(name)?.releases().find(|release| release.sha256 == sha256)
    }
}

impl LockedPlugin {
    /// The current and the previous release.
    pub fn releases(&self) -> impl Iterator<Item = &LockedRelease> {
        std::iter::once(&self.current).chain(&self.previous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn release(version: &str, sha256: &str) -> LockedRelease {
        let file = LockedPlatform { path: "a/b.so".to_owned(), sha256: sha256.to_owned(), size: 3 };
        LockedRelease {
            version: version.parse().unwrap(),
            source: "https://x/".to_owned(),
            signer: Some("RW".to_owned()),
            channel: None,
            time: Timestamp::UNIX_EPOCH,
            sha256: sha256.to_owned(),
            files: BTreeMap::from([("x86_64-unknown-linux-gnu".to_owned(), file)]),
        }
    }

    #[test]
    fn a_lock_file_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plugins.lock");
        assert_eq!(LockFile::read(&path).unwrap(), LockFile::default());
        let mut lock = LockFile::default();
        lock.set_repository(LockedRepository {
            url: "https://x/".to_owned(),
            name: "acme".to_owned(),
            key: "RW".to_owned(),
            serial: 3,
            time: Timestamp::UNIX_EPOCH,
        });
        lock.install("acme", release("1.0.0", "aa"));
        lock.install("acme", release("1.1.0", "bb"));
        lock.write(&path).unwrap();
        assert_eq!(LockFile::read(&path).unwrap(), lock);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("[plugin.acme.current.files.x86_64-unknown-linux-gnu]\n"), "{text}");
        assert_eq!(lock.installed_files().sha256["acme"], ["bb", "aa"]);
        std::fs::write(&path, text.replace("format = 1", "format = 2\nnew = true")).unwrap();
        let error = LockFile::read(&path).unwrap_err().to_string();
        assert!(error.ends_with("has format 2; this program supports format 1"), "{error}");
    }

    #[test]
    fn the_previous_release_is_the_last_one_with_another_file() {
        let mut lock = LockFile::default();
        for (version, sha256) in [("1.0.0", "aa"), ("1.1.0", "bb"), ("1.1.0", "bb")] {
            lock.install("acme", release(version, sha256));
        }
        let acme = &lock.plugins["acme"];
        assert_eq!(acme.current.sha256, "bb");
        assert_eq!(acme.previous.as_ref().unwrap().sha256, "aa");
    }
}
