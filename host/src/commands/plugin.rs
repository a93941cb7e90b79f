//! `plugin`: creates, lists, shows, enables, disables and packages plugins.
//! Works even if a plugin cannot be loaded.

pub(crate) mod check;
mod enable;
mod list;
mod new;
mod show;
mod show_static;
mod wheel;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::ui::error::CommandError;
use plugin_host::LoadError;

/// Create, inspect, enable and disable plugins
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  flyte-host plugin list\n  flyte-host plugin show acme"
)]
pub(crate) struct PluginArgs {
    #[command(subcommand)]
    command: PluginCommand,
}

#[derive(Debug, Subcommand)]
enum PluginCommand {
    /// Check a plugin: its file, its hooks and its commands
    ///
    /// The plugin's code runs in child processes: every hook with many inputs, twice and from several
    /// threads, and the options of its commands. A command itself runs only with `--run`. The codes of the
    /// findings are in the documentation.
    #[command(
        after_help = "Examples:\n  flyte-host plugin check ./target/release/libacme.so\n  flyte-host plugin check --strict --run my-custom-command ./libacme.so"
    )]
    Check(check::CheckArgs),
    /// Disable a plugin
    #[command(after_help = "Example:\n  flyte-host plugin disable acme")]
    Disable(enable::DisableArgs),
    /// Enable a plugin permanently, like `FLYTE_PLUGIN` in every shell
    #[command(after_help = "Example:\n  flyte-host plugin enable acme")]
    Enable(enable::EnableArgs),
    /// List installed plugins without running them
    #[command(after_help = "Example:\n  flyte-host plugin list -o json")]
    List,
    /// Create the crate of a new plugin
    ///
    /// The crate builds at once. It has the hooks, a test of each, a README, and workflows that test and
    /// release the plugin on GitHub.
    #[command(
        after_help = "Examples:\n  flyte-host plugin new acme\n  flyte-host plugin new acme --hooks get_default_image,configure_cli"
    )]
    New(new::NewArgs),
    /// Print the plugin directories, or the file of a plugin
    #[command(after_help = "Example:\n  cp libacme.so \"$(flyte-host plugin path | head -n 1)\"")]
    Path(PathArgs),
    /// Show the metadata of a plugin and what each of its hooks returns
    ///
    /// The hooks are called, so the plugin's code runs. Each answer is printed beside that of the built-in
    /// default. With `--static` no code runs.
    #[command(
        after_help = "Examples:\n  flyte-host plugin show acme\n  flyte-host plugin show --static acme\n  flyte-host plugin show ./target/release/libacme.so"
    )]
    Show(show::ShowArgs),
    /// Package a plugin as a Python wheel for `pyflyte`
    ///
    /// The wheel names the platform and the oldest glibc that the plugin runs on. Installed beside
    /// flyte-host, for example in the image of a task, the plugin is found by its name: `FLYTE_PLUGIN=acme`.
    #[command(
        after_help = "Examples:\n  flyte-host plugin wheel ./libacme.so\n  flyte-host plugin wheel acme --out-dir dist"
    )]
    Wheel(wheel::WheelArgs),
}

/// Print the plugin directories, or the file of a plugin
#[derive(Args, Debug)]
struct PathArgs {
    /// Name or path of a plugin [default: print the directories]
    name: Option<String>,
}

/// Runs `plugin`.
///
/// # Errors
///
/// As each of its commands.
pub(crate) fn run(args: &PluginArgs, context: &Context<'_>) -> Result<(), CommandError> {
    match &args.command {
        PluginCommand::Check(args) => check::run(args, context),
        PluginCommand::Disable(args) => enable::disable(args, context),
        PluginCommand::Enable(args) => enable::enable(args, context),
        PluginCommand::List => list::run(context),
        PluginCommand::New(args) => new::run(args, context),
        PluginCommand::Path(args) => path(args, context),
        PluginCommand::Show(args) if args.is_static => show_static::run(args, context),
        PluginCommand::Show(args) => show::run(args, context),
        PluginCommand::Wheel(args) => wheel::run(args, context),
    }
}

fn path(args: &PathArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let directories = context.loader.directories();
    match &args.name {
        Some(name) => {
            let path = directories.find(&context.plugin_spec(name)).map_err(LoadError::from)?;
            context.ui.print(format_args!("{}\n", path.display()))
        }
        None => {
            let lines = directories.paths().iter().map(|path| format!("{}\n", path.display()));
            context.ui.print(lines.collect::<String>())
        }
    }
}
