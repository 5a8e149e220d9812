//! The logs whose keys we have seen: trust on first use, as ssh does with hosts.
//!
//! One line a key: the verifier key, the time it was first seen, the address it came from. Edit it
//! with any editor; delete a line to forget a key.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use base::UnixMicros;
use tlog::VerifierKey;
use tlog::v1::TimeText;

/// The file of known logs.
#[derive(Debug)]
pub(crate) struct KnownLogs {
    path: PathBuf,
    keys: Vec<VerifierKey>,
}

/// Where a user's settings are kept, by the XDG base directory specification.
fn place(environment: &BTreeMap<String, OsString>) -> Option<PathBuf> {
    let config = match environment.get("XDG_CONFIG_HOME").map(PathBuf::from) {
        Some(dir) if dir.is_absolute() => dir,
        _ => PathBuf::from(environment.get("HOME")?).join(".config"),
    };
    Some(config.join("indelible").join("known-logs"))
}

impl KnownLogs {
    /// Reads the user's file; one that is not there is empty.
    pub(crate) fn of(environment: &BTreeMap<String, OsString>) -> anyhow::Result<Self> {
        match place(environment) {
            Some(path) => Self::read(path),
            None => Ok(Self {
                path: PathBuf::new(),
                keys: Vec::new(),
            }),
        }
    }

    fn read(path: PathBuf) -> anyhow::Result<Self> {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(why) => return Err(why).with_context(|| path.display().to_string()),
        };
        let keys = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
            .map(|(number, line)| {
                let key = line.split_whitespace().next().unwrap_or_default();
                let at = || format!("{}:{}: no verifier key", path.display(), number + 1);
                key.parse::<VerifierKey>().with_context(at)
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { path, keys })
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The keys of the log of that name.
    pub(crate) fn of_origin(&self, origin: &str) -> Vec<VerifierKey> {
        let of_origin = |key: &&VerifierKey| key.name() == origin;
        self.keys.iter().filter(of_origin).cloned().collect()
    }

    /// Meets a log that claims `claimed` as its key: known, or remembered from now on (`true`). A
    /// known log with another key is refused.
    pub(crate) fn meet(
        &mut self,
        claimed: &VerifierKey,
        url: &str,
        now: UnixMicros,
    ) -> anyhow::Result<bool> {
        let known = self.of_origin(claimed.name());
        if known.contains(claimed) {
            return Ok(false);
        }
        if let Some(known) = known.first() {
            bail!(
                "THE KEY OF THE LOG {} HAS CHANGED.\n  known:   {known}\n  now:     {claimed}\n\
                 Somebody may be answering in its place, its data may have been lost, or it changed \
                 its key. Ask its operator. If the new key is right, put it into a line of its own \
                 in {}",
                claimed.name(),
                self.path.display()
            );
        }
        self.remember(claimed, url, now)
            .with_context(|| format!("{} cannot be written", self.path.display()))?;
        self.keys.push(claimed.clone());
        Ok(true)
    }

    fn remember(&self, key: &VerifierKey, url: &str, now: UnixMicros) -> std::io::Result<()> {
        let Some(dir) = self.path.parent() else {
            return Ok(()); // Nowhere to remember: no home.
        };
        std::fs::create_dir_all(dir)?;
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)?;
        writeln!(file, "{key} {} {url}", TimeText::of_micros(now.0))?;
        file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlog::SigningKey;

    #[test]
    fn the_first_key_is_remembered_and_another_refused() {
        let home = tempfile::tempdir().unwrap();
        let environment = BTreeMap::from([(
            "XDG_CONFIG_HOME".to_owned(),
            home.path().as_os_str().to_owned(),
        )]);
        let key = |name: &str, seed: u8| {
            SigningKey::from_seed(name, &[seed; 32])
                .unwrap()
                .public()
                .clone()
        };
        let now = UnixMicros(1_767_225_600_000_000);
        let mut known = KnownLogs::of(&environment).unwrap();
        assert!(known.meet(&key("a", 1), "http://a", now).unwrap());
        assert!(!known.meet(&key("a", 1), "http://a", now).unwrap());
        assert!(known.meet(&key("b", 2), "http://b", now).unwrap());

        let mut known = KnownLogs::of(&environment).unwrap();
        assert_eq!(known.of_origin("a"), [key("a", 1)]);
        let refused = known.meet(&key("a", 3), "http://a", now).unwrap_err();
        assert!(refused.to_string().contains("HAS CHANGED"), "{refused}");
    }
}
