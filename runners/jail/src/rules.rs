//! What a jail is to be: its files, its scratch folder, its limits, and what may be missing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::{Calls, Limits, Wall};

/// Where the scratch folder is, seen from inside. It is also the working directory.
pub const SCRATCH: &str = "/scratch";

/// What a jail is to be.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What its root holds.
    pub root: Root,
    /// Its only writable folder, at [`SCRATCH`]; empty at the start, gone at the end.
    pub scratch: Option<Scratch>,
    /// Which system calls it may make.
    pub calls: Calls,
    /// How much it may use.
    pub limits: Limits,
    /// Who it is on this machine, when whoever makes the jail is root: the number of a user and
    /// group that own nothing. Everybody else can only be themselves.
    pub host_user: u32,
    /// Walls that the administrator accepted to go without on this machine.
    pub accept_missing: BTreeSet<Wall>,
}

impl Rules {
    /// The number of `nobody`, on nearly every system.
    pub const NOBODY: u32 = 65_534;

    /// The narrowest jail: no file at all, nothing but computing.
    pub fn narrow(limits: Limits) -> Self {
        Self {
            root: Root::Empty,
            scratch: None,
            calls: Calls::Compute,
            limits,
            host_user: Self::NOBODY,
            accept_missing: BTreeSet::new(),
        }
    }
}

/// What the root of a jail holds.
#[derive(Clone, Debug)]
pub enum Root {
    /// Nothing: for a copy of a process that has all it needs in memory.
    Empty,
    /// These, read-only, and `/dev/null`, `/dev/zero`, `/dev/urandom`.
    Files(Vec<Mount>),
}

/// A folder or file of this machine that can be read, and programs in it run, inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where it is on this machine. Links are followed; it must exist and not lie in `/proc`, and
    /// be readable for [`Rules::host_user`].
    pub host: PathBuf,
    /// Where it is inside: absolute, without `.` or `..`.
    pub inside: PathBuf,
}

impl Mount {
    /// The same path outside and inside.
    pub fn same(path: impl Into<PathBuf>) -> Self {
        let host = path.into();
        let inside = host.clone();
        Self { host, inside }
    }

    /// What a dynamically linked program needs, as far as this machine has it: the libraries, the
    /// loader and the loader's cache, and no program.
    pub fn libraries() -> Vec<Self> {
        let usual = [
            "/usr/lib",
            "/usr/lib64",
            "/lib",
            "/lib64",
            "/etc/ld.so.cache",
        ];
        let there = usual.into_iter().filter(|path| Path::new(path).exists());
        there.map(Self::same).collect()
    }
}

/// A folder in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scratch {
    /// Bytes that all its files may hold, rounded up to pages.
    pub bytes_max: u64,
    /// Files and folders in it.
    pub files_max: u64,
}
