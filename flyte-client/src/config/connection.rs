//! The connection to a Flyte control plane.

use std::fmt;

use super::auth::AuthMode;
use super::endpoint::{Endpoint, Scheme};
use super::entry::{ConfigEntry, Reader};
use super::error::ConfigError;
use super::origin::{Origin, Secret, Setting};
use crate::transport::Metadata;

/// The origin of the sandbox's values where nothing names an endpoint.
const NOT_CONFIGURED: &str = "sandbox: no configuration file and no `FLYTE_PLATFORM_URL`";
/// The origin of its values where it was asked for.
const SANDBOX: &str = "sandbox";

/// How to reach and enter a Flyte control plane, each value with its origin.
///
/// Source of the fields and their defaults: `PlatformConfig` in `flytekit/configuration/__init__.py`. Plugins
/// and flags replace whole settings, so that `config show` names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Where the control plane listens.
    pub endpoint: Setting<Endpoint>,
    /// Plain text instead of TLS.
    pub insecure: Setting<bool>,
    /// TLS that accepts any certificate.
    pub insecure_skip_verify: Setting<bool>,
    /// A PEM file with the certificates to trust instead of the system's.
    pub ca_cert_file_path: Setting<Option<String>>,
    /// The web console, where it is not at the endpoint.
    pub console_endpoint: Setting<Option<String>>,
    /// A proxy for the requests of the sign-in.
    pub http_proxy_url: Setting<Option<String>>,
    /// The sign-in flow, used only once the server asks for one.
    pub auth_mode: Setting<AuthMode>,
    /// The OAuth client id, where the server's own is not wanted.
    pub client_id: Setting<Option<String>>,
    /// The OAuth client secret.
    pub client_secret: Setting<Option<Secret>>,
    /// OAuth scopes; empty means those that the server names.
    pub scopes: Setting<Vec<String>>,
    /// The OAuth audience.
    pub audience: Setting<Option<String>>,
    /// Prints a token; empty means none.
    pub command: Setting<Vec<String>>,
    /// Prints a token for the proxy in front of Flyte; empty means none.
    pub proxy_command: Setting<Vec<String>>,
    /// Sent with every call. No configuration file sets them; plugins do.
    pub headers: Vec<(String, Setting<Secret>)>,
    /// The project of commands that name none.
    pub default_project: Setting<String>,
    /// The domain of commands that name none.
    pub default_domain: Setting<String>,
    /// Where uploads go; `flyte://…` leaves the choice to the server.
    pub data_upload_location: Setting<String>,
    /// Whether the embedded sandbox answers, and `endpoint` means nothing.
    sandbox: bool,
}

/// One line of `config show`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The field, as [`Connection`] calls it.
    pub name: String,
    /// The value, secrets as `****`; `None` where it is unset.
    pub value: Option<Shown>,
    /// The place that set it.
    pub origin: Origin,
}

/// A value of a [`Row`]. `Display` is for people: a list is joined by commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A switch.
    Flag(bool),
    /// A list, not empty.
    List(Vec<String>),
    /// Everything else.
    Text(String),
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => flag.fmt(f),
            Self::List(items) => f.write_str(&items.join(",")),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<Shown> for serde_json::Value {
    fn from(value: Shown) -> Self {
        match value {
            Shown::Flag(flag) => flag.into(),
            Shown::List(items) => items.into(),
            Shown::Text(text) => text.into(),
        }
    }
}

pub(super) const URL: ConfigEntry = ConfigEntry::new("platform", "url", "admin.endpoint");
pub(super) const INSECURE: ConfigEntry = ConfigEntry::new("platform", "insecure", "admin.insecure");
pub(super) const SKIP_VERIFY: ConfigEntry =
    ConfigEntry::new("platform", "insecure_skip_verify", "admin.insecureSkipVerify");
pub(super) const CA_CERT_FILE_PATH: ConfigEntry =
    ConfigEntry::new("platform", "ca_cert_file_path", "admin.caCertFilePath");
pub(super) const CONSOLE_ENDPOINT: ConfigEntry =
    ConfigEntry::new("platform", "console_endpoint", "console.endpoint");
pub(super) const HTTP_PROXY_URL: ConfigEntry =
    ConfigEntry::new("platform", "http_proxy_url", "admin.httpProxyURL");
pub(super) const COMMAND: ConfigEntry = ConfigEntry::new("credentials", "command", "admin.command");
pub(super) const PROXY_COMMAND: ConfigEntry =
    ConfigEntry::new("credentials", "proxy_command", "admin.proxyCommand");
pub(super) const CLIENT_ID: ConfigEntry = ConfigEntry::new("credentials", "client_id", "admin.clientId");
pub(super) const CLIENT_SECRET: ConfigEntry = ConfigEntry::without_yaml("credentials", "client_secret");
pub(super) const SECRET_LOCATION: ConfigEntry =
    ConfigEntry::new("credentials", "client_secret_location", "admin.clientSecretLocation");
pub(super) const SECRET_ENV_VAR: ConfigEntry =
    ConfigEntry::new("credentials", "client_secret_env_var", "admin.clientSecretEnvVar");
pub(super) const SCOPES: ConfigEntry = ConfigEntry::new("credentials", "scopes", "admin.scopes");
pub(super) const AUTH_MODE: ConfigEntry = ConfigEntry::new("credentials", "auth_mode", "admin.authType");
pub(super) const AUDIENCE: ConfigEntry = ConfigEntry::new("credentials", "audience", "admin.audience");
pub(super) const PROJECT: ConfigEntry = ConfigEntry::new("local", "project", "task.project");
pub(super) const DOMAIN: ConfigEntry = ConfigEntry::new("local", "domain", "task.domain");

/// Entries that the sandbox does not look at, though a user may have set their variables.
const CONNECTION_ENTRIES: [ConfigEntry; 14] = [
    INSECURE,
    SKIP_VERIFY,
    CA_CERT_FILE_PATH,
    CONSOLE_ENDPOINT,
    HTTP_PROXY_URL,
    COMMAND,
    PROXY_COMMAND,
    CLIENT_ID,
    CLIENT_SECRET,
    SECRET_LOCATION,
    SECRET_ENV_VAR,
    SCOPES,
    AUTH_MODE,
    AUDIENCE,
];

impl Connection {
    /// Whether the embedded sandbox answers: it was asked for, or no endpoint is configured.
    pub fn is_sandbox(&self) -> bool {
        self.sandbox
    }

    /// Whether the embedded sandbox answers only because no endpoint is configured.
    pub fn is_implicit_sandbox(&self) -> bool {
        self.sandbox && matches!(self.endpoint.origin, Origin::Default(_))
    }

    /// Replaces the endpoint; the embedded sandbox no longer answers.
    pub fn set_endpoint(&mut self, endpoint: Setting<Endpoint>) {
        self.endpoint = endpoint;
        self.sandbox = false;
    }

    /// The connection to the embedded sandbox, which `origin` asked for; project, domain and headers stay.
    #[must_use]
    pub fn into_sandbox(self, origin: Origin) -> Connection {
        Connection {
            headers: self.headers,
            data_upload_location: self.data_upload_location,
            ..Connection::sandbox(origin, SANDBOX, self.default_project, self.default_domain)
        }
    }

    /// The headers as calls carry them: names in lower case, secrets in the open.
    pub fn metadata(&self) -> Metadata {
        let header = |(name, value): &(String, Setting<Secret>)| {
            (name.to_ascii_lowercase(), value.value.reveal().to_owned())
        };
        self.headers.iter().map(header).collect()
    }

    /// `PlatformConfig.auto`, with the project and domain of pyflyte's `-p` and `-d`.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Connection, ConfigError> {
        let (client_secret, forced) = client_secret(reader)?;
        let auth_mode = match forced {
            Some(mode) => mode,
            None => auth_mode(reader)?,
        };
        let endpoint = endpoint(reader)?;
        let insecure = reader.flag(INSECURE)?.unwrap_or_else(unset_flag);
        warn_of_plain_scheme(&endpoint, &insecure, &mut reader.warnings);
        Ok(Connection {
            endpoint,
            insecure,
            insecure_skip_verify: reader.flag(SKIP_VERIFY)?.unwrap_or_else(unset_flag),
            ca_cert_file_path: optional(reader.text(CA_CERT_FILE_PATH)?),
            console_endpoint: optional(reader.text(CONSOLE_ENDPOINT)?),
            http_proxy_url: optional(reader.text(HTTP_PROXY_URL)?),
            auth_mode,
            client_id: optional(reader.text(CLIENT_ID)?),
            client_secret,
            scopes: reader.list(SCOPES)?.unwrap_or_else(empty),
            audience: optional(reader.text(AUDIENCE)?),
            command: reader.list(COMMAND)?.unwrap_or_else(empty),
            proxy_command: reader.list(PROXY_COMMAND)?.unwrap_or_else(empty),
            headers: Vec::new(),
            default_project: default_project(reader)?,
            default_domain: default_domain(reader)?,
            data_upload_location: data_upload_location(),
            sandbox: false,
        })
    }

    /// `Config.for_sandbox`: project and domain are the only things that the environment still decides.
    pub(super) fn for_sandbox(reader: &mut Reader<'_>) -> Result<Connection, ConfigError> {
        for entry in CONNECTION_ENTRIES {
            let variable = entry.variable();
            if reader.sources.env.contains_key(&variable) {
                reader.warnings.push(format!(
                    "variable `{variable}` is ignored: without a configuration file and `FLYTE_PLATFORM_URL`, the sandbox is used"
                ));
            }
        }
        let origin = Origin::Default(NOT_CONFIGURED.into());
        let (project, domain) = (default_project(reader)?, default_domain(reader)?);
        Ok(Connection::sandbox(origin, NOT_CONFIGURED, project, domain))
    }

    fn sandbox(
        origin: Origin,
        reason: &'static str,
        default_project: Setting<String>,
        default_domain: Setting<String>,
    ) -> Connection {
        Connection {
            endpoint: Setting::new(local_endpoint(), origin),
            insecure: Setting::default_value(true, reason),
            insecure_skip_verify: unset_flag(),
            ca_cert_file_path: optional(None),
            console_endpoint: optional(None),
            http_proxy_url: optional(None),
            auth_mode: Setting::default_value(AuthMode::Pkce, reason),
            client_id: optional(None),
            client_secret: Setting::default_value(None, ""),
            scopes: empty(),
            audience: optional(None),
            command: empty(),
            proxy_command: empty(),
            headers: Vec::new(),
            default_project,
            default_domain,
            data_upload_location: data_upload_location(),
            sandbox: true,
        }
    }

    /// Notes that a plugin answered instead of the configuration: what it left out is a default, and no file
    /// or variable has a say.
    ///
    /// Endpoint, project and domain are as they were: flags and the sandbox ask for their defaults.
    pub fn note_plugin_defaults(&mut self, plugin: &str) {
        for origin in [
            &mut self.insecure.origin,
            &mut self.insecure_skip_verify.origin,
            &mut self.ca_cert_file_path.origin,
            &mut self.console_endpoint.origin,
            &mut self.http_proxy_url.origin,
            &mut self.auth_mode.origin,
            &mut self.client_id.origin,
            &mut self.client_secret.origin,
            &mut self.scopes.origin,
            &mut self.audience.origin,
            &mut self.command.origin,
            &mut self.proxy_command.origin,
            &mut self.data_upload_location.origin,
        ] {
            if matches!(origin, Origin::Default(_)) {
                *origin = Origin::PluginDefault(format!("`{plugin}`"));
            }
        }
    }

    /// All values for `config show`, in the order of the fields; headers come last as `headers.NAME`.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = vec![
            shown("endpoint", &self.endpoint),
            shown_flag("insecure", &self.insecure),
            shown_flag("insecure_skip_verify", &self.insecure_skip_verify),
            shown_option("ca_cert_file_path", &self.ca_cert_file_path),
            shown_option("console_endpoint", &self.console_endpoint),
            row(
                "http_proxy_url",
                self.http_proxy_url.value.as_deref().map(without_password).map(Shown::Text),
                &self.http_proxy_url,
            ),
            shown("auth_mode", &self.auth_mode),
            shown_option("client_id", &self.client_id),
            shown_option("client_secret", &self.client_secret),
            shown_list("scopes", &self.scopes),
            shown_option("audience", &self.audience),
            shown_list("command", &self.command),
            shown_list("proxy_command", &self.proxy_command),
            shown("default_project", &self.default_project),
            shown("default_domain", &self.default_domain),
            shown("data_upload_location", &self.data_upload_location),
        ];
        rows.extend(self.headers.iter().map(|(name, value)| shown(&format!("headers.{name}"), value)));
        rows
    }
}

fn row<T>(name: &str, value: Option<Shown>, setting: &Setting<T>) -> Row {
    Row { name: name.to_owned(), value, origin: setting.origin.clone() }
}

/// A proxy's URL may carry its user's password. All before the last `@` is hidden: a password may hold any
/// character, also where it should be encoded.
fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    match rest.rfind('@') {
        Some(at) if scheme.is_empty() => format!("****{}", &rest[at..]),
        Some(at) => format!("{scheme}://****{}", &rest[at..]),
        None => url.to_owned(),
    }
}

fn shown<T: ToString>(name: &str, setting: &Setting<T>) -> Row {
    row(name, Some(Shown::Text(setting.value.to_string())), setting)
}

fn shown_flag(name: &str, setting: &Setting<bool>) -> Row {
    row(name, Some(Shown::Flag(setting.value)), setting)
}

fn shown_option<T: ToString>(name: &str, setting: &Setting<Option<T>>) -> Row {
    row(name, setting.value.as_ref().map(|value| Shown::Text(value.to_string())), setting)
}

fn shown_list(name: &str, setting: &Setting<Vec<String>>) -> Row {
    row(name, (!setting.value.is_empty()).then(|| Shown::List(setting.value.clone())), setting)
}

fn optional(setting: Option<Setting<String>>) -> Setting<Option<String>> {
    setting.map_or_else(|| Setting::default_value(None, ""), |setting| setting.map(Some))
}

fn unset_flag() -> Setting<bool> {
    Setting::default_value(false, "")
}

fn empty() -> Setting<Vec<String>> {
    Setting::default_value(Vec::new(), "")
}

fn data_upload_location() -> Setting<String> {
    // The default of `FlyteRemote.__init__` (`flytekit/remote/remote.py`).
    Setting::default_value("flyte://my-s3-bucket/".to_owned(), "")
}

fn local_endpoint() -> Endpoint {
    "localhost:30080".parse().expect("the built-in endpoint is one")
}

fn endpoint(reader: &mut Reader<'_>) -> Result<Setting<Endpoint>, ConfigError> {
    match reader.text(URL)? {
        Some(Setting { value, origin }) if !value.replace("dns:///", "").is_empty() => match value.parse() {
            Ok(endpoint) => Ok(Setting::new(endpoint, origin)),
            Err(source) => Err(ConfigError::Endpoint { origin, source }),
        },
        _ => {
            let who = match reader.file {
                Some(file) => format!("`{}` sets no endpoint", file.path),
                None => "variable `FLYTE_PLATFORM_URL` is empty".to_owned(),
            };
            reader.warnings.push(format!("{who}; using `localhost:30080`"));
            Ok(Setting::default_value(local_endpoint(), "flytekit's endpoint where none is configured"))
        }
    }
}

fn warn_of_plain_scheme(endpoint: &Setting<Endpoint>, insecure: &Setting<bool>, warnings: &mut Vec<String>) {
    if endpoint.value.scheme() == Some(Scheme::Http) && !insecure.value {
        warnings.push(format!(
            "{} says `http://`, but `insecure` is false, so TLS is used; set {} to true for plain text",
            endpoint.origin,
            insecure.origin.place_to_change("admin.insecure")
        ));
    }
}

fn auth_mode(reader: &mut Reader<'_>) -> Result<Setting<AuthMode>, ConfigError> {
    match reader.text(AUTH_MODE)? {
        None => Ok(Setting::default_value(AuthMode::Pkce, "")),
        Some(Setting { value, origin }) => match value.parse() {
            Ok(mode) => Ok(Setting::new(mode, origin)),
            Err(_) => Err(ConfigError::AuthMode { value, origin }),
        },
    }
}

type ClientSecret = Setting<Option<Secret>>;

/// The secret, and the mode that it forces: a secret from a named variable or file means client credentials,
/// whatever `authType` says; a secret given directly leaves the mode alone.
fn client_secret(reader: &mut Reader<'_>) -> Result<(ClientSecret, Option<Setting<AuthMode>>), ConfigError> {
    let direct = reader.text(CLIENT_SECRET)?;
    let mut secret = optional(direct).map(|secret| secret.map(Secret::new));
    let mut forced = None;
    // The file is read even where the variable wins, as flytekit does, so that a wrong path shows either way.
    if let Some(location) = reader.text(SECRET_LOCATION)? {
        let text = read_secret(reader, &location)?;
        if !text.is_empty() {
            forced = Some(location.origin.clone());
        }
        let stripped = if text.ends_with('\n') { text.trim() } else { &text };
        if !stripped.is_empty() {
            secret = Setting::new(Some(Secret::new(stripped)), location.origin);
        }
    }
    if let Some(named) = reader.text(SECRET_ENV_VAR)? {
        if let Some(value) = reader.sources.non_empty_variable(&named.value)? {
            secret = Setting::new(Some(Secret::new(value)), Origin::Variable(named.value));
            forced = Some(named.origin);
        } else {
            let Setting { value, origin } = named;
            reader.warnings.push(format!("{origin} names the variable `{value}`, which is not set"));
        }
    }
    Ok((secret, forced.map(|origin| Setting::new(AuthMode::ClientSecret, origin))))
}

fn read_secret(reader: &Reader<'_>, location: &Setting<String>) -> Result<String, ConfigError> {
    let path = reader.sources.absolute(&location.value);
    match crate::plain_text::read(path.path()) {
        // Python reads text files with universal newlines.
        Ok(text) => Ok(text.replace("\r\n", "\n").replace('\r', "\n")),
        Err(source) => Err(ConfigError::SecretFile { path, origin: location.origin.clone(), source }),
    }
}

fn default_project(reader: &mut Reader<'_>) -> Result<Setting<String>, ConfigError> {
    chosen(reader, "FLYTE_DEFAULT_PROJECT", PROJECT, "flytesnacks")
}

fn default_domain(reader: &mut Reader<'_>) -> Result<Setting<String>, ConfigError> {
    chosen(reader, "FLYTE_DEFAULT_DOMAIN", DOMAIN, "development")
}

/// The default of pyflyte's `-p` and `-d` (`flytekit/clis/sdk_in_container/utils.py`).
fn chosen(
    reader: &mut Reader<'_>,
    variable: &str,
    entry: ConfigEntry,
    built_in: &str,
) -> Result<Setting<String>, ConfigError> {
    if let Some(value) = reader.sources.non_empty_variable(variable)? {
        return Ok(Setting::new(value.to_owned(), Origin::Variable(variable.to_owned())));
    }
    Ok(reader.text(entry)?.unwrap_or_else(|| Setting::default_value(built_in.to_owned(), "")))
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn passwords_in_proxy_urls_are_hidden() {
        assert_eq!(
            without_password("http://me:s3cret@proxy.example:3128/x"),
            "http://****@proxy.example:3128/x"
        );
        assert_eq!(without_password("me:s3cret@proxy.example"), "****@proxy.example");
        assert_eq!(without_password("http://me:s3/cr#t@proxy.example"), "http://****@proxy.example");
        assert_eq!(without_password("http://me:s3@cret@proxy.example"), "http://****@proxy.example");
        assert_eq!(without_password("http://proxy.example/x"), "http://proxy.example/x");
    }
}
