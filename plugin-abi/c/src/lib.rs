//! Plugins for flyte-host in C, and in every language that can call C.
//!
//! The static library of this crate has the header of the plugin, which the host loads, and implements
//! [`plugin_abi::Plugin`] by calling the functions of a table, [`interface::FlyteFunctions`], that the author
//! exports. Authors see `include/flyte_plugin.h`, which `cargo xtask c-header` writes from `interface.rs` and
//! `functions.rs`, and link with `flyte_plugin.map`, which leaves the two symbols of a plugin.
//!
//! | module | what it has |
//! |---|---|
//! | [`interface`] | the types of the header |
//! | `functions` | the functions of the header, which authors call |
//! | `plugin` | the plugin, which calls the author's functions |
//! | `export` | the header of the library |
//! | `text` | texts of C |

mod export;
mod functions;
pub mod interface;
mod plugin;
mod text;
