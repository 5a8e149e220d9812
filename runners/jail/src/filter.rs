//! Which system calls a jailed process may make. Whatever is not named here does not exist for it:
//! the answer is `ENOSYS`, so that libraries fall back where they know how.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Is, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

use crate::JailError;
use crate::calls::{COMPUTE, PROCESSES};

/// Which system calls a jailed process may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Calls {
    /// Memory, clocks, chance, and reading and writing what is open already. No file can be
    /// opened, no process, thread or socket made.
    Compute,
    /// Besides: files, processes, threads, signals, waiting, pairs of sockets; and running
    /// programs, which none of these calls lets out. [`crate::Jail::spawn`] needs this.
    Processes,
}

impl Calls {
    /// The filter as the kernel wants it.
    pub(crate) fn program(self) -> Result<BpfProgram, JailError> {
        let broken = |error: seccompiler::BackendError| {
            JailError::invalid("calls", format!("no filter can be made: {error}"))
        };
        let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(broken)?;
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
        rules.extend(COMPUTE.iter().map(|call| (*call, Vec::new())));
        let mut conditions = compute_conditions();
        if self == Self::Processes {
            rules.extend(PROCESSES.iter().map(|call| (*call, Vec::new())));
            conditions.extend(processes_conditions());
        }
        for Conditional { call, argument, is } in conditions {
            let (width, value) = match argument {
                Argument::Int(_, value) => (Width::Dword, value),
                Argument::Word(_, value) => (Width::Qword, value),
            };
            let (Argument::Int(number, _) | Argument::Word(number, _)) = argument;
            let condition = SeccompCondition::new(number, width, is, value).map_err(broken)?;
            let rule = SeccompRule::new(vec![condition]).map_err(broken)?;
            rules.entry(call).or_default().push(rule);
        }
        let otherwise = SeccompAction::Errno(libc::ENOSYS.cast_unsigned());
        SeccompFilter::new(rules, otherwise, SeccompAction::Allow, arch)
            .and_then(BpfProgram::try_from)
            .map_err(broken)
    }
}

/// A call that is allowed when one of its arguments is so.
struct Conditional {
    call: i64,
    argument: Argument,
    is: Is,
}

/// The number of an argument, its width as the kernel reads it, and what it is compared with.
#[derive(Clone, Copy)]
enum Argument {
    Int(u8, u64),
    Word(u8, u64),
}

fn equal(call: i64, argument: u8, values: &[i32]) -> Vec<Conditional> {
    let one = |value: &i32| Conditional {
        call,
        argument: Argument::Int(argument, u64::from(value.cast_unsigned())),
        is: Is::Eq,
    };
    values.iter().map(one).collect()
}

fn compute_conditions() -> Vec<Conditional> {
    // Limits can be read and not set: the new one must be a null pointer.
    vec![Conditional {
        call: libc::SYS_prlimit64,
        argument: Argument::Word(2, 0),
        is: Is::Eq,
    }]
}

fn processes_conditions() -> Vec<Conditional> {
    let namespaces = libc::CLONE_NEWUSER
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP
        | libc::CLONE_PTRACE;
    let mut all = vec![Conditional {
        call: libc::SYS_clone,
        argument: Argument::Word(0, 0),
        is: Is::MaskedEq(u64::from(namespaces.cast_unsigned())),
    }];
    all.extend(equal(libc::SYS_socketpair, 0, &[libc::AF_UNIX]));
    let terminal = i32::try_from(libc::TCGETS).unwrap_or_default();
    let ask = [libc::FIONREAD, libc::FIONBIO, libc::FIOCLEX, libc::FIONCLEX];
    let ask = ask.map(|request| i32::try_from(request).unwrap_or_default());
    all.extend(equal(libc::SYS_ioctl, 1, &ask));
    all.extend(equal(libc::SYS_ioctl, 1, &[terminal]));
    let names = [libc::PR_SET_NAME, libc::PR_GET_NAME, libc::PR_SET_VMA];
    all.extend(equal(libc::SYS_prctl, 0, &names));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call that slips into a list opens a wall without anybody noticing.
    #[test]
    fn no_list_holds_a_way_out() {
        let never = [
            libc::SYS_socket,
            libc::SYS_connect,
            libc::SYS_bind,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_mount,
            libc::SYS_umount2,
            libc::SYS_pivot_root,
            libc::SYS_chroot,
            libc::SYS_ptrace,
            libc::SYS_process_vm_readv,
            libc::SYS_process_vm_writev,
            libc::SYS_pidfd_open,
            libc::SYS_pidfd_getfd,
            libc::SYS_bpf,
            libc::SYS_perf_event_open,
            libc::SYS_keyctl,
            libc::SYS_add_key,
            libc::SYS_io_uring_setup,
            libc::SYS_userfaultfd,
            libc::SYS_memfd_create,
            libc::SYS_clone3,
            libc::SYS_execveat,
            libc::SYS_mknodat,
            libc::SYS_linkat,
            libc::SYS_open_by_handle_at,
            libc::SYS_kexec_load,
            libc::SYS_init_module,
            libc::SYS_shmget,
            libc::SYS_mq_open,
            libc::SYS_seccomp,
            libc::SYS_personality,
        ];
        for call in never {
            assert!(
                !COMPUTE.contains(&call) && !PROCESSES.contains(&call),
                "{call}"
            );
        }
        let once: std::collections::BTreeSet<_> = COMPUTE.iter().chain(PROCESSES).collect();
        assert_eq!(once.len(), COMPUTE.len() + PROCESSES.len(), "named twice");
        let conditional: Vec<i64> = compute_conditions()
            .into_iter()
            .chain(processes_conditions())
            .map(|it| it.call)
            .collect();
        for call in conditional {
            assert!(
                !once.contains(&call),
                "{call} is allowed without its condition"
            );
        }
    }
}
