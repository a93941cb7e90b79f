//! flyte-host: a Flyte CLI that can be extended with compiled plugins.
//!
//! The binary calls [`app::main`]; tests and benchmarks use [`app::args::Cli`] and [`command_tree::Tree`].
//! Another Rust program that loads the same plugins needs only the crate `plugin-host`.

pub mod app;
pub mod command_tree;
pub mod commands;
pub mod context;
pub mod env;
pub mod flyte;
pub mod global;
pub mod settings;
pub mod ui;
