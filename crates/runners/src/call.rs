//! What is asked of a runner, and what it answers; the words of the contract as plain types.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

/// One run of a source's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Names it for cancelling: unique among the calls that the runner has.
    pub id: String,
    /// What to run.
    pub code: Code,
    /// Which function of it.
    pub work: Work,
    /// How much it may use.
    pub limits: Limits,
    /// SHA-256 of the lock of the environment to run in.
    pub environment: Option<[u8; 32]>,
    /// Names of the secrets that the code may ask to be used; never their values.
    pub secrets: Vec<String>,
}

/// An immutable version of a source's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    sha256: [u8; 32],
    text: String,
}

impl Code {
    /// Code, with its hash.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            sha256: Sha256::digest(&text).into(),
            text,
        }
    }

    /// SHA-256 of the text.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Which function of the code is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// `fetch_data`: what the source says about an indicator.
    FetchData {
        /// The indicator.
        data: String,
        /// Its kind, as the desk writes it: `DOMAIN`, `IPV4`, `SHA256`.
        kind: String,
    },
    /// `background_task`.
    BackgroundTask,
}

/// How much a call may use. None may be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the beginning to the end; whole milliseconds.
    pub wall: Duration,
    /// Of a processor; whole milliseconds.
    pub cpu: Duration,
    /// Memory.
    pub memory_bytes: u64,
    /// Log, partial results and result together.
    pub output_bytes: u64,
    /// Processes and threads.
    pub processes: u32,
    /// Files.
    pub scratch_bytes: u64,
    /// HTTP requests.
    pub requests: u32,
}

impl Limits {
    /// What a source gets that says nothing else.
    pub const USUAL: Self = Self {
        wall: Duration::from_secs(30),
        cpu: Duration::from_secs(10),
        memory_bytes: 256 << 20,
        output_bytes: 8 << 20,
        processes: 16,
        scratch_bytes: 64 << 20,
        requests: 100,
    };
}

/// Packages to be made ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preparation {
    /// Names it for cancelling, as a call's.
    pub id: String,
    /// Packages with their hashes, in the form of the language's installer, and its hash: the name
    /// of the environment.
    pub lock: Code,
    /// How much it may use.
    pub limits: Limits,
}

/// How important a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For who looks for a fault.
    Debug,
    /// What happens.
    Info,
    /// What should not.
    Warning,
    /// What failed.
    Error,
}

/// What code wrote to its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Since the call began; whole microseconds.
    pub after: Duration,
    /// How important.
    pub level: Level,
    /// The line, without its end.
    pub text: String,
}

/// The end of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// JSON, empty for work that has no result; or why there is none.
    pub outcome: Result<String, Failure>,
    /// What it used.
    pub usage: Usage,
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Whose fault.
    pub kind: FailureKind,
    /// In a sentence, for the author of the code.
    pub message: String,
    /// Where in the code, in the language's own words; may be empty.
    pub traceback: String,
}

/// Whose fault a failure is, or which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The code raised an error, or is none.
    Code,
    /// Its time was up.
    Wall,
    /// Its processor time was up.
    Cpu,
    /// It wanted more memory.
    Memory,
    /// It said too much.
    Output,
    /// Somebody ended it.
    Cancelled,
    /// The runner has no jail, no such environment, or no room.
    Refused,
    /// Ours.
    Broken,
}

/// What a call used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// From beginning to end.
    pub wall: Duration,
    /// Of a processor.
    pub cpu: Duration,
    /// Most memory at a time.
    pub memory_bytes: u64,
    /// Log, partial results and result together.
    pub output_bytes: u64,
    /// HTTP requests.
    pub requests: u32,
}

/// What is wrong with code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// From 1; 0 where it has no place.
    pub line: u32,
    /// From 1; 0 where it has no place.
    pub column: u32,
    /// In a sentence.
    pub message: String,
}

/// What a runner is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// `javascript`, `python`.
    pub language: String,
    /// Of the language.
    pub version: String,
    /// What its jail lacks and the administrator accepted to lack.
    pub missing_walls: Vec<String>,
}
