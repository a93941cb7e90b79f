//! See ARCHITECTURE.md.

pub mod config;
pub mod descriptor;
pub mod proto;
pub mod register;
