//! A jail prepared: everything that the way in needs, as the kernel wants it. Made once, used for
//! every process, because between fork and exec nothing may be made.

use std::collections::BTreeSet;
use std::ffi::{CString, c_int};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use seccompiler::BpfProgram;

use crate::landlock::Allow;
use crate::rules::{Mount, Root, Rules, SCRATCH};
use crate::{Abilities, Calls, JailError, Limits, Wall};

/// Most mounts of one jail, and the longest path of one.
const MOUNTS_MAX: usize = 64;

/// The devices of every jail that has files.
const DEVICES: [&str; 3] = ["/dev/null", "/dev/zero", "/dev/urandom"];

/// Who the jailed process is, inside.
pub(crate) const INSIDE_USER: u32 = 1000;

pub(crate) struct Plan {
    /// Flags of the namespaces; none when the machine has no user namespaces and that is accepted.
    pub(crate) namespaces: c_int,
    /// Whether whoever makes the jail is root.
    pub(crate) privileged: bool,
    /// Who the jailed process is outside: user and group.
    pub(crate) host_user: (u32, u32),
    /// Options of the root's tmpfs.
    pub(crate) root_options: CString,
    /// Folders of the root, parents first, and empty files to mount files over; all relative.
    pub(crate) folders: Vec<CString>,
    pub(crate) files: Vec<CString>,
    pub(crate) binds: Vec<Bind>,
    /// Options of the scratch folder's tmpfs.
    pub(crate) scratch: Option<CString>,
    pub(crate) limits: Limits,
    /// None where its absence is accepted.
    pub(crate) filter: Option<BpfProgram>,
    /// Version of Landlock, 0 where its absence is accepted.
    pub(crate) landlock: u32,
    /// Whether the memory of all processes together is worth a control group.
    pub(crate) grouped: bool,
}

/// One mount.
pub(crate) struct Bind {
    pub(crate) host: CString,
    /// Relative to the new root.
    pub(crate) target: CString,
    pub(crate) allow: Allow,
}

impl Plan {
    pub(crate) fn new(rules: &Rules, abilities: &Abilities) -> Result<Self, JailError> {
        let missing: Vec<Wall> = abilities
            .missing()
            .filter(|wall| !rules.accept_missing.contains(wall))
            .collect();
        if !missing.is_empty() {
            return Err(JailError::Refused { missing });
        }
        limits_make_sense(&rules.limits)?;
        let namespaces = abilities.namespaces();
        if namespaces & libc::CLONE_NEWNS == 0 && rules.scratch.is_some() {
            let why = "a scratch folder needs a mount namespace, which this machine does not give";
            return Err(JailError::invalid("scratch", why));
        }
        let mut binds = Vec::new();
        let mut layout = Layout::default();
        if let Root::Files(mounts) = &rules.root {
            for mount in in_order(mounts)? {
                binds.push(layout.mount(mount)?);
            }
            for device in DEVICES {
                let mut bind = layout.mount(&Mount::same(device))?;
                bind.allow = Allow::Device;
                binds.push(bind);
            }
        }
        let scratch = match rules.scratch {
            None => None,
            Some(scratch) => {
                if layout.mounted.iter().any(|path| path.starts_with(SCRATCH)) {
                    return Err(JailError::invalid("root", "nothing may lie in /scratch"));
                }
                layout.folder(Path::new(SCRATCH))?;
                // The folder itself is one of its files.
                let files = scratch.files_max.saturating_add(1);
                let bytes = scratch.bytes_max;
                Some(text(format!("size={bytes},nr_inodes={files},mode=700"))?)
            }
        };
        let inodes = layout.folders.len() + layout.files.len() + 1;
        let own = (
            rustix::process::geteuid().as_raw(),
            rustix::process::getegid().as_raw(),
        );
        Ok(Self {
            namespaces,
            privileged: own.0 == 0,
            host_user: if own.0 == 0 {
                (rules.host_user, rules.host_user)
            } else {
                own
            },
            root_options: text(format!("size=4096,nr_inodes={inodes},mode=755"))?,
            folders: layout.folders,
            files: layout.files,
            binds,
            scratch,
            limits: rules.limits,
            filter: match abilities.why_missing(Wall::Filter) {
                None => Some(rules.calls.program()?),
                Some(_) => None,
            },
            landlock: abilities.landlock(),
            grouped: rules.calls == Calls::Processes,
        })
    }
}

/// Outer folders before those in them.
fn in_order(mounts: &[Mount]) -> Result<Vec<&Mount>, JailError> {
    if mounts.len() > MOUNTS_MAX {
        let why = format!("{} mounts, at most {MOUNTS_MAX}", mounts.len());
        return Err(JailError::invalid("root", why));
    }
    let mut sorted: Vec<&Mount> = mounts.iter().collect();
    sorted.sort_by_key(|mount| mount.inside.components().count());
    Ok(sorted)
}

/// The folders and files of a root, as the mounts ask for them.
#[derive(Default)]
struct Layout {
    made: BTreeSet<PathBuf>,
    mounted: Vec<PathBuf>,
    folders: Vec<CString>,
    files: Vec<CString>,
}

impl Layout {
    fn mount(&mut self, mount: &Mount) -> Result<Bind, JailError> {
        let host = mount.host.canonicalize().map_err(|error| {
            JailError::invalid("root", format!("{}: {error}", mount.host.display()))
        })?;
        if host.starts_with("/proc") {
            return Err(JailError::invalid(
                "root",
                "nothing of /proc can be mounted",
            ));
        }
        if !plain(&mount.inside) || self.mounted.contains(&mount.inside) {
            let why = format!(
                "{} is not an absolute path without dots, or named twice",
                mount.inside.display()
            );
            return Err(JailError::invalid("root", why));
        }
        let folder = host.is_dir();
        // What lies in another mount must be there already: that mount is read-only.
        if !self.mounted.iter().any(|it| mount.inside.starts_with(it)) {
            if folder {
                self.folder(&mount.inside)?;
            } else {
                self.folder(mount.inside.parent().unwrap_or(Path::new("/")))?;
                self.files.push(relative(&mount.inside)?);
            }
        }
        self.mounted.push(mount.inside.clone());
        Ok(Bind {
            host: text(host.as_os_str().as_bytes())?,
            target: relative(&mount.inside)?,
            allow: if folder { Allow::Folder } else { Allow::File },
        })
    }

    /// Plans a folder with its parents.
    fn folder(&mut self, path: &Path) -> Result<(), JailError> {
        let above: Vec<&Path> = path.ancestors().collect();
        for path in above.into_iter().rev().skip(1) {
            if self.made.insert(path.to_owned()) {
                self.folders.push(relative(path)?);
            }
        }
        Ok(())
    }
}

/// Absolute, without `.` and `..`, and not the root itself.
fn plain(path: &Path) -> bool {
    let mut parts = path.components();
    parts.next() == Some(Component::RootDir)
        && parts.clone().next().is_some()
        && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn relative(path: &Path) -> Result<CString, JailError> {
    let path = path.strip_prefix("/").unwrap_or(path);
    text(path.as_os_str().as_bytes())
}

fn text(bytes: impl AsRef<[u8]>) -> Result<CString, JailError> {
    CString::new(bytes.as_ref()).map_err(|_| JailError::invalid("root", "a path holds a zero byte"))
}

fn limits_make_sense(limits: &Limits) -> Result<(), JailError> {
    let needed = [
        ("limits.cpu_seconds", limits.cpu_seconds),
        ("limits.memory_bytes", limits.memory_bytes),
        ("limits.processes", limits.processes),
        ("limits.open_files", limits.open_files),
        ("limits.stack_bytes", limits.stack_bytes),
    ];
    for (field, limit) in needed {
        if limit == 0 {
            return Err(JailError::invalid(field, "nothing runs on nothing"));
        }
    }
    if limits.wall.is_zero() {
        return Err(JailError::invalid("limits.wall", "nothing runs in no time"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    pub(crate) const LIMITS: Limits = Limits {
        wall: Duration::from_secs(10),
        cpu_seconds: 5,
        memory_bytes: 1 << 30,
        processes: 4,
        open_files: 32,
        file_bytes: 1 << 20,
        stack_bytes: 1 << 20,
    };

    /// A jail that is not what its rules say is worse than none.
    #[test]
    fn rules_that_cannot_be_are_refused_by_name() {
        let abilities = Abilities::probe();
        let check = |change: &dyn Fn(&mut Rules), expected: &str| {
            let mut rules = Rules::narrow(LIMITS);
            change(&mut rules);
            let error = Plan::new(&rules, &abilities).map(|_| ()).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        let files = |mounts: &[(&str, &str)]| {
            let mounts = mounts.iter().map(|(host, inside)| Mount {
                host: host.into(),
                inside: inside.into(),
            });
            Root::Files(mounts.collect())
        };
        check(
            &|rules| rules.limits.processes = 0,
            "limits.processes: nothing runs on nothing",
        );
        check(
            &|rules| rules.limits.wall = Duration::ZERO,
            "limits.wall: nothing runs in no time",
        );
        check(
            &|rules| rules.root = files(&[("/nowhere", "/nowhere")]),
            "root: /nowhere: No such file or directory (os error 2)",
        );
        check(
            &|rules| rules.root = files(&[("/proc/self", "/self")]),
            "root: nothing of /proc can be mounted",
        );
        for inside in ["usr", "/usr/../etc", "/"] {
            check(
                &|rules| rules.root = files(&[("/usr", inside)]),
                &format!("root: {inside} is not an absolute path without dots, or named twice"),
            );
        }
        check(
            &|rules| rules.root = files(&[("/usr", "/a"), ("/usr/lib", "/a")]),
            "root: /a is not an absolute path without dots, or named twice",
        );
        check(
            &|rules| {
                rules.root = files(&[("/usr", "/scratch/usr")]);
                rules.scratch = Some(crate::Scratch {
                    bytes_max: 1,
                    files_max: 1,
                });
            },
            "root: nothing may lie in /scratch",
        );
    }

    /// An administrator who did not say so must not run without a wall.
    #[test]
    fn a_missing_wall_refuses_until_it_is_accepted() {
        let abilities = Abilities::probe().without(Wall::Landlock);
        let mut rules = Rules::narrow(LIMITS);
        let error = Plan::new(&rules, &abilities).map(|_| ()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "this machine cannot build the jail: Landlock missing"
        );
        rules.accept_missing = abilities.missing().collect();
        assert!(Plan::new(&rules, &abilities).is_ok());
    }
}
