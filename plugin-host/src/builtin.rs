//! The built-in default: the last link of every chain, behind the same vtable as a plugin.
//!
//! Its answers are those of flytekit's `FlytekitPlugin`.

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{ROption, RResult::ROk, RStr, RString, RVec},
};
use plugin_abi::{
    CachePolicy, PluginError, Remote, RemoteRequest, panics,
    vtable::{
        AbiResult, CachePolicyBox, CommandRef, ContextRef, EditBox, Hooks, Hooks_TO, RemoteBox,
        RemoteRequestRef,
    },
};

use super::link::Link;

/// What the end of a chain answers. The defaults are flytekit's.
pub trait BuiltinAnswers: Send + Sync + 'static {
    /// The connection to Flyte. [`Remote::with_base`] numbers the answer: [`ResolvedRemote`] then says which
    /// one the plugins started from.
    ///
    /// # Errors
    ///
    /// If there is no connection, for example because the configuration cannot be read.
    ///
    /// [`ResolvedRemote`]: crate::ResolvedRemote
    fn get_remote(&self, request: &RemoteRequest) -> Result<Remote, PluginError>;

    /// Whether a secret must name a group.
    ///
    /// # Errors
    ///
    /// Only those of another plugin system.
    fn secret_requires_group(&self) -> Result<bool, PluginError> {
        Ok(true)
    }

    /// The image of tasks without one.
    ///
    /// # Errors
    ///
    /// Only those of another plugin system.
    fn get_default_image(&self) -> Result<Option<String>, PluginError> {
        Ok(None)
    }

    /// The page to show after sign-in.
    ///
    /// # Errors
    ///
    /// Only those of another plugin system.
    fn get_auth_success_html(&self, _endpoint: &str) -> Result<Option<String>, PluginError> {
        Ok(None)
    }

    /// The policies of tasks without a cache version.
    ///
    /// # Errors
    ///
    /// Only those of another plugin system.
    fn get_default_cache_policies(&self) -> Result<Vec<CachePolicy>, PluginError> {
        Ok(Vec::new())
    }
}

/// The answers of a chain without plugins.
pub struct Builtin {
    answers: Box<dyn BuiltinAnswers>,
}

/// flytekit's answers, with the program's own `get_remote`.
struct OwnRemote<F>(F);

impl<F> BuiltinAnswers for OwnRemote<F>
where
    F: Fn(&RemoteRequest) -> Result<Remote, PluginError> + Send + Sync + 'static,
{
    fn get_remote(&self, request: &RemoteRequest) -> Result<Remote, PluginError> {
        (self.0)(request)
    }
}

impl Builtin {
    /// A default whose `get_remote` is this function, and whose other answers are flytekit's.
    pub fn new(
        get_remote: impl Fn(&RemoteRequest) -> Result<Remote, PluginError> + Send + Sync + 'static,
    ) -> Self {
        Self::from_answers(OwnRemote(get_remote))
    }

    /// A default that is another plugin system.
    pub fn from_answers(answers: impl BuiltinAnswers) -> Self {
        Self { answers: Box::new(answers) }
    }

    pub(super) fn into_link(self) -> Link {
        Link::builtin(Hooks_TO::from_value(self, TD_Opaque))
    }
}

impl Hooks for Builtin {
    fn get_remote(&self, request: RemoteRequestRef<'_>, _context: ContextRef<'_>) -> AbiResult<RemoteBox> {
        panics::guard(|| self.answers.get_remote(&RemoteRequest::from_raw(&request)).map(Remote::into_raw))
    }

    fn configure_cli(&self, _main: CommandRef<'_>) -> AbiResult<RVec<EditBox>> {
        ROk(RVec::new())
    }

    fn secret_requires_group(&self, _context: ContextRef<'_>) -> AbiResult<bool> {
        panics::guard(|| self.answers.secret_requires_group())
    }

    fn get_default_image(&self, _context: ContextRef<'_>) -> AbiResult<ROption<RString>> {
        panics::guard(|| self.answers.get_default_image().map(optional_text))
    }

    fn get_auth_success_html(
        &self,
        endpoint: RStr<'_>,
        _context: ContextRef<'_>,
    ) -> AbiResult<ROption<RString>> {
        panics::guard(|| self.answers.get_auth_success_html(endpoint.as_str()).map(optional_text))
    }

    fn get_default_cache_policies(&self, _context: ContextRef<'_>) -> AbiResult<RVec<CachePolicyBox>> {
        panics::guard(|| {
            let policies = self.answers.get_default_cache_policies()?;
            Ok(policies.into_iter().map(CachePolicy::into_raw).collect())
        })
    }

    #[cfg(next_protocol)]
    fn get_greeting(&self, _context: ContextRef<'_>) -> AbiResult<RString> {
        ROk(RString::from("no greeting"))
    }
}

fn optional_text(text: Option<String>) -> ROption<RString> {
    text.map(RString::from).into()
}
