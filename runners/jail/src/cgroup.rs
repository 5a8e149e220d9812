//! Control groups, where this process may make some: the memory and number of all processes of a
//! jail together. Without them each process has its own limits, and there are only so many.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Limits;

/// Folders in which this process may make groups of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Delegation {
    folders: Vec<(Kind, PathBuf)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The one hierarchy of version 2.
    Unified,
    /// A hierarchy of version 1.
    Memory,
    Pids,
}

impl Delegation {
    /// The groups that this process is in and may divide. The root of a hierarchy is nobody's.
    pub(crate) fn find() -> Self {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let folders = folders(&own, &mounts);
        let folders: Vec<_> = folders.into_iter().filter(divisible).collect();
        for (_, folder) in &folders {
            sweep(folder);
        }
        Self { folders }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.folders.is_empty()
    }

    /// Makes a group with these limits; nobody is in it yet.
    pub(crate) fn group(&self, limits: &Limits) -> io::Result<Group> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("jail-{}-{number}", std::process::id());
        let mut group = Group {
            folders: Vec::with_capacity(self.folders.len()),
        };
        for (kind, parent) in &self.folders {
            let folder = parent.join(&name);
            fs::create_dir(&folder)?;
            group.folders.push(folder.clone());
            let set = |file: &str, limit: u64| fs::write(folder.join(file), limit.to_string());
            match kind {
                Kind::Unified => {
                    set("memory.max", limits.memory_bytes)?;
                    set("pids.max", limits.processes)?;
                    // Absent without swap, or in old kernels: then there is nothing to forbid.
                    for (file, value) in [("memory.swap.max", 0), ("memory.oom.group", 1)] {
                        match set(file, value) {
                            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                                return Err(error);
                            }
                            _ => {}
                        }
                    }
                }
                Kind::Memory => set("memory.limit_in_bytes", limits.memory_bytes)?,
                Kind::Pids => set("pids.max", limits.processes)?,
            }
        }
        Ok(group)
    }
}

/// Takes away the groups of makers that died and could not.
fn sweep(folder: &Path) {
    for group in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = group.file_name();
        let maker = name.to_str().and_then(|name| name.strip_prefix("jail-"));
        let maker = maker.and_then(|it| it.split('-').next()?.parse::<u32>().ok());
        if maker.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            // One that is still used is not taken away by the kernel either.
            let _ = fs::remove_dir(group.path());
        }
    }
}

/// Where the lines of `/proc/self/cgroup` lie, by those of `/proc/self/mountinfo`.
fn folders(own: &str, mounts: &str) -> Vec<(Kind, PathBuf)> {
    let mut found = Vec::new();
    for line in own.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        if path == "/" {
            continue;
        }
        let kinds: &[Kind] = match controllers {
            "" => &[Kind::Unified],
            other => {
                let has = |name: &str| other.split(',').any(|it| it == name);
                match (has("memory"), has("pids")) {
                    (true, true) => &[Kind::Memory, Kind::Pids],
                    (true, false) => &[Kind::Memory],
                    (false, true) => &[Kind::Pids],
                    (false, false) => &[],
                }
            }
        };
        for kind in kinds {
            if let Some(mounted) = mounts.lines().find_map(|line| hierarchy(line, *kind)) {
                found.push((*kind, mounted.join(path.trim_start_matches('/'))));
            }
        }
    }
    found
}

/// Where a line of `mountinfo` mounts the whole of this kind of hierarchy.
fn hierarchy(line: &str, kind: Kind) -> Option<PathBuf> {
    let (place, what) = line.split_once(" - ")?;
    let mut place = place.split(' ').skip(3);
    let (root, mounted) = (place.next()?, place.next()?);
    let mut what = what.split(' ');
    let (system, options) = (what.next()?, what.nth(1)?);
    let right = match kind {
        Kind::Unified => system == "cgroup2",
        Kind::Memory => system == "cgroup" && options.split(',').any(|it| it == "memory"),
        Kind::Pids => system == "cgroup" && options.split(',').any(|it| it == "pids"),
    };
    (right && root == "/").then(|| PathBuf::from(mounted))
}

/// Whether groups can be made there, with the controllers that count.
fn divisible((kind, folder): &(Kind, PathBuf)) -> bool {
    let writable = rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok();
    writable && (*kind != Kind::Unified || controls(folder))
}

fn controls(folder: &Path) -> bool {
    let given = fs::read_to_string(folder.join("cgroup.subtree_control")).unwrap_or_default();
    let has = |name: &str| given.split_whitespace().any(|it| it == name);
    has("memory") && has("pids")
}

/// One jail's groups; gone when it is dropped, after its last process.
#[derive(Debug)]
pub(crate) struct Group {
    folders: Vec<PathBuf>,
}

impl Group {
    /// Puts a process in; what it makes from then on is in as well.
    pub(crate) fn add(&self, pid: i32) -> io::Result<()> {
        for folder in &self.folders {
            fs::write(folder.join("cgroup.procs"), pid.to_string())?;
        }
        Ok(())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for folder in &self.folders {
            // A group that the kernel still empties stays behind: an empty name, harmless.
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A limit written into the wrong folder limits somebody else.
    #[test]
    fn groups_are_found_where_they_are_mounted() {
        let check = |own: &str, mounts: &str, expected: &[(Kind, &str)]| {
            let found = folders(own, mounts);
            let found: Vec<(Kind, &str)> = found
                .iter()
                .map(|(kind, path)| (*kind, path.to_str().unwrap()))
                .collect();
            assert_eq!(found, expected);
        };
        let unified = "30 1 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
        check(
            "0::/system.slice/indelible.service\n",
            unified,
            &[(
                Kind::Unified,
                "/sys/fs/cgroup/system.slice/indelible.service",
            )],
        );
        check("0::/\n", unified, &[]);
        let old = "31 1 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                   32 1 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n";
        check(
            "8:pids:/a\n4:memory:/b/c\n1:cpu:/\n0::/\n",
            old,
            &[
                (Kind::Pids, "/sys/fs/cgroup/pids/a"),
                (Kind::Memory, "/sys/fs/cgroup/memory/b/c"),
            ],
        );
        let part = "31 1 0:27 /of/another /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
        check("4:memory:/b\n", part, &[]);
    }
}
