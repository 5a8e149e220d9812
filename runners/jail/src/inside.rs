//! The way in: what the new process does to itself between being made and being jailed. All of it
//! is system calls on what [`crate::plan`] prepared; nothing here allocates, locks or panics.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd, RawFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};
use rustix::process::{DumpableBehavior, Signal};
use rustix::thread::{CapabilitiesSecureBits, CapabilitySet, CapabilitySets, Gid, Uid};
use seccompiler::BpfProgram;

use crate::fault::{Fault, MOUNTS};
use crate::landlock::{Allow, Ruleset};
use crate::plan::{INSIDE_USER, Plan};
use crate::{Step, sys};

/// Where the new root is built: hidden by it is only what the jail must not see anyway.
const BUILDING_SITE: &std::ffi::CStr = c"/proc";

/// Most descriptors that are handed over.
pub(crate) const DESCRIPTORS_MAX: usize = 32;

/// The highest number that a descriptor may have inside.
pub(crate) const NUMBER_MAX: RawFd = 255;

/// Jails this process. `channel` is the socket to the parent: one byte in says that the parent did
/// its part; it is moved to a number above those handed over, wherever the way ends.
///
/// # Safety
/// All descriptors are closed but those in `descriptors` (number now, number then) and the
/// channel; nobody in this process may go on using the others.
pub(crate) unsafe fn enter(
    plan: &Plan,
    channel: &mut RawFd,
    descriptors: &[(RawFd, RawFd)],
) -> Result<(), Fault> {
    wait_for_parent(*channel)?;
    become_user(plan).map_err(Fault::at(&Step::Identity))?;
    // After the change of user, which forgets it. The parent holds its end of the channel until
    // we say that we are in, so if it died meanwhile we see that now.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(Fault::at(&Step::DeathSignal))?;
    parent_lives(*channel)?;
    if plan.namespaces & libc::CLONE_NEWUTS != 0 {
        rustix::system::sethostname(b"jail")
            .and_then(|()| rustix::system::setdomainname(b""))
            .map_err(Fault::at(&Step::HostName))?;
    }
    if plan.namespaces & libc::CLONE_NEWNS != 0 {
        build_root(plan)?;
    }
    // Fails only for who leads a group already, which a copy never does.
    let _session = rustix::process::setsid().map_err(Fault::at(&Step::Session))?;
    rustix::process::umask(Mode::from_raw_mode(0o077));
    // SAFETY: the caller's promise.
    unsafe { hand_over(channel, descriptors) }.map_err(Fault::at(&Step::Descriptors))?;
    drop_capabilities(plan).map_err(Fault::at(&Step::Capabilities))?;
    if plan.landlock > 0 {
        forbid_paths(plan)?;
    }
    plan.limits.apply().map_err(Fault::at(&Step::Limits))?;
    sys::default_signals().map_err(Fault::at(&Step::Session))?;
    plan.filter.as_ref().map_or(Ok(()), apply)
}

/// The last step: what the filter forbids cannot be done after it.
fn apply(filter: &BpfProgram) -> Result<(), Fault> {
    seccompiler::apply_filter(filter).map_err(|error| {
        let errno = match error {
            seccompiler::Error::Prctl(error) | seccompiler::Error::Seccomp(error) => {
                Errno::from_io_error(&error)
            }
            _ => None,
        };
        Fault::at(&Step::Filter)(errno.unwrap_or(Errno::INVAL))
    })
}

fn borrow<'a>(fd: RawFd) -> BorrowedFd<'a> {
    // SAFETY: the channel and the descriptors handed over are open for as long as this process
    // walks in; nobody else runs in it.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

fn wait_for_parent(channel: RawFd) -> Result<(), Fault> {
    let mut word = [0; 1];
    match rustix::io::read(borrow(channel), &mut word) {
        Ok(1) => Ok(()),
        Ok(_) => sys::exit(1), // The parent is gone, or gave up and says why itself.
        Err(errno) => Err(Fault::at(&Step::Channel)(errno)),
    }
}

fn parent_lives(channel: RawFd) -> Result<(), Fault> {
    let channel = borrow(channel);
    let mut watched = [rustix::event::PollFd::from_borrowed_fd(
        channel,
        rustix::event::PollFlags::IN,
    )];
    let now = rustix::event::Timespec::default();
    match rustix::event::poll(&mut watched, Some(&now)) {
        Ok(0) => Ok(()),
        Ok(_) => sys::exit(1),
        Err(errno) => Err(Fault::at(&Step::Channel)(errno)),
    }
}

fn become_user(plan: &Plan) -> Result<(), Errno> {
    let (user, group) = if plan.namespaces & libc::CLONE_NEWUSER != 0 {
        (INSIDE_USER, INSIDE_USER)
    } else {
        plan.host_user
    };
    if plan.privileged {
        rustix::thread::set_thread_groups(&[])?;
    }
    let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
    rustix::thread::set_thread_res_gid(group, group, group)?;
    rustix::thread::set_thread_res_uid(user, user, user)
}

/// Builds a root from nothing and leaves the old one.
fn build_root(plan: &Plan) -> Result<(), Fault> {
    let fault = Fault::at(&Step::Root);
    let quiet = MountFlags::NOSUID | MountFlags::NODEV;
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change(c"/", private).map_err(&fault)?;
    let options = plan.root_options.as_c_str();
    rustix::mount::mount(c"jail", BUILDING_SITE, c"tmpfs", quiet, options).map_err(&fault)?;
    rustix::process::chdir(BUILDING_SITE).map_err(&fault)?;
    let readable = Mode::from_raw_mode(0o755);
    for folder in &plan.folders {
        rustix::fs::mkdir(folder.as_c_str(), readable).map_err(&fault)?;
    }
    for file in &plan.files {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
        rustix::fs::open(file.as_c_str(), flags, readable).map_err(&fault)?;
    }
    for (place, bind) in (MOUNTS..).zip(&plan.binds) {
        let fault = Fault::at_place(place);
        let target = bind.target.as_c_str();
        rustix::mount::mount_bind_recursive(bind.host.as_c_str(), target).map_err(&fault)?;
        let device = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC;
        let files = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
        let attributes = match bind.allow {
            Allow::Device => device,
            _ => files,
        };
        sys::set_mount(target, attributes, true).map_err(&fault)?;
    }
    if let Some(options) = &plan.scratch {
        let flags = quiet | MountFlags::NOEXEC;
        rustix::mount::mount(c"scratch", c"scratch", c"tmpfs", flags, options.as_c_str())
            .map_err(Fault::at(&Step::Scratch))?;
    }
    // The old root comes to lie on the new one, and is taken off.
    rustix::process::pivot_root(c".", c".").map_err(&fault)?;
    rustix::mount::unmount(c".", UnmountFlags::DETACH).map_err(&fault)?;
    rustix::process::chdir(c"/").map_err(&fault)?;
    let sealed = libc::MOUNT_ATTR_RDONLY
        | libc::MOUNT_ATTR_NOSUID
        | libc::MOUNT_ATTR_NODEV
        | libc::MOUNT_ATTR_NOEXEC;
    sys::set_mount(c"/", sealed, false).map_err(&fault)?;
    if plan.scratch.is_some() {
        rustix::process::chdir(c"/scratch").map_err(Fault::at(&Step::Scratch))?;
    }
    Ok(())
}

/// Puts every descriptor where it is wanted and closes all others.
///
/// # Safety
/// As [`enter`].
unsafe fn hand_over(channel: &mut RawFd, wanted: &[(RawFd, RawFd)]) -> Result<(), Errno> {
    let above = wanted
        .iter()
        .map(|(_, number)| number + 1)
        .fold(3, RawFd::max);
    // First out of the way, all of them, so that none is overwritten before its turn.
    let mut copies: [RawFd; DESCRIPTORS_MAX] = [-1; DESCRIPTORS_MAX];
    for (copy, (now, _)) in copies.iter_mut().zip(wanted) {
        *copy = sys::copy_above(borrow(*now), above + 1)?;
    }
    let moved = sys::copy_above(borrow(*channel), above + 1)?;
    *channel = moved;
    // SAFETY: the caller's promise; what is closed is none of the copies, which all lie above.
    unsafe {
        for number in 0..=above {
            match wanted.iter().position(|(_, then)| *then == number) {
                Some(index) => sys::place(copies[index], number)?,
                None => sys::close_from(number, false)?,
            }
        }
        // Lands on `above`, the lowest that is free.
        *channel = sys::copy_above(borrow(moved), above)?;
        sys::close_from(above + 1, true)?;
    }
    Ok(())
}

/// From here on nothing can be gained: no capability is left, none can come back.
fn drop_capabilities(plan: &Plan) -> Result<(), Errno> {
    if plan.namespaces & libc::CLONE_NEWUSER != 0 {
        for number in 0..64 {
            match rustix::thread::remove_capability_from_bounding_set(
                CapabilitySet::from_bits_retain(1 << number),
            ) {
                Err(Errno::INVAL) => break, // The last one that this kernel knows is behind us.
                other => other?,
            }
        }
        rustix::thread::set_capabilities_secure_bits(
            CapabilitiesSecureBits::NO_ROOT
                | CapabilitiesSecureBits::NO_ROOT_LOCKED
                | CapabilitiesSecureBits::NO_SETUID_FIXUP
                | CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED
                | CapabilitiesSecureBits::KEEP_CAPS_LOCKED
                | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE
                | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED,
        )?;
    }
    rustix::thread::clear_ambient_capability_set()?;
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    rustix::thread::set_capabilities(None, none)?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    rustix::thread::set_no_new_privs(true)
}

fn forbid_paths(plan: &Plan) -> Result<(), Fault> {
    let fault = Fault::at(&Step::Landlock);
    let rules = Ruleset::new(plan.landlock).map_err(&fault)?;
    let own_root = plan.namespaces & libc::CLONE_NEWNS != 0;
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let root: OwnedFd = rustix::fs::open(c"/", flags, Mode::empty()).map_err(&fault)?;
    for bind in &plan.binds {
        let path = if own_root {
            rustix::fs::openat(root.as_fd(), bind.target.as_c_str(), flags, Mode::empty())
        } else {
            rustix::fs::open(bind.host.as_c_str(), flags, Mode::empty())
        };
        rules
            .allow(path.map_err(&fault)?.as_fd(), bind.allow)
            .map_err(&fault)?;
    }
    if plan.scratch.is_some() {
        let path = rustix::fs::open(c"/scratch", flags, Mode::empty()).map_err(&fault)?;
        rules.allow(path.as_fd(), Allow::Scratch).map_err(&fault)?;
    }
    rules.restrict().map_err(&fault)
}
