//! Adapters between an author's code and the interfaces that the host calls.
//!
//! [`guard`] runs the author's code and catches its panics inside the plugin, where they can be caught. It
//! keeps the text and location of a panic and returns them as an error. A panic that crossed the ABI would
//! abort the process.

use std::{
    cell::{Cell, RefCell},
    io::{self, Write as _},
    ops::Deref,
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    sync::{Mutex, Once, PoisonError},
};

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{ROption, RResult, RStr, RString, RVec},
};

use crate::{
    Group, Host, LogLevel, Next, Plugin, PluginError, RemoteRequest,
    vtable::{
        AbiResult, CachePolicyBox, CommandRef, ContextRef, EditBox, Hooks, Hooks_TO, HooksBox, RemoteBox,
        RemoteRequestRef,
    },
};

thread_local! {
    /// How many guarded calls are on this thread's stack.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Text and location of the last panic in a guarded call.
    static LAST_PANIC: RefCell<Option<(String, Option<String>)>> = const { RefCell::new(None) };
}

/// Runs an author's code; a panic becomes an error.
///
/// Unwinding may leave the author's own values half changed: locks are poisoned, and nothing more is
/// promised. The host may call the plugin again; `plugin show` asks every hook, and a command continues after
/// a panic in `get_auth_success_html`.
#[doc(hidden)]
pub fn guard<T>(body: impl FnOnce() -> Result<T, PluginError>) -> AbiResult<T> {
    // One access to the thread-local: it is most of the cost of a guard.
    let result = DEPTH.with(|depth| {
        depth.set(depth.get() + 1);
        let result = panic::catch_unwind(AssertUnwindSafe(body));
        depth.set(depth.get() - 1);
        result
    });
    match result {
        Ok(Ok(value)) => RResult::ROk(value),
        Ok(Err(error)) => RResult::RErr(error.into_raw()),
        Err(payload) => RResult::RErr(caught(payload)),
    }
}

#[cold]
fn caught(payload: Box<dyn std::any::Any + Send>) -> crate::vtable::FaultBox {
    let noted = LAST_PANIC.take();
    // The payload's own destructor is the author's code, and may panic in its turn; so may that of what it
    // panicked with, which is therefore never run.
    DEPTH.set(DEPTH.get() + 1);
    if let Err(second) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
        LAST_PANIC.take();
    }
    DEPTH.set(DEPTH.get() - 1);
    let (text, place) = noted.unwrap_or_else(|| ("panicked without a message".to_owned(), None));
    PluginError::panicked(text, place).into_raw()
}

/// Installs a panic hook that records panics of guarded calls instead of printing them; other panics are
/// unchanged.
///
/// A library has its own copy of the standard library, hence its own panic hook.
#[doc(hidden)]
pub fn note_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| if DEPTH.get() > 0 { note(info) } else { previous(info) }));
    });
}

fn note(info: &PanicHookInfo<'_>) {
    // `payload_as_str` is younger than the oldest compiler that plugin authors may use.
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "panicked with a value that is not text".to_owned());
    let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
    LAST_PANIC.set(Some((text, place)));
}

/// Where a panic is logged that no call can return: the services of the plugin that was created last in this
/// library.
static HOST: Mutex<Option<Host>> = Mutex::new(None);

/// A value of the author's that the host drops: catches a panic of its destructor.
///
/// The panic becomes a warning in the host's log, because there is no call that could return it.
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
        let dropped = guard(|| {
            drop(value);
            Ok(())
        });
        if let RResult::RErr(fault) = dropped {
            let known = || HOST.lock().unwrap_or_else(PoisonError::into_inner).clone();
            warn(self.host.take().or_else(known), &PluginError::from_raw(&fault));
        }
    }
}

#[cold]
fn warn(host: Option<Host>, panic: &PluginError) {
    let place = panic.location().map(|place| format!(" ({place})")).unwrap_or_default();
    let text = format!("panicked in `drop`: {}{place}; this is a bug in the plugin", panic.message());
    match host {
        Some(host) => host.log(LogLevel::Warn, format_args!("{text}")),
        // The plugin was never created, so there is no log. Write errors are ignored.
        None => drop(writeln!(io::stderr(), "{text}")),
    }
}

/// An author's plugin behind the host's interface.
struct Adapter<P>(CatchDrop<P>);

/// Creates an author's plugin and puts it behind the host's interface.
#[doc(hidden)]
pub fn create<P: Plugin>(host: crate::vtable::HostArc) -> AbiResult<HooksBox> {
    note_panics();
    guard(|| {
        let host = Host::from_raw(host);
        *HOST.lock().unwrap_or_else(PoisonError::into_inner) = Some(host.clone());
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
