//! Threads that plugins start: whose they are, and a stack for signal handlers in each.
//!
//! A program defines `pthread_create` itself ([`crate::watch_threads`]), and the loader finds its definition
//! before the C library's. Without it a stack overflow in such a thread is only seen at the next start, and
//! its plugin is found by the code on the stack.

#![expect(unsafe_code, reason = "a function of the C library is replaced, and memory is mapped for a stack")]

use std::{
    cell::Cell,
    ffi::{c_int, c_void},
    mem, ptr,
    sync::OnceLock,
};

use super::{code, record::CallRecord, slot};

/// The function in which a thread begins. It may be left by `pthread_exit`, which unwinds it.
pub type StartFunction = extern "C-unwind" fn(*mut c_void) -> *mut c_void;

type Create = unsafe extern "C" fn(*mut c_void, *const c_void, StartFunction, *mut c_void) -> c_int;

/// Bytes of the stack for signal handlers: registers of the largest CPUs take some 11 KiB.
const STACK: usize = 64 << 10;
/// Below it lies a page that nothing may touch.
const GUARD: usize = 64 << 10;

thread_local! {
    /// The plugin that started this thread. Without a destructor, so that a signal handler can read it.
    static STARTED_BY: Cell<Option<&'static CallRecord>> = const { Cell::new(None) };
}

/// A thread of a plugin, before it runs.
struct NewThread {
    plugin: &'static CallRecord,
    start: StartFunction,
    argument: *mut c_void,
}

/// The plugin that started this thread. Safe to call in a signal handler.
pub(super) fn started_by() -> Option<&'static CallRecord> {
    STARTED_BY.get()
}

/// The body of the program's own `pthread_create`.
///
/// # Safety
///
/// As that of the C library.
#[doc(hidden)]
pub unsafe fn create_thread(
    thread: *mut c_void,
    attributes: *const c_void,
    start: StartFunction,
    argument: *mut c_void,
) -> c_int {
    let Some(create) = of_the_system() else { return libc::ENOSYS };
    let Some(plugin) = plugin_of(start) else {
        // SAFETY: forwarded to our caller.
        return unsafe { create(thread, attributes, start, argument) };
    };
    let new = Box::into_raw(Box::new(NewThread { plugin, start, argument }));
    // SAFETY: as above; the new thread takes the box, which is not used here any more.
    let failed = unsafe { create(thread, attributes, run, new.cast()) };
    if failed != 0 {
        // SAFETY: there is no thread, so the box is still ours.
        drop(unsafe { Box::from_raw(new) });
    }
    failed
}

/// The plugin that starts a thread: its code begins it, or calls the library that does.
fn plugin_of(start: StartFunction) -> Option<&'static CallRecord> {
    match code::owner(start as usize) {
        Some(owner) => owner,
        None => slot::current().or_else(started_by),
    }
}

/// The first function of a plugin's thread. It has nothing to drop: `pthread_exit` may end it.
extern "C-unwind" fn run(new: *mut c_void) -> *mut c_void {
    // SAFETY: `create_thread` made the box for this thread alone.
    let NewThread { plugin, start, argument } = *unsafe { Box::from_raw(new.cast::<NewThread>()) };
    STARTED_BY.set(Some(plugin));
    give_signal_stack();
    start(argument)
}

/// Gives this thread a stack for signal handlers, which is unmapped after its thread-locals are dropped. Best
/// effort: without one a stack overflow is seen at the next start.
fn give_signal_stack() {
    static KEY: OnceLock<Option<libc::pthread_key_t>> = OnceLock::new();
    let Some(key) = *KEY.get_or_init(new_key) else { return };
    // SAFETY: a fresh mapping overlaps no memory of ours.
    let mapped = unsafe {
        libc::mmap(
            ptr::null_mut(),
            GUARD + STACK,
            libc::PROT_NONE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if mapped == libc::MAP_FAILED {
        return;
    }
    let stack = mapped.wrapping_byte_add(GUARD);
    // SAFETY: the pages are those that were mapped just now.
    let protected = unsafe { libc::mprotect(stack, STACK, libc::PROT_READ | libc::PROT_WRITE) } == 0;
    let signals = libc::stack_t { ss_sp: stack, ss_flags: 0, ss_size: STACK };
    // SAFETY: the memory is this thread's, until the key's destructor takes the stack from the system.
    let is_given = protected && unsafe { libc::sigaltstack(&raw const signals, ptr::null_mut()) } == 0;
    // SAFETY: the key exists, and its destructor expects such a mapping.
    if !is_given || unsafe { libc::pthread_setspecific(key, mapped) } != 0 {
        // SAFETY: as `take_signal_stack` requires: a mapping of this function.
        unsafe { take_signal_stack(mapped) };
    }
}

fn new_key() -> Option<libc::pthread_key_t> {
    let mut key = 0;
    // SAFETY: the key is written to a place that is borrowed for the call, and the destructor is a function
    // of this program.
    let failed = unsafe { libc::pthread_key_create(&raw mut key, Some(take_signal_stack)) };
    (failed == 0).then_some(key)
}

/// Runs at the end of a thread.
///
/// # Safety
///
/// `mapped` is what [`give_signal_stack`] mapped for this thread.
unsafe extern "C" fn take_signal_stack(mapped: *mut c_void) {
    let none = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: STACK };
    // SAFETY: it only takes the thread's stack for signals away.
    unsafe { libc::sigaltstack(&raw const none, ptr::null_mut()) };
    // SAFETY: the mapping is this thread's own by our caller's promise, and nothing uses it any more.
    unsafe { libc::munmap(mapped, GUARD + STACK) };
}

/// The C library's own definition.
fn of_the_system() -> Option<Create> {
    static CREATE: OnceLock<Option<Create>> = OnceLock::new();
    *CREATE.get_or_init(|| {
        // SAFETY: the name ends with zero, and `RTLD_NEXT` is a handle that needs no library of ours.
        let address = unsafe { libc::dlsym(libc::RTLD_NEXT, c"pthread_create".as_ptr()) };
        // SAFETY: POSIX defines the function's type, to which a null pointer is `None`.
        unsafe { mem::transmute::<*mut c_void, Option<Create>>(address) }
    })
}

/// Defines `pthread_create` in a program, so that a stack overflow in a thread that a plugin started is
/// reported. To be used once, at the top of a module. Has no effect outside of Linux.
#[cfg(not(sanitized))]
#[macro_export]
macro_rules! watch_threads {
    () => {
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        mod thread_functions {
            use ::std::ffi::{c_int, c_void};

            use $crate::calls::{StartFunction, create_thread};

            #[unsafe(no_mangle)]
            unsafe extern "C" fn pthread_create(
                thread: *mut c_void,
                attributes: *const c_void,
                start: StartFunction,
                argument: *mut c_void,
            ) -> c_int {
                // SAFETY: forwarded to our caller.
                unsafe { create_thread(thread, attributes, start, argument) }
            }
        }
    };
}

/// Has no effect: a sanitizer has its own `pthread_create`.
#[cfg(sanitized)]
#[macro_export]
macro_rules! watch_threads {
    () => {};
}
