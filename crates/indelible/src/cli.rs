//! The command line: which commands there are, and which settings each understands.

use std::ffi::OsString;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::config::{self, Config, FileSettings};
use crate::{extract, lookup, monitor, scan, submit, verify, witness};

/// Exit codes that all commands share.
const EXIT_CODES: &str = "Exit codes: 0 done; 1 refused, not green or not done; 2 wrong usage, \
    settings or unreadable input; 3 (monitor) a log rewrote its history.";

/// Stamp anything, verify it anywhere.
///
/// A server that writes digests into a tamper-evident public log, and the tools to stamp files, to
/// verify proofs offline and to watch logs. Without a command it serves.
#[derive(Parser)]
#[command(name = "indelible", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve the log (what happens without a command)
    ///
    /// Makes folder, keys and database at first start. SIGINT or SIGTERM stops it gracefully.
    Serve(Box<Config>),
    /// Try the desk: serve beside stand-ins for every service that it asks
    ///
    /// Needs no key and no internet. Prints an account, its password and what to paste. Without
    /// --data it lives in a temporary folder until it is stopped; a folder of a real installation is
    /// refused.
    Demo(Box<Config>),
    /// Stamp files, folders, digests or standard input, and write proof files
    Stamp(submit::Options),
    /// Verify files against their proofs, offline
    Verify(verify::Options),
    /// Find the indicators of texts, mails, tables, STIX and MISP documents, offline
    ///
    /// Domains, addresses, URLs, hashes and two dozen other kinds, defanged or not. On a terminal
    /// they are shown in a table, in a pipe one a line.
    Extract(extract::Options),
    /// Look indicators up: what sources say of them, as it comes
    ///
    /// Asks what to look up when nothing is said and a person is there.
    Lookup(Box<lookup::Options>),
    /// Find in logs, however large, what feeds of known indicators name
    ///
    /// Reads at the speed of the disk or of all cores, whichever is less, and tells nothing that the
    /// feeds do not have.
    Scan(scan::Options),
    /// Follow a log, keep a copy, and say loudly when its history was rewritten
    Monitor(monitor::Options),
    /// Serve as a witness of other logs
    ///
    /// Cosigns what continues the history that it saw before, and nothing else.
    Witness(witness::Options),
    /// Verify everything that is stored
    ///
    /// Both trees are computed again from what is stored, and compared tile by tile; signatures,
    /// places, tags and tokens too. The log may be in use meanwhile.
    Fsck(WithJson),
    /// Say what is wrong with this installation, and what to do
    ///
    /// Understands every setting of `indelible serve`.
    Doctor(WithJson),
    /// Show the settings in force, and where each came from
    ///
    /// Understands every setting of `indelible serve`.
    Config(ShowConfig),
    /// List the log's keys, or change to a new one
    Keys(Keys),
    /// List the secrets of sources, or change the key that they are sealed under
    ///
    /// What a secret is, is never shown.
    Secrets(Secrets),
    /// Send a test letter at once, and say what the mail server answers
    ///
    /// Understands every setting of `indelible serve`.
    Mail(MailCommand),
    /// List accounts, or help somebody who cannot sign in
    ///
    /// Understands every setting of `indelible serve`. Whoever can run this has the machine, so it
    /// asks for no password; what it does stands in the audit trail.
    Accounts(AccountsCommand),
    /// Print a completion script for a shell
    ///
    /// For example: indelible completions bash > ~/.local/share/bash-completion/completions/indelible
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Settings, and the choice of machine-readable output.
#[derive(Args)]
pub(crate) struct WithJson {
    /// One JSON object a line instead of words
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: Config,
}

/// `indelible config`.
#[derive(Args)]
pub(crate) struct ShowConfig {
    /// One JSON object
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) json: bool,
    /// The manual of all settings: docs/config.md
    #[arg(long)]
    pub(crate) markdown: bool,
    #[command(flatten)]
    pub(crate) config: Config,
}

/// `indelible keys`.
#[derive(Args)]
pub(crate) struct Keys {
    /// What to do
    #[arg(value_enum, default_value = "list")]
    pub(crate) action: KeysAction,
    /// One JSON object a line instead of words
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: Config,
}

/// What to do with the log's keys.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum KeysAction {
    /// Show every key, since which size it signs, and which signs now
    List,
    /// Make a new key, with which the server signs from its next start; old ones stay verifiable
    Rotate,
}

/// `indelible secrets`.
#[derive(Args)]
pub(crate) struct Secrets {
    /// What to do
    #[arg(value_enum, default_value = "list")]
    pub(crate) action: SecretsAction,
    /// One JSON object a line instead of words
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: Config,
}

/// What to do with the secrets of sources.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum SecretsAction {
    /// Show every secret by its name, where it stands and when it ends
    List,
    /// Seal all of them under a new key, at once
    Rotate,
}

/// `indelible mail`.
#[derive(Args)]
pub(crate) struct MailCommand {
    /// What to do
    #[arg(value_enum)]
    pub(crate) action: MailAction,
    /// To whom
    pub(crate) address: String,
    /// One JSON object instead of words
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: Config,
}

/// `indelible accounts`.
#[derive(Args)]
pub(crate) struct AccountsCommand {
    /// What to do
    #[arg(value_enum)]
    pub(crate) action: AccountsAction,
    /// Whose account; not for list
    #[arg(required_if_eq_any([("action", "reset-password"), ("action", "make-admin")]))]
    pub(crate) email: Option<String>,
    /// JSON objects instead of words
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: Config,
}

/// What to do about accounts.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum AccountsAction {
    /// Everybody who has an account, newest first
    List,
    /// Print a link that sets a new password, once
    ResetPassword,
    /// Make somebody an administrator who may sign in
    MakeAdmin,
}

/// What to do about mail.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum MailAction {
    /// Send one letter that says no more than that mail arrives
    Test,
}

/// Commands that understand the settings of a server, and which of them their help shows.
const WITH_SETTINGS: [(&str, Option<&[&str]>); 10] = [
    ("serve", None),
    ("demo", Some(&["data", "web.listen"])),
    ("config", Some(&["data", "config"])),
    ("doctor", Some(&["data", "config"])),
    (
        "fsck",
        Some(&["data", "config", "store.url", "store.password_file"]),
    ),
    (
        "accounts",
        Some(&["data", "config", "store.url", "store.password_file"]),
    ),
    (
        "keys",
        Some(&["data", "config", "store.url", "store.password_file"]),
    ),
    (
        "secrets",
        Some(&["data", "config", "store.url", "store.password_file"]),
    ),
    (
        "lookup",
        Some(&[
            "data",
            "config",
            "store.url",
            "store.password_file",
            "desk.upstreams",
        ]),
    ),
    (
        "mail",
        Some(&[
            "config",
            "mail.host",
            "mail.port",
            "mail.security",
            "mail.ca_file",
            "mail.user",
            "mail.password_file",
            "mail.from",
        ]),
    ),
];

/// The arguments with the command that nobody wrote: `indelible --data x` means `indelible serve
/// --data x`.
pub(crate) fn normalized(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let first = arguments.get(1).and_then(|first| first.to_str());
    let serves = match first {
        None => arguments.len() == 1,
        Some("-h" | "--help" | "-V" | "--version") => false,
        Some(first) => first.starts_with('-'),
    };
    if serves {
        arguments.insert(1, "serve".into());
    }
    arguments
}

/// Whether these arguments ask for a command that needs the settings of a server.
pub(crate) fn needs_settings(arguments: &[OsString]) -> bool {
    let command = arguments.get(1).and_then(|first| first.to_str());
    command.is_some_and(|command| WITH_SETTINGS.iter().any(|(name, _)| *name == command))
}

/// The whole command line, with the file's settings as defaults.
pub(crate) fn command(settings: &FileSettings) -> clap::Command {
    WITH_SETTINGS
        .iter()
        .fold(Cli::command(), |command, (name, shown)| {
            command.mut_subcommand(name, |sub| config::dress(sub, settings, *shown))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_command_means_serve() {
        let check = |given: &str, expected: &str| {
            let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
            assert_eq!(normalized(words(given)), words(expected));
        };
        check("indelible", "indelible serve");
        check("indelible --data x", "indelible serve --data x");
        check("indelible --help", "indelible --help");
        check("indelible verify x", "indelible verify x");
    }

    /// What people read first. `--help` of every command, as it prints on 100 columns.
    #[test]
    fn help_reads_as_it_should() {
        let mut command = command(&FileSettings::default()).term_width(100);
        command.build();
        let mut pages = vec![command.render_long_help().to_string()];
        for sub in command.get_subcommands_mut() {
            // The environment of whoever runs the tests must not show.
            let hidden = sub
                .clone()
                .mut_args(|arg| arg.hide_env_values(true))
                .term_width(100);
            pages.push(hidden.clone().render_long_help().to_string());
        }
        insta::assert_snapshot!(pages.join("\n=====\n\n"));
    }

    #[test]
    fn the_command_line_is_consistent() {
        command(&FileSettings::default()).debug_assert();
    }
}
