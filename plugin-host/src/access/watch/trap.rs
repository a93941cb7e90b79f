//! Traps system calls that read the file system.
//!
//! A seccomp filter turns them into SIGSYS. The handler notes the path and makes the call itself, with a mark
//! in a register that the call does not use, which the filter lets pass.

#![expect(unsafe_code, reason = "a signal handler reads registers and makes system calls")]

use std::{
    collections::BTreeMap,
    ffi::{CStr, c_char, c_int, c_long, c_void},
    mem, ptr,
};

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use super::{
    super::AccessError,
    log::{self, AccessKind},
};

/// The sixth argument of calls that the handler makes. None of the trapped calls has a sixth argument.
const PASS: u64 = 0x1f7e_a11e_d0b5_e55d;

/// How a call is treated.
#[derive(Clone, Copy, Debug)]
enum Treatment {
    /// Its argument is a path, relative to the directory in another argument if that is given.
    Path { directory: Option<usize>, path: usize },
    /// It reads the current directory.
    Directory,
    /// It is refused, and makes the record opaque.
    Refuse(&'static str),
}

const fn path_at(directory: usize, path: usize) -> Treatment {
    Treatment::Path { directory: Some(directory), path }
}

const CALLS: &[(c_long, Treatment)] = &[
    (libc::SYS_openat, path_at(0, 1)),
    (libc::SYS_openat2, path_at(0, 1)),
    (libc::SYS_newfstatat, path_at(0, 1)),
    (libc::SYS_statx, path_at(0, 1)),
    (libc::SYS_faccessat, path_at(0, 1)),
    (libc::SYS_faccessat2, path_at(0, 1)),
    (libc::SYS_readlinkat, path_at(0, 1)),
    (libc::SYS_getcwd, Treatment::Directory),
    (libc::SYS_socket, Treatment::Refuse("opens a socket")),
    (libc::SYS_execve, Treatment::Refuse("starts a program")),
    (libc::SYS_execveat, Treatment::Refuse("starts a program")),
    (libc::SYS_clone, Treatment::Refuse("starts a process")),
    (libc::SYS_io_uring_setup, Treatment::Refuse("uses io_uring")),
];

/// Calls that newer processors no longer have.
#[cfg(target_arch = "x86_64")]
const OLD_CALLS: &[(c_long, Treatment)] = &[
    (libc::SYS_open, Treatment::Path { directory: None, path: 0 }),
    (libc::SYS_stat, Treatment::Path { directory: None, path: 0 }),
    (libc::SYS_lstat, Treatment::Path { directory: None, path: 0 }),
    (libc::SYS_access, Treatment::Path { directory: None, path: 0 }),
    (libc::SYS_readlink, Treatment::Path { directory: None, path: 0 }),
    (libc::SYS_fork, Treatment::Refuse("starts a process")),
    (libc::SYS_vfork, Treatment::Refuse("starts a process")),
];
#[cfg(not(target_arch = "x86_64"))]
const OLD_CALLS: &[(c_long, Treatment)] = &[];

/// Installs handler and filter for this thread and those that it starts.
pub(super) fn install() -> Result<(), AccessError> {
    install_handler().map_err(|error| AccessError::Filter(error.into()))?;
    for program in [without_clone3(), traps()] {
        let program = program.map_err(|error| AccessError::Filter(error.into()))?;
        seccompiler::apply_filter(&program).map_err(|error| AccessError::Filter(error.into()))?;
    }
    Ok(())
}

/// The flags of `clone3` are in memory, where no filter sees whether it starts a thread. Without it, the C
/// library calls `clone`.
fn without_clone3() -> Result<BpfProgram, seccompiler::BackendError> {
    let rules = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    filter(rules, SeccompAction::Errno(libc::ENOSYS.unsigned_abs()))
}

fn traps() -> Result<BpfProgram, seccompiler::BackendError> {
    let rules = CALLS.iter().chain(OLD_CALLS);
    let rules = rules.map(|&(number, treatment)| Ok((number, rules_of_call(number, treatment)?)));
    filter(rules.collect::<Result<_, seccompiler::BackendError>>()?, SeccompAction::Trap)
}

fn filter(
    rules: BTreeMap<c_long, Vec<SeccompRule>>,
    action: SeccompAction,
) -> Result<BpfProgram, seccompiler::BackendError> {
    let architecture = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, SeccompAction::Allow, action, architecture)?.try_into()
}

/// When a call is trapped; with no rule, always.
fn rules_of_call(
    number: c_long,
    treatment: Treatment,
) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let condition = match treatment {
        Treatment::Path { .. } | Treatment::Directory => {
            SeccompCondition::new(5, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, PASS)?
        }
        // Threads are clones as well.
        Treatment::Refuse(_) if number == libc::SYS_clone => {
            let threads = SeccompCmpOp::MaskedEq(libc::CLONE_THREAD.unsigned_abs().into());
            SeccompCondition::new(0, SeccompCmpArgLen::Qword, threads, 0)?
        }
        Treatment::Refuse(_) => return Ok(Vec::new()),
    };
    Ok(vec![SeccompRule::new(vec![condition])?])
}

fn install_handler() -> std::io::Result<()> {
    // SAFETY: all bits zero is a valid `sigaction`: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = on_trap as *const () as usize;
    // NODEFER: a call that the handler makes must not be trapped by a blocked signal, which kills.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_NODEFER | libc::SA_RESTART;
    // SAFETY: the action is initialised, and its handler is async-signal-safe.
    match unsafe { libc::sigaction(libc::SIGSYS, &raw const action, ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// Async-signal-safe: it writes into fixed memory and makes one system call.
extern "C" fn on_trap(_signal: c_int, _info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: with SA_SIGINFO the third argument is the interrupted context, which this handler alone uses.
    let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
    let (number, arguments) = registers(context);
    let treatment = CALLS.iter().chain(OLD_CALLS).find(|(known, _)| *known == number);
    let result = match treatment.map(|(_, treatment)| *treatment) {
        Some(Treatment::Path { directory, path }) => {
            note_path(directory.map(|index| arguments[index]), arguments[path]);
            call(number, arguments)
        }
        Some(Treatment::Directory) => {
            log::note(AccessKind::Directory, [].into_iter());
            call(number, arguments)
        }
        Some(Treatment::Refuse(what)) => {
            log::note(AccessKind::Opaque, what.bytes());
            -c_long::from(libc::EPERM)
        }
        None => -c_long::from(libc::ENOSYS),
    };
    set_result(context, result);
}

fn note_path(directory: Option<u64>, path: u64) {
    let path = path as *const c_char;
    // The kernel reports a null pointer; it is a path in none of the calls.
    if path.is_null() {
        return;
    }
    // SAFETY: the interrupted code passes a path to a system call. If the pointer is wrong, the process dies
    // here instead of getting EFAULT, which the caller reports as a crash of the plugin.
    let path = unsafe { CStr::from_ptr(path) }.to_bytes();
    // The argument is an `int` in the lower half of the register.
    let here = |directory: u64| directory.to_ne_bytes()[..4] == libc::AT_FDCWD.to_ne_bytes();
    match (path.first(), directory) {
        // The open file itself.
        (None, _) => {}
        (Some(b'/'), _) | (_, None) => log::note(AccessKind::Path, path.iter().copied()),
        (_, Some(directory)) if here(directory) => log::note(AccessKind::Path, path.iter().copied()),
        _ => log::note(AccessKind::Opaque, "reads files relative to an open directory".bytes()),
    }
}

/// Makes the call that was trapped; a negative number is an error.
fn call(number: c_long, arguments: [u64; 6]) -> c_long {
    let [first, second, third, fourth, fifth, _] = arguments;
    // SAFETY: these are the arguments of the interrupted code, and the kernel ignores the sixth.
    let result = unsafe { libc::syscall(number, first, second, third, fourth, fifth, PASS) };
    if result == -1 {
        let error = std::io::Error::last_os_error().raw_os_error();
        return -c_long::from(error.unwrap_or(libc::EIO));
    }
    result
}

#[cfg(target_arch = "x86_64")]
fn registers(context: &libc::ucontext_t) -> (c_long, [u64; 6]) {
    let get = |register: c_int| context.uc_mcontext.gregs[register.unsigned_abs() as usize];
    let arguments = [libc::REG_RDI, libc::REG_RSI, libc::REG_RDX, libc::REG_R10, libc::REG_R8, libc::REG_R9];
    (get(libc::REG_RAX), arguments.map(|register| get(register).cast_unsigned()))
}

#[cfg(target_arch = "x86_64")]
fn set_result(context: &mut libc::ucontext_t, result: c_long) {
    context.uc_mcontext.gregs[libc::REG_RAX.unsigned_abs() as usize] = result;
}

#[cfg(target_arch = "aarch64")]
fn registers(context: &libc::ucontext_t) -> (c_long, [u64; 6]) {
    let registers = &context.uc_mcontext.regs;
    (registers[8].cast_signed(), std::array::from_fn(|index| registers[index]))
}

#[cfg(target_arch = "aarch64")]
fn set_result(context: &mut libc::ucontext_t, result: c_long) {
    context.uc_mcontext.regs[0] = result.cast_unsigned();
}
