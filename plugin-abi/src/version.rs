//! The protocol's version: its numbers, and what each step added.
//!
//! This is the only place where they are written. A plugin and a host work together when their
//! **major** numbers are equal; the **minor** number only says how much each side knows. What the
//! older side does not know answers as the default does: see the table of growth rules in
//! [`crate::vtable`].

use std::fmt;

/// Major number: interfaces of different major numbers have nothing to say to each other.
pub const MAJOR: u16 = 1;

/// Minor number: raised by one with every release that adds to an interface.
///
/// * 0 — the six hooks of flytekit, chains, commands, cache policies, transports.
/// * 1 — only with the feature `next-protocol`, for this project's growth tests: one more hook, and
///   one more method on every interface.
pub const MINOR: u16 = if cfg!(feature = "next-protocol") { 1 } else { 0 };

/// The version that this build of the crate speaks.
pub const PROTOCOL: ProtocolVersion = ProtocolVersion { major: MAJOR, minor: MINOR };

/// A version of the plugin protocol, such as `1.0`.
///
/// Not the version of a crate: several releases of `plugin-abi` may speak the same protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProtocolVersion {
    /// Equal on both sides, or the plugin is refused before it is loaded.
    pub major: u16,
    /// Larger on the side that knows more.
    pub minor: u16,
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
