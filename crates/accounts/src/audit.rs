//! The audit trail: who did what to which, from where. Entries are only ever added, and each is a
//! fact that is sealed in the log.

use std::net::IpAddr;

use base::{Actor, UnixMicros, UserId};
use facts::FactId;
use serde_json::Value;

/// The number of an entry: they grow and are never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuditId(pub i64);

/// An act: `room.what`, such as `token.make`. Rows carry it: never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Act(pub &'static str);

/// What something was done to: a kind and its number or name, such as `user` and `17`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `user`, `role`, `token`, `job`, …
    pub kind: &'static str,
    /// Which one.
    pub id: String,
}

/// What else is to be known of an act: names and plain values. Never a secret.
pub type Details = Vec<(&'static str, Value)>;

/// An entry in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number.
    pub id: AuditId,
    /// When.
    pub at: UnixMicros,
    /// Who: `person`, `program`, `password`, `product` or `stranger`.
    pub who: String,
    /// Whose account acted, if any; it may be gone.
    pub user: Option<UserId>,
    /// The account's name, while it exists.
    pub user_name: Option<String>,
    /// From where, if it is known.
    pub address: Option<IpAddr>,
    /// What was done.
    pub act: String,
    /// To what, as `kind:id`; empty when to nothing in particular.
    pub target: String,
    /// The details, as a JSON object.
    pub details: String,
    /// The fact that is sealed.
    pub fact: FactId,
}

/// An entry as it is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// As in the list.
    pub row: AuditRow,
    /// The canonical bytes whose SHA-256 is sealed: JSON with sorted keys, without blanks.
    pub bytes: Vec<u8>,
}

/// Which entries to list. Everything that is given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Whose acts.
    pub user: Option<UserId>,
    /// Which act: a whole one (`token.make`) or a room with its dot (`token.`).
    pub act: Option<String>,
    /// Done to what, as `kind:id`.
    pub target: Option<String>,
    /// Words that all occur: addresses, names, numbers; without case. At most [`AUDIT_WORDS_MAX`].
    pub text: Option<String>,
    /// Not before.
    pub from: Option<UnixMicros>,
    /// Before.
    pub to: Option<UnixMicros>,
}

/// How many words of a search are looked for; the rest is ignored.
pub const AUDIT_WORDS_MAX: usize = 4;

/// An act to be put down, of this feature or of another.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed<'a> {
    /// Who, from where.
    pub actor: &'a Actor,
    /// What.
    pub act: Act,
    /// To what.
    pub target: Option<Target>,
    /// What else.
    pub details: Details,
}

/// Words of a text as the trail's index has them: letters and digits without case, and every
/// address, number or name with a dot or an `@` in it as a whole too.
pub fn audit_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for piece in text.split(|letter: char| !is_word(letter) && !"@.-:".contains(letter)) {
        let whole = piece.trim_matches(|letter| "@.-:".contains(letter));
        words.push(whole.to_lowercase());
        if whole.contains(|letter| "@.-:".contains(letter)) {
            words.extend(
                whole
                    .split(|letter: char| !is_word(letter))
                    .map(str::to_lowercase),
            );
        }
    }
    words.retain(|word| !word.is_empty() && word.len() <= WORD_BYTES_MAX);
    words.sort_unstable();
    words.dedup();
    words
}

/// Longer words are not looked for: hashes and addresses have less.
const WORD_BYTES_MAX: usize = 256;

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}
