//! The standard output, kept away from plugins: it belongs to the result of the command.
//!
//! Before a plugin is loaded, [`reserve`] moves it to another descriptor, and descriptor 1 leads elsewhere.
//! What a plugin, a library below it or a program that it starts prints is then no part of the result.

use std::{
    fs::File,
    io::{self, IsTerminal as _, LineWriter, Write},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

/// The moved output; unset while no plugin is loaded.
static RESERVED: OnceLock<Mutex<LineWriter<File>>> = OnceLock::new();

/// The first descriptor that is not a standard one.
#[cfg(unix)]
const FIRST_FREE: std::os::fd::RawFd = 3;

/// Where descriptor 1 leads while plugins are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PluginOutput {
    /// To `/dev/null`: a shell shows what completion prints.
    Discarded,
    /// To the standard error.
    Stderr,
}

/// Keeps the standard output for the program alone, from now on. Later calls have no effect; elsewhere than
/// on Unix, plugins print into the result.
pub(crate) fn reserve(plugins: PluginOutput) {
    if RESERVED.get().is_some() {
        return;
    }
    if let Err(error) = try_reserve(plugins) {
        log::warn!("could not separate the output of plugins from that of the command: {error}");
    }
}

#[cfg(unix)]
fn try_reserve(plugins: PluginOutput) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;

    io::stdout().flush()?;
    let output = File::from(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), FIRST_FREE)?);
    match plugins {
        PluginOutput::Discarded => {
            rustix::stdio::dup2_stdout(File::options().write(true).open("/dev/null")?)?;
        }
        PluginOutput::Stderr => rustix::stdio::dup2_stdout(rustix::stdio::stderr())?,
    }
    plugin_host::calls::guard_descriptor(output.as_raw_fd(), "the output of the command");
    // Set by one thread only: that which loads the plugins.
    let _ = RESERVED.set(Mutex::new(LineWriter::new(output)));
    Ok(())
}

#[cfg(not(unix))]
fn try_reserve(_plugins: PluginOutput) -> io::Result<()> {
    Ok(())
}

fn reserved() -> Option<MutexGuard<'static, LineWriter<File>>> {
    RESERVED.get().map(|output| output.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Writes bytes unchanged. Whole lines are written at once, the rest by [`flush`].
pub(crate) fn write(bytes: &[u8]) -> io::Result<()> {
    match reserved() {
        Some(mut output) => output.write_all(bytes),
        None => io::stdout().lock().write_all(bytes),
    }
}

/// Writes bytes, without ANSI styles unless the output wants them.
pub(crate) fn write_styled(bytes: &[u8]) -> io::Result<()> {
    match reserved() {
        // On Unix a terminal understands the styles itself.
        Some(mut output) if is_plain(output.get_ref()) => {
            output.write_all(&anstream::adapter::strip_bytes(bytes).into_vec())?;
            output.flush()
        }
        Some(mut output) => output.write_all(bytes).and_then(|()| output.flush()),
        None => {
            let mut output = anstream::stdout().lock();
            output.write_all(bytes).and_then(|()| output.flush())
        }
    }
}

/// Writes what is buffered.
pub(crate) fn flush() -> io::Result<()> {
    match reserved() {
        Some(mut output) => output.flush(),
        None => io::stdout().lock().flush(),
    }
}

/// Whether it is a terminal.
pub(crate) fn is_terminal() -> bool {
    match reserved() {
        Some(output) => output.get_ref().is_terminal(),
        None => io::stdout().is_terminal(),
    }
}

/// Whether it wants ANSI styles.
pub(crate) fn wants_color() -> bool {
    match reserved() {
        Some(output) => !is_plain(output.get_ref()),
        None => anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
    }
}

fn is_plain(output: &File) -> bool {
    anstream::AutoStream::choice(output) == anstream::ColorChoice::Never
}
