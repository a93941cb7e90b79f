//! See ARCHITECTURE.md.

pub mod atomic_file;
pub mod client;
pub mod config;
#[cfg(feature = "grpc")]
pub mod data;
pub mod documents;
pub mod execution_name;
pub mod folder;
pub mod graph;
#[cfg(feature = "grpc")]
pub mod grpc;
pub mod list;
pub mod literal;
#[cfg(feature = "grpc")]
pub mod net;
pub mod plain_text;
pub mod proto;
pub mod register;
mod retry;
pub mod schedule;
pub mod transport;
pub mod watch;

pub use self::{
    client::Client,
    transport::{Code, Status, Transport},
};
