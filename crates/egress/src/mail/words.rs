//! What a mail server's errors mean, in words.

use std::error::Error as _;

use lettre::transport::smtp::Error;

use super::Sent;

/// Longest answer that is kept, in characters.
const CHARS_MAX: usize = 500;

/// Answers to signing in (RFC 4954 §6): they say nothing about the letter, and an operator can mend
/// what is wrong. A letter must not be lost by them.
const ABOUT_US: [u16; 4] = [530, 534, 535, 538];

/// What became of a letter whose sending failed.
pub(super) fn outcome(error: &Error) -> Sent {
    let words = chain(error);
    let code = error.status().map(u16::from);
    if error.is_permanent() && !code.is_some_and(|code| ABOUT_US.contains(&code)) {
        Sent::Refused(words)
    } else {
        Sent::NotNow(words)
    }
}

/// The error and its causes: an answer as code and words, anything else as the library tells it.
pub(super) fn chain(error: &Error) -> String {
    let mut words = match error.status() {
        Some(code) => {
            let said = error.source().map(ToString::to_string).unwrap_or_default();
            return clean(&format!("{code} {said}"));
        }
        None => error.to_string(),
    };
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = error.source();
    }
    clean(&words)
}

/// One line of printable characters, not too long: strangers write it, people read it.
pub(super) fn clean(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(CHARS_MAX)
        .collect();
    text.trim().to_owned()
}
