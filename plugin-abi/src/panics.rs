//! Catches panics of an author's code, and reports those that no call can return.
//!
//! [`guard`] catches a panic inside the plugin, where it can be caught, and returns its text and location as
//! an error. A panic that crossed the ABI would abort the process.

use std::{
    any::{Any, TypeId},
    cell::{Cell, RefCell},
    io::{self, Write as _},
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    sync::{
        Mutex, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use abi_stable::std_types::RResult;

use crate::{
    Host, LogLevel, PluginError,
    limit::limit_text,
    vtable::{AbiResult, FaultBox},
};

/// What the panic hook noted: the payload itself is only borrowed there.
struct PanicNote {
    payload: TypeId,
    text: Option<String>,
    location: Option<String>,
}

/// The guarded calls of a thread. Without a destructor, so that it can be read while a thread ends.
struct GuardState {
    /// How many guarded calls are on the stack.
    depth: Cell<u32>,
    /// Whether [`NOTE`] has a note of the innermost call.
    has_note: Cell<bool>,
}

thread_local! {
    static STATE: GuardState = const { GuardState { depth: Cell::new(0), has_note: Cell::new(false) } };
    /// The last panic in the innermost guarded call, whether or not the author caught it.
    static NOTE: RefCell<Option<Box<PanicNote>>> = const { RefCell::new(None) };
}

impl GuardState {
    /// Begins a call; returns the note of the call around it, which may be unwinding.
    fn enter(&self) -> Option<Box<PanicNote>> {
        self.depth.set(self.depth.get() + 1);
        self.take_note()
    }

    /// Ends a call; returns its note, and restores that of the call around it.
    fn leave(&self, outer: Option<Box<PanicNote>>) -> Option<Box<PanicNote>> {
        self.depth.set(self.depth.get() - 1);
        let own = self.take_note();
        if outer.is_some() {
            self.set_note(outer);
        }
        own
    }

    fn take_note(&self) -> Option<Box<PanicNote>> {
        if self.has_note.replace(false) { NOTE.try_with(RefCell::take).ok().flatten() } else { None }
    }

    fn set_note(&self, note: Option<Box<PanicNote>>) {
        // An error means that the thread ends, and that its notes are gone.
        self.has_note.set(NOTE.try_with(|kept| kept.replace(note)).is_ok());
    }
}

type Caught = (Box<dyn Any + Send>, Option<Box<PanicNote>>);

fn catch<T>(body: impl FnOnce() -> T) -> Result<T, Caught> {
    // One access to the thread-local: it is most of the cost of a guard.
    STATE.with(|state| {
        let outer = state.enter();
        let result = panic::catch_unwind(AssertUnwindSafe(body));
        let note = state.leave(outer);
        result.map_err(|payload| (payload, note))
    })
}

/// Runs an author's code; a panic becomes an error.
///
/// Unwinding may leave the author's own values half changed: locks are poisoned, and nothing more is
/// promised. The host may call the plugin again; `plugin show` asks every hook, and a command continues after
/// a panic in `get_auth_success_html`.
#[doc(hidden)]
pub fn guard<T>(body: impl FnOnce() -> Result<T, PluginError>) -> AbiResult<T> {
    match catch(body) {
        Ok(Ok(value)) => RResult::ROk(value),
        Ok(Err(error)) => RResult::RErr(error.into_raw()),
        Err((payload, note)) => RResult::RErr(into_fault(payload, note)),
    }
}

#[cold]
fn into_fault(payload: Box<dyn Any + Send>, note: Option<Box<PanicNote>>) -> FaultBox {
    let (kind, text) = ((*payload).type_id(), payload_text(&*payload));
    // The author may have caught the panic of the note and raised this one, perhaps with what another thread
    // panicked with.
    let own = note.filter(|note| note.payload == kind && note.text == text);
    // The payload's own destructor is the author's code, and may panic in its turn; so may that of what it
    // panicked with, which is therefore never run.
    if let Err((second, _)) = catch(|| drop(payload)) {
        std::mem::forget(second);
    }
    PluginError::panicked(shown(text), own.and_then(|note| note.location)).into_raw()
}

fn payload_text(payload: &(dyn Any + Send)) -> Option<String> {
    // `payload_as_str` is younger than the oldest compiler that plugin authors may use.
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).map(limit_text)
}

fn shown(text: Option<String>) -> String {
    text.unwrap_or_else(|| "panicked with a value that is not text".to_owned())
}

/// Whether this code is in a library of its own, so that all panics that reach its hook are the plugin's.
static IN_OWN_LIBRARY: AtomicBool = AtomicBool::new(false);

/// Where a panic is logged that no call can return: the services of the plugin that was created last in this
/// library.
static HOST: Mutex<Option<Host>> = Mutex::new(None);

/// Says that the plugin was loaded as a library, and not compiled into the program.
#[doc(hidden)]
pub fn set_in_own_library() {
    IN_OWN_LIBRARY.store(true, Ordering::Relaxed);
}

/// Sets the host to which panics are reported that no call can return.
pub(crate) fn set_host(host: Host) {
    *HOST.lock().unwrap_or_else(PoisonError::into_inner) = Some(host);
}

fn host() -> Option<Host> {
    HOST.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Installs a panic hook that notes panics of guarded calls instead of printing them, and logs those of the
/// library's other threads.
///
/// A library has its own copy of the standard library, hence its own panic hook.
#[doc(hidden)]
pub fn note_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let is_guarded = STATE.with(|state| state.depth.get() > 0);
            let is_own = IN_OWN_LIBRARY.load(Ordering::Relaxed);
            match host().filter(|_| is_own) {
                _ if is_guarded => note(info),
                Some(host) => report_thread(&host, info),
                None => previous(info),
            }
        }));
    });
}

fn note(info: &PanicHookInfo<'_>) {
    let payload = info.payload().type_id();
    let note = PanicNote { payload, text: payload_text(info.payload()), location: location(info) };
    STATE.with(|state| state.set_note(Some(Box::new(note))));
}

fn location(info: &PanicHookInfo<'_>) -> Option<String> {
    info.location().map(|location| format!("{}:{}", location.file(), location.line()))
}

fn report_thread(host: &Host, info: &PanicHookInfo<'_>) {
    let panic = PluginError::panicked(shown(payload_text(info.payload())), location(info));
    host.log(
        LogLevel::Error,
        format_args!("a thread of the plugin panicked: {}", panic.message_with_location()),
    );
}

/// Runs a destructor of the author's. A panic becomes a warning in the host's log, because there is no call
/// that could return it.
pub(crate) fn guard_drop(own_host: Option<Host>, body: impl FnOnce()) {
    let Err((payload, note)) = catch(body) else { return };
    let panic = PluginError::from_raw(&into_fault(payload, note));
    let text = format!("panicked in `drop`: {}; this is a bug in the plugin", panic.message_with_location());
    match own_host.or_else(host) {
        Some(host) => host.log(LogLevel::Warn, format_args!("{text}")),
        // The plugin was never created, so there is no log. Write errors are ignored.
        None => drop(writeln!(io::stderr(), "{text}")),
    }
}

#[cfg(test)]
mod tests {
    use std::{panic::resume_unwind, thread};

    use super::*;

    /// The message and the location of the panic of a guarded call; the location without the line.
    fn caught(body: impl FnOnce()) -> (String, Option<String>) {
        note_panics();
        let result = guard(|| {
            body();
            Ok(())
        });
        let error = PluginError::from_raw(&result.into_result().expect_err("a panic"));
        let file = |location: &str| location.split(':').next().map(str::to_owned);
        (error.message().to_owned(), error.location().and_then(file))
    }

    fn here() -> Option<String> {
        Some(file!().to_owned())
    }

    #[test]
    fn a_panic_has_its_text_and_location() {
        assert_eq!(caught(|| panic!("a text")), ("a text".to_owned(), here()));
        assert_eq!(caught(|| panic!("{} texts", 2)), ("2 texts".to_owned(), here()));
        let not_text = "panicked with a value that is not text".to_owned();
        assert_eq!(caught(|| panic::panic_any(42)), (not_text, here()));
    }

    #[test]
    fn the_text_of_a_panic_is_that_of_its_payload() {
        let handled = || drop(panic::catch_unwind(|| panic!("an old panic that was handled")));
        let resumed = caught(|| {
            handled();
            resume_unwind(Box::new("the new reason"));
        });
        assert_eq!(resumed, ("the new reason".to_owned(), None));
        let resumed = caught(|| {
            handled();
            resume_unwind(Box::new(42));
        });
        assert_eq!(resumed, ("panicked with a value that is not text".to_owned(), None));
    }

    #[test]
    fn a_panic_that_was_handled_in_an_earlier_call_leaves_no_location() {
        note_panics();
        let handled: AbiResult<()> = guard(|| {
            drop(panic::catch_unwind(|| panic!("the same text")));
            Ok(())
        });
        assert!(handled.is_ok());
        assert_eq!(caught(|| resume_unwind(Box::new("the same text"))), ("the same text".to_owned(), None));
    }

    #[test]
    fn a_panic_of_another_thread_that_is_passed_on_keeps_its_text() {
        let passed_on = caught(|| {
            let worker: thread::JoinHandle<()> = thread::spawn(|| resume_unwind(Box::new("of the worker")));
            if let Err(payload) = worker.join() {
                resume_unwind(payload);
            }
        });
        assert_eq!(passed_on, ("of the worker".to_owned(), None));
    }

    #[test]
    fn a_guarded_call_during_unwinding_leaves_the_location_of_the_panic() {
        struct CallsTheHost;
        impl Drop for CallsTheHost {
            fn drop(&mut self) {
                let inner: AbiResult<()> = guard(|| {
                    drop(panic::catch_unwind(|| resume_unwind(Box::new("inside"))));
                    Ok(())
                });
                assert!(inner.is_ok());
            }
        }
        let panicked = caught(|| {
            let _calls = CallsTheHost;
            panic!("outside");
        });
        assert_eq!(panicked, ("outside".to_owned(), here()));
    }

    #[test]
    fn a_panic_of_a_destructor_is_a_warning() {
        struct Trap;
        impl Drop for Trap {
            fn drop(&mut self) {
                panic!("stuck");
            }
        }
        note_panics();
        let (host, log) = crate::testing::host_with_log();
        guard_drop(Some(host), || drop(Trap));
        let lines = log();
        let (start, rest) = lines[0].split_once(" (").expect("a location");
        assert_eq!((lines.len(), start), (1, "panicked in `drop`: stuck"));
        assert!(rest.starts_with(file!()) && rest.ends_with("); this is a bug in the plugin"), "{rest}");
    }

    #[test]
    fn a_payload_whose_destructor_panics_is_reported() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic::panic_any(Self);
            }
        }
        assert_eq!(
            caught(|| panic::panic_any(Bomb)),
            ("panicked with a value that is not text".to_owned(), here())
        );
    }
}
