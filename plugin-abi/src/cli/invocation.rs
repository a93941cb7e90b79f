//! A run of a plugin's command.

use std::{
    fmt,
    io::{self, Write},
    str::FromStr,
};

use abi_stable::std_types::{RSlice, RStr};

use crate::{
    PluginError, Remote,
    error::result_from_raw,
    transport::TransportHandle,
    vtable::{self, ProgressBox},
};

/// A run of a command: its arguments, where to write, and the Flyte connection.
pub struct Invocation<'a> {
    raw: &'a (dyn vtable::Invocation + 'a),
}

/// The output format that the user chose with `-o`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputFormat {
    /// One JSON document.
    Json,
    /// One name per line.
    Name,
    /// A table.
    Table,
    /// YAML.
    Yaml,
}

/// A standard stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// The standard output, for results.
    Out = 1,
    /// The standard error, for everything else.
    Err = 2,
}

impl<'a> Invocation<'a> {
    pub(crate) fn new(raw: &'a (dyn vtable::Invocation + 'a)) -> Self {
        Self { raw }
    }

    /// The names of the command and its groups, without the program's.
    #[must_use]
    pub fn path(&self) -> Vec<String> {
        self.raw.path().into_iter().map(String::from).collect()
    }

    /// The value of an argument, its default included; the first of several.
    #[must_use]
    pub fn value(&self, id: &str) -> Option<String> {
        self.values(id).into_iter().next()
    }

    /// All values of an argument, its defaults included.
    #[must_use]
    pub fn values(&self, id: &str) -> Vec<String> {
        self.raw.values(RStr::from_str(id)).unwrap_or_default().into_iter().map(String::from).collect()
    }

    /// The value of an argument as another type.
    ///
    /// # Errors
    ///
    /// A usage error with the argument and the value, if the value cannot be parsed.
    pub fn parse<T>(&self, id: &str) -> Result<Option<T>, PluginError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        let Some(value) = self.value(id) else { return Ok(None) };
        value
            .parse()
            .map(Some)
            .map_err(|error| PluginError::usage(format_args!("invalid value `{value}` for `{id}`: {error}")))
    }

    /// Whether a flag was given.
    #[must_use]
    pub fn flag(&self, id: &str) -> bool {
        self.value(id).as_deref() == Some("true")
    }

    /// How often a counted flag was given.
    #[must_use]
    pub fn count(&self, id: &str) -> usize {
        self.value(id).and_then(|count| count.parse().ok()).unwrap_or_default()
    }

    /// Whether an argument was given, on the command line or by its variable.
    #[must_use]
    pub fn given(&self, id: &str) -> bool {
        self.raw.given(RStr::from_str(id))
    }

    /// The arguments of the command at `path()[from]` and of those below it, with their names in
    /// between, written out in full: what a parser of your own can read.
    #[must_use]
    pub fn arguments(&self, from: usize) -> Vec<String> {
        let from = u32::try_from(from).unwrap_or(u32::MAX);
        self.raw.arguments(from).into_iter().map(String::from).collect()
    }

    /// The output format that the user chose with `-o`.
    #[must_use]
    pub fn output_format(&self) -> OutputFormat {
        match self.raw.output_format().as_str() {
            "json" => OutputFormat::Json,
            "yaml" => OutputFormat::Yaml,
            "name" => OutputFormat::Name,
            _ => OutputFormat::Table,
        }
    }

    /// Writes to the standard output.
    ///
    /// # Errors
    ///
    /// When the stream was closed; pass it on with `?`.
    pub fn print(&self, text: fmt::Arguments<'_>) -> Result<(), PluginError> {
        self.write(Stream::Out, text.to_string().as_bytes())
    }

    /// Writes to the standard error.
    ///
    /// # Errors
    ///
    /// When the stream was closed; pass it on with `?`.
    pub fn note(&self, text: fmt::Arguments<'_>) -> Result<(), PluginError> {
        self.write(Stream::Err, text.to_string().as_bytes())
    }

    /// A stream as a [`Write`], for `writeln!` and serializers.
    #[must_use]
    pub fn writer(&self, stream: Stream) -> Writer<'_> {
        Writer { invocation: self, stream }
    }

    fn write(&self, stream: Stream, bytes: &[u8]) -> Result<(), PluginError> {
        result_from_raw(self.raw.write(stream as u32, RSlice::from_slice(bytes)))
    }

    /// Whether the stream is a terminal.
    #[must_use]
    pub fn is_terminal(&self, stream: Stream) -> bool {
        self.raw.is_terminal(stream as u32)
    }

    /// Whether colour is wanted on the stream.
    #[must_use]
    pub fn color(&self, stream: Stream) -> bool {
        self.raw.color(stream as u32)
    }

    /// Starts a progress line, shown on a terminal only and removed when dropped. `total` is the number of
    /// steps, if known.
    #[must_use]
    pub fn progress(&self, message: &str, total: Option<u64>) -> Progress {
        Progress { raw: self.raw.progress(RStr::from_str(message), total.unwrap_or(0)) }
    }

    /// The connection that the user's flags, the chain of plugins and the configuration lead to.
    ///
    /// # Errors
    ///
    /// When there is none, for example because the configuration cannot be read.
    pub fn remote(&self) -> Result<Remote, PluginError> {
        result_from_raw(self.raw.remote()).map(|remote| Remote::from_raw(&remote))
    }

    /// A transport to the Flyte backend of that connection, as the built-in commands use it: with sign-in,
    /// retries and the transports of all plugins. It can be kept, and used from any thread.
    ///
    /// Flyte's methods as typed functions over it are in the crate `plugin-client`.
    ///
    /// # Errors
    ///
    /// When there is none, for example because the configuration cannot be read.
    pub fn transport(&self) -> Result<TransportHandle, PluginError> {
        result_from_raw(self.raw.transport()).map(TransportHandle::from_raw)
    }

    /// The number of methods beyond protocol 1.0 that the host's invocation has.
    #[cfg(next_protocol)]
    #[must_use]
    pub fn revision(&self) -> u32 {
        self.raw.revision()
    }
}

/// A stream of the host as a [`Write`].
pub struct Writer<'a> {
    invocation: &'a Invocation<'a>,
    stream: Stream,
}

impl Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.invocation
            .write(self.stream, bytes)
            .map_err(|error| io::Error::other(error.message().to_owned()))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A progress line, removed when dropped.
pub struct Progress {
    raw: ProgressBox,
}

impl Progress {
    /// Sets the number of finished steps.
    pub fn set_position(&self, position: u64) {
        self.raw.set_position(position);
    }

    /// Sets the text of the line.
    pub fn set_message(&self, message: &str) {
        self.raw.set_message(RStr::from_str(message));
    }
}
