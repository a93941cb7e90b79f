//! The command line: from the process's arguments to a command, and from its result to an exit code.

pub mod args;
mod clap_error;
mod plugin_free;
mod startup;
mod suggestions;
mod version_info;

use std::{ffi::OsString, panic, path::PathBuf, process::ExitCode, sync::mpsc, thread};

use clap::FromArgMatches;
use plugin_host::{Chain, Link};

use self::{
    args::Cli,
    clap_error::{misread, report},
    plugin_free::Unloaded,
    startup::{Choice, Start},
};
use crate::{
    command_tree::{Parsed, invocation},
    commands::{self, completion},
    context::Context,
    env,
    flyte::{configuration::Configurations, connection, transport},
    global::{Given, Global, OutputArg},
    settings::Settings,
    ui::{
        error::{CommandError, Form},
        exit_code::Exit,
        logger, output,
    },
};

/// The stack of the thread that does the work, in bytes: that of a main thread on Linux.
const STACK: usize = 8 << 20;

/// Runs the program.
///
/// The work is done on a thread that never ends, and the process ends beside it. So the values that plugins keep for each
/// thread are never dropped: a panic in one of their destructors cannot be caught, and would end the process with a signal
/// after the work is done.
#[must_use]
pub fn main() -> ExitCode {
    panic::set_hook(Box::new(report_bug));
    let (tell, told) = mpsc::sync_channel(1);
    let work = move || {
        // An error means that the receiver is gone.
        let _ = tell.send(exit_code());
        loop {
            thread::park();
        }
    };
    match thread::Builder::new().name("main".to_owned()).stack_size(STACK).spawn(work) {
        Ok(_) => told.recv().unwrap_or(Exit::Internal.code()).into(),
        // Too many threads: then on this one.
        Err(_) => exit_code().into(),
    }
}

fn exit_code() -> u8 {
    let words: Vec<OsString> = std::env::args_os().collect();
    match panic::catch_unwind(|| run(&words)) {
        Ok(Ok(exit)) => exit.code(),
        Ok(Err(failure)) => {
            if failure.exit != Exit::PipeClosed {
                output::note_styled(&failure.render());
            }
            failure.exit.code()
        }
        Err(_) => Exit::Internal.code(),
    }
}

/// A panic of the program's own: plugins' are caught inside them.
fn report_bug(info: &panic::PanicHookInfo<'_>) {
    let text = info.payload_as_str().unwrap_or("no message");
    let place =
        info.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
    let failure = CommandError::new(Exit::Internal, format_args!("internal error: {text}{place}"))
        .hint("this is a bug in flyte-host; please report it with the lines below".to_owned());
    output::note_styled(&failure.render());
    output::note(&version_info::text());
}

fn run(words: &[OsString]) -> Result<Exit, CommandError> {
    let completion = completion::CompletionRequest::from_process(words);
    let choice = Choice::scan(completion.as_ref().map_or(words, completion::CompletionRequest::arguments));
    logger::start(choice.verbose);
    if let Some(name) = env::not_utf8() {
        return Err(CommandError::new(Exit::Usage, format!("variable `{name}` is not UTF-8"))
            .hint(format!("set `{name}` again, or unset it")));
    }
    if let Some((name, value)) = env::invalid_switch() {
        return Err(CommandError::new(
            Exit::Usage,
            format!("variable `{name}` is `{value}`; `1` or `0` is expected"),
        )
        .hint(format!("set `{name}=1` or `{name}=0`, or unset it")));
    }
    let (settings, broken) = match Settings::read() {
        Ok(settings) => (settings, None),
        Err(error) => (Settings::default(), Some(CommandError::from(error))),
    };
    let loader = startup::loader(&settings);
    let configurations = Configurations::default();
    if completion.is_none()
        && broken.is_none()
        && let Some(unloaded) = Unloaded::parse(words)
    {
        return unloaded.run(&choice, &settings, &loader, &configurations);
    }
    let start = || Start::new(&choice, &settings, &loader, &configurations);
    let Start { chain, tree, mut trouble } = broken.map_or_else(start, Start::without_plugins);
    if let Some(request) = completion {
        // What is wrong with a plugin would only disturb who is typing.
        request.answer(tree.command())?;
        return Ok(Exit::Done);
    }
    let parsed = match tree.parse(words.iter().cloned()) {
        Ok(parsed) => parsed,
        Err(mut error) => {
            suggestions::suggest(&mut error);
            return report(&error, trouble);
        }
    };
    if let Some(trouble) = trouble.take_if(|_| !works_without_plugins(parsed.path())) {
        return Err(trouble);
    }
    let parsed = if works_without_plugins(parsed.path()) { parsed } else { tree.resolve(parsed)? };
    let mut global = Global::from_arg_matches(parsed.matches()).map_err(|error| misread(&error))?;
    Form::choose(global.output == OutputArg::Json, global.verbose > 0);
    global.given = Given { project: parsed.is_given("project"), domain: parsed.is_given("domain") };
    let context = Context {
        global: &global,
        settings: &settings,
        loader: &loader,
        configurations: &configurations,
        in_use: chain.as_ref().map(|chain| files(chain)).unwrap_or_default(),
        chain: chain.as_ref(),
        tree: &tree,
    };
    if tree.owner(parsed.path()).is_some() {
        return run_of_plugin(&parsed, &context);
    }
    let cli = Cli::from_arg_matches(parsed.matches()).map_err(|error| misread(&error))?;
    let result = commands::run(&cli.command, &context);
    match (trouble, &result) {
        // The user asked for just the plugin that is in trouble.
        (Some(trouble), Err(failure)) if failure.mentions(&trouble.message()) => {}
        (Some(trouble), _) => output::note_styled(&trouble.render_as_warning()),
        (None, _) => {}
    }
    result
}

fn files(chain: &Chain) -> Vec<PathBuf> {
    let files = chain.plugins().iter().filter_map(Link::file);
    files.map(|file| file.path().to_owned()).collect()
}

/// The commands with which users help themselves; they work whatever state a plugin is in.
fn works_without_plugins(path: &[String]) -> bool {
    path.first().is_some_and(|first| matches!(first.as_str(), "completion" | "man" | "plugin" | "sandbox"))
}

fn run_of_plugin(parsed: &Parsed, context: &Context<'_>) -> Result<Exit, CommandError> {
    let services = invocation::Services {
        format: context.global.output.format()?,
        remote: &|| connection::remote(context.chain()?, context.global, context.configurations),
        transport: &|| transport::lend(context.session()?.client),
    };
    invocation::run_plugin_command(context.tree, parsed, &services)
}
