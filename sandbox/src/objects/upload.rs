//! Uploads in parts: a folder each, with a file for each part.

use std::{
    fs::{self, File},
    io,
    path::PathBuf,
};

use flyte_client::atomic_file::{self, PartialFile};

use super::{ObjectError, ObjectInfo, Objects, UPLOADS};
use crate::blobs;

/// The file with the bucket and the key of an upload.
const TARGET: &str = "target";

impl Objects {
    /// Begins an upload, and returns its id.
    pub(crate) fn begin_upload(&self, bucket: &str, key: &str) -> Result<String, ObjectError> {
        self.check_writable(&self.path(bucket, key)?)?;
        let id = blobs::token()?;
        let folder = self.root.join(UPLOADS).join(&id);
        fs::create_dir_all(&folder)?;
        atomic_file::replace(&folder.join(TARGET), format!("{bucket}/{key}").as_bytes())?;
        Ok(id)
    }

    /// The folder of an upload of an object.
    fn upload(&self, bucket: &str, key: &str, id: &str) -> Result<PathBuf, ObjectError> {
        if !super::is_segment(id) || id.contains('/') {
            return Err(ObjectError::NoUpload);
        }
        let folder = self.root.join(UPLOADS).join(id);
        match fs::read_to_string(folder.join(TARGET)) {
            Ok(target) if target == format!("{bucket}/{key}") => Ok(folder),
            _ => Err(ObjectError::NoUpload),
        }
    }

    /// A file for the content of a part, to be stored with [`PartialFile::persist`].
    pub(crate) fn prepare_part(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        number: i32,
    ) -> Result<PartialFile, ObjectError> {
        Ok(PartialFile::create(&self.upload(bucket, key, id)?.join(number.to_string()))?)
    }

    /// Makes parts the content of the object; with `is_new_only` if there is no such object.
    pub(crate) fn complete_upload(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        parts: &[i32],
        is_new_only: bool,
    ) -> Result<ObjectInfo, ObjectError> {
        let folder = self.upload(bucket, key, id)?;
        if parts.is_empty() || !parts.is_sorted_by(|one, next| one < next) {
            return Err(ObjectError::Part);
        }
        let mut content = self.prepare(bucket, key)?;
        for number in parts {
            let mut part =
                File::open(folder.join(number.to_string())).map_err(|error| match error.kind() {
                    io::ErrorKind::NotFound => ObjectError::Part,
                    _ => ObjectError::Files(error),
                })?;
            io::copy(&mut part, content.file())?;
        }
        let info = match is_new_only {
            true => self.store_new(bucket, key, content)?,
            false => self.store(bucket, key, content)?,
        };
        fs::remove_dir_all(folder)?;
        Ok(info)
    }

    pub(crate) fn abort_upload(&self, bucket: &str, key: &str, id: &str) -> Result<(), ObjectError> {
        Ok(fs::remove_dir_all(self.upload(bucket, key, id)?)?)
    }
}
