//! Messages: a header, then the arguments or the result of a method.

use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// What a message is.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Header<'a> {
    /// A call of a method; the arguments follow.
    Call {
        /// The number under which the receiver has the object.
        object: u64,
        /// The method's name.
        method: &'a str,
        /// Objects of the receiver that the sender does not use any more.
        released: Vec<u64>,
    },
    /// The end of the last call; its result follows.
    Return,
}

/// A message that the other process cannot have meant.
#[derive(Clone, Debug)]
pub(super) struct Malformed(String);

impl Malformed {
    pub(super) fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) fn encode(value: &impl Serialize) -> Result<Vec<u8>, Malformed> {
    postcard::to_allocvec(value).map_err(Malformed::new)
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Malformed> {
    postcard::from_bytes(bytes).map_err(Malformed::new)
}

/// Puts a message together.
pub(super) fn join(header: &Header<'_>, body: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut message =
        postcard::to_extend(header, Vec::with_capacity(64 + body.len())).map_err(Malformed::new)?;
    message.extend_from_slice(body);
    Ok(message)
}

/// Takes a message apart.
pub(super) fn split(message: &[u8]) -> Result<(Header<'_>, &[u8]), Malformed> {
    postcard::take_from_bytes(message).map_err(Malformed::new)
}
