//! A hostile program in the jail: everything that it tries is held, whoever jailed it goes on
//! unharmed, and so does the next one.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod rules;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use jail::{Abilities, Calls, Descriptor, How, Jail, JailError, Program, Root, Rules, Step, Wall};

/// How an attempt ends when it is held.
#[derive(Clone, Copy, Debug)]
enum Held {
    /// The program saw every try refused, and said so.
    Refused,
    /// It was killed by the kernel: a limit, or a fault of its own.
    Killed,
    /// It was killed when its time was up.
    OutOfTime,
}

/// All attempts, and how they end. `{pid}` is this process, `{port}` a port that listens here,
/// `{name}` an abstract socket that does, `{secret}` a file that only root reads.
const ATTEMPTS: &[(&[&str], Held)] = &[
    (&["read-secrets", "{secret}"], Held::Refused),
    (&["list-the-machine"], Held::Refused),
    (&["other-processes-environment", "{pid}"], Held::Refused),
    (&["own-environment"], Held::Refused),
    (&["write-outside"], Held::Refused),
    (&["write-mounted"], Held::Refused),
    (&["links-out"], Held::Refused),
    (&["hard-link"], Held::Refused),
    (&["dots-out"], Held::Refused),
    (&["device-files"], Held::Refused),
    (&["run-from-scratch"], Held::Refused),
    (&["setuid"], Held::Refused),
    (&["whoami"], Held::Refused),
    (&["fill-the-disk"], Held::Refused),
    (&["fill-the-folder"], Held::Refused),
    (&["one-huge-file"], Held::Refused),
    (&["handles"], Held::Refused),
    (&["scratch-works"], Held::Refused),
    (&["kill-the-parent", "{pid}"], Held::Refused),
    (&["kill-everybody"], Held::Refused),
    (&["trace-the-parent", "{pid}"], Held::Refused),
    (&["see-others"], Held::Refused),
    (&["raw-sockets"], Held::Refused),
    (&["tcp-loopback", "{port}"], Held::Refused),
    (&["tcp-metadata"], Held::Refused),
    (&["udp-names"], Held::Refused),
    (&["unix-socket"], Held::Refused),
    (&["abstract-socket", "{name}"], Held::Refused),
    (&["socket-families"], Held::Refused),
    (&["inherited-descriptors", "0", "1", "2"], Held::Refused),
    (&["host-name"], Held::Refused),
    (&["type-into-terminal"], Held::Refused),
    (&["mount"], Held::Refused),
    (&["chroot"], Held::Refused),
    (&["namespaces"], Held::Refused),
    (&["clone3"], Held::Refused),
    (&["capabilities"], Held::Refused),
    (&["users"], Held::Refused),
    (&["limits"], Held::Refused),
    (&["keys"], Held::Refused),
    (&["bpf-and-perf"], Held::Refused),
    (&["io-uring"], Held::Refused),
    (&["hidden-memory"], Held::Refused),
    (&["modules"], Held::Refused),
    (&["clock"], Held::Refused),
    (&["filters"], Held::Refused),
    (&["x32"], Held::Refused),
    (&["int80"], Held::Killed),
    (&["fork-bomb"], Held::Refused),
    (&["thread-bomb"], Held::Refused),
    (&["memory-bomb"], Held::Refused),
    (&["memory-bomb-split"], Held::Refused),
    (&["descriptor-bomb"], Held::Refused),
    (&["daemon"], Held::Refused),
    (&["spin"], Held::Killed),
    (&["abort"], Held::Killed),
    (&["overflow"], Held::Killed),
    (&["never-return"], Held::OutOfTime),
    (&["close-everything"], Held::OutOfTime),
];

/// What an attempt aims at: really there, really open to whoever is not in jail.
struct Targets {
    folder: tempfile::TempDir,
    secret: PathBuf,
    port: TcpListener,
    name: String,
    _named: UnixListener,
    _path: UnixListener,
}

impl Targets {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        fs::create_dir(&program).unwrap();
        for folder in [folder.path(), &program] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let copy = program.join("jail-hostile");
        fs::copy(env!("CARGO_BIN_EXE_jail-hostile"), &copy).unwrap();
        fs::copy(&copy, program.join("setuid")).unwrap();
        fs::set_permissions(program.join("setuid"), fs::Permissions::from_mode(0o6755)).unwrap();
        fs::write(program.join("sentinel"), "as it was").unwrap();
        fs::set_permissions(program.join("sentinel"), fs::Permissions::from_mode(0o666)).unwrap();
        symlink("/etc/shadow", program.join("link-to-shadow")).unwrap();
        let path = UnixListener::bind(program.join("socket")).unwrap();
        fs::set_permissions(program.join("socket"), fs::Permissions::from_mode(0o777)).unwrap();
        let secret = folder.path().join("secret");
        fs::write(&secret, "secret").unwrap();
        let name = folder.path().display().to_string();
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        Self {
            secret,
            port: TcpListener::bind("127.0.0.1:0").unwrap(),
            _named: UnixListener::bind_addr(&address).unwrap(),
            name,
            _path: path,
            folder,
        }
    }

    fn program(&self) -> PathBuf {
        self.folder.path().join("program")
    }

    fn arguments(&self, attempt: &[&str]) -> Vec<String> {
        let port = self.port.local_addr().unwrap().to_string();
        let replace = |text: &&str| match *text {
            "{pid}" => std::process::id().to_string(),
            "{port}" => port.clone(),
            "{name}" => self.name.clone(),
            "{secret}" => self.secret.display().to_string(),
            other => other.to_owned(),
        };
        attempt.iter().map(replace).collect()
    }

    /// What nobody in jail may have touched.
    fn unharmed(&self) -> bool {
        let sentinel = self.program().join("sentinel");
        fs::read_to_string(&sentinel).is_ok_and(|text| text == "as it was")
            && fs::metadata(&sentinel).unwrap().permissions().mode() & 0o777 == 0o666
            && fs::read_dir(self.program()).unwrap().count() == 5
            && fs::read_to_string(&self.secret).is_ok_and(|text| text == "secret")
    }
}

/// Runs an attempt; answers how it ended and what it said.
fn run(jail: &Jail, arguments: &[String]) -> (How, String) {
    let (mut said, mouth) = std::io::pipe().unwrap();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let jailed = jail
        .spawn(&Program {
            path: rules::PROGRAM,
            arguments: &arguments,
            environment: &[("ONLY", "this")],
            descriptors: &[Descriptor {
                fd: mouth.as_fd(),
                number: 1,
            }],
        })
        .unwrap_or_else(|error| panic!("{arguments:?}: {error:?}"));
    drop(mouth);
    let how = jailed.wait().unwrap().how;
    let mut text = String::new();
    // Ends only when nobody has the pipe any more: a process that outlived its jail would keep
    // this test from ending.
    said.read_to_string(&mut text).unwrap();
    (how, text)
}

fn jail(targets: &Targets, change: impl Fn(&mut Rules)) -> Jail {
    let mut rules = rules::rules(&targets.program());
    change(&mut rules);
    Jail::new(&rules, &Abilities::probe()).unwrap()
}

/// One hole here, and a source's code reads the desk's keys.
#[test]
fn every_attempt_is_held_and_the_next_goes_on_unharmed() {
    let targets = Targets::new();
    let usual = jail(&targets, |_| {});
    let hasty = jail(&targets, |rules| {
        rules.limits.wall = Duration::from_secs(2);
    });
    let slow = jail(&targets, |rules| rules.limits.cpu_seconds = 1);
    let mut failed = Vec::new();
    for (attempt, held) in ATTEMPTS {
        let jail = match held {
            Held::Refused => &usual,
            Held::Killed => &slow,
            Held::OutOfTime => &hasty,
        };
        let (how, said) = run(jail, &targets.arguments(attempt));
        let as_it_should = match held {
            Held::Refused => how == How::Exited(0),
            Held::Killed => matches!(how, How::Signal(_)),
            Held::OutOfTime => how == How::OutOfTime,
        };
        if !as_it_should {
            failed.push(format!("{attempt:?}: {how:?}, not {held:?}: {said}"));
        }
        let (next, said) = run(&usual, &targets.arguments(&["scratch-works"]));
        if next != How::Exited(0) {
            failed.push(format!("after {attempt:?}: {next:?}: {said}"));
        }
        assert!(targets.unharmed(), "{attempt:?}");
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(ATTEMPTS.len() >= 40);
}

/// The attempts must be able to succeed, or that they fail says nothing.
#[test]
fn out_of_jail_the_same_attempts_succeed() {
    let targets = Targets::new();
    for attempt in [
        &["read-secrets", "{secret}"][..],
        &["list-the-machine"],
        &["other-processes-environment", "{pid}"],
        &["see-others"],
        &["tcp-loopback", "{port}"],
        &["abstract-socket", "{name}"],
        &["hidden-memory"],
    ] {
        // Only what harms nothing: attempts on the machine itself stay in jail.
        let out = Command::new(targets.program().join("jail-hostile"))
            .args(targets.arguments(attempt))
            .output()
            .unwrap();
        assert_eq!(out.status.code(), Some(99), "{attempt:?}: {out:?}");
    }
}

/// A process that prints for ever is its reader's to end, and ends at once.
#[test]
fn a_flood_ends_when_its_reader_says_so() {
    let targets = Targets::new();
    let jail = jail(&targets, |_| {});
    let (mut said, mouth) = std::io::pipe().unwrap();
    let jailed = jail
        .spawn(&Program {
            path: rules::PROGRAM,
            arguments: &["flood"],
            descriptors: &[Descriptor {
                fd: mouth.as_fd(),
                number: 1,
            }],
            ..Program::default()
        })
        .unwrap();
    drop(mouth);
    let mut block = vec![0; 1 << 20];
    said.read_exact(&mut block).unwrap();
    jailed.kill().unwrap();
    assert_eq!(jailed.wait().unwrap().how, How::Signal(9));
}

/// Whoever forgets a jail must not leave a process behind.
#[test]
fn a_jail_that_is_dropped_is_empty() {
    let targets = Targets::new();
    let jail = jail(&targets, |_| {});
    let (mut said, mouth) = std::io::pipe().unwrap();
    let jailed = jail
        .spawn(&Program {
            path: rules::PROGRAM,
            arguments: &["never-return"],
            descriptors: &[Descriptor {
                fd: mouth.as_fd(),
                number: 1,
            }],
            ..Program::default()
        })
        .unwrap();
    drop((mouth, jailed));
    assert_eq!(said.read(&mut [0]).unwrap(), 0);
}

/// A jail dies with whoever made it, however that died.
#[test]
fn a_jail_dies_with_its_maker() {
    let targets = Targets::new();
    let mut maker = Command::new(targets.program().join("jail-hostile"))
        .args(["jailer", "flood"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = maker.stdout.take().unwrap();
    said.read_exact(&mut [0; 1024]).unwrap();
    maker.kill().unwrap(); // By SIGKILL: it cannot say good-bye.
    maker.wait().unwrap();
    std::io::copy(&mut said, &mut std::io::sink()).unwrap();
}

/// The server need not be root: whoever it is, the jail holds.
#[test]
fn somebody_without_rights_can_jail_as_well() {
    if !rustix::process::geteuid().is_root() {
        return; // Then every other test here says so.
    }
    let targets = Targets::new();
    let attempts = ATTEMPTS
        .iter()
        .filter(|(_, held)| matches!(held, Held::Refused));
    for (attempt, _) in attempts {
        // Its own environment is given by the other tests.
        let differs = ["own-environment", "write-mounted"].contains(&attempt[0]);
        if differs {
            continue;
        }
        let out = Command::new(targets.program().join("jail-hostile"))
            .arg("jailer")
            .args(targets.arguments(attempt))
            .uid(65_534)
            .gid(65_534)
            .current_dir("/")
            .output()
            .unwrap();
        assert_eq!(out.status.code(), Some(0), "{attempt:?}: {out:?}");
    }
}

/// The copy of a warm process is in the narrowest jail, as root and as nobody.
#[test]
fn a_split_process_is_jailed_as_well() {
    let targets = Targets::new();
    let pid = std::process::id().to_string();
    let port = targets.port.local_addr().unwrap().to_string();
    for user in [rustix::process::geteuid().as_raw(), 65_534] {
        for attempt in [
            &["narrow"][..],
            &["inherited-descriptors", "1"],
            &["read-secrets"],
            &["see-others"],
            &["kill-the-parent", &pid],
            &["trace-the-parent", &pid],
            &["tcp-loopback", &port],
            &["mount"],
            &["clone3"],
            &["capabilities"],
            &["users"],
            &["limits"],
            &["hidden-memory"],
            &["keys"],
            &["memory-bomb"],
        ] {
            let mut split = Command::new(targets.program().join("jail-hostile"));
            split.arg("split").args(attempt).current_dir("/");
            if rustix::process::geteuid().is_root() {
                split.uid(user).gid(user);
            }
            let out = split.output().unwrap();
            assert_eq!(out.status.code(), Some(0), "{attempt:?} of {user}: {out:?}");
        }
    }
}

/// Somebody else's thread may hold a lock when the process is copied: better no copy.
#[test]
fn a_process_with_threads_is_not_split() {
    let jail = Jail::new(&Rules::narrow(rules::LIMITS), &Abilities::probe()).unwrap();
    // The test runner has at least this thread and its own.
    let error = jail.fork(&[]).unwrap_err();
    assert!(
        matches!(error, JailError::Threads { threads } if threads >= 2),
        "{error}"
    );
}

/// Bad orders are answered by name, and leave nothing behind.
#[test]
fn what_cannot_be_run_is_said() {
    let targets = Targets::new();
    let usual = jail(&targets, |_| {});
    let null = OwnedFd::from(fs::File::open("/dev/null").unwrap());
    let handed = |number| {
        [Descriptor {
            fd: null.as_fd(),
            number,
        }]
    };
    let check = |program: Program<'_>, expected: &str| {
        let error = usual.spawn(&program).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    let path = rules::PROGRAM;
    let none = Program::default();
    check(
        Program {
            path: "relative",
            ..none
        },
        "program.path: relative is not an absolute path",
    );
    check(
        Program {
            path,
            arguments: &["a\0b"],
            ..none
        },
        "program.arguments: holds a zero byte",
    );
    check(
        Program {
            path,
            environment: &[("a=b", "c")],
            ..none
        },
        "program.environment: \"a=b\" is not the name of a variable",
    );
    check(
        Program {
            path,
            descriptors: &handed(256),
            ..none
        },
        "descriptors: 256 is not a number of 0 to 255, or named twice",
    );
    check(
        Program {
            path: "/nowhere",
            ..none
        },
        "starting the program failed",
    );
    let computing = Jail::new(&Rules::narrow(rules::LIMITS), &Abilities::probe()).unwrap();
    let error = computing.spawn(&Program { path, ..none }).unwrap_err();
    assert_eq!(
        error.to_string(),
        "calls: running a program needs Calls::Processes"
    );
    // The code of a program that ends by itself comes through.
    assert_eq!(run(&usual, &["exit-code".into()]).0, How::Exited(42));
}

/// The step that the kernel refused is named, with what it refused.
#[test]
fn a_mount_that_fails_is_named() {
    let targets = Targets::new();
    let jail = jail(&targets, |rules| {
        let Root::Files(mounts) = &mut rules.root else {
            return;
        };
        // Inside another mount, which has no such folder and cannot get one.
        mounts.push(jail::Mount {
            host: "/usr/lib".into(),
            inside: "/program/nowhere".into(),
        });
    });
    let error = jail
        .spawn(&Program {
            path: rules::PROGRAM,
            ..Program::default()
        })
        .unwrap_err();
    let JailError::Entering { step, source } = error else {
        panic!("{error:?}");
    };
    assert_eq!(step, Step::Mount("/usr/lib".into()));
    assert_eq!(source.kind(), std::io::ErrorKind::NotFound);
}

/// Handed-in descriptors arrive under the numbers that were asked for, in whatever order.
#[test]
fn descriptors_arrive_where_they_should() {
    let targets = Targets::new();
    let jail = jail(&targets, |_| {});
    let (mut ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    // Wanted where the other is now: the two change places.
    let other = fs::File::open("/dev/null").unwrap();
    let (low, high) = (other.as_raw_fd(), theirs.as_raw_fd());
    assert!(low.max(high) < 256, "a test with few descriptors");
    let numbers = ["0", "1", "2", &low.to_string(), &high.to_string()].map(str::to_owned);
    let mut arguments = vec!["inherited-descriptors"];
    arguments.extend(numbers.iter().map(String::as_str));
    let jailed = jail
        .spawn(&Program {
            path: rules::PROGRAM,
            arguments: &arguments,
            descriptors: &[
                Descriptor {
                    fd: theirs.as_fd(),
                    number: low,
                },
                Descriptor {
                    fd: other.as_fd(),
                    number: high,
                },
                Descriptor {
                    fd: theirs.as_fd(),
                    number: 1,
                },
            ],
            ..Program::default()
        })
        .unwrap();
    drop(theirs);
    assert_eq!(jailed.wait().unwrap().how, How::Exited(0));
    let mut said = String::new();
    ours.read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
    assert!(ours.write_all(b"x").is_err(), "nobody has the other end");
}

/// An administrator who accepted it gets the walls that are left: the filter still holds.
#[test]
fn without_namespaces_the_other_walls_stand() {
    let targets = Targets::new();
    let abilities = Abilities::probe().without(Wall::Users);
    let refused = Jail::new(&rules::rules(&targets.program()), &abilities).map(|_| ());
    assert!(matches!(refused, Err(JailError::Refused { missing }) if missing.len() == 6));
    let mut rules = rules::rules(&targets.program());
    rules.accept_missing = abilities.missing().collect();
    let error = Jail::new(&rules, &abilities).map(|_| ()).unwrap_err();
    assert!(error.to_string().starts_with("scratch: "), "{error}");
    rules.scratch = None;
    rules.calls = Calls::Processes;
    let jail = Jail::new(&rules, &abilities).unwrap();
    let program = targets.program().join("jail-hostile");
    let secret = targets.secret.display().to_string();
    let port = targets.port.local_addr().unwrap().to_string();
    for attempt in [
        &["read-secrets", &secret][..],
        &["raw-sockets"],
        &["tcp-loopback", &port],
        &["abstract-socket", &targets.name],
        &["trace-the-parent", "1"],
        &["mount"],
        &["users"],
        &["clone3"],
    ] {
        let jailed = jail
            .spawn(&Program {
                path: program.to_str().unwrap(),
                arguments: attempt,
                ..Program::default()
            })
            .unwrap();
        assert_eq!(jailed.wait().unwrap().how, How::Exited(0), "{attempt:?}");
    }
    assert!(Path::new(&targets.secret).exists());
}

/// A hole in the filter must not be a hole in the jail: what matters most is held without it.
#[test]
fn without_the_filter_the_other_walls_stand() {
    let targets = Targets::new();
    for missing in [Wall::Filter, Wall::Landlock] {
        let abilities = Abilities::probe().without(missing);
        let mut rules = rules::rules(&targets.program());
        rules.accept_missing = abilities.missing().collect();
        let jail = Jail::new(&rules, &abilities).unwrap();
        for attempt in [
            &["read-secrets", "{secret}"][..],
            &["list-the-machine"],
            &["other-processes-environment", "{pid}"],
            &["write-outside"],
            &["write-mounted"],
            &["links-out"],
            &["dots-out"],
            &["run-from-scratch"],
            &["setuid"],
            &["kill-the-parent", "{pid}"],
            &["kill-everybody"],
            &["trace-the-parent", "{pid}"],
            &["see-others"],
            &["tcp-metadata"],
            &["abstract-socket", "{name}"],
            &["inherited-descriptors", "0", "1", "2"],
            &["chroot"],
            &["modules"],
            &["fork-bomb"],
            &["memory-bomb"],
            &["daemon"],
        ] {
            let (how, said) = run(&jail, &targets.arguments(attempt));
            assert_eq!(how, How::Exited(0), "no {missing}, {attempt:?}: {said}");
        }
        assert!(targets.unharmed());
    }
}
