//! A process in jail, seen from outside: waiting for it, killing it, what it used.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};

use crate::cgroup::Group;
use crate::sys;

/// A process in jail. Dropped, it is killed, with everything that it started.
#[derive(Debug)]
pub struct Jailed {
    pid: i32,
    pidfd: OwnedFd,
    deadline: Instant,
    reaped: bool,
    /// Dropped after the last process is gone: see `Drop`.
    group: Option<Group>,
}

/// How a jail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// In which way.
    pub how: How,
    /// What its first process and those that it waited for used.
    pub usage: Usage,
}

/// In which way a jail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal: a fault of its own, a limit of the kernel's, or [`Jailed::kill`].
    Signal(i32),
    /// Killed at the end of its wall-clock time.
    OutOfTime,
}

/// What a jail used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Processor time, in user and kernel mode.
    pub cpu: Duration,
    /// Most memory that one of its processes held at a time, in bytes.
    pub memory_bytes: u64,
}

impl Jailed {
    pub(crate) fn new(pid: i32, pidfd: OwnedFd, deadline: Instant) -> Self {
        Self {
            pid,
            pidfd,
            deadline,
            reaped: false,
            group: None,
        }
    }

    /// Puts it into groups, which stay until its last process is gone.
    pub(crate) fn join(&mut self, group: Group) -> io::Result<()> {
        self.group.insert(group).add(self.pid)
    }

    /// Its number, as this side sees it.
    pub fn id(&self) -> i32 {
        self.pid
    }

    /// When [`Self::wait`] kills it.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Gives it until another moment: for one that was jailed ahead of its work.
    pub fn give_until(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// Kills it and everything that it started.
    ///
    /// # Errors
    /// When the kernel refuses; that it has ended already is none.
    pub fn kill(&self) -> io::Result<()> {
        match pidfd_send_signal(&self.pidfd, Signal::KILL) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Waits for its end, and brings it about when its time is up.
    ///
    /// # Errors
    /// When the kernel does not tell; the process is killed then, too.
    pub fn wait(mut self) -> io::Result<Ending> {
        let ended = self.ends_by(Some(self.deadline))?;
        if !ended {
            self.kill()?;
            self.ends_by(None)?;
        }
        let (status, used) = sys::reap(self.pid)?;
        self.reaped = true;
        let how = if !ended {
            How::OutOfTime
        } else if libc::WIFEXITED(status) {
            How::Exited(libc::WEXITSTATUS(status))
        } else {
            How::Signal(libc::WTERMSIG(status))
        };
        let usage = Usage {
            cpu: duration(used.ru_utime) + duration(used.ru_stime),
            memory_bytes: u64::try_from(used.ru_maxrss).unwrap_or(0) * 1024,
        };
        Ok(Ending { how, usage })
    }

    /// Whether it ended before `deadline`; without one, waits for ever.
    pub(crate) fn ends_by(&self, deadline: Option<Instant>) -> io::Result<bool> {
        let mut watched = [PollFd::new(&self.pidfd, PollFlags::IN)];
        Ok(wait_for(&mut watched, deadline)?)
    }
}

impl AsFd for Jailed {
    /// Becomes readable when the process has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

impl Drop for Jailed {
    fn drop(&mut self) {
        if !self.reaped && self.kill().is_ok() && self.ends_by(None).is_ok() {
            // Somebody else may have taken it away already; then nothing is left to do.
            let _ = sys::reap(self.pid);
        }
        drop(self.group.take());
    }
}

/// Polls until one of `watched` has something, or the deadline is past; false then.
pub(crate) fn wait_for(
    watched: &mut [PollFd<'_>],
    deadline: Option<Instant>,
) -> rustix::io::Result<bool> {
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let left: Option<Timespec> = left.and_then(|left| left.try_into().ok());
        match poll(watched, left.as_ref()) {
            Ok(0) => return Ok(false),
            Ok(_) => return Ok(true),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}
