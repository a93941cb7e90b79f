//! A plugin that ends its process, or changes its state, in every way and in every function.
//!
//! `CRASH` is a list of `HOW:PLACE`, separated by commas. `PLACE` is `constructor` (of the library),
//! `create`, a hook, `callback` and `default` (of the option `--crash`), `run` (of the command `crashing`),
//! `policy`, `transport`, or `thread` (one of the plugin's own, which `create` starts and waits for). `HOW`
//! is a function of `ways`.

#![expect(unsafe_code, reason = "a crash is what safe code does not do")]

mod state;
mod ways;

use std::{env, thread};

use plugin_abi::{
    Arg, CachePolicy, Command, Group, Host, Next, Plugin, PluginError, Remote, RemoteRequest,
    transport::{Answer, Call, Status, Transport, TransportHandle},
};

/// Does what is ordered for a place.
fn at(place: &str) {
    let orders = env::var("CRASH").unwrap_or_default();
    for (how, ordered) in orders.split(',').filter_map(|order| order.split_once(':')) {
        if ordered == place {
            ways::end(how);
        }
    }
}

/// What the loader calls while it opens the library.
extern "C" fn constructor() {
    at("constructor");
}

// SAFETY: the section holds pointers to functions of this kind.
#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = constructor;

/// Ends its process.
#[derive(Debug)]
pub struct Crashing;

/// Ends the process in its calls.
struct Wrapped(TransportHandle);

impl Transport for Wrapped {
    fn call(&self, call: Call<'_>) -> Result<Answer, Status> {
        at("transport");
        self.0.call(call)
    }
}

#[plugin_abi::export(name = "crashing")]
impl Plugin for Crashing {
    fn create(_host: Host) -> Result<Self, PluginError> {
        at("create");
        // An error is a panic of the thread, which does not panic.
        let _ = thread::spawn(|| at("thread")).join();
        Ok(Self)
    }

    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        at("get_remote");
        Ok(next.get_remote(request)?.wrap_transport(Wrapped))
    }

    fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
        at("configure_cli");
        main.add(Command::new("crashing").arg(Arg::option("crash").default_value("no")).run(|invocation| {
            at("run");
            invocation.print(format_args!("all is well\n"))
        }));
        let mut option = main.group("crashing").option("crash");
        option.set_default_with(|values| {
            at("default");
            Ok(values.to_vec())
        });
        option.add_callback(|_, _| {
            at("callback");
            Ok(None)
        });
        Ok(())
    }

    fn secret_requires_group(&self, next: Next<'_>) -> Result<bool, PluginError> {
        at("secret_requires_group");
        next.secret_requires_group()
    }

    fn get_default_image(&self, next: Next<'_>) -> Result<Option<String>, PluginError> {
        at("get_default_image");
        next.get_default_image()
    }

    fn get_auth_success_html(&self, endpoint: &str, next: Next<'_>) -> Result<Option<String>, PluginError> {
        at("get_auth_success_html");
        next.get_auth_success_html(endpoint)
    }

    fn get_default_cache_policies(&self, next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        at("get_default_cache_policies");
        let mut policies = next.get_default_cache_policies()?;
        policies.push(CachePolicy::computed(|_, _| {
            at("policy");
            Ok("v1".to_owned())
        }));
        Ok(policies)
    }
}
