//! The Python plugin behind the compiled ones: the end of the chain.

use std::sync::Arc;

use plugin_abi::{CachePolicy, PluginError, Remote, RemoteRequest, VersionParameters};
use plugin_host::{BuiltinAnswers, calls};
use pyo3::{intern, prelude::*};

use crate::{error::Exceptions, policy, remote::Values};

/// flytekit's plugin, or that of another package, as `flyte_host._behind.Behind` describes it.
pub(crate) struct Behind {
    object: Py<PyAny>,
    exceptions: Arc<Exceptions>,
}

impl Behind {
    pub(crate) fn new(object: Py<PyAny>, exceptions: Arc<Exceptions>) -> Self {
        Self { object, exceptions }
    }

    fn ask<T>(&self, ask: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>) -> Result<T, PluginError> {
        let _host = calls::host_code();
        Python::attach(|py| ask(self.object.bind(py)).map_err(|error| self.exceptions.lend(py, error)))
    }

    /// A policy of the Python plugin, as compiled plugins see it.
    fn policy(&self, policy: Py<PyAny>, name: String) -> CachePolicy {
        let exceptions = Arc::clone(&self.exceptions);
        let version = move |salt: &str, parameters: &VersionParameters| {
            let _host = calls::host_code();
            Python::attach(|py| {
                let version = policy
                    .bind(py)
                    .call_method1(intern!(py, "get_version"), (salt, policy::Parameters::from(parameters)));
                let version = version.and_then(|version| version.extract());
                version.map_err(|error| exceptions.lend(py, error))
            })
        };
        CachePolicy::computed(version).name(name)
    }
}

impl BuiltinAnswers for Behind {
    fn get_remote(&self, request: &RemoteRequest) -> Result<Remote, PluginError> {
        let (number, values): (u64, Values) = self.ask(|object| {
            let arguments =
                (&request.config, &request.project, &request.domain, &request.data_upload_location);
            object.call_method1(intern!(object.py(), "get_remote"), arguments)?.extract()
        })?;
        let remote = Remote::from(values).with_base(number);
        let origin = "the Python plugin";
        Ok(Remote::FIELDS.iter().fold(remote, |remote, field| remote.because(field, origin)))
    }

    fn secret_requires_group(&self) -> Result<bool, PluginError> {
        self.ask(|object| object.call_method0(intern!(object.py(), "secret_requires_group"))?.is_truthy())
    }

    fn get_default_image(&self) -> Result<Option<String>, PluginError> {
        self.ask(|object| object.call_method0(intern!(object.py(), "get_default_image"))?.extract())
    }

    fn get_auth_success_html(&self, endpoint: &str) -> Result<Option<String>, PluginError> {
        self.ask(|object| {
            let html = object.call_method1(intern!(object.py(), "get_auth_success_html"), (endpoint,))?;
            html.extract()
        })
    }

    fn get_default_cache_policies(&self) -> Result<Vec<CachePolicy>, PluginError> {
        let policies: Vec<(Py<PyAny>, String)> = self.ask(|object| {
            let policies = object.call_method0(intern!(object.py(), "get_default_cache_policies"))?;
            policies.extract()
        })?;
        Ok(policies.into_iter().map(|(policy, name)| self.policy(policy, name)).collect())
    }
}
