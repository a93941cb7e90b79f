//! The built-in command line. What plugins do to it is in [`super::tree`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, builder::NonEmptyStringValueParser};

use super::output::Format;
use crate::commands::{
    completion, config, execution, fetch, get, launchplan, login, logout, man, plugin, project, register,
    run, sandbox, upload, version, whoami,
};

/// A Flyte command line that compiled plugins may change
///
/// Plugins are named by `FLYTE_PLUGIN` or `--plugin`: a path, the name of a file in
/// `~/.flyte/plugins`, or a list of these. Without one, the built-in default is used.
#[derive(Debug, Parser)]
#[command(
    name = "flyte-host",
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    version,
    disable_version_flag = true,
    after_help = "Examples:\n  flyte-host plugin list\n  FLYTE_PLUGIN=acme flyte-host register --dry-run task.yaml"
)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

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
    pub fn format(self) -> Result<Format, super::report::Failure> {
        Ok(match self {
            Self::Json => Format::Json,
            Self::Name => Format::Name,
            Self::Table => Format::Table,
            Self::Yaml => Format::Yaml,
            Self::Dot => {
                return Err(super::report::Failure::new(
                    super::exit::Exit::Usage,
                    "`-o dot` is for `get workflow NAME` only",
                ));
            }
            Self::Pb => {
                return Err(super::report::Failure::new(
                    super::exit::Exit::Usage,
                    "`-o pb` is for `register --dry-run` only",
                ));
            }
        })
    }
}

/// The built-in commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print a script that lets a shell complete commands
    Completion(completion::CompletionArgs),
    /// Show the configuration that is in use
    Config(config::ConfigArgs),
    #[expect(missing_docs, reason = "words here would replace the longer ones of the arguments")]
    Execution(execution::ExecutionArgs),
    #[expect(missing_docs, reason = "words here would replace the longer ones of the arguments")]
    Fetch(fetch::FetchArgs),
    #[expect(missing_docs, reason = "words here would replace the longer ones of the arguments")]
    Get(get::GetArgs),
    #[expect(missing_docs, reason = "words here would replace the longer ones of the arguments")]
    Launchplan(launchplan::LaunchplanArgs),
    #[expect(missing_docs, reason = "words here would replace the longer ones of the arguments")]
    Login(login::LoginArgs),
    #[expect(missing_docs, reason = "words here would replace the longer ones of the arguments")]
    Logout(logout::LogoutArgs),
    /// Write man pages
    #[command(hide = true)]
    Man(man::ManArgs),
    /// Look at plugins, and choose them
    Plugin(plugin::PluginArgs),
    /// Make, change and archive projects
    Project(project::ProjectArgs),
    #[expect(missing_docs, reason = "words here would replace the longer ones of the arguments")]
    Register(register::RegisterArgs),
    #[expect(missing_docs, reason = "words here would replace the longer ones of the arguments")]
    Run(run::RunArgs),
    #[expect(missing_docs, reason = "words here would replace the longer ones of the arguments")]
    Sandbox(sandbox::SandboxArgs),
    #[expect(missing_docs, reason = "words here would replace the longer ones of the arguments")]
    Upload(upload::UploadArgs),
    #[expect(missing_docs, reason = "words here would replace the longer ones of the arguments")]
    Version(version::VersionArgs),
    #[expect(missing_docs, reason = "words here would replace the longer ones of the arguments")]
    Whoami(whoami::WhoamiArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// The names of commands whose help shows nothing that could be typed.
    fn without_example(command: &clap::Command, way: &str, found: &mut Vec<String>) {
        let way = format!("{way} {}", command.get_name()).trim().to_owned();
        let help = command.get_after_help().or(command.get_after_long_help());
        let help = help.map(ToString::to_string).unwrap_or_default();
        if !help.split_once("Example").is_some_and(|(_, examples)| examples.contains(&way)) {
            found.push(way.clone());
        }
        let visible = command.get_subcommands().filter(|command| !command.is_hide_set());
        visible.for_each(|command| without_example(command, &way, found));
    }

    #[test]
    fn the_help_of_every_command_has_an_example() {
        let mut found = Vec::new();
        without_example(&Cli::command(), "", &mut found);
        assert_eq!(found, [""; 0]);
    }
}
