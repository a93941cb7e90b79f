//! The plugin `acme-python` for flyte-host.
//!
//! Delete the hooks that you do not need: `flyte-host` then asks the other plugins, and its own default.

#![forbid(unsafe_code)]

use plugin_abi::{CachePolicy, Host, Next, Plugin, PluginError, Remote, RemoteRequest};

/// The plugin. Its fields live as long as the process: add what the hooks share.
#[derive(Debug)]
pub struct AcmePythonPlugin;

// `name` is what users select. The attribute also writes the list of the hooks below into the file.
#[plugin_abi::export(name = "acme-python")]
impl Plugin for AcmePythonPlugin {
    /// Called once, before every hook. Keep `host` to log and to read the settings of the plugin.
    fn create(_host: Host) -> Result<Self, PluginError> {
        Ok(Self)
    }

    /// The connection to Flyte, unless a configuration file is named; as in `acme:Acme`.
    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        if request.config.is_some() {
            return next.get_remote(request);
        }
        let mut remote = Remote::new("flyte.acme.example:443");
        remote.client_id = Some("acme-cli".into());
        remote.insecure = Some(true);
        remote.scopes = vec!["all".into(), "offline".into()];
        remote.default_domain = Some("production".into());
        Ok(remote)
    }

    /// Whether a secret without a group is refused; as in `acme:Acme`.
    fn secret_requires_group(&self, _next: Next<'_>) -> Result<bool, PluginError> {
        Ok(false)
    }

    /// The image of container tasks without one; as in `acme:Acme`.
    fn get_default_image(&self, _next: Next<'_>) -> Result<Option<String>, PluginError> {
        Ok(Some("template/acme-base:v1".to_owned()))
    }

    /// The page that the browser shows after sign-in; as in `acme:Acme`.
    fn get_auth_success_html(&self, endpoint: &str, _next: Next<'_>) -> Result<Option<String>, PluginError> {
        // It comes from a server.
        let endpoint = endpoint.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let page = r#"<html>
<p class="acme">Signed in with {endpoint}.</p>
</html>
"#;
        Ok(Some(page.replace("{endpoint}", &endpoint)))
    }

    /// The cache policies of tasks without cache settings; as in `acme:Acme`.
    fn get_default_cache_policies(&self, _next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        Ok(vec![CachePolicy::fixed("v1").name("HourPolicy")])
    }
}

#[cfg(test)]
mod tests {
    use plugin_abi::testing::Tester;

    use super::*;

    #[test]
    fn the_passport_has_the_name() {
        let plugin = Tester::<AcmePythonPlugin>::new().unwrap();
        assert!(plugin.passport().contains("\nname=acme-python\n"));
    }

    #[test]
    fn get_remote_answers_as_in_python() {
        let plugin = Tester::<AcmePythonPlugin>::new().unwrap();
        let remote = plugin.get_remote(&RemoteRequest::default()).unwrap();
        assert_eq!(remote.endpoint.as_deref(), Some("flyte.acme.example:443"));
    }

    #[test]
    fn secret_requires_group_answers_as_in_python() {
        let plugin = Tester::<AcmePythonPlugin>::new().unwrap();
        assert!(!plugin.secret_requires_group().unwrap());
    }

    #[test]
    fn get_default_image_answers_as_in_python() {
        let plugin = Tester::<AcmePythonPlugin>::new().unwrap();
        assert_eq!(plugin.get_default_image().unwrap().as_deref(), Some("template/acme-base:v1"));
    }

    #[test]
    fn get_auth_success_html_answers_as_in_python() {
        let plugin = Tester::<AcmePythonPlugin>::new().unwrap();
        let page = plugin.get_auth_success_html("<script>").unwrap().unwrap();
        assert!(page.contains("&lt;script&gt;"), "{page}");
    }

    #[test]
    fn get_default_cache_policies_answers_as_in_python() {
        let plugin = Tester::<AcmePythonPlugin>::new().unwrap();
        assert_eq!(plugin.get_default_cache_policies().unwrap().len(), 1);
    }
}
