//! A plugin that asks what is behind it for everything, and puts something around the answer.

#![forbid(unsafe_code)]

use plugin_abi::{CachePolicy, Command, Group, Host, Next, Plugin, PluginError, Remote, RemoteRequest};

/// Wraps.
#[derive(Debug)]
pub struct Wrapper {
    /// What the plugin's section of the host's settings says about headers.
    reason: Option<String>,
}

#[plugin_abi::export(name = "wrapper")]
impl Plugin for Wrapper {
    fn create(host: Host) -> Result<Self, PluginError> {
        let config = host.config()?;
        Ok(Self { reason: config["reason"].as_str().map(str::to_owned) })
    }

    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        let mut remote = next.get_remote(request)?;
        remote.headers.push(("x-wrapped-by".to_owned(), "wrapper".to_owned()));
        Ok(match &self.reason {
            Some(reason) => remote.because("headers", reason),
            None => remote,
        })
    }

    fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
        let seen = main
            .walk()
            .iter()
            .filter_map(|group| Some(group.existing()?.name().to_owned()))
            .collect::<Vec<_>>();
        main.add(
            Command::new("wrapper")
                .about("List the commands that were there before")
                .run(move |invocation| invocation.print(format_args!("{}\n", seen.join(" ")))),
        );
        Ok(())
    }

    fn secret_requires_group(&self, next: Next<'_>) -> Result<bool, PluginError> {
        Ok(!next.secret_requires_group()?)
    }

    fn get_default_image(&self, next: Next<'_>) -> Result<Option<String>, PluginError> {
        Ok(next.get_default_image()?.map(|image| format!("wrapper/{image}")))
    }

    fn get_auth_success_html(&self, endpoint: &str, next: Next<'_>) -> Result<Option<String>, PluginError> {
        Ok(next.get_auth_success_html(endpoint)?.map(|html| format!("<main>{html}</main>")))
    }

    fn get_default_cache_policies(&self, next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        let mut policies = vec![CachePolicy::fixed("wrapped").name("wrapper-policy")];
        policies.extend(next.get_default_cache_policies()?);
        Ok(policies)
    }
}
