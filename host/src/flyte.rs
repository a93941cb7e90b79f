//! What several commands do with Flyte: connect, sign in, name, follow and transfer things.

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
