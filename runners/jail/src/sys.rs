//! System calls that no safe crate offers, each as narrow as the jail needs it. Everything here
//! may be called between fork and exec: nothing allocates, locks or panics.

use std::ffi::{CStr, c_char, c_int, c_long};
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};

use rustix::io::Errno;

/// What a system call of libc's answered: `errno` when it failed.
pub(crate) fn done(answer: c_long) -> Result<(), Errno> {
    if answer == -1 { Err(errno()) } else { Ok(()) }
}

/// A system call that answers a new descriptor.
pub(crate) fn owned(answer: c_long) -> Result<OwnedFd, Errno> {
    let number = RawFd::try_from(answer).map_err(|_| Errno::BADF)?;
    if number < 0 {
        return Err(errno());
    }
    // SAFETY: the kernel just gave it to us, and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

fn errno() -> Errno {
    // SAFETY: always a valid pointer to the thread's own number.
    Errno::from_raw_os_error(unsafe { *libc::__errno_location() })
}

/// Which of two processes this is, after [`clone`].
pub(crate) enum Cloned {
    /// The one that asked: number and descriptor of the other.
    Parent { pid: i32, pidfd: OwnedFd },
    /// The new one.
    Child,
}

/// Splits this process as `fork` does, into new namespaces.
///
/// # Safety
/// With more than one thread in this process the child may only do what is safe in a signal
/// handler, until it executes a program or exits.
pub(crate) unsafe fn clone(namespaces: c_int) -> Result<Cloned, Errno> {
    let mut pidfd: RawFd = -1;
    // SAFETY: all zero is a valid value of this structure of numbers.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = u64::from((namespaces | libc::CLONE_PIDFD).cast_unsigned());
    args.pidfd = (&raw mut pidfd).addr() as u64;
    args.exit_signal = u64::from(libc::SIGCHLD.cast_unsigned());
    if let Some(address) = thread_number() {
        // As glibc's own fork does, so that the C library knows who it is.
        let both = libc::CLONE_CHILD_SETTID | libc::CLONE_CHILD_CLEARTID;
        args.flags |= u64::from(both.cast_unsigned());
        args.child_tid = address as u64;
    }
    // SAFETY: memory is not shared (no CLONE_VM) and no stack is given, so the child goes on here
    // in its copy, as after fork; the rest is the caller's promise.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_clone3,
            &raw mut args,
            size_of::<libc::clone_args>(),
        )
    };
    match answer {
        -1 => Err(errno()),
        0 => Ok(Cloned::Child),
        pid => Ok(Cloned::Parent {
            pid: i32::try_from(pid).map_err(|_| Errno::RANGE)?,
            // SAFETY: the kernel wrote a new descriptor there, which only we know.
            pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) },
        }),
    }
}

/// Where the C library keeps this thread's number, if the kernel knows and the number is there:
/// the library caches it, and a copy of the process must not go on with the parent's.
fn thread_number() -> Option<usize> {
    let mut address: usize = 0;
    // SAFETY: the kernel writes one pointer to `address`.
    let answer = unsafe { libc::prctl(libc::PR_GET_TID_ADDRESS, &raw mut address) };
    if answer != 0 || address == 0 || !address.is_multiple_of(align_of::<i32>()) {
        return None;
    }
    // SAFETY: the C library registered this address as that of a live `pid_t` of this thread.
    let kept = unsafe { std::ptr::with_exposed_provenance::<i32>(address).read_volatile() };
    (kept == rustix::thread::gettid().as_raw_nonzero().get()).then_some(address)
}

/// Sets attributes of the mount at `path`, and of those below it when `deep`.
pub(crate) fn set_mount(path: &CStr, attributes: u64, deep: bool) -> Result<(), Errno> {
    // SAFETY: all zero is a valid value of this structure of numbers.
    let mut attr: libc::mount_attr = unsafe { std::mem::zeroed() };
    attr.attr_set = attributes;
    let flags = if deep { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: `path` ends with zero, `attr` is live and of the size given.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            flags,
            &raw const attr,
            size_of::<libc::mount_attr>(),
        )
    };
    done(answer)
}

/// Copies a descriptor to a number at or above `lowest`; it closes on exec. The copy has no owner:
/// it is the child's, whose descriptors are all closed by number.
pub(crate) fn copy_above(fd: BorrowedFd<'_>, lowest: RawFd) -> Result<RawFd, Errno> {
    // SAFETY: only makes a new descriptor.
    let answer = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, lowest) };
    if answer < 0 { Err(errno()) } else { Ok(answer) }
}

/// Makes `number` a copy of `from` that stays open on exec; what `number` was is closed.
///
/// # Safety
/// Nobody in this process may go on using what `number` was.
pub(crate) unsafe fn place(from: RawFd, number: RawFd) -> Result<(), Errno> {
    // SAFETY: the caller's promise.
    let answer = unsafe { libc::dup2(from, number) };
    if answer < 0 { Err(errno()) } else { Ok(()) }
}

/// Closes `first` and, when `all_above`, every descriptor above it. That none is open is no error.
///
/// # Safety
/// Nobody in this process may go on using them.
pub(crate) unsafe fn close_from(first: RawFd, all_above: bool) -> Result<(), Errno> {
    let first = first.cast_unsigned();
    let last = if all_above { u32::MAX } else { first };
    // SAFETY: the caller's promise.
    let answer = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    done(answer)
}

/// Gives every signal its default meaning and blocks none.
pub(crate) fn default_signals() -> Result<(), Errno> {
    for signal in 1..=64 {
        // SAFETY: SIG_DFL is a valid disposition; numbers that cannot be set (9, 19, those that
        // the C library keeps) are refused without harm.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: all zero is a valid set; the call reads it only.
    let answer = unsafe {
        let none: libc::sigset_t = std::mem::zeroed();
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut())
    };
    done(answer.into())
}

/// Blocks every signal in this thread; answers what was blocked before.
pub(crate) fn block_signals() -> libc::sigset_t {
    // SAFETY: both sets are live; filling one cannot fail, nor can blocking with a valid one.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        before
    }
}

/// Undoes [`block_signals`].
pub(crate) fn restore_signals(before: &libc::sigset_t) {
    // SAFETY: the set is live and was written by the kernel.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, std::ptr::null_mut()) };
}

/// Turns this process into another program. Answers only when that failed.
///
/// # Safety
/// `argv` and `envp` must be arrays of pointers to strings that end with zero, and themselves end
/// with a null pointer.
pub(crate) unsafe fn execute(
    path: &CStr,
    argv: *const *const c_char,
    envp: *const *const c_char,
) -> Errno {
    // SAFETY: the caller's promise; `path` ends with zero.
    unsafe { libc::execve(path.as_ptr(), argv, envp) };
    errno()
}

/// Ends this process without running anything of it.
pub(crate) fn exit(code: c_int) -> ! {
    // SAFETY: never returns, touches nothing.
    unsafe { libc::_exit(code) }
}

/// Waits for a child that has ended, takes it away, answers its status and what it used.
pub(crate) fn reap(pid: i32) -> Result<(c_int, libc::rusage), Errno> {
    let mut status = 0;
    // SAFETY: all zero is a valid value of this structure of numbers.
    let mut used: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both targets are live.
        let answer = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut used) };
        if answer == pid {
            return Ok((status, used));
        }
        let error = errno();
        if error != Errno::INTR {
            return Err(error);
        }
    }
}
