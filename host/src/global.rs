//! Options of every command, built-in or of a plugin.

use std::path::PathBuf;

use clap::{Args, builder::NonEmptyStringValueParser};

use crate::ui::{error::CommandError, exit_code::Exit, output::Format};

/// Options of every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Flyte configuration file
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Flyte project [default: from the configuration]
    #[arg(short, long, global = true, value_parser = NonEmptyStringValueParser::new())]
    pub project: Option<String>,

    /// Flyte domain [default: from the configuration]
    #[arg(short, long, global = true, value_parser = NonEmptyStringValueParser::new())]
    pub domain: Option<String>,

    /// Use the embedded sandbox, not the configured Flyte [env: FLYTE_SANDBOX]
    #[arg(long, global = true)]
    pub sandbox: bool,

    /// Output format
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORMAT",
        default_value = "table",
        hide_default_value = true
    )]
    pub output: OutputArg,

    /// Load a plugin by name or path (repeatable; the first takes precedence)
    #[arg(long, global = true, value_name = "NAME")]
    pub plugin: Vec<String>,

    /// Load no plugins
    #[arg(long, global = true, conflicts_with = "plugin")]
    pub no_plugins: bool,

    /// Continue without plugins that cannot be used
    #[arg(long, global = true)]
    pub plugin_fallback: bool,

    /// Verbose output (-vv for debug)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Which of the options above the user gave; the others may be defaults of plugins
    #[arg(skip)]
    pub given: ExplicitOptions,

    /// Print the version and the plugins in use
    #[arg(short = 'V', long, action = clap::ArgAction::Version)]
    pub version: Option<bool>,
}

/// Whether an option was given on the command line or by a variable, and is not a default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExplicitOptions {
    /// `--project`.
    pub project: bool,
    /// `--domain`.
    pub domain: bool,
}

/// What `-o` accepts; only `register` knows `pb`, only `get workflow` knows `dot`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OutputArg {
    /// Graphviz (`get workflow NAME` only)
    Dot,
    /// JSON
    Json,
    /// One name per line
    Name,
    /// One file per entity, as from `pyflyte package` (`register --dry-run` only)
    Pb,
    /// Human-readable table
    Table,
    /// YAML
    Yaml,
}

impl OutputArg {
    /// The format of commands that have neither `pb` nor `dot`.
    ///
    /// # Errors
    ///
    /// A usage error for `pb` and `dot`.
    pub fn format(self) -> Result<Format, CommandError> {
        Ok(match self {
            Self::Json => Format::Json,
            Self::Name => Format::Name,
            Self::Table => Format::Table,
            Self::Yaml => Format::Yaml,
            Self::Dot => {
                return Err(CommandError::new(Exit::Usage, "`-o dot` is for `get workflow NAME` only"));
            }
            Self::Pb => {
                return Err(CommandError::new(Exit::Usage, "`-o pb` is for `register --dry-run` only"));
            }
        })
    }
}
