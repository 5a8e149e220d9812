//! The page where anybody stamps a file, a text or a digest.

use askama::Template;

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

/// `/stamp`.
#[derive(Template)]
#[template(path = "stamp.html")]
pub struct StampPage<'a> {
    /// Around it.
    pub shell: Shell<'a>,
    /// The box.
    pub stamp: StampBox<'a>,
}
