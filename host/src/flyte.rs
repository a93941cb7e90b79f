//! Functions on Flyte that several commands share: connections, sign-in, lookups, watching, transfers.

pub mod configuration;
pub mod connection;
pub mod entity;
pub mod execution;
pub mod execution_name;
pub mod follow;
pub mod hint;
pub mod interface;
pub mod node;
pub mod scope;
pub mod session;
pub mod sign_in;
pub mod transfer;
pub mod transport;
pub mod values;
