//! The command line with the plugins' changes: applied, printed as help, parsed, and resolved.

use std::{ffi::OsString, thread};

use abi_stable::{erased_types::TD_Opaque, sabi_types::RRef, std_types::RVec};
use clap::{CommandFactory as _, error::ErrorKind};
use plugin_abi::{
    Hook, Remote,
    vtable::{Command_TO, EditBox},
};
use plugin_host::{Chain, HookError, error::HookErrorKind, isolated::RecordedEdits};

use super::{hooks, observer};
use crate::{
    app::{args::Cli, process_exit::keep_until_exit},
    command_tree::{Parsed, Tree, invocation},
    commands::plugin::check::message::{THREADS, Task},
    ui::{error::CommandError, exit_code::Exit, output::Ui},
};

const NAME: &str = Hook::ConfigureCli.name();
/// Command lines of the program itself, to which plugins may have added options, defaults and callbacks.
const OWN: [&str; 3] = ["config show", "get projects", "register --dry-run file.yaml"];

/// Checks `configure_cli`, and what it returns.
pub(super) fn check(chain: &Chain, task: &Task) {
    let is_overridden = chain.plugins().iter().any(|link| link.overrides(Hook::ConfigureCli));
    let reason = match task.hooks.iter().any(|name| name == NAME) {
        false => Some("`--hook` leaves out `configure_cli`"),
        true if !is_overridden => Some("the plugin does not override `configure_cli`"),
        true => None,
    };
    if let Some(reason) = reason {
        task.run.iter().for_each(|line| not_run(&command_name(line), reason));
        return;
    }
    if observer::is_skipped(NAME) {
        return;
    }
    let Some(tree) = extend(chain, task) else { return };
    keep_until_exit(&tree);
    // Not timed: it is the host's code.
    observer::series("help", "", || print_help(&tree));
    if !observer::is_skipped("callback") {
        resolve(&tree);
    }
    for line in &task.run {
        if !observer::is_skipped(&command_name(line)) {
            run(&tree, line);
        }
    }
}

/// The command line with the changes of all plugins, the last one first; `None` if one fails.
fn extend(chain: &Chain, task: &Task) -> Option<Tree> {
    let mut tree = Tree::new(Cli::command()).with_errors(chain.errors().clone());
    for (index, link) in chain.plugins().iter().enumerate().rev() {
        if !link.overrides(Hook::ConfigureCli) {
            continue;
        }
        let first = configured(chain, index, &tree)?;
        let second = configured(chain, index, &tree)?;
        let record = |edits| tree.clone().record(link.identity(), edits).ok().map(data);
        let (known, again) = (record(first), record(second));
        if known.is_some() && known != again {
            observer::found("changing-answer", "changed the command line differently each time", None);
        }
        if !task.is_short {
            from_threads(chain, index, &tree);
            hooks::look_for_leaks(NAME, &mut || drop(configure(chain, index, &tree)));
        }
        let edits = configured(chain, index, &tree)?;
        if let Err(error) = tree.apply(link.identity(), edits) {
            let others = chain.plugins().len() > 1;
            let code = if others { "conflict" } else { "invalid-command-line" };
            observer::found(code, &with_source(&error), error.hint());
            return None;
        }
    }
    Some(tree)
}

/// The recorded edits as text, to compare them.
fn data(edits: RecordedEdits) -> String {
    serde_json::to_string(&edits).unwrap_or_default()
}

fn with_source(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

fn configure(chain: &Chain, index: usize, tree: &Tree) -> Result<RVec<EditBox>, HookError> {
    let view = tree.view();
    chain.configure_cli(index, Command_TO::from_ptr(RRef::new(&view), TD_Opaque))
}

fn configured(chain: &Chain, index: usize, tree: &Tree) -> Option<RVec<EditBox>> {
    let edits = observer::call(NAME, "", || configure(chain, index, tree));
    edits.inspect_err(judge).ok()
}

fn judge(error: &HookError) {
    let code = match error.kind() {
        HookErrorKind::InvalidValue(_) => "invalid-value",
        HookErrorKind::Returned(_) if hooks::is_panic(error) => "panic",
        HookErrorKind::Returned(_) => "hook-failed",
    };
    observer::found(code, &hooks::message(error), None);
}

fn from_threads(chain: &Chain, index: usize, tree: &Tree) {
    let results = observer::series(NAME, &format!("{THREADS} threads at once"), || {
        thread::scope(|scope| {
            let call = || configure(chain, index, tree).map(drop);
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(call)).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect::<Vec<_>>()
        })
    });
    results.iter().filter_map(|result| result.as_ref().err()).for_each(judge);
}

/// Lets clap print the help of every command of a plugin.
fn print_help(tree: &Tree) {
    for path in commands(tree) {
        let words = std::iter::once("flyte-host").chain(path.iter().map(String::as_str)).chain(["--help"]);
        match tree.parse(words.map(OsString::from)) {
            Err(error) if error.kind() == ErrorKind::DisplayHelp => drop(error.render().to_string()),
            Err(error) => {
                let (reason, name) = (first_line(&error), path.join(" "));
                let message = format!("the help of the command `{name}` cannot be printed: {reason}");
                observer::found("invalid-command-line", &message, None);
            }
            // A plugin may have an option of that name.
            Ok(_) => {}
        }
    }
}

/// The paths of the commands that plugins added.
fn commands(tree: &Tree) -> Vec<Vec<String>> {
    fn collect(tree: &Tree, command: &clap::Command, path: &[String], found: &mut Vec<Vec<String>>) {
        for below in command.get_subcommands() {
            let path = [path, &[below.get_name().to_owned()]].concat();
            collect(tree, below, &path, found);
            if tree.owner(&path).is_some() {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    collect(tree, tree.command(), &[], &mut found);
    found
}

/// Computes lazy defaults and runs callbacks, for the plugins' commands without arguments and for commands of
/// the program. The functions of commands are not run.
fn resolve(tree: &Tree) {
    let own = OWN.iter().map(|line| (line.split(' ').map(str::to_owned).collect::<Vec<_>>(), true));
    let of_plugins = commands(tree).into_iter().map(|words| (words, false));
    for (words, is_complete) in of_plugins.chain(own) {
        let line = words.join(" ");
        let parsed = match parse(tree, words) {
            Ok(parsed) => parsed,
            // Its arguments cannot be guessed.
            Err(error) if !is_complete && lacks_arguments(error.kind()) => continue,
            Err(error) => {
                let reason = first_line(&error);
                observer::found("invalid-command-line", &format!("`{line}` cannot be used: {reason}"), None);
                continue;
            }
        };
        let resolved = observer::call("callback", &format!("command line `{line}`"), || tree.resolve(parsed));
        if let Err(error) = resolved {
            judge_command(&error);
        }
    }
}

fn lacks_arguments(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::MissingRequiredArgument
            | ErrorKind::MissingSubcommand
            | ErrorKind::TooFewValues
            | ErrorKind::WrongNumberOfValues
    )
}

/// The reason of an error, without the usage below it.
fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

fn parse(tree: &Tree, words: impl IntoIterator<Item = String>) -> Result<Parsed, clap::Error> {
    tree.parse(std::iter::once("flyte-host".to_owned()).chain(words).map(OsString::from))
}

fn judge_command(error: &CommandError) {
    let parts: Vec<String> = std::iter::once(error.message()).chain(error.causes()).collect();
    let message = parts.join(": ");
    match error.exit {
        Exit::PluginFailed if error.message().contains(" panicked in ") => {
            observer::found("panic", &message, None);
        }
        Exit::PluginFailed | Exit::Internal => observer::found("hook-failed", &message, None),
        // Its own decision about what the user gave.
        _ => {}
    }
}

/// As in the report: ``command `hello` ``.
fn command_name(line: &str) -> String {
    format!("command `{line}`")
}

/// Runs a command of a plugin, as the author asked for.
fn run(tree: &Tree, line: &str) {
    let name = command_name(line);
    let Some(words) = shlex::split(line) else { return not_run(&name, "unbalanced quotes") };
    let parsed = match parse(tree, words) {
        Ok(parsed) if tree.owner(parsed.path()).is_some() => parsed,
        Ok(_) => return not_run(&name, "not a command of the plugin"),
        Err(error) => return not_run(&name, &first_line(&error)),
    };
    let ui = Ui::discarded();
    let services = invocation::Services {
        ui: &ui,
        remote: &|| Ok(Remote::new("flyte.example:443")),
        transport: &|| {
            Err(CommandError::new(Exit::Unreachable, "could not connect: `plugin check` has no network"))
        },
    };
    if observer::is_skipped("callback") {
        return not_run(&name, "a callback or default of an option ended the process");
    }
    let resolved = observer::call("callback", &format!("command line `{line}`"), || tree.resolve(parsed));
    let result = resolved.and_then(|parsed| {
        observer::call(&name, "", || invocation::run_plugin_command(tree, &parsed, &services))
    });
    if let Err(error) = result {
        judge_command(&error);
    }
}

fn not_run(name: &str, reason: &str) {
    observer::series(name, "", || ());
    observer::found("command-not-run", &format!("not run: {reason}"), None);
}
