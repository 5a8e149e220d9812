//! A cage for other people's code: one process in namespaces of its own, with a root of its own,
//! behind a list of allowed system calls, under limits of time, memory, processes and files.
//!
//! [`Abilities::probe`] says what this kernel gives. [`Jail::new`] prepares the cage and refuses
//! when a wall is missing that the administrator has not accepted. [`Jail::spawn`] runs a program
//! in it; [`Jail::fork`] splits a warm, single-threaded process and jails the copy, which costs no
//! start of an interpreter. Either way the jailed process is number 1 of its own process
//! namespace: whatever it started dies with it, and it dies with whoever made it.
//!
//! What is inside: read-only bind mounts that the caller names, three devices, a scratch folder of
//! bounded size, no `/proc`, no network device, no capability, no way to gain one. The walls stand
//! behind one another: what a mount namespace hides, Landlock forbids as well, and the filter of
//! system calls keeps most of the kernel out of reach.
//!
//! Knows nothing of languages, sources or gRPC. How much a jailed process may print is the
//! business of whoever reads it.

#![allow(
    unsafe_code,
    reason = "making a process and jailing it is system calls that no safe crate offers; all of \
              them are in `sys`, `landlock`, and the way in"
)]
#![deny(unsafe_op_in_unsafe_fn)]

mod abilities;
mod calls;
mod cgroup;
mod error;
mod fault;
mod filter;
mod inside;
mod jailed;
mod landlock;
mod limits;
mod plan;
mod program;
mod rules;
mod start;
mod sys;

pub use abilities::{Abilities, Wall};
pub use error::{JailError, Step};
pub use filter::Calls;
pub use jailed::{Ending, How, Jailed, Usage};
pub use limits::Limits;
pub use program::{Descriptor, Program};
pub use rules::{Mount, Root, Rules, SCRATCH, Scratch};
pub use start::{Forked, Jail};
