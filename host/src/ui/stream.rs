//! The two standard streams; only this module writes to them, apart from indicatif's progress lines.

use std::{
    io::{self, IsTerminal, Write},
    sync::OnceLock,
};

use indicatif::MultiProgress;

/// The progress lines on screen; unset until the first of them.
pub(super) static PROGRESS: OnceLock<MultiProgress> = OnceLock::new();

/// Runs `write` with the progress lines cleared. Must not be nested.
pub(crate) fn aside<T>(write: impl FnOnce() -> T) -> T {
    match PROGRESS.get() {
        Some(lines) => lines.suspend(write),
        None => write(),
    }
}

/// Writing to a standard stream failed.
#[derive(Debug)]
pub struct WriteError(pub io::Error);

/// A standard stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// The standard output.
    Out,
    /// The standard error.
    Err,
}

impl Stream {
    /// Whether it is a terminal.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Out => io::stdout().is_terminal(),
            Self::Err => io::stderr().is_terminal(),
        }
    }

    /// Whether colour is wanted: on a terminal, unless `NO_COLOR` or `CLICOLOR_FORCE` say otherwise.
    #[must_use]
    pub fn color(self) -> bool {
        match self {
            Self::Out => anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
            Self::Err => anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never,
        }
    }

    /// Writes bytes, without ANSI styles unless the stream wants colour.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    pub fn write(self, bytes: &[u8]) -> Result<(), WriteError> {
        let result = aside(|| match self {
            Self::Out => {
                let mut stream = anstream::stdout().lock();
                stream.write_all(bytes).and_then(|()| stream.flush())
            }
            Self::Err => anstream::stderr().lock().write_all(bytes),
        });
        result.map_err(WriteError)
    }

    /// Writes bytes unchanged: binary data, or text that is styled for this stream. Lines are written at
    /// once, the rest with [`Stream::flush`].
    ///
    /// # Errors
    ///
    /// As [`Stream::write`].
    pub fn write_raw(self, bytes: &[u8]) -> Result<(), WriteError> {
        let result = aside(|| match self {
            Self::Out => io::stdout().lock().write_all(bytes),
            Self::Err => io::stderr().lock().write_all(bytes),
        });
        result.map_err(WriteError)
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    ///
    /// As [`Stream::write`].
    pub fn flush(self) -> Result<(), WriteError> {
        let result = aside(|| match self {
            Self::Out => io::stdout().lock().flush(),
            Self::Err => io::stderr().lock().flush(),
        });
        result.map_err(WriteError)
    }
}
