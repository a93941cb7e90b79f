//! System calls that a plugin has no use for: seccomp.

use std::{collections::BTreeMap, io};

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

use crate::isolated::settings::Isolation;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Other processes, the kernel and its subsystems.
const NEVER: [i64; 53] = [
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_adjtimex,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kcmp,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_move_mount,
    libc::SYS_name_to_handle_at,
    libc::SYS_nfsservctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_send_signal,
    libc::SYS_pivot_root,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_quotactl,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_setns,
    libc::SYS_setpgid,
    libc::SYS_setsid,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_tkill,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
];
/// Names that only this processor has.
#[cfg(target_arch = "x86_64")]
const NEVER_HERE: [i64; 4] = [libc::SYS_fork, libc::SYS_vfork, libc::SYS_ioperm, libc::SYS_iopl];
#[cfg(not(target_arch = "x86_64"))]
const NEVER_HERE: [i64; 0] = [];

/// Requests of a terminal, which stderr may be: become its foreground, and write input for the user's shell.
const TERMINAL: [u64; 3] = [TIOCSPGRP, TIOCSTI, TIOCLINUX];
/// The numbers are the same on all processors; the types of libc's constants differ.
const TIOCSPGRP: u64 = 0x5410;
const TIOCSTI: u64 = 0x5412;
const TIOCLINUX: u64 = 0x541c;

/// Changes of files that Landlock does not see.
const CHANGES: [i64; 13] = [
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_fremovexattr,
    libc::SYS_fsetxattr,
    libc::SYS_lremovexattr,
    libc::SYS_lsetxattr,
    libc::SYS_removexattr,
    libc::SYS_setxattr,
    libc::SYS_truncate,
    libc::SYS_utimensat,
    SYS_FCHMODAT2,
];
/// The number is the same on all processors; the constant is not in all of libc.
const SYS_FCHMODAT2: i64 = 452;
#[cfg(target_arch = "x86_64")]
const CHANGES_HERE: [i64; 6] = [
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_futimesat,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
];
#[cfg(not(target_arch = "x86_64"))]
const CHANGES_HERE: [i64; 0] = [];

/// Restricts this thread and those that it starts; returns what the kernel cannot restrict.
pub(super) fn restrict(isolation: &Isolation) -> io::Result<Vec<String>> {
    let Ok(architecture) = TargetArch::try_from(std::env::consts::ARCH) else {
        return Ok(vec!["system calls are not restricted on this processor".to_owned()]);
    };
    // `clone3` has its flags in memory, where a filter cannot look; without it, libc uses `clone`.
    let absent = filter([(libc::SYS_clone3, Vec::new())].into(), libc::ENOSYS, architecture)?;
    let refused = filter(refused(isolation)?, libc::EPERM, architecture)?;
    for program in [absent, refused] {
        if let Err(error) = seccompiler::apply_filter(&program) {
            return Ok(vec![format!("the kernel cannot restrict system calls: {error}")]);
        }
    }
    Ok(Vec::new())
}

fn filter(rules: Rules, errno: i32, architecture: TargetArch) -> io::Result<BpfProgram> {
    let action = SeccompAction::Errno(errno.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, architecture);
    filter.and_then(TryInto::try_into).map_err(io::Error::other)
}

fn refused(isolation: &Isolation) -> io::Result<Rules> {
    let mut refused: Rules = NEVER.into_iter().chain(NEVER_HERE).map(|call| (call, Vec::new())).collect();
    if isolation.write.is_empty() {
        refused.extend(CHANGES.into_iter().chain(CHANGES_HERE).map(|call| (call, Vec::new())));
    }
    // A local socket leads to other programs of the user, also where the network is allowed.
    refused.insert(libc::SYS_socket, if isolation.network { vec![other_families()?] } else { Vec::new() });
    let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
    refused.insert(libc::SYS_clone, vec![rule(&[(0, SeccompCmpOp::MaskedEq(thread), 0)])?]);
    let commands = TERMINAL.map(|command| rule(&[(1, SeccompCmpOp::Eq, command)]));
    refused.insert(libc::SYS_ioctl, commands.into_iter().collect::<io::Result<_>>()?);
    // The process ends with the host.
    let death_signal = u64::from(libc::PR_SET_PDEATHSIG.unsigned_abs());
    refused.insert(libc::SYS_prctl, vec![rule(&[(0, SeccompCmpOp::Eq, death_signal)])?]);
    let own = u64::from(std::process::id());
    for call in [libc::SYS_kill, libc::SYS_rt_sigqueueinfo, libc::SYS_rt_tgsigqueueinfo, libc::SYS_tgkill] {
        refused.insert(call, vec![rule(&[(0, SeccompCmpOp::Ne, own)])?]);
    }
    refused.insert(libc::SYS_prlimit64, vec![rule(&[(0, SeccompCmpOp::Ne, own), (0, SeccompCmpOp::Ne, 0)])?]);
    Ok(refused)
}

/// Sockets of other families than those of the Internet, and than that with which a resolver asks for the
/// addresses of this machine.
fn other_families() -> io::Result<SeccompRule> {
    let families = [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
    rule(&families.map(|family| (0, SeccompCmpOp::Ne, u64::from(family.unsigned_abs()))))
}

/// A rule about arguments, by their index; all conditions must hold.
fn rule(conditions: &[(u8, SeccompCmpOp, u64)]) -> io::Result<SeccompRule> {
    let conditions = conditions.iter().map(|(index, operator, value)| {
        SeccompCondition::new(*index, SeccompCmpArgLen::Dword, operator.clone(), *value)
    });
    let conditions = conditions.collect::<Result<Vec<_>, _>>().map_err(io::Error::other)?;
    SeccompRule::new(conditions).map_err(io::Error::other)
}
