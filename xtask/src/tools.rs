//! What the tests need from outside: Debian's packages, and Python's in a folder of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::run::{find, output, root, run, target};

/// A program, and the Debian package that brings it.
const PROGRAMS: [(&str, &str); 9] = [
    ("initdb", "postgresql"),
    ("psql", "postgresql-client"),
    ("chromium", "chromium"),
    ("openssl", "openssl"),
    ("python3", "python3"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("setpriv", "util-linux"),
    ("git", "git"),
];

/// Versions of the Python programs that check us from outside.
const REQUIREMENTS: &str = "crates/testkit/tests/requirements.txt";

/// Where Debian keeps what is not on the path.
pub(crate) fn postgres_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|it| it.path().join("bin")).collect())
        .unwrap_or_default();
    folders.sort();
    folders.reverse();
    folders
}

/// Installs what is missing; the second time it only looks.
pub(crate) fn install() -> Result<()> {
    install_debian()?;
    install_python()
}

fn install_debian() -> Result<()> {
    let mut missing: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(program, _)| find(program, &postgres_folders()).is_none())
        .map(|(_, package)| *package)
        .collect();
    // Debian's Python comes without what makes a virtual environment.
    let can_make_venv = Command::new("python3")
        .args(["-c", "import ensurepip, venv"])
        .output();
    if !can_make_venv.is_ok_and(|made| made.status.success()) {
        missing.push("python3-venv");
    }
    if missing.is_empty() {
        return Ok(());
    }
    let command = format!("apt-get install {}", missing.join(" "));
    if find("apt-get", &[]).is_none() || output(Command::new("id").arg("-u"))?.trim() != "0" {
        bail!("the tests need more programs: run `{command}` as root");
    }
    println!("{command}");
    let apt = |args: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.args(["--quiet", "--yes"]).args(args);
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        // Nothing that is installed need start now.
        apt.env("RUNLEVEL", "1");
        apt
    };
    run(&mut apt(&["update"]))?;
    let mut install = apt(&["install", "--no-install-recommends"]);
    run(install.args(missing))
}

/// The folder of the Python programs.
pub(crate) fn python() -> PathBuf {
    target().join("test-tools/python")
}

fn install_python() -> Result<()> {
    let wanted = fs::read_to_string(root().join(REQUIREMENTS)).context(REQUIREMENTS)?;
    let folder = python();
    let done = folder.join("installed.txt");
    if fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let pip = folder.join("bin/pip");
    // Some say that they need a newer Python than Debian's, and run on it all the same.
    run(Command::new(pip)
        .args([
            "install",
            "--ignore-requires-python",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ])
        .arg(Path::new(REQUIREMENTS))
        .current_dir(root()))?;
    fs::write(done, wanted)?;
    Ok(())
}
