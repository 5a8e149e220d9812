//! Attempts on the kernel: getting back what was taken away, or reaching parts that have a history
//! of holes.

use crate::{Attempt, Held, call, refused, room, text};

pub(crate) const ATTEMPTS: &[Attempt] = &[
    ("mount", mount),
    ("chroot", chroot),
    ("namespaces", namespaces),
    ("clone3", clone3),
    ("capabilities", capabilities),
    ("users", users),
    ("limits", limits),
    ("keys", keys),
    ("bpf-and-perf", bpf_and_perf),
    ("io-uring", io_uring),
    ("hidden-memory", hidden_memory),
    ("modules", modules),
    ("clock", clock),
    ("filters", filters),
    ("x32", x32),
    ("int80", int80),
    ("narrow", narrow),
];

const CLONES: [libc::c_int; 8] = [
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
    0x80, // CLONE_NEWTIME, for unshare.
];

fn mount(_: &[String]) -> Held {
    let (root, scratch, tmpfs) = (text("/"), text("/scratch"), text("tmpfs"));
    let bind = libc::MS_BIND.cast_signed();
    let writable = (libc::MS_REMOUNT | libc::MS_BIND).cast_signed();
    refused(&[
        (
            "mount tmpfs",
            libc::SYS_mount,
            [tmpfs, scratch, tmpfs, 0, 0],
        ),
        (
            "mount proc",
            libc::SYS_mount,
            [text("proc"), scratch, text("proc"), 0, 0],
        ),
        ("bind", libc::SYS_mount, [root, scratch, 0, bind, 0]),
        (
            "remount",
            libc::SYS_mount,
            [0, text("/program"), 0, writable, 0],
        ),
        ("umount2", libc::SYS_umount2, [text("/program"), 2, 0, 0, 0]),
        (
            "pivot_root",
            libc::SYS_pivot_root,
            [text("."), text("."), 0, 0, 0],
        ),
        ("open_tree", libc::SYS_open_tree, [-100, root, 1, 0, 0]),
        ("fsopen", libc::SYS_fsopen, [tmpfs, 0, 0, 0, 0]),
        ("fspick", libc::SYS_fspick, [-100, root, 0, 0, 0]),
        (
            "mount_setattr",
            libc::SYS_mount_setattr,
            [-100, root, 0, room(), 32],
        ),
    ])
}

fn chroot(_: &[String]) -> Held {
    // The classic: a root below, a descriptor above, and up from there.
    std::fs::create_dir("/scratch/root").map_err(|error| error.to_string())?;
    refused(&[(
        "chroot",
        libc::SYS_chroot,
        [text("/scratch/root"), 0, 0, 0, 0],
    )])
}

fn namespaces(_: &[String]) -> Held {
    for flag in CLONES {
        refused(&[("unshare", libc::SYS_unshare, [flag.into(), 0, 0, 0, 0])])?;
        // With no flag, each of these is fork. Time has no flag in clone: its bit is the signal's.
        if flag != 0x80 {
            let answer = call(
                libc::SYS_clone,
                [libc::c_long::from(flag | libc::SIGCHLD), 0, 0, 0, 0],
            );
            if answer == 0 {
                // SAFETY: ends the child.
                unsafe { libc::_exit(0) };
            }
            if answer != -1 {
                return Err(format!("clone with {flag:#x}"));
            }
        }
    }
    refused(&[("setns", libc::SYS_setns, [0, 0, 0, 0, 0])])
}

fn clone3(_: &[String]) -> Held {
    for flag in CLONES {
        let mut arguments = [0_u64; 11];
        arguments[0] = u64::from(flag.cast_unsigned());
        arguments[4] = 17;
        let address = arguments.as_mut_ptr().expose_provenance().cast_signed() as libc::c_long;
        let answer = call(libc::SYS_clone3, [address, 88, 0, 0, 0]);
        if answer == 0 {
            // SAFETY: ends the child.
            unsafe { libc::_exit(0) };
        }
        if answer != -1 {
            return Err(format!("clone3 with {flag:#x}"));
        }
    }
    Ok(())
}

fn capabilities(_: &[String]) -> Held {
    let header = Box::leak(Box::new([0x2008_0522_u32, 0]));
    let sets = Box::leak(Box::new([u32::MAX; 6]));
    let header = header.as_mut_ptr().expose_provenance().cast_signed() as libc::c_long;
    let sets = sets.as_mut_ptr().expose_provenance().cast_signed() as libc::c_long;
    refused(&[
        ("capset", libc::SYS_capset, [header, sets, 0, 0, 0]),
        ("ambient", libc::SYS_prctl, [47, 2, 21, 0, 0]),
        ("securebits", libc::SYS_prctl, [28, 0, 0, 0, 0]),
        ("keep capabilities", libc::SYS_prctl, [8, 1, 0, 0, 0]),
    ])
}

fn users(_: &[String]) -> Held {
    refused(&[
        ("setuid", libc::SYS_setuid, [0, 0, 0, 0, 0]),
        ("setgid", libc::SYS_setgid, [0, 0, 0, 0, 0]),
        ("setreuid", libc::SYS_setreuid, [0, 0, 0, 0, 0]),
        ("setresuid", libc::SYS_setresuid, [0, 0, 0, 0, 0]),
        ("setresgid", libc::SYS_setresgid, [0, 0, 0, 0, 0]),
        ("setgroups", libc::SYS_setgroups, [0, 0, 0, 0, 0]),
        ("setfsuid", libc::SYS_setfsuid, [0, 0, 0, 0, 0]),
    ])
}

fn limits(_: &[String]) -> Held {
    for resource in 0..16 {
        let most = Box::leak(Box::new([u64::MAX; 2]));
        let most = most.as_mut_ptr().expose_provenance().cast_signed() as libc::c_long;
        refused(&[
            ("setrlimit", libc::SYS_setrlimit, [resource, most, 0, 0, 0]),
            ("prlimit64", libc::SYS_prlimit64, [0, resource, most, 0, 0]),
        ])?;
    }
    refused(&[
        (
            "sched_setscheduler",
            libc::SYS_sched_setscheduler,
            [0, 1, room(), 0, 0],
        ),
        ("setpriority", libc::SYS_setpriority, [0, 0, -20, 0, 0]),
        ("ioprio_set", libc::SYS_ioprio_set, [1, 0, 0, 0, 0]),
        // So that it would outlive its parent.
        ("forget the parent", libc::SYS_prctl, [1, 0, 0, 0, 0]),
    ])
}

fn keys(_: &[String]) -> Held {
    let (user, name) = (text("user"), text("name"));
    refused(&[
        ("keyctl", libc::SYS_keyctl, [0, -3, 0, 0, 0]),
        ("add_key", libc::SYS_add_key, [user, name, name, 4, -2]),
        ("request_key", libc::SYS_request_key, [user, name, 0, -2, 0]),
    ])
}

fn bpf_and_perf(_: &[String]) -> Held {
    refused(&[
        ("bpf", libc::SYS_bpf, [5, room(), 120, 0, 0]),
        (
            "perf_event_open",
            libc::SYS_perf_event_open,
            [room(), 0, -1, -1, 0],
        ),
        ("userfaultfd", libc::SYS_userfaultfd, [1, 0, 0, 0, 0]),
        ("syslog", libc::SYS_syslog, [3, room(), 256, 0, 0]),
        (
            "lookup_dcookie",
            libc::SYS_lookup_dcookie,
            [0, room(), 64, 0, 0],
        ),
        ("fanotify_init", libc::SYS_fanotify_init, [0, 0, 0, 0, 0]),
        ("inotify_init1", libc::SYS_inotify_init1, [0, 0, 0, 0, 0]),
    ])
}

fn io_uring(_: &[String]) -> Held {
    refused(&[
        (
            "io_uring_setup",
            libc::SYS_io_uring_setup,
            [8, room(), 0, 0, 0],
        ),
        ("io_uring_enter", libc::SYS_io_uring_enter, [0, 1, 0, 0, 0]),
        ("io_setup", libc::SYS_io_setup, [8, room(), 0, 0, 0]),
    ])
}

/// Memory that no limit of address space counts.
fn hidden_memory(_: &[String]) -> Held {
    refused(&[
        (
            "memfd_create",
            libc::SYS_memfd_create,
            [text("x"), 0, 0, 0, 0],
        ),
        ("memfd_secret", libc::SYS_memfd_secret, [0, 0, 0, 0, 0]),
        ("shmget", libc::SYS_shmget, [0, 1 << 20, 0o1666, 0, 0]),
        ("msgget", libc::SYS_msgget, [0, 0o1666, 0, 0, 0]),
        ("semget", libc::SYS_semget, [0, 1, 0o1666, 0, 0]),
        (
            "mq_open",
            libc::SYS_mq_open,
            [text("/x"), 0o102, 0o666, 0, 0],
        ),
        ("mlock", libc::SYS_mlock, [room(), 512, 0, 0, 0]),
    ])
}

fn modules(_: &[String]) -> Held {
    refused(&[
        (
            "init_module",
            libc::SYS_init_module,
            [room(), 16, text(""), 0, 0],
        ),
        (
            "finit_module",
            libc::SYS_finit_module,
            [0, text(""), 0, 0, 0],
        ),
        (
            "delete_module",
            libc::SYS_delete_module,
            [text("x"), 0, 0, 0, 0],
        ),
        ("kexec_load", libc::SYS_kexec_load, [0, 0, 0, 0, 0]),
        ("swapon", libc::SYS_swapon, [text("/scratch/x"), 0, 0, 0, 0]),
        ("acct", libc::SYS_acct, [text("/scratch/x"), 0, 0, 0, 0]),
        ("quotactl", libc::SYS_quotactl, [0, 0, 0, 0, 0]),
        ("vhangup", libc::SYS_vhangup, [0, 0, 0, 0, 0]),
    ])
}

fn clock(_: &[String]) -> Held {
    refused(&[
        (
            "clock_settime",
            libc::SYS_clock_settime,
            [0, room(), 0, 0, 0],
        ),
        ("settimeofday", libc::SYS_settimeofday, [room(), 0, 0, 0, 0]),
        ("adjtimex", libc::SYS_adjtimex, [room(), 0, 0, 0, 0]),
    ])
}

fn filters(_: &[String]) -> Held {
    refused(&[
        ("seccomp", libc::SYS_seccomp, [1, 0, room(), 0, 0]),
        ("prctl", libc::SYS_prctl, [22, 0, 0, 0, 0]),
        ("no_new_privs", libc::SYS_prctl, [38, 0, 0, 0, 0]),
        (
            "personality",
            libc::SYS_personality,
            [0x0040_0000, 0, 0, 0, 0],
        ),
        (
            "landlock",
            libc::SYS_landlock_create_ruleset,
            [0, 0, 1, 0, 0],
        ),
        ("restart", libc::SYS_reboot, [0, 0, 0, 0, 0]),
    ])
}

/// The same calls by the numbers of another calling convention.
fn x32(_: &[String]) -> Held {
    const BIT: libc::c_long = 0x4000_0000;
    refused(&[
        ("getpid", BIT | libc::SYS_getpid, [0; 5]),
        ("socket", BIT | libc::SYS_socket, [2, 1, 0, 0, 0]),
    ])
}

/// 32-bit calls, whose numbers mean others: whoever tries is killed.
fn int80(_: &[String]) -> Held {
    let answer: u32;
    // SAFETY: `getpid` in 32 bits touches nothing but eax.
    unsafe {
        std::arch::asm!("int 0x80", inout("eax") 20_u32 => answer, options(nostack));
    }
    Err(format!("getpid answered {answer}"))
}

/// What only the narrowest jail forbids: files, processes, threads.
fn narrow(_: &[String]) -> Held {
    let path = text("/");
    refused(&[
        ("openat", libc::SYS_openat, [-100, path, 0, 0, 0]),
        ("fork", libc::SYS_fork, [0; 5]),
        ("vfork", libc::SYS_vfork, [0; 5]),
        ("clone", libc::SYS_clone, [17, 0, 0, 0, 0]),
        ("execve", libc::SYS_execve, [path, 0, 0, 0, 0]),
        ("socketpair", libc::SYS_socketpair, [1, 1, 0, room(), 0]),
        ("pipe2", libc::SYS_pipe2, [room(), 0, 0, 0, 0]),
        ("kill", libc::SYS_kill, [1, 0, 0, 0, 0]),
        ("stat", libc::SYS_newfstatat, [-100, path, room(), 0, 0]),
        (
            "mkdirat",
            libc::SYS_mkdirat,
            [-100, text("/x"), 0o755, 0, 0],
        ),
    ])
}
