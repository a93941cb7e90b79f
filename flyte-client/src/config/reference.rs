//! The keys of the configuration, as the reference describes them.

use super::connection::{
    AUDIENCE, AUTH_MODE, CA_CERT_FILE_PATH, CLIENT_ID, CLIENT_SECRET, COMMAND, CONSOLE_ENDPOINT, DOMAIN,
    HTTP_PROXY_URL, INSECURE, PROJECT, PROXY_COMMAND, SCOPES, SECRET_ENV_VAR, SECRET_LOCATION, SKIP_VERIFY,
    URL,
};
use super::entry::ConfigEntry;
use super::storage::{
    ACCESS_KEY_ID, ADDRESSING_STYLE, BACKOFF_SECONDS, ENABLE_DEBUG, ENDPOINT, RETRIES, SECRET_ACCESS_KEY,
};

/// A key of the configuration in its spellings.
#[derive(Clone, Debug)]
pub struct KeyDoc {
    /// The key of a YAML file; `None` if it can only be set otherwise.
    pub yaml: Option<&'static str>,
    /// Section and option of an INI file: `platform.url`.
    pub ini: String,
    /// The environment variable.
    pub variable: String,
    /// The meaning, in Markdown.
    pub meaning: &'static str,
}

const DOCUMENTED: [(ConfigEntry, &str); 24] = [
    (URL, "Endpoint of FlyteAdmin, `HOST:PORT`, perhaps with `dns:///`"),
    (INSECURE, "Connect without TLS"),
    (SKIP_VERIFY, "Accept any certificate"),
    (CA_CERT_FILE_PATH, "PEM file with the certificates to trust"),
    (CONSOLE_ENDPOINT, "URL of the Flyte console [default: from the endpoint]"),
    (HTTP_PROXY_URL, "HTTP proxy for Flyte and the identity provider; overrides `HTTPS_PROXY` and its like"),
    (
        AUTH_MODE,
        "How to sign in: `Pkce`, `DeviceFlow`, `ClientSecret` or `ExternalCommand` [default: `Pkce`]",
    ),
    (CLIENT_ID, "OAuth client ID"),
    (CLIENT_SECRET, "OAuth client secret"),
    (SECRET_LOCATION, "File with the OAuth client secret; implies `ClientSecret`"),
    (SECRET_ENV_VAR, "Variable with the OAuth client secret; implies `ClientSecret`"),
    (SCOPES, "OAuth scopes"),
    (AUDIENCE, "OAuth audience"),
    (COMMAND, "Command that prints an access token, for `ExternalCommand`"),
    (PROXY_COMMAND, "Command that prints a token for a proxy, sent as `proxy-authorization`"),
    (PROJECT, "Default project"),
    (DOMAIN, "Default domain"),
    (ENDPOINT, "Endpoint of an S3-compatible store"),
    (ACCESS_KEY_ID, "Access key ID"),
    (SECRET_ACCESS_KEY, "Secret access key"),
    (ADDRESSING_STYLE, "How to address S3 buckets: `path`, `virtual` or `auto`"),
    (ENABLE_DEBUG, "Read for flytekit; unused"),
    (RETRIES, "Read for flytekit; unused"),
    (BACKOFF_SECONDS, "Read for flytekit; unused"),
];

/// All keys, those of the connection first.
#[must_use]
pub fn documented_keys() -> Vec<KeyDoc> {
    let doc = |(entry, meaning): &(ConfigEntry, &'static str)| KeyDoc {
        yaml: entry.yaml,
        ini: format!("{}.{}", entry.section, entry.option),
        variable: entry.variable(),
        meaning,
    };
    DOCUMENTED.iter().map(doc).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_documented() {
        let sources = [include_str!("connection.rs"), include_str!("storage.rs")].concat();
        let defined = sources.matches(": ConfigEntry =").count();
        let variables: std::collections::BTreeSet<_> =
            documented_keys().into_iter().map(|key| key.variable).collect();
        assert_eq!((variables.len(), DOCUMENTED.len()), (defined, defined));
    }
}
