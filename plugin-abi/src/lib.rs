//! The stable protocol between flyte-host and its plugins.
//!
//! A plugin is a dynamic library that overrides up to six core behaviours of a Flyte client: flytekit's
//! plugin mechanism for native code. Built once, with any compiler, it works in every later host of the same
//! major protocol.
//!
//! # The life of a plugin
//!
//! 1. **You write it**: a crate with `crate-type = ["cdylib"]`, one type, one `impl` of [`Plugin`], under
//!    the attribute [`export`]. No unsafe code; `#![forbid(unsafe_code)]` holds.
//! 2. **It gets a passport** ([`passport`]): a constant in the file with its name, version, protocol
//!    ([`PROTOCOL`]) and the hooks that your `impl` block contains. Hosts read it without running you.
//! 3. **A user drops the file** into a plugins directory, and names it in `FLYTE_PLUGIN`.
//! 4. **The host looks at the file** before it loads it: whether it is complete, built for this machine and
//!    this protocol, and whether its libraries are installed.
//! 5. **The host loads it**, and compares the layout of every type that crosses the ABI
//!    ([`vtable`]); whichever side is newer may have more.
//! 6. **[`Plugin::create`]** creates your type. It gets the [`Host`]: your settings, the log.
//! 7. **[`Plugin::configure_cli`]** adds and changes commands and options ([`Group`]).
//! 8. **The other hooks** are called when a command needs them. Each may answer, or call
//!    [`Next`]: the plugins behind you, then the host's own default.
//! 9. **Your transport**, if [`Remote`] has one, carries the calls to Flyte, from several threads
//!    ([`transport`]).
//! 10. **A panic** in any of this is caught on your side, and reported with plugin, hook, message, file
//!     and line. An error ([`PluginError`]) is shown with its causes and your hints.
//! 11. **It is never unloaded.** Your statics and threads live until the process ends.
//!
//! # Example: a whole plugin
//!
//! ```
//! #![forbid(unsafe_code)]
//! use plugin_abi::{Host, Next, Plugin, PluginError};
//!
//! struct Acme;
//!
//! #[plugin_abi::export(name = "acme")]
//! impl Plugin for Acme {
//!     fn create(_host: Host) -> Result<Self, PluginError> {
//!         Ok(Acme)
//!     }
//!
//!     fn get_default_image(&self, _next: Next<'_>) -> Result<Option<String>, PluginError> {
//!         Ok(Some("my-company/flyte-base:v1.2.3".to_owned()))
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! Test it with [`testing`], without a host.
//!
//! # Versions
//!
//! This crate has the version of the protocol: `1.0.7` speaks protocol 1.0. A plugin that is built with any
//! version 1.x loads in every host that speaks any protocol 1.x, older or newer; what the older side lacks
//! behaves like its default. Only a new major number would need a rebuild. The limits of a protocol are in
//! [`vtable`], those of a passport in [`passport`].
//!
//! # Threads, memory, trust
//!
//! Hooks may be called from any thread and by several at once. Every value that crosses is freed by the side
//! that made it, through a destructor that travels with it, so both sides may have their own allocator
//! (jemalloc with its feature `disable_initial_exec_tls`, mimalloc with `local_dynamic_tls`: static
//! thread-local storage is scarce in a loaded library). A plugin is trusted code: it runs as the user, in the
//! user's process.
//!
//! Standard output belongs to the result of the command: print with [`Invocation::print`]. What `println!`
//! or a C library writes to descriptor 1 goes to the standard error.

#[doc(hidden)]
pub mod adapter;
mod cache;
pub mod cli;
mod error;
#[doc(hidden)]
pub mod export;
mod hook;
mod host;
#[doc(hidden)]
pub mod limit;
#[doc(hidden)]
pub mod panics;
pub mod passport;
mod plugin;
mod remote;
pub mod testing;
pub mod transport;
pub mod version;
pub mod vtable;

pub use cache::{CachePolicy, VersionParameters};
pub use cli::{
    Arg, ArgKind, Command, ExitStatus, Group, Invocation, OptionEdit, OutputFormat, Progress, Stream, Writer,
};
#[deprecated(note = "renamed to `PluginErrorKind`")]
pub use error::PluginErrorKind as Kind;
pub use error::{PluginError, PluginErrorKind};
pub use hook::Hook;
pub use host::{Host, LogLevel};
pub use passport::HookSet;
pub use plugin::{Next, Plugin};
/// Makes an `impl Plugin for …` block loadable, and writes its passport.
///
/// The list of overridden hooks is read from the block itself, `#[cfg]`s included, so that it always
/// matches the code. Options, in brackets:
///
/// * `name = "acme"`: what users write into `FLYTE_PLUGIN`; a-z, 0-9, `-`, `_`. Without it, the name of
///   the package.
/// * `in_process`: write the passport, but export nothing. For plugins that are compiled into a program or
///   a test; a library can export only one.
pub use plugin_abi_macros::export;
pub use remote::{Remote, RemoteRequest};
pub use version::{PROTOCOL, ProtocolVersion};

#[cfg(feature = "clap")]
pub use clap;

/// What the export attribute's expansion needs by name.
#[doc(hidden)]
pub mod __private {
    pub use abi_stable::library::LibHeader;
}
