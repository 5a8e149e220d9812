//! Pages that the program writes about itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::run::{cargo, output, root, run, target};

/// A page, and the arguments that make the program print it.
const PAGES: [(&str, &[&str]); 1] = [("docs/config.md", &["config", "--markdown"])];

/// Builds the program the way the tests use it.
pub(crate) fn build() -> Result<PathBuf> {
    run(cargo().args(["build", "--quiet", "--package", "indelible"]))?;
    Ok(target().join("debug/indelible"))
}

/// Writes the pages again.
pub(crate) fn write() -> Result<()> {
    let program = build()?;
    for (page, args) in PAGES {
        fs::write(root().join(page), print(&program, args)?)?;
        println!("{page}");
    }
    Ok(())
}

/// Fails when a page is not what the program would write now.
pub(crate) fn check(program: &Path) -> Result<()> {
    for (page, args) in PAGES {
        let written = fs::read_to_string(root().join(page)).unwrap_or_default();
        let printed = print(program, args)?;
        ensure!(
            written == printed,
            "{page} is stale: run `cargo xtask docs`"
        );
    }
    Ok(())
}

/// What the program prints where no setting of this machine reaches it.
fn print(program: &Path, args: &[&str]) -> Result<String> {
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .current_dir(std::env::temp_dir());
    output(&mut command)
}
