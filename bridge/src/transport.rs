//! Transports of plugins between flytekit and its gRPC channel.

use std::time::Duration;

use plugin_abi::transport::{self, Answer, Call, Code, FaultKind, Status, Transport as _, TransportHandle};
use plugin_host::{Layers, calls, transport::attributed};
use pyo3::{
    intern,
    prelude::*,
    types::{PyBytes, PyType},
};

use crate::error::{Report, for_plugin};

/// Headers, as gRPC's Python package has them.
type Metadata = Vec<(String, String)>;

/// flytekit's channel, for plugins.
///
/// The callable takes path, headers, encoded message and timeout. It returns headers and the encoded answer,
/// or raises `flyte_host._errors.StatusError`.
pub(crate) struct PythonTransport(Py<PyAny>);

impl PythonTransport {
    pub(crate) fn new(callable: Py<PyAny>) -> Self {
        Self(callable)
    }
}

impl transport::Transport for PythonTransport {
    fn call(&self, call: Call<'_>) -> Result<Answer, Status> {
        let _host = calls::host_code();
        Python::attach(|py| {
            let message = PyBytes::new(py, call.message);
            let timeout = call.timeout.map(|timeout| timeout.as_secs_f64());
            let answer = self.0.bind(py).call1((call.path, call.metadata, message, timeout));
            let answer = answer.and_then(|answer| answer.extract::<(Metadata, Vec<u8>)>());
            let (metadata, message) = answer.map_err(|error| status(py, &error))?;
            let mut answer = Answer::new(message);
            answer.metadata = metadata;
            Ok(answer)
        })
    }
}

/// The status of a failed call.
fn status(py: Python<'_>, exception: &PyErr) -> Status {
    match read_status(py, exception) {
        Ok(Some(status)) => status,
        // flytekit's own error, such as a failed sign-in: Python keeps it, and raises it in the end.
        Ok(None) => attributed(Status::fault(FaultKind::Transport, for_plugin(py, exception))),
        Err(error) => attributed(Status::fault(FaultKind::Transport, for_plugin(py, &error))),
    }
}

/// `None` for an exception other than a status of a server.
fn read_status(py: Python<'_>, exception: &PyErr) -> PyResult<Option<Status>> {
    let exception = exception.value(py);
    if !exception.is_instance(status_error(py)?.as_any())? {
        return Ok(None);
    }
    let code = exception.getattr(intern!(py, "code"))?.extract()?;
    let message: String = exception.getattr(intern!(py, "message"))?.extract()?;
    let mut status = Status::new(Code(code), message);
    status.details = exception.getattr(intern!(py, "details"))?.extract()?;
    status.metadata = exception.getattr(intern!(py, "metadata"))?.extract()?;
    Ok(Some(status))
}

fn status_error(py: Python<'_>) -> PyResult<Bound<'_, PyType>> {
    Ok(py.import("flyte_host._errors")?.getattr("StatusError")?.cast_into::<PyType>()?)
}

/// The transports of plugins around flytekit's channel.
#[pyclass(frozen, module = "flyte_host._native")]
pub(crate) struct Transport {
    handle: TransportHandle,
    layers: Layers,
}

impl Transport {
    pub(crate) fn new(handle: TransportHandle, layers: Layers) -> Self {
        Self { handle, layers }
    }

    fn exception(&self, py: Python<'_>, status: Status) -> PyErr {
        if let Some(error) = status.error() {
            let report = match self.layers.errors().passed_on(error) {
                Some(passed_on) => passed_on.into(),
                None => Report { message: error.message().to_owned(), exit_code: 1, ..Report::default() },
            };
            return report.into_exception(py);
        }
        let arguments = (status.code.0, status.message, PyBytes::new(py, &status.details), status.metadata);
        match status_error(py).and_then(|class| class.call1(arguments)) {
            Ok(exception) => PyErr::from_value(exception),
            Err(error) => error,
        }
    }
}

#[pymethods]
impl Transport {
    /// Carries one call; blocks until it is answered.
    fn call<'py>(
        &self,
        py: Python<'py>,
        path: &str,
        metadata: Metadata,
        message: &[u8],
        timeout: Option<f64>,
    ) -> PyResult<(Metadata, Bound<'py, PyBytes>)> {
        let mut call = Call::new(path, message);
        call.metadata = metadata;
        call.timeout = timeout.map(duration);
        match py.detach(|| self.handle.call(call)) {
            Ok(answer) => Ok((answer.metadata, PyBytes::new(py, &answer.message))),
            Err(status) => Err(self.exception(py, status)),
        }
    }
}

/// Seconds of Python as a duration; a negative number is none.
fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
