//! Why a file did not arrive.

use std::{error, fmt, io, path::PathBuf};

use crate::transport::TransportError;

/// Why a file did not arrive.
#[derive(Debug)]
#[non_exhaustive]
pub enum TransferError {
    /// A body is written in a way that is not known here.
    Coding {
        /// Its name, as in `Content-Encoding`.
        name: String,
    },
    /// A server elsewhere handed out a `file://` URL.
    FileUrl,
    /// A header that has to be sent is none.
    Header {
        /// Its name.
        name: String,
    },
    /// A file cannot be read.
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The store said no.
    Refused {
        /// `host:port`.
        place: String,
        /// The number of its status.
        code: u16,
        /// Such as `403 Forbidden`.
        status: String,
        /// The first line of its answer, or the title of the page.
        said: Option<String>,
    },
    /// It has more bytes than it may have.
    TooLarge {
        /// How many it may have.
        limit: u64,
    },
    /// The store did not answer.
    Unanswered(TransportError),
    /// A body is not what its `Content-Encoding` says.
    Unpack {
        /// Why.
        source: io::Error,
    },
    /// The signed URL is not an HTTP URL.
    Url,
    /// A file cannot be written.
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl TransferError {
    /// What the user can do, if anything.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::FileUrl => Some("configure Flyte with a store that signs URLs, such as S3".to_owned()),
            Self::Unanswered(fault) => fault.hint.clone(),
            _ => None,
        }
    }
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Coding { name } => {
                write!(f, "could not unpack the file: unknown content encoding `{name}`")
            }
            Self::FileUrl => f.write_str("Flyte returned a `file://` URL instead of a signed URL"),
            Self::Header { name } => {
                write!(f, "Flyte requires the header `{name}`, which is not a valid HTTP header")
            }
            Self::Read { path, .. } => write!(f, "could not read `{}`", path.display()),
            Self::Refused { place, status, said: None, .. } => {
                write!(f, "`{place}` refused the file: {status}")
            }
            Self::Refused { place, status, said: Some(said), .. } => {
                write!(f, "`{place}` refused the file: {status}: {said}")
            }
            Self::TooLarge { limit } => write!(f, "the file has more than {limit} bytes"),
            Self::Unanswered(fault) => f.write_str(&fault.text),
            Self::Unpack { .. } => f.write_str("could not unpack the file: invalid gzip"),
            Self::Url => f.write_str("Flyte returned no usable URL for the file"),
            Self::Write { path, .. } => write!(f, "could not write `{}`", path.display()),
        }
    }
}

impl error::Error for TransferError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Read { source, .. } | Self::Unpack { source } | Self::Write { source, .. } => Some(source),
            Self::Unanswered(fault) => fault.causes.as_deref().map(|cause| cause as _),
            _ => None,
        }
    }
}
