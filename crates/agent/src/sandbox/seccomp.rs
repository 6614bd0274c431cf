//! What programs in a sandbox may not ask of the kernel.
//!
//! A list of what is denied rather than of what is allowed: a desktop runs programs that we have never seen. Denied is
//! what changes the machine, looks into other processes, makes namespaces, or is a known way out of sandboxes.

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Op,
    SeccompCondition as Condition, SeccompFilter, SeccompRule as Rule, TargetArch,
};
use std::collections::BTreeMap;

/// Denied whatever the arguments are.
const DENIED: &[i64] = &[
    // Mounts and roots.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_quotactl,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_fanotify_init,
    // Namespaces.
    libc::SYS_unshare,
    libc::SYS_setns,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // Kernel services with a long record of holes, which no desktop needs.
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // The machine.
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_syslog,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_vhangup,
];

#[cfg(target_arch = "x86_64")]
const DENIED_HERE: &[i64] = &[
    libc::SYS_kexec_file_load,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
    libc::SYS_uselib,
];
#[cfg(not(target_arch = "x86_64"))]
const DENIED_HERE: &[i64] = &[libc::SYS_kexec_file_load];

/// Terminal requests that put words into somebody's mouth or load a line discipline.
const DENIED_IOCTLS: [u64; 3] = [0x5412, 0x541c, 0x5423]; // TIOCSTI, TIOCLINUX, TIOCSETD
/// Flags of `clone` that make namespaces: mount, cgroup, UTS, IPC, user, PID, network.
const NAMESPACES: u64 = 0x7e02_0000;
/// The kinds of socket that a desktop needs: UNIX, IPv4, IPv6, netlink. Not VSOCK above all: no namespace confines it.
const SOCKETS: [u64; 4] = [1, 2, 10, 16];
/// Set in the number of a call by the x32 ABI of x86-64, which would pass by a list of plain numbers.
const X32: i64 = 0x4000_0000;
/// Calls that have numbers of their own in x32: `ptrace`, `ioctl`, `process_vm_readv`, `process_vm_writev`, `kexec_load`.
const X32_OWN: [i64; 5] = [521, 514, 539, 540, 528];

/// The filters, in the kernel's form (`struct sock_filter`, seccomp(2)): the first denies with EPERM; the second says of
/// `clone3` that there is no such call, so that C libraries use `clone`, whose flags a filter can read.
pub(crate) fn filters() -> Result<[Vec<u8>; 2], BackendError> {
    let mut rules: BTreeMap<i64, Vec<Rule>> = BTreeMap::new();
    for call in DENIED.iter().chain(DENIED_HERE) {
        rules.insert(*call, Vec::new());
    }
    rules.insert(
        libc::SYS_ioctl,
        DENIED_IOCTLS
            .into_iter()
            .map(|request| Rule::new(vec![Condition::new(1, Len::Dword, Op::Eq, request)?]))
            .collect::<Result<_, _>>()?,
    );
    rules.insert(
        libc::SYS_clone,
        (0..u64::BITS)
            .map(|bit| 1 << bit)
            .filter(|flag| NAMESPACES & flag != 0)
            .map(|flag| {
                Rule::new(vec![Condition::new(
                    0,
                    Len::Qword,
                    Op::MaskedEq(flag),
                    flag,
                )?])
            })
            .collect::<Result<_, _>>()?,
    );
    rules.insert(
        libc::SYS_socket,
        vec![Rule::new(
            SOCKETS
                .into_iter()
                .map(|family| Condition::new(0, Len::Dword, Op::Ne, family))
                .collect::<Result<_, _>>()?,
        )?],
    );
    if cfg!(target_arch = "x86_64") {
        let numbers: Vec<i64> = rules.keys().copied().collect();
        for call in numbers.into_iter().chain(X32_OWN) {
            rules.insert(call | X32, Vec::new());
        }
    }
    let absent = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    Ok([compile(rules, libc::EPERM)?, compile(absent, libc::ENOSYS)?])
}

fn compile(rules: BTreeMap<i64, Vec<Rule>>, errno: i32) -> Result<Vec<u8>, BackendError> {
    let program: BpfProgram = SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(errno.unsigned_abs()),
        TargetArch::try_from(std::env::consts::ARCH)?,
    )?
    .try_into()?;
    Ok(program
        .iter()
        .flat_map(|step| {
            let mut bytes = [0; 8];
            bytes[..2].copy_from_slice(&step.code.to_ne_bytes());
            bytes[2] = step.jt;
            bytes[3] = step.jf;
            bytes[4..].copy_from_slice(&step.k.to_ne_bytes());
            bytes
        })
        .collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    #[test]
    fn the_filters_fit_into_the_kernel() {
        for filter in super::filters().unwrap() {
            assert!(!filter.is_empty());
            assert!(filter.len() / 8 <= 4096, "longer than BPF_MAXINSNS");
        }
    }
}
