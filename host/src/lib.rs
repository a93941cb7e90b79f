//! flyte-host: a Flyte CLI that can be extended with compiled plugins.
//!
//! The binary calls [`app::main`]. The tests and the generated reference also read [`app::args::Cli`],
//! [`check_code`], [`mod@env`], [`mod@settings`] and [`ui::exit_code`]. Another Rust program that loads the
//! same plugins needs only the crate `plugin-host`.

pub mod app;
pub mod command_tree;
mod commands;
mod context;
mod flyte;
mod global;
pub mod ui;

pub use commands::plugin::check::code as check_code;
pub use host_settings::{env, settings};

plugin_host::catch_exit!();
plugin_host::watch_threads!();
