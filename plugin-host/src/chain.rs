//! The chain: plugins in order, the built-in default at the end.
//!
//! A hook goes to the first link that overrides it. What that link gets as `next` is a `Rest`, which
//! asks the links behind it in the same way. Values that a plugin must not see (the client secret) and
//! facts that it cannot know (which plugin caused an error that it passes on) stay in the `Call`; only
//! their number crosses the ABI.

use std::sync::OnceLock;

use abi_stable::{
    erased_types::TD_Opaque,
    sabi_types::RRef,
    std_types::{ROption, RResult, RStr, RString, RVec},
};
use plugin_abi::{
    CachePolicy, Hook, PluginError, Remote, RemoteRequest,
    vtable::{
        AbiResult, CachePolicyBox, CommandRef, Context, Context_TO, ContextRef, EditBox, FaultBox, RemoteBox,
        RemoteRequest_TO, RemoteRequestRef,
    },
};

use super::{
    Builtin, HandleTable, HookError, HookErrors, Identity, Link,
    calls::{self, CallRecord},
    error::{CallSite, HookErrorKind},
    policy::{self, Policy},
    remote::ResolvedRemote,
    validate,
};

/// Plugins in the order in which they are asked, with the built-in default behind the last.
#[derive(Debug)]
pub struct Chain {
    links: Vec<Link>,
    /// The link whose hook is called first, by the hook's number: a cache for the common case.
    first: [usize; Hook::ALL.len()],
    errors: HookErrors,
}

impl Chain {
    /// A chain of plugins, the first in front.
    #[must_use]
    pub fn new(plugins: Vec<Link>, builtin: Builtin) -> Self {
        let mut links = plugins;
        links.push(builtin.into_link());
        let first = std::array::from_fn(|number| first_from(&links, 0, Hook::ALL[number]));
        Self { links, first, errors: HookErrors::default() }
    }

    /// The plugins, without the built-in default.
    #[must_use]
    pub fn plugins(&self) -> &[Link] {
        self.links.split_last().map_or(&[], |(_builtin, plugins)| plugins)
    }

    /// Whether it has no plugin, only the built-in default.
    #[must_use]
    pub fn is_builtin(&self) -> bool {
        self.links.len() == 1
    }

    /// The errors that the plugins received from the host, to recognize one that is passed on.
    #[must_use]
    pub fn errors(&self) -> &HookErrors {
        &self.errors
    }

    /// The link whose hook is called first.
    #[must_use]
    pub fn first_for(&self, hook: Hook) -> &Link {
        &self.links[self.first_from(0, hook)]
    }

    fn first_from(&self, from: usize, hook: Hook) -> usize {
        if from == 0 { self.first[hook as usize] } else { first_from(&self.links, from, hook) }
    }

    /// Calls `get_remote`: which Flyte to connect to. Unset fields are `None`.
    ///
    /// # Errors
    ///
    /// The error of the plugin that failed.
    pub fn get_remote(&self, request: &RemoteRequest) -> Result<ResolvedRemote, HookError> {
        Call::new(self).get_remote(0, request)
    }

    /// Calls `configure_cli` of one link: how it edits the command line `main`, which the links behind
    /// it have edited already. `link` is an index into [`Chain::plugins`].
    ///
    /// # Errors
    ///
    /// The plugin's error.
    pub fn configure_cli(&self, link: usize, main: CommandRef<'_>) -> Result<RVec<EditBox>, HookError> {
        let link = &self.links[link];
        if !link.overrides(Hook::ConfigureCli) {
            return Ok(RVec::new());
        }
        let _call = link.enter(Hook::ConfigureCli);
        let edits = link.hooks.configure_cli(main).into_result().map_err(|raw| {
            let (call_site, error) = (CallSite::Hook(Hook::ConfigureCli), PluginError::from_raw(&raw));
            self.errors.attribute(&link.identity, call_site, error)
        })?;
        #[cfg(next_protocol)]
        super::growth::ask(&link.identity, &super::growth::Made::Edits(&edits));
        Ok(edits)
    }

    /// Calls `secret_requires_group`: whether a secret must name a group.
    ///
    /// # Errors
    ///
    /// The error of the plugin that failed.
    pub fn secret_requires_group(&self) -> Result<bool, HookError> {
        Call::new(self).secret_requires_group(0)
    }

    /// Calls `get_default_image`: the image of tasks without one; `None` if no plugin sets it.
    ///
    /// # Errors
    ///
    /// The error of the plugin that failed.
    pub fn get_default_image(&self) -> Result<Option<String>, HookError> {
        Call::new(self).get_default_image(0)
    }

    /// Calls `get_auth_success_html`: the page to show after sign-in; `None` if no plugin sets it.
    ///
    /// # Errors
    ///
    /// The error of the plugin that failed.
    pub fn get_auth_success_html(&self, endpoint: &str) -> Result<Option<String>, HookError> {
        Call::new(self).get_auth_success_html(0, endpoint)
    }

    /// As [`Chain::get_auth_success_html`], without a time limit: for a program that shows its own page when
    /// the plugin's is late.
    ///
    /// # Errors
    ///
    /// As [`Chain::get_auth_success_html`].
    pub fn get_auth_success_html_unlimited(&self, endpoint: &str) -> Result<Option<String>, HookError> {
        let call = Call { is_limited_by_caller: true, ..Call::new(self) };
        call.get_auth_success_html(0, endpoint)
    }

    /// Calls `get_default_cache_policies`: the policies of tasks without a cache version.
    ///
    /// # Errors
    ///
    /// The error of the plugin that failed. The functions of a policy are called, and may fail, later.
    pub fn get_default_cache_policies(&self) -> Result<Vec<Policy>, HookError> {
        let policies = Call::new(self).get_default_cache_policies(0)?;
        let owner = &self.first_for(Hook::GetDefaultCachePolicies).identity;
        let errors = || self.errors.clone();
        Ok(policies.into_iter().map(|policy| Policy::new(policy, owner.clone(), errors())).collect())
    }

    /// Calls the hook of the growth tests.
    ///
    /// # Errors
    ///
    /// The error of the plugin that failed.
    #[cfg(next_protocol)]
    pub fn get_greeting(&self) -> Result<String, HookError> {
        Call::new(self).get_greeting(0)
    }
}

/// The first link from an index on that overrides a hook; the last one, the built-in default, always does.
fn first_from(links: &[Link], from: usize, hook: Hook) -> usize {
    let last = links.len() - 1;
    (from..last).find(|&index| links[index].overrides(hook)).unwrap_or(last)
}

/// One call of one hook, through any number of links.
struct Call<'a> {
    chain: &'a Chain,
    /// The remotes that `next` returned to plugins, which they may pass on. Most calls have none, and the
    /// table is a fifth of what a call costs.
    remotes: OnceLock<Box<HandleTable<ResolvedRemote>>>,
    /// Whether the caller continues without an answer that is late.
    is_limited_by_caller: bool,
}

/// The links from an index on, as the plugin in front of them sees them.
struct Rest<'a> {
    call: &'a Call<'a>,
    from: usize,
}

impl<'a> Call<'a> {
    fn new(chain: &'a Chain) -> Self {
        Self { chain, remotes: OnceLock::new(), is_limited_by_caller: false }
    }

    /// Calls the first link from an index on that overrides a hook; returns its index with the answer.
    fn ask<T>(
        &self,
        hook: Hook,
        from: usize,
        ask: impl FnOnce(&Link, ContextRef<'_>) -> AbiResult<T>,
    ) -> Result<(usize, T), HookError> {
        let index = self.chain.first_from(from, hook);
        let link = &self.chain.links[index];
        let rest = Rest { call: self, from: index + 1 };
        let _call = self.record(link, hook).enter_watched();
        match ask(link, Context_TO::from_ptr(RRef::new(&rest), TD_Opaque)) {
            RResult::ROk(answer) => Ok((index, answer)),
            RResult::RErr(raw) => Err(self.attribute(link, hook, &raw)),
        }
    }

    #[inline]
    fn record(&self, link: &Link, hook: Hook) -> &'static CallRecord {
        let record = link.record(hook);
        if self.is_limited_by_caller { record.limited_by_caller() } else { record }
    }

    /// Attributes an error to the link that returned it, unless it passed on what `next` returned.
    #[cold]
    fn attribute(&self, link: &Link, hook: Hook, raw: &FaultBox) -> HookError {
        #[cfg(next_protocol)]
        super::growth::ask(&link.identity, &super::growth::Made::Fault(raw));
        self.chain.errors.attribute(&link.identity, CallSite::Hook(hook), PluginError::from_raw(raw))
    }

    fn invalid_value(&self, index: usize, hook: Hook, reason: String) -> HookError {
        let plugin = self.chain.links[index].identity.clone();
        HookError::new(plugin, CallSite::Hook(hook), HookErrorKind::InvalidValue(reason))
    }

    fn is_builtin(&self, index: usize) -> bool {
        index + 1 == self.chain.links.len()
    }

    fn owner(&self, index: usize) -> Option<&Identity> {
        (!self.is_builtin(index)).then(|| &self.chain.links[index].identity)
    }

    fn get_remote(&self, from: usize, request: &RemoteRequest) -> Result<ResolvedRemote, HookError> {
        let hook = Hook::GetRemote;
        let (index, raw) = self.ask(hook, from, |link, context| {
            link.hooks.get_remote(RemoteRequest_TO::from_ptr(RRef::new(request), TD_Opaque), context)
        })?;
        let _call = self.chain.links[index].enter(hook);
        #[cfg(next_protocol)]
        super::growth::ask(&self.chain.links[index].identity, &super::growth::Made::Remote(&raw));
        let answer = Remote::from_raw(&raw);
        validate::remote(&answer).map_err(|reason| self.invalid_value(index, hook, reason))?;
        let base = self.remotes.get().and_then(|remotes| remotes.get(answer.base()));
        let Some(owner) = self.owner(index) else { return Ok(ResolvedRemote::builtin(answer)) };
        let resolved = ResolvedRemote::new(answer, base.unwrap_or_default(), owner);
        Ok(match raw.transport() {
            ROption::RSome(layer) => resolved.with_layer(owner, layer, &self.chain.errors),
            ROption::RNone => resolved,
        })
    }

    #[inline]
    fn secret_requires_group(&self, from: usize) -> Result<bool, HookError> {
        let (_, answer) = self.ask(Hook::SecretRequiresGroup, from, |link, context| {
            link.hooks.secret_requires_group(context)
        })?;
        Ok(answer)
    }

    fn get_default_image(&self, from: usize) -> Result<Option<String>, HookError> {
        let hook = Hook::GetDefaultImage;
        self.first_answer(hook, from, validate::image, |link, context| link.hooks.get_default_image(context))
    }

    fn get_auth_success_html(&self, from: usize, endpoint: &str) -> Result<Option<String>, HookError> {
        self.first_answer(Hook::GetAuthSuccessHtml, from, validate::html, |link, context| {
            link.hooks.get_auth_success_html(RStr::from_str(endpoint), context)
        })
    }

    /// Calls link after link until one does not decline.
    fn first_answer(
        &self,
        hook: Hook,
        mut from: usize,
        validate: impl Fn(&str) -> Result<(), String>,
        ask: impl Fn(&Link, ContextRef<'_>) -> AbiResult<ROption<RString>>,
    ) -> Result<Option<String>, HookError> {
        loop {
            let (index, answer) = self.ask(hook, from, &ask)?;
            if let ROption::RSome(text) = answer {
                if !self.is_builtin(index) {
                    validate(&text).map_err(|reason| self.invalid_value(index, hook, reason))?;
                }
                return Ok(Some(text.into()));
            }
            if self.is_builtin(index) {
                return Ok(None);
            }
            from = index + 1;
        }
    }

    fn get_default_cache_policies(&self, from: usize) -> Result<Vec<CachePolicy>, HookError> {
        let hook = Hook::GetDefaultCachePolicies;
        let (index, answer) =
            self.ask(hook, from, |link, context| link.hooks.get_default_cache_policies(context))?;
        let _call = self.chain.links[index].enter(hook);
        #[cfg(next_protocol)]
        super::growth::ask(&self.chain.links[index].identity, &super::growth::Made::Policies(&answer));
        let policies: Vec<CachePolicy> = answer.into_iter().map(CachePolicy::from_raw).collect();
        validate::policies(&policies).map_err(|reason| self.invalid_value(index, hook, reason))?;
        let owner = &self.chain.links[index].identity;
        let errors = &self.chain.errors;
        Ok(policies.into_iter().map(|policy| policy::attribute_errors(policy, owner, errors)).collect())
    }

    #[cfg(next_protocol)]
    fn get_greeting(&self, from: usize) -> Result<String, HookError> {
        let (_, answer) =
            self.ask(Hook::GetGreeting, from, |link, context| link.hooks.get_greeting(context))?;
        Ok(answer.into())
    }

    /// Converts a result for a plugin.
    fn to_abi<T>(&self, result: Result<T, HookError>) -> AbiResult<T> {
        RResult::from(result.map_err(|error| self.chain.errors.lend(error).into_raw()))
    }
}

impl Context for Rest<'_> {
    fn next_get_remote(&self, request: RemoteRequestRef<'_>) -> AbiResult<RemoteBox> {
        let _end = calls::end_on_panic();
        let resolved = self.call.get_remote(self.from, &RemoteRequest::from_raw(&request));
        self.call.to_abi(resolved.map(|resolved| {
            let shown = resolved.without_secrets();
            let number = self.call.remotes.get_or_init(Box::default).insert(resolved);
            shown.with_base(number).into_raw()
        }))
    }

    fn next_secret_requires_group(&self) -> AbiResult<bool> {
        let _end = calls::end_on_panic();
        self.call.to_abi(self.call.secret_requires_group(self.from))
    }

    fn next_get_default_image(&self) -> AbiResult<ROption<RString>> {
        let _end = calls::end_on_panic();
        let image = self.call.get_default_image(self.from);
        self.call.to_abi(image.map(|image| image.map(RString::from).into()))
    }

    fn next_get_auth_success_html(&self, endpoint: RStr<'_>) -> AbiResult<ROption<RString>> {
        let _end = calls::end_on_panic();
        let html = self.call.get_auth_success_html(self.from, endpoint.as_str());
        self.call.to_abi(html.map(|html| html.map(RString::from).into()))
    }

    fn next_get_default_cache_policies(&self) -> AbiResult<RVec<CachePolicyBox>> {
        let _end = calls::end_on_panic();
        let policies = self.call.get_default_cache_policies(self.from);
        self.call.to_abi(policies.map(|policies| policies.into_iter().map(CachePolicy::into_raw).collect()))
    }

    #[cfg(next_protocol)]
    fn next_get_greeting(&self) -> AbiResult<RString> {
        let _end = calls::end_on_panic();
        self.call.to_abi(self.call.get_greeting(self.from).map(RString::from))
    }
}
