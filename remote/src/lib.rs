//! See ARCHITECTURE.md.
pub mod descriptor;
pub mod proto;
