//! Names of plugins, for the completion of arguments. What cannot be read completes nothing.

use std::{collections::BTreeSet, ffi::OsStr};

use clap_complete::engine::CompletionCandidate;
use host_settings::plugins;
use plugin_host::{Directories, preflight};

use super::installer;
use crate::{
    env,
    settings::{self, Settings},
};

/// The plugins in the plugin directories.
pub(super) fn found(typed: &OsStr) -> Vec<CompletionCandidate> {
    let directories = Directories::new(env::raw(env::PLUGIN_PATH), settings::home().as_deref());
    let passports =
        directories.libraries().into_iter().filter_map(|path| preflight::read_passport(&path).ok());
    candidates(typed, passports.map(|passport| passport.name().to_owned()))
}

/// The plugins in the lock file.
pub(super) fn installed(typed: &OsStr) -> Vec<CompletionCandidate> {
    let lock = installer::lock_file().unwrap_or_default();
    candidates(typed, lock.plugins.into_keys())
}

/// The plugins that are enabled.
pub(super) fn enabled(typed: &OsStr) -> Vec<CompletionCandidate> {
    let settings = Settings::read().unwrap_or_default();
    candidates(typed, plugins::selection(&settings).map(|selection| selection.specs).unwrap_or_default())
}

fn candidates(typed: &OsStr, names: impl IntoIterator<Item = String>) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let names: BTreeSet<String> = names.into_iter().filter(|name| name.starts_with(&*typed)).collect();
    names.into_iter().map(CompletionCandidate::new).collect()
}
