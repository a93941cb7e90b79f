//! `configure_cli`: click's `Group` and `command`, for a plugin's own commands and for changes to
//! those that are there.
//!
//! A plugin does not touch the host's parser. It describes what it wants ([`Command`], [`Arg`]) and
//! where ([`Group`]); the host checks every wish, and names the plugin and the place of a bad one.

mod arg;
#[cfg(feature = "clap")]
mod clap;
mod command;
mod edit;
mod group;
mod invocation;

pub use arg::{Arg, ArgKind};
#[cfg(feature = "clap")]
pub use clap::{args, parser};
pub use command::{Command, ExitStatus};
pub use group::{Group, OptionEdit};
pub use invocation::{Invocation, OutputFormat, Progress, Stream, Writer};

pub(crate) use edit::Edit;
