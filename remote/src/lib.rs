//! See ARCHITECTURE.md.

pub mod client;
pub mod config;
pub mod descriptor;
pub mod literal;
pub mod list;
pub mod proto;
pub mod register;
pub mod transport;

pub use self::{
    client::Client,
    transport::{Code, Status, Transport},
};
