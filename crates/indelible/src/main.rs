//! The binary: arguments, settings, wiring. The only reader of the environment.

#![forbid(unsafe_code)]

mod background;
mod carriers;
mod cli;
mod config;
mod demo;
mod desk;
mod digest;
mod doctor;
mod extract;
mod figures;
mod fsck;
mod home;
mod keys;
mod known_logs;
mod lookup;
mod mail;
mod monitor;
mod outgoing;
mod parallel;
mod people;
mod probes;
mod rooms;
mod say;
mod scan;
mod secrets;
mod serve;
mod signals;
mod submit;
mod trace;
mod upstream;
mod verify;
mod walk;
mod wiring;
mod witness;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches as _;

use crate::cli::{Cli, Command};
use crate::config::{FileSettings, Loaded};
use crate::say::print;

/// Wrong usage, wrong settings or unreadable input.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments = cli::normalized(std::env::args_os().collect());
    let environment: BTreeMap<String, OsString> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .collect();
    match parse(&arguments, &environment) {
        Ok((cli, loaded)) => match run(cli, loaded, &environment) {
            Ok(code) => code,
            Err(error) => fail(&error),
        },
        Err(code) => code,
    }
}

/// Arguments, environment and file, understood and checked; or all complaints told.
fn parse(
    arguments: &[OsString],
    environment: &BTreeMap<String, OsString>,
) -> Result<(Cli, Option<Loaded>), ExitCode> {
    let mut settings = FileSettings::default();
    let mut warnings = Vec::new();
    let mut faults = Vec::new();
    if cli::needs_settings(arguments) {
        match config::load(arguments, environment) {
            Ok((read, strange)) => (settings, warnings) = (read, strange),
            Err(why) => faults = why,
        }
    }
    let parsed = cli::command(&settings).try_get_matches_from(arguments);
    let matches = match parsed {
        Ok(matches) => matches,
        // Help is given even when the settings are broken; else their faults come first.
        Err(error) if faults.is_empty() || !error.use_stderr() => {
            let _ = error.print();
            let code = if error.use_stderr() { USAGE } else { 0 };
            return Err(ExitCode::from(code));
        }
        Err(_) => return Err(complain(&faults)),
    };
    if !faults.is_empty() {
        return Err(complain(&faults));
    }
    let loaded = match matches.subcommand() {
        Some((_, sub)) if cli::needs_settings(arguments) => Some(
            Loaded::from_matches(sub, &settings, warnings).map_err(|faults| complain(&faults))?,
        ),
        _ => None,
    };
    match Cli::from_arg_matches(&matches) {
        Ok(cli) => Ok((cli, loaded)),
        Err(error) => error.exit(),
    }
}

/// Tells every fault of the settings.
fn complain(faults: &[String]) -> ExitCode {
    for fault in faults {
        anstream::eprintln!("error: {fault}");
    }
    ExitCode::from(USAGE)
}

/// Tells a failure with its causes, once each.
fn fail(error: &anyhow::Error) -> ExitCode {
    let mut words = String::new();
    for cause in error.chain().map(ToString::to_string) {
        let cause = without_number(&cause).to_owned();
        if !words.contains(&cause) {
            words = if words.is_empty() {
                cause
            } else {
                format!("{words}: {cause}")
            };
        }
    }
    anstream::eprintln!("error: {words}");
    if error.is::<Usage>() {
        return ExitCode::from(USAGE);
    }
    ExitCode::FAILURE
}

/// "No such file or directory (os error 2)" without the number, which helps nobody.
fn without_number(words: &str) -> &str {
    words.split(" (os error ").next().unwrap_or(words)
}

/// A failure that wrong usage or unreadable input caused.
#[derive(Debug, thiserror::Error)]
#[error("{0:#}")]
pub(crate) struct Usage(anyhow::Error);

impl Usage {
    /// The same failure, told apart by its exit code.
    pub(crate) fn of(error: anyhow::Error) -> anyhow::Error {
        Self(error).into()
    }
}

/// Runs a command that spends its time waiting: one thread is enough.
fn wait_for<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

fn run(
    cli: Cli,
    loaded: Option<Loaded>,
    environment: &BTreeMap<String, OsString>,
) -> anyhow::Result<ExitCode> {
    match (cli.command, loaded) {
        (Command::Serve(_), Some(loaded)) => serve::run(&loaded),
        (Command::Keys(asked), Some(loaded)) => wait_for(keys::run(&asked, &loaded.config)),
        (Command::Mail(asked), Some(loaded)) => wait_for(mail::run(&asked, &loaded.config)),
        (Command::Accounts(asked), Some(loaded)) => wait_for(people::run(&asked, &loaded.config)),
        (Command::Witness(options), _) => wait_for(witness::run(options)),
        (Command::Fsck(asked), Some(loaded)) => wait_for(fsck::run(&asked, &loaded.config)),
        (Command::Demo(_), Some(loaded)) => demo::run(loaded),
        (Command::Doctor(asked), Some(loaded)) => wait_for(doctor::run(&asked, &loaded)),
        (Command::Stamp(options), _) => wait_for(submit::run(options, environment)),
        (Command::Verify(options), _) => verify::run(&options, environment).map_err(Usage::of),
        (Command::Extract(options), _) => extract::run(&options).map_err(Usage::of),
        (Command::Lookup(options), Some(loaded)) => {
            wait_for(lookup::run(&options, &loaded.config, environment))
        }
        (Command::Secrets(asked), Some(loaded)) => wait_for(secrets::run(&asked, &loaded.config)),
        (Command::Scan(options), _) => scan::run(&options).map_err(Usage::of),
        (Command::Monitor(options), _) => wait_for(monitor::run(options)),
        (Command::Config(asked), Some(loaded)) => Ok(show_config(&asked, &loaded)),
        (Command::Completions { shell }, _) => {
            let mut command = cli::command(&FileSettings::default());
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command, "indelible", &mut script);
            print(&String::from_utf8_lossy(&script));
            Ok(ExitCode::SUCCESS)
        }
        (_, None) => anyhow::bail!("the settings were not read: this is our mistake"),
    }
}

fn show_config(asked: &cli::ShowConfig, loaded: &Loaded) -> ExitCode {
    if asked.markdown {
        print(&config::as_markdown());
    } else if asked.json {
        print(&format!("{:#}\n", config::as_json(loaded)));
    } else {
        print(&config::as_text(loaded));
        for warning in &loaded.warnings {
            anstream::eprintln!("warning: {warning}");
        }
    }
    ExitCode::SUCCESS
}
