//! The trait that an author implements, and the way to the rest of the chain.

use abi_stable::{erased_types::TD_Opaque, sabi_types::RRef, std_types::RStr};

use crate::{
    CachePolicy, Group, Host, PluginError, Remote, RemoteRequest,
    error::result_from_raw,
    vtable::{self, RemoteRequest_TO},
};

/// A plugin: flytekit's `FlytekitPluginProtocol` for native code.
///
/// Every hook has a default that passes on to the next plugin of the chain, and in the end to the
/// host's own behaviour; override what your company needs changed. Put
/// [`#[plugin_abi::export]`](crate::export) on the `impl` block: it makes the library loadable, and
/// tells the host which hooks are overridden.
///
/// A hook may be called from any thread, and by several at once. It should answer quickly: the user
/// is waiting. It may panic: the host says so, with the plugin, the hook, and the place.
pub trait Plugin: Sized + Send + Sync + 'static {
    /// Makes the plugin. Called before any hook, usually once in a process (`plugin show` makes one of its
    /// own); keep the [`Host`] if you want to log or need your settings later.
    ///
    /// # Errors
    ///
    /// Return one if the plugin cannot work: the host then refuses it, and says why.
    fn create(host: Host) -> Result<Self, PluginError>;

    /// Says which Flyte to talk to, and how. flytekit: `get_remote`.
    ///
    /// Called once by every command that talks to Flyte.
    ///
    /// # Errors
    ///
    /// Ends the command.
    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        next.get_remote(request)
    }

    /// Changes the command line. flytekit: `configure_pyflyte_cli`.
    ///
    /// Called once at every start, so do nothing slow here. There is no `next`: the other plugins of
    /// the chain have their own turn, the last one first, and `main` shows what they did.
    ///
    /// # Errors
    ///
    /// Ends the command; `--help` and `plugin show` go on without this plugin. `--version`, `completion` and `plugin list`,
    /// `path`, `enable` and `disable` load no plugin: other defaults and callbacks for these have no effect.
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

    /// The image of a container task that names none, with tag or digest. flytekit: `get_default_image`.
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
    /// `endpoint` is the host name of the identity provider that the user signed in at, never a token; escape it if you
    /// put it into HTML. `None` declines: the host asks the next plugin of the chain, then shows its own page.
    ///
    /// It is asked after each sign-in in the browser, when the tokens are there, on a thread of its own. It has 10
    /// seconds, since the browser waits; after that the host shows its own page. Scripts, frames
    /// and forms do not work in a page; styles within it do, and styles, fonts and pictures over HTTPS.
    ///
    /// # Errors
    ///
    /// Costs the page, not the sign-in.
    fn get_auth_success_html(&self, endpoint: &str, next: Next<'_>) -> Result<Option<String>, PluginError> {
        next.get_auth_success_html(endpoint)
    }

    /// How tasks are cached that do not say so themselves. flytekit: `get_default_cache_policies`.
    ///
    /// An empty list is an answer: no default policies. To add to those of the rest of the chain,
    /// ask `next`.
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

/// The rest of the chain: each method answers as if this plugin were not there.
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
    /// The client secret, if there is one, does not cross; it is still in use if you return this
    /// remote, or one made from it.
    ///
    /// # Errors
    ///
    /// Those of the link that answered; pass them on with `?`, and the blame stays where it belongs.
    pub fn get_remote(&self, request: &RemoteRequest) -> Result<Remote, PluginError> {
        let request = RemoteRequest_TO::from_ptr(RRef::new(request), TD_Opaque);
        result_from_raw(self.raw.next_get_remote(request)).map(|remote| Remote::from_raw(&remote))
    }

    /// What the rest of the chain answers to `secret_requires_group`.
    ///
    /// # Errors
    ///
    /// Those of the link that answered.
    pub fn secret_requires_group(&self) -> Result<bool, PluginError> {
        result_from_raw(self.raw.next_secret_requires_group())
    }

    /// What the rest of the chain answers to `get_default_image`.
    ///
    /// # Errors
    ///
    /// Those of the link that answered.
    pub fn get_default_image(&self) -> Result<Option<String>, PluginError> {
        result_from_raw(self.raw.next_get_default_image()).map(|image| image.into_option().map(String::from))
    }

    /// What the rest of the chain answers to `get_auth_success_html`.
    ///
    /// # Errors
    ///
    /// Those of the link that answered.
    pub fn get_auth_success_html(&self, endpoint: &str) -> Result<Option<String>, PluginError> {
        result_from_raw(self.raw.next_get_auth_success_html(RStr::from_str(endpoint)))
            .map(|html| html.into_option().map(String::from))
    }

    /// What the rest of the chain answers to `get_default_cache_policies`.
    ///
    /// # Errors
    ///
    /// Those of the link that answered.
    pub fn get_default_cache_policies(&self) -> Result<Vec<CachePolicy>, PluginError> {
        let policies = result_from_raw(self.raw.next_get_default_cache_policies())?;
        Ok(policies.into_iter().map(CachePolicy::from_raw).collect())
    }

    /// What the rest of the chain answers to the hook of the growth tests.
    ///
    /// # Errors
    ///
    /// Those of the link that answered.
    #[cfg(next_protocol)]
    pub fn get_greeting(&self) -> Result<String, PluginError> {
        result_from_raw(self.raw.next_get_greeting()).map(String::from)
    }
}
