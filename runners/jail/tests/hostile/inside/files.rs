//! Attempts on the files of the machine.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::{Attempt, Held, refused, room, rules, text};

pub(crate) const ATTEMPTS: &[Attempt] = &[
    ("read-secrets", read_secrets),
    ("list-the-machine", list_the_machine),
    ("other-processes-environment", other_environment),
    ("own-environment", own_environment),
    ("write-outside", write_outside),
    ("write-mounted", write_mounted),
    ("links-out", links_out),
    ("hard-link", hard_link),
    ("dots-out", dots_out),
    ("device-files", device_files),
    ("run-from-scratch", run_from_scratch),
    ("setuid", setuid),
    ("whoami", whoami),
    ("fill-the-disk", fill_the_disk),
    ("fill-the-folder", fill_the_folder),
    ("one-huge-file", one_huge_file),
    ("handles", handles),
    ("scratch-works", scratch_works),
];

fn unreadable(paths: &[&str]) -> Held {
    match paths.iter().find(|path| fs::read(path).is_ok()) {
        Some(path) => Err(format!("{path} can be read")),
        None => Ok(()),
    }
}

fn read_secrets(rest: &[String]) -> Held {
    let named: Vec<&str> = rest.iter().map(String::as_str).collect();
    unreadable(&named)?;
    unreadable(&[
        "/etc/shadow",
        "/etc/passwd",
        "/root/.bashrc",
        "/etc/hostname",
    ])
}

fn list_the_machine(_: &[String]) -> Held {
    for folder in [
        "/etc", "/root", "/home", "/proc", "/sys", "/run", "/var", "/tmp", "/work",
    ] {
        let shown = fs::read_dir(folder).map_or(0, Iterator::count);
        // `/etc` may hold the cache of the loader, and nothing else.
        if shown > usize::from(folder == "/etc") {
            return Err(format!("{folder} shows {shown} files"));
        }
    }
    Ok(())
}

fn other_environment(rest: &[String]) -> Held {
    let parent = format!("/proc/{}/environ", rest[0]);
    unreadable(&[
        &parent,
        "/proc/1/environ",
        "/proc/self/environ",
        "/proc/self/mem",
    ])
}

fn own_environment(_: &[String]) -> Held {
    let all: Vec<_> = std::env::vars().collect();
    match all.as_slice() {
        [(name, value)] if name == "ONLY" && value == "this" => Ok(()),
        other => Err(format!("the environment is {other:?}")),
    }
}

fn write_outside(_: &[String]) -> Held {
    for path in [
        "/x",
        "/dev/x",
        "/usr/lib/x",
        "/program/x",
        "/tmp/x",
        "/dev/shm/x",
    ] {
        if fs::write(path, "x").is_ok() {
            return Err(format!("{path} was written"));
        }
    }
    for path in ["/x", "/dev/x", "/program/x"] {
        if fs::create_dir(path).is_ok() || symlink("/", path).is_ok() {
            return Err(format!("{path} was made"));
        }
    }
    Ok(())
}

fn write_mounted(_: &[String]) -> Held {
    let file = "/program/sentinel";
    let before = fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    let written = fs::OpenOptions::new().append(true).open(file);
    if written.and_then(|mut it| it.write_all(b"x")).is_ok()
        || fs::remove_file(file).is_ok()
        || fs::rename(file, "/program/other").is_ok()
        || fs::rename(file, "/scratch/other").is_ok()
        || fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o777)).is_ok()
    {
        return Err(format!("{file} was changed"));
    }
    refused(&[("truncate", libc::SYS_truncate, [text(file), 0, 0, 0, 0])])?;
    match fs::read(file) {
        Ok(after) if after == before => Ok(()),
        _ => Err(format!("{file} is not what it was")),
    }
}

fn links_out(_: &[String]) -> Held {
    let far = format!("{}etc/passwd", "../".repeat(20));
    for (name, target) in [
        ("a", "/etc/passwd"),
        ("b", &far),
        ("c", "/proc/1/root/etc/passwd"),
        ("d", "/proc/self/fd/0/../../etc/passwd"),
        // A link that the mounted folder itself holds.
        ("e", "/program/link-to-shadow"),
    ] {
        symlink(target, name).map_err(|error| format!("no link: {error}"))?;
        unreadable(&[name])?;
    }
    symlink("/program", "folder").map_err(|error| format!("no link: {error}"))?;
    match fs::write("folder/through", "x") {
        Ok(()) => Err("wrote through a link".into()),
        Err(_) => Ok(()),
    }
}

fn hard_link(_: &[String]) -> Held {
    match fs::hard_link("/program/sentinel", "/scratch/linked") {
        Ok(()) => Err("linked a mounted file".into()),
        Err(_) => Ok(()),
    }
}

fn dots_out(_: &[String]) -> Held {
    for _ in 0..30 {
        std::env::set_current_dir("..").map_err(|error| error.to_string())?;
    }
    unreadable(&["etc/passwd", "etc/shadow"])?;
    let seen: Vec<_> = fs::read_dir(".").into_iter().flatten().collect();
    match seen.len() {
        0..10 => Ok(()),
        many => Err(format!("{many} files above the root")),
    }
}

fn device_files(_: &[String]) -> Held {
    unreadable(&[
        "/dev/mem",
        "/dev/kmsg",
        "/dev/vda",
        "/dev/sda",
        "/dev/tty",
        "/dev/ptmx",
    ])?;
    let node = libc::c_long::from(libc::S_IFCHR | 0o666);
    refused(&[
        (
            "mknodat",
            libc::SYS_mknodat,
            [-100, text("/scratch/mem"), node, 0x101, 0],
        ),
        ("iopl", libc::SYS_iopl, [3, 0, 0, 0, 0]),
        ("ioperm", libc::SYS_ioperm, [0, 10, 1, 0, 0]),
    ])?;
    // What is there does what it should.
    let chance = fs::File::open("/dev/urandom").and_then(|mut it| {
        let mut bytes = [0; 8];
        std::io::Read::read_exact(&mut it, &mut bytes)
    });
    chance.map_err(|error| format!("/dev/urandom: {error}"))?;
    fs::write("/dev/null", "x").map_err(|error| format!("/dev/null: {error}"))
}

fn run_from_scratch(_: &[String]) -> Held {
    let copy = "/scratch/copy";
    fs::copy(rules::PROGRAM, copy).map_err(|error| format!("no copy: {error}"))?;
    let _ = fs::set_permissions(copy, std::os::unix::fs::PermissionsExt::from_mode(0o755));
    match Command::new(copy).arg("whoami").status() {
        Ok(status) => Err(format!("a program in scratch ran: {status}")),
        Err(_) => Ok(()),
    }
}

/// Runs a program that belongs to root and says that whoever runs it shall be root.
fn setuid(_: &[String]) -> Held {
    let status = Command::new("/program/setuid").arg("whoami").status();
    let status = status.map_err(|error| format!("did not run: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err("became somebody else".into())
    }
}

fn whoami(_: &[String]) -> Held {
    // SAFETY: plain questions.
    let ids = unsafe {
        [
            libc::getuid(),
            libc::geteuid(),
            libc::getgid(),
            libc::getegid(),
        ]
    };
    if ids == [1000; 4] {
        Ok(())
    } else {
        Err(format!("{ids:?}"))
    }
}

fn fill_the_disk(_: &[String]) -> Held {
    let mut written = 0;
    let block = vec![1_u8; 1 << 16];
    let mut file = fs::File::create("/scratch/full").map_err(|error| error.to_string())?;
    while let Ok(more) = file.write(&block) {
        written += more as u64;
        if written > rules::SCRATCH_BYTES {
            return Err(format!("{written} bytes written"));
        }
    }
    if written == 0 {
        Err("scratch takes nothing".into())
    } else {
        Ok(())
    }
}

fn fill_the_folder(_: &[String]) -> Held {
    let made = (0..1000).take_while(|it| fs::write(format!("/scratch/{it}"), "").is_ok());
    match made.count() {
        1..=64 => Ok(()),
        many => Err(format!("{many} files made")),
    }
}

fn one_huge_file(_: &[String]) -> Held {
    let file = fs::File::create("/scratch/huge").map_err(|error| error.to_string())?;
    match file.set_len(1 << 40) {
        Ok(()) => Err("a file of a terabyte".into()),
        Err(_) => Ok(()),
    }
}

fn handles(_: &[String]) -> Held {
    let root = text("/");
    refused(&[
        (
            "name_to_handle_at",
            libc::SYS_name_to_handle_at,
            [-100, root, room(), room(), 0],
        ),
        (
            "open_by_handle_at",
            libc::SYS_open_by_handle_at,
            [-100, room(), 0, 0, 0],
        ),
        ("openat2", libc::SYS_openat2, [-100, root, room(), 24, 0]),
    ])
}

/// The jail must be good for something.
fn scratch_works(_: &[String]) -> Held {
    let works = || -> std::io::Result<bool> {
        fs::create_dir("folder")?;
        fs::write("folder/file", "text")?;
        fs::rename("folder/file", "file")?;
        let text = fs::read_to_string("/scratch/file")?;
        fs::remove_file("file")?;
        fs::remove_dir("folder")?;
        Ok(text == "text" && !Path::new("file").exists())
    };
    match works() {
        Ok(true) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}
