//! Adapters between an author's code and the interfaces that the host calls.

use std::ops::Deref;

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{ROption, RStr, RString, RVec},
};

use crate::{
    Group, Host, Next, Plugin, RemoteRequest,
    panics::{self, guard},
    vtable::{
        AbiResult, CachePolicyBox, CommandRef, ContextRef, EditBox, Hooks, Hooks_TO, HooksBox, RemoteBox,
        RemoteRequestRef,
    },
};

/// A value of the author's that the host drops: catches a panic of its destructor.
pub(crate) struct CatchDrop<T> {
    value: Option<T>,
    host: Option<Host>,
}

impl<T> CatchDrop<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value: Some(value), host: None }
    }

    fn with_host(value: T, host: Host) -> Self {
        Self { value: Some(value), host: Some(host) }
    }
}

impl<T> Deref for CatchDrop<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("only the destructor takes it out")
    }
}

impl<T> Drop for CatchDrop<T> {
    fn drop(&mut self) {
        let value = self.value.take();
        panics::guard_drop(self.host.take(), || drop(value));
    }
}

/// An author's plugin behind the host's interface.
struct Adapter<P>(CatchDrop<P>);

/// Creates an author's plugin and puts it behind the host's interface.
#[doc(hidden)]
pub fn create<P: Plugin>(host: crate::vtable::HostArc) -> AbiResult<HooksBox> {
    panics::note_panics();
    guard(|| {
        let host = Host::from_raw(host);
        panics::set_host(host.clone());
        let plugin = P::create(host.clone())?;
        Ok(Hooks_TO::from_value(Adapter(CatchDrop::with_host(plugin, host)), TD_Opaque))
    })
}

impl<P: Plugin> Hooks for Adapter<P> {
    fn get_remote(&self, request: RemoteRequestRef<'_>, context: ContextRef<'_>) -> AbiResult<RemoteBox> {
        guard(|| {
            let request = RemoteRequest::from_raw(&request);
            self.0.get_remote(&request, Next::new(&context)).map(crate::Remote::into_raw)
        })
    }

    fn configure_cli(&self, main: CommandRef<'_>) -> AbiResult<RVec<EditBox>> {
        guard(|| {
            let mut group = Group::root(&main);
            self.0.configure_cli(&mut group)?;
            Ok(group.into_edits())
        })
    }

    fn secret_requires_group(&self, context: ContextRef<'_>) -> AbiResult<bool> {
        guard(|| self.0.secret_requires_group(Next::new(&context)))
    }

    fn get_default_image(&self, context: ContextRef<'_>) -> AbiResult<ROption<RString>> {
        guard(|| {
            let image = self.0.get_default_image(Next::new(&context))?;
            Ok(image.map(RString::from).into())
        })
    }

    fn get_auth_success_html(
        &self,
        endpoint: RStr<'_>,
        context: ContextRef<'_>,
    ) -> AbiResult<ROption<RString>> {
        guard(|| {
            let html = self.0.get_auth_success_html(endpoint.as_str(), Next::new(&context))?;
            Ok(html.map(RString::from).into())
        })
    }

    fn get_default_cache_policies(&self, context: ContextRef<'_>) -> AbiResult<RVec<CachePolicyBox>> {
        guard(|| {
            let policies = self.0.get_default_cache_policies(Next::new(&context))?;
            Ok(policies.into_iter().map(crate::CachePolicy::into_raw).collect())
        })
    }

    #[cfg(next_protocol)]
    fn get_greeting(&self, context: ContextRef<'_>) -> AbiResult<RString> {
        guard(|| self.0.get_greeting(Next::new(&context)).map(RString::from))
    }
}
