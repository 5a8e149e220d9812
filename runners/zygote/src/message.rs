//! The heads of frames: what server and child say to each other.

use serde::{Deserialize, Serialize};

/// What a child is to do. The code is the frame's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Which work.
    pub task: Task,
    /// Names of the secrets that the code may ask to be used.
    pub secrets: Vec<String>,
    /// Bytes of memory that the interpreter may use.
    pub memory_bytes: u64,
    /// Milliseconds of processor.
    pub cpu_ms: u64,
}

/// Which work a child does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// What the source says about an indicator.
    FetchData {
        /// The indicator.
        data: String,
        /// Its kind.
        kind: String,
    },
    /// The source's work by schedule.
    BackgroundTask,
    /// Say what is wrong with the code, without running it.
    Check,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// 1 debug, 2 info, 3 warning, 4 error; the contract's numbers.
    pub level: u8,
    /// The line.
    pub text: String,
}

/// A request. Its body is the frame's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asks {
    /// Names the request in its response.
    pub id: u32,
    /// `GET`, `POST`.
    pub method: String,
    /// Where to.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
}

/// What became of a request. The answer's body is the frame's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The request's.
    pub id: u32,
    /// Of three digits; 0 when it was refused.
    pub status: u16,
    /// Where the answer came from; or why there is none.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
}

/// How a call ended, as the child sees it. The result is the frame's body.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Why there is no result.
    pub failed: Option<Failed>,
    /// What is wrong with the code, when that was the task: line, column, words.
    pub problems: Vec<(u32, u32, String)>,
}

/// Why there is no result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// `code`, `memory` or `cpu`.
    pub kind: String,
    /// In a sentence.
    pub message: String,
    /// Where in the code.
    pub traceback: String,
}
