//! `indelible demo` while a step needs it: the real program beside stand-ins of the services it asks.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::server::is_ready;

/// From start to serving.
const START_MAX: Duration = Duration::from_mins(1);
/// The lines that it says, each a word and its value.
const LINES: [&str; 4] = ["page", "account", "password", "fakes"];

/// A running demonstration; stopped when dropped, or when we die.
pub(crate) struct Demo {
    child: Child,
    folder: PathBuf,
    said: [String; LINES.len()],
}

impl Demo {
    /// Starts `program`, and waits until it has said what to do.
    pub(crate) fn start(program: &Path) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("indelible-demo-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let (said, log) = (folder.join("said.txt"), folder.join("log.txt"));
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "TERM"])
            .arg(program)
            .args(["demo", "--web-listen", "127.0.0.1:0", "--data"])
            .arg(folder.join("data"))
            .stdin(Stdio::null())
            .stdout(File::create(&said)?)
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("{} cannot be run", program.display()))?;
        let mut demo = Self {
            child,
            folder,
            said: Default::default(),
        };
        let started = Instant::now();
        loop {
            let text = fs::read_to_string(&said)?;
            let words = LINES.map(|word| line(&text, word));
            if let [Some(page), Some(account), Some(password), Some(fakes)] = words {
                demo.said = [page, account, password, fakes];
                if is_ready(demo.url().trim_start_matches("http://")) {
                    return Ok(demo);
                }
            }
            let ended = demo.child.try_wait()?.is_some();
            if ended || started.elapsed() > START_MAX {
                let told = fs::read_to_string(&log).unwrap_or_default();
                bail!("the demonstration did not begin; it said:\n{text}\nand told:\n{told}");
            }
            sleep(Duration::from_millis(20));
        }
    }

    /// Where it serves.
    pub(crate) fn url(&self) -> &str {
        self.said[0].trim_end_matches("/desk")
    }

    /// The administrator's address of mail, and the password.
    pub(crate) fn account(&self) -> (&str, &str) {
        (&self.said[1], &self.said[2])
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What follows a word at the beginning of a line.
fn line(text: &str, word: &str) -> Option<String> {
    let mut lines = text.lines();
    let found = lines.find_map(|line| line.trim_start().strip_prefix(word)?.strip_prefix(' '));
    found.map(|value| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_begins_its_line() {
        let text = "the demonstration runs\npage http://127.0.0.1:1/\n  password  x y\npages no";
        assert_eq!(line(text, "page").as_deref(), Some("http://127.0.0.1:1/"));
        assert_eq!(line(text, "password").as_deref(), Some("x y"));
        assert_eq!(line(text, "account"), None);
    }
}
