//! `configure_cli`, judged by what a user types and sees.
//!
//! `toolbox` (in `tests/plugins/commands`) changes the command line in every way there is; with `TOOLBOX_BAD`
//! it asks for something that must be refused. `clapped` declares its commands with clap's derive.

mod clap;
mod command;
pub(crate) mod completion;
mod help;
mod man;
mod options;
mod refused;
mod testing;

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};

use tests::TestEnvironment;

use crate::home_with;

/// A home in which `toolbox` is in use, and `clapped` is there too.
fn toolbox_home() -> TestEnvironment {
    let mut home = home_with(&["clapped"]);
    home.copy("commands", home.plugins().join(format!("{DLL_PREFIX}toolbox{DLL_SUFFIX}")));
    home.set("FLYTE_PLUGIN", "toolbox");
    home
}
