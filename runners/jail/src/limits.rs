//! How much a jail may use.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How much a jail may use. What goes beyond fails inside with the error of its kind, or ends the
/// jail; see each field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From entering to the end, however little it does. Beyond, [`crate::Jailed::wait`] kills
    /// everything inside.
    pub wall: Duration,
    /// Seconds of processor, for each process. Beyond, the process is killed.
    pub cpu_seconds: u64,
    /// Bytes of address space of each process, with what it had before it was jailed; where a
    /// control group is delegated also the memory of all together. Beyond, allocation fails (or,
    /// by the group, the process is killed).
    pub memory_bytes: u64,
    /// Processes and threads. Beyond, making one fails.
    pub processes: u64,
    /// Open descriptors of each process. Beyond, opening fails.
    pub open_files: u64,
    /// Bytes of the largest file. Beyond, the writer is killed, or writing fails.
    pub file_bytes: u64,
    /// Bytes of the main thread's stack. Beyond, the process is killed.
    pub stack_bytes: u64,
}

impl Limits {
    /// What the kernel is told. Each is the most that can be had again: soft and hard are one.
    pub(crate) fn resources(&self) -> [(Resource, u64); 12] {
        [
            (Resource::Cpu, self.cpu_seconds),
            (Resource::As, self.memory_bytes),
            (Resource::Nproc, self.processes),
            (Resource::Nofile, self.open_files),
            (Resource::Fsize, self.file_bytes),
            (Resource::Stack, self.stack_bytes),
            // Zero would still feed a program that `core_pattern` names; one is the number that
            // the kernel takes as "not even that".
            (Resource::Core, 1),
            (Resource::Memlock, 0),
            (Resource::Msgqueue, 0),
            (Resource::Sigpending, 64),
            (Resource::Nice, 0),
            (Resource::Rtprio, 0),
        ]
    }

    /// Sets them, in the child. Never above what the parent may have itself.
    pub(crate) fn apply(&self) -> rustix::io::Result<()> {
        for (resource, wanted) in self.resources() {
            let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
            let limit = Some(wanted.min(most));
            let limit = Rlimit {
                current: limit,
                maximum: limit,
            };
            setrlimit(resource, limit)?;
        }
        Ok(())
    }
}
