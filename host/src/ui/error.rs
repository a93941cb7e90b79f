//! The error of a command: what could not be done, where, why, and what to do.

mod render;

use std::{error::Error, fmt, io, sync::Arc};

use plugin_abi::PluginError;
use plugin_host::{Identity, LoadError};

pub(crate) use self::render::ErrorFormat;
use super::{exit_code::Exit, stream::WriteError};
use crate::settings::{self, SettingsError};

/// Why a command ends without success: the message, where, why, and what the reader can do.
///
/// Causes are kept as errors, so that a caller can [find](Self::find) one of a type; their sources are walked
/// when the error is printed.
#[derive(Clone, Debug)]
pub(crate) struct CommandError {
    /// How the program ends.
    pub(crate) exit: Exit,
    /// What could not be done; its own sources are the first causes.
    error: Shared,
    /// Printed before the message: `t1.yaml:4`, `task.yaml, document 1`.
    location: Option<String>,
    /// Below the sources of `error`, from the outermost to the root.
    causes: Vec<Shared>,
    hints: Vec<String>,
    /// Boxed, so that results stay small.
    plugin: Option<Box<FailedPlugin>>,
}

/// The plugin whose function failed.
#[derive(Clone, Debug)]
pub(crate) struct FailedPlugin {
    /// The plugin.
    pub(crate) identity: Identity,
    /// The name of the hook; `None` for a command, a default or a callback.
    pub(crate) hook: Option<&'static str>,
}

/// What a plugin's function returned as its error, or a panic in it.
#[derive(Debug)]
struct PluginCause {
    message: String,
    /// `file:line` of a panic.
    panicked_at: Option<String>,
}

impl fmt::Display for PluginCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.panicked_at {
            Some(location) => write!(f, "{} ({location})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Error for PluginCause {}

/// An error of any type.
type Shared = Arc<dyn Error + Send + Sync>;

/// A message or a cause that is only text.
#[derive(Debug)]
struct Cause(String);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Cause {}

impl CommandError {
    /// An error without causes or hints. The message is lower case, without a full stop.
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self::from_error(exit, Cause(message.to_string()))
    }

    /// An error whose message is that of `error`, and whose causes are the sources of `error`.
    pub(crate) fn from_error(exit: Exit, error: impl Error + Send + Sync + 'static) -> Self {
        Self {
            exit,
            error: Arc::new(error),
            location: None,
            causes: Vec::new(),
            hints: Vec::new(),
            plugin: None,
        }
    }

    /// Adds a cause and its sources below the causes so far.
    #[must_use]
    pub(crate) fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.causes.push(cause.into().into());
        self
    }

    /// Adds causes that are only text, the outermost first.
    #[must_use]
    pub(crate) fn with_causes(mut self, causes: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        let causes = causes.into_iter().map(|cause| Arc::new(Cause(cause.to_string())) as Shared);
        self.causes.extend(causes);
        self
    }

    /// Adds a hint, if there is one.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hints.extend(hint.into());
        self
    }

    /// Says which plugin failed.
    #[must_use]
    pub(crate) fn in_plugin(self, plugin: FailedPlugin) -> Self {
        Self { plugin: Some(Box::new(plugin)), ..self }
    }

    /// Adds what a plugin returned as a cause, and its causes below.
    #[must_use]
    pub(crate) fn caused_by_plugin(self, error: &PluginError) -> Self {
        let panicked_at = error.location().map(str::to_owned);
        let cause = PluginCause { message: error.message().to_owned(), panicked_at };
        self.caused_by(cause).with_causes(error.causes())
    }

    /// Takes these hints in place of those so far.
    #[must_use]
    pub(crate) fn replace_hints(self, hints: impl IntoIterator<Item = String>) -> Self {
        Self { hints: hints.into_iter().collect(), ..self }
    }

    /// Says where the error is: a file with a line or document, or an input.
    #[must_use]
    pub(crate) fn at(self, location: impl fmt::Display) -> Self {
        Self { location: Some(location.to_string()), ..self }
    }

    /// Puts a message above this one, which becomes the first cause. The location stays in front.
    #[must_use]
    pub(crate) fn context(mut self, message: impl fmt::Display) -> Self {
        let inner = std::mem::replace(&mut self.error, Arc::new(Cause(message.to_string())));
        self.causes.insert(0, inner);
        self
    }

    /// What could not be done, without location and causes.
    #[must_use]
    pub(crate) fn message(&self) -> String {
        self.error.to_string()
    }

    /// The text of each cause, from the outermost to the root.
    #[must_use]
    pub(crate) fn causes(&self) -> Vec<String> {
        self.chain().skip(1).map(ToString::to_string).collect()
    }

    /// The message and the causes.
    #[must_use]
    pub(crate) fn facts(&self) -> Vec<String> {
        self.chain().map(ToString::to_string).collect()
    }

    /// What the reader can do, each a sentence of its own.
    #[must_use]
    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The first error of a type among the message and the causes.
    #[must_use]
    pub(crate) fn find<E: Error + 'static>(&self) -> Option<&E> {
        self.chain().find_map(|error| error.downcast_ref())
    }

    /// Whether the message or a cause has exactly this text.
    #[must_use]
    pub(crate) fn mentions(&self, fact: &str) -> bool {
        self.facts().iter().any(|known| known == fact)
    }

    fn chain(&self) -> impl Iterator<Item = &(dyn Error + 'static)> {
        std::iter::once(&self.error).chain(&self.causes).flat_map(with_sources)
    }
}

fn with_sources(error: &Shared) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let first: &(dyn Error + 'static) = error.as_ref();
    std::iter::successors(Some(first), |error| (**error).source())
}

impl From<LoadError> for CommandError {
    fn from(error: LoadError) -> Self {
        #[cfg(target_os = "linux")]
        if let LoadError::Ended(fault) = error {
            return fault.into();
        }
        if let LoadError::Create(fault) = error {
            return Self { exit: Exit::PluginUnusable, ..Self::from(fault) };
        }
        let hint = error.hint();
        let exit = match error {
            LoadError::Paused { .. } => Exit::PluginFailed,
            _ => Exit::PluginUnusable,
        };
        let details = match &error {
            LoadError::NotPermitted { path, name, .. } => Some(format!(
                "`{}` has other content than `[pin.{name}]` of `{}` requires",
                path.display(),
                settings::administrator_file().display()
            )),
            error => error.details(),
        };
        Self::from_error(exit, error).hint(hint).with_causes(details)
    }
}

impl From<WriteError> for CommandError {
    fn from(WriteError(error): WriteError) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Exit::PipeClosed, "the output was closed"),
            _ => Self::new(Exit::Failed, "could not write the output").caused_by(error),
        }
    }
}

impl From<SettingsError> for CommandError {
    fn from(error: SettingsError) -> Self {
        let hint = error.hint();
        Self::from_error(Exit::Failed, error).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn causes_are_walked_and_found_by_type() {
        let source = io::Error::from(io::ErrorKind::PermissionDenied);
        let error =
            CommandError::new(Exit::Failed, "no").caused_by(source).context("cannot register").at("t.yaml:4");
        assert_eq!(error.facts(), ["cannot register", "no", "permission denied"]);
        assert!(error.mentions("no") && error.find::<io::Error>().is_some());
        let text = anstream::adapter::strip_str(&error.render(ErrorFormat::Whole)).to_string();
        assert_eq!(
            text,
            "error: t.yaml:4: cannot register\n  caused by: no\n  caused by: permission denied\n"
        );
        let value: serde_json::Value = serde_json::from_str(&error.render(ErrorFormat::Json)).unwrap();
        assert_eq!(
            (&value["error"]["location"], &value["error"]["message"]),
            (&json!("t.yaml:4"), &json!("cannot register"))
        );
    }
}
