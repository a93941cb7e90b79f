//! Acme's plugin for flyte-host: the six hooks, one of each, for you to copy from.
//!
//! A plugin is a library crate (`crate-type = ["cdylib"]` in Cargo.toml) with one type that implements
//! [`Plugin`]. Build it with `cargo build --release`, drop the `.so` into `~/.flyte/plugins` under the
//! name `libacme.so`, and set `FLYTE_PLUGIN=acme`.
//!
//! Nothing here is unsafe, and nothing has to be: the attribute `export` makes what the host loads.

#![forbid(unsafe_code)]

use std::{env, time::Duration};

use plugin_abi::{
    CachePolicy, Command, Group, Host, LogLevel, Next, Plugin, PluginError, Remote, RemoteRequest,
};

/// The plugin. It could keep whatever it needs between calls; Acme needs the host, for its log.
#[derive(Debug)]
pub struct Acme {
    host: Host,
}

// `name` is what users write into FLYTE_PLUGIN. The attribute also notes in the file which of the
// hooks are written below, so that `flyte-host plugin list` can tell without running anything.
#[plugin_abi::export(name = "acme")]
impl Plugin for Acme {
    /// Called once, before everything else.
    fn create(host: Host) -> Result<Self, PluginError> {
        Ok(Self { host })
    }

    /// Hook 1: which Flyte to talk to. Acme's people test on a staging cluster, unless they named a
    /// configuration file.
    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        match env::var("MY_STAGING_ENDPOINT") {
            Ok(endpoint) if request.config.is_none() => {
                self.host.log(LogLevel::Info, format_args!("using the staging endpoint `{endpoint}`"));
                // What is not said here (TLS, sign-in, project …) the host fills in with its defaults.
                Ok(Remote::new(endpoint).because("endpoint", "variable `MY_STAGING_ENDPOINT`"))
            }
            // `next` is the rest of the chain: other plugins, and in the end the host's own way.
            _ => next.get_remote(request),
        }
    }

    /// Hook 2: the command line. Two commands; both show up in help, completion and man pages.
    fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
        main.add(
            Command::new("my-custom-command")
                .about("A custom command added by the plugin")
                .run(|invocation| invocation.print(format_args!("Executing my custom CLI command!\n"))),
        );
        main.add(
            Command::new("my-group").about("A custom command group").command(
                Command::new("sub-command")
                    .about("A sub-command within my-group")
                    .run(|invocation| invocation.print(format_args!("Executing a sub-command!\n"))),
            ),
        );
        Ok(())
    }

    /// Hook 3: Acme's secrets have no groups.
    fn secret_requires_group(&self, _next: Next<'_>) -> Result<bool, PluginError> {
        Ok(false)
    }

    /// Hook 4: the image of tasks that name none. `Ok(None)` would leave it to the rest of the chain.
    fn get_default_image(&self, _next: Next<'_>) -> Result<Option<String>, PluginError> {
        Ok(Some("my-company/flyte-base:v1.2.3".to_owned()))
    }

    /// Hook 5: what the browser shows after sign-in.
    fn get_auth_success_html(&self, endpoint: &str, _next: Next<'_>) -> Result<Option<String>, PluginError> {
        // The endpoint comes from a server; as HTML it must be text, and nothing but text.
        let endpoint = endpoint.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        Ok(Some(format!(
            "<html>\n\
             <head><title>Authentication Successful!</title></head>\n\
             <body>\n\
             <h1>Welcome to My Company's Platform!</h1>\n\
             <p>You have successfully authenticated with {endpoint}.</p>\n\
             <p>You can now close this window.</p>\n\
             </body>\n\
             </html>\n"
        )))
    }

    /// Hook 6: every task's results may be reused for an hour, if its inputs are the same. Users may set
    /// another time in `~/.flyte/host.toml`: `cache-seconds` below `[plugin.acme]`.
    fn get_default_cache_policies(&self, _next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        let seconds = self.host.config()?["cache-seconds"].as_u64().unwrap_or(3600);
        Ok(vec![CachePolicy::fixed("v1").name("acme-hourly").ttl(Duration::from_secs(seconds))])
    }
}
