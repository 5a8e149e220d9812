//! Making a process and sending it in.

use std::fs::{self, File};
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd, RawFd};
use std::os::linux::fs::MetadataExt as _;
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags};
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType};

use crate::cgroup::Delegation;
use crate::fault::Fault;
use crate::inside;
use crate::jailed::wait_for;
use crate::plan::{INSIDE_USER, Plan};
use crate::program::{Descriptor, Execute, Program, check, numbers, pointers};
use crate::sys::{self, Cloned};
use crate::{Abilities, Calls, JailError, Jailed, Rules, Step};

/// A jail, ready to be entered as often as wanted.
#[derive(Clone)]
pub struct Jail {
    plan: Arc<Plan>,
    delegation: Arc<Delegation>,
    calls: Calls,
}

/// Which of two processes this is, after [`Jail::fork`].
#[derive(Debug)]
pub enum Forked {
    /// The one that asked.
    Parent(Jailed),
    /// The copy, in jail. Whatever it had open is closed but the descriptors handed in, under
    /// their new numbers: values that own others must be forgotten, not dropped. It ends with
    /// `_exit`, not by returning to what its parent was doing.
    Child,
}

impl Jail {
    /// Prepares a jail.
    ///
    /// # Errors
    /// [`JailError::Refused`] when a wall is missing that `rules.accept_missing` does not name;
    /// [`JailError::Invalid`] when the rules cannot be.
    pub fn new(rules: &Rules, abilities: &Abilities) -> Result<Self, JailError> {
        Ok(Self {
            plan: Arc::new(Plan::new(rules, abilities)?),
            delegation: Arc::new(abilities.delegation().clone()),
            calls: rules.calls,
        })
    }

    /// Runs a program in jail. It is in, and running, when this returns.
    ///
    /// # Errors
    /// [`JailError`]; nothing runs then.
    pub fn spawn(&self, program: &Program<'_>) -> Result<Jailed, JailError> {
        if self.calls != Calls::Processes {
            let why = "running a program needs Calls::Processes";
            return Err(JailError::invalid("calls", why));
        }
        let execute = Execute::new(program)?;
        let mut descriptors = check(program.descriptors)?;
        for number in 0..3 {
            if descriptors.iter().all(|(_, then)| *then != number) {
                let null = File::options().read(true).write(true).open("/dev/null");
                let null = null.map_err(|error| JailError::entering(Step::Descriptors, error))?;
                descriptors.push((null.into(), number));
            }
        }
        let jail = self.clone();
        on_lasting_thread(move || {
            let descriptors = numbers(&descriptors);
            match jail.launch(&descriptors, Some(&execute))? {
                Forked::Parent(jailed) => Ok(jailed),
                // Who was to become a program and did not has exited.
                Forked::Child => sys::exit(1),
            }
        })
    }

    /// Splits this process; the copy is in jail. It has all that was in memory: a process that is
    /// to be split must hold no secret, neither in its environment.
    ///
    /// # Errors
    /// [`JailError::Threads`] when this process has more than one thread; otherwise [`JailError`],
    /// and there is no copy.
    pub fn fork(&self, descriptors: &[Descriptor<'_>]) -> Result<Forked, JailError> {
        let tasks = fs::metadata("/proc/self/task");
        let tasks = tasks.map_err(|error| JailError::entering(Step::Clone, error))?;
        // The folder has one in it for each thread, and `.` and `..`.
        let threads = tasks.st_nlink().saturating_sub(2);
        if threads != 1 {
            return Err(JailError::Threads { threads });
        }
        let descriptors = check(descriptors)?;
        let forked = self.launch(&numbers(&descriptors), None);
        if matches!(forked, Ok(Forked::Child)) {
            // Closed already, and their numbers may be others' now.
            std::mem::forget(descriptors);
        }
        forked
    }

    fn launch(
        &self,
        descriptors: &[(RawFd, RawFd)],
        execute: Option<&Execute>,
    ) -> Result<Forked, JailError> {
        let plan = &*self.plan;
        let (ours, theirs) = rustix::net::socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )
        .map_err(|errno| JailError::entering(Step::Channel, errno))?;
        let group = if plan.grouped && !self.delegation.is_empty() {
            let group = self.delegation.group(&plan.limits);
            Some(group.map_err(|error| JailError::entering(Step::Cgroup, error))?)
        } else {
            None
        };
        let argv = execute.map(|it| (pointers(&it.arguments), pointers(&it.environment)));
        let deadline = Instant::now() + plan.limits.wall;

        let before = sys::block_signals();
        // SAFETY: the child makes system calls only (`enter`, `execute`, `exit`) until it is a
        // program; without one, the process had a single thread: see `fork`.
        let cloned = unsafe { sys::clone(plan.namespaces) };
        if matches!(cloned, Ok(Cloned::Child)) {
            // Whoever holds the parent's end keeps it open: only without it is the parent's death
            // seen while we wait for its word.
            // SAFETY: nothing of the child uses it; below it is forgotten, not dropped.
            unsafe { rustix::io::close(ours.as_raw_fd()) };
            let mut channel = theirs.as_raw_fd();
            // SAFETY: nothing of this process but what follows uses a descriptor: it becomes a
            // program, or forgets what it had (below, and the promise of `Forked::Child`).
            let entered = unsafe { inside::enter(plan, &mut channel, descriptors) };
            report(channel, entered.err().unwrap_or(Fault::NONE));
            if entered.is_err() {
                sys::exit(1);
            }
            if let (Some(execute), Some((arguments, environment))) = (execute, &argv) {
                // SAFETY: both arrays end with a null pointer; see `pointers`.
                let errno = unsafe {
                    sys::execute(&execute.path, arguments.as_ptr(), environment.as_ptr())
                };
                report(channel, Fault::of_execute(errno));
                sys::exit(1);
            }
            // SAFETY: only this function knew of it.
            unsafe { rustix::io::close(channel) };
            std::mem::forget((ours, theirs, group));
            return Ok(Forked::Child);
        }
        sys::restore_signals(&before);
        let cloned = cloned.map_err(|errno| JailError::entering(Step::Clone, errno))?;
        let Cloned::Parent { pid, pidfd } = cloned else {
            sys::exit(1); // Only the branch above returns for the child.
        };
        drop(theirs);
        let mut jailed = Jailed::new(pid, pidfd, deadline);
        if let Some(group) = group {
            jailed
                .join(group)
                .map_err(|error| JailError::entering(Step::Cgroup, error))?;
        }
        plan.give_identity(pid)
            .map_err(|error| JailError::entering(Step::Identity, error))?;
        rustix::net::send(&ours, b"!", SendFlags::NOSIGNAL)
            .map_err(|errno| JailError::entering(Step::Channel, errno))?;
        plan.hear(&ours, &jailed)?;
        if execute.is_some() {
            plan.hear_no_more(&ours, &jailed)?;
        }
        Ok(Forked::Parent(jailed))
    }
}

impl Plan {
    /// Says who the child is outside, which only its parent may. Does nothing without user
    /// namespaces.
    fn give_identity(&self, pid: i32) -> std::io::Result<()> {
        let file = |name: &str| format!("/proc/{pid}/{name}");
        // The first to go when the machine runs out of memory.
        fs::write(file("oom_score_adj"), "1000")?;
        if self.namespaces & libc::CLONE_NEWUSER == 0 {
            return Ok(());
        }
        let (user, group) = self.host_user;
        if !self.privileged {
            fs::write(file("setgroups"), "deny")?;
        }
        fs::write(file("gid_map"), format!("{INSIDE_USER} {group} 1\n"))?;
        fs::write(file("uid_map"), format!("{INSIDE_USER} {user} 1\n"))
    }

    /// Waits for the word that the child is in.
    fn hear(&self, channel: &OwnedFd, jailed: &Jailed) -> Result<(), JailError> {
        match message(channel, jailed)? {
            Some(Fault::NONE) => Ok(()),
            Some(fault) => Err(self.failed(fault)),
            None => Err(JailError::Died),
        }
    }

    /// Waits for the channel to close, as it does when the child becomes the program.
    fn hear_no_more(&self, channel: &OwnedFd, jailed: &Jailed) -> Result<(), JailError> {
        match message(channel, jailed)? {
            None => Ok(()),
            Some(fault) => Err(self.failed(fault)),
        }
    }

    fn failed(&self, fault: Fault) -> JailError {
        let (step, source) = fault.explain(self);
        JailError::Entering { step, source }
    }
}

/// The next word of the child; none when it closed its end, or ended.
fn message(channel: &OwnedFd, jailed: &Jailed) -> Result<Option<Fault>, JailError> {
    let broken = |errno: rustix::io::Errno| JailError::entering(Step::Channel, errno);
    let mut watched = [PollFd::new(channel, PollFlags::IN)];
    if !wait_for(&mut watched, Some(jailed.deadline())).map_err(broken)? {
        return Err(broken(rustix::io::Errno::TIMEDOUT));
    }
    let mut bytes = [0; 8];
    match rustix::io::read(channel, &mut bytes).map_err(broken)? {
        0 => Ok(None),
        _ => Ok(Some(Fault::from_bytes(bytes))),
    }
}

/// Tells the parent, in the child. Nobody hears when the parent is gone.
fn report(channel: RawFd, fault: Fault) {
    // SAFETY: the channel is open until the child closes it, after this.
    let channel = unsafe { BorrowedFd::borrow_raw(channel) };
    let _ = rustix::io::write(channel, &fault.to_bytes());
}

/// Runs `work` on a thread that ends with the process and not before. A jailed process dies with
/// the thread that made it, so that must not be one of a pool that comes and goes.
fn on_lasting_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, JailError> + Send + 'static,
) -> Result<T, JailError> {
    type Work = Box<dyn FnOnce() + Send>;
    static THREAD: OnceLock<Option<mpsc::Sender<Work>>> = OnceLock::new();
    let start = || {
        let (sender, receiver) = mpsc::channel::<Work>();
        let body = move || {
            for work in receiver {
                work();
            }
        };
        let thread = std::thread::Builder::new()
            .name("jailer".into())
            .spawn(body);
        thread.ok().map(|_| sender)
    };
    let no_thread = || {
        let gone = std::io::Error::other("the thread that makes jailed processes is not there");
        JailError::entering(Step::Clone, gone)
    };
    let sender = THREAD.get_or_init(start).as_ref().ok_or_else(no_thread)?;
    let (answer, answered) = mpsc::sync_channel(1);
    let work: Work = Box::new(move || {
        // Who asked may have gone; then the jail is dropped, and that ends it.
        let _ = answer.send(work());
    });
    sender.send(work).map_err(|_| no_thread())?;
    answered.recv().map_err(|_| no_thread())?
}
