//! Why a request for an object is refused.

use std::io;

/// Why a request for an object or a bucket is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ObjectError {
    #[error("the bucket does not exist")]
    NoBucket,
    #[error("the bucket exists already")]
    BucketExists,
    #[error("the bucket has objects")]
    NotEmpty,
    #[error("the key does not exist")]
    NoKey,
    #[error("the key exists already")]
    KeyExists,
    #[error(
        "invalid key: the parts between slashes name files; none is empty, `.`, `..` or over 255 bytes long"
    )]
    Key,
    #[error("the key is a folder of other keys, or has one that is an object")]
    Conflict,
    #[error("outputs of an attempt that has ended, and their bucket, cannot be changed")]
    Immutable,
    #[error("the upload does not exist")]
    NoUpload,
    #[error("a part of the upload does not exist, or its number is out of order")]
    Part,
    #[error(transparent)]
    Files(#[from] io::Error),
}
