//! x
mod cache;
pub mod cli;
mod error;
#[doc(hidden)]
pub mod export;
mod hook;
mod host;
pub mod passport;
mod plugin;
mod remote;
#[doc(hidden)]
pub mod shim;
pub mod version;
pub mod vtable;

pub use cache::{CachePolicy, VersionParameters};
pub use cli::{Arg, ArgKind, Command, ExitStatus, Group, Invocation, OptionEdit, OutputFormat, Progress, Stream, Writer};
pub use error::{Kind, PluginError};
pub use hook::Hook;
pub use host::{Host, LogLevel};
pub use passport::HookSet;
pub use plugin::{Next, Plugin};
pub use plugin_abi_macros::export;
pub use remote::{Remote, RemoteRequest};
pub use version::{PROTOCOL, ProtocolVersion};

#[cfg(feature = "clap")]
pub use clap;

#[doc(hidden)]
pub mod __private {
    pub use abi_stable::library::LibHeader;
}
