//! The page where anybody stamps a file, a text or a digest.

use askama::Template;
use http::StatusCode;

use crate::shell::Shell;

/// The box itself, on the front page and on `/stamp`.
#[derive(Clone, Copy, Debug, Default)]
pub struct StampBox<'a> {
    /// What the reader had typed, given back after an error.
    pub text: &'a str,
    /// What the reader had typed as a digest.
    pub digest: &'a str,
    /// Why the last attempt was refused, as a sentence.
    pub wrong: Option<&'a str>,
}

/// Why a form cannot be stamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// Neither a text nor a fingerprint was given.
    Nothing,
    /// The fingerprint is longer than a timestamp's data may be.
    TooLong,
}

impl Unfit {
    pub(crate) fn says(self) -> &'static str {
        match self {
            Self::Nothing => "There is nothing to stamp yet: write a text, or give a fingerprint.",
            Self::TooLong => "The fingerprint is longer than 256 bytes. A hash of it would fit.",
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Nothing => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }
}

/// `/stamp`.
#[derive(Template)]
#[template(path = "stamp.html")]
pub struct StampPage<'a> {
    /// Around it.
    pub shell: Shell<'a>,
    /// The box.
    pub stamp: StampBox<'a>,
}
