//! The data folder and the keys in it. Everything secret is made at first start, never by default
//! values, and readable by its owner only.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use base::{Entropy, UnixMicros};
use tlog::{CosigningKey, SigningKey};

/// The data folder.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    dir: PathBuf,
}

/// Files of the time-stamp authority.
const TSA: [(&str, bool); 4] = [
    ("tsa-ca.pem", false),
    ("tsa-ca.key", true),
    ("tsa.pem", false),
    ("tsa.key", true),
];

impl Home {
    /// The folder, made if it is not there (0700). An existing one is used as it is.
    pub(crate) fn make(dir: &Path) -> anyhow::Result<Self> {
        let home = Self::at(dir);
        for dir in [dir.to_owned(), home.keys()] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&dir)
                .with_context(|| format!("the folder {} cannot be made", dir.display()))?;
        }
        Ok(home)
    }

    /// The folder, whatever it holds.
    pub(crate) fn at(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
        }
    }

    /// The folder itself.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the keys are.
    pub(crate) fn keys(&self) -> PathBuf {
        self.dir.join("keys")
    }

    /// The log's signing keys, newest first; empty before the first start. A key that was taken
    /// away is not missed.
    pub(crate) fn log_keys(&self, authority: &str) -> anyhow::Result<Vec<SigningKey>> {
        let mut keys = Vec::new();
        for number in self.log_key_numbers()?.into_iter().rev() {
            if let Some(seed) = read_seed(&self.log_key_path(number))? {
                keys.push(SigningKey::from_seed(authority, &seed)?);
            }
        }
        Ok(keys)
    }

    /// Makes one more key for the log, which signs from the next start on.
    pub(crate) fn add_log_key(
        &self,
        authority: &str,
        entropy: &dyn Entropy,
    ) -> anyhow::Result<SigningKey> {
        let number = self.log_key_numbers()?.last().map_or(0, |last| last + 1);
        let seed = make_seed(&self.log_key_path(number), entropy)?;
        Ok(SigningKey::from_seed(authority, &seed)?)
    }

    fn log_key_path(&self, number: u32) -> PathBuf {
        self.keys().join(format!("log-{number}.seed"))
    }

    fn log_key_numbers(&self) -> anyhow::Result<Vec<u32>> {
        let entries = match std::fs::read_dir(self.keys()) {
            Ok(entries) => entries,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(why) => return Err(why).with_context(|| self.keys().display().to_string()),
        };
        let number = |name: &str| {
            name.strip_prefix("log-")?
                .strip_suffix(".seed")?
                .parse()
                .ok()
        };
        let mut numbers: Vec<u32> = entries
            .flatten()
            .filter_map(|entry| number(entry.file_name().to_str()?))
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The key with which this folder's witness cosigns; made if there is none.
    pub(crate) fn witness_key(
        &self,
        name: &str,
        entropy: &dyn Entropy,
    ) -> anyhow::Result<CosigningKey> {
        let path = self.keys().join("witness.seed");
        let seed = match read_seed(&path)? {
            Some(seed) => seed,
            None => make_seed(&path, entropy)?,
        };
        Ok(CosigningKey::from_seed(name, &seed)?)
    }

    /// The key under which accounts encrypt what they must read again; made if there is none.
    pub(crate) fn accounts_key(&self, entropy: &dyn Entropy) -> anyhow::Result<[u8; 32]> {
        let path = self.keys().join("accounts.key");
        match read_seed(&path)? {
            Some(seed) => Ok(seed),
            None => make_seed(&path, entropy),
        }
    }

    /// Keys under which secrets of sources are sealed: the one in use, and during a change of keys the
    /// one to come. None before the first start.
    pub(crate) fn secret_keys(&self) -> anyhow::Result<Vec<[u8; 32]>> {
        let mut keys = Vec::new();
        for path in [self.secret_key_path(), self.next_secret_key_path()] {
            keys.extend(read_seed(&path)?);
        }
        Ok(keys)
    }

    /// Makes the first of them.
    pub(crate) fn add_secret_key(&self, entropy: &dyn Entropy) -> anyhow::Result<()> {
        make_seed(&self.secret_key_path(), entropy).map(drop)
    }

    /// The key to come: the one that an earlier change left half-way, or a new one.
    pub(crate) fn next_secret_key(&self, entropy: &dyn Entropy) -> anyhow::Result<[u8; 32]> {
        let path = self.next_secret_key_path();
        match read_seed(&path)? {
            Some(seed) => Ok(seed),
            None => make_seed(&path, entropy),
        }
    }

    /// Puts the key to come in the place of the one that nothing is sealed under any more.
    pub(crate) fn promote_secret_key(&self) -> anyhow::Result<()> {
        let (next, path) = (self.next_secret_key_path(), self.secret_key_path());
        let at = || format!("{} cannot be put in place", next.display());
        std::fs::rename(&next, &path).with_context(at)?;
        File::open(self.keys())
            .and_then(|dir| dir.sync_all())
            .with_context(at)
    }

    fn secret_key_path(&self) -> PathBuf {
        self.keys().join("secrets.key")
    }

    fn next_secret_key_path(&self) -> PathBuf {
        self.keys().join("secrets-next.key")
    }

    /// The time-stamp authority made at first start: its key, its certificate and the CA that
    /// vouches for it, all PEM.
    pub(crate) fn tsa(
        &self,
        name: &str,
        now: UnixMicros,
        entropy: &dyn Entropy,
    ) -> anyhow::Result<TsaFiles> {
        let path = |name: &str| self.keys().join(name);
        // The signing key is written last: without it nothing was finished.
        if !path("tsa.key").exists() {
            let now_s = now.0.div_euclid(1_000_000);
            let made = tsa::generate(name, now_s, &mut |bytes| entropy.fill(bytes))?;
            let texts = [
                &made.ca_certificate_pem,
                &made.ca_key_pem,
                &made.tsa_certificate_pem,
                &made.tsa_key_pem,
            ];
            for ((name, secret), text) in TSA.iter().zip(texts) {
                let path = path(name);
                let _ = std::fs::remove_file(&path);
                write_new(&path, text.as_bytes(), if *secret { 0o600 } else { 0o644 })?;
            }
        }
        let read = |name: &str| {
            let path = path(name);
            std::fs::read_to_string(&path).with_context(|| path.display().to_string())
        };
        Ok(TsaFiles {
            key: read("tsa.key")?,
            chain: read("tsa.pem")?,
            ca: read("tsa-ca.pem")?,
        })
    }

    /// Secret files that others than their owner may read.
    pub(crate) fn exposed(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.keys()) else {
            return Vec::new();
        };
        entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| {
                let secret = matches!(
                    path.extension().and_then(|it| it.to_str()),
                    Some("seed" | "key")
                );
                secret && mode(path).is_some_and(|mode| mode & 0o077 != 0)
            })
            .collect()
    }
}

/// What the time-stamp authority needs, PEM.
pub(crate) struct TsaFiles {
    /// The signing key.
    pub(crate) key: String,
    /// Its certificate, and those between it and the one that clients trust.
    pub(crate) chain: String,
    /// The certificate that clients trust.
    pub(crate) ca: String,
}

/// The permission bits of a file or folder.
pub(crate) fn mode(path: &Path) -> Option<u32> {
    let meta = std::fs::metadata(path).ok()?;
    Some(meta.permissions().mode() & 0o777)
}

fn read_seed(path: &Path) -> anyhow::Result<Option<[u8; 32]>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(why).with_context(|| path.display().to_string()),
    };
    let mut seed = [0; 32];
    if hex::decode_to_slice(text.trim(), &mut seed).is_err() {
        bail!(
            "{} is damaged: it should hold 64 hex digits",
            path.display()
        );
    }
    Ok(Some(seed))
}

fn make_seed(path: &Path, entropy: &dyn Entropy) -> anyhow::Result<[u8; 32]> {
    let mut seed = [0; 32];
    entropy.fill(&mut seed);
    write_new(path, format!("{}\n", hex::encode(seed)).as_bytes(), 0o600)?;
    Ok(seed)
}

/// Writes a file that must not be there yet, and makes it durable before it is used.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let at = || format!("{} cannot be written", path.display());
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .with_context(at)?;
    file.write_all(bytes).with_context(at)?;
    file.sync_all().with_context(at)?;
    if let Some(dir) = path.parent() {
        File::open(dir)
            .and_then(|dir| dir.sync_all())
            .with_context(at)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::SystemEntropy;

    #[test]
    fn keys_are_made_once_kept_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::make(&dir.path().join("data")).unwrap();
        assert_eq!(mode(home.dir()), Some(0o700));
        assert!(home.log_keys("a").unwrap().is_empty());
        let first = home.add_log_key("a", &SystemEntropy).unwrap();
        let second = home.add_log_key("a", &SystemEntropy).unwrap();
        let vkeys: Vec<String> = home
            .log_keys("a")
            .unwrap()
            .iter()
            .map(|key| key.public().to_string())
            .collect();
        let newest_first = [&second, &first].map(|key| key.public().to_string());
        assert_eq!(vkeys, newest_first);
        assert_eq!(mode(&home.keys().join("log-0.seed")), Some(0o600));

        let tsa = home
            .tsa("a", UnixMicros(1_767_225_600_000_000), &SystemEntropy)
            .unwrap();
        assert!(tsa::Authority::from_pem(&tsa.key, &(tsa.chain + &tsa.ca)).is_ok());
        let again = home.tsa("a", UnixMicros(0), &SystemEntropy).unwrap();
        assert_eq!(again.key, tsa.key);
        assert!(home.exposed().is_empty());
    }

    #[test]
    fn a_damaged_seed_is_told_and_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::make(dir.path()).unwrap();
        std::fs::write(home.keys().join("log-0.seed"), "nonsense").unwrap();
        let error = home.log_keys("a").err().unwrap().to_string();
        assert!(error.contains("damaged"), "{error}");
        home.add_log_key("a", &SystemEntropy).unwrap();
        let kept = std::fs::read_to_string(home.keys().join("log-0.seed")).unwrap();
        assert_eq!(kept, "nonsense");
    }
}
