//! How accounts come to be: the set-up link, sign-up, invitations.

use base::{Actor, Unavailable, UserId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::accounts::made;
use crate::password::Password;
use crate::records::{InsertUser, NewUser, Origin};
use crate::temporary::{NewTicket, TicketKind};
use crate::{
    Accounts, AskError, Details, Device, Email, Invalid, Invitation, Letter, LinkError, NewPerson,
    RoleId, Secret, SecretHash, SignInError, SignUp, SignedIn, UserKey, person,
};

/// How long the set-up link is good; every start prints a new one.
const SET_UP_LIFETIME: std::time::Duration = std::time::Duration::from_hours(7 * 24);

/// What a link from a mail about an address is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmailTicket {
    /// Makes an account: a password is asked for.
    SignUp {
        /// What the person is called.
        name: String,
        /// The address that is verified.
        email: Email,
    },
    /// Gives an account another address: a click is asked for.
    Change {
        /// The new address.
        email: Email,
    },
}

/// Whoever signs up, as their ticket remembers them.
#[derive(Serialize, Deserialize)]
struct SigningUp {
    name: String,
    email: String,
}

impl Accounts {
    /// Whether nobody has an account yet.
    pub async fn needs_setup(&self) -> Result<bool, Unavailable> {
        Ok(!self.any_users().await?)
    }

    /// The secret of a new set-up link, `/setup/{secret}`; older ones die. `None` once there is an
    /// account.
    pub async fn make_setup_ticket(&self) -> Result<Option<Secret>, Unavailable> {
        if self.any_users().await? {
            return Ok(None);
        }
        let secret = Secret::make(&*self.entropy);
        let ticket = NewTicket {
            kind: TicketKind::SetUp,
            secret: secret.hash(),
            user: None,
            payload: String::new(),
            attempts: u32::MAX,
            expires_at: self.now().plus(SET_UP_LIFETIME),
        };
        self.store.put_ticket(ticket, true).await?;
        Ok(Some(secret))
    }

    /// Whether this set-up link is good.
    pub async fn is_setup_ticket(&self, ticket: &str) -> Result<bool, Unavailable> {
        if self.any_users().await? {
            return Ok(false);
        }
        let secret = SecretHash::of(ticket);
        let found = self
            .store
            .ticket(TicketKind::SetUp, secret, self.now())
            .await?;
        Ok(found.is_some())
    }

    /// Makes the first account, an administrator, and signs it in.
    pub async fn set_up(
        &self,
        ticket: &str,
        person: NewPerson,
        device: &Device,
        actor: &Actor,
    ) -> Result<SignedIn, LinkError> {
        // Before anything is hashed: a stranger must not make us work.
        if !self.is_setup_ticket(ticket).await? {
            return Err(LinkError::Expired);
        }
        let email = Email::parse(&person.email).map_err(Invalid::from)?;
        let user = self
            .new_user(&person.name, email, &person.password, Origin::SetUp)
            .await?;
        let secret = SecretHash::of(ticket);
        let taken = self
            .store
            .take_ticket(TicketKind::SetUp, secret, self.now())
            .await?;
        if taken.is_none() {
            return Err(LinkError::Expired);
        }
        self.make(user, "set-up", device, actor).await
    }

    /// Sends a link that makes an account. Whether the address has one already is not told.
    pub async fn sign_up(&self, name: &str, email: &str, actor: &Actor) -> Result<(), AskError> {
        if self.settings.sign_up != SignUp::Open {
            return Err(AskError::Closed);
        }
        let name = person::name(name)?;
        let email = Email::parse(email).map_err(Invalid::from)?;
        self.may_send(email.key(), actor).await?;
        let owner = self
            .store
            .user(UserKey::Email(email.key().to_owned()))
            .await?;
        let secret = Secret::make(&*self.entropy);
        let expires_at = self.now().plus(self.settings.link_lifetime);
        let signing_up = SigningUp {
            name: name.clone(),
            email: email.as_str().to_owned(),
        };
        // Also for an address that has an account: the work must be the same, and the link, which
        // nobody gets, makes none.
        let ticket = NewTicket {
            kind: TicketKind::SignUp,
            secret: secret.hash(),
            user: None,
            payload: serde_json::to_string(&signing_up).expect("plain data is JSON"),
            attempts: u32::MAX,
            expires_at,
        };
        self.store.put_ticket(ticket, false).await?;
        let letter = match owner {
            Some(_) => Letter::AlreadySignedUp,
            None => Letter::SignUp {
                link: self.link("verify-email", &secret),
                valid_for: self.settings.link_lifetime,
            },
        };
        self.post.send(email, name, letter, Some(expires_at));
        Ok(())
    }

    /// The whole address of a link.
    pub(crate) fn link(&self, page: &str, secret: &Secret) -> Secret {
        let base = self.settings.public_url.as_str().trim_end_matches('/');
        Secret::new(format!("{base}/{page}/{}", secret.expose()))
    }

    /// What the link `/verify-email/{ticket}` is for; `None` when it is not good.
    pub async fn email_ticket(&self, ticket: &str) -> Result<Option<EmailTicket>, Unavailable> {
        let secret = SecretHash::of(ticket);
        let now = self.now();
        if let Some(found) = self.store.ticket(TicketKind::SignUp, secret, now).await? {
            let Some((name, email)) = signing_up(&found.payload) else {
                return Ok(None);
            };
            return Ok(Some(EmailTicket::SignUp { name, email }));
        }
        let found = self
            .store
            .ticket(TicketKind::ChangeEmail, secret, now)
            .await?;
        let email = found.and_then(|found| Email::parse(&found.payload).ok());
        Ok(email.map(|email| EmailTicket::Change { email }))
    }

    /// Makes the account of [`EmailTicket::SignUp`], a reader, and signs it in. The password is
    /// chosen here and not before, so that nobody prepares an account for somebody else's address.
    pub async fn complete_sign_up(
        &self,
        ticket: &str,
        password: &str,
        device: &Device,
        actor: &Actor,
    ) -> Result<SignedIn, LinkError> {
        let secret = SecretHash::of(ticket);
        let found = self
            .store
            .ticket(TicketKind::SignUp, secret, self.now())
            .await?;
        let found = found.and_then(|found| signing_up(&found.payload));
        let (name, email) = found.ok_or(LinkError::Expired)?;
        // Closed since the mail was sent: what was promised is kept no longer.
        if self.settings.sign_up != SignUp::Open {
            return Err(LinkError::Expired);
        }
        let origin = Origin::SignUp(vec![RoleId::READER]);
        let user = self.new_user(&name, email, password, origin).await?;
        let taken = self
            .store
            .take_ticket(TicketKind::SignUp, secret, self.now())
            .await?;
        if taken.is_none() {
            return Err(LinkError::Expired);
        }
        self.make(user, "sign-up", device, actor).await
    }

    /// The invitation of `/invitation/{ticket}`; `None` when it is not good.
    pub async fn invitation(&self, ticket: &str) -> Result<Option<Invitation>, Unavailable> {
        self.store
            .invitation(SecretHash::of(ticket), self.now())
            .await
    }

    /// Makes the invited account and signs it in. The address is the invitation's: its link proves
    /// that mail arrives there.
    pub async fn accept_invitation(
        &self,
        ticket: &str,
        name: &str,
        password: &str,
        device: &Device,
        actor: &Actor,
    ) -> Result<SignedIn, LinkError> {
        let invitation = self.invitation(ticket).await?.ok_or(LinkError::Expired)?;
        let origin = Origin::Invitation(SecretHash::of(ticket));
        let user = self
            .new_user(name, invitation.email, password, origin)
            .await?;
        self.make(user, "invitation", device, actor).await
    }

    /// A new account with a password, checked and hashed.
    async fn new_user(
        &self,
        name: &str,
        email: Email,
        password: &str,
        origin: Origin,
    ) -> Result<NewUser, LinkError> {
        let name = person::name(name)?;
        let password = Password::chosen(password, &email, &name).map_err(Invalid::from)?;
        let hash = self.hasher.hash(password, &*self.entropy).await?;
        Ok(self.unhashed(name, email, Some(hash), origin))
    }

    pub(crate) fn unhashed(
        &self,
        name: String,
        email: Email,
        password: Option<String>,
        origin: Origin,
    ) -> NewUser {
        let mut handle = [0; 16];
        self.entropy.fill(&mut handle);
        NewUser {
            name,
            email,
            password,
            handle,
            origin,
        }
    }

    /// Makes the account and signs it in.
    async fn make(
        &self,
        user: NewUser,
        by: &'static str,
        device: &Device,
        actor: &Actor,
    ) -> Result<SignedIn, LinkError> {
        let id = match self.insert_user(user, by, actor).await? {
            InsertUser::Made(id) => id,
            InsertUser::EmailTaken | InsertUser::LinkTaken => return Err(LinkError::EmailTaken),
            InsertUser::Gone => return Err(LinkError::Expired),
        };
        let owner = self.record_of(id).await?.ok_or(LinkError::Expired)?;
        match self.open_session(&owner, by, device, actor).await {
            Ok(signed_in) => Ok(signed_in),
            Err(SignInError::Unavailable(error)) => Err(error.into()),
            Err(_) => Err(LinkError::Disabled),
        }
    }

    /// Makes the account, with its entry.
    pub(crate) async fn insert_user(
        &self,
        user: NewUser,
        by: &str,
        actor: &Actor,
    ) -> Result<InsertUser, Unavailable> {
        let details: Details = vec![
            ("by", json!(by)),
            ("email", json!(user.email.as_str())),
            ("name", json!(user.name)),
        ];
        let entry = self.entry(actor, "user.make", made("user"), details);
        let made = self.store.insert_user(user, entry).await?;
        if matches!(made, InsertUser::Made(UserId(_))) {
            self.written();
        }
        Ok(made)
    }
}

fn signing_up(payload: &str) -> Option<(String, Email)> {
    let read: SigningUp = serde_json::from_str(payload).ok()?;
    Some((read.name, Email::parse(&read.email).ok()?))
}
