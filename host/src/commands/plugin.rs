//! `plugin`: creates, publishes, installs, lists, shows, enables and disables plugins.
//! Works even if a plugin cannot be loaded.

pub(crate) mod check;
mod enable;
mod install;
mod installer;
mod list;
mod names;
mod new;
mod publish;
mod remove;
mod repositories;
mod rollback;
mod search;
mod show;
mod show_static;
mod update;
mod wheel;

use clap::{Args, Subcommand};
use clap_complete::engine::ArgValueCompleter;

use crate::context::Context;
use crate::ui::error::CommandError;
use plugin_host::LoadError;

/// Create, publish, install, inspect and enable plugins
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
    /// Install plugins from a repository, a file or a URL
    ///
    /// The file is checked before it is installed; none of its code runs. A plugin from a repository has to
    /// be signed. The lock file `~/.flyte/plugins.lock` records what was installed.
    #[command(
        after_help = "Examples:\n  flyte-host plugin install acme\n  flyte-host plugin install acme@1.2.0 --enable\n  flyte-host plugin install ./libacme.so\n  flyte-host plugin install --locked"
    )]
    Install(install::InstallArgs),
    /// List installed plugins without running them
    #[command(
        after_help = "Examples:\n  flyte-host plugin list -o json\n  flyte-host plugin list --outdated"
    )]
    List(list::ListArgs),
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
    /// Publish plugins in a folder that a web server serves
    ///
    /// The folder gets the files, their signatures and a signed index. Files for several platforms of one
    /// version can be added at once or later.
    #[command(
        after_help = "Examples:\n  flyte-host plugin publish ./site ./libacme.so --key acme.key --new-key\n  flyte-host plugin publish ./site --key acme.key --yank acme@1.2.0"
    )]
    Publish(publish::PublishArgs),
    /// Remove installed plugins
    #[command(after_help = "Example:\n  flyte-host plugin remove acme")]
    Remove(remove::RemoveArgs),
    /// Return to the previous version of a plugin
    #[command(after_help = "Example:\n  flyte-host plugin rollback acme")]
    Rollback(rollback::RollbackArgs),
    /// Search the repositories for plugins
    #[command(
        after_help = "Examples:\n  flyte-host plugin search\n  flyte-host plugin search sign-in -o json"
    )]
    Search(search::SearchArgs),
    /// Show the metadata of a plugin and what each of its hooks returns
    ///
    /// The hooks are called, so the plugin's code runs. Each answer is printed beside that of the built-in
    /// default. With `--static` no code runs.
    #[command(
        after_help = "Examples:\n  flyte-host plugin show acme\n  flyte-host plugin show --static acme\n  flyte-host plugin show ./target/release/libacme.so"
    )]
    Show(show::ShowArgs),
    /// Update installed plugins
    #[command(after_help = "Examples:\n  flyte-host plugin update\n  flyte-host plugin update acme")]
    Update(update::UpdateArgs),
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
    #[arg(add = ArgValueCompleter::new(names::found))]
    name: Option<String>,
}

/// Runs `plugin`.
///
/// # Errors
///
/// As each of its commands.
pub(crate) async fn run(args: &PluginArgs, context: &Context<'_>) -> Result<(), CommandError> {
    match &args.command {
        PluginCommand::Check(args) => check::run(args, context),
        PluginCommand::Install(args) => install::run(args, context).await,
        PluginCommand::List(args) if args.outdated => update::list_outdated(context).await,
        PluginCommand::Publish(args) => publish::run(args, context),
        PluginCommand::Remove(args) => remove::run(args, context),
        PluginCommand::Rollback(args) => rollback::run(args, context),
        PluginCommand::Search(args) => search::run(args, context).await,
        PluginCommand::Update(args) => update::run(args, context).await,
        PluginCommand::Disable(args) => enable::disable(args, context),
        PluginCommand::Enable(args) => enable::enable(args, context),
        PluginCommand::List(_) => list::run(context),
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
