//! Variables and settings of flyte-host, and the plugins that they select.
//!
//! `flyte-host` and the Python package `flyte_host` read them, so that both load the same plugins.

#![deny(missing_docs)]

pub mod env;
pub mod plugins;
pub mod remote;
pub mod settings;
pub mod show;
