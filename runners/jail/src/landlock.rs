//! Landlock, the second wall around files and sockets: what no mount shows, no rule allows either.
//!
//! Three system calls by hand and not the crate of that name: between fork and exec nothing may
//! allocate, and the crate does not promise that.

use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};

use rustix::io::Errno;

use crate::sys;

/// Execute, write, read a file; list a folder.
const EXECUTE: u64 = 1;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const REMOVE_DIR: u64 = 1 << 4;
const REMOVE_FILE: u64 = 1 << 5;
const MAKE_DIR: u64 = 1 << 7;
const MAKE_REG: u64 = 1 << 8;
const MAKE_SYM: u64 = 1 << 12;
const REFER: u64 = 1 << 13;
const TRUNCATE: u64 = 1 << 14;

/// What may be done below a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allow {
    /// Read and run what is in a folder.
    Folder,
    /// Read and run a file.
    File,
    /// Read and write a device.
    Device,
    /// Everything but running programs and making devices, sockets and pipes.
    Scratch,
}

impl Allow {
    fn bits(self) -> u64 {
        match self {
            Self::Folder => EXECUTE | READ_FILE | READ_DIR,
            Self::File => EXECUTE | READ_FILE,
            Self::Device => READ_FILE | WRITE_FILE,
            Self::Scratch => {
                let make = MAKE_DIR | MAKE_REG | MAKE_SYM | REFER;
                READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | REMOVE_DIR | REMOVE_FILE | make
            }
        }
    }
}

/// `struct landlock_ruleset_attr`; a kernel that knows less of it wants the rest to be zero.
#[repr(C)]
struct RulesetAttr {
    handled_fs: u64,
    handled_net: u64,
    scoped: u64,
}

/// `struct landlock_path_beneath_attr`.
#[repr(C, packed)]
struct PathBeneathAttr {
    allowed: u64,
    parent: i32,
}

/// Rules that are being gathered; what no rule allows is forbidden once they hold.
pub(crate) struct Ruleset {
    fd: OwnedFd,
    handled_fs: u64,
}

/// The version that the kernel speaks, 0 for none.
pub(crate) fn version() -> u32 {
    let flags_version = 1;
    // SAFETY: with this flag the kernel wants no attribute, and only answers a number.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<RulesetAttr>(),
            0_usize,
            flags_version,
        )
    };
    u32::try_from(answer).unwrap_or(0)
}

impl Ruleset {
    /// Forbids everything that this version of Landlock can forbid.
    pub(crate) fn new(version: u32) -> Result<Self, Errno> {
        let files = match version {
            0 => return Err(Errno::NOSYS),
            1 => 13,
            2 => 14,
            3 | 4 => 15,
            _ => 16,
        };
        let attr = RulesetAttr {
            handled_fs: (1 << files) - 1,
            // Binding and connecting TCP; no rule ever allows a port.
            handled_net: if version >= 4 { 0b11 } else { 0 },
            // Abstract sockets and signals to whoever is outside.
            scoped: if version >= 6 { 0b11 } else { 0 },
        };
        // SAFETY: `attr` is a live, fully initialised structure of the size given.
        let answer = unsafe {
            libc::syscall(
                libc::SYS_landlock_create_ruleset,
                &raw const attr,
                size_of::<RulesetAttr>(),
                0,
            )
        };
        Ok(Self {
            fd: sys::owned(answer)?,
            handled_fs: attr.handled_fs,
        })
    }

    /// Allows something below a path, which was opened with `O_PATH`.
    pub(crate) fn allow(&self, path: BorrowedFd<'_>, allow: Allow) -> Result<(), Errno> {
        let rule_path_beneath = 1;
        let attr = PathBeneathAttr {
            allowed: allow.bits() & self.handled_fs,
            parent: path.as_raw_fd(),
        };
        // SAFETY: `attr` is a live, fully initialised structure of the kind that the rule wants.
        let answer = unsafe {
            libc::syscall(
                libc::SYS_landlock_add_rule,
                self.fd.as_raw_fd(),
                rule_path_beneath,
                &raw const attr,
                0,
            )
        };
        sys::done(answer)
    }

    /// From here on the rules hold for this thread and all that it makes. Needs `no_new_privs`.
    pub(crate) fn restrict(&self) -> Result<(), Errno> {
        // SAFETY: a plain system call on a descriptor that is ours.
        let answer =
            unsafe { libc::syscall(libc::SYS_landlock_restrict_self, self.fd.as_raw_fd(), 0) };
        sys::done(answer)
    }
}
