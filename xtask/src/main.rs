//! Chores: the test command, tidy, generated files.
//!
//! Uses the system's own programs (`apt-get`, `git`, `psql`) rather than crates, so that it is
//! built in a moment.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a tool for developers: it talks to the terminal and reads the environment"
)]

mod demo;
mod docs;
mod postgres;
mod run;
mod server;
mod sqlx;
mod test;
mod tidy;
mod tools;

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask COMMAND

  test [STEP …] install what the tests need, start it, run everything, stop it;
                with names, only those steps: format tidy lint build docs queries
                rust frontend browser
  tidy          check the house rules that no compiler knows
  docs          write docs/config.md again
  sqlx-prepare [--check]
                refresh crates/store-postgres/.sqlx against a throw-away server,
                or only say whether it is fresh
  with-parts PROGRAM [ARG …]
                run a program with what `test` gives to the tests, for example
                `cargo xtask with-parts cargo test -p testkit contract`
";

fn main() -> ExitCode {
    match chore() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\n{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn chore() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["test", ref only @ ..] => test::test(only),
        ["tidy"] => tidy::tidy(),
        ["docs"] => docs::write(),
        ["sqlx-prepare"] => sqlx::prepare(),
        ["sqlx-prepare", "--check"] => sqlx::check(&postgres::Cluster::start()?),
        ["with-parts", program, ref args @ ..] => {
            let (built, cluster) = (docs::build()?, postgres::Cluster::start()?);
            let mut command = Command::new(program);
            run::run(test::with_parts(command.args(args), &built, &cluster))
        }
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        _ => bail!("unknown command {:?}\n\n{HELP}", args.join(" ")),
    }
}
