//! Why something did not come from a bucket, or get there.

use std::{error, fmt};

use super::{
    super::{TransferError, xml},
    uri::{BucketUri, Provider},
};

/// Why something did not come from a bucket, or get there.
#[derive(Debug)]
#[non_exhaustive]
pub enum BucketError {
    /// The file on this machine cannot be read or written.
    File(TransferError),
    /// The keys cannot be used.
    Keys {
        /// Whose.
        origin: String,
        /// What is wrong with them.
        reason: StoreFault,
    },
    /// The store sent less or more than it said.
    Length {
        /// What was asked for.
        uri: String,
        /// How many bytes came.
        arrived: u64,
        /// How many were announced.
        length: u64,
    },
    /// The store refused, or did not answer.
    Store {
        /// What could not be done.
        verb: &'static str,
        /// To what.
        uri: String,
        /// Why.
        reason: StoreFault,
    },
    /// Not a URI of a bucket.
    Uri {
        /// What was given.
        uri: String,
    },
}

/// What a store's failure comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreFault {
    /// The kind, for hints.
    pub kind: BucketErrorKind,
    /// In words.
    pub text: String,
}

/// A kind of a store's failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BucketErrorKind {
    /// The keys are unknown, or not allowed to do this.
    Denied,
    /// The object or bucket does not exist.
    Missing,
    /// Any other.
    Other,
    /// No connection, or it broke.
    Unreachable,
}

impl BucketError {
    pub(super) fn keys(origin: &str, error: &object_store::Error) -> Self {
        Self::Keys { origin: origin.to_owned(), reason: StoreFault::new(error) }
    }

    pub(super) fn uri(uri: &str) -> Self {
        Self::Uri { uri: uri.to_owned() }
    }

    pub(super) fn store(verb: &'static str, uri: &BucketUri, source: object_store::Error) -> Self {
        Self::Store { verb, uri: uri.text.clone(), reason: StoreFault::new(&source) }
    }

    /// Whether the object is not there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Store { reason: StoreFault { kind: BucketErrorKind::Missing, .. }, .. })
    }

    /// What the user can do, if anything.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let Self::Store { uri, reason: StoreFault { kind, .. }, .. } = self else { return None };
        let provider = BucketUri::parse(uri)?.provider;
        match kind {
            BucketErrorKind::Denied => Some(format!("check {}", provider.keys())),
            BucketErrorKind::Unreachable if provider == Provider::S3 => Some(
                "set `FLYTE_AWS_ENDPOINT` or `storage.connection.endpoint` to the address of the store"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

impl Provider {
    /// Where the user's keys for it can be.
    pub(super) fn keys(self) -> &'static str {
        match self {
            Self::Azure => "`AZURE_STORAGE_ACCOUNT_NAME` and `AZURE_STORAGE_ACCOUNT_KEY`",
            Self::Google => "`GOOGLE_APPLICATION_CREDENTIALS`",
            Self::S3 => "`FLYTE_AWS_ACCESS_KEY_ID` and `FLYTE_AWS_SECRET_ACCESS_KEY`, or `AWS_PROFILE`",
        }
    }
}

impl StoreFault {
    fn new(error: &object_store::Error) -> Self {
        use object_store::Error as E;
        let connection = super::connector::fault_in(error);
        if let Some(text) = connection {
            return Self { kind: BucketErrorKind::Unreachable, text };
        }
        let (kind, text) = match error {
            E::NotFound { .. } => {
                let said = xml::refusal(&innermost(error));
                (BucketErrorKind::Missing, said.unwrap_or_else(|| "no such object".to_owned()))
            }
            E::PermissionDenied { .. } | E::Unauthenticated { .. } => {
                (BucketErrorKind::Denied, refusal(error))
            }
            _ => (BucketErrorKind::Other, refusal(error)),
        };
        Self { kind, text }
    }
}

/// The innermost text, which is the store's own; of an answer in XML its code and message.
fn refusal(error: &dyn error::Error) -> String {
    let text = innermost(error);
    xml::refusal(&text).unwrap_or_else(|| text.lines().next().unwrap_or_default().to_owned())
}

fn innermost(error: &dyn error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

impl fmt::Display for BucketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Keys { origin, .. } => write!(f, "could not use the keys for {origin}"),
            Self::Length { uri, arrived, length } => {
                write!(f, "could not read `{uri}`: {arrived} bytes arrived of {length}")
            }
            Self::Store { verb, uri, .. } => write!(f, "could not {verb} `{uri}`"),
            Self::Uri { uri } => write!(f, "`{uri}`: not a URI of a bucket"),
        }
    }
}

impl error::Error for BucketError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::File(error) => error.source(),
            Self::Keys { reason, .. } | Self::Store { reason, .. } => Some(reason),
            _ => None,
        }
    }
}

impl fmt::Display for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl error::Error for StoreFault {}
