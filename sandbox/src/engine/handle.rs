//! Makes sure that there is an engine when there is something to do.

use std::{
    ffi::OsString,
    fs::OpenOptions,
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use tokio::sync::{Notify, watch};

use super::RunMode;
use crate::lease::{self, Lease};

/// How an opened sandbox gets its engine.
#[derive(Clone, Debug)]
pub enum EngineStart {
    /// As a process of its own, when there is something to do: a program and its arguments, which run [`main`](super::main).
    Spawn {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        args: Vec<OsString>,
    },
    /// As a thread of this process, as long as the sandbox is open.
    InProcess,
    /// Somebody else sees to it.
    External,
}

/// Starts engines for an opened sandbox.
pub(crate) struct EngineHandle {
    root: PathBuf,
    start: EngineStart,
    thread: Option<EngineThread>,
    /// Ended engines, so that they do not stay as zombies.
    children: Mutex<Vec<std::process::Child>>,
}

struct EngineThread {
    wake: Arc<Notify>,
    shutdown: watch::Sender<bool>,
    handle: Option<JoinHandle<()>>,
}

impl EngineHandle {
    pub(crate) fn new(root: &Path, start: EngineStart) -> Self {
        let thread = matches!(start, EngineStart::InProcess).then(|| start_thread(root.to_owned()));
        Self { root: root.to_owned(), start, thread, children: Mutex::new(Vec::new()) }
    }

    /// Makes sure that an engine notices what was just stored.
    ///
    /// Failing is not the caller's failure: what is stored is done by the next engine, whoever starts it.
    pub(crate) fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.wake.notify_one();
        }
        if let EngineStart::Spawn { program, args } = &self.start
            && let Err(error) = self.spawn(program, args)
        {
            log::warn!("the sandbox's engine cannot be started: {error}");
        }
    }

    fn spawn(&self, program: &Path, args: &[OsString]) -> Result<(), io::Error> {
        // An engine that has the lock looks once more after it gave it up. An engine that is refused the lock because of
        // this very look is not missed: we start another one.
        let Some(lease) = Lease::try_take(&self.root, lease::ENGINE)? else { return Ok(()) };
        drop(lease);
        let log = OpenOptions::new().create(true).append(true).open(self.root.join("engine.log"))?;
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        #[cfg(unix)]
        {
            // A Ctrl-C for the caller is none for the engine.
            use std::os::unix::process::CommandExt as _;
            command.process_group(0);
        }
        let child = command.spawn()?;
        let mut children = self.children.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        children.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        children.push(child);
        Ok(())
    }
}

fn start_thread(root: PathBuf) -> EngineThread {
    let (shutdown, is_shut_down) = watch::channel(false);
    let wake = Arc::new(Notify::new());
    let woken = Arc::clone(&wake);
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let done = match runtime {
            Ok(runtime) => {
                runtime.block_on(super::run_with(&root, RunMode::UntilShutdown(is_shut_down), woken))
            }
            Err(error) => Err(super::EngineError::Runtime(error)),
        };
        if let Err(error) = done {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            log::error!("the sandbox's engine ended: {error}: {cause}");
        }
    };
    let handle = std::thread::Builder::new().name("engine".to_owned()).spawn(work);
    let handle = handle.inspect_err(|error| log::error!("the sandbox's engine cannot start: {error}")).ok();
    EngineThread { wake, shutdown, handle }
}

impl Drop for EngineHandle {
    fn drop(&mut self) {
        if let Some(thread) = &mut self.thread {
            thread.shutdown.send_replace(true);
            if let Some(handle) = thread.handle.take() {
                // It has logged whatever went wrong.
                let _ = handle.join();
            }
        }
    }
}
