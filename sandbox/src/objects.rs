//! Objects of buckets, as files: what the sandbox's S3 stores.
//!
//! [`BUCKET`] is the folder of blobs, so that uploads and outputs are its objects; other buckets are folders
//! below `buckets`. The key of an object is the path of its file, so two things that an object store has are
//! refused: a key of which another one is a folder, and empty, `.` and `..` segments.

mod error;
mod listing;
mod upload;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use flyte_client::atomic_file::PartialFile;

pub(crate) use self::{error::ObjectError, listing::ListedItem};
use crate::blobs::{self, BUCKET};

/// The folder of the buckets besides [`BUCKET`].
pub(crate) const BUCKETS: &str = "buckets";
/// The folder of uploads in parts.
pub(crate) const UPLOADS: &str = "uploads";

/// The longest name that common file systems take, in bytes.
const LONGEST_SEGMENT: usize = 255;

/// How often a file is created whose folder was removed meanwhile.
const TRIES: u32 = 5;

/// The buckets of a sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Objects {
    root: PathBuf,
}

/// A stored object.
#[derive(Debug)]
pub(crate) struct StoredObject {
    pub(crate) file: File,
    pub(crate) info: ObjectInfo,
}

/// What lists say about an object.
#[derive(Clone, Debug)]
pub(crate) struct ObjectInfo {
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
    /// Changes with the content.
    pub(crate) etag: String,
}

impl ObjectInfo {
    fn new(metadata: &fs::Metadata) -> Self {
        Self {
            size: metadata.len(),
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            etag: blobs::etag(metadata),
        }
    }
}

impl Objects {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: std::path::absolute(root).unwrap_or_else(|_| root.to_owned()) }
    }

    fn folder(&self, bucket: &str) -> PathBuf {
        match bucket {
            BUCKET => self.root.join(blobs::FOLDER),
            other => self.root.join(BUCKETS).join(other),
        }
    }

    /// The folder of a bucket that exists.
    fn bucket(&self, bucket: &str) -> Result<PathBuf, ObjectError> {
        let folder = self.folder(bucket);
        if bucket == BUCKET {
            fs::create_dir_all(&folder)?;
        }
        if folder.is_dir() { Ok(folder) } else { Err(ObjectError::NoBucket) }
    }

    /// Checks that a bucket exists.
    pub(crate) fn check_bucket(&self, bucket: &str) -> Result<(), ObjectError> {
        self.bucket(bucket).map(|_| ())
    }

    /// The names of the buckets with the times of their creation.
    pub(crate) fn buckets(&self) -> Result<Vec<(String, SystemTime)>, ObjectError> {
        let created = |folder: &Path| -> io::Result<SystemTime> {
            let metadata = fs::metadata(folder)?;
            metadata.created().or_else(|_| metadata.modified())
        };
        let mut buckets = vec![(BUCKET.to_owned(), created(&self.bucket(BUCKET)?)?)];
        for entry in entries(&self.root.join(BUCKETS))? {
            if let Some(name) = entry.file_name().to_str() {
                buckets.push((name.to_owned(), created(&entry.path())?));
            }
        }
        buckets.sort();
        Ok(buckets)
    }

    pub(crate) fn create_bucket(&self, bucket: &str) -> Result<(), ObjectError> {
        if self.bucket(bucket).is_ok() {
            return Err(ObjectError::BucketExists);
        }
        Ok(fs::create_dir_all(self.folder(bucket))?)
    }

    pub(crate) fn remove_bucket(&self, bucket: &str) -> Result<(), ObjectError> {
        let folder = self.bucket(bucket)?;
        if bucket == BUCKET {
            return Err(ObjectError::Immutable);
        }
        match fs::remove_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Err(ObjectError::NotEmpty),
            removed => Ok(removed?),
        }
    }

    /// The file of a key; a key that ends with a slash names a folder.
    fn path(&self, bucket: &str, key: &str) -> Result<PathBuf, ObjectError> {
        let folder = self.bucket(bucket)?;
        let plain = key.strip_suffix('/').unwrap_or(key);
        if plain.split('/').all(is_segment) { Ok(folder.join(plain)) } else { Err(ObjectError::Key) }
    }

    pub(crate) fn open(&self, bucket: &str, key: &str) -> Result<StoredObject, ObjectError> {
        let path = self.path(bucket, key)?;
        let file = File::open(path).map_err(missing)?;
        let metadata = file.metadata()?;
        // A folder is an object only under the name that marks it.
        if metadata.is_dir() != key.ends_with('/') {
            return Err(ObjectError::NoKey);
        }
        let mut info = ObjectInfo::new(&metadata);
        if metadata.is_dir() {
            info.size = 0;
        }
        Ok(StoredObject { file, info })
    }

    /// A file for the content of an object, to be stored with [`store`](Self::store).
    pub(crate) fn prepare(&self, bucket: &str, key: &str) -> Result<PartialFile, ObjectError> {
        let path = self.path(bucket, key)?;
        if key.ends_with('/') {
            return Err(ObjectError::Key);
        }
        self.check_writable(&path)?;
        let mut tries = 1;
        loop {
            let made =
                path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| PartialFile::create(&path));
            match made {
                // The folder was empty, and another request removed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound && tries < TRIES => tries += 1,
                made => return made.map_err(conflict),
            }
        }
    }

    /// Makes a prepared file the content of an object: all of it at once.
    pub(crate) fn store(
        &self,
        bucket: &str,
        key: &str,
        content: PartialFile,
    ) -> Result<ObjectInfo, ObjectError> {
        let path = self.path(bucket, key)?;
        self.check_writable(&path)?;
        content.persist().map_err(conflict)?;
        Ok(ObjectInfo::new(&fs::metadata(path)?))
    }

    /// As [`store`](Self::store), if there is no such object: of several requests at once one succeeds.
    pub(crate) fn store_new(
        &self,
        bucket: &str,
        key: &str,
        content: PartialFile,
    ) -> Result<ObjectInfo, ObjectError> {
        let path = self.path(bucket, key)?;
        self.check_writable(&path)?;
        content.persist_new().map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists if !path.is_dir() => ObjectError::KeyExists,
            _ => conflict(error),
        })?;
        Ok(ObjectInfo::new(&fs::metadata(path)?))
    }

    /// Makes a folder, for a key that ends with a slash.
    pub(crate) fn mark_folder(&self, bucket: &str, key: &str) -> Result<ObjectInfo, ObjectError> {
        let path = self.path(bucket, key)?;
        self.check_writable(&path)?;
        fs::create_dir_all(&path).map_err(conflict)?;
        let info = ObjectInfo::new(&fs::metadata(path)?);
        Ok(ObjectInfo { size: 0, ..info })
    }

    pub(crate) fn copy(
        &self,
        from: (&str, &str),
        (bucket, key): (&str, &str),
    ) -> Result<ObjectInfo, ObjectError> {
        let mut from = self.open(from.0, from.1)?;
        if key.ends_with('/') {
            return self.mark_folder(bucket, key);
        }
        let mut content = self.prepare(bucket, key)?;
        io::copy(&mut from.file, content.file())?;
        self.store(bucket, key, content)
    }

    /// Removes an object; one that does not exist is none.
    pub(crate) fn remove(&self, bucket: &str, key: &str) -> Result<(), ObjectError> {
        let path = self.path(bucket, key)?;
        self.check_writable(&path)?;
        let removed = if key.ends_with('/') { fs::remove_dir(&path) } else { fs::remove_file(&path) };
        match removed.map_err(missing) {
            Ok(()) => {}
            Err(ObjectError::NoKey) => return Ok(()),
            // A folder that has objects is not the object that marks it.
            Err(_) if path.is_dir() => return Ok(()),
            Err(error) => return Err(error),
        }
        self.remove_empty_folders(bucket, &path);
        Ok(())
    }

    /// Refuses to change what an attempt stored that has ended, or to add to it.
    fn check_writable(&self, path: &Path) -> Result<(), ObjectError> {
        let is_protected = fs::symlink_metadata(path)
            .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().readonly());
        if is_protected || self.attempt_folder(path).is_some_and(|folder| has_protected(&folder)) {
            return Err(ObjectError::Immutable);
        }
        Ok(())
    }

    /// The folder of the attempt that a file is an output of.
    fn attempt_folder(&self, path: &Path) -> Option<PathBuf> {
        let outputs = self.folder(BUCKET).join(blobs::OUTPUTS);
        let below = path.strip_prefix(&outputs).ok()?;
        let attempt: PathBuf = below.components().take(blobs::OUTPUTS_DEPTH).collect();
        (attempt != below).then(|| outputs.join(attempt))
    }

    /// Removes the folders of a removed file that are empty now.
    fn remove_empty_folders(&self, bucket: &str, path: &Path) {
        let root = self.folder(bucket);
        let folders = path.ancestors().skip(1).take_while(|folder| *folder != root);
        for folder in folders {
            // The first that is not empty stays, with those that it is in.
            if fs::remove_dir(folder).is_err() {
                return;
            }
        }
    }
}

/// Makes files unchangeable: outputs of an attempt that has ended.
pub(crate) fn protect(folder: &Path) -> io::Result<()> {
    for entry in entries(folder)? {
        let kind = entry.file_type()?;
        if kind.is_dir() {
            protect(&entry.path())?;
        } else if kind.is_file() {
            let mut permissions = entry.metadata()?.permissions();
            permissions.set_readonly(true);
            fs::set_permissions(entry.path(), permissions)?;
        }
    }
    Ok(())
}

/// The entries of a folder; none if it does not exist.
fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn is_segment(segment: &str) -> bool {
    let is_special = |letter: char| letter == '\0' || cfg!(windows) && "\\:*?\"<>|".contains(letter);
    !matches!(segment, "" | "." | "..")
        && segment.len() <= LONGEST_SEGMENT
        && !segment.contains(is_special)
        && !flyte_client::atomic_file::is_partial(segment.as_ref())
}

/// Whether the objects of an attempt are protected: all are or none, so only the first is looked at.
fn has_protected(folder: &Path) -> bool {
    first_is_protected(folder).unwrap_or(false)
}

/// `None` without an object.
fn first_is_protected(folder: &Path) -> Option<bool> {
    for entry in fs::read_dir(folder).ok()? {
        let entry = entry.ok()?;
        let kind = entry.file_type().ok()?;
        if kind.is_dir() {
            if let Some(found) = first_is_protected(&entry.path()) {
                return Some(found);
            }
        } else if kind.is_file() && entry.file_name().to_str().is_some_and(is_segment) {
            return Some(entry.metadata().ok()?.permissions().readonly());
        }
    }
    None
}

/// A file that is not there, or is below another file.
fn missing(error: io::Error) -> ObjectError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ObjectError::NoKey,
        _ => ObjectError::Files(error),
    }
}

/// A key that has another one as a folder.
fn conflict(error: io::Error) -> ObjectError {
    match error.kind() {
        io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory | io::ErrorKind::AlreadyExists => {
            ObjectError::Conflict
        }
        _ => ObjectError::Files(error),
    }
}

#[cfg(test)]
mod tests;
