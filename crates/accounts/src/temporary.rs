//! Records that expire: tickets of all kinds, and what was tried how often.

use std::time::Duration;

use base::{UnixMicros, UserId};

use crate::SecretHash;

/// What a ticket is good for. A ticket of one kind is never taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TicketKind {
    /// The set-up link.
    SetUp,
    /// A code from the mail.
    Code,
    /// The second factor after a first one.
    SecondFactor,
    /// A link that makes an account.
    SignUp,
    /// A link that gives an account another address.
    ChangeEmail,
    /// A link that sets a new password.
    Reset,
    /// An authenticator app that is being set up.
    Totp,
    /// A passkey that signs in.
    PasskeySignIn,
    /// A passkey that proves again who acts.
    PasskeyConfirm,
    /// A passkey that is added.
    PasskeyAdd,
    /// A visit to a provider: its `state`.
    Oidc,
}

impl TicketKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::SetUp,
        Self::Code,
        Self::SecondFactor,
        Self::SignUp,
        Self::ChangeEmail,
        Self::Reset,
        Self::Totp,
        Self::PasskeySignIn,
        Self::PasskeyConfirm,
        Self::PasskeyAdd,
        Self::Oidc,
    ];

    /// As rows have it: never renamed.
    pub fn name(self) -> &'static str {
        match self {
            Self::SetUp => "set-up",
            Self::Code => "code",
            Self::SecondFactor => "second-factor",
            Self::SignUp => "sign-up",
            Self::ChangeEmail => "change-email",
            Self::Reset => "reset",
            Self::Totp => "totp",
            Self::PasskeySignIn => "passkey-sign-in",
            Self::PasskeyConfirm => "passkey-confirm",
            Self::PasskeyAdd => "passkey-add",
            Self::Oidc => "oidc",
        }
    }
}

/// A ticket to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTicket {
    /// What it is good for.
    pub kind: TicketKind,
    /// SHA-256 of its secret.
    pub secret: SecretHash,
    /// Whose it is, if anybody's.
    pub user: Option<UserId>,
    /// What must be remembered, as JSON. At most a few kilobytes.
    pub payload: String,
    /// How many attempts it allows.
    pub attempts: u32,
    /// Until when.
    pub expires_at: UnixMicros,
}

/// A ticket that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Whose it is, if anybody's.
    pub user: Option<UserId>,
    /// What was to be remembered.
    pub payload: String,
}

/// A limit on attempts: `free` ones at once, then ever longer pauses, none longer than `pause_max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What is counted: a hash, so that nobody reads addresses out of it.
    pub key: SecretHash,
    /// How many attempts need no pause.
    pub free: u32,
    /// The longest pause; the first is a second, and each next one twice as long.
    pub pause_max: Duration,
}

/// Attempts are forgotten after so long without one.
pub const ATTEMPTS_REMEMBERED: Duration = Duration::from_hours(1);

impl Limit {
    /// The pause after `count` attempts, this one included.
    pub fn pause(&self, count: u32) -> Duration {
        let Some(beyond) = count.checked_sub(self.free).filter(|beyond| *beyond > 0) else {
            return Duration::ZERO;
        };
        Duration::from_secs(1u64.checked_shl(beyond - 1).unwrap_or(u64::MAX)).min(self.pause_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_end_somewhere() {
        let limit = Limit {
            key: SecretHash::of("eve"),
            free: 3,
            pause_max: Duration::from_mins(1),
        };
        let pauses = [0, 3, 4, 5, 6, 9, 10, 64, 80, u32::MAX].map(|n| limit.pause(n).as_secs());
        assert_eq!(pauses, [0, 0, 1, 2, 4, 32, 60, 60, 60, 60]);
    }
}
