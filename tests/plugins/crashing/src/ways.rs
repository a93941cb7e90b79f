//! Ways to end a process, or to change what all of it shares.

use std::{hint::black_box, ptr, thread, time::Duration};

/// Does one of them.
pub(crate) fn end(how: &str) {
    match how {
        "abort" => std::process::abort(),
        "panic" => panic!("as ordered"),
        "segfault" => segfault(),
        "illegal" => signal(libc::SIGILL),
        "arithmetic" => signal(libc::SIGFPE),
        "bus" => signal(libc::SIGBUS),
        "trap" => signal(libc::SIGTRAP),
        "stack" => drop(black_box(deep(0))),
        "memory" => drop(black_box(Vec::<u8>::with_capacity(1 << 46))),
        "panic-twice" => panic_twice(),
        "exit-0" => exit(0),
        "exit-3" => exit(3),
        // SAFETY: it ends the process.
        "exit-at-once" => unsafe { libc::_exit(4) },
        "exit-group" => exit_group(),
        "kill" => signal(libc::SIGKILL),
        "terminate" => signal(libc::SIGTERM),
        "hang" => hang(),
        "fork" => fork(),
        "exec" => exec(),
        "thread-exit" => thread_exit(),
        _ => crate::state::change(how),
    }
}

#[expect(clippy::exit, reason = "the host reports it")]
fn exit(code: i32) {
    std::process::exit(code)
}

fn segfault() {
    // SAFETY: none: the address is not mapped, which is what a wild pointer is like.
    unsafe { ptr::without_provenance_mut::<u8>(black_box(64)).write_volatile(1) };
}

fn signal(number: i32) {
    // SAFETY: it sends a signal to this thread.
    unsafe { libc::raise(number) };
}

fn deep(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if black_box(true) { deep(depth + 1) + frame[3] } else { 0 }
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a second panic");
    }
}

fn panic_twice() {
    let _bomb = Bomb;
    panic!("a first panic");
}

fn hang() {
    loop {
        thread::sleep(Duration::from_secs(3600));
    }
}

fn exit_group() {
    // SAFETY: it ends the process.
    unsafe { libc::syscall(libc::SYS_exit_group, 0) };
}

fn fork() {
    // SAFETY: the child has one thread, and returns to the host, which is what the test is about.
    let child = unsafe { libc::fork() };
    if child > 0 {
        let mut status = 0;
        // SAFETY: `status` is borrowed for the call.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        // SAFETY: it ends the process; the code is that of the child.
        unsafe { libc::syscall(libc::SYS_exit_group, libc::WEXITSTATUS(status)) };
    }
}

fn exec() {
    let arguments = [c"true".as_ptr(), ptr::null()];
    // SAFETY: path and arguments end with zero, the list with a null pointer.
    unsafe { libc::execv(c"/bin/true".as_ptr(), arguments.as_ptr()) };
}

fn thread_exit() {
    // SAFETY: it ends this thread, by unwinding it.
    unsafe { libc::pthread_exit(ptr::null_mut()) };
}
