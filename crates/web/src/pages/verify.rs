//! The page where anybody checks a proof; the checking happens in the browser.

use askama::Template;

use crate::shell::Shell;

/// `/verify`.
#[derive(Template)]
#[template(path = "verify.html")]
pub struct VerifyPage<'a> {
    /// Around it.
    pub shell: Shell<'a>,
    /// The log's key as a C2SP vkey, offered as the one to trust.
    pub key: &'a str,
}
