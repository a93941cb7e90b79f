//! System calls that a plugin has no use for.

#![expect(unsafe_code, reason = "the calls have no safe form, since they are about other processes")]

use std::{io, os::unix::process::parent_id, ptr};

/// Makes one by its name; an error if the system refuses it.
pub(crate) fn make(name: &str) -> io::Result<()> {
    let parent = libc::c_long::from(parent_id());
    let mut space = [0_u64; 64];
    let space = space.as_mut_ptr();
    let none = ptr::null_mut::<u8>();
    let (number, arguments): (libc::c_long, [libc::c_long; 4]) = match name {
        "add_key" => {
            (libc::SYS_add_key, [c"user".as_ptr() as libc::c_long, c"x".as_ptr() as _, space as _, 1])
        }
        "bpf" => (libc::SYS_bpf, [0, space as _, 48, 0]),
        "clone" => (libc::SYS_clone, [libc::c_long::from(libc::SIGCHLD), 0, 0, 0]),
        "execve" => (libc::SYS_execve, [c"/bin/true".as_ptr() as _, space as _, space as _, 0]),
        "fork" => (libc::SYS_fork, [0; 4]),
        "io_uring_setup" => (libc::SYS_io_uring_setup, [1, space as _, 0, 0]),
        "kill" => (libc::SYS_kill, [parent, 0, 0, 0]),
        "kill_all" => (libc::SYS_kill, [-1, 0, 0, 0]),
        "memory_of_parent" => (libc::SYS_process_vm_readv, [parent, space as _, 0, space as _]),
        "mount" => (libc::SYS_mount, [none as _, c"/tmp".as_ptr() as _, c"tmpfs".as_ptr() as _, 0]),
        "perf_event_open" => (libc::SYS_perf_event_open, [space as _, parent, -1, -1]),
        "pidfd_open" => (libc::SYS_pidfd_open, [parent, 0, 0, 0]),
        "outlive" => (libc::SYS_prctl, [libc::PR_SET_PDEATHSIG.into(), 0, 0, 0]),
        "ptrace" => (libc::SYS_ptrace, [libc::c_long::from(libc::PTRACE_SEIZE), parent, 0, 0]),
        "request_key" => (libc::SYS_request_key, [c"user".as_ptr() as _, c"x".as_ptr() as _, none as _, 0]),
        "setns" => (libc::SYS_setns, [0, 0, 0, 0]),
        "socket_inet" => (libc::SYS_socket, [libc::AF_INET.into(), libc::SOCK_STREAM.into(), 0, 0]),
        "socket_unix" => (libc::SYS_socket, [libc::AF_UNIX.into(), libc::SOCK_STREAM.into(), 0, 0]),
        "socket_vsock" => (libc::SYS_socket, [libc::AF_VSOCK.into(), libc::SOCK_STREAM.into(), 0, 0]),
        "unshare" => (libc::SYS_unshare, [libc::CLONE_NEWUSER.into(), 0, 0, 0]),
        "userfaultfd" => (libc::SYS_userfaultfd, [1, 0, 0, 0]),
        "vfork" => (libc::SYS_vfork, [0; 4]),
        _ => return Err(io::Error::other(format!("unknown system call `{name}`"))),
    };
    let [first, second, third, fourth] = arguments;
    // SAFETY: pointers among the arguments are of constants or of `space`, which is larger than what any of
    // these calls reads. A filter refuses each of them; a child of one that is allowed ends at once.
    let result = unsafe { libc::syscall(number, first, second, third, fourth) };
    match result {
        -1 => Err(io::Error::last_os_error()),
        0 if matches!(name, "clone" | "fork" | "vfork") => {
            // SAFETY: it ends the child.
            unsafe { libc::_exit(0) }
        }
        _ => Ok(()),
    }
}

/// The descriptors of this process that are open, from the third on.
pub(crate) fn open_descriptors() -> Vec<i32> {
    // SAFETY: it reads the flags of a number, which need not be a descriptor.
    (3..256).filter(|&descriptor| unsafe { libc::fcntl(descriptor, libc::F_GETFD) } >= 0).collect()
}
