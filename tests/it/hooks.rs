//! Each hook in each state, through the command that consumes it.
//!
//! The states: overridden, not overridden, declining, an invalid value, an error, and panics: with a text, with a
//! value that is no text, and with a value whose destructor panics as well. A `bool` has no invalid value, so
//! `secret_requires_group` has one state less.
//!
//! `plain` overrides nothing. `faulty` overrides every hook, and does what `FAULT` says; the line of its panics is
//! that of `tests/plugins/faulty/src/fault.rs`.

mod configure_cli;
mod create;
mod get_auth_success_html;
mod get_default_cache_policies;
mod get_default_image;
mod get_remote;
mod run;
mod secret_requires_group;

use tests::TestEnvironment;

use crate::home_with;

/// A home in which a plugin is in use, and `faulty` does what a text says.
fn home_where(plugin: &str, fault: &str) -> TestEnvironment {
    let mut home = home_with(&[plugin]);
    home.set("FLYTE_PLUGIN", plugin).set("FAULT", fault);
    home
}
