//! What a jail costs: a copy of this process in the narrow jail and out again, the same without a
//! jail, and starting a program.

#![allow(
    unsafe_code,
    reason = "the process that is compared with has no jail around it, only fork"
)]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros; a bench that cannot be set up has failed"
)]

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use jail::{Abilities, Calls, Forked, How, Jail, Limits, Mount, Program, Root, Rules, Scratch};

const LIMITS: Limits = Limits {
    wall: Duration::from_mins(1),
    cpu_seconds: 10,
    memory_bytes: 1 << 30,
    processes: 8,
    open_files: 16,
    file_bytes: 1 << 20,
    stack_bytes: 1 << 20,
};

/// Splits this process and waits for the copy, which ends at once.
fn fork_only() {
    // SAFETY: this process has one thread, and the child exits at once.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::_exit(0);
        }
        let mut status = 0;
        libc::waitpid(child, &raw mut status, 0);
    }
}

fn fork_in(jail: &Jail) {
    match jail.fork(&[]).unwrap() {
        Forked::Parent(jailed) => assert_eq!(jailed.wait().unwrap().how, How::Exited(0)),
        // SAFETY: ends the child.
        Forked::Child => unsafe { libc::_exit(0) },
    }
}

fn enter(criterion: &mut Criterion) {
    let abilities = Abilities::probe();
    criterion.bench_function("fork, no jail", |it| it.iter(fork_only));
    let narrow = Jail::new(&Rules::narrow(LIMITS), &abilities).unwrap();
    criterion.bench_function("fork into the narrow jail", |it| {
        it.iter(|| fork_in(&narrow));
    });
    let rules = Rules {
        root: Root::Files(Mount::libraries()),
        scratch: Some(Scratch {
            bytes_max: 1 << 20,
            files_max: 16,
        }),
        ..Rules::narrow(LIMITS)
    };
    let wide = Jail::new(&rules, &abilities).unwrap();
    criterion.bench_function("fork into a jail with files", |it| {
        it.iter(|| fork_in(&wide));
    });
    // Last, because it starts the thread that makes processes, and who has threads cannot fork.
    let mut mounts = Mount::libraries();
    mounts.push(Mount::same("/usr/bin"));
    let rules = Rules {
        root: Root::Files(mounts),
        calls: Calls::Processes,
        ..rules
    };
    let programs = Jail::new(&rules, &abilities).unwrap();
    let run = Program {
        path: "/usr/bin/true",
        ..Program::default()
    };
    criterion.bench_function("start a program in jail", |it| {
        it.iter(|| programs.spawn(&run).unwrap().wait().unwrap());
    });
}

criterion_group!(benches, enter);
criterion_main!(benches);
