//! A plugin that misbehaves as its environment says.
//!
//! `FAULT`, or `fault` in the plugin's section of the host's settings, is a list of `HOW:PLACE`, separated by
//! commas; `HOW` alone is for every place, and a place that is not named declines. `HOW` is `answer`,
//! `decline`, `invalid`, `error`, `panic`, `panic-value`, `panic-drop`, `abort`, `exit` (with 0) or `hang`.
//! `PLACE` is `create`, `thread` (a thread that `create` starts), a hook,
//! `drop`, `run` or `drop_command` (of the command that `answer:configure_cli` adds), `thread_local` (a value
//! of the thread that created the plugin) or `get_version` (of the policy that
//! `answer:get_default_cache_policies` adds). `FAULTY_ENDPOINT` is what `answer:get_remote` answers.

#![forbid(unsafe_code)]

mod fault;

use std::{cell::RefCell, env, thread, time::Duration};

use plugin_abi::{CachePolicy, Command, Group, Host, Next, Plugin, PluginError, Remote, RemoteRequest};

use fault::{How, Orders};

/// Fails as its orders say.
#[derive(Debug)]
pub struct Faulty {
    orders: Orders,
}

/// Part of a command, which the host drops.
struct Trap(Orders);

impl Drop for Trap {
    fn drop(&mut self) {
        // An error has nowhere to go.
        let _ = self.0.obey("drop_command");
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        let _ = self.orders.obey("drop");
    }
}

/// A value that the thread which created the plugin throws away when it ends.
struct Late(Orders);

impl Drop for Late {
    fn drop(&mut self) {
        let _ = self.0.obey("thread_local");
    }
}

thread_local! {
    static LATE: RefCell<Option<Late>> = const { RefCell::new(None) };
}

#[plugin_abi::export(name = "faulty")]
impl Plugin for Faulty {
    fn create(host: Host) -> Result<Self, PluginError> {
        let orders = Orders::new(&host)?;
        orders.obey("create")?;
        let of_thread = orders.clone();
        // The thread has no caller that could report its error.
        let _ = thread::spawn(move || drop(of_thread.obey("thread"))).join();
        LATE.set(Some(Late(orders.clone())));
        Ok(Self { orders })
    }

    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        match self.orders.obey("get_remote")? {
            How::Answer => {
                Ok(Remote::new(env::var("FAULTY_ENDPOINT").unwrap_or_else(|_| "faulty.example:443".into())))
            }
            How::Decline => next.get_remote(request),
            How::Invalid => Ok(Remote::new("faulty.example:notaport")),
        }
    }

    fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
        let orders = self.orders.clone();
        match orders.obey("configure_cli")? {
            How::Answer => {
                let trap = Trap(orders.clone());
                main.add(Command::new("faulty").about("Say that all is well").run(move |invocation| {
                    trap.0.obey("run")?;
                    invocation.print(format_args!("all is well\n"))
                }))
            }
            How::Decline => main,
            How::Invalid => main.add(Command::new("plugin").run(|_| Ok(()))),
        };
        Ok(())
    }

    fn secret_requires_group(&self, next: Next<'_>) -> Result<bool, PluginError> {
        match self.orders.obey("secret_requires_group")? {
            How::Answer => Ok(false),
            // A `bool` has no invalid value.
            How::Decline | How::Invalid => next.secret_requires_group(),
        }
    }

    fn get_default_image(&self, next: Next<'_>) -> Result<Option<String>, PluginError> {
        match self.orders.obey("get_default_image")? {
            How::Answer => {
                let behind = next.get_default_image()?.unwrap_or_else(|| "base:v0".to_owned());
                Ok(Some(format!("faulty/{behind}")))
            }
            How::Decline => Ok(None),
            How::Invalid => Ok(Some("two words".to_owned())),
        }
    }

    fn get_auth_success_html(&self, endpoint: &str, _next: Next<'_>) -> Result<Option<String>, PluginError> {
        match self.orders.obey("get_auth_success_html")? {
            How::Answer => Ok(Some(format!("<p>faulty, but signed in at {endpoint}</p>"))),
            How::Decline => Ok(None),
            How::Invalid => Ok(Some(" \n".to_owned())),
        }
    }

    fn get_default_cache_policies(&self, next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        match self.orders.obey("get_default_cache_policies")? {
            How::Answer => {
                let orders = self.orders.clone();
                let own = CachePolicy::computed(move |_, _| {
                    orders.obey("get_version").map(|_| "faulty".to_owned())
                });
                let mut policies = next.get_default_cache_policies()?;
                policies.push(own.name("faulty-policy"));
                Ok(policies)
            }
            How::Decline => next.get_default_cache_policies(),
            How::Invalid => Ok(vec![CachePolicy::fixed("v1").name("never").ttl(Duration::ZERO)]),
        }
    }
}
