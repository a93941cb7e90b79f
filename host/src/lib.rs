//! flyte-host: a Flyte CLI whose core behaviours compiled plugins may change.
//!
//! The program's `main` is five lines; this is the rest of it. Another Rust program that wants to load
//! the same plugins needs only [`plugin`], which knows nothing of Flyte or of a command line.

pub mod app;
pub mod command_tree;
pub mod commands;
pub mod context;
pub mod env;
pub mod flyte;
pub mod global;
pub mod settings;
pub mod ui;
