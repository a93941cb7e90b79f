//! See ARCHITECTURE.md.

pub mod client;
pub mod config;
pub mod data;
pub mod descriptor;
mod free_form;
pub mod graph;
pub mod grpc;
pub mod list;
pub mod literal;
pub mod net;
pub mod proto;
pub mod register;
mod retry;
pub mod transport;
pub mod watch;

pub use self::{
    client::Client,
    transport::{Code, Status, Transport},
};
