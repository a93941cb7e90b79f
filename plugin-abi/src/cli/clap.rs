//! Commands that an author declares with clap.
//!
//! The author's clap describes the command to the host and parses the arguments; the host's clap, which may
//! have another version, does the rest: help, completion, defaults that other plugins changed.

use clap::{ArgAction, CommandFactory, FromArgMatches};

use crate::{Arg, Command, ExitStatus, Invocation, PluginError};

/// A command, or a tree of commands, that is declared with `#[derive(clap::Parser)]`.
///
/// # Example: a command with a typed option
///
/// ```
/// use plugin_abi::{Group, clap, cli};
///
/// /// Greet a colleague
/// #[derive(clap::Parser)]
/// #[command(name = "greet")]
/// struct Greet {
///     /// How often
///     #[arg(long, default_value_t = 1)]
///     times: u8,
/// }
///
/// fn configure_cli(main: &mut Group) {
///     main.add(cli::parser(|greet: Greet, invocation| {
///         (0..greet.times).try_for_each(|_| invocation.print(format_args!("hello\n")))
///     }));
/// }
/// ```
pub fn parser<P, T>(
    run: impl Fn(P, &Invocation<'_>) -> Result<T, PluginError> + Send + Sync + 'static,
) -> Command
where
    P: CommandFactory + FromArgMatches,
    T: Into<ExitStatus>,
{
    build(P::command(), run)
}

/// A command of the given name whose arguments are declared with `#[derive(clap::Args)]`.
pub fn args<A, T>(
    name: &'static str,
    run: impl Fn(A, &Invocation<'_>) -> Result<T, PluginError> + Send + Sync + 'static,
) -> Command
where
    A: clap::Args,
    T: Into<ExitStatus>,
{
    build(A::augment_args(clap::Command::new(name)), run)
}

fn build<P, T>(
    mut parser: clap::Command,
    run: impl Fn(P, &Invocation<'_>) -> Result<T, PluginError> + Send + Sync + 'static,
) -> Command
where
    P: FromArgMatches,
    T: Into<ExitStatus>,
{
    parser.build();
    let shape = parser.clone();
    let run = std::sync::Arc::new(move |invocation: &Invocation<'_>, depth: usize| {
        let mut parser = shape.clone().no_binary_name(true);
        // The root of the declaration may sit deep in the host's tree, so count from the leaf.
        let root = invocation.path().len() - 1 - depth;
        let matches = parser.try_get_matches_from_mut(invocation.arguments(root)).map_err(usage)?;
        let parsed = P::from_arg_matches(&matches).map_err(usage)?;
        run(parsed, invocation).map(Into::<ExitStatus>::into)
    });
    describe(&parser, &[], 0, &run)
}

/// Describes a command of a parser that was built: there it has the global arguments from `above` as well.
fn describe<R>(parser: &clap::Command, above: &[&str], depth: usize, run: &std::sync::Arc<R>) -> Command
where
    R: Fn(&Invocation<'_>, usize) -> Result<ExitStatus, PluginError> + Send + Sync + 'static,
{
    let own =
        || parser.get_arguments().filter(|arg| !is_builtin(arg) && !above.contains(&arg.get_id().as_str()));
    let global = own().filter(|arg| arg.is_global_set()).map(|arg| arg.get_id().as_str());
    let global: Vec<&str> = above.iter().copied().chain(global).collect();
    let mut command = Command::new(parser.get_name()).hidden(parser.is_hide_set());
    command.aliases = parser.get_visible_aliases().map(str::to_owned).collect();
    command.about = parser.get_about().map(ToString::to_string);
    command.long_about = parser.get_long_about().map(ToString::to_string);
    command.after_help = parser.get_after_help().map(ToString::to_string);
    command.args = own().map(argument).collect();
    let below = parser.get_subcommands().filter(|below| below.get_name() != "help");
    command.commands = below.map(|below| describe(below, &global, depth + 1, run)).collect();
    if command.commands.is_empty() || !parser.is_subcommand_required_set() {
        let run = std::sync::Arc::clone(run);
        command = command.run(move |invocation| run(invocation, depth));
    }
    command
}

/// The host implements help and version.
fn is_builtin(arg: &clap::Arg) -> bool {
    use ArgAction::{Help, HelpLong, HelpShort, Version};
    matches!(arg.get_action(), Help | HelpLong | HelpShort | Version)
}

fn argument(arg: &clap::Arg) -> Arg {
    let id = arg.get_id().as_str();
    let mut described = match arg.get_action() {
        _ if arg.is_positional() => Arg::positional(id),
        ArgAction::Count => Arg::counter(id),
        ArgAction::SetTrue | ArgAction::SetFalse => Arg::flag(id),
        _ => Arg::option(id),
    };
    described.long = arg.get_long().map(str::to_owned);
    described.short = arg.get_short();
    described.aliases =
        arg.get_visible_aliases().unwrap_or_default().into_iter().map(str::to_owned).collect();
    described.help = arg.get_help().map(ToString::to_string);
    described.long_help = arg.get_long_help().map(ToString::to_string);
    described.value_name = arg.get_value_names().and_then(<[_]>::first).map(ToString::to_string);
    described.required = arg.is_required_set();
    described.multiple = matches!(arg.get_action(), ArgAction::Append)
        || arg.get_num_args().is_some_and(|range| range.max_values() > 1);
    described.hidden = arg.is_hide_set();
    described.global = arg.is_global_set();
    if arg.get_action().takes_values() {
        described.default_values =
            arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
        described.possible_values = arg
            .get_possible_values()
            .iter()
            .filter(|value| !value.is_hide_set())
            .map(|value| value.get_name().to_owned())
            .collect();
    }
    described
}

/// The author's parser does not know where in the host's tree it is, so what it says of usage is left out.
fn usage(error: clap::Error) -> PluginError {
    let text = error.render().to_string();
    let kept: Vec<&str> = text
        .lines()
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .collect();
    PluginError::usage(kept.join("\n").trim_end().trim_start_matches("error: "))
}
