//! Joins the chain's `get_remote` with Flyte's configuration.
//!
//! The built-in default of `get_remote` is Flyte's configuration. Values that a plugin changes or returns
//! instead are checked here, and keep the plugin's name as their origin.

use std::{collections::BTreeMap, path::PathBuf};

use flyte_client::config::{Configuration, Connection, Origin, Secret, Setting, Sources};
use plugin_abi::{Remote, RemoteRequest};

use super::configuration::{Configurations, describe, sources};
use crate::context::Context;
use crate::{
    app::process_exit::keep_until_exit,
    global::Global,
    ui::{
        error::{CommandError, FailedPlugin},
        exit_code::Exit,
    },
};
use host_settings::remote as checks;
use plugin_host::{Chain, HookError, Layers, ResolvedRemote, error::HookErrorKind};

mod sandbox;

/// The request for `get_remote`: the values of flags, else of the configuration.
///
/// # Errors
///
/// When the configuration is needed and cannot be read.
pub(crate) fn request(
    global: &Global,
    configurations: &Configurations,
) -> Result<RemoteRequest, CommandError> {
    let (project, domain) = match (&global.project, &global.domain) {
        (Some(project), Some(domain)) => (project.clone(), domain.clone()),
        (project, domain) => {
            let configured = configurations.read(global.config.as_ref()).map_err(configuration_failure)?;
            let connection = &configured.connection;
            (
                project.clone().unwrap_or_else(|| connection.default_project.value.clone()),
                domain.clone().unwrap_or_else(|| connection.default_domain.value.clone()),
            )
        }
    };
    Ok(RemoteRequest { config: global.config.clone(), project, domain, data_upload_location: None })
}

impl Context<'_> {
    /// Checks that the embedded sandbox is intended, and prints a note if it is only implied.
    ///
    /// # Errors
    ///
    /// [`Exit::NotConfigured`] if it is neither requested nor allowed as a fallback.
    pub(crate) fn check_sandbox(&self, connection: &Connection) -> Result<(), CommandError> {
        if !connection.is_implicit_sandbox() {
            return Ok(());
        }
        sandbox::check_fallback(self.ui, self.settings, || sources(self.global.config.clone()).misplaced())
    }
}

/// The failure of a configuration that cannot be read.
#[must_use]
pub(crate) fn configuration_failure(error: flyte_client::config::ConfigError) -> CommandError {
    let hint = error.hint();
    CommandError::from_error(Exit::Failed, error).hint(hint)
}

/// The Flyte to call, and the transports of plugins.
pub(crate) struct Route {
    /// The connection.
    pub(crate) connection: Connection,
    /// The transports with which plugins replace or wrap the host's.
    pub(crate) layers: Layers,
    /// Whether the endpoint is used: a plugin's own transport may have none.
    pub(crate) has_address: bool,
}

impl Route {
    /// Whether the target is the embedded sandbox.
    #[must_use]
    pub(crate) fn is_embedded_sandbox(&self) -> bool {
        self.connection.is_sandbox() && self.has_address
    }

    /// The endpoint, plugin or sandbox, as messages name it.
    #[must_use]
    pub(crate) fn target(&self) -> String {
        match self.layers.replacement() {
            Some(plugin) if !self.has_address => format!("plugin `{}`", plugin.name),
            _ if self.connection.is_sandbox() => "embedded sandbox".to_owned(),
            _ => self.connection.endpoint.value.to_string(),
        }
    }
}

/// Calls `get_remote` and checks the answer.
///
/// # Errors
///
/// A configuration that cannot be read, a plugin that failed, or an invalid answer of a plugin.
pub(crate) fn route(
    chain: &Chain,
    global: &Global,
    configurations: &Configurations,
) -> Result<Route, CommandError> {
    let request = request(global, configurations)?;
    let resolved = chain.get_remote(&request)?;
    keep_until_exit(&resolved.layers);
    let base = base_connection(&resolved, global, configurations)?;
    let mut connection = apply_plugin_values(base, &resolved)?;
    apply_flags(&mut connection, global);
    if let Some(origin) = sandbox::requested_by(global) {
        if let Some(plugin) = resolved.layers.replacement() {
            return Err(sandbox::supplied_by_plugin(&origin, &plugin.name));
        }
        connection = connection.into_sandbox(origin);
        return Ok(Route { connection, layers: resolved.layers, has_address: true });
    }
    let mut has_address = true;
    if let Some(supplier) = resolved.layers.replacement()
        && matches!(connection.endpoint.origin, Origin::Default(_))
    {
        // No endpoint is configured, so the plugin answers, and not the sandbox.
        let origin = Origin::Plugin(format!("`{}` (needs no address)", supplier.name));
        let endpoint = connection.endpoint.value.clone();
        connection.set_endpoint(Setting::new(endpoint, origin));
        has_address = false;
    }
    Ok(Route { connection, layers: resolved.layers, has_address })
}

/// The connection of a [`Route`], for callers that send nothing.
///
/// # Errors
///
/// As [`route`].
pub(crate) fn resolve(
    chain: &Chain,
    global: &Global,
    configurations: &Configurations,
) -> Result<Connection, CommandError> {
    route(chain, global, configurations).map(|route| route.connection)
}

/// The connection as a command of a plugin sees it: without secrets.
///
/// # Errors
///
/// As [`resolve`].
pub(crate) fn remote(
    chain: &Chain,
    global: &Global,
    configurations: &Configurations,
) -> Result<Remote, CommandError> {
    let connection = resolve(chain, global, configurations)?;
    let request = RemoteRequest {
        config: None,
        project: connection.default_project.value.clone(),
        domain: connection.default_domain.value.clone(),
        data_upload_location: Some(connection.data_upload_location.value.clone()),
    };
    let mut remote = describe(&connection, &request);
    remote.client_secret = None;
    Ok(remote)
}

/// The values that no plugin set: those of the configuration if the plugins called the built-in default, else
/// flytekit's defaults, as in its `Config.for_endpoint`.
fn base_connection(
    resolved: &ResolvedRemote,
    global: &Global,
    configurations: &Configurations,
) -> Result<Connection, CommandError> {
    let from_default = Remote::FIELDS
        .iter()
        .any(|field| resolved.remote.reason(field).is_some() && !resolved.owners.contains_key(field));
    if from_default {
        let configuration = configurations.read(global.config.as_ref()).map_err(configuration_failure)?;
        return Ok(configuration.connection.clone());
    }
    let endpoint = resolved.remote.endpoint.clone().unwrap_or_default();
    let env = BTreeMap::from([("FLYTE_PLATFORM_URL".to_owned(), endpoint)]);
    let sources = Sources { env, cwd: PathBuf::from("/nonexistent"), ..Sources::default() };
    let defaults = Configuration::load(&sources).map_err(|error| match resolved.owners.get("endpoint") {
        Some(plugin) => checks::unusable(plugin.clone(), root_cause(&error)).into(),
        None => configuration_failure(error),
    });
    let mut connection = defaults?.connection;
    if let Some(plugin) = resolved.owners.get("endpoint") {
        connection.note_plugin_defaults(&plugin.name);
    }
    Ok(connection)
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    text
}

/// Replaces values of the connection by those that plugins set.
fn apply_plugin_values(
    mut connection: Connection,
    resolved: &ResolvedRemote,
) -> Result<Connection, CommandError> {
    let remote = &resolved.remote;
    let plugin = PluginValues { resolved };
    if let (Some(endpoint), Some(origin)) = (checks::endpoint(resolved)?, plugin.origin("endpoint")) {
        connection.set_endpoint(Setting::new(endpoint, origin));
    }
    if let (Some(mode), Some(origin)) = (checks::auth_mode(resolved)?, plugin.origin("auth_mode")) {
        connection.auth_mode = Setting::new(mode, origin);
    }
    plugin.value("insecure", &mut connection.insecure, remote.insecure.unwrap_or_default());
    plugin.value(
        "insecure_skip_verify",
        &mut connection.insecure_skip_verify,
        remote.insecure_skip_verify.unwrap_or_default(),
    );
    plugin.value("ca_cert_file_path", &mut connection.ca_cert_file_path, remote.ca_cert_file_path.clone());
    plugin.value("console_endpoint", &mut connection.console_endpoint, remote.console_endpoint.clone());
    plugin.value("http_proxy_url", &mut connection.http_proxy_url, remote.http_proxy_url.clone());
    plugin.value("client_id", &mut connection.client_id, remote.client_id.clone());
    plugin.value(
        "client_secret",
        &mut connection.client_secret,
        remote.client_secret.clone().map(Secret::new),
    );
    plugin.value("scopes", &mut connection.scopes, remote.scopes.clone());
    plugin.value("audience", &mut connection.audience, remote.audience.clone());
    plugin.value("command", &mut connection.command, remote.command.clone());
    plugin.value("proxy_command", &mut connection.proxy_command, remote.proxy_command.clone());
    plugin.text("default_project", &mut connection.default_project, remote.default_project.as_deref());
    plugin.text("default_domain", &mut connection.default_domain, remote.default_domain.as_deref());
    plugin.text(
        "data_upload_location",
        &mut connection.data_upload_location,
        remote.data_upload_location.as_deref(),
    );
    if let Some(origin) = plugin.origin("headers") {
        let header = |(key, value): &(String, String)| {
            (key.clone(), Setting::new(Secret::new(value.clone()), origin.clone()))
        };
        connection.headers = remote.headers.iter().map(header).collect();
    }
    Ok(connection)
}

/// The values that plugins set, with their origins.
struct PluginValues<'a> {
    resolved: &'a ResolvedRemote,
}

impl PluginValues<'_> {
    /// The origin of a field, if a plugin set it.
    fn origin(&self, field: &str) -> Option<Origin> {
        let owner = self.resolved.owners.get(field)?;
        let reason = self.resolved.remote.reason(field).and_then(|reason| reason.strip_prefix("plugin "));
        Some(Origin::Plugin(reason.map_or_else(|| format!("`{}`", owner.name), str::to_owned)))
    }

    fn value<T>(&self, field: &str, setting: &mut Setting<T>, value: T) {
        if let Some(origin) = self.origin(field) {
            *setting = Setting::new(value, origin);
        }
    }

    fn text(&self, field: &str, setting: &mut Setting<String>, value: Option<&str>) {
        if let (Some(origin), Some(value)) = (self.origin(field), value) {
            *setting = Setting::new(value.to_owned(), origin);
        }
    }
}

/// Applies `--project` and `--domain`, which take precedence; the origin tells a flag of the user from a
/// default that a plugin set.
fn apply_flags(connection: &mut Connection, global: &Global) {
    let given = global.given;
    for (flag, value, given, setting) in [
        ("--project", &global.project, given.project, &mut connection.default_project),
        ("--domain", &global.domain, given.domain, &mut connection.default_domain),
    ] {
        let Some(value) = value else { continue };
        let origin = if given {
            Origin::Flag(flag.to_owned())
        } else {
            Origin::Default(format!("of `{flag}`, set by a plugin").into())
        };
        if *value != setting.value || matches!(setting.origin, Origin::Default(_)) {
            *setting = Setting::new(value.clone(), origin);
        }
    }
}

/// The failure for a fault of the built-in default, which the configuration of the user causes.
fn builtin_failure(what: &HookErrorKind) -> CommandError {
    match what {
        HookErrorKind::Returned(error) => {
            let failure = CommandError::new(Exit::Failed, error.message()).with_causes(error.causes());
            failure.replace_hints(error.hints().to_vec())
        }
        HookErrorKind::InvalidValue(reason) => {
            CommandError::new(Exit::Failed, "invalid connection settings").caused_by(reason.clone()).hint(
                "correct the option, the variable `FLYTE_…` or the configuration file that sets it"
                    .to_owned(),
            )
        }
    }
}

impl From<HookError> for CommandError {
    fn from(fault: HookError) -> Self {
        if fault.plugin().name == plugin_host::identity::BUILTIN {
            return builtin_failure(fault.kind());
        }
        let (kind, hints) = (fault.kind().clone(), fault.hints());
        let plugin = FailedPlugin { identity: fault.plugin().clone(), hook: Some(fault.call_site().name()) };
        let failure = Self::from_error(Exit::PluginFailed, fault).in_plugin(plugin).replace_hints(hints);
        match kind {
            HookErrorKind::Returned(error) => failure.caused_by_plugin(&error),
            HookErrorKind::InvalidValue(reason) => failure.caused_by(reason),
        }
    }
}
