//! `get_remote`: connections as a `dict`, and the answer of a chain.

use std::{collections::BTreeMap, sync::Arc};

use plugin_abi::{Remote, transport::TransportHandle};
use plugin_host::ResolvedRemote;
use pyo3::prelude::*;

use crate::{
    error::Exceptions,
    transport::{PythonTransport, Transport},
};

/// The fields of a connection under the names of the protocol.
macro_rules! values {
    ($($field:ident: $type:ty,)*) => {
        #[derive(Clone, FromPyObject, IntoPyObject)]
        #[pyo3(from_item_all)]
        pub(crate) struct Values {
            $($field: $type,)*
        }

        impl From<Values> for Remote {
            fn from(values: Values) -> Self {
                let mut remote = Self::default();
                $(remote.$field = values.$field;)*
                remote
            }
        }

        impl From<Remote> for Values {
            fn from(remote: Remote) -> Self {
                Self { $($field: remote.$field,)* }
            }
        }
    };
}

values! {
    endpoint: Option<String>,
    insecure: Option<bool>,
    insecure_skip_verify: Option<bool>,
    ca_cert_file_path: Option<String>,
    console_endpoint: Option<String>,
    http_proxy_url: Option<String>,
    auth_mode: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    scopes: Vec<String>,
    audience: Option<String>,
    command: Vec<String>,
    proxy_command: Vec<String>,
    headers: Vec<(String, String)>,
    default_project: Option<String>,
    default_domain: Option<String>,
    data_upload_location: Option<String>,
}

/// The connection that the chain returned.
#[pyclass(frozen, module = "flyte_host._native")]
pub(crate) struct Answer {
    resolved: ResolvedRemote,
    exceptions: Arc<Exceptions>,
}

impl Answer {
    pub(crate) fn new(resolved: ResolvedRemote, exceptions: Arc<Exceptions>) -> Self {
        Self { resolved, exceptions }
    }
}

#[pymethods]
impl Answer {
    /// The values; those that no plugin set are the Python plugin's, if it was asked.
    #[getter]
    fn values(&self) -> Values {
        self.resolved.remote.clone().into()
    }

    /// The plugin that set a value, by the name of the field.
    #[getter]
    fn owners(&self) -> BTreeMap<&'static str, &str> {
        self.resolved.owners.iter().map(|(field, owner)| (*field, owner.name.as_str())).collect()
    }

    /// The number of the Python plugin's answer that the plugins started from; 0: none.
    #[getter]
    fn behind(&self) -> u64 {
        self.resolved.builtin
    }

    /// Whether plugins wrap or replace the transport.
    #[getter]
    fn has_transport(&self) -> bool {
        !self.resolved.layers.is_empty()
    }

    /// The plugins with a transport, the outermost first.
    #[getter]
    fn transports(&self) -> Vec<&str> {
        self.resolved.layers.owners().map(|plugin| plugin.name.as_str()).collect()
    }

    /// The plugin whose transport replaces flytekit's.
    #[getter]
    fn replacement(&self) -> Option<&str> {
        self.resolved.layers.replacement().map(|plugin| plugin.name.as_str())
    }

    /// Opens the transports of the plugins around a Python callable, which carries encoded calls.
    fn open_transport(&self, py: Python<'_>, behind: Py<PyAny>) -> PyResult<Option<Transport>> {
        let host = match self.resolved.layers.replacement() {
            Some(_) => None,
            None => Some(TransportHandle::new(PythonTransport::new(behind))),
        };
        let opened = py.detach(|| self.resolved.layers.open(host));
        let opened = opened.map_err(|error| self.exceptions.raise(py, error))?;
        Ok(opened.map(|handle| Transport::new(handle, self.resolved.layers.clone())))
    }
}
