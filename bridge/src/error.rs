//! Errors as Python exceptions: `flyte_host._errors.PluginError`, with the texts that flyte-host prints.

use plugin_abi::{PluginError, PluginErrorKind};
use plugin_host::{
    HandleTable, HookError, HookErrors, Identity, LoadError, edits::EditError, error::HookErrorKind,
    identity::BUILTIN,
};
use pyo3::{intern, prelude::*, sync::PyOnceLock, types::PyType};

/// Exit codes of flyte-host: `host/src/ui/exit_code.rs`.
const FAILED: u8 = 1;
const USAGE: u8 = 2;
const PLUGIN_UNUSABLE: u8 = 10;
const PLUGIN_FAILED: u8 = 11;

const MODULE: &str = "flyte_host._errors";

/// What an exception says.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    pub(crate) hints: Vec<String>,
    pub(crate) exit_code: u8,
    /// Name of the plugin that failed.
    pub(crate) plugin: Option<String>,
}

impl Report {
    /// An error of the user's own settings.
    pub(crate) fn new(exit_code: u8, error: &dyn std::error::Error) -> Self {
        let causes = std::iter::successors(error.source(), |cause| cause.source());
        Self {
            message: error.to_string(),
            causes: causes.map(ToString::to_string).collect(),
            exit_code,
            ..Self::default()
        }
    }

    /// An invalid value of a setting.
    pub(crate) fn failed(error: &dyn std::error::Error) -> Self {
        Self::new(FAILED, error)
    }

    /// An invalid value of a variable.
    pub(crate) fn usage(error: &dyn std::error::Error) -> Self {
        Self::new(USAGE, error)
    }

    pub(crate) fn unusable(error: &dyn std::error::Error) -> Self {
        Self::new(PLUGIN_UNUSABLE, error)
    }

    pub(crate) fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hints.extend(hint.into());
        self
    }

    /// An error of a function of a plugin other than a hook: a command, a callback, a default.
    pub(crate) fn from_function(
        owner: &Identity,
        function: &str,
        error: &PluginError,
        errors: &HookErrors,
    ) -> Self {
        if let Some(passed_on) = errors.passed_on(error) {
            return passed_on.into();
        }
        let exit_code = error.wanted_exit_code().filter(|code| *code != 0);
        let hints = error.hints().to_vec();
        match error.kind() {
            PluginErrorKind::Usage => Self {
                message: error.message().to_owned(),
                causes: error.causes().to_vec(),
                hints,
                exit_code: exit_code.unwrap_or(USAGE),
                plugin: None,
            },
            kind => {
                let is_panic = kind == PluginErrorKind::Panic;
                let verb = if is_panic { "panicked" } else { "failed" };
                let message = format!("{owner} {verb} in {function}");
                let hint = is_panic.then(|| owner.report_hint());
                let exit_code = exit_code.filter(|_| !is_panic).unwrap_or(PLUGIN_FAILED);
                let plugin = Some(owner.name.clone());
                Self { message, causes: causes(error), hints, exit_code, plugin }.hint(hint)
            }
        }
    }

    /// The exception.
    pub(crate) fn into_exception(self, py: Python<'_>) -> PyErr {
        static TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let Self { message, causes, hints, exit_code, plugin } = self;
        let exception = TYPE
            .import(py, MODULE, "PluginError")
            .and_then(|class| class.call1((message, causes, hints, exit_code, plugin)));
        match exception {
            Ok(exception) => PyErr::from_value(exception),
            Err(error) => error,
        }
    }
}

/// The message of an error and its causes.
fn causes(error: &PluginError) -> Vec<String> {
    std::iter::once(error.message_with_location()).chain(error.causes().iter().cloned()).collect()
}

impl From<HookError> for Report {
    fn from(error: HookError) -> Self {
        let wanted = match error.kind() {
            HookErrorKind::Returned(error) if error.kind() != PluginErrorKind::Panic => {
                error.wanted_exit_code()
            }
            _ => None,
        };
        Self {
            message: error.to_string(),
            causes: error.causes(),
            hints: error.hints(),
            exit_code: wanted.filter(|code| *code != 0).unwrap_or(PLUGIN_FAILED),
            plugin: Some(error.plugin().name.clone()),
        }
    }
}

impl From<LoadError> for Report {
    fn from(error: LoadError) -> Self {
        if let LoadError::Create(error) = error {
            return Self { exit_code: PLUGIN_UNUSABLE, ..error.into() };
        }
        let exit_code = match error {
            LoadError::Paused { .. } => PLUGIN_FAILED,
            _ => PLUGIN_UNUSABLE,
        };
        let mut report = Self::new(exit_code, &error).hint(error.hint());
        report.causes.extend(error.details());
        report
    }
}

impl From<EditError> for Report {
    fn from(error: EditError) -> Self {
        let plugin = Some(error.plugin().name.clone());
        Self { plugin, ..Self::new(PLUGIN_FAILED, &error).hint(error.hint()) }
    }
}

/// Exceptions of the Python plugin behind a chain, which compiled plugins see as errors of `next`.
#[derive(Default)]
pub(crate) struct Exceptions(HandleTable<std::sync::Arc<PyErr>>);

impl Exceptions {
    /// Keeps an exception, and converts it for plugins.
    pub(crate) fn lend(&self, py: Python<'_>, exception: PyErr) -> PluginError {
        let error = for_plugin(py, &exception);
        error.with_upstream(self.0.insert(exception.into()))
    }

    /// The exception for an error of a hook: that of the Python plugin if a plugin only passed it on.
    pub(crate) fn raise(&self, py: Python<'_>, error: HookError) -> PyErr {
        if let (BUILTIN, HookErrorKind::Returned(returned)) = (error.plugin().name.as_str(), error.kind())
            && let Some(exception) = self.0.get(returned.upstream())
        {
            return exception.clone_ref(py);
        }
        Report::from(error).into_exception(py)
    }
}

/// An exception, for a plugin: an error of this package keeps its causes and hints.
pub(crate) fn for_plugin(py: Python<'_>, exception: &PyErr) -> PluginError {
    read_error(exception.value(py)).unwrap_or_else(|_| PluginError::new(describe(py, exception)))
}

/// Fails for exceptions of other packages.
fn read_error(exception: &Bound<'_, PyAny>) -> PyResult<PluginError> {
    let py = exception.py();
    let texts = |name| exception.getattr(name)?.extract::<Vec<String>>();
    let message: String = exception.getattr(intern!(py, "message"))?.extract()?;
    let error = PluginError::new(message).with_causes(texts(intern!(py, "causes"))?);
    Ok(texts(intern!(py, "hints"))?.into_iter().fold(error, PluginError::hint))
}

/// Type and text of an exception, on one line.
fn describe(py: Python<'_>, exception: &PyErr) -> String {
    let value = exception.value(py);
    let text = value.str().map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
    let name = value.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    if text.is_empty() { name } else { format!("{name}: {text}") }
}
