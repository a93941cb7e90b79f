//! Operating systems, by the format of their libraries.

use std::fmt;

/// An operating system, by the library format it loads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum System {
    /// FreeBSD and others that use ELF with a number of their own.
    Bsd,
    /// Linux: ELF.
    Linux,
    /// macOS: Mach-O.
    MacOs,
    /// Windows: PE.
    Windows,
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bsd => "BSD",
            Self::Linux => "Linux",
            Self::MacOs => "macOS",
            Self::Windows => "Windows",
        })
    }
}
