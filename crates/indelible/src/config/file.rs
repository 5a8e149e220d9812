//! `indelible.toml`: every key is checked against the table of settings, and all faults are told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Settings from a file, each in the text form that a flag would have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// The file, if there was one.
    pub(crate) path: Option<PathBuf>,
    /// By id, such as `web.listen`.
    pub(crate) values: BTreeMap<String, Setting>,
}

/// One setting of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// As a flag would have it; the elements of a list with commas between.
    pub(crate) value: String,
    /// The line, counted from 1.
    pub(crate) line: usize,
}

/// Reads the text of a file. `known` are the ids of all settings that may stand in it.
pub(crate) fn parse(path: &Path, text: &str, known: &[&str]) -> Result<Settings, Vec<String>> {
    let at = |offset: usize| text[..offset].bytes().filter(|byte| *byte == b'\n').count() + 1;
    let mut settings = Settings {
        path: Some(path.to_owned()),
        ..Settings::default()
    };
    let (mut faults, mut strange) = (Vec::new(), Vec::new());
    let root = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| at(span.start));
        vec![format!("{}:{line}: {}", path.display(), error.message())]
    })?;
    let mut take = |id: String, value: &Spanned<DeValue<'_>>, offset: usize| {
        let line = at(offset);
        let outcome = if known.contains(&id.as_str()) {
            text_of(value.get_ref()).map(|value| Setting { value, line })
        } else {
            Err(unknown(&id, known))
        };
        match outcome {
            Ok(setting) => {
                settings.values.insert(id, setting);
            }
            Err(why) => faults.push((line, why)),
        }
    };
    for (key, value) in root.get_ref() {
        let section = key.get_ref();
        match value.get_ref() {
            DeValue::Table(table)
                if known
                    .iter()
                    .any(|id| id.split_once('.').is_some_and(|(name, _)| name == section)) =>
            {
                for (key, value) in table {
                    take(
                        format!("{section}.{}", key.get_ref()),
                        value,
                        key.span().start,
                    );
                }
            }
            DeValue::Table(_) => {
                let sections: Vec<&str> = known
                    .iter()
                    .filter_map(|id| Some(id.split_once('.')?.0))
                    .collect();
                let hint = nearest(section, &sections);
                let hint = hint.map_or(String::new(), |name| format!("; did you mean [{name}]?"));
                strange.push((
                    at(key.span().start),
                    format!("unknown section [{section}]{hint}"),
                ));
            }
            _ => take(section.to_string(), value, key.span().start),
        }
    }
    faults.extend(strange);
    if faults.is_empty() {
        return Ok(settings);
    }
    faults.sort();
    let told = |(line, why)| format!("{}:{line}: {why}", path.display());
    Err(faults.into_iter().map(told).collect())
}

/// The value as a flag would have it.
fn text_of(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().replace('_', "")),
        DeValue::Boolean(value) => Ok(value.to_string()),
        DeValue::Array(items) => {
            let items: Result<Vec<String>, String> = items
                .iter()
                .map(|item| match item.get_ref() {
                    DeValue::String(text) if text.contains(',') => {
                        Err("an element of a list holds no comma".into())
                    }
                    DeValue::String(text) => Ok(text.to_string()),
                    other => Err(format!("a list holds strings, not {}", other.type_str())),
                })
                .collect();
            Ok(items?.join(","))
        }
        other => Err(format!(
            "a setting is a string, a whole number, true, false or a list, not {}",
            other.type_str()
        )),
    }
}

fn unknown(id: &str, known: &[&str]) -> String {
    let written = |id: &str| match id.split_once('.') {
        Some((section, key)) => format!("[{section}] {key}"),
        None => id.to_owned(),
    };
    let hint = nearest(id, known).map(written);
    format!(
        "unknown key {}{}",
        written(id),
        hint.map_or(String::new(), |name| format!("; did you mean {name}?"))
    )
}

/// The most alike of the known names, if any is alike at all.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), *candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 5] = [
        "data",
        "web.listen",
        "web.public_url",
        "log.interval",
        "log.witnesses",
    ];

    #[test]
    fn values_take_the_form_of_flags() {
        let text = "data = '/srv'\n\n[web]\nlisten = \"[::1]:80\"\n[log]\nwitnesses = [\"a b\", \"c d\"]\ninterval = 1_000\n";
        let settings = parse(Path::new("x.toml"), text, &KNOWN).unwrap();
        let check = |id: &str, value: &str, line| {
            let value = value.to_owned();
            assert_eq!(settings.values[id], Setting { value, line });
        };
        check("data", "/srv", 1);
        check("web.listen", "[::1]:80", 4);
        check("log.witnesses", "a b,c d", 6);
        check("log.interval", "1000", 7);
    }

    #[test]
    fn faults_name_file_line_and_the_nearest_key() {
        let check = |text: &str, expected: &[&str]| {
            let faults = parse(Path::new("x.toml"), text, &KNOWN).unwrap_err();
            assert_eq!(faults, expected);
        };
        check(
            "[web]\nlisten = 'a'\nlisen = 'b'\n[lag]\ninterval='1s'\n",
            &[
                "x.toml:3: unknown key [web] lisen; did you mean [web] listen?",
                "x.toml:4: unknown section [lag]; did you mean [log]?",
            ],
        );
        check(
            "dta = 1\n",
            &["x.toml:1: unknown key dta; did you mean data?"],
        );
        check("zzz = 1\n", &["x.toml:1: unknown key zzz"]);
        check(
            "[log]\ninterval = 1.5\n",
            &["x.toml:2: a setting is a string, a whole number, true, false or a list, not float"],
        );
        check(
            "[log]\nwitnesses = ['a,b']\n",
            &["x.toml:2: an element of a list holds no comma"],
        );
        let broken = parse(Path::new("x.toml"), "\n[web\n", &KNOWN).unwrap_err();
        assert!(broken[0].starts_with("x.toml:2: "), "{broken:?}");
    }
}
