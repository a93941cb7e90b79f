//! The values that the hooks of a plugin return.

#![no_main]

use std::{sync::Mutex, time::Duration};

use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use plugin_abi::{
    CachePolicy, Host, Next, Plugin, PluginError, Remote, RemoteRequest, VersionParameters,
};
use plugin_host::{Builtin, Chain, Link};

/// What the plugin returns; an error for a hook whose bit is set.
#[derive(Arbitrary, Clone, Debug, Default)]
struct Answers {
    failing: u8,
    error: (String, Vec<String>, Vec<String>, u8),
    texts: [Option<String>; 10],
    lists: [Vec<String>; 3],
    headers: Vec<(String, String)>,
    reason: String,
    from_next: bool,
    image: Option<String>,
    html: Option<String>,
    policies: Vec<(String, bool, String, Option<u64>)>,
}

static ANSWERS: Mutex<Option<Answers>> = Mutex::new(None);

struct FuzzedPlugin;

impl FuzzedPlugin {
    fn answers(hook: u8) -> Result<Answers, PluginError> {
        let answers = ANSWERS.lock().ok().and_then(|kept| kept.clone()).unwrap_or_default();
        if answers.failing & (1 << hook) == 0 {
            return Ok(answers);
        }
        let (message, causes, hints, code) = answers.error;
        let error = PluginError::new(message).with_causes(causes).exit_code(code);
        Err(hints.into_iter().fold(error, PluginError::hint))
    }
}

#[plugin_abi::export(name = "fuzzed", in_process)]
impl Plugin for FuzzedPlugin {
    fn create(_host: Host) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        let answers = Self::answers(0)?;
        let mut remote = if answers.from_next { next.get_remote(request)? } else { Remote::default() };
        let [endpoint, certificate, console, proxy, mode, id, secret, audience, project, upload] = answers.texts;
        remote.endpoint = endpoint;
        remote.ca_cert_file_path = certificate;
        remote.console_endpoint = console;
        remote.http_proxy_url = proxy;
        remote.auth_mode = mode;
        remote.client_id = id;
        remote.client_secret = secret;
        remote.audience = audience;
        remote.default_project = project;
        remote.data_upload_location = upload;
        [remote.scopes, remote.command, remote.proxy_command] = answers.lists;
        remote.headers = answers.headers;
        Ok(remote.because("endpoint", answers.reason))
    }

    fn secret_requires_group(&self, next: Next<'_>) -> Result<bool, PluginError> {
        Self::answers(1)?;
        next.secret_requires_group()
    }

    fn get_default_image(&self, _next: Next<'_>) -> Result<Option<String>, PluginError> {
        Ok(Self::answers(2)?.image)
    }

    fn get_auth_success_html(&self, _endpoint: &str, _next: Next<'_>) -> Result<Option<String>, PluginError> {
        Ok(Self::answers(3)?.html)
    }

    fn get_default_cache_policies(&self, _next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        let policies = Self::answers(4)?.policies.into_iter();
        Ok(policies
            .map(|(name, enabled, version, ttl)| {
                let computed = CachePolicy::computed(move |_, _| {
                    Self::answers(5)?;
                    Ok(version.clone())
                });
                let policy = computed.name(name).enable_cache(enabled);
                ttl.map(Duration::from_nanos).into_iter().fold(policy, CachePolicy::ttl)
            })
            .collect())
    }
}

fuzz_target!(|answers: Answers| {
    let Ok(mut kept) = ANSWERS.lock() else { return };
    *kept = Some(answers.clone());
    drop(kept);
    let link = Link::in_process::<FuzzedPlugin>(&serde_json::Value::Null).expect("`create` returns a plugin");
    let chain = Chain::new(vec![link], Builtin::new(|_| Ok(Remote::new("localhost:30080"))));
    let request = RemoteRequest {
        config: None,
        project: "flytesnacks".to_owned(),
        domain: "development".to_owned(),
        data_upload_location: None,
    };
    match chain.get_remote(&request) {
        Ok(resolved) => {
            let remote = resolved.remote;
            assert!(remote.headers.iter().all(|(key, value)| is_printable(key) && is_printable(value)));
            assert!(remote.endpoint.iter().chain(&remote.audience).all(|text| is_printable(text)));
            assert_eq!(remote.base(), 0);
        }
        Err(error) => readable(&error),
    }
    _ = chain.secret_requires_group().map_err(|error| readable(&error));
    match chain.get_default_image() {
        Ok(image) => assert!(image.iter().all(|image| is_printable(image) && image.len() <= 1024)),
        Err(error) => readable(&error),
    }
    match chain.get_auth_success_html("localhost:30080") {
        Ok(page) => assert!(page.iter().all(|page| !page.trim().is_empty())),
        Err(error) => readable(&error),
    }
    match chain.get_default_cache_policies() {
        Ok(policies) => {
            for policy in policies {
                assert_ne!(policy.ttl(), Some(Duration::ZERO));
                _ = policy.version("salt", &VersionParameters::default()).map_err(|error| readable(&error));
            }
        }
        Err(error) => readable(&error),
    }
});

fn is_printable(text: &str) -> bool {
    !text.contains(char::is_control)
}

/// An error has a text that cannot forge a line of the program's own, and names the plugin.
fn readable(error: &plugin_host::HookError) {
    let text = error.to_string();
    assert!(text.contains("fuzzed"), "{text:?}");
    assert!(text.chars().all(|letter| letter == '\n' || letter == '\t' || !letter.is_control()), "{text:?}");
}
