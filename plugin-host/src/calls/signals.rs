//! Handlers for the signals of a crash: they write who crashed, and leave the rest to the action that was
//! there before.
//!
//! A handler runs in the middle of anything, so it takes no lock and allocates nothing: it reads atomics,
//! writes a text that was made before, and calls functions that POSIX lists as safe in a handler. The former
//! action then makes the core dump, and the exit status is that of the signal.

#![expect(unsafe_code, reason = "signal handlers are installed and called through the C library")]

use std::{
    ffi::{c_int, c_void},
    mem, ptr,
    sync::OnceLock,
};

use super::{
    code, exit, journal,
    report::{self, Death},
};

/// Signals that end a process because of what it did.
const CRASHES: [(c_int, &str); 7] = [
    (libc::SIGSEGV, "segmentation fault (SIGSEGV)"),
    (libc::SIGBUS, "bus error (SIGBUS)"),
    (libc::SIGILL, "illegal instruction (SIGILL)"),
    (libc::SIGFPE, "arithmetic exception (SIGFPE)"),
    (libc::SIGABRT, "abort (SIGABRT)"),
    (libc::SIGSYS, "bad system call (SIGSYS)"),
    (libc::SIGTRAP, "trap (SIGTRAP)"),
];

/// Signals by which a user or the system ends a process: no crash, so the journal says nothing of them.
const INTERRUPTS: [c_int; 4] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM];

static FORMER: [OnceLock<libc::sigaction>; CRASHES.len()] = [const { OnceLock::new() }; CRASHES.len()];

/// Installs the handlers. Signals that are ignored stay so.
pub(super) fn install() {
    for ((signal, _), former) in CRASHES.iter().zip(&FORMER) {
        let Some(action) = action(*signal) else { continue };
        if former.set(action).is_ok() {
            handle(*signal, on_crash);
        }
    }
    for signal in INTERRUPTS {
        if action(signal).is_some_and(|action| action.sa_sigaction == libc::SIG_DFL) {
            handle(signal, on_interrupt);
        }
    }
}

type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// The present action of a signal.
fn action(signal: c_int) -> Option<libc::sigaction> {
    // SAFETY: an action is numbers and pointers, for which zero is a value.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: the system writes the present action to a place that is borrowed for the call, and changes
    // nothing.
    let failed = unsafe { libc::sigaction(signal, ptr::null(), &raw mut action) };
    (failed == 0).then_some(action)
}

fn handle(signal: c_int, handler: Handler) {
    // SAFETY: as above; an empty mask blocks only the signal itself.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = handler as usize;
    // ONSTACK: a full stack cannot hold the handler. RESTART: for signals that do not end the process.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
    set(signal, &action);
}

fn set(signal: c_int, action: &libc::sigaction) {
    // SAFETY: the action is a handler of this module, or one that the system returned for this signal. An
    // error leaves the present action.
    unsafe { libc::sigaction(signal, action, ptr::null_mut()) };
}

fn set_default(signal: c_int) {
    // SAFETY: zeros are the default action, without flags.
    set(signal, &unsafe { mem::zeroed() });
}

/// Sends a signal to this thread; in a handler of the same signal it arrives when the handler returns.
fn send_again(signal: c_int) {
    // SAFETY: `raise` is safe in a signal handler, and touches no memory of ours.
    unsafe { libc::raise(signal) };
}

extern "C" fn on_interrupt(signal: c_int, _info: *mut libc::siginfo_t, _context: *mut c_void) {
    journal::remove();
    // A handler that was installed later may have called this one, and then decides what the signal does.
    if action(signal).is_some_and(|action| action.sa_sigaction == on_interrupt as Handler as usize) {
        set_default(signal);
        send_again(signal);
    }
}

extern "C" fn on_crash(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let Some(index) = CRASHES.iter().position(|(known, _)| *known == signal) else { return };
    if exit::is_finished() && exit::caller().is_some() {
        exit::wait_for_end();
    }
    // SAFETY: the system passes a description that is valid until the handler returns.
    let info = unsafe { &*info };
    let is_sent = info.si_code <= 0;
    if !is_sent || sender(info) == std::process::id().cast_signed() {
        report_crash(signal, CRASHES[index].1, info, &Registers::new(context));
    }
    match FORMER[index].get() {
        // `abort` calls the former action once more; other faults come again when their instruction is
        // repeated.
        Some(former) if signal == libc::SIGABRT || !(is_sent || continues(signal)) => set(signal, former),
        _ => set_default(signal),
    }
    if is_sent || continues(signal) {
        send_again(signal);
    }
}

/// Whether the thread would continue behind the instruction that caused the signal.
fn continues(signal: c_int) -> bool {
    matches!(signal, libc::SIGSYS | libc::SIGTRAP)
}

/// The process that sent a signal.
fn sender(info: &libc::siginfo_t) -> libc::pid_t {
    // SAFETY: the field is there for signals that a process sent; for others the value means nothing and is
    // not used.
    unsafe { info.si_pid() }
}

fn report_crash(signal: c_int, name: &'static str, info: &libc::siginfo_t, registers: &Registers) {
    let record = exit::caller().or_else(|| code::plugin_at(registers.code, registers.stack));
    let Some(record) = record else { return };
    let number = u8::try_from(signal).unwrap_or(0);
    // SAFETY: the field is there for faults, of which alone the value is used.
    let address = unsafe { info.si_addr() } as usize;
    let is_fault = matches!(signal, libc::SIGSEGV | libc::SIGBUS) && info.si_code > 0;
    let death = match is_fault && registers.is_near_stack(address) {
        true => Death::StackOverflow(number),
        false => Death::Signal(number, name),
    };
    report::write(record, death);
}

/// Where a thread was when the signal came; 0 where the CPU is not known here.
struct Registers {
    code: usize,
    stack: usize,
}

impl Registers {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn new(context: *mut c_void) -> Self {
        // SAFETY: the system passes the thread's context, valid until the handler returns.
        let registers = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
        let register = |number: c_int| {
            let value = usize::try_from(number).ok().and_then(|number| registers.get(number));
            value.and_then(|value| usize::try_from(value.cast_unsigned()).ok()).unwrap_or(0)
        };
        Self { code: register(libc::REG_RIP), stack: register(libc::REG_RSP) }
    }

    #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
    fn new(context: *mut c_void) -> Self {
        // SAFETY: the system passes the thread's context, valid until the handler returns.
        let context = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext };
        let register = |value: u64| usize::try_from(value).unwrap_or(0);
        Self { code: register(context.pc), stack: register(context.sp) }
    }

    #[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
    fn new(_context: *mut c_void) -> Self {
        Self { code: 0, stack: 0 }
    }

    /// Whether an access to an address was meant for the stack. A frame touches its pages in order, so it
    /// fails at most a few pages below the pointer.
    fn is_near_stack(&self, address: usize) -> bool {
        const NEAR: usize = 64 << 10;
        self.stack != 0 && (self.stack.saturating_sub(NEAR)..self.stack + NEAR).contains(&address)
    }
}
