//! A plugin that ends its process, or changes its state, in every way and in every function.
//!
//! `CRASH` is a list of `HOW:PLACE`, separated by commas. `PLACE` is `constructor` (of the library),
//! `create`, a hook, `callback` and `default` (of the option `--crash`), `run` (of the command `crashing`),
//! `policy`, `transport`, `thread` (one of the plugin's own, which `create` starts and waits for), `drop` (of
//! the plugin and its transport), `thread-local` (the destructor of one, of each thread that calls the
//! plugin), `thread-end` (the same, of the plugin's own thread), or `after-end` (a thread of the plugin's own
//! that waits until the host has printed its result). `HOW` is a function of `ways`, or `error`.

#![expect(unsafe_code, reason = "a crash is what safe code does not do")]

mod end;
mod state;
mod ways;

use std::{cell::Cell, env, thread};

use plugin_abi::{
    Arg, CachePolicy, Command, Group, Host, LogLevel, Next, Plugin, PluginError, Remote, RemoteRequest,
    transport::{Answer, Call, Status, Transport, TransportHandle},
};

/// Does what is ordered for a place.
fn at(place: &str) -> Result<(), PluginError> {
    let orders = env::var("CRASH").unwrap_or_default();
    for (how, ordered) in orders.split(',').filter_map(|order| order.split_once(':')) {
        if ordered == place {
            match how {
                "error" => return Err(PluginError::new("as ordered")),
                _ => ways::end(how),
            }
        }
    }
    Ok(())
}

/// As [`at`], where no error can be returned.
fn without_error(place: &str) {
    // There is no caller that could get it.
    let _ = at(place);
}

/// What the loader calls while it opens the library.
extern "C" fn constructor() {
    without_error("constructor");
}

struct AtEnd(Cell<&'static str>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        without_error(self.0.get());
    }
}

thread_local! {
    static AT_END: AtEnd = const { AtEnd(Cell::new("thread-local")) };
}

/// Lets the destructor of a thread-local run when this thread ends.
fn touch_thread_local() {
    AT_END.with(|_| ());
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

impl Drop for Wrapped {
    fn drop(&mut self) {
        without_error("drop");
    }
}

impl Drop for Crashing {
    fn drop(&mut self) {
        without_error("drop");
    }
}

impl Transport for Wrapped {
    fn call(&self, call: Call<'_>) -> Result<Answer, Status> {
        touch_thread_local();
        at("transport")?;
        self.0.call(call)
    }
}

#[plugin_abi::export(name = "crashing")]
impl Plugin for Crashing {
    fn create(host: Host) -> Result<Self, PluginError> {
        touch_thread_local();
        at("create")?;
        host.log(LogLevel::Debug, format_args!("created"));
        let own = || {
            AT_END.with(|at_end| at_end.0.set("thread-end"));
            without_error("thread");
        };
        if env::var("CRASH").is_ok_and(|orders| orders.contains(":after-end")) {
            end::act_after_end();
        }
        // The host reports a panic of the thread.
        let _ = thread::spawn(own).join();
        Ok(Self)
    }

    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        at("get_remote")?;
        Ok(next.get_remote(request)?.wrap_transport(Wrapped))
    }

    fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
        at("configure_cli")?;
        main.add(Command::new("crashing").arg(Arg::option("crash").default_value("no")).run(|invocation| {
            at("run")?;
            invocation.print(format_args!("all is well\n"))
        }));
        let mut option = main.group("crashing").option("crash");
        option.set_default_with(|values| {
            at("default")?;
            Ok(values.to_vec())
        });
        option.add_callback(|_, _| {
            at("callback")?;
            Ok(None)
        });
        Ok(())
    }

    fn secret_requires_group(&self, next: Next<'_>) -> Result<bool, PluginError> {
        at("secret_requires_group")?;
        next.secret_requires_group()
    }

    fn get_default_image(&self, next: Next<'_>) -> Result<Option<String>, PluginError> {
        at("get_default_image")?;
        next.get_default_image()
    }

    fn get_auth_success_html(&self, endpoint: &str, next: Next<'_>) -> Result<Option<String>, PluginError> {
        at("get_auth_success_html")?;
        next.get_auth_success_html(endpoint)
    }

    fn get_default_cache_policies(&self, next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        at("get_default_cache_policies")?;
        let mut policies = next.get_default_cache_policies()?;
        policies.push(CachePolicy::computed(|_, _| {
            at("policy")?;
            Ok("v1".to_owned())
        }));
        Ok(policies)
    }
}
