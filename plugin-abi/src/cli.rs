//! `configure_cli`: click's `Group` and `command`, for a plugin's own commands and for changes to
//! existing ones.
//!
//! A plugin does not touch the host's parser. It describes commands and arguments ([`Command`], [`Arg`]) and
//! where they go ([`Group`]). The host checks every change; an error names the plugin and the command.

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
