//! An entry of the trail on its way into the table, and its canonical bytes.

use std::collections::BTreeMap;

use base::{Actor, UnixMicros, UserId, Who};
use facts::{FactKind, NewFact};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::audit::audit_words;
use crate::{Act, Details, Target};

/// The kind of fact that an entry is.
pub const AUDIT: FactKind = FactKind("audit");

/// Most words that one entry is found by.
const WORDS_MAX: usize = 64;

/// An entry before it is known which number its target gets.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEntry {
    /// When.
    pub at: UnixMicros,
    /// Who, from where.
    pub actor: Actor,
    /// What.
    pub act: Act,
    /// To what. An empty id stands for the number of the row that the transaction makes.
    pub target: Option<Target>,
    /// What else.
    pub details: Details,
    /// By chance, so that the public digest does not let anybody guess what it is of.
    pub salt: [u8; 16],
}

/// An entry that can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Whose account acted.
    pub user: Option<UserId>,
    /// To what, as `kind:id`.
    pub target: String,
    /// The canonical bytes.
    pub bytes: Vec<u8>,
    /// What the entry is found by, each once.
    pub words: Vec<String>,
    /// What is sealed.
    pub fact: NewFact,
}

/// The canonical form. The fields stand in the order of their names, and so do the details: whoever
/// has the bytes can read them, and nobody can write them in another way.
#[derive(Serialize, Deserialize)]
pub(crate) struct Canonical {
    pub(crate) act: String,
    pub(crate) address: Option<String>,
    pub(crate) at_us: i64,
    pub(crate) details: BTreeMap<String, Value>,
    pub(crate) request: Option<String>,
    pub(crate) salt: String,
    pub(crate) target: String,
    pub(crate) v: u32,
    pub(crate) who: CanonicalWho,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct CanonicalWho {
    pub(crate) kind: String,
    pub(crate) session: Option<i64>,
    pub(crate) token: Option<i64>,
    pub(crate) user: Option<i64>,
}

impl NewEntry {
    /// The entry with its bytes. `made` is the number of the row that the transaction made, if the
    /// target is that row.
    pub fn write(&self, made: Option<i64>) -> Written {
        let target = match (&self.target, made) {
            (None, _) => String::new(),
            (Some(target), Some(made)) if target.id.is_empty() => {
                format!("{}:{made}", target.kind)
            }
            (Some(target), _) => format!("{}:{}", target.kind, target.id),
        };
        let details = self.details.iter();
        let details = details.map(|(name, value)| ((*name).to_owned(), value.clone()));
        let canonical = Canonical {
            act: self.act.0.to_owned(),
            address: self.actor.address.map(|address| address.to_string()),
            at_us: self.at.0,
            details: details.collect(),
            request: self.actor.request.clone(),
            salt: hex(&self.salt),
            target,
            v: 1,
            who: CanonicalWho::of(self.actor.who),
        };
        let bytes = serde_json::to_vec(&canonical).expect("plain data is JSON");
        Written {
            user: self.actor.user(),
            words: words(&canonical),
            fact: NewFact {
                kind: AUDIT,
                sha256: Sha256::digest(&bytes).into(),
            },
            target: canonical.target,
            bytes,
        }
    }
}

impl CanonicalWho {
    fn of(who: Who) -> Self {
        let (kind, user, session, token) = match who {
            Who::Stranger => ("stranger", None, None, None),
            Who::Person(user, session) => ("person", Some(user.0), Some(session.0), None),
            Who::Program(user, token) => ("program", Some(user.0), None, Some(token.0)),
            Who::Password(user) => ("password", Some(user.0), None, None),
            Who::Product => ("product", None, None, None),
        };
        Self {
            kind: kind.to_owned(),
            session,
            token,
            user,
        }
    }
}

fn words(entry: &Canonical) -> Vec<String> {
    let mut text = format!("{} {} ", entry.act, entry.target);
    for part in [&entry.address, &entry.request].into_iter().flatten() {
        text.push_str(part);
        text.push(' ');
    }
    for value in entry.details.values() {
        match value {
            Value::String(string) => text.push_str(string),
            other => text.push_str(&other.to_string()),
        }
        text.push(' ');
    }
    let mut words = audit_words(&text);
    words.truncate(WORDS_MAX);
    words
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use base::SessionId;
    use serde_json::json;

    use super::*;

    fn entry() -> NewEntry {
        NewEntry {
            at: UnixMicros(1_767_225_600_000_000),
            actor: Actor {
                who: Who::Person(UserId(3), SessionId(5)),
                address: Some("192.0.2.7".parse().unwrap()),
                request: Some("r-1".to_owned()),
            },
            act: Act("user.invite"),
            target: Some(Target {
                kind: "invitation",
                id: String::new(),
            }),
            details: vec![
                ("roles", json!(["analyst"])),
                ("email", json!("Eve@example.org")),
            ],
            salt: [7; 16],
        }
    }

    /// Proof files refer to these bytes for ever.
    #[test]
    fn the_canonical_bytes_stay_as_they_are() {
        let written = entry().write(Some(9));
        assert_eq!(
            String::from_utf8(written.bytes).unwrap(),
            r#"{"act":"user.invite","address":"192.0.2.7","at_us":1767225600000000,"details":{"email":"Eve@example.org","roles":["analyst"]},"request":"r-1","salt":"07070707070707070707070707070707","target":"invitation:9","v":1,"who":{"kind":"person","session":5,"token":null,"user":3}}"#,
        );
        assert_eq!(written.target, "invitation:9");
        for word in [
            "eve@example.org",
            "eve",
            "example",
            "user.invite",
            "192.0.2.7",
            "analyst",
            "9",
            "invitation:9",
        ] {
            assert!(
                written.words.contains(&word.to_owned()),
                "{word}: {:?}",
                written.words
            );
        }
    }

    /// Two entries that say the same have different digests: the public log reveals nothing.
    #[test]
    fn a_salt_hides_what_a_digest_is_of() {
        let other = NewEntry {
            salt: [8; 16],
            ..entry()
        };
        assert_ne!(entry().write(None).fact, other.write(None).fact);
    }
}
