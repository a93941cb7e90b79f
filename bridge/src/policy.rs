//! Cache policies of plugins, for flytekit.

use std::sync::Arc;

use plugin_abi::VersionParameters;
use pyo3::prelude::*;

use crate::error::Exceptions;

/// What a policy may look at, as a `dict`.
#[derive(Clone, Default, FromPyObject, IntoPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Parameters {
    task_name: String,
    task_type: String,
    container_image: Option<String>,
    pod_template_name: Option<String>,
    pod_template: Option<String>,
    command: Vec<String>,
    arguments: Vec<String>,
}

impl From<&VersionParameters> for Parameters {
    fn from(parameters: &VersionParameters) -> Self {
        let VersionParameters {
            task_name,
            task_type,
            container_image,
            pod_template_name,
            pod_template,
            command,
            arguments,
        } = parameters.clone();
        Self { task_name, task_type, container_image, pod_template_name, pod_template, command, arguments }
    }
}

impl From<Parameters> for VersionParameters {
    fn from(parameters: Parameters) -> Self {
        let Parameters {
            task_name,
            task_type,
            container_image,
            pod_template_name,
            pod_template,
            command,
            arguments,
        } = parameters;
        Self { task_name, task_type, container_image, pod_template_name, pod_template, command, arguments }
    }
}

/// A default cache policy of a plugin.
#[pyclass(frozen, module = "flyte_host._native")]
pub(crate) struct Policy {
    policy: plugin_host::Policy,
    exceptions: Arc<Exceptions>,
}

impl Policy {
    pub(crate) fn new(policy: plugin_host::Policy, exceptions: Arc<Exceptions>) -> Self {
        Self { policy, exceptions }
    }
}

#[pymethods]
impl Policy {
    #[getter]
    fn name(&self) -> &str {
        self.policy.name()
    }

    #[getter]
    fn enabled(&self) -> bool {
        self.policy.is_enabled()
    }

    /// Seconds for which a result may be reused.
    #[getter]
    fn ttl(&self) -> Option<f64> {
        self.policy.ttl().map(|ttl| ttl.as_secs_f64())
    }

    /// The version of a task; empty if the policy does not apply to it.
    fn version(&self, py: Python<'_>, salt: &str, parameters: Parameters) -> PyResult<String> {
        let parameters = VersionParameters::from(parameters);
        let version = py.detach(|| match self.policy.applies_to(&parameters)? {
            true => self.policy.version(salt, &parameters),
            false => Ok(String::new()),
        });
        version.map_err(|error| self.exceptions.raise(py, error))
    }
}
