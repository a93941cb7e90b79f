//! The plugin `template` for flyte-host.
//!
//! Delete the hooks that you do not need: `flyte-host` then asks the other plugins, and its own default.

#![forbid(unsafe_code)]

use plugin_abi::{CachePolicy, Command, Group, Host, Next, Plugin, PluginError, Remote, RemoteRequest};

/// The plugin. Its fields live as long as the process: add what the hooks share.
#[derive(Debug)]
pub struct TemplatePlugin;

// `name` is what users select. The attribute also writes the list of the hooks below into the file.
#[plugin_abi::export(name = "template")]
impl Plugin for TemplatePlugin {
    /// Called once, before every hook. Keep `host` to log and to read the settings of the plugin.
    fn create(_host: Host) -> Result<Self, PluginError> {
        Ok(Self)
    }

    // hook: get_remote
    /// The connection to Flyte. `next` asks the other plugins, then the default of the host.
    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        match std::env::var("TEMPLATE_ENDPOINT") {
            Ok(endpoint) if request.config.is_none() => Ok(Remote::new(endpoint)),
            _ => next.get_remote(request),
        }
    }

    // hook: configure_cli
    /// The command line. Called whenever the plugin is loaded: do nothing slow here.
    fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
        main.add(
            Command::new("hello-template")
                .about("Say hello")
                .run(|invocation| invocation.print(format_args!("hello from template\n"))),
        );
        Ok(())
    }

    // hook: secret_requires_group
    /// Whether a secret without a group is refused.
    fn secret_requires_group(&self, next: Next<'_>) -> Result<bool, PluginError> {
        next.secret_requires_group()
    }

    // hook: get_default_image
    /// The image of container tasks without one. `Ok(None)` declines.
    fn get_default_image(&self, _next: Next<'_>) -> Result<Option<String>, PluginError> {
        Ok(Some("template/flyte-base:v1".to_owned()))
    }

    // hook: get_auth_success_html
    /// The page that the browser shows after sign-in. `endpoint` comes from a server: escape it.
    fn get_auth_success_html(&self, endpoint: &str, _next: Next<'_>) -> Result<Option<String>, PluginError> {
        let endpoint = endpoint.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        Ok(Some(format!("<html><body><p>Signed in with {endpoint}.</p></body></html>\n")))
    }

    // hook: get_default_cache_policies
    /// The cache policies of tasks without cache settings: those of the rest of the chain, and one more.
    fn get_default_cache_policies(&self, next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        let mut policies = next.get_default_cache_policies()?;
        policies.push(CachePolicy::fixed("v1").name("template"));
        Ok(policies)
    }
    // end
}

#[cfg(test)]
mod tests {
    use plugin_abi::testing::{Rest, Tester};

    use super::*;

    #[test]
    fn the_passport_has_the_name() {
        let plugin = Tester::<TemplatePlugin>::new().unwrap();
        assert!(plugin.passport().contains("\nname=template\n"));
    }

    // hook: get_remote
    #[test]
    fn the_connection_is_that_of_the_rest_of_the_chain() {
        let rest = Rest { remote: Remote::new("flyte.example:443"), ..Rest::default() };
        let plugin = Tester::<TemplatePlugin>::new().unwrap().behind(rest);
        // A configuration file takes precedence over the variable.
        let request = RemoteRequest { config: Some("config.yaml".into()), ..RemoteRequest::default() };
        assert_eq!(plugin.get_remote(&request).unwrap(), Remote::new("flyte.example:443"));
    }

    // hook: configure_cli
    #[test]
    fn the_command_says_hello() {
        let plugin = Tester::<TemplatePlugin>::new().unwrap();
        assert_eq!(plugin.run(&["hello-template"], &[]).unwrap().out, "hello from template\n");
    }

    // hook: secret_requires_group
    #[test]
    fn secrets_follow_the_rest_of_the_chain() {
        let plugin = Tester::<TemplatePlugin>::new().unwrap();
        assert!(plugin.secret_requires_group().unwrap());
    }

    // hook: get_default_image
    #[test]
    fn tasks_without_an_image_get_one() {
        let plugin = Tester::<TemplatePlugin>::new().unwrap();
        assert_eq!(plugin.get_default_image().unwrap().as_deref(), Some("template/flyte-base:v1"));
    }

    // hook: get_auth_success_html
    #[test]
    fn the_endpoint_is_escaped() {
        let plugin = Tester::<TemplatePlugin>::new().unwrap();
        let page = plugin.get_auth_success_html("<script>").unwrap().unwrap();
        assert!(page.contains("&lt;script&gt;"), "{page}");
    }

    // hook: get_default_cache_policies
    #[test]
    fn the_policy_is_added_to_the_others() {
        let rest = Rest { cache_policies: vec![CachePolicy::fixed("v0")], ..Rest::default() };
        let plugin = Tester::<TemplatePlugin>::new().unwrap().behind(rest);
        assert_eq!(plugin.get_default_cache_policies().unwrap().len(), 2);
    }
    // end
}
