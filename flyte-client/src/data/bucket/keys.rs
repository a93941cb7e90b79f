//! The user's keys, where flytekit and the providers' own tools look for them.
//!
//! The machine's own identity (instance metadata) counts only where a variable asks for it: elsewhere its
//! address does not answer, and the user would wait.

use std::{sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    azure::{AzureConfigKey, MicrosoftAzureBuilder},
    gcp::{GoogleCloudStorageBuilder, GoogleConfigKey},
};

use super::{
    BucketError,
    connector::Connector,
    profile::Profile,
    uri::{BucketUri, Provider},
};
use crate::config::{Sources, Storage};

type Opened = Result<Option<Arc<dyn ObjectStore>>, BucketError>;

/// Opens the bucket of a URI; `None` without keys.
pub(super) fn open(uri: &BucketUri, storage: &Storage, sources: &Sources, connector: &Connector) -> Opened {
    match uri.provider {
        Provider::Azure => azure(uri, sources, connector),
        Provider::Google => google(uri, sources, connector),
        Provider::S3 => s3(uri, storage, sources, connector),
    }
}

/// Variables whose names begin so, in lower case.
fn variables<'s>(sources: &'s Sources, prefix: &'s str) -> impl Iterator<Item = (String, &'s str)> {
    let variables =
        sources.env.iter().filter(move |(name, value)| name.starts_with(prefix) && !value.is_empty());
    variables.map(|(name, value)| (name.to_ascii_lowercase(), value.as_str()))
}

/// A user waits: a few tries, not the crate's three minutes.
fn retry() -> RetryConfig {
    let backoff = BackoffConfig {
        init_backoff: Duration::from_millis(200),
        max_backoff: Duration::from_secs(5),
        base: 2.0,
    };
    RetryConfig { backoff, max_retries: 3, retry_timeout: Duration::from_secs(30) }
}

fn unusable(origin: &str, error: &object_store::Error) -> BucketError {
    BucketError::keys(origin, error)
}

/// Variables by which something else than a pair of keys is asked for: web identity, the identity of a
/// container or of the machine, or none at all.
const S3_OTHERS: [&str; 5] = [
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_METADATA_ENDPOINT",
    "AWS_SKIP_SIGNATURE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];

fn s3(uri: &BucketUri, storage: &Storage, sources: &Sources, connector: &Connector) -> Opened {
    let profile = Profile::read(sources);
    let mut builder = AmazonS3Builder::new();
    let mut pair = Vec::new();
    for (name, value) in variables(sources, "AWS_") {
        match name.parse::<AmazonS3ConfigKey>() {
            // These belong together, wherever they are from.
            Ok(
                key @ (AmazonS3ConfigKey::AccessKeyId
                | AmazonS3ConfigKey::SecretAccessKey
                | AmazonS3ConfigKey::Token),
            ) => {
                pair.push((key, value));
            }
            Ok(key) => builder = builder.with_config(key, value),
            Err(_) => {}
        }
    }
    let secret = storage.secret_access_key.value.as_ref().map(|secret| secret.reveal());
    let has_pair = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
        .iter()
        .all(|name| sources.first_variable(&[name]).is_some());
    let is_chosen = sources.first_variable(&["AWS_PROFILE"]).is_some();
    if let (Some(id), Some(secret)) = (&storage.access_key_id.value, secret) {
        builder = builder.with_access_key_id(id).with_secret_access_key(secret);
    } else if let (Some(id), Some(secret)) =
        (profile.get("aws_access_key_id"), profile.get("aws_secret_access_key"))
        && (is_chosen || !has_pair)
    {
        builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        if let Some(token) = profile.get("aws_session_token") {
            builder = builder.with_token(token);
        }
    } else if has_pair {
        builder = pair.into_iter().fold(builder, |builder, (key, value)| builder.with_config(key, value));
    } else if sources.first_variable(&S3_OTHERS).is_none() {
        return Ok(None);
    }
    let region =
        sources.first_variable(&["AWS_REGION", "AWS_DEFAULT_REGION"]).or_else(|| profile.get("region"));
    builder = builder.with_region(region.unwrap_or("us-east-1"));
    let endpoint = storage.endpoint.value.as_deref();
    let endpoint = endpoint.or_else(|| sources.first_variable(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]));
    let is_virtual = storage.addressing_style.value.as_deref() == Some("virtual");
    if let Some(endpoint) = endpoint.or_else(|| profile.get("endpoint_url")) {
        builder = builder.with_endpoint(if is_virtual {
            hosted(endpoint, &uri.bucket)
        } else {
            endpoint.to_owned()
        });
    }
    let built = builder
        .with_bucket_name(&uri.bucket)
        .with_virtual_hosted_style_request(is_virtual)
        .with_allow_http(true)
        .with_retry(retry())
        .with_http_connector(connector.clone())
        .build();
    let store = built.map_err(|error| unusable("S3", &error))?;
    Ok(Some(Arc::new(store)))
}

/// The endpoint of one bucket.
fn hosted(endpoint: &str, bucket: &str) -> String {
    match endpoint.split_once("://") {
        Some((scheme, host)) => format!("{scheme}://{bucket}.{host}"),
        None => format!("{bucket}.{endpoint}"),
    }
}

const GOOGLE_KEYS: [&str; 5] = [
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "GOOGLE_SERVICE_ACCOUNT_PATH",
    "GOOGLE_SKIP_SIGNATURE",
];

/// What `gcloud auth application-default login` writes, below the home.
const GOOGLE_DEFAULT: &str = ".config/gcloud/application_default_credentials.json";

fn google(uri: &BucketUri, sources: &Sources, connector: &Connector) -> Opened {
    let mut builder = GoogleCloudStorageBuilder::new();
    for (name, value) in variables(sources, "GOOGLE_") {
        if let Ok(key) = name.parse::<GoogleConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    let default = sources.home.as_ref().map(|home| home.join(GOOGLE_DEFAULT)).filter(|file| file.exists());
    if let Some(emulator) = sources.first_variable(&["STORAGE_EMULATOR_HOST"]) {
        let base = if emulator.contains("://") { emulator.to_owned() } else { format!("http://{emulator}") };
        let anonymous = serde_json::json!({
            "gcs_base_url": base, "disable_oauth": true, "client_email": "", "private_key": "", "private_key_id": ""
        });
        builder = GoogleCloudStorageBuilder::new().with_service_account_key(anonymous.to_string());
    } else if sources.first_variable(&GOOGLE_KEYS).is_none() {
        let Some(default) = default else { return Ok(None) };
        builder = builder.with_application_credentials(default.display().to_string());
    }
    let options = object_store::ClientOptions::new().with_allow_http(true);
    let built = builder
        .with_bucket_name(&uri.bucket)
        .with_client_options(options)
        .with_retry(retry())
        .with_http_connector(connector.clone())
        .build();
    let store = built.map_err(|error| unusable("Google Cloud", &error))?;
    Ok(Some(Arc::new(store)))
}

/// Flyte's own names of Azure's settings. Source: `AZURE` in `flytekit/configuration/internal.py`.
const FLYTE_AZURE: [(&str, AzureConfigKey); 5] = [
    ("FLYTE_AZURE_STORAGE_ACCOUNT_NAME", AzureConfigKey::AccountName),
    ("FLYTE_AZURE_STORAGE_ACCOUNT_KEY", AzureConfigKey::AccessKey),
    ("FLYTE_AZURE_TENANT_ID", AzureConfigKey::AuthorityId),
    ("FLYTE_AZURE_CLIENT_ID", AzureConfigKey::ClientId),
    ("FLYTE_AZURE_CLIENT_SECRET", AzureConfigKey::ClientSecret),
];

/// What a connection string says, by the names that it has there.
const CONNECTION_STRING: [(&str, AzureConfigKey); 4] = [
    ("AccountName", AzureConfigKey::AccountName),
    ("AccountKey", AzureConfigKey::AccessKey),
    ("SharedAccessSignature", AzureConfigKey::SasKey),
    ("BlobEndpoint", AzureConfigKey::Endpoint),
];

fn azure(uri: &BucketUri, sources: &Sources, connector: &Connector) -> Opened {
    let mut builder = MicrosoftAzureBuilder::new();
    let mut known = Vec::new();
    let mut set = |builder: MicrosoftAzureBuilder, key: AzureConfigKey, value: &str| {
        known.push(key);
        builder.with_config(key, value)
    };
    for (name, value) in variables(sources, "AZURE_") {
        if let Ok(key) = name.parse::<AzureConfigKey>() {
            builder = set(builder, key, value);
        }
    }
    let string = sources.first_variable(&["AZURE_STORAGE_CONNECTION_STRING"]).unwrap_or_default();
    for (name, value) in string.split(';').filter_map(|setting| setting.split_once('=')) {
        if let Some((_, key)) = CONNECTION_STRING.iter().find(|(known, _)| *known == name) {
            builder = set(builder, *key, value);
        }
    }
    for (name, key) in FLYTE_AZURE {
        if let Some(value) = sources.first_variable(&[name]) {
            builder = set(builder, key, value);
        }
    }
    if let Some(account) = &uri.account {
        builder = set(builder, AzureConfigKey::AccountName, account);
    }
    let has = |keys: &[AzureConfigKey]| keys.iter().all(|key| known.contains(key));
    let has_keys = [
        &[AzureConfigKey::AccessKey][..],
        &[AzureConfigKey::SasKey],
        &[AzureConfigKey::Token],
        &[AzureConfigKey::ClientId, AzureConfigKey::ClientSecret, AzureConfigKey::AuthorityId],
        &[AzureConfigKey::ClientId, AzureConfigKey::FederatedTokenFile, AzureConfigKey::AuthorityId],
        &[AzureConfigKey::UseAzureCli],
        &[AzureConfigKey::UseEmulator],
        &[AzureConfigKey::MsiEndpoint],
        &[AzureConfigKey::SkipSignature],
    ];
    if !has_keys.iter().any(|keys| has(keys)) {
        return Ok(None);
    }
    let built = builder
        .with_container_name(&uri.bucket)
        .with_allow_http(true)
        .with_retry(retry())
        .with_http_connector(connector.clone())
        .build();
    let store = built.map_err(|error| unusable("Azure", &error))?;
    Ok(Some(Arc::new(store)))
}
