//! Starts and wakes engines for an opened sandbox.

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
    /// As a process of its own when an execution is launched: a program whose arguments make it run
    /// [`main`](super::main).
    Spawn {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        args: Vec<OsString>,
    },
    /// As a thread of this process, while the sandbox is open.
    InProcess,
    /// Not by this sandbox: another process runs the engine.
    External,
}

/// Starts engines for an opened sandbox.
pub(crate) struct EngineHandle {
    root: PathBuf,
    start: EngineStart,
    thread: Option<EngineThread>,
    /// Started engines, to be reaped when they have ended.
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

    /// Makes an engine read what was just stored. Errors are logged: the next engine will read it.
    pub(crate) fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.wake.notify_one();
        }
        if let EngineStart::Spawn { program, args } = &self.start
            && let Err(error) = self.spawn(program, args)
        {
            log::warn!("could not start the sandbox's engine: {error}");
        }
    }

    fn spawn(&self, program: &Path, args: &[OsString]) -> Result<(), io::Error> {
        // An engine that holds the lease reads the store once more after releasing it. If another process
        // fails to take the lease because of this check, no engine is missing: we start one.
        let Some(lease) = Lease::try_take(&self.root, lease::ENGINE)? else { return Ok(()) };
        drop(lease);
        let log = OpenOptions::new().create(true).append(true).open(self.root.join("engine.log"))?;
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        #[cfg(unix)]
        {
            // Ctrl-C in the caller's terminal does not reach the engine.
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
            log::error!("the sandbox's engine stopped: {error}: {cause}");
        }
    };
    let handle = std::thread::Builder::new().name("engine".to_owned()).spawn(work);
    let handle =
        handle.inspect_err(|error| log::error!("could not start the sandbox's engine: {error}")).ok();
    EngineThread { wake, shutdown, handle }
}

impl Drop for EngineHandle {
    fn drop(&mut self) {
        if let Some(thread) = &mut self.thread {
            thread.shutdown.send_replace(true);
            if let Some(handle) = thread.handle.take() {
                // The thread logs its own errors.
                let _ = handle.join();
            }
        }
    }
}
