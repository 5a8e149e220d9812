//! `cargo xtask test`: installs what is missing, starts the real parts, runs everything, stops them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::demo::Demo;
use crate::postgres::Cluster;
use crate::run::{cargo, find, root, run, target};
use crate::server::Server;
use crate::{docs, sqlx, tidy, tools};

/// What the steps share; made when the first step asks for it.
#[derive(Default)]
struct Parts {
    cluster: Option<Cluster>,
    program: Option<PathBuf>,
}

type Step = (&'static str, fn(&mut Parts) -> Result<()>);

/// In this order: what fails fast first.
const STEPS: [Step; 9] = [
    ("format", |_| run(cargo().args(["fmt", "--all", "--check"]))),
    ("tidy", |_| tidy::tidy()),
    ("lint", |_| lint()),
    ("build", |parts| parts.program().map(drop)),
    ("docs", |parts| docs::check(&parts.program()?)),
    ("queries", |parts| sqlx::check(parts.cluster()?)),
    ("rust", rust),
    ("frontend", |_| frontend()),
    ("browser", browser),
];

/// Runs the steps named, or all of them; one that fails does not keep the others from running.
pub(crate) fn test(only: &[&str]) -> Result<()> {
    if let Some(unknown) = only
        .iter()
        .find(|name| STEPS.iter().all(|step| step.0 != **name))
    {
        let names = STEPS.map(|step| step.0).join(", ");
        bail!("there is no step {unknown:?}; there are {names}");
    }
    tools::install().context("what the tests need cannot be installed")?;
    let mut parts = Parts::default();
    let mut results: Vec<(&str, Duration, Result<()>)> = Vec::new();
    for (name, step) in STEPS {
        if !only.is_empty() && !only.contains(&name) {
            continue;
        }
        println!("\n── {name}");
        let started = Instant::now();
        let result = step(&mut parts);
        if let Err(error) = &result {
            println!("{error:#}");
        }
        results.push((name, started.elapsed(), result));
    }
    drop(parts);
    println!();
    for (name, time, result) in &results {
        let verdict = if result.is_ok() { "ok" } else { "FAILED" };
        println!("{name:10} {verdict:7} {:6.1} s", time.as_secs_f64());
    }
    let failed = results
        .iter()
        .filter(|(_, _, result)| result.is_err())
        .count();
    if failed > 0 {
        bail!("{failed} of {} steps failed", results.len());
    }
    Ok(())
}

impl Parts {
    fn cluster(&mut self) -> Result<&Cluster> {
        if self.cluster.is_none() {
            self.cluster = Some(Cluster::start()?);
        }
        self.cluster.as_ref().context("started above")
    }

    fn program(&mut self) -> Result<PathBuf> {
        if self.program.is_none() {
            self.program = Some(docs::build()?);
        }
        self.program.clone().context("built above")
    }
}

fn lint() -> Result<()> {
    run(cargo().args([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

/// Every crate's tests, and those of `testkit` against the real parts.
fn rust(parts: &mut Parts) -> Result<()> {
    let program = parts.program()?;
    let cluster = parts.cluster()?;
    let mut command = cargo();
    command.args(["test", "--quiet", "--workspace"]);
    run(with_parts(&mut command, &program, cluster))
}

/// Tells a command where the real parts are.
pub(crate) fn with_parts<'c>(
    command: &'c mut Command,
    program: &Path,
    cluster: &Cluster,
) -> &'c mut Command {
    command
        .env("INDELIBLE_TEST_PROGRAM", program)
        .env("INDELIBLE_TEST_PYTHON", tools::python().join("bin"))
        .env("INDELIBLE_TEST_POSTGRES_URL", cluster.url("postgres"))
}

/// The scripts of the pages: types, and what they compute. Installed by the build of `web`.
fn frontend() -> Result<()> {
    let npm = |script| {
        let mut npm = Command::new("npm");
        npm.args(["run", "--silent", script])
            .current_dir(root().join("frontend"));
        npm
    };
    run(&mut npm("check"))?;
    run(&mut npm("test"))
}

/// Every page in a real browser, against the real server.
fn browser(parts: &mut Parts) -> Result<()> {
    let program = parts.program()?;
    let server = Server::start(&program)?;
    let chromium = find("chromium", &[]).context("chromium was installed")?;
    run(Command::new("node")
        .args(["test/browser.mjs", &server.url()])
        .arg(target().join("shots"))
        .env("BROWSER", &chromium)
        .current_dir(root().join("frontend")))?;
    run(Command::new("node")
        .args(["test/rooms.mjs", &server.local_url()])
        .arg(target().join("shots"))
        .arg(server.setup_link()?)
        .arg(&program)
        .arg(&server.provider().issuer)
        .env("PROVIDER_SECRET", server.provider().secret)
        .env("BROWSER", &chromium)
        .current_dir(root().join("frontend")))?;
    drop(server);
    let demo = Demo::start(&program)?;
    let (account, password) = demo.account();
    run(Command::new("node")
        .args(["test/desk.mjs", demo.url()])
        .arg(target().join("shots"))
        .args([account, password])
        .arg(&program)
        .env("BROWSER", &chromium)
        .current_dir(root().join("frontend")))
}
