//! Attempts to use up the machine, or never to end.

use std::io::Write as _;
use std::time::Duration;

use crate::{Attempt, Held, call, rules};

pub(crate) const ATTEMPTS: &[Attempt] = &[
    ("fork-bomb", fork_bomb),
    ("thread-bomb", thread_bomb),
    ("memory-bomb", memory_bomb),
    ("memory-bomb-split", memory_bomb_split),
    ("descriptor-bomb", descriptor_bomb),
    ("spin", spin),
    ("flood", flood),
    ("never-return", never_return),
    ("close-everything", close_everything),
    ("daemon", daemon),
    ("abort", abort),
    ("overflow", overflow),
    ("exit-code", |_| std::process::exit(42)),
];

/// Splits until it may not; the copies stay for ever, with all that they have open.
fn fork_bomb(_: &[String]) -> Held {
    let mut made = 0;
    loop {
        // SAFETY: the child only waits.
        match unsafe { libc::fork() } {
            -1 => break,
            0 => loop {
                std::thread::park();
            },
            _ => made += 1,
        }
        if made > rules::LIMITS.processes {
            return Err(format!("{made} processes"));
        }
    }
    if made == 0 {
        Err("none could be made".into())
    } else {
        Ok(())
    }
}

fn thread_bomb(_: &[String]) -> Held {
    let small = || std::thread::Builder::new().stack_size(64 << 10);
    let made = (0..1000).take_while(|_| {
        small()
            .spawn(|| {
                loop {
                    std::thread::park();
                }
            })
            .is_ok()
    });
    match made.count() as u64 {
        0 => Err("none could be made".into()),
        made if made > rules::LIMITS.processes => Err(format!("{made} threads")),
        _ => Ok(()),
    }
}

/// Bytes that could be had and touched.
fn hoard() -> u64 {
    const BLOCK: usize = 1 << 20;
    let mut had = 0;
    loop {
        // SAFETY: a new private mapping, of which every page is then written once.
        unsafe {
            let block = libc::mmap(
                std::ptr::null_mut(),
                BLOCK,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            if block == libc::MAP_FAILED {
                return had;
            }
            for page in (0..BLOCK).step_by(4096) {
                block.cast::<u8>().add(page).write_volatile(1);
            }
        }
        had += BLOCK as u64;
        if had > rules::LIMITS.memory_bytes {
            return had;
        }
    }
}

fn memory_bomb(_: &[String]) -> Held {
    match hoard() {
        0 => Err("none could be had".into()),
        had if had > rules::LIMITS.memory_bytes => Err(format!("{had} bytes had")),
        _ => Ok(()),
    }
}

/// Several at once, each below its own limit. Without a control group that is what it may have;
/// with one the kernel kills.
fn memory_bomb_split(_: &[String]) -> Held {
    for _ in 0..3 {
        // SAFETY: the child hoards and ends.
        if unsafe { libc::fork() } == 0 {
            let had = hoard();
            // SAFETY: ends the child.
            unsafe { libc::_exit(i32::from(had > rules::LIMITS.memory_bytes)) };
        }
    }
    for _ in 0..3 {
        let mut status = 0;
        // SAFETY: the status is live.
        unsafe { libc::wait(&raw mut status) };
        if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) != 0 {
            return Err("a child had more than its limit".into());
        }
    }
    Ok(())
}

fn descriptor_bomb(_: &[String]) -> Held {
    let mut made = 0;
    while call(libc::SYS_dup, [1, 0, 0, 0, 0]) != -1 {
        made += 1;
        if made > rules::LIMITS.open_files {
            return Err(format!("{made} descriptors"));
        }
    }
    Ok(())
}

fn spin(_: &[String]) -> Held {
    loop {
        std::hint::spin_loop();
    }
}

fn flood(_: &[String]) -> Held {
    let block = vec![b'x'; 1 << 16];
    loop {
        let _ = std::io::stdout().write_all(&block);
    }
}

/// Sleeps for ever and hears no signal.
fn never_return(_: &[String]) -> Held {
    for signal in 1..64 {
        // SAFETY: ignoring is a valid disposition.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    loop {
        std::thread::sleep(Duration::from_hours(1));
    }
}

fn close_everything(rest: &[String]) -> Held {
    for fd in 0..64 {
        // SAFETY: nothing of this process uses them any more.
        unsafe { libc::close(fd) };
    }
    never_return(rest)
}

/// Leaves a process behind that belongs to nobody.
fn daemon(_: &[String]) -> Held {
    // SAFETY: the children wait or exit.
    unsafe {
        let middle = libc::fork();
        if middle == -1 {
            return Err("no process could be made".into());
        }
        if middle == 0 {
            libc::setsid();
            if libc::fork() == 0 {
                let _ = never_return(&[]);
            }
            libc::_exit(0);
        }
        libc::wait(std::ptr::null_mut());
    }
    Ok(())
}

fn abort(_: &[String]) -> Held {
    std::process::abort()
}

#[expect(unconditional_recursion, reason = "that is the attempt")]
fn overflow(rest: &[String]) -> Held {
    let deeper = [rest.to_vec(), rest.to_vec()].concat();
    let block = std::hint::black_box([0_u8; 4096]);
    overflow(&deeper[..rest.len().min(usize::from(block[0]))])
}
