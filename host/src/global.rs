//! Options of every command, built-in or of a plugin.

use std::path::PathBuf;

use clap::{
    Args, ValueEnum as _,
    builder::{NonEmptyStringValueParser, PossibleValue, PossibleValuesParser, TypedValueParser},
};

use crate::ui::output::Format;

/// Options of every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Flyte configuration file
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Flyte project [default: from the configuration]
    #[arg(short, long, global = true, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) project: Option<String>,

    /// Flyte domain [default: from the configuration]
    #[arg(short, long, global = true, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) domain: Option<String>,

    /// Use the embedded sandbox, not the configured Flyte [env: FLYTE_SANDBOX]
    #[arg(long, global = true)]
    pub(crate) sandbox: bool,

    /// Output format
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORMAT",
        default_value = "table",
        hide_default_value = true,
        value_parser = OutputArg::global_parser()
    )]
    pub(crate) output: OutputArg,

    /// Load a plugin by name or path (repeatable; the first takes precedence)
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) plugin: Vec<String>,

    /// Load no plugins
    #[arg(long, global = true, conflicts_with = "plugin")]
    pub(crate) no_plugins: bool,

    /// Continue without plugins that cannot be used
    #[arg(long, global = true)]
    pub(crate) plugin_fallback: bool,

    /// Run each plugin in a process of its own
    #[cfg(target_os = "linux")]
    #[arg(long, global = true)]
    pub isolate: bool,

    /// Verbose output (-vv for debug)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Which of the options above the user gave; the others may be defaults of plugins
    #[arg(skip)]
    pub(crate) given: ExplicitOptions,

    /// Print the version and the plugins in use
    #[arg(short = 'V', long, action = clap::ArgAction::Version)]
    pub(crate) version: Option<bool>,
}

/// Whether an option was given on the command line or by a variable, and is not a default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ExplicitOptions {
    /// `--project`.
    pub(crate) project: bool,
    /// `--domain`.
    pub(crate) domain: bool,
}

/// The id of `-o`, also where a command has formats of its own.
pub(crate) const OUTPUT: &str = "output";

/// What `-o` accepts. Most commands have [`OutputArg::COMMON`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OutputArg {
    /// Graphviz
    Dot,
    /// JSON
    Json,
    /// One name per line
    Name,
    /// One file per entity, as from `pyflyte package`
    Pb,
    /// Human-readable table
    Table,
    /// YAML
    Yaml,
}

impl OutputArg {
    /// The formats of every command.
    pub(crate) const COMMON: [Self; 4] = [Self::Json, Self::Name, Self::Table, Self::Yaml];

    /// The name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The format of everything but the results that `dot` and `pb` are for.
    pub(crate) const fn format(self) -> Format {
        match self {
            Self::Json => Format::Json,
            Self::Name => Format::Name,
            Self::Dot | Self::Pb | Self::Table => Format::Table,
            Self::Yaml => Format::Yaml,
        }
    }

    /// The parser for a command with a format besides [`OutputArg::COMMON`].
    pub(crate) fn parser_with(extra: Self) -> impl TypedValueParser<Value = Self> {
        let formats = Self::value_variants().iter();
        let formats = formats.filter(|format| Self::COMMON.contains(format) || **format == extra);
        parser(formats.filter_map(Self::to_possible_value).collect())
    }

    /// The parser for the option before the command: the formats of single commands are accepted, not listed.
    fn global_parser() -> impl TypedValueParser<Value = Self> {
        let value = |format: &Self| Some(format.to_possible_value()?.hide(!Self::COMMON.contains(format)));
        parser(Self::value_variants().iter().filter_map(value).collect())
    }
}

fn parser(values: Vec<PossibleValue>) -> impl TypedValueParser<Value = OutputArg> {
    PossibleValuesParser::new(values).try_map(|name| <OutputArg as clap::ValueEnum>::from_str(&name, false))
}
