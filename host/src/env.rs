//! Every environment variable that the host itself reads.
//!
//! Those of Flyte's configuration (`FLYTE_PLATFORM_URL` and the like) are in `remote::config`, the proxies'
//! (`HTTPS_PROXY` and the like) in `remote::net::Proxies`.

/// The plugins to load: a path, a name that is looked up in the plugins directories, or a list of
/// these separated like `PATH`. The first is in front. `builtin` means none.
pub const PLUGIN: &str = "FLYTE_PLUGIN";

/// Directories in which names are looked up before all others, separated like `PATH`.
pub const PLUGIN_PATH: &str = "FLYTE_PLUGIN_PATH";

/// `1`: go on with the built-in default, and a warning, when a plugin cannot be used.
pub const PLUGIN_FALLBACK: &str = "FLYTE_PLUGIN_FALLBACK";

/// The host's settings file, instead of `~/.flyte/host.toml`.
pub const HOST_CONFIG: &str = "FLYTE_HOST_CONFIG";

/// The folder of the embedded sandbox, instead of `~/.flyte/sandbox`.
pub const SANDBOX_DIR: &str = "FLYTE_SANDBOX_DIR";

/// Seconds that one call to Flyte may take, instead of 60; `0`: as long as it takes.
pub const TIMEOUT: &str = "FLYTE_HOST_TIMEOUT";

/// Set by the scripts of `completion` when a shell asks what could be typed.
pub const COMPLETE: &str = crate::commands::completion::VARIABLE;

/// The user's home.
pub const HOME: &str = "HOME";

/// A variable's value; one that is set but empty counts as not set, as everywhere in this program.
#[must_use]
pub fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether a variable that switches something is on.
#[must_use]
pub fn is_on(name: &str) -> bool {
    text(name)
        .is_some_and(|value| !matches!(value.to_ascii_lowercase().as_str(), "0" | "false" | "no" | "off"))
}
