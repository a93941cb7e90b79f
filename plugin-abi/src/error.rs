//! [`PluginError`]: the error that a plugin returns.

use std::fmt;

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{ROption, RResult, RString, RVec},
};

use crate::{
    limit::{limit_text, limit_texts},
    vtable::{self, Fault_TO, FaultBox},
};

/// An error of a plugin: a message, its causes, and hints for the user.
///
/// The host prints it with the names of the plugin and the hook. Any [`std::error::Error`] turns into one
/// with `?`; its sources become the causes.
///
/// # Example: an error that helps
///
/// ```
/// use plugin_abi::PluginError;
///
/// fn token() -> Result<String, PluginError> {
///     let text = std::fs::read_to_string("/no/such/file")
///         .map_err(|error| PluginError::new("cannot read the company's token")
///             .caused_by(error)
///             .hint("run `acme login`"))?;
///     Ok(text)
/// }
/// assert_eq!(token().unwrap_err().to_string(), "cannot read the company's token");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct PluginError {
    pub(crate) kind: PluginErrorKind,
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    pub(crate) hints: Vec<String>,
    pub(crate) exit_code: Option<u8>,
    pub(crate) location: Option<String>,
    pub(crate) upstream: u64,
}

/// What a [`PluginError`] stands for. The numbers are those of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PluginErrorKind {
    /// An error that the plugin returned.
    Error = 0,
    /// A panic, which was caught inside the plugin.
    Panic = 1,
    /// Invalid use of one of the plugin's commands.
    Usage = 2,
}

impl PluginError {
    /// An error with a message, such as "cannot read the team file": lower case, no full stop.
    pub fn new(message: impl fmt::Display) -> Self {
        Self {
            kind: PluginErrorKind::Error,
            message: message.to_string(),
            causes: Vec::new(),
            hints: Vec::new(),
            exit_code: None,
            location: None,
            upstream: 0,
        }
    }

    /// Invalid use of a command: the host prints the message as its own and exits with 2.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self { kind: PluginErrorKind::Usage, ..Self::new(message) }
    }

    /// Adds a cause and its sources, below the causes so far.
    pub fn caused_by(mut self, cause: impl std::error::Error) -> Self {
        let mut next: Option<&dyn std::error::Error> = Some(&cause);
        while let Some(error) = next {
            self.causes.push(error.to_string());
            next = error.source();
        }
        self
    }

    /// Adds causes that are only text, the outermost first, below the causes so far.
    ///
    /// ```
    /// use plugin_abi::PluginError;
    ///
    /// let error = PluginError::new("cannot read the team file").with_causes(["line 3: expected a name"]);
    /// assert_eq!(error.causes(), ["line 3: expected a name"]);
    /// ```
    pub fn with_causes(mut self, causes: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        self.causes.extend(causes.into_iter().map(|cause| cause.to_string()));
        self
    }

    /// Adds a hint: what the user can do, beginning with a verb and naming a command, a file and key, or a
    /// flag.
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// Sets the exit code of a command that fails with this error; without it, 11. 0 is ignored.
    pub fn exit_code(mut self, code: u8) -> Self {
        self.exit_code = Some(code);
        self
    }

    /// The message, without the causes.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// From the outermost cause to the root.
    #[must_use]
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// The hints, in the order in which they were added.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// Whether this is a returned error, a panic, or invalid use of a command.
    #[must_use]
    pub fn kind(&self) -> PluginErrorKind {
        self.kind
    }

    /// The exit code set with [`PluginError::exit_code`].
    #[must_use]
    pub fn wanted_exit_code(&self) -> Option<u8> {
        self.exit_code
    }

    /// `file:line` of a panic.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// The message, with the location of a panic behind it in parentheses.
    #[doc(hidden)]
    #[must_use]
    pub fn message_with_location(&self) -> String {
        match &self.location {
            Some(location) => format!("{} ({location})", self.message),
            None => self.message.clone(),
        }
    }

    /// The number under which the host keeps this error, if the plugin received it from the host; 0 for its
    /// own.
    #[doc(hidden)]
    #[must_use]
    pub fn upstream(&self) -> u64 {
        self.upstream
    }

    /// Marks the error as one that the host keeps under a number.
    #[doc(hidden)]
    pub fn with_upstream(mut self, number: u64) -> Self {
        self.upstream = number;
        self
    }

    pub(crate) fn panicked(message: String, location: Option<String>) -> Self {
        Self { kind: PluginErrorKind::Panic, location, ..Self::new(message) }
    }

    /// Converts to the ABI type.
    #[doc(hidden)]
    #[must_use]
    pub fn into_raw(self) -> FaultBox {
        Fault_TO::from_value(self, TD_Opaque)
    }

    /// Converts from the ABI type; long texts are cut.
    #[doc(hidden)]
    pub fn from_raw(raw: &FaultBox) -> Self {
        Self {
            kind: match raw.kind() {
                1 => PluginErrorKind::Panic,
                2 => PluginErrorKind::Usage,
                _ => PluginErrorKind::Error,
            },
            message: limit_text(&raw.message()),
            causes: limit_texts(&raw.causes()),
            hints: limit_texts(&raw.hints()),
            exit_code: raw.exit_code().into_option(),
            location: raw.location().into_option().map(|location| limit_text(&location)),
            upstream: raw.upstream(),
        }
    }
}

/// Converts an ABI result.
pub(crate) fn result_from_raw<T>(result: RResult<T, FaultBox>) -> Result<T, PluginError> {
    result.into_result().map_err(|fault| PluginError::from_raw(&fault))
}

impl fmt::Display for PluginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl<E: std::error::Error> From<E> for PluginError {
    fn from(error: E) -> Self {
        let mut all = Self::new("").caused_by(error);
        all.message = all.causes.remove(0);
        all
    }
}

impl vtable::Fault for PluginError {
    fn kind(&self) -> u32 {
        self.kind as u32
    }
    fn message(&self) -> RString {
        self.message.as_str().into()
    }
    fn causes(&self) -> RVec<RString> {
        strings_into_raw(&self.causes)
    }
    fn hints(&self) -> RVec<RString> {
        strings_into_raw(&self.hints)
    }
    fn exit_code(&self) -> ROption<u8> {
        self.exit_code.into()
    }
    fn location(&self) -> ROption<RString> {
        optional_into_raw(self.location.as_deref())
    }
    fn upstream(&self) -> u64 {
        self.upstream
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

/// Copies strings to their ABI type.
pub(crate) fn strings_into_raw(values: &[String]) -> RVec<RString> {
    values.iter().map(|value| RString::from(value.as_str())).collect()
}

/// Copies an optional string to its ABI type.
pub(crate) fn optional_into_raw(value: Option<&str>) -> ROption<RString> {
    value.map(RString::from).into()
}

/// Converts strings from their ABI type.
pub(crate) fn strings_from_raw(values: RVec<RString>) -> Vec<String> {
    values.into_iter().map(String::from).collect()
}
