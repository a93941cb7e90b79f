//! A plugin that misbehaves as its environment says.
//!
//! `FAULT` is a list of `HOW:PLACE`, separated by commas; `HOW` alone is for every place, and a place that is not
//! named declines. `HOW` is `answer`, `decline`, `invalid`, `error`, `panic`, `panic-value` or `panic-drop`. `PLACE`
//! is `create`, a hook, `run` (of the command that `answer:configure_cli` adds) or `get_version` (of the policy that
//! `answer:get_default_cache_policies` adds).

#![forbid(unsafe_code)]

mod fault;

use std::time::Duration;

use plugin_abi::{CachePolicy, Command, Group, Host, Next, Plugin, PluginError, Remote, RemoteRequest};

use fault::{How, how};

/// Does what `FAULT` says.
#[derive(Debug)]
pub struct Faulty;

#[plugin_abi::export(name = "faulty")]
impl Plugin for Faulty {
    fn create(_host: Host) -> Result<Self, PluginError> {
        how("create").map(|_| Self)
    }

    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        match how("get_remote")? {
            How::Answer => Ok(Remote::new("faulty.example:443")),
            How::Decline => next.get_remote(request),
            How::Invalid => Ok(Remote::new("faulty.example:notaport")),
        }
    }

    fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
        match how("configure_cli")? {
            How::Answer => main.add(Command::new("faulty").about("Say that all is well").run(|invocation| {
                how("run")?;
                invocation.print(format_args!("all is well\n"))
            })),
            How::Decline => main,
            How::Invalid => main.add(Command::new("plugin").run(|_| Ok(()))),
        };
        Ok(())
    }

    fn secret_requires_group(&self, next: Next<'_>) -> Result<bool, PluginError> {
        match how("secret_requires_group")? {
            How::Answer => Ok(false),
            // A `bool` has no invalid value.
            How::Decline | How::Invalid => next.secret_requires_group(),
        }
    }

    fn get_default_image(&self, next: Next<'_>) -> Result<Option<String>, PluginError> {
        match how("get_default_image")? {
            How::Answer => {
                let behind = next.get_default_image()?.unwrap_or_else(|| "base:v0".to_owned());
                Ok(Some(format!("faulty/{behind}")))
            }
            How::Decline => Ok(None),
            How::Invalid => Ok(Some("two words".to_owned())),
        }
    }

    fn get_auth_success_html(&self, endpoint: &str, _next: Next<'_>) -> Result<Option<String>, PluginError> {
        match how("get_auth_success_html")? {
            How::Answer => Ok(Some(format!("<p>faulty, but signed in at {endpoint}</p>"))),
            How::Decline => Ok(None),
            How::Invalid => Ok(Some(" \n".to_owned())),
        }
    }

    fn get_default_cache_policies(&self, next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        match how("get_default_cache_policies")? {
            How::Answer => {
                let own = CachePolicy::computed(|_, _| how("get_version").map(|_| "faulty".to_owned()));
                let mut policies = next.get_default_cache_policies()?;
                policies.push(own.name("faulty-policy"));
                Ok(policies)
            }
            How::Decline => next.get_default_cache_policies(),
            How::Invalid => Ok(vec![CachePolicy::fixed("v1").name("never").ttl(Duration::ZERO)]),
        }
    }
}
