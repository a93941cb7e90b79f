//! The chain of plugins, as Python asks it.

use std::{path::PathBuf, sync::Arc};

use abi_stable::{erased_types::TD_Opaque, sabi_types::RRef};
use plugin_abi::{Command, Hook, RemoteRequest, vtable::Command_TO};
use plugin_host::{
    Builtin, HookError, Link, calls,
    edits::{self, EditError},
};
use pyo3::prelude::*;

use crate::{
    command::CommandView,
    edit::Edit,
    error::{Exceptions, Report},
    policy::Policy,
    remote::Answer,
};

/// Compiled plugins in the order in which they are asked, with a Python plugin behind the last.
#[pyclass(frozen, module = "flyte_host._native")]
pub(crate) struct Chain {
    chain: Arc<plugin_host::Chain>,
    exceptions: Arc<Exceptions>,
}

impl Chain {
    pub(crate) fn new(links: Vec<Link>, builtin: Builtin, exceptions: Arc<Exceptions>) -> Self {
        Self { chain: Arc::new(plugin_host::Chain::new(links, builtin)), exceptions }
    }

    fn ask<T: Send>(
        &self,
        py: Python<'_>,
        ask: impl FnOnce(&plugin_host::Chain) -> Result<T, HookError> + Send,
    ) -> PyResult<T> {
        py.detach(|| ask(&self.chain)).map_err(|error| self.exceptions.raise(py, error))
    }
}

#[pymethods]
impl Chain {
    /// Name, version and file of each plugin.
    #[getter]
    fn plugins(&self) -> Vec<(String, String, Option<PathBuf>)> {
        let plugin = |link: &Link| {
            let identity = link.identity();
            let file = link.file().map(|file| file.path().to_owned());
            (identity.name.clone(), identity.version.clone(), file)
        };
        self.chain.plugins().iter().map(plugin).collect()
    }

    fn get_remote(
        &self,
        py: Python<'_>,
        config: Option<PathBuf>,
        project: String,
        domain: String,
        data_upload_location: Option<String>,
    ) -> PyResult<Answer> {
        let request = RemoteRequest { config, project, domain, data_upload_location };
        let resolved = self.ask(py, |chain| {
            let resolved = chain.get_remote(&request)?;
            host_settings::remote::check(&resolved)?;
            Ok(resolved)
        })?;
        Ok(Answer::new(resolved, Arc::clone(&self.exceptions)))
    }

    /// The edits of one plugin; `main` describes the command line with those of the plugins behind it.
    fn configure_cli(&self, py: Python<'_>, plugin: usize, main: CommandView) -> PyResult<Vec<Edit>> {
        let identity = self.chain.plugins()[plugin].identity();
        let main = Command::from(main);
        let edits = self.ask(py, |chain| {
            let _call = chain.plugins()[plugin].enter(Hook::ConfigureCli);
            let view = Command_TO::from_ptr(RRef::new(&main), TD_Opaque);
            calls::keep_process_state(identity, "in `configure_cli`", || chain.configure_cli(plugin, view))
        })?;
        let requests = edits::read(&edits)
            .map_err(|problem| Report::from(EditError::new(identity, problem)).into_exception(py))?;
        requests.into_iter().map(|request| Edit::new(py, request, identity, self.chain.errors())).collect()
    }

    fn secret_requires_group(&self, py: Python<'_>) -> PyResult<bool> {
        self.ask(py, plugin_host::Chain::secret_requires_group)
    }

    fn get_default_image(&self, py: Python<'_>) -> PyResult<Option<String>> {
        self.ask(py, plugin_host::Chain::get_default_image)
    }

    fn get_auth_success_html(&self, py: Python<'_>, endpoint: &str) -> PyResult<Option<String>> {
        self.ask(py, |chain| chain.get_auth_success_html(endpoint))
    }

    fn get_default_cache_policies(&self, py: Python<'_>) -> PyResult<Vec<Policy>> {
        let policies = self.ask(py, plugin_host::Chain::get_default_cache_policies)?;
        let policy = |policy| Policy::new(policy, Arc::clone(&self.exceptions));
        Ok(policies.into_iter().map(policy).collect())
    }
}
