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

    /// Flyte project; without it, the one of the configuration
    #[arg(short, long, global = true, value_parser = NonEmptyStringValueParser::new())]
    pub project: Option<String>,

    /// Flyte domain; without it, the one of the configuration
    #[arg(short, long, global = true, value_parser = NonEmptyStringValueParser::new())]
    pub domain: Option<String>,

    /// Use the embedded sandbox, whatever the configuration says [env: FLYTE_SANDBOX]
    #[arg(long, global = true)]
    pub sandbox: bool,

    /// How to write the result
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORMAT",
        default_value = "table",
        hide_default_value = true
    )]
    pub output: OutputArg,

    /// Plugin to use: a name or a path; may be repeated, the first in front
    #[arg(long, global = true, value_name = "NAME")]
    pub plugin: Vec<String>,

    /// Use no plugin
    #[arg(long, global = true, conflicts_with = "plugin")]
    pub no_plugins: bool,

    /// Go on without a plugin that cannot be used
    #[arg(long, global = true)]
    pub plugin_fallback: bool,

    /// Say more; -vv for details
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Which of the options above were given, and are not a default that a plugin set
    #[arg(skip)]
    pub given: Given,

    /// Print the version, and the plugins in use
    #[arg(short = 'V', long, action = clap::ArgAction::Version)]
    pub version: Option<bool>,
}

/// Whether a value is the user's own word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// `--project`.
    pub project: bool,
    /// `--domain`.
    pub domain: bool,
}

/// What `-o` accepts; only `register` knows `pb`, only `get workflow` knows `dot`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OutputArg {
    /// For Graphviz (`get workflow NAME` only)
    Dot,
    /// For programs: JSON
    Json,
    /// For programs: one name a line
    Name,
    /// One file for each entity, as `pyflyte package` makes them (`register --dry-run` only)
    Pb,
    /// For people
    Table,
    /// For programs: YAML
    Yaml,
}

impl OutputArg {
    /// The format, where `pb` means nothing.
    ///
    /// # Errors
    ///
    /// A wrong use of the command line.
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
