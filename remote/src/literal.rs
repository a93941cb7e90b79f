//! Values and their types: how they read, which fit which, and how people write them.
//!
//! Flyte carries every value as a `flyteidl.core.Literal` and describes it by a `LiteralType`. Types are named here as
//! they are written in the short form of tasks ([`type_name`]); whether a value may go where another type is
//! expected is decided as FlyteAdmin decides it ([`accepts`], [`check`]), so that a mistake shows before anything
//! is sent.

mod accepts;
mod check;
mod error;
mod name;

pub use self::{
    accepts::accepts,
    check::check,
    error::{Error, Problem},
    name::type_name,
};

/// The tag of bytes that hold MessagePack.
pub(crate) const MSGPACK: &str = "msgpack";
