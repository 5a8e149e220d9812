//! Signing in: by password or by a code from the mail, and the second factor after either.

use base::{Actor, Unavailable, UnixMicros};
use serde_json::json;

use crate::accounts::target;
use crate::hasher::Compared;
use crate::password::Password;
use crate::records::UserRecord;
use crate::secret::{equal, from_alphabet};
use crate::temporary::{NewTicket, Ticket, TicketKind};
use crate::throttle::{Brake, Tried};
use crate::{
    Accounts, AskError, Device, Email, Letter, Secret, SecretHash, Session, SignInError, UserKey,
};

/// How often a code may be wrong.
const CODE_ATTEMPTS: u32 = 5;
/// Digits of a code from the mail.
const CODE_DIGITS: usize = 6;

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
        let owner = self.check_password(email, password, actor).await?;
        self.after_first_factor(&owner, "password", device, actor)
            .await
    }

    /// Whose password this is. Braked, put down when it is wrong, hashed anew when its hash is old.
    pub(crate) async fn check_password(
        &self,
        email: &str,
        password: &str,
        actor: &Actor,
    ) -> Result<UserRecord, SignInError> {
        let email = Email::parse(email).ok();
        let key = email.as_ref().map_or("", Email::key);
        let tried = self.attempt(Tried::SignIn(key), actor.address).await;
        let counted = match tried {
            Ok(counted) => counted,
            Err(brake) => return Err(self.braked(brake, email.as_ref(), actor).await?),
        };
        let owner = self.store.user(UserKey::Email(key.to_owned())).await?;
        let stored = owner.as_ref().and_then(|owner| owner.password.as_deref());
        let typed = Password::typed(password);
        let compared = self.hasher.compare(typed.clone(), stored).await?;
        let (Compared::Same { outdated }, Some(owner)) = (compared, &owner) else {
            self.wrong(owner.as_ref(), "password", email.as_ref(), actor)
                .await?;
            return Err(SignInError::Wrong);
        };
        self.forgive(counted).await?;
        if let (true, Some(typed), Some(stored)) = (outdated, typed, stored) {
            let new = self.hasher.hash(typed, &*self.entropy).await?;
            self.store.rehash(owner.user.id, stored, &new).await?;
        }
        Ok(owner.clone())
    }

    /// Puts down an attempt that failed. What was typed is kept only if it is an address: people
    /// type their password into the wrong field.
    pub(crate) async fn wrong(
        &self,
        owner: Option<&UserRecord>,
        by: &'static str,
        email: Option<&Email>,
        actor: &Actor,
    ) -> Result<(), Unavailable> {
        let whose = owner.and_then(|owner| target("user", owner.user.id.0));
        let mut details = vec![("by", json!(by))];
        details.extend(email.map(|email| ("email", json!(email.as_str()))));
        let kind = email.map_or(by, Email::key);
        self.refused(actor, "sign-in.failed", kind, whose, details)
            .await
    }

    /// Puts down an attempt that was not even looked at.
    async fn braked(
        &self,
        brake: Brake,
        email: Option<&Email>,
        actor: &Actor,
    ) -> Result<SignInError, Unavailable> {
        match brake {
            Brake::Unavailable(error) => Err(error),
            Brake::Throttled { retry_after } => {
                let details = email.map(|email| ("email", json!(email.as_str())));
                let details = details.into_iter().collect();
                let kind = email.map_or("", Email::key);
                self.refused(actor, "sign-in.throttled", kind, None, details)
                    .await?;
                Ok(SignInError::Throttled { retry_after })
            }
        }
    }

    /// Signs in, or asks for the second factor if the account has one.
    pub(crate) async fn after_first_factor(
        &self,
        owner: &UserRecord,
        by: &str,
        device: &Device,
        actor: &Actor,
    ) -> Result<SignInStep, SignInError> {
        if !owner.user.factors.totp || !owner.user.enabled {
            let signed_in = self.open_session(owner, by, device, actor).await?;
            return Ok(SignInStep::Done(signed_in));
        }
        let challenge = self
            .challenge(
                TicketKind::SecondFactor,
                Some(owner),
                by.to_owned(),
                CODE_ATTEMPTS,
            )
            .await?;
        Ok(SignInStep::SecondFactor(challenge))
    }

    /// Keeps a ticket that lives as long as a code, and returns its secret.
    pub(crate) async fn challenge(
        &self,
        kind: TicketKind,
        owner: Option<&UserRecord>,
        payload: String,
        attempts: u32,
    ) -> Result<Challenge, Unavailable> {
        let token = Secret::make(&*self.entropy);
        let expires_at = self.now().plus(self.settings.code_lifetime);
        let ticket = NewTicket {
            kind,
            secret: token.hash(),
            user: owner.map(|owner| owner.user.id),
            payload,
            attempts,
            expires_at,
        };
        self.store.put_ticket(ticket, false).await?;
        Ok(Challenge { token, expires_at })
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
        let secret = SecretHash::of(challenge);
        let kind = TicketKind::SecondFactor;
        let ticket = self.store.try_ticket(kind, secret, self.now()).await?;
        let ticket = ticket.ok_or(SignInError::Expired)?;
        let owner = self.owner(&ticket).await?.ok_or(SignInError::Expired)?;
        let tried = self
            .attempt(Tried::Factor(owner.user.id.0), actor.address)
            .await;
        let counted = match tried {
            Ok(counted) => counted,
            Err(brake) => return Err(self.braked(brake, None, actor).await?),
        };
        let (right, by) = match factor {
            SecondFactor::Totp(code) => (self.check_totp(&owner, code).await?, "totp"),
            SecondFactor::Recovery(code) => (
                self.check_recovery(&owner, code, actor).await?,
                "recovery-code",
            ),
        };
        if !right {
            self.wrong(Some(&owner), by, None, actor).await?;
            return Err(SignInError::Wrong);
        }
        self.forgive(counted).await?;
        let taken = self.store.take_ticket(kind, secret, self.now()).await?;
        if taken.is_none() {
            return Err(SignInError::Expired);
        }
        let by = format!("{}+{by}", ticket.payload);
        self.open_session(&owner, &by, device, actor).await
    }

    /// Sends a code of six digits to `email`, if it is an account's. The answer and the time that
    /// it takes do not tell whether it is.
    pub async fn send_code(&self, email: &str, actor: &Actor) -> Result<Challenge, AskError> {
        let email = Email::parse(email).map_err(crate::Invalid::from)?;
        self.may_send(email.key(), actor).await?;
        let owner = self
            .store
            .user(UserKey::Email(email.key().to_owned()))
            .await?;
        let code = from_alphabet(&*self.entropy, b"0123456789", CODE_DIGITS);
        let token = Secret::make(&*self.entropy);
        let expires_at = self.now().plus(self.settings.code_lifetime);
        let ticket = NewTicket {
            kind: TicketKind::Code,
            secret: token.hash(),
            user: owner.as_ref().map(|owner| owner.user.id),
            payload: fingerprint(token.expose(), &code),
            attempts: CODE_ATTEMPTS,
            expires_at,
        };
        self.store.put_ticket(ticket, false).await?;
        if let Some(owner) = owner.filter(|owner| owner.user.enabled) {
            let letter = Letter::SignInCode {
                code: Secret::new(code),
                valid_for: self.settings.code_lifetime,
            };
            let user = owner.user;
            self.post
                .send(user.email, user.name, letter, Some(expires_at));
        }
        Ok(Challenge { token, expires_at })
    }

    /// Whether one more letter may be sent to this address at the wish of whoever asks.
    pub(crate) async fn may_send(&self, to: &str, actor: &Actor) -> Result<(), AskError> {
        match self.attempt(Tried::Mail(to), actor.address).await {
            Ok(_) => Ok(()),
            Err(Brake::Throttled { retry_after }) => Err(AskError::Throttled { retry_after }),
            Err(Brake::Unavailable(error)) => Err(error.into()),
        }
    }

    /// Answers [`Self::send_code`]. A wrong code leaves the challenge as it is, five times.
    pub async fn sign_in_code(
        &self,
        challenge: &str,
        code: &str,
        device: &Device,
        actor: &Actor,
    ) -> Result<SignInStep, SignInError> {
        let secret = SecretHash::of(challenge);
        // The account's brake was on the sending; this one is the address's.
        let counted = match self.attempt(Tried::SignIn(challenge), actor.address).await {
            Ok(counted) => counted,
            Err(brake) => return Err(self.braked(brake, None, actor).await?),
        };
        let ticket = self
            .store
            .try_ticket(TicketKind::Code, secret, self.now())
            .await?;
        let ticket = ticket.ok_or(SignInError::Expired)?;
        let digits: String = code
            .chars()
            .filter(|letter| !letter.is_whitespace())
            .collect();
        let shown = fingerprint(challenge, &digits);
        let right = equal(shown.as_bytes(), ticket.payload.as_bytes());
        let owner = self.owner(&ticket).await?;
        let (true, Some(owner)) = (right, &owner) else {
            self.wrong(owner.as_ref(), "code", None, actor).await?;
            return Err(SignInError::Wrong);
        };
        let taken = self
            .store
            .take_ticket(TicketKind::Code, secret, self.now())
            .await?;
        if taken.is_none() {
            return Err(SignInError::Expired);
        }
        self.forgive(counted).await?;
        self.after_first_factor(owner, "code", device, actor).await
    }

    /// The account that a ticket belongs to, if it still exists.
    pub(crate) async fn owner(&self, ticket: &Ticket) -> Result<Option<UserRecord>, Unavailable> {
        match ticket.user {
            Some(user) => self.record_of(user).await,
            None => Ok(None),
        }
    }
}

/// What is kept of a code. A million codes are soon hashed, but nobody has the challenge's secret.
fn fingerprint(challenge: &str, code: &str) -> String {
    use base64::Engine as _;
    let hash = SecretHash::of(&format!("{challenge} {code}"));
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(hash.0)
}
