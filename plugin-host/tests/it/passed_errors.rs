//! Errors that a plugin keeps from one call and returns from another one: which plugin they name, and with
//! which text.

use std::cell::{Cell, RefCell};

use abi_stable::{erased_types::TD_Opaque, sabi_types::RRef};
use plugin_abi::{
    CachePolicy, Command, Group, Host, Next, Plugin, PluginError, Remote, RemoteRequest, VersionParameters,
    transport::{Answer, Call, Status, Transport, TransportHandle},
    vtable::Command_TO,
};
use plugin_host::{Builtin, Chain, HookError, Link};
use serde_json::json;

/// A function of a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Image,
    Policy,
    Transport,
    CommandLine,
}

const FUNCTIONS: [Function; 4] =
    [Function::Image, Function::Policy, Function::Transport, Function::CommandLine];

thread_local! {
    /// The error that the plugin `keeper` received last.
    static KEPT: RefCell<Option<PluginError>> = const { RefCell::new(None) };
    /// The plugin and the function that return the kept error.
    static RETURNING: Cell<Option<(&'static str, Function)>> = const { Cell::new(None) };
}

/// The kept error, where this function returns it.
fn kept_for(plugin: &str, function: Function) -> Result<(), PluginError> {
    if RETURNING.get() != Some((plugin, function)) {
        return Ok(());
    }
    Err(KEPT.with_borrow(Clone::clone).expect("an error was kept"))
}

/// Keeps an error, until one is to be returned.
fn keep(error: Option<&PluginError>) {
    if RETURNING.get().is_none() && error.is_some() {
        KEPT.set(error.cloned());
    }
}

/// Passes everything on: keeps the errors of the plugins behind it, and returns one when it should.
struct FakeKeeper;

/// The same, in front of the keeper; it keeps nothing.
struct FakeOther;

struct PassingTransport {
    plugin: &'static str,
    behind: TransportHandle,
}

impl Transport for PassingTransport {
    fn call(&self, call: Call<'_>) -> Result<Answer, Status> {
        kept_for(self.plugin, Function::Transport)?;
        let answer = self.behind.call(call);
        if self.plugin == "keeper" {
            keep(answer.as_ref().err().and_then(Status::error));
        }
        answer
    }
}

fn pass_remote(plugin: &'static str, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
    Ok(next.get_remote(request)?.wrap_transport(move |behind| PassingTransport { plugin, behind }))
}

fn own_policy(plugin: &'static str) -> CachePolicy {
    CachePolicy::computed(move |_, _| kept_for(plugin, Function::Policy).map(|()| "1".to_owned()))
}

#[plugin_abi::export(name = "keeper", in_process)]
impl Plugin for FakeKeeper {
    fn create(_host: Host) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn configure_cli(&self, _main: &mut Group) -> Result<(), PluginError> {
        kept_for("keeper", Function::CommandLine)
    }

    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        pass_remote("keeper", request, next)
    }

    fn get_default_image(&self, next: Next<'_>) -> Result<Option<String>, PluginError> {
        kept_for("keeper", Function::Image)?;
        keep(next.get_default_image().err().as_ref());
        Ok(None)
    }

    fn get_default_cache_policies(&self, next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        for policy in next.get_default_cache_policies()? {
            keep(policy.get_version("", &VersionParameters::default()).err().as_ref());
        }
        Ok(vec![own_policy("keeper")])
    }
}

#[plugin_abi::export(name = "other", in_process)]
impl Plugin for FakeOther {
    fn create(_host: Host) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn configure_cli(&self, _main: &mut Group) -> Result<(), PluginError> {
        kept_for("other", Function::CommandLine)
    }

    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        pass_remote("other", request, next)
    }

    fn get_default_image(&self, next: Next<'_>) -> Result<Option<String>, PluginError> {
        kept_for("other", Function::Image)?;
        next.get_default_image()
    }

    fn get_default_cache_policies(&self, next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        let mut policies = next.get_default_cache_policies()?;
        policies.push(own_policy("other"));
        Ok(policies)
    }
}

/// Fails everywhere.
struct FakeSource;

struct FailingTransport;

impl Transport for FailingTransport {
    fn call(&self, _call: Call<'_>) -> Result<Answer, Status> {
        Err(PluginError::new("no route").into())
    }
}

#[plugin_abi::export(name = "source", in_process)]
impl Plugin for FakeSource {
    fn create(_host: Host) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        Ok(next.get_remote(request)?.with_transport(FailingTransport))
    }

    fn get_default_image(&self, _next: Next<'_>) -> Result<Option<String>, PluginError> {
        Err(PluginError::new("no registry"))
    }

    fn get_default_cache_policies(&self, _next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        Ok(vec![CachePolicy::computed(|_, _| Err(PluginError::new("no version")))])
    }
}

fn chain() -> Chain {
    let config = json!({});
    let links = [
        Link::in_process::<FakeOther>(&config),
        Link::in_process::<FakeKeeper>(&config),
        Link::in_process::<FakeSource>(&config),
    ];
    let links = links.map(|link| link.expect("a plugin that can be created"));
    Chain::new(links.into(), Builtin::new(|_| Ok(Remote::new("flyte.example:443"))))
}

/// The message and the causes of the error of a call, if it fails.
type Outcome = Option<(String, Vec<String>)>;

fn outcome_of<T>(result: Result<T, HookError>) -> Outcome {
    result.err().map(|error| (error.to_string(), error.causes()))
}

fn call(chain: &Chain, function: Function) -> Outcome {
    match function {
        Function::Image => outcome_of(chain.get_default_image()),
        Function::Policy => {
            let policies = chain.get_default_cache_policies().expect("policies");
            policies.iter().find_map(|policy| outcome_of(policy.version("", &VersionParameters::default())))
        }
        Function::Transport => {
            let remote = chain.get_remote(&RemoteRequest::default()).expect("a remote");
            let transport = remote.layers.open(None).expect("no transport fails to open");
            let answer = transport.expect("the one of `source`").call(Call::new("/flyte.Admin/Get", b""));
            let error = answer.err()?.error().cloned().expect("no server answers here");
            Some((error.message().to_owned(), error.causes().to_vec()))
        }
        Function::CommandLine => {
            let main = Command::new("flyte-host");
            let calls = (0..chain.plugins().len())
                .map(|link| chain.configure_cli(link, Command_TO::from_ptr(RRef::new(&main), TD_Opaque)));
            calls.map(outcome_of).find_map(|outcome| outcome)
        }
    }
}

/// What `keeper` receives from a function of `source`.
fn keep_error_from(chain: &Chain, function: Function) {
    RETURNING.set(None);
    KEPT.set(None);
    call(chain, function);
    assert!(KEPT.with_borrow(Option::is_some), "{function:?}: nothing was kept");
}

#[test]
fn an_error_that_was_kept_names_its_plugin_wherever_it_is_returned() {
    let chain = chain();
    let sources = [
        (Function::Image, "get_default_image", "no registry"),
        (Function::Policy, "get_default_cache_policies", "no version"),
        (Function::Transport, "transport", "no route"),
    ];
    for (source, name, text) in sources {
        keep_error_from(&chain, source);
        let expected = (format!("plugin `source` 0.1.0 failed in `{name}`"), vec![text.to_owned()]);
        for plugin in ["keeper", "other"] {
            for function in FUNCTIONS {
                RETURNING.set(Some((plugin, function)));
                let outcome = call(&chain, function);
                assert_eq!(outcome.as_ref(), Some(&expected), "{source:?} by {plugin} in {function:?}");
            }
        }
        // Callbacks and commands are called by the program, which asks the same table.
        let kept = KEPT.with_borrow(Clone::clone).expect("an error was kept");
        let passed_on = chain.errors().passed_on(&PluginError::from_raw(&kept.into_raw()));
        assert_eq!(passed_on.map(|error| (error.to_string(), error.causes())), Some(expected));
    }
}

#[test]
fn an_error_with_an_unknown_number_names_the_plugin_that_returned_it() {
    let (here, another) = (chain(), chain());
    keep_error_from(&another, Function::Image);
    let of_another_chain = KEPT.take().expect("an error was kept");
    let invented = PluginError::new("no licence").with_upstream(1);
    let kept = [
        (of_another_chain, &["plugin `source` 0.1.0 failed in `get_default_image`", "no registry"][..]),
        (invented, &["no licence"]),
    ];
    let names = ["get_default_image", "get_default_cache_policies", "transport", "configure_cli"];
    for (error, causes) in kept {
        for (function, name) in FUNCTIONS.into_iter().zip(names) {
            for plugin in ["keeper", "other"] {
                KEPT.set(Some(error.clone()));
                RETURNING.set(Some((plugin, function)));
                let (message, found) = call(&here, function).expect("an error");
                assert_eq!(message, format!("plugin `{plugin}` 0.1.0 failed in `{name}`"), "{function:?}");
                assert_eq!(found, causes, "{function:?} of {plugin}");
            }
        }
    }
}
