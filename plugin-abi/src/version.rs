//! The protocol's version: its numbers, and what each one added.
//!
//! A plugin and a host work together when their
//! **major** numbers are equal; the **minor** number counts additions. What the
//! older side lacks behaves like the default: see the table of growth rules in
//! [`crate::vtable`].
//!
//! The version of this crate has the same major and minor number, and a patch number of its own.
//! abi_stable's layout check compares, for each type that crosses, the name of its crate and the
//! major number of that crate's version (while the major number is 0: the minor number). Renaming
//! the crate, or releasing it as 2.0 with protocol 1, would refuse every plugin ever built.

use std::fmt;

/// Major number: different majors are incompatible.
pub const MAJOR: u16 = 1;

/// Minor number: raised by one with every release that adds to an interface.
///
/// * 0 — the six hooks of flytekit, chains, commands, cache policies, transports.
/// * 1 — only with `--cfg next_protocol`, for this project's growth tests: one more hook, and
///   one more method on every interface.
pub const MINOR: u16 = if cfg!(next_protocol) { 1 } else { 0 };

/// The version that this build of the crate speaks.
pub const PROTOCOL: ProtocolVersion = ProtocolVersion { major: MAJOR, minor: MINOR };

/// A version of the plugin protocol, such as `1.0`.
///
/// Several releases of `plugin-abi` may speak the same protocol: `1.0.0` and `1.0.7` both speak `1.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProtocolVersion {
    /// Must be equal on both sides; otherwise the plugin is rejected before it is loaded.
    pub major: u16,
    /// Larger on the side with more hooks and methods.
    pub minor: u16,
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACROS: &str = include_str!("../macros/Cargo.toml");

    #[test]
    #[cfg(not(next_protocol))]
    fn crate_version_is_the_protocol_version() {
        assert!(
            env!("CARGO_PKG_VERSION").starts_with(&format!("{PROTOCOL}.")),
            "set `version` in `plugin-abi/Cargo.toml` to {PROTOCOL}.x: the layout check compares the crate's version"
        );
    }

    #[test]
    fn macros_have_the_version_of_the_crate() {
        let version = format!("\nversion = \"{}\"\n", env!("CARGO_PKG_VERSION"));
        assert!(MACROS.contains(&version), "`plugin-abi/macros/Cargo.toml` lacks `{}`", version.trim());
    }
}
