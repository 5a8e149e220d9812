//! What the checked queries of `store-postgres` know of the database: `.sqlx/`, refreshed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context as _, Result, ensure};

use crate::postgres::Cluster;
use crate::run::{cargo, output, root, run, target};

const CRATE: &str = "crates/store-postgres";

/// Asks a throw-away server about every query and writes the answers down.
pub(crate) fn prepare() -> Result<()> {
    let folder = root().join(CRATE).join(".sqlx");
    ask(&Cluster::start()?, &folder)?;
    println!("{} queries in {CRATE}/.sqlx", contents(&folder)?.len());
    Ok(())
}

/// Fails when what is written down is not what the server answers.
pub(crate) fn check(cluster: &Cluster) -> Result<()> {
    let asked = target().join("sqlx-check");
    ask(cluster, &asked)?;
    ensure!(
        contents(&asked)? == contents(&root().join(CRATE).join(".sqlx"))?,
        "{CRATE}/.sqlx is stale: run `cargo xtask sqlx-prepare`"
    );
    Ok(())
}

fn ask(cluster: &Cluster, folder: &Path) -> Result<()> {
    const DATABASE: &str = "sqlx_prepare";
    psql(
        cluster,
        "postgres",
        &["-c", &format!("create database {DATABASE}")],
    )?;
    let mut migrations: Vec<_> = fs::read_dir(root().join(CRATE).join("migrations"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    migrations.sort();
    for migration in migrations {
        let file = migration.to_str().context("a plain file name")?;
        psql(cluster, DATABASE, &["-f", file])?;
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    // The macros run only when the crate is compiled. Its time is put back afterwards: what was
    // built before is as good as ever.
    let file = fs::File::options()
        .append(true)
        .open(root().join(CRATE).join("src/lib.rs"))?;
    let written_at = file.metadata()?.modified()?;
    file.set_modified(SystemTime::now())?;
    let asked = run(cargo()
        .args(["check", "--quiet", "--package", "store-postgres"])
        .env("SQLX_OFFLINE_DIR", folder)
        .env("INDELIBLE_POSTGRES_URL", cluster.url(DATABASE)));
    file.set_modified(written_at)?;
    asked
}

fn psql(cluster: &Cluster, database: &str, args: &[&str]) -> Result<()> {
    let mut command = Command::new("psql");
    command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d"]);
    command.arg(cluster.url(database)).args(args);
    output(&mut command).map(drop)
}

fn contents(folder: &Path) -> Result<BTreeMap<OsString, Vec<u8>>> {
    fs::read_dir(folder)
        .with_context(|| format!("{} cannot be read", folder.display()))?
        .map(|entry| {
            let entry = entry?;
            Ok((entry.file_name(), fs::read(entry.path())?))
        })
        .collect()
}
