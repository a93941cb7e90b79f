//! Functions on Flyte that several commands share: connections, sign-in, lookups, watching, transfers.

pub(crate) mod configuration;
pub(crate) mod connection;
pub(crate) mod entity;
pub(crate) mod execution;
pub(crate) mod execution_name;
pub(crate) mod follow;
pub(crate) mod hint;
pub(crate) mod interface;
pub(crate) mod node;
pub(crate) mod scope;
pub(crate) mod session;
pub(crate) mod sign_in;
pub(crate) mod transfer;
pub(crate) mod transport;
pub(crate) mod values;
