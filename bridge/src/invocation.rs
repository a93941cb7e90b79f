//! A running command of a plugin: what it asks of click and flytekit.

use std::sync::Mutex;

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{
        ROption,
        RResult::{self, RErr, ROk},
        RSlice, RStr, RString, RVec,
    },
};
use plugin_abi::{
    PluginError, Remote,
    transport::TransportHandle,
    vtable::{AbiResult, Invocation, Progress, Progress_TO, ProgressBox, RemoteBox, TransportBox},
};
use plugin_host::calls;
use pyo3::{IntoPyObjectExt, intern, prelude::*, types::PyBytes};

use crate::{error::for_plugin, remote::Values, transport::PythonTransport};

/// `flyte_host._invocation.Invocation`, for the command.
pub(crate) struct PythonInvocation {
    object: Py<PyAny>,
    /// An exception that ends the command, whatever the plugin does: a closed output, Ctrl-C.
    exception: Mutex<Option<PyErr>>,
}

impl PythonInvocation {
    pub(crate) fn new(object: Py<PyAny>) -> Self {
        Self { object, exception: Mutex::default() }
    }

    /// The exception that ends the command.
    pub(crate) fn into_exception(self) -> Option<PyErr> {
        self.exception.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn ask<T>(&self, ask: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>) -> Result<T, PluginError> {
        let _host = calls::host_code();
        Python::attach(|py| {
            ask(self.object.bind(py)).map_err(|exception| {
                let error = for_plugin(py, &exception);
                self.keep(exception);
                error
            })
        })
    }

    fn keep(&self, exception: PyErr) {
        let mut kept = self.exception.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        kept.get_or_insert(exception);
    }

    /// The answer of a method that cannot fail for the plugin.
    fn read<T: Default>(&self, ask: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>) -> T {
        self.ask(ask).unwrap_or_default()
    }
}

impl Invocation for PythonInvocation {
    fn path(&self) -> RVec<RString> {
        let path: Vec<String> =
            self.read(|object| object.call_method0(intern!(object.py(), "path"))?.extract());
        path.into_iter().map(RString::from).collect()
    }

    fn values(&self, argument: RStr<'_>) -> ROption<RVec<RString>> {
        let values: Option<Vec<String>> = self.read(|object| {
            object.call_method1(intern!(object.py(), "values"), (argument.as_str(),))?.extract()
        });
        values.map(|values| values.into_iter().map(RString::from).collect()).into()
    }

    fn given(&self, argument: RStr<'_>) -> bool {
        self.read(|object| {
            object.call_method1(intern!(object.py(), "given"), (argument.as_str(),))?.extract()
        })
    }

    fn arguments(&self, from: u32) -> RVec<RString> {
        let arguments: Vec<String> =
            self.read(|object| object.call_method1(intern!(object.py(), "arguments"), (from,))?.extract());
        arguments.into_iter().map(RString::from).collect()
    }

    fn output_format(&self) -> RString {
        // pyflyte has no `--output`.
        "table".into()
    }

    fn write(&self, stream: u32, bytes: RSlice<'_, u8>) -> AbiResult<()> {
        if stream != 1 && stream != 2 {
            return RErr(PluginError::new("unknown stream: expected 1 (stdout) or 2 (stderr)").into_raw());
        }
        let written = self.ask(|object| {
            let bytes = PyBytes::new(object.py(), bytes.as_slice());
            object.call_method1(intern!(object.py(), "write"), (stream, bytes)).map(drop)
        });
        RResult::from(written.map_err(PluginError::into_raw))
    }

    fn is_terminal(&self, stream: u32) -> bool {
        self.read(|object| object.call_method1(intern!(object.py(), "is_terminal"), (stream,))?.extract())
    }

    fn color(&self, stream: u32) -> bool {
        self.read(|object| object.call_method1(intern!(object.py(), "color"), (stream,))?.extract())
    }

    fn progress(&self, message: RStr<'_>, total: u64) -> ProgressBox {
        let line = self.ask(|object| {
            let line = object.call_method1(intern!(object.py(), "progress"), (message.as_str(), total))?;
            Ok(line.unbind())
        });
        Progress_TO::from_value(ProgressLine(line.ok()), TD_Opaque)
    }

    fn remote(&self) -> AbiResult<RemoteBox> {
        let remote = self.ask(|object| {
            let values: Values = object.call_method0(intern!(object.py(), "remote"))?.extract()?;
            Ok(Remote::from(values))
        });
        match remote {
            Ok(mut remote) => {
                remote.client_secret = None;
                ROk(remote.into_raw())
            }
            Err(error) => RErr(error.into_raw()),
        }
    }

    fn transport(&self) -> AbiResult<TransportBox> {
        let transport = self.ask(|object| {
            let carry = object.call_method0(intern!(object.py(), "transport"))?;
            Ok(TransportHandle::new(PythonTransport::new(carry.unbind())))
        });
        match transport {
            Ok(transport) => ROk(transport.into_raw()),
            Err(error) => RErr(error.into_raw()),
        }
    }
}

/// A progress line of `flyte_host._invocation`.
struct ProgressLine(Option<Py<PyAny>>);

impl ProgressLine {
    fn call<'a, T: for<'py> IntoPyObjectExt<'py> + 'a>(&self, method: &str, value: T) {
        let Some(line) = &self.0 else { return };
        let _host = calls::host_code();
        Python::attach(|py| {
            // A progress line that cannot be drawn is not worth an error.
            let _ = value.into_py_any(py).and_then(|value| line.call_method1(py, method, (value,)));
        });
    }
}

impl Progress for ProgressLine {
    fn set_position(&self, position: u64) {
        self.call("set_position", position);
    }

    fn set_message(&self, message: RStr<'_>) {
        self.call("set_message", message.as_str().to_owned());
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.call("close", true);
    }
}
