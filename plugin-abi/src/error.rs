//! What an author returns when something went wrong.

use std::fmt;

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{ROption, RResult, RString, RVec},
};

use crate::vtable::{self, Fault_TO, FaultBox};

/// An error of a plugin: a line, its causes, and what the user can do about it.
///
/// The host renders it, with the plugin and the hook named. Any [`std::error::Error`] turns into one
/// with `?`; its sources become the causes.
///
/// # Example: an error that helps
///
/// ```
/// use plugin_abi::PluginError;
///
/// fn token() -> Result<String, PluginError> {
///     let text = std::fs::read_to_string("/no/such/file")
///         .map_err(|error| PluginError::new("the company's token is not there")
///             .caused_by(error)
///             .hint("run `acme login`"))?;
///     Ok(text)
/// }
/// assert_eq!(token().unwrap_err().to_string(), "the company's token is not there");
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

/// What kind of bad end a fault is. Numbers are those of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PluginErrorKind {
    /// The author returned an error.
    Error = 0,
    /// The plugin panicked, and the panic was caught inside it.
    Panic = 1,
    /// The user used a command of the plugin wrongly.
    Usage = 2,
}

impl PluginError {
    /// An error with a message: lower case, no full stop, about what could not be done.
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

    /// A wrong use of a command: the host shows it as such and exits with 2.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self { kind: PluginErrorKind::Usage, ..Self::new(message) }
    }

    /// Adds a cause and its sources, below those that are there.
    pub fn caused_by(mut self, cause: impl std::error::Error) -> Self {
        let mut next: Option<&dyn std::error::Error> = Some(&cause);
        while let Some(error) = next {
            self.causes.push(error.to_string());
            next = error.source();
        }
        self
    }

    /// Adds causes that are only text, the outermost first, below those that are there.
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

    /// Adds something that the user can do: a command, a file and key, a flag.
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// Asks for an exit code of a command; without it a failed command exits with 11.
    pub fn exit_code(mut self, code: u8) -> Self {
        self.exit_code = Some(code);
        self
    }

    /// The first line.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// From the outermost cause to the root.
    #[must_use]
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// What the user can do.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// Whether it is an error, a panic, or a wrong use of a command.
    #[must_use]
    pub fn kind(&self) -> PluginErrorKind {
        self.kind
    }

    /// The exit code that was asked for.
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

    /// The number that the host gave to this error when it came from further down the chain.
    #[doc(hidden)]
    #[must_use]
    pub fn upstream(&self) -> u64 {
        self.upstream
    }

    /// Marks the error as one that the host already knows.
    #[doc(hidden)]
    pub fn with_upstream(mut self, number: u64) -> Self {
        self.upstream = number;
        self
    }

    pub(crate) fn panicked(message: String, location: Option<String>) -> Self {
        Self { kind: PluginErrorKind::Panic, location, ..Self::new(message) }
    }

    /// Gives the error to the other side.
    #[doc(hidden)]
    #[must_use]
    pub fn into_raw(self) -> FaultBox {
        Fault_TO::from_value(self, TD_Opaque)
    }

    /// Takes an error of the other side.
    #[doc(hidden)]
    pub fn from_raw(raw: &FaultBox) -> Self {
        Self {
            kind: match raw.kind() {
                1 => PluginErrorKind::Panic,
                2 => PluginErrorKind::Usage,
                _ => PluginErrorKind::Error,
            },
            message: raw.message().into(),
            causes: raw.causes().into_iter().map(String::from).collect(),
            hints: raw.hints().into_iter().map(String::from).collect(),
            exit_code: raw.exit_code().into_option(),
            location: raw.location().into_option().map(String::from),
            upstream: raw.upstream(),
        }
    }
}

/// Turns a result of the other side into an ordinary one.
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

/// Copies strings for the other side.
pub(crate) fn strings_into_raw(values: &[String]) -> RVec<RString> {
    values.iter().map(|value| RString::from(value.as_str())).collect()
}

/// Copies an optional string for the other side.
pub(crate) fn optional_into_raw(value: Option<&str>) -> ROption<RString> {
    value.map(RString::from).into()
}

/// Takes strings of the other side.
pub(crate) fn strings_from_raw(values: RVec<RString>) -> Vec<String> {
    values.into_iter().map(String::from).collect()
}
