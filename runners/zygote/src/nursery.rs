//! The zygote's side: splits itself when a child is wanted, keeps some ready, and ends those whose
//! time is up or whom nobody holds on a leash any more.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use jail::{Abilities, Descriptor, Forked, How, Jail, JailError, Jailed, Limits, Rules, Wall};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SocketFlags, SocketType};

use crate::Line;
use crate::control::{Obituary, Wanted, hand};

/// Children that are kept ready: a call need not wait for the way into the jail.
const READY: usize = 2;
/// Kinds of jails that are remembered; there are as many as there are different limits.
const JAILS_MAX: usize = 32;
/// How long a child may be ready before its time counts as its call's.
const READY_FOR: Duration = Duration::from_hours(24);
/// Address space beside what the interpreter may use and what the zygote has: for the stack, and for
/// what an allocator reserves.
const SPARE_BYTES: u64 = 64 << 20;
/// Stack of a child, in bytes.
const STACK_BYTES: u64 = 8 << 20;
/// Descriptors of a child.
const OPEN_FILES: u64 = 16;

/// What is particular to a language: the jail around its interpreter.
pub struct Nursery {
    /// From limits, and from bytes of scratch, to a jail.
    pub rules: Box<dyn Fn(Limits, u64) -> Rules>,
    /// Walls that the administrator accepted to go without.
    pub accept_missing: BTreeSet<Wall>,
}

/// A child that nobody has asked for yet.
struct Ready {
    wanted: Wanted,
    jailed: Jailed,
    line: OwnedFd,
}

/// A child at work, and whose leash it is on.
struct Working {
    jailed: Jailed,
    leash: OwnedFd,
}

/// Serves as a zygote over standard input, until the server is gone. Belongs into a process that has
/// one thread and holds no secret. Each copy runs `work` over its line, in jail, and is gone.
///
/// # Errors
/// When standard input is no socket of a server.
pub fn serve(nursery: &Nursery, mut work: impl FnMut(Line)) -> io::Result<()> {
    let abilities = Abilities::probe();
    let own_bytes = address_space()?;
    let mut jails: BTreeMap<Wanted, Jail> = BTreeMap::new();
    let (mut ready, mut working) = (VecDeque::<Ready>::new(), Vec::<Working>::new());
    let mut usual = None;
    let control = rustix::stdio::stdin();
    loop {
        let wants_more = usual.is_some() && ready.len() < READY;
        let deadline = working.iter().map(|it| it.jailed.deadline()).min();
        let time = if wants_more {
            Some(Duration::ZERO)
        } else {
            deadline.map(|at| at.saturating_duration_since(Instant::now()))
        };
        let is_asked = wait(control, &ready, &working, time)?;
        if is_asked {
            let Some(wanted) = Wanted::next(control)? else {
                return Ok(());
            };
            usual = Some(wanted);
            let at = ready.iter().position(|it| it.wanted == wanted);
            let child = match at.and_then(|at| ready.remove(at)) {
                Some(child) => Ok(child),
                None => split(
                    nursery, &abilities, own_bytes, &mut jails, wanted, &mut work,
                ),
            };
            match child {
                Ok(child) => working.extend(give(control, child)?),
                Err(why) => hand(control, Err(&told(&why)))?,
            }
        } else if wants_more && let Some(wanted) = usual {
            // Those for other limits had their time.
            ready.retain(|it| it.wanted == wanted);
            let child = split(
                nursery, &abilities, own_bytes, &mut jails, wanted, &mut work,
            );
            match child {
                Ok(child) => ready.push_back(child),
                // Whoever asks is told why; nobody asks now.
                Err(_) => usual = None,
            }
        }
        ready.retain(|it| !has_ended(&it.jailed));
        working = bury(working)?;
    }
}

/// Waits until something happens; whether the server asks.
fn wait(
    control: BorrowedFd<'_>,
    ready: &VecDeque<Ready>,
    working: &[Working],
    time: Option<Duration>,
) -> io::Result<bool> {
    let mut watched = vec![PollFd::from_borrowed_fd(control, PollFlags::IN)];
    for it in working {
        watched.push(PollFd::new(&it.leash, PollFlags::IN));
        watched.push(PollFd::from_borrowed_fd(it.jailed.as_fd(), PollFlags::IN));
    }
    for it in ready {
        watched.push(PollFd::from_borrowed_fd(it.jailed.as_fd(), PollFlags::IN));
    }
    let time: Option<Timespec> = time.and_then(|time| time.try_into().ok());
    rustix::io::retry_on_intr(|| poll(&mut watched, time.as_ref()))?;
    Ok(!watched[0].revents().is_empty())
}

/// Makes a child. In the child itself this does not return.
fn split(
    nursery: &Nursery,
    abilities: &Abilities,
    own_bytes: u64,
    jails: &mut BTreeMap<Wanted, Jail>,
    wanted: Wanted,
    work: &mut impl FnMut(Line),
) -> Result<Ready, JailError> {
    if !jails.contains_key(&wanted) {
        if jails.len() >= JAILS_MAX {
            jails.clear();
        }
        let limits = Limits {
            wall: READY_FOR,
            // The interpreter counts milliseconds; this is for what it cannot interrupt.
            cpu_seconds: wanted.cpu_ms.div_ceil(1000) + 1,
            memory_bytes: own_bytes + wanted.memory_bytes + SPARE_BYTES,
            processes: wanted.processes,
            open_files: OPEN_FILES,
            file_bytes: wanted.scratch_bytes,
            stack_bytes: STACK_BYTES,
        };
        let mut rules = (nursery.rules)(limits, wanted.scratch_bytes);
        rules.accept_missing.clone_from(&nursery.accept_missing);
        jails.insert(wanted, Jail::new(&rules, abilities)?);
    }
    let (ours, theirs) = pair().map_err(|error| JailError::Invalid {
        field: "line",
        why: error.to_string(),
    })?;
    let handed = [Descriptor {
        fd: theirs.as_fd(),
        number: 0,
    }];
    match jails[&wanted].fork(&handed)? {
        Forked::Parent(jailed) => Ok(Ready {
            wanted,
            jailed,
            line: ours,
        }),
        Forked::Child => {
            // Closed already: to close them again would close something else.
            std::mem::forget((ours, theirs));
            work(Line::at_standard_input());
            std::process::exit(0)
        }
    }
}

/// Hands a child over; its time begins. `None` when the server does not take it.
fn give(control: BorrowedFd<'_>, child: Ready) -> io::Result<Option<Working>> {
    let (leash, theirs) = match pair() {
        Ok(pair) => pair,
        Err(error) => {
            hand(control, Err(&error.to_string()))?;
            return Ok(None);
        }
    };
    let mut jailed = child.jailed;
    jailed.give_until(Instant::now() + Duration::from_millis(child.wanted.wall_ms));
    hand(control, Ok([child.line.as_fd(), theirs.as_fd()]))?;
    Ok(Some(Working { jailed, leash }))
}

/// Ends whose time is up or whose leash was let go, and says of each that ended how.
fn bury(working: Vec<Working>) -> io::Result<Vec<Working>> {
    let mut left = Vec::with_capacity(working.len());
    for it in working {
        let is_late = it.jailed.deadline() <= Instant::now();
        if is_ready(it.leash.as_fd()) && !is_late {
            it.jailed.kill()?;
        }
        if !is_late && !has_ended(&it.jailed) {
            left.push(it);
            continue;
        }
        let ending = it.jailed.wait()?;
        let (how, number) = match ending.how {
            How::Exited(code) => (0, code),
            How::Signal(signal) => (1, signal),
            How::OutOfTime => (2, 0),
        };
        let obituary = Obituary {
            how,
            number: u64::try_from(number).unwrap_or(0),
            cpu_us: u64::try_from(ending.usage.cpu.as_micros()).unwrap_or(u64::MAX),
            memory_bytes: ending.usage.memory_bytes,
        };
        // Whoever let go does not listen.
        let _ = obituary.tell(it.leash.as_fd());
    }
    Ok(left)
}

fn has_ended(jailed: &Jailed) -> bool {
    is_ready(jailed.as_fd())
}

/// Whether there is something to read, or nobody at the other end.
fn is_ready(fd: BorrowedFd<'_>) -> bool {
    let mut watched = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut watched, Some(&now)).is_ok_and(|ready| ready > 0)
}

fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC;
    Ok(rustix::net::socketpair(
        AddressFamily::UNIX,
        SocketType::STREAM,
        flags,
        None,
    )?)
}

/// Bytes of address space that this process has: a copy begins with as many.
fn address_space() -> io::Result<u64> {
    let told = std::fs::read_to_string("/proc/self/statm")?;
    let pages = told.split(' ').next().and_then(|it| it.parse::<u64>().ok());
    let pages = pages.ok_or_else(|| io::Error::other("/proc/self/statm has no numbers"))?;
    Ok(pages * rustix::param::page_size() as u64)
}

/// An error and what it comes from, on one line.
fn told(error: &JailError) -> String {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        source = cause.source();
    }
    words
}
