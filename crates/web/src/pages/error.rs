//! A problem as a page: the same facts as the problem document, and what to do next.

use askama::Template;

use crate::shell::Shell;

/// Any answer that is an error, for people.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    /// Around it.
    pub shell: Shell<'a>,
    /// HTTP status.
    pub status: u16,
    /// The problem's title.
    pub title: &'a str,
    /// What happened, as a sentence.
    pub detail: &'a str,
    /// When such a thing happens and what to do then.
    pub about: &'a str,
    /// The problem's name, the last part of its `type`.
    pub name: &'a str,
    /// The request's id, for whoever keeps the server.
    pub request: &'a str,
}

impl ErrorPage<'_> {
    fn about_differs(&self) -> bool {
        self.about != self.detail
    }
}
