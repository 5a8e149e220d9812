//! A server jails thousands of times a day: nothing may be left behind. Alone in its process,
//! because it counts what this process has.

use std::fs;
use std::time::Duration;

use jail::{Abilities, Calls, Jail, Limits, Mount, Program, Root, Rules};

/// How many descriptors this process has open, and how many children it has.
fn held() -> (usize, usize) {
    let list = |folder| fs::read_dir(folder).expect("proc is mounted");
    let open = list("/proc/self/fd").count();
    let children = list("/proc/self/task").flatten().map(|task| {
        let children = fs::read_to_string(task.path().join("children"));
        children.map_or(0, |it| it.split_whitespace().count())
    });
    (open, children.sum())
}

#[test]
fn nothing_is_left_behind() {
    let limits = Limits {
        wall: Duration::from_mins(1),
        cpu_seconds: 10,
        memory_bytes: 256 << 20,
        processes: 4,
        open_files: 16,
        file_bytes: 1 << 20,
        stack_bytes: 1 << 20,
    };
    let mut mounts = Mount::libraries();
    mounts.push(Mount::same("/usr/bin"));
    let rules = Rules {
        root: Root::Files(mounts),
        calls: Calls::Processes,
        ..Rules::narrow(limits)
    };
    let jail = Jail::new(&rules, &Abilities::probe()).unwrap();
    let run = |path| {
        jail.spawn(&Program {
            path,
            ..Program::default()
        })
    };
    // The first one also starts the thread that makes them.
    run("/usr/bin/true").unwrap().wait().unwrap();
    let before = held();
    for _ in 0..20 {
        run("/usr/bin/true").unwrap().wait().unwrap();
        run("/usr/bin/nothing").unwrap_err();
        drop(run("/usr/bin/yes").unwrap());
    }
    assert_eq!(held(), before);
    let own = format!("jail-{}-", std::process::id());
    for group in fs::read_to_string("/proc/self/cgroup").unwrap().lines() {
        let mut fields = group.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next().unwrap(), fields.next().unwrap());
        for place in [controllers, "unified", ""] {
            let folder = format!("/sys/fs/cgroup/{place}{path}");
            let left = fs::read_dir(folder).into_iter().flatten().flatten();
            let left: Vec<_> = left
                .filter(|it| it.file_name().to_string_lossy().starts_with(&own))
                .collect();
            assert!(left.is_empty(), "{left:?}");
        }
    }
}
