//! What a running command gets.

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

/// What the user wants to read; the host's `-o`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputFormat {
    /// For programs: one JSON document.
    Json,
    /// For programs: one name a line.
    Name,
    /// For people.
    Table,
    /// For programs: YAML.
    Yaml,
}

/// Where a line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// What another program may read.
    Out = 1,
    /// Everything else.
    Err = 2,
}

impl<'a> Invocation<'a> {
    pub(crate) fn new(raw: &'a (dyn vtable::Invocation + 'a)) -> Self {
        Self { raw }
    }

    /// The names that led here, without the program's.
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
    /// A wrong use of the command, which names the argument and the value.
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

    /// What the user wants to read.
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
    /// When it was closed; pass it on with `?`.
    pub fn print(&self, text: fmt::Arguments<'_>) -> Result<(), PluginError> {
        self.write(Stream::Out, text.to_string().as_bytes())
    }

    /// Writes to the standard error.
    ///
    /// # Errors
    ///
    /// When it was closed; pass it on with `?`.
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

    /// Whether a person is looking at the stream.
    #[must_use]
    pub fn is_terminal(&self, stream: Stream) -> bool {
        self.raw.is_terminal(stream as u32)
    }

    /// Whether colour is wanted on the stream.
    #[must_use]
    pub fn color(&self, stream: Stream) -> bool {
        self.raw.color(stream as u32)
    }

    /// Starts to show how far long work has come; on a terminal only. It goes away when dropped.
    #[must_use]
    pub fn progress(&self, message: &str, total: Option<u64>) -> Progress {
        Progress { raw: self.raw.progress(RStr::from_str(message), total.unwrap_or(0)) }
    }

    /// The connection that the user's flags, the chain of plugins and the configuration lead to.
    ///
    /// # Errors
    ///
    /// When it cannot be told, for example because the configuration is broken.
    pub fn remote(&self) -> Result<Remote, PluginError> {
        result_from_raw(self.raw.remote()).map(|remote| Remote::from_raw(&remote))
    }

    /// The way to the Flyte of that connection, as the built-in commands have it: signed in, retried, through the
    /// transports of all plugins. It may be kept, and used from any thread.
    ///
    /// Flyte's methods as typed functions over it are in the crate `plugin-client`.
    ///
    /// # Errors
    ///
    /// When there is none, for example because the configuration is broken.
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

/// A line that shows how far long work has come.
pub struct Progress {
    raw: ProgressBox,
}

impl Progress {
    /// How much of the total is done.
    pub fn set_position(&self, position: u64) {
        self.raw.set_position(position);
    }

    /// What is being done.
    pub fn set_message(&self, message: &str) {
        self.raw.set_message(RStr::from_str(message));
    }
}
