//! Flyte's configuration files and variables: the end of the chain's `get_remote`.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use flyte_client::config::{Configuration, Connection, Row, Sources};
use plugin_abi::{PluginError, Remote, RemoteRequest};
use plugin_host::Builtin;

use crate::{env, settings, ui::exit_code::Exit};

/// Flyte's configuration, read at the first use, and once for each file.
#[derive(Clone, Default)]
pub(crate) struct Configurations(Arc<Mutex<BTreeMap<Option<PathBuf>, Arc<Configuration>>>>);

impl Configurations {
    /// The configuration with a file that the user named, or without.
    ///
    /// # Errors
    ///
    /// A missing or invalid file, or an invalid value.
    pub(crate) fn read(
        &self,
        file: Option<&PathBuf>,
    ) -> Result<Arc<Configuration>, flyte_client::config::ConfigError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(configuration) = known.get(&file.cloned()) {
            return Ok(Arc::clone(configuration));
        }
        let configuration = Arc::new(Configuration::load(&sources(file.cloned()))?);
        for warning in &configuration.warnings {
            log::warn!("{warning}");
        }
        known.insert(file.cloned(), Arc::clone(&configuration));
        Ok(configuration)
    }

    /// The last link of a chain: flytekit's `FlytekitPlugin`.
    #[must_use]
    pub(crate) fn builtin(&self) -> Builtin {
        let configurations = self.clone();
        Builtin::new(move |request: &RemoteRequest| {
            let configuration = configurations.read(request.config.as_ref()).map_err(|error| {
                let hint = error.hint();
                let error = PluginError::from(error).exit_code(Exit::Failed.code());
                hint.into_iter().fold(error, PluginError::hint)
            })?;
            Ok(describe(&configuration.connection, request))
        })
    }
}

/// The environment, home and working directory of the process.
pub(crate) fn sources(explicit: Option<PathBuf>) -> Sources {
    Sources {
        home: settings::home(),
        cwd: std::env::current_dir().unwrap_or_default(),
        explicit,
        ..Sources::from_vars(env::all())
    }
}

/// The configuration as a [`Remote`], each value with the text of its origin.
pub(super) fn describe(connection: &Connection, request: &RemoteRequest) -> Remote {
    let mut remote = Remote::default();
    remote.endpoint = Some(connection.endpoint.value.to_string());
    remote.insecure = Some(connection.insecure.value);
    remote.insecure_skip_verify = Some(connection.insecure_skip_verify.value);
    remote.ca_cert_file_path = connection.ca_cert_file_path.value.clone();
    remote.console_endpoint = connection.console_endpoint.value.clone();
    remote.http_proxy_url = connection.http_proxy_url.value.clone();
    remote.auth_mode = Some(connection.auth_mode.value.to_string());
    remote.client_id = connection.client_id.value.clone();
    remote.client_secret = connection.client_secret.value.as_ref().map(|secret| secret.reveal().to_owned());
    remote.scopes = connection.scopes.value.clone();
    remote.audience = connection.audience.value.clone();
    remote.command = connection.command.value.clone();
    remote.proxy_command = connection.proxy_command.value.clone();
    remote.default_project = Some(request.project.clone());
    remote.default_domain = Some(request.domain.clone());
    remote.data_upload_location = request.data_upload_location.clone();
    connection
        .rows()
        .into_iter()
        .fold(remote, |remote, Row { name, origin, .. }| remote.because(&name, origin.to_string()))
}
