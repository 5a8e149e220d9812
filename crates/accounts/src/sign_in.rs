//! Signing in: by password or by a code from the mail, and the second factor after either.

use base::{Actor, UnixMicros};

use crate::{Accounts, AskError, Device, Secret, Session, SignInError};

/// Somebody is signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The cookie's value.
    pub cookie: Secret,
    /// The session that it opens.
    pub session: Session,
}

/// A step of signing in that waits for the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Handed back with the answer; good once.
    pub token: Secret,
    /// Until when.
    pub expires_at: UnixMicros,
}

/// What a first factor led to.
#[derive(Clone, Debug)]
pub enum SignInStep {
    /// Nothing more is asked.
    Done(SignedIn),
    /// The account has an authenticator app: its code, or a recovery code, is asked for.
    SecondFactor(Challenge),
}

/// What is shown as a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondFactor<'a> {
    /// Six digits of the authenticator app; blanks are ignored.
    Totp(&'a str),
    /// One of the recovery codes; case, blanks and hyphens are ignored.
    Recovery(&'a str),
}

impl Accounts {
    /// Signs in with a password. An unknown address costs as much time as a wrong password.
    pub async fn sign_in_password(
        &self,
        email: &str,
        password: &str,
        device: &Device,
        actor: &Actor,
    ) -> Result<SignInStep, SignInError> {
        let _ = (email, password, device, actor);
        todo!()
    }

    /// Answers the challenge of [`SignInStep::SecondFactor`]. A wrong answer leaves the challenge
    /// as it is, five times.
    pub async fn second_factor(
        &self,
        challenge: &str,
        factor: SecondFactor<'_>,
        device: &Device,
        actor: &Actor,
    ) -> Result<SignedIn, SignInError> {
        let _ = (challenge, factor, device, actor);
        todo!()
    }

    /// Sends a code of six digits to `email`, if it is an account's. The answer and the time that
    /// it takes do not tell whether it is.
    pub async fn send_code(&self, email: &str, actor: &Actor) -> Result<Challenge, AskError> {
        let _ = (email, actor);
        todo!()
    }

    /// Answers [`Self::send_code`]. A wrong code leaves the challenge as it is, five times.
    pub async fn sign_in_code(
        &self,
        challenge: &str,
        code: &str,
        device: &Device,
        actor: &Actor,
    ) -> Result<SignInStep, SignInError> {
        let _ = (challenge, code, device, actor);
        todo!()
    }
}
