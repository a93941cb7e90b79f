//! What pre-flight can find, each as one sentence, and the remedy for it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use plugin_abi::ProtocolVersion;
use plugin_abi::passport::{HEADER_SYMBOL, SYMBOL};

use super::looks_like::LooksLike;
use super::passport::{FORMAT, PassportError};
use super::system::System;
use super::text::{Listed, quoted};

/// The largest plugin file that is read, in bytes.
pub(super) const MAX_SIZE: u64 = 256 << 20;
/// How many missing symbols a message names.
const MAX_NAMED: usize = 3;

/// Why a file cannot be loaded as a plugin.
///
/// The message is one sentence that names the file, or the plugin once its name is known;
/// [`PreflightError::path`] always has the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PreflightError {
    /// The plugin was built on an incompatible `abi_stable`.
    #[error(
        "plugin `{plugin}` {version} uses interface {}.{} of abi_stable; this host uses {}.{}",
        found.0, found.1, host.0, host.1
    )]
    AbiStable {
        /// The file.
        path: PathBuf,
        /// The plugin's name.
        plugin: String,
        /// The plugin's version.
        version: String,
        /// The interface version that the plugin's header has.
        found: (u32, u32),
        /// The one that this host needs.
        host: (u32, u32),
        /// The protocol of this host.
        protocol: ProtocolVersion,
    },
    /// The file was written to or replaced between the checks and the end of loading.
    #[error("{} changed while it was loaded", quoted(path))]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The file ends before what its headers describe.
    #[error("{} is cut short: it needs {needs} bytes and has {has}", quoted(path))]
    CutShort {
        /// The file.
        path: PathBuf,
        /// How long it would have to be.
        needs: u64,
        /// How long it is.
        has: u64,
    },
    /// The file contradicts itself.
    #[error("{} is damaged: {why}", quoted(path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What cannot be.
        why: &'static str,
    },
    /// The path is a link to nothing.
    #[error("{} is a link to {}, which does not exist", quoted(path), quoted(target))]
    DanglingLink {
        /// The link.
        path: PathBuf,
        /// Where it leads in the end.
        target: PathBuf,
    },
    /// The path is a directory.
    #[error("{} is a directory, not a plugin file", quoted(path))]
    Directory {
        /// The directory.
        path: PathBuf,
        /// A library in it, if there is one.
        inside: Option<PathBuf>,
    },
    /// The file has no content.
    #[error("{} is empty", quoted(path))]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// One of the plugin's two symbols is there, but wrong.
    #[error("`{symbol}` in {} {fault}", quoted(path))]
    Export {
        /// The file.
        path: PathBuf,
        /// Which symbol.
        symbol: &'static str,
        /// What is wrong with it.
        fault: ExportError,
    },
    /// The C library is older than the one that the plugin was linked with.
    #[error(
        "plugin `{plugin}` needs glibc {}.{}; this machine has {}.{}",
        needs.0, needs.1, has.0, has.1
    )]
    GlibcTooOld {
        /// The file.
        path: PathBuf,
        /// The plugin's name.
        plugin: String,
        /// The version that the plugin needs.
        needs: (u32, u32),
        /// The version that runs here.
        has: (u32, u32),
    },
    /// Only one of the plugin's two symbols is there.
    #[error("{} exports `{found}` but not `{missing}`", quoted(path))]
    HalfPlugin {
        /// The file.
        path: PathBuf,
        /// The symbol that it exports.
        found: &'static str,
        /// The symbol that it lacks.
        missing: &'static str,
    },
    /// The path is a link that leads back to itself.
    #[error("{} is a link that leads back to itself", quoted(path))]
    LinkLoop {
        /// The link.
        path: PathBuf,
    },
    /// Nothing is at the path.
    #[error("{} not found", quoted(path))]
    Missing {
        /// The path.
        path: PathBuf,
        /// Libraries of similar name in the same folder, the likeliest first.
        near: Vec<PathBuf>,
    },
    /// Nothing is at the path, and the folder does not exist either.
    #[error("{} not found: the folder {} does not exist", quoted(path), quoted(folder))]
    MissingFolder {
        /// The path.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
    /// The plugin has a library of its own, of which this process has loaded another one.
    #[error(
        "plugin `{plugin}` needs its own {}, but the library {} is loaded",
        quoted(needs),
        quoted(loaded)
    )]
    LibraryConflict {
        /// The file.
        path: PathBuf,
        /// The plugin's name.
        plugin: String,
        /// The plugin's library.
        needs: PathBuf,
        /// The one with the same name that is loaded.
        loaded: PathBuf,
    },
    /// A library that the plugin is linked with cannot be found.
    #[error(
        "plugin `{plugin}` needs the library `{library}`{}, which is not on this machine",
        through(needed_by)
    )]
    MissingLibrary {
        /// The file.
        path: PathBuf,
        /// The plugin's name.
        plugin: String,
        /// What is missing, escaped.
        library: String,
        /// The library that needs it, where it is not the plugin itself.
        needed_by: Option<String>,
    },
    /// A library that the plugin is linked with is too old.
    #[error("plugin `{plugin}` needs `{version}` of `{library}`; {} {}", quoted(found), ends(newest))]
    MissingVersion {
        /// The file.
        path: PathBuf,
        /// The plugin's name.
        plugin: String,
        /// The version that is missing, escaped.
        version: Box<str>,
        /// The library's name, escaped.
        library: Box<str>,
        /// The library on this machine.
        found: Box<Path>,
        /// The newest version of that kind that it has.
        newest: Option<Box<str>>,
    },
    /// The system has no room for such a name.
    #[error("the path {} is too long for this system", quoted(path))]
    NameTooLong {
        /// The path.
        path: PathBuf,
    },
    /// The file lies where nothing may be run.
    #[error("{} is on a file system mounted with `noexec`", quoted(path))]
    NoExec {
        /// The file.
        path: PathBuf,
    },
    /// The file may not be read.
    #[error("could not read {}: permission denied", quoted(path))]
    NoPermission {
        /// The file.
        path: PathBuf,
    },
    /// The file is some other kind of file.
    #[error("{} is {looks}, not a plugin", quoted(path))]
    NotALibrary {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        looks: LooksLike,
    },
    /// The file is a library, but has neither passport nor header.
    #[error(
        "{} is a library, not a plugin: it exports neither `{}` nor `{}`",
        quoted(path),
        SYMBOL,
        HEADER_SYMBOL
    )]
    NotAPlugin {
        /// The file.
        path: PathBuf,
    },
    /// The path leads to something that is not a file.
    #[error("{} is {kind}, not a file", quoted(path))]
    NotRegular {
        /// The path.
        path: PathBuf,
        /// What it is.
        kind: NotRegular,
    },
    /// The plugin was built for another C library.
    #[error("plugin `{plugin}` is built for {found}; this host uses the C library `{host}`")]
    OtherCLibrary {
        /// The file.
        path: PathBuf,
        /// The plugin's name.
        plugin: String,
        /// The target in the plugin's passport.
        found: String,
        /// The host's, by the name that Rust gives it.
        host: &'static str,
    },
    /// The file was built for another CPU.
    #[error("{} is built for {found}; this host runs on {host}", quoted(path))]
    OtherCpu {
        /// The file.
        path: PathBuf,
        /// The file's CPU, byte order or width.
        found: String,
        /// The host's.
        host: String,
    },
    /// The library's symbols have the major number of another protocol, and its passport cannot be read.
    #[error("{} speaks plugin protocol {found}; this host speaks {host}", quoted(path))]
    OtherMajor {
        /// The file.
        path: PathBuf,
        /// The major number in its symbols.
        found: u16,
        /// The protocol of this host.
        host: ProtocolVersion,
    },
    /// The file was built for another operating system.
    #[error("{} is a {found} library; this host runs on {host}", quoted(path))]
    OtherSystem {
        /// The file.
        path: PathBuf,
        /// The file's system.
        found: System,
        /// The host's.
        host: System,
    },
    /// The passport breaks its own rules.
    #[error("invalid passport in {}", quoted(path))]
    Passport {
        /// The file.
        path: PathBuf,
        /// Which rule.
        source: PassportError,
    },
    /// The passport has a format that this host does not know.
    #[error("{} has a passport of format {found}; this host reads format {FORMAT}", quoted(path))]
    PassportFormat {
        /// The file.
        path: PathBuf,
        /// The passport's format.
        found: u32,
    },
    /// Plugin and host speak different protocols.
    #[error("plugin `{plugin}` {version} speaks protocol {found}; this host speaks {host}")]
    Protocol {
        /// The file.
        path: PathBuf,
        /// The plugin's name.
        plugin: String,
        /// The plugin's version.
        version: String,
        /// The plugin's protocol.
        found: ProtocolVersion,
        /// The host's.
        host: ProtocolVersion,
    },
    /// The file is larger than any plugin.
    #[error("{} is {} MiB large; a plugin has at most {} MiB", quoted(path), size.div_ceil(1 << 20), MAX_SIZE >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
    },
    /// The system would not let the file be read.
    #[error("{} cannot be read", quoted(path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The library's symbols have no major number: `plugin-abi` 0.1 made them, before the protocol was
    /// released.
    #[error(
        "{} was built with `plugin-abi` 0.1; this host speaks protocol {host}",
        named_plugin(plugin, path)
    )]
    Unnumbered {
        /// The file.
        path: PathBuf,
        /// The plugin's name and version, where its passport can be read.
        plugin: Option<(String, String)>,
        /// The protocol of this host.
        host: ProtocolVersion,
    },
    /// Nothing that the plugin is linked with provides what it uses.
    #[error("plugin `{plugin}` uses {}, which none of its libraries provides", named(symbols))]
    Unresolved {
        /// The file.
        path: PathBuf,
        /// The plugin's name.
        plugin: String,
        /// The symbols, escaped and sorted.
        symbols: Vec<String>,
    },
}

fn named_plugin(plugin: &Option<(String, String)>, path: &Path) -> String {
    match plugin {
        Some((name, version)) => format!("plugin `{name}` {version}"),
        None => quoted(path),
    }
}

fn through(needed_by: &Option<String>) -> String {
    needed_by.as_ref().map(|library| format!(" (through `{library}`)")).unwrap_or_default()
}

fn ends(newest: &Option<Box<str>>) -> String {
    match newest {
        Some(newest) => format!("ends at `{newest}`"),
        None => "has nothing of that kind".to_owned(),
    }
}

fn named(symbols: &[String]) -> String {
    match symbols.split_at_checked(MAX_NAMED) {
        Some((named, rest)) if !rest.is_empty() => {
            let named: Vec<_> = named.iter().map(|symbol| format!("`{symbol}`")).collect();
            format!("{} and {} more symbols", named.join(", "), rest.len())
        }
        _ => format!("the {} {}", if symbols.len() == 1 { "symbol" } else { "symbols" }, Listed(symbols)),
    }
}

impl PreflightError {
    /// The stable code of `plugin check`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AbiStable { .. } => "incompatible-abi-stable",
            Self::Changed { .. }
            | Self::NameTooLong { .. }
            | Self::NoPermission { .. }
            | Self::Unreadable { .. } => "unreadable",
            Self::CutShort { .. } => "truncated",
            Self::Damaged { .. } => "damaged",
            Self::DanglingLink { .. }
            | Self::LinkLoop { .. }
            | Self::Missing { .. }
            | Self::MissingFolder { .. } => "not-found",
            Self::Directory { .. } | Self::NotRegular { .. } => "not-a-file",
            Self::Empty { .. } => "empty",
            Self::Export { .. } => "invalid-export",
            Self::GlibcTooOld { .. } => "glibc-too-old",
            Self::HalfPlugin { .. } => "missing-export",
            Self::LibraryConflict { .. } => "library-conflict",
            Self::MissingLibrary { .. } => "missing-library",
            Self::MissingVersion { .. } => "missing-library-version",
            Self::NoExec { .. } => "no-exec",
            Self::NotALibrary { .. } => "not-a-library",
            Self::NotAPlugin { .. } => "not-a-plugin",
            Self::OtherCLibrary { .. } => "other-c-library",
            Self::OtherCpu { .. } => "other-cpu",
            Self::OtherMajor { .. } | Self::Protocol { .. } | Self::Unnumbered { .. } => "other-protocol",
            Self::OtherSystem { .. } => "other-system",
            Self::Passport { .. } | Self::PassportFormat { .. } => "invalid-passport",
            Self::TooLarge { .. } => "too-large",
            Self::Unresolved { .. } => "missing-symbol",
        }
    }

    /// Whether the text of the system's loader is about the same thing: its search may have been another one.
    #[must_use]
    pub fn is_confirmed_by(&self, loader_text: &str) -> bool {
        match self {
            Self::MissingLibrary { library, .. } => loader_text.contains(library.as_str()),
            Self::MissingVersion { version, .. } => loader_text.contains(&**version),
            Self::Unresolved { symbols, .. } => {
                symbols.iter().any(|symbol| loader_text.contains(symbol.as_str()))
            }
            _ => true,
        }
    }

    /// The file in question.
    pub fn path(&self) -> &Path {
        match self {
            Self::AbiStable { path, .. }
            | Self::Changed { path }
            | Self::CutShort { path, .. }
            | Self::Damaged { path, .. }
            | Self::DanglingLink { path, .. }
            | Self::Directory { path, .. }
            | Self::Empty { path }
            | Self::Export { path, .. }
            | Self::GlibcTooOld { path, .. }
            | Self::HalfPlugin { path, .. }
            | Self::LibraryConflict { path, .. }
            | Self::LinkLoop { path }
            | Self::Missing { path, .. }
            | Self::MissingFolder { path, .. }
            | Self::MissingLibrary { path, .. }
            | Self::MissingVersion { path, .. }
            | Self::NameTooLong { path }
            | Self::NoExec { path }
            | Self::NoPermission { path }
            | Self::NotALibrary { path, .. }
            | Self::NotAPlugin { path }
            | Self::NotRegular { path, .. }
            | Self::OtherCLibrary { path, .. }
            | Self::OtherCpu { path, .. }
            | Self::OtherMajor { path, .. }
            | Self::OtherSystem { path, .. }
            | Self::Passport { path, .. }
            | Self::PassportFormat { path, .. }
            | Self::Protocol { path, .. }
            | Self::TooLarge { path, .. }
            | Self::Unnumbered { path, .. }
            | Self::Unreadable { path, .. }
            | Self::Unresolved { path, .. } => path,
        }
    }
}

/// What a path leads to when it is neither a file nor a directory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotRegular {
    /// A device.
    Device,
    /// A named pipe, which would keep its reader waiting.
    Fifo,
    /// A socket.
    Socket,
}

impl fmt::Display for NotRegular {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Device => "a device",
            Self::Fifo => "a named pipe",
            Self::Socket => "a socket",
        })
    }
}

/// What is wrong with one of the two symbols that make a library a plugin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExportError {
    /// It is a function, or a thread's variable.
    NotData,
    /// It does not lie in the part of the file that is loaded.
    Outside,
    /// It holds less than it must.
    TooSmall {
        /// Bytes it holds.
        has: u64,
        /// Bytes it must hold.
        needs: u64,
    },
    /// It does not begin as it must.
    Unmarked,
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotData => f.write_str("is not data"),
            Self::Outside => f.write_str("lies outside the file"),
            Self::TooSmall { has, needs } => {
                write!(f, "holds {has} bytes; it needs at least {needs}")
            }
            Self::Unmarked => f.write_str("does not begin with the mark of abi_stable"),
        }
    }
}
