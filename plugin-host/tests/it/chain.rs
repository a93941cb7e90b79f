//! The chain, with plugins that are defined here: what a hook sees of the others, and which plugin an error
//! names.

use plugin_abi::{CachePolicy, Host, Next, Plugin, PluginError, Remote, RemoteRequest};
use plugin_host::{Builtin, Chain, Link, LoadError};
use serde_json::{Value, json};

/// Checks the answers of the plugins behind it, changes the audience, and passes the rest on.
struct FakeObserver {
    host: Host,
}

#[plugin_abi::export(name = "observer", in_process)]
impl Plugin for FakeObserver {
    fn create(host: Host) -> Result<Self, PluginError> {
        Ok(Self { host })
    }

    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        let mut remote = next.get_remote(request)?;
        assert_eq!(remote.client_secret, None, "a secret reached a plugin");
        assert_eq!(remote.reason("endpoint"), Some("the test"));
        remote.audience = Some("seen".to_owned());
        Ok(remote)
    }

    fn secret_requires_group(&self, next: Next<'_>) -> Result<bool, PluginError> {
        next.secret_requires_group()
    }

    fn get_default_image(&self, next: Next<'_>) -> Result<Option<String>, PluginError> {
        let suffix = self.host.config()?["suffix"].as_str().unwrap_or_default().to_owned();
        Ok(next.get_default_image()?.map(|image| image + &suffix))
    }

    fn get_default_cache_policies(&self, next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        next.get_default_cache_policies()
    }
}

/// Fails in the hooks that the observer passes on.
struct FakeBroken;

#[plugin_abi::export(name = "broken", in_process)]
impl Plugin for FakeBroken {
    fn create(_host: Host) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn secret_requires_group(&self, _next: Next<'_>) -> Result<bool, PluginError> {
        panic!("no rule")
    }

    fn get_default_image(&self, _next: Next<'_>) -> Result<Option<String>, PluginError> {
        Ok(Some("broken:v1".to_owned()))
    }

    fn get_default_cache_policies(&self, _next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        Ok(vec![CachePolicy::computed(|_, _| Err(PluginError::new("no version"))).name("hopeless")])
    }
}

/// Cannot be created.
struct FakeRefusing;

#[plugin_abi::export(name = "refusing", in_process)]
impl Plugin for FakeRefusing {
    fn create(_host: Host) -> Result<Self, PluginError> {
        Err(PluginError::new("no licence").hint("buy one"))
    }
}

fn chain(config: &Value) -> Chain {
    let observer = Link::in_process::<FakeObserver>(config).expect("a plugin that can be created");
    let links =
        vec![observer, Link::in_process::<FakeBroken>(&json!({})).expect("a plugin that can be created")];
    Chain::new(
        links,
        Builtin::new(|_| {
            let mut remote = Remote::new("flyte.example:443").because("endpoint", "the test");
            remote.client_secret = Some("s3cret".to_owned());
            Ok(remote)
        }),
    )
}

/// Ends the tests when it is dropped.
struct FakeTrap;

impl Drop for FakeTrap {
    fn drop(&mut self) {
        std::process::abort();
    }
}

#[plugin_abi::export(name = "trap", in_process)]
impl Plugin for FakeTrap {
    fn create(_host: Host) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn secret_requires_group(&self, _next: Next<'_>) -> Result<bool, PluginError> {
        Ok(false)
    }
}

#[test]
fn the_destructor_of_a_plugin_is_never_run() {
    let trap = Link::in_process::<FakeTrap>(&json!({})).expect("a plugin that can be created");
    let chain = Chain::new(vec![trap], Builtin::new(|_| Ok(Remote::new("flyte.example:443"))));
    assert!(!chain.secret_requires_group().unwrap());
    drop(chain);
}

#[test]
fn a_secret_does_not_reach_plugins_and_stays_in_use() {
    let resolved = chain(&json!({})).get_remote(&RemoteRequest::default()).unwrap();
    assert_eq!(resolved.remote.client_secret.as_deref(), Some("s3cret"));
    assert!(!resolved.owners.contains_key("client_secret"));
}

#[test]
fn a_value_has_the_plugin_that_set_it_as_origin() {
    let resolved = chain(&json!({})).get_remote(&RemoteRequest::default()).unwrap();
    assert_eq!(resolved.remote.reason("endpoint"), Some("the test"));
    assert_eq!(resolved.remote.reason("audience"), Some("plugin `observer`"));
    let owners: Vec<_> = resolved.owners.iter().map(|(field, owner)| (*field, owner.name.as_str())).collect();
    assert_eq!(owners, [("audience", "observer")]);
}

#[test]
fn an_error_names_the_plugin_that_failed() {
    let fault = chain(&json!({})).secret_requires_group().unwrap_err();
    assert_eq!(fault.to_string(), "plugin `broken` 0.1.0 panicked in `secret_requires_group`");
    let causes = fault.causes();
    assert!(causes[0].starts_with("no rule (") && causes[0].contains("chain.rs:"), "{causes:?}");
}

#[test]
fn an_error_of_a_policy_names_its_plugin() {
    let policies = chain(&json!({})).get_default_cache_policies().unwrap();
    let fault = policies[0].version("", &plugin_abi::VersionParameters::default()).unwrap_err();
    assert_eq!(fault.to_string(), "plugin `broken` 0.1.0 failed in `get_default_cache_policies`");
    assert_eq!(fault.causes(), ["no version"]);
}

#[test]
fn a_plugin_reads_its_own_settings() {
    let image = chain(&json!({ "suffix": "-blue" })).get_default_image().unwrap();
    assert_eq!(image.as_deref(), Some("broken:v1-blue"));
}

#[test]
fn a_plugin_that_cannot_be_created_is_not_used() {
    match Link::in_process::<FakeRefusing>(&json!({})) {
        Err(LoadError::Create(fault)) => {
            assert_eq!(fault.to_string(), "plugin `refusing` 0.1.0 failed in `create`");
            assert_eq!(fault.hints(), ["buy one"]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn hooks_may_be_called_from_many_threads() {
    let chain = chain(&json!({ "suffix": "-x" }));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..200 {
                    assert_eq!(chain.get_default_image().unwrap().as_deref(), Some("broken:v1-x"));
                    assert!(chain.secret_requires_group().is_err());
                }
            });
        }
    });
}
