//! From three sources to one [`Config`], knowing for each setting where it came from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{Resettable, Styles};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args as _, Command, FromArgMatches as _};

use super::file::{self, Settings};
use super::{Config, file::nearest};

/// Prefix of all names in the environment.
const PREFIX: &str = "INDELIBLE_";

/// Names with that prefix which are no settings of a server: of `indelible stamp`, of tests.
const OTHERS: [&str; 3] = ["INDELIBLE_URL", "INDELIBLE_TEST_", "INDELIBLE_POSTGRES_URL"];

/// Where the effective value of a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody said anything.
    BuiltIn,
    /// The file, at this line.
    File(PathBuf, usize),
    /// The environment variable.
    Environment,
    /// The flag.
    Flag,
}

/// Settings, and where each came from.
pub(crate) struct Loaded {
    /// The settings.
    pub(crate) config: Config,
    /// By id: the effective value as text, and its origin.
    pub(crate) origins: BTreeMap<String, (String, Origin)>,
    /// Strange, but no reason to stop.
    pub(crate) warnings: Vec<String>,
}

/// The names of one setting.
pub(crate) struct Names {
    /// `web.listen`.
    pub(crate) id: String,
}

impl Names {
    /// `[web] listen`.
    pub(crate) fn file(&self) -> String {
        match self.id.split_once('.') {
            Some((section, key)) => format!("[{section}] {key}"),
            None => self.id.clone(),
        }
    }

    /// `INDELIBLE_WEB_LISTEN`.
    pub(crate) fn environment(&self) -> String {
        format!("{PREFIX}{}", self.id.replace('.', "_").to_uppercase())
    }

    /// `web-listen`.
    pub(crate) fn flag(&self) -> String {
        self.id.replace(['.', '_'], "-")
    }
}

/// The table itself: one argument for every setting, in order.
pub(crate) fn table() -> Vec<Arg> {
    let command = Config::augment_args(Command::new("table"));
    command.get_arguments().map(named).collect()
}

fn named(arg: &Arg) -> Arg {
    let id = arg.get_id().to_string();
    let names = Names { id };
    let heading = match names.id.split_once('.') {
        Some((section, _)) => format!("[{section}]"),
        None => "Settings".into(),
    };
    arg.clone()
        .long(names.flag())
        .env(names.environment())
        .help_heading(heading)
}

/// Gives a subcommand's settings their names, and the file's values as defaults. Those not in
/// `shown` are understood, but not in its help.
pub(crate) fn dress(command: Command, settings: &Settings, shown: Option<&[&str]>) -> Command {
    table().into_iter().fold(command, |command, arg| {
        let id = arg.get_id().to_string();
        let hidden = shown.is_some_and(|shown| !shown.contains(&id.as_str()));
        command.mut_arg(&id, |_| {
            let arg = arg.hide(hidden);
            match settings.values.get(&id) {
                // An empty list in the file takes a built-in list away.
                Some(setting) if setting.value.is_empty() => arg.default_value(Resettable::Reset),
                Some(setting) => arg.default_value(setting.value.clone()),
                None => arg,
            }
        })
    })
}

/// Reads the settings file that the arguments or the environment name, or the data folder's.
/// Checks every value of file and environment on its own, so that all faults are told at once.
pub(crate) fn load(
    arguments: &[OsString],
    environment: &BTreeMap<String, OsString>,
) -> Result<(Settings, Vec<String>), Vec<String>> {
    let table = table();
    let known: Vec<&str> = table
        .iter()
        .map(|arg| arg.get_id().as_str())
        .filter(|id| *id != "config")
        .collect();
    let mut faults = Vec::new();
    let settings = match read_file(arguments, environment, &known) {
        Ok(settings) => settings,
        Err(why) => {
            faults.extend(why);
            Settings::default()
        }
    };
    for arg in &table {
        let id = arg.get_id().as_str();
        let names = Names { id: id.into() };
        let is_list = arg.get_value_delimiter().is_some();
        if let (Some(setting), Some(path)) = (settings.values.get(id), &settings.path)
            && !(is_list && setting.value.is_empty())
            && let Err(why) = check(arg, &setting.value)
        {
            let (path, line) = (path.display(), setting.line);
            faults.push(format!("{path}:{line}: {}: {why}", names.file()));
        }
        let name = names.environment();
        if let Some(value) = environment.get(&name) {
            let outcome = value
                .to_str()
                .ok_or_else(|| "not UTF-8".to_owned())
                .and_then(|value| check(arg, value));
            if let Err(why) = outcome {
                faults.push(format!("{name}: {why}"));
            }
        }
    }
    if faults.is_empty() {
        Ok((settings, strangers(environment, &table)))
    } else {
        Err(faults)
    }
}

/// Variables that look like ours and are not: told, but no reason to stop, as others may use the
/// prefix too.
fn strangers(environment: &BTreeMap<String, OsString>, table: &[Arg]) -> Vec<String> {
    let ours: Vec<String> = table
        .iter()
        .map(|arg| {
            Names {
                id: arg.get_id().to_string(),
            }
            .environment()
        })
        .collect();
    let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
    environment
        .keys()
        .filter(|name| name.starts_with(PREFIX) && !ours.contains(&name.as_str()))
        .filter(|name| !OTHERS.iter().any(|other| name.starts_with(other)))
        .map(|name| {
            let hint = nearest(name, &ours);
            let hint = hint.map_or(String::new(), |name| format!("; did you mean {name}?"));
            format!("{name} is no setting and is ignored{hint}")
        })
        .collect()
}

/// The file that is named, which must be there, or the one in the data folder, which need not.
fn read_file(
    arguments: &[OsString],
    environment: &BTreeMap<String, OsString>,
    known: &[&str],
) -> Result<Settings, Vec<String>> {
    let said = |flag: &str, variable: &str| {
        flag_value(arguments, flag)
            .or_else(|| environment.get(variable).cloned())
            .map(PathBuf::from)
    };
    let named = said("--config", "INDELIBLE_CONFIG");
    let data = said("--data", "INDELIBLE_DATA").unwrap_or_else(|| "./data".into());
    let path = named.clone().unwrap_or_else(|| data.join("indelible.toml"));
    match std::fs::read_to_string(&path) {
        Ok(text) if named.is_some() => file::parse(&path, &text, known),
        Ok(text) => {
            // A file in the data folder cannot say where the data folder is.
            let known: Vec<&str> = known.iter().copied().filter(|id| *id != "data").collect();
            file::parse(&path, &text, &known)
        }
        Err(why) if why.kind() == std::io::ErrorKind::NotFound && named.is_none() => {
            Ok(Settings::default())
        }
        Err(why) => Err(vec![format!("{}: {why}", path.display())]),
    }
}

/// The last value of a flag, before clap has seen the arguments: the file decides what clap shows.
fn flag_value(arguments: &[OsString], flag: &str) -> Option<OsString> {
    let mut found = None;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let Some(text) = argument.to_str() else {
            continue;
        };
        if text == "--" {
            break;
        }
        if text == flag {
            found = arguments.next().cloned();
        } else if let Some(value) = text
            .strip_prefix(flag)
            .and_then(|rest| rest.strip_prefix('='))
        {
            found = Some(value.into());
        }
    }
    found
}

/// Whether one value alone is good for its setting.
fn check(arg: &Arg, value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Err("is empty".into());
    }
    let id = arg.get_id().to_string();
    let flag = Names { id: id.clone() }.flag();
    let alone = Arg::new(id)
        .long(flag.clone())
        .value_parser(arg.get_value_parser().clone());
    let alone = match arg.get_value_delimiter() {
        Some(delimiter) => alone.value_delimiter(delimiter),
        None => alone,
    };
    Command::new("check")
        .styles(Styles::plain())
        .arg(alone)
        .try_get_matches_from(["check".to_owned(), format!("--{flag}={value}")])
        .map(drop)
        .map_err(|error| reason(&error, value))
}

/// Clap's error without the parts that speak of a command line.
fn reason(error: &clap::Error, value: &str) -> String {
    use clap::error::{ContextKind, ContextValue};
    let bad = match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(bad)) => bad.as_str(),
        _ => value,
    };
    if let Some(ContextValue::Strings(possible)) = error.get(ContextKind::ValidValue) {
        return format!("{bad:?} is none of {}", possible.join(", "));
    }
    match std::error::Error::source(error) {
        Some(why) => format!("{bad:?}: {why}"),
        None => error
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}

impl Loaded {
    /// What clap understood, with each value's origin; then the settings are checked together.
    pub(crate) fn from_matches(
        matches: &ArgMatches,
        settings: &Settings,
        warnings: Vec<String>,
    ) -> Result<Self, Vec<String>> {
        let config = Config::from_arg_matches(matches).map_err(|error| vec![error.to_string()])?;
        let faults = config.faults();
        if !faults.is_empty() {
            return Err(faults);
        }
        let origins = table()
            .iter()
            .map(|arg| {
                let id = arg.get_id().to_string();
                let text = matches.get_raw(&id).map(|values| {
                    let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
                    values.join(",")
                });
                let origin = origin(matches.value_source(&id), settings, &id);
                (id, (text.unwrap_or_default(), origin))
            })
            .collect();
        Ok(Self {
            config,
            origins,
            warnings,
        })
    }
}

fn origin(source: Option<ValueSource>, settings: &Settings, id: &str) -> Origin {
    match source {
        Some(ValueSource::CommandLine) => Origin::Flag,
        Some(ValueSource::EnvVariable) => Origin::Environment,
        _ => match (settings.values.get(id), &settings.path) {
            (Some(setting), Some(path)) => Origin::File(path.clone(), setting.line),
            _ => Origin::BuiltIn,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    /// What is in force with these flags and this file; the environment is not touched, as it is
    /// shared by all tests.
    fn effective(flags: &str, file: &str) -> Result<Loaded, Vec<String>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("indelible.toml");
        std::fs::write(&path, file).unwrap();
        let words = format!("indelible config --config {} {flags}", path.display());
        let words: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
        let (settings, warnings) = load(&words, &BTreeMap::new())?;
        let matches = cli::command(&settings)
            .try_get_matches_from(&words)
            .map_err(|error| vec![error.to_string()])?;
        let (_, sub) = matches.subcommand().unwrap();
        Loaded::from_matches(sub, &settings, warnings)
    }

    #[test]
    fn a_flag_beats_the_file_and_that_beats_what_is_built_in() {
        let file = "[web]\nlisten = '[::1]:81'\nexempt = []\n[log]\nheartbeat = '2m'\n";
        let loaded = effective("--log-heartbeat 3m", file).unwrap();
        let check = |id: &str, value: &str, origin: &str| {
            let (effective, from) = &loaded.origins[id];
            assert_eq!(effective, value, "{id}");
            let from = match from {
                Origin::BuiltIn => "built in",
                Origin::File(..) => "file",
                Origin::Environment => "environment",
                Origin::Flag => "flag",
            };
            assert_eq!(from, origin, "{id}");
        };
        check("log.heartbeat", "3m", "flag");
        check("web.listen", "[::1]:81", "file");
        check("web.exempt", "", "file");
        check("log.interval", "1s", "built in");
        assert_eq!(loaded.config.web.listen.port(), 81);
        assert!(loaded.config.web.exempt.is_empty());
        assert_eq!(loaded.config.log.heartbeat.to_string(), "3m");
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let check = |flags: &str, file: &str, expected: &[&str]| {
            let faults = effective(flags, file).err().unwrap();
            assert_eq!(faults.len(), expected.len(), "{faults:#?}");
            for (fault, expected) in faults.iter().zip(expected) {
                assert!(fault.contains(expected), "{fault:?} lacks {expected:?}");
            }
        };
        check(
            "",
            "[web]\nlisten = 'here'\nrequests_per_s = 0\n[log]\ninterval = '1'\nwitnesses = ['x']\n",
            &[
                "indelible.toml:2: [web] listen: \"here\": invalid socket address",
                "indelible.toml:3: [web] requests_per_s: \"0\"",
                "indelible.toml:5: [log] interval: \"1\": a unit is missing",
                "indelible.toml:6: [log] witnesses: \"x\": write the witness's verifier key",
            ],
        );
        check(
            "--log-interval 2m",
            "[tsa]\nkey_file = '/nowhere/tsa.key'\n",
            &[
                "[log] heartbeat must not be shorter",
                "[tsa] key_file and certificate_file go together",
                "[tsa] key_file: /nowhere/tsa.key: No such file",
            ],
        );
        check("", "[log]\nauthority = 'https://x'\n", &["without scheme"]);
        check(
            "",
            "[tracing]\nformat = 'xml'\n",
            &["\"xml\" is none of pretty, json"],
        );
    }

    #[test]
    fn variables_are_checked_and_strangers_named() {
        let environment = BTreeMap::from(
            [
                ("INDELIBLE_DATA", "/nowhere"),
                ("INDELIBLE_WEB_LISTEN", "nonsense"),
                ("INDELIBLE_LOG_INTERVAL", ""),
            ]
            .map(|(name, value)| (name.to_owned(), OsString::from(value))),
        );
        let faults = load(&[], &environment).unwrap_err();
        assert_eq!(
            faults,
            [
                "INDELIBLE_WEB_LISTEN: \"nonsense\": invalid socket address syntax",
                "INDELIBLE_LOG_INTERVAL: is empty",
            ]
        );
        let misspelt = BTreeMap::from([("INDELIBLE_WEB_LISTN".to_owned(), OsString::from("x"))]);
        let (_, warnings) = load(&["x".into(), "--data=/nowhere".into()], &misspelt).unwrap();
        assert_eq!(
            warnings,
            [
                "INDELIBLE_WEB_LISTN is no setting and is ignored; did you mean INDELIBLE_WEB_LISTEN?"
            ]
        );
    }
}
