//! [`Plugin`], the trait that an author implements, and [`Next`], the rest of the chain.

use abi_stable::{erased_types::TD_Opaque, sabi_types::RRef, std_types::RStr};

use crate::{
    CachePolicy, Group, Host, PluginError, Remote, RemoteRequest,
    error::result_from_raw,
    vtable::{self, RemoteRequest_TO},
};

/// A plugin: flytekit's `FlytekitPluginProtocol` for native code.
///
/// By default, every hook calls the next plugin of the chain, and the last one the host's own
/// behaviour. Override the hooks that your company needs. Put
/// [`#[plugin_abi::export]`](crate::export) on the `impl` block: it exports the plugin and
/// records which hooks are overridden.
///
/// Hooks are called from any thread, concurrently. They should return quickly: the command waits. A panic is
/// caught and reported with the plugin, the hook, the file and the line.
///
/// A plugin lives until the process ends: its destructor is not run, and nothing else of it runs once the
/// command has printed its result.
pub trait Plugin: Sized + Send + Sync + 'static {
    /// Creates the plugin. Called before any hook, usually once in a process (`plugin show` creates one
    /// more). Keep the [`Host`] to log or to read your settings later.
    ///
    /// # Errors
    ///
    /// An error makes the plugin unusable: the command ends with it, unless the user allows a fallback.
    fn create(host: Host) -> Result<Self, PluginError>;

    /// Returns the connection to Flyte. flytekit: `get_remote`.
    ///
    /// Called once by every command that connects to Flyte.
    ///
    /// # Errors
    ///
    /// Ends the command.
    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        next.get_remote(request)
    }

    /// Changes the command line. flytekit: `configure_pyflyte_cli`.
    ///
    /// Called once whenever the plugin is loaded, so do nothing slow here. There is no `next`: this hook is
    /// called for every plugin of the chain, the last one first, and `main` includes the changes so far.
    ///
    /// # Errors
    ///
    /// Ends the command; `--help` and `plugin show` continue without this plugin. `--version`, `completion`
    /// and `plugin list`, `path`, `enable` and `disable` load no plugin: defaults and callbacks for these
    /// have no effect.
    #[doc(alias = "configure_pyflyte_cli")]
    fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
        let _ = main;
        Ok(())
    }

    /// Whether a secret must name a group to be registered. flytekit: `secret_requires_group`.
    ///
    /// # Errors
    ///
    /// Ends the registration.
    fn secret_requires_group(&self, next: Next<'_>) -> Result<bool, PluginError> {
        next.secret_requires_group()
    }

    /// The image of container tasks without one, with tag or digest. flytekit: `get_default_image`.
    ///
    /// `None` declines: the host asks the next plugin of the chain, then its own default.
    ///
    /// # Errors
    ///
    /// Ends the registration.
    fn get_default_image(&self, next: Next<'_>) -> Result<Option<String>, PluginError> {
        next.get_default_image()
    }

    /// The page that the browser shows after sign-in. flytekit: `get_auth_success_html`.
    ///
    /// `endpoint` is the host name of the identity provider that the user signed in at, never a token; escape
    /// it if you put it into HTML. `None` declines: the host asks the next plugin of the chain, then shows
    /// its own page.
    ///
    /// Called after each sign-in in the browser, when the tokens have arrived, on a thread of its own. The
    /// browser waits, so after 10 seconds the host shows its own page. Scripts, frames and forms are blocked;
    /// inline styles, and styles, fonts and images over HTTPS are allowed.
    ///
    /// # Errors
    ///
    /// The host shows its own page; the sign-in succeeds.
    fn get_auth_success_html(&self, endpoint: &str, next: Next<'_>) -> Result<Option<String>, PluginError> {
        next.get_auth_success_html(endpoint)
    }

    /// The cache policies of tasks without cache settings. flytekit: `get_default_cache_policies`.
    ///
    /// An empty list means no default policies. To extend those of the rest of the chain, call `next`.
    ///
    /// # Errors
    ///
    /// Ends the registration.
    fn get_default_cache_policies(&self, next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        next.get_default_cache_policies()
    }

    /// The hook of the growth tests; it is in no protocol that ships.
    ///
    /// # Errors
    ///
    /// Shown by `plugin show`.
    #[cfg(next_protocol)]
    fn get_greeting(&self, next: Next<'_>) -> Result<String, PluginError> {
        next.get_greeting()
    }
}

/// The rest of the chain: each method returns what the hook would return without this plugin.
#[derive(Clone, Copy)]
pub struct Next<'a> {
    raw: &'a (dyn vtable::Context + 'a),
}

impl<'a> Next<'a> {
    pub(crate) fn new(raw: &'a (dyn vtable::Context + 'a)) -> Self {
        Self { raw }
    }

    /// What the rest of the chain answers to `get_remote`; flytekit's `FlytekitPlugin.get_remote`.
    ///
    /// The client secret is not included; the host still uses it if you return this remote, or one made from
    /// it.
    ///
    /// # Errors
    ///
    /// Those of the plugin behind; pass them on with `?`, so that they are attributed to that plugin.
    pub fn get_remote(&self, request: &RemoteRequest) -> Result<Remote, PluginError> {
        let request = RemoteRequest_TO::from_ptr(RRef::new(request), TD_Opaque);
        result_from_raw(self.raw.next_get_remote(request)).map(|remote| Remote::from_raw(&remote))
    }

    /// What the rest of the chain answers to `secret_requires_group`.
    ///
    /// # Errors
    ///
    /// Those of the plugin behind.
    pub fn secret_requires_group(&self) -> Result<bool, PluginError> {
        result_from_raw(self.raw.next_secret_requires_group())
    }

    /// What the rest of the chain answers to `get_default_image`.
    ///
    /// # Errors
    ///
    /// Those of the plugin behind.
    pub fn get_default_image(&self) -> Result<Option<String>, PluginError> {
        result_from_raw(self.raw.next_get_default_image()).map(|image| image.into_option().map(String::from))
    }

    /// What the rest of the chain answers to `get_auth_success_html`.
    ///
    /// # Errors
    ///
    /// Those of the plugin behind.
    pub fn get_auth_success_html(&self, endpoint: &str) -> Result<Option<String>, PluginError> {
        result_from_raw(self.raw.next_get_auth_success_html(RStr::from_str(endpoint)))
            .map(|html| html.into_option().map(String::from))
    }

    /// What the rest of the chain answers to `get_default_cache_policies`.
    ///
    /// # Errors
    ///
    /// Those of the plugin behind.
    pub fn get_default_cache_policies(&self) -> Result<Vec<CachePolicy>, PluginError> {
        let policies = result_from_raw(self.raw.next_get_default_cache_policies())?;
        Ok(policies.into_iter().map(CachePolicy::from_raw).collect())
    }

    /// What the rest of the chain answers to the hook of the growth tests.
    ///
    /// # Errors
    ///
    /// Those of the plugin behind.
    #[cfg(next_protocol)]
    pub fn get_greeting(&self) -> Result<String, PluginError> {
        result_from_raw(self.raw.next_get_greeting()).map(String::from)
    }
}
