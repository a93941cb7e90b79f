//! The command line: from the process's arguments to a command, and from its result to an exit code.

pub mod args;
#[cfg(target_os = "linux")]
mod check_child;
mod clap_error;
mod output_arg;
mod plugin_free;
pub(crate) mod process_exit;
#[cfg(target_os = "linux")]
mod recorded;
mod startup;
mod suggestions;
mod supervision;
mod version_info;

use std::{
    ffi::OsString,
    panic::{self, AssertUnwindSafe},
    sync::mpsc,
    thread,
};

use clap::FromArgMatches;
use plugin_host::{
    Chain, Link,
    calls::{self, ReportFormat},
    preflight::is_panic_contained,
};

pub use self::process_exit::end_process;
use self::{
    args::Cli,
    clap_error::{report, unaccepted},
    plugin_free::PluginFreeCommand,
    startup::{PluginFlags, Startup},
};
use crate::{
    command_tree::{Parsed, invocation},
    commands::{self, completion},
    context::{Context, PluginInUse},
    env,
    flyte::{configuration::Configurations, connection, transport},
    global::{ExplicitOptions, Global, OutputArg},
    settings::Settings,
    ui::{
        error::CommandError,
        exit_code::Exit,
        logger,
        output::Ui,
        stdout::{self, PluginOutput},
    },
};

/// Stack size in bytes of the thread that runs the command: that of a main thread on Linux.
const STACK: usize = 8 << 20;

/// Runs the program; returns the exit code, for [`end_process`].
///
/// The process of an isolated plugin begins here as well.
///
/// The command runs on a thread that never ends, and the process ends beside it, so the thread-locals of
/// plugins are never dropped. A panic in one of their destructors could not be caught and would abort the
/// process after the command had succeeded.
#[must_use]
pub fn main() -> u8 {
    #[cfg(target_os = "linux")]
    if let Some(code) = plugin_host::isolated::child_main() {
        return code;
    }
    let ui = Ui::default();
    let hook_ui = ui.clone();
    panic::set_hook(Box::new(move |info| report_bug(info, &hook_ui)));
    let (send, received) = mpsc::sync_channel(1);
    let thread_ui = ui.clone();
    let work = move || {
        // An error means that the receiver is gone.
        let _ = send.send(exit_code(&thread_ui));
        loop {
            thread::park();
        }
    };
    match thread::Builder::new().name("main".to_owned()).stack_size(STACK).spawn(work) {
        Ok(_) => received.recv().unwrap_or(Exit::Internal.code()),
        // No thread can be started; run on this one.
        Err(_) => exit_code(&ui),
    }
}

fn exit_code(ui: &Ui) -> u8 {
    let words: Vec<OsString> = std::env::args_os().collect();
    #[cfg(target_os = "linux")]
    if let Some(code) = recorded::run_if_child(&words).or_else(|| check_child::run_if_child(&words)) {
        return code;
    }
    let code = match panic::catch_unwind(AssertUnwindSafe(|| run(&words, ui))) {
        Ok(Ok(exit)) => exit.code(),
        Ok(Err(failure)) => {
            if failure.exit != Exit::PipeClosed {
                ui.report(&failure);
            }
            failure.exit.code()
        }
        Err(_) => Exit::Internal.code(),
    };
    calls::finish();
    code
}

/// Prints a panic of the host; panics of plugins are caught inside them.
fn report_bug(info: &panic::PanicHookInfo<'_>, ui: &Ui) {
    let text = info.payload_as_str().unwrap_or("no message");
    let location = info.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
    if is_panic_contained() {
        return log::debug!("{text}{location}");
    }
    let failure = CommandError::new(Exit::Internal, format_args!("internal error: {text}{location}"))
        .hint("report this bug in flyte-host with the lines below".to_owned());
    ui.report(&failure);
    ui.note(version_info::text());
}

fn run(words: &[OsString], ui: &Ui) -> Result<Exit, CommandError> {
    let completion = completion::CompletionRequest::from_process(words);
    let flags =
        PluginFlags::scan(completion.as_ref().map_or(words, completion::CompletionRequest::arguments));
    logger::start(flags.verbose, ui.streams());
    env::check().map_err(|error| {
        let hint = error.hint();
        CommandError::from_error(Exit::Usage, error).hint(hint)
    })?;
    #[cfg(not(target_os = "linux"))]
    if env::is_on(env::PLUGIN_ISOLATE) {
        return Err(CommandError::new(Exit::Usage, "could not isolate plugins: isolation requires Linux")
            .hint(format!("unset `{}`", env::PLUGIN_ISOLATE)));
    }
    let (settings, broken) = match Settings::read() {
        Ok(settings) => (settings, None),
        Err(error) => (Settings::default(), Some(CommandError::from(error))),
    };
    if completion.is_some() {
        calls::set_report_format(ReportFormat::Silent);
        stdout::reserve(PluginOutput::Discarded);
    }
    let watched = supervision::supervision(&settings, completion.is_some())?;
    let loader = startup::loader(&flags, &settings).with_supervision(watched);
    let configurations = Configurations::default();
    if completion.is_none()
        && broken.is_none()
        && let Some(unloaded) = PluginFreeCommand::parse(words)
    {
        return unloaded.run(ui, &flags, &settings, &loader, &configurations);
    }
    let load = || Startup::new(ui, &flags, &settings, &loader, &configurations);
    #[cfg(target_os = "linux")]
    let recorded = || recorded::start(words, completion.is_some(), &flags, &settings, &loader);
    #[cfg(not(target_os = "linux"))]
    let recorded = || None;
    let mut startup = match broken {
        Some(error) => Startup::without_plugins(error),
        None => recorded().unwrap_or_else(load),
    };
    if let Some(request) = completion {
        // Plugin errors are suppressed during completion.
        request.answer(startup.tree.command(), ui)?;
        return Ok(Exit::Done);
    }
    let mut parsed = output_arg::parse(&startup.tree, words);
    if startup.is_recorded && parsed.as_ref().is_ok_and(|parsed| !startup.suffices(parsed.path())) {
        startup = load();
        parsed = output_arg::parse(&startup.tree, words);
    }
    let Startup { chain, tree, mut plugin_error, .. } = startup;
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(mut error) => {
            suggestions::suggest(&mut error, &loader);
            return report(&error, plugin_error, ui);
        }
    };
    if let Some(plugin_error) = plugin_error.take_if(|_| !works_without_plugins(parsed.path())) {
        return Err(plugin_error);
    }
    calls::set_command(&format!("flyte-host {}", parsed.path().join(" ")));
    let parsed = if works_without_plugins(parsed.path()) { parsed } else { tree.resolve(parsed)? };
    // Again, since a plugin may have changed the value.
    output_arg::check(&tree, &parsed).map_err(|error| unaccepted(&error))?;
    let mut global = Global::from_arg_matches(parsed.matches()).map_err(|error| unaccepted(&error))?;
    let is_json = global.output == OutputArg::Json;
    ui.set_error_format(is_json, global.verbose > 0);
    if is_json {
        calls::set_report_format(ReportFormat::Json);
    }
    global.given = ExplicitOptions { project: parsed.is_given("project"), domain: parsed.is_given("domain") };
    let context = Context {
        ui: &ui.with_format(global.output.format()),
        global: &global,
        settings: &settings,
        loader: &loader,
        configurations: &configurations,
        in_use: chain.as_ref().map(|chain| in_use(chain)).unwrap_or_default(),
        chain: chain.as_ref(),
        recorded_commands: &|_| None,
        tree: &tree,
    };
    if tree.owner(parsed.path()).is_some() {
        return run_of_plugin(&parsed, &context);
    }
    let cli = Cli::from_arg_matches(parsed.matches()).map_err(|error| unaccepted(&error))?;
    let result = commands::run(&cli.command, &context);
    match (plugin_error, &result) {
        // The command is about the plugin that cannot be used, and has printed the error.
        (Some(plugin_error), Err(failure)) if failure.mentions(&plugin_error.message()) => {}
        (Some(plugin_error), _) => ui.warn(&plugin_error),
        (None, _) => {}
    }
    result
}

fn in_use(chain: &Chain) -> Vec<PluginInUse> {
    let plugin = |link: &Link| {
        Some(PluginInUse { name: link.identity().name.clone(), path: link.file()?.path().to_owned() })
    };
    chain.plugins().iter().filter_map(plugin).collect()
}

/// Commands for troubleshooting, which work with plugins that cannot be used.
fn works_without_plugins(path: &[String]) -> bool {
    path.first().is_some_and(|first| matches!(first.as_str(), "completion" | "man" | "plugin" | "sandbox"))
}

fn run_of_plugin(parsed: &Parsed, context: &Context<'_>) -> Result<Exit, CommandError> {
    let services = invocation::Services {
        ui: context.ui,
        remote: &|| connection::remote(context.chain()?, context.global, context.configurations),
        transport: &|| transport::lend(context.session()?.client),
    };
    invocation::run_plugin_command(context.tree, parsed, &services)
}
