//! The two standard streams; only this module and [`stdout`] write to them, apart from indicatif's progress
//! lines.

use std::{
    io::{self, IsTerminal, Write},
    sync::{Arc, OnceLock},
};

use indicatif::MultiProgress;

use super::stdout;

/// Writing to a standard stream failed.
#[derive(Debug)]
pub(crate) struct WriteError(pub(crate) io::Error);

/// A standard stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// The standard output.
    Out,
    /// The standard error.
    Err,
}

impl Stream {
    fn is_process_terminal(self) -> bool {
        match self {
            Self::Out => stdout::is_terminal(),
            Self::Err => io::stderr().is_terminal(),
        }
    }

    fn wants_color(self) -> bool {
        match self {
            Self::Out => stdout::wants_color(),
            Self::Err => anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never,
        }
    }
}

/// Both streams, and the progress lines that are cleared while something is written. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streams(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Unset until the first line, since most commands print none.
    progress: OnceLock<MultiProgress>,
    /// Nothing is written.
    discards: bool,
    /// In tests, what is written goes here, as if neither stream were a terminal.
    #[cfg(test)]
    captured: Option<[std::sync::Mutex<Vec<u8>>; 2]>,
}

impl Streams {
    /// Streams that nothing comes out of, and that are no terminals.
    #[cfg(target_os = "linux")]
    pub(crate) fn discarded() -> Self {
        Self(Arc::new(Shared { discards: true, ..Shared::default() }))
    }

    /// Whether a stream is a terminal.
    #[must_use]
    pub(crate) fn is_terminal(&self, stream: Stream) -> bool {
        !self.is_captured() && !self.0.discards && stream.is_process_terminal()
    }

    /// Whether a stream wants colour: on a terminal, unless `NO_COLOR` or `CLICOLOR_FORCE` say otherwise.
    #[must_use]
    pub(crate) fn color(&self, stream: Stream) -> bool {
        !self.is_captured() && !self.0.discards && stream.wants_color()
    }

    /// Writes bytes, without ANSI styles unless the stream wants colour.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    pub(crate) fn write(&self, stream: Stream, bytes: &[u8]) -> Result<(), WriteError> {
        if self.0.discards {
            return Ok(());
        }
        #[cfg(test)]
        if self.is_captured() {
            return self.write_raw(stream, &anstream::adapter::strip_bytes(bytes).into_vec());
        }
        let result = self.aside(|| match stream {
            Stream::Out => stdout::write_styled(bytes),
            Stream::Err => anstream::stderr().lock().write_all(bytes),
        });
        result.map_err(WriteError)
    }

    /// Writes bytes unchanged: binary data, or text that is styled for this stream. Lines are written at
    /// once, the rest with [`Streams::flush`].
    ///
    /// # Errors
    ///
    /// As [`Streams::write`].
    pub(crate) fn write_raw(&self, stream: Stream, bytes: &[u8]) -> Result<(), WriteError> {
        if self.0.discards {
            return Ok(());
        }
        #[cfg(test)]
        if let Some([out, err]) = &self.0.captured {
            let captured = if stream == Stream::Out { out } else { err };
            captured.lock().unwrap().extend_from_slice(bytes);
            return Ok(());
        }
        let result = self.aside(|| match stream {
            Stream::Out => stdout::write(bytes),
            Stream::Err => io::stderr().lock().write_all(bytes),
        });
        result.map_err(WriteError)
    }

    /// Writes what is buffered of the standard output; the standard error has no buffer.
    ///
    /// # Errors
    ///
    /// As [`Streams::write`].
    pub(crate) fn flush(&self) -> Result<(), WriteError> {
        self.aside(stdout::flush).map_err(WriteError)
    }

    /// Runs `write` with the progress lines cleared. Must not be nested.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match self.0.progress.get() {
            Some(lines) => lines.suspend(write),
            None => write(),
        }
    }

    /// The progress lines on screen.
    pub(super) fn progress(&self) -> &MultiProgress {
        self.0.progress.get_or_init(MultiProgress::new)
    }

    #[cfg(test)]
    fn is_captured(&self) -> bool {
        self.0.captured.is_some()
    }

    #[cfg(not(test))]
    const fn is_captured(&self) -> bool {
        false
    }
}

#[cfg(test)]
impl Streams {
    /// Streams into memory.
    pub(crate) fn captured() -> Self {
        Self(Arc::new(Shared { captured: Some(Default::default()), ..Shared::default() }))
    }

    /// What was written to captured streams.
    pub(crate) fn text(&self, stream: Stream) -> String {
        let [out, err] = self.0.captured.as_ref().unwrap();
        let captured = if stream == Stream::Out { out } else { err };
        String::from_utf8(captured.lock().unwrap().clone()).unwrap()
    }
}
