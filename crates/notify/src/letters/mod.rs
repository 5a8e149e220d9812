//! The letters that this product writes: each a typed struct, all set in one sober form.
//!
//! A letter says what happened or what to do, in parts; two templates print the parts as plain text
//! and as HTML. The HTML needs no image and no foreign file, and keeps its contrast in the dark.

mod account;
mod moment;
mod print;
mod sign_in;
mod watch;

use std::time::Duration;

use base::UnixMicros;

pub use account::{
    AccountExists, EmailChanged, Invitation, PasswordChanged, ResetPassword, SecondFactorChanged,
    VerifyEmail,
};
pub use sign_in::{NewSignIn, SignInCode};
pub use watch::{Finding, IndicatorChanged};

use crate::{Address, Message};

/// Who writes: stands at the head and at the foot of every letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct House {
    /// The installation's name, as people know it.
    pub name: String,
    /// Where it is found, without a slash at the end.
    pub url: String,
}

/// Something that can be written to somebody.
pub trait Letter {
    /// What it is about: for lists and figures. Rows carry it: never renamed.
    const ABOUT: &'static str;

    /// Its words.
    fn words(&self, house: &House) -> Words;

    /// The letter, set and addressed. After `expires` it is not delivered any more.
    fn to(&self, to: Address, house: &House, expires: UnixMicros) -> Message {
        let words = self.words(house);
        Message {
            to,
            text: print::text(house, &words),
            html: Some(print::html(house, &words)),
            subject: words.subject,
            about: Self::ABOUT,
            expires,
        }
    }
}

/// What a letter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// One line.
    pub subject: String,
    /// The rest, from top to bottom.
    pub parts: Vec<Part>,
}

/// A part of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A paragraph.
    Says(String),
    /// A code to be typed: large, on a line of its own.
    Code(String),
    /// The one thing to do: a button, with its address below in full.
    Action {
        /// On the button.
        label: &'static str,
        /// Where it leads.
        url: String,
    },
    /// What happened, as names and values.
    Facts(Vec<(&'static str, String)>),
    /// A paragraph in small print.
    Aside(String),
}

/// Words that somebody else chose, such as a name or a browser: one line, not too long, so that they
/// cannot look like a letter of their own.
fn quoted(text: &str) -> String {
    const CHARS_MAX: usize = 120;
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let words: Vec<&str> = line.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A length of time in the largest unit that fits.
fn span(length: Duration) -> String {
    let s = length.as_secs();
    let (count, unit) = match s {
        _ if s >= 2 * 86_400 && s.is_multiple_of(86_400) => (s / 86_400, "day"),
        _ if s >= 3600 && s.is_multiple_of(3600) => (s / 3600, "hour"),
        _ if s >= 60 => (s / 60, "minute"),
        _ => (s, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Only to see whether mail arrives.
#[derive(Clone, Debug)]
pub struct Test {
    /// Now.
    pub at: UnixMicros,
}

impl Letter for Test {
    const ABOUT: &'static str = "test";

    fn words(&self, house: &House) -> Words {
        Words {
            subject: format!("Mail from {} arrives", house.name),
            parts: vec![
                Part::Says(
                    "Somebody who administers this installation asked for a test, and here it is."
                        .into(),
                ),
                Part::Facts(vec![("Sent", moment::utc(self.at))]),
                Part::Aside("Nothing has to be done.".into()),
            ],
        }
    }
}

#[cfg(test)]
mod tests;
