//! Warnings for unknown keys, with the nearest known one.

use super::file::{ConfigContent, ConfigFile};
use super::yaml::Value;

/// Keys under `admin` that flytekit or flytectl reads. Sources: `flytekit/configuration/internal.py` and
/// `flyteidl/clients/go/admin/config.go`; what flytectl alone reads is ignored without noise.
const ADMIN: [&str; 28] = [
    "audience",
    "authType",
    "authorizationHeader",
    "authorizationServerUrl",
    "caCertFilePath",
    "clientId",
    "clientSecretEnvVar",
    "clientSecretLocation",
    "command",
    "defaultServiceConfig",
    "deviceFlowConfig",
    "endpoint",
    "httpProxyURL",
    "insecure",
    "insecureSkipVerify",
    "maxBackoffDelay",
    "maxMessageSizeBytes",
    "maxRetries",
    "perRetryTimeout",
    "pkceConfig",
    "proxyCommand",
    "rpcRetries",
    "scopes",
    "tokenRefreshWindow",
    "tokenUrl",
    "useAudienceFromAdmin",
    "useAuth",
    "usePkce",
];

const PLATFORM: [&str; 6] =
    ["ca_cert_file_path", "console_endpoint", "http_proxy_url", "insecure", "insecure_skip_verify", "url"];

const CREDENTIALS: [&str; 9] = [
    "audience",
    "auth_mode",
    "client_id",
    "client_secret",
    "client_secret_env_var",
    "client_secret_location",
    "command",
    "proxy_command",
    "scopes",
];

/// One warning for each key of the connection's sections that no Flyte client knows.
pub(super) fn warn_of_unknown_keys(file: &ConfigFile, warnings: &mut Vec<String>) {
    match &file.content {
        ConfigContent::Yaml(root) => {
            if let Some(Value::Map(entries)) = root.entry("admin") {
                let keys = entries.iter().map(|(key, _)| key.as_str());
                warnings.extend(keys.filter_map(|key| unknown(file, "admin", key, &ADMIN)));
            }
        }
        ConfigContent::Ini(ini) => {
            for (section, known) in [("platform", &PLATFORM[..]), ("credentials", &CREDENTIALS[..])] {
                warnings
                    .extend(ini.own_options(section).filter_map(|key| unknown(file, section, key, known)));
            }
        }
    }
}

fn unknown(file: &ConfigFile, section: &str, key: &str, known: &[&str]) -> Option<String> {
    if known.contains(&key) {
        return None;
    }
    let warning = format!("{} is ignored: Flyte knows no such key", file.origin(format!("{section}.{key}")));
    Some(match flyte_text::closest(key, known.iter().copied()) {
        Some(near) => format!("{warning}; `{section}.{near}` is one"),
        None => warning,
    })
}
