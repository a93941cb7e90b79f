//! Tokens in files: one for each endpoint, readable by their owner only.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{Store, StoreError, make_folder, path_of};
use crate::token::Tokens;

/// Rights that nobody but the owner may have on a file with tokens.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// Tokens in a folder of the user's.
#[derive(Debug)]
pub struct FileStore {
    folder: PathBuf,
}

/// Why a file does not do as a store.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Others may read or write it: what is in it may be known, or somebody else's.
    #[error("`{}` is not used, because others than its owner may open it (mode {mode:04o})", path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is no file of this program.
    #[error("`{}` cannot be understood", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// It cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("`{}` cannot be written", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl FileError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::TooOpen { path, .. } => Some(format!(
                "if the tokens in it may have been seen, remove it and sign in again; else `chmod 600 {}`",
                path.display()
            )),
            Self::Broken { path, .. } => {
                Some(format!("remove `{}` and sign in again with `flyte-host login`", path.display()))
            }
            Self::Read { .. } | Self::Write { .. } => None,
        }
    }
}

/// What a file holds: the endpoint, since the file's name cannot be turned back, and its tokens.
#[derive(Serialize, Deserialize)]
struct Entry<T> {
    endpoint: String,
    tokens: T,
}

impl FileStore {
    /// A store in a folder, which is made when tokens are first kept.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self, endpoint: &str) -> PathBuf {
        path_of(&self.folder, endpoint, "json")
    }

    fn read(path: &Path) -> Result<Option<Entry<Tokens>>, FileError> {
        let read_error = |source| FileError::Read { path: path.to_owned(), source };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(read_error(error)),
        };
        check_mode(path, &file)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(read_error)?;
        let broken = |source| FileError::Broken { path: path.to_owned(), source };
        serde_json::from_str(&text).map(Some).map_err(broken)
    }
}

impl Store for FileStore {
    fn place(&self, _: &str) -> String {
        format!("files in {}", self.folder.display())
    }

    fn load(&self, endpoint: &str) -> Result<Option<Tokens>, StoreError> {
        let entry = Self::read(&self.path(endpoint))?;
        Ok(entry.filter(|entry| entry.endpoint == endpoint).map(|entry| entry.tokens))
    }

    fn save(&self, endpoint: &str, tokens: &Tokens) -> Result<(), StoreError> {
        let path = self.path(endpoint);
        let entry = Entry { endpoint: endpoint.to_owned(), tokens };
        let text = serde_json::to_string_pretty(&entry)
            .map_err(|source| FileError::Broken { path: path.clone(), source })?;
        make_folder(&self.folder)
            .and_then(|()| replace(&path, text.as_bytes()))
            .map_err(|source| FileError::Write { path, source })?;
        Ok(())
    }

    fn remove(&self, endpoint: &str) -> Result<bool, StoreError> {
        let path = self.path(endpoint);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(FileError::Write { path, source }.into()),
        }
    }

    fn endpoints(&self) -> Result<Vec<String>, StoreError> {
        let read_error = |source| FileError::Read { path: self.folder.clone(), source };
        let files = match fs::read_dir(&self.folder) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(read_error(error).into()),
        };
        let mut endpoints = Vec::new();
        for file in files {
            let path = file.map_err(read_error)?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                endpoints.extend(Self::read(&path)?.map(|entry| entry.endpoint));
            }
        }
        endpoints.sort();
        Ok(endpoints)
    }
}

/// Refuses a file that others may open.
#[cfg(unix)]
fn check_mode(path: &Path, file: &File) -> Result<(), FileError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = file.metadata().map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(FileError::TooOpen { path: path.to_owned(), mode });
    }
    Ok(())
}

/// Elsewhere the user's folder is private by itself.
#[cfg(not(unix))]
fn check_mode(_: &Path, _: &File) -> Result<(), FileError> {
    Ok(())
}

/// Writes beside the file, makes sure that it is on the disk, and renames: a crash leaves the old one or the new one.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = write_private(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    written.inspect_err(|_| drop(fs::remove_file(&temporary)))
}

/// The file has its mode from its first moment.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // What a process with our number left behind when it was killed.
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
