//! The jail that the attempts are made in.

use std::path::Path;
use std::time::Duration;

use jail::{Calls, Limits, Mount, Root, Rules, Scratch};

/// Where the hostile program is, seen from inside.
pub(crate) const PROGRAM: &str = "/program/jail-hostile";

/// The scratch folder's size.
pub(crate) const SCRATCH_BYTES: u64 = 32 << 20;

/// Limits that nothing but a bomb reaches.
pub(crate) const LIMITS: Limits = Limits {
    wall: Duration::from_mins(1),
    cpu_seconds: 20,
    memory_bytes: 256 << 20,
    processes: 16,
    open_files: 32,
    file_bytes: 632 << 20,
    stack_bytes: 1 << 20,
};

/// A jail with libraries, the folder that holds the program, and a scratch folder.
pub(crate) fn rules(folder: &Path) -> Rules {
    let mut mounts = Mount::libraries();
    mounts.push(Mount {
        host: folder.to_owned(),
        inside: "/program".into(),
    });
    Rules {
        root: Root::Files(mounts),
        scratch: Some(Scratch {
            bytes_max: SCRATCH_BYTES,
            files_max: 64,
        }),
        calls: Calls::Processes,
        ..Rules::narrow(LIMITS)
    }
}
