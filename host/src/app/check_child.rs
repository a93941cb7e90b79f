//! The process in which `plugin check` runs a plugin's code.
//!
//! It loads a chain, calls each function with many inputs, twice and from several threads, and compares the
//! state of the process before and after each call. Each call is announced before it is made, so that the
//! parent knows which one did not return.

mod behind;
mod command_line;
mod hooks;
mod observer;
mod resources;

use std::{
    ffi::OsString,
    fs::File,
    io,
    panic::{self, AssertUnwindSafe},
    path::Path,
};

use host_settings::plugins;
use plugin_host::{Chain, Link, LoadError, LoadStep, Loader};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit};

use self::{behind::Behind, observer::Observer};
use crate::{
    commands::plugin::check::message::{CHILD_ARGUMENT, Message, Task},
    env,
    settings::Settings,
};

/// Bytes of memory that the process may use.
const MEMORY: u64 = 4 << 30;
/// Bytes that a file may have which it writes.
const FILE_SIZE: u64 = 1 << 30;

/// Runs the process and gives its exit code, if this process is one.
pub(super) fn run_if_child(words: &[OsString]) -> Option<u8> {
    match words {
        [_, argument, task] if argument == CHILD_ARGUMENT => Some(run(task).map_or(1, |()| 0)),
        _ => None,
    }
}

/// `None` if the parent is gone, or the process was started by hand.
fn run(task: &OsString) -> Option<()> {
    let task: Task = serde_json::from_str(task.to_str()?).ok()?;
    set_parent_process_death_signal(Some(Signal::KILL)).ok()?;
    let pipe = take_stdout().ok()?;
    limit().ok()?;
    observer::start(Observer::new(pipe, task.skip.clone()).ok()?);
    match panic::catch_unwind(AssertUnwindSafe(|| call_all(&task))) {
        Ok(()) => observer::finish(),
        Err(_) => observer::send(&Message::Failed("internal error".to_owned())),
    }
    Some(())
}

fn call_all(task: &Task) {
    let Some((chain, behind)) = load(task) else { return };
    hooks::call(&chain, &behind, task);
    command_line::check(&chain, task);
}

/// Loads the chain; `None` if that fails, which was reported.
fn load(task: &Task) -> Option<(Chain, Behind)> {
    let settings = Settings::read().unwrap_or_default();
    let loader = plugins::loader("flyte-host", &settings, &[]).with_observer(step);
    let loader = match task.isolate {
        true => loader.with_isolations(plugins::isolations(&settings, true), &env::SECRETS),
        false => loader,
    };
    let behind = Behind::default();
    let links = task.files.iter().map(|file| load_one(&loader, file));
    Some((Chain::new(links.collect::<Option<_>>()?, behind.builtin()), behind))
}

fn load_one(loader: &Loader, file: &Path) -> Option<Link> {
    let link = loader.check_file(file).and_then(|candidate| {
        if loader.isolates(candidate.passport.name()) {
            // Its steps are those of another process.
            observer::enter("create", "");
        }
        loader.load(candidate)
    });
    observer::leave();
    link.map_err(|error| observer::found(load_code(&error), &load_message(&error), error.hint())).ok()
}

fn step(step: LoadStep) {
    observer::leave();
    observer::enter(
        match step {
            LoadStep::Open => "constructor",
            LoadStep::Layout => "interfaces",
            LoadStep::Create => "create",
        },
        "",
    );
}

fn load_code(error: &LoadError) -> &'static str {
    match error {
        LoadError::Create(error) if hooks::is_panic(error) => "panic",
        error => error.code(),
    }
}

fn load_message(error: &LoadError) -> String {
    match error {
        LoadError::Create(error) => hooks::message(error),
        error => {
            let source = std::error::Error::source(error).map(|source| format!(": {source}"));
            format!("{error}{}", source.unwrap_or_default())
        }
    }
}

/// The pipe to the parent. What plugins print goes to a file in memory from now on.
fn take_stdout() -> io::Result<File> {
    let pipe = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
    let memory = rustix::fs::memfd_create("stdout", rustix::fs::MemfdFlags::CLOEXEC)?;
    rustix::stdio::dup2_stdout(&memory)?;
    Ok(File::from(pipe))
}

fn limit() -> io::Result<()> {
    lower(Resource::Core, 0)?;
    lower(Resource::Fsize, FILE_SIZE)?;
    // Checkers of memory reserve more than the limit for themselves.
    if resources::data_size().is_some_and(|size| size < MEMORY) {
        lower(Resource::Data, MEMORY)?;
    }
    Ok(())
}

/// Sets a limit, unless a lower one applies already: only root may raise it again.
fn lower(resource: Resource, limit: u64) -> io::Result<()> {
    let Rlimit { current, maximum } = getrlimit(resource);
    let lowest = |present: Option<u64>| Some(present.map_or(limit, |present| present.min(limit)));
    setrlimit(resource, Rlimit { current: lowest(current), maximum: lowest(maximum) })?;
    Ok(())
}
