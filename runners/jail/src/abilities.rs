//! What this kernel gives to build a jail of, found by trying.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::c_int;

use rustix::mount::{MountFlags, MountPropagationFlags};

use crate::cgroup::Delegation;
use crate::landlock;
use crate::sys::{self, Cloned};

/// A wall of the jail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wall {
    /// Users of its own, none of whom is anybody outside. Every other namespace needs this one.
    Users,
    /// A root of its own: no file of this machine but what is mounted.
    Mounts,
    /// Processes of its own: it sees no other, and all of them end together.
    Processes,
    /// A network of its own, with nothing in it.
    Network,
    /// Message queues and shared memory of its own.
    Ipc,
    /// A host name of its own.
    HostName,
    /// The list of allowed system calls (seccomp).
    Filter,
    /// Rules on paths, TCP and signals, behind the namespaces.
    Landlock,
}

impl Wall {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Users,
        Self::Mounts,
        Self::Processes,
        Self::Network,
        Self::Ipc,
        Self::HostName,
        Self::Filter,
        Self::Landlock,
    ];

    fn namespace(self) -> Option<c_int> {
        match self {
            Self::Users => Some(libc::CLONE_NEWUSER),
            Self::Mounts => Some(libc::CLONE_NEWNS),
            Self::Processes => Some(libc::CLONE_NEWPID),
            Self::Network => Some(libc::CLONE_NEWNET),
            Self::Ipc => Some(libc::CLONE_NEWIPC),
            Self::HostName => Some(libc::CLONE_NEWUTS),
            Self::Filter | Self::Landlock => None,
        }
    }
}

impl std::fmt::Display for Wall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Users => "user namespaces",
            Self::Mounts => "mount namespaces",
            Self::Processes => "process namespaces",
            Self::Network => "network namespaces",
            Self::Ipc => "IPC namespaces",
            Self::HostName => "host name namespaces",
            Self::Filter => "seccomp",
            Self::Landlock => "Landlock",
        })
    }
}

/// What this kernel gives, and what it lacks. Does not change while the machine runs: probe once.
#[derive(Clone, Debug)]
pub struct Abilities {
    missing: BTreeMap<Wall, String>,
    landlock: u32,
    delegation: Delegation,
}

impl Abilities {
    /// Tries every wall, in processes made for it.
    pub fn probe() -> Self {
        let mut missing = BTreeMap::new();
        for wall in Wall::ALL {
            let tried = match wall.namespace() {
                Some(flag) => try_namespace(flag),
                None => Ok(()),
            };
            if let Err(errno) = tried {
                missing.insert(wall, std::io::Error::from(errno).to_string());
            }
        }
        if missing.contains_key(&Wall::Users) {
            for wall in Wall::ALL.into_iter().filter(|it| it.namespace().is_some()) {
                let why = || "made inside user namespaces only".to_owned();
                missing.entry(wall).or_insert_with(why);
            }
        }
        if let Err(why) = try_filter() {
            missing.insert(Wall::Filter, why);
        }
        let landlock = landlock::version();
        if landlock == 0 {
            let why = "not built in, or not switched on at boot";
            missing.insert(Wall::Landlock, why.to_owned());
        }
        Self {
            missing,
            landlock,
            delegation: Delegation::find(),
        }
    }

    /// The same as if this wall could not be had: what an administrator would see there.
    #[must_use]
    pub fn without(mut self, wall: Wall) -> Self {
        let lost: &[Wall] = match wall {
            Wall::Users => &Wall::ALL[..6],
            _ => &[wall],
        };
        for wall in lost {
            self.missing.insert(*wall, "left out on purpose".to_owned());
        }
        if wall == Wall::Landlock {
            self.landlock = 0;
        }
        self
    }

    /// The walls that this machine cannot build.
    pub fn missing(&self) -> impl Iterator<Item = Wall> + '_ {
        self.missing.keys().copied()
    }

    /// Why a wall is missing, in the kernel's words.
    pub fn why_missing(&self, wall: Wall) -> Option<&str> {
        self.missing.get(&wall).map(String::as_str)
    }

    /// Version of Landlock, 0 for none: from 4 on it forbids TCP, from 6 on abstract sockets and
    /// signals.
    pub fn landlock(&self) -> u32 {
        self.landlock
    }

    /// Whether memory and number of all processes of a jail together can be limited, by control
    /// groups that are delegated to this process. Without, each process has limits of its own.
    pub fn groups(&self) -> bool {
        !self.delegation.is_empty()
    }

    pub(crate) fn delegation(&self) -> &Delegation {
        &self.delegation
    }

    /// Flags of all namespaces that can be had.
    pub(crate) fn namespaces(&self) -> c_int {
        let had: BTreeSet<Wall> = Wall::ALL.into_iter().collect();
        had.iter()
            .filter(|wall| !self.missing.contains_key(wall))
            .filter_map(|wall| wall.namespace())
            .fold(0, |flags, flag| flags | flag)
    }
}

/// Makes a namespace in a process of its own, and uses it where permission to make it does not
/// say that it can be used (distributions that take capabilities away inside).
fn try_namespace(flag: c_int) -> Result<(), rustix::io::Errno> {
    let before = sys::block_signals();
    // SAFETY: the child makes system calls only, and exits.
    let cloned = unsafe { sys::clone(libc::CLONE_NEWUSER | flag) };
    if matches!(cloned, Ok(Cloned::Child)) {
        let used = match flag {
            libc::CLONE_NEWNS => try_mounts(),
            libc::CLONE_NEWUTS => rustix::system::sethostname(b"probe"),
            _ => Ok(()),
        };
        sys::exit(used.err().map_or(0, rustix::io::Errno::raw_os_error));
    }
    sys::restore_signals(&before);
    match cloned? {
        Cloned::Child => sys::exit(1),
        Cloned::Parent { pid, .. } => {
            let (status, _) = sys::reap(pid)?;
            match libc::WEXITSTATUS(status) {
                0 if libc::WIFEXITED(status) => Ok(()),
                0 => Err(rustix::io::Errno::CHILD),
                errno => Err(rustix::io::Errno::from_raw_os_error(errno)),
            }
        }
    }
}

fn try_mounts() -> rustix::io::Result<()> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change(c"/", private)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    rustix::mount::mount(c"probe", c"/proc", c"tmpfs", flags, None)?;
    sys::set_mount(c"/proc", libc::MOUNT_ATTR_RDONLY, true)
}

fn try_filter() -> Result<(), String> {
    crate::Calls::Compute
        .program()
        .map_err(|error| error.to_string())?;
    rustix::thread::secure_computing_mode()
        .map(|_| ())
        .map_err(|_| "not built in".to_owned())
}
