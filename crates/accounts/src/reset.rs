//! Links that change what opens an account: a forgotten password, another address.

use base::{Actor, Unavailable};
use serde_json::json;

use crate::accounts::target;
use crate::password::Password;
use crate::records::{Changed, UserChange, UserRecord};
use crate::temporary::{NewTicket, TicketKind};
use crate::{
    Accounts, AskError, Caller, Email, Invalid, Letter, LinkError, OwnError, Secret, SecretHash,
    UserKey,
};

impl Accounts {
    /// Sends a link that sets a new password, if `email` is an account's. The answer does not tell.
    pub async fn ask_reset(&self, email: &str, actor: &Actor) -> Result<(), AskError> {
        let email = Email::parse(email).map_err(Invalid::from)?;
        self.may_send(email.key(), actor).await?;
        let owner = self
            .store
            .user(UserKey::Email(email.key().to_owned()))
            .await?;
        let enabled = owner.filter(|owner| owner.user.enabled);
        let (secret, expires_at) = self.reset_secret(enabled.as_ref()).await?;
        if let Some(owner) = enabled {
            let letter = self.reset_letter(&secret);
            let user = owner.user;
            self.post
                .send(user.email, user.name, letter, Some(expires_at));
        }
        Ok(())
    }

    /// Keeps a ticket for a new password; one that belongs to nobody, when nobody is meant.
    pub(crate) async fn reset_secret(
        &self,
        owner: Option<&UserRecord>,
    ) -> Result<(Secret, base::UnixMicros), Unavailable> {
        let secret = Secret::make(&*self.entropy);
        let expires_at = self.now().plus(self.settings.link_lifetime);
        let ticket = NewTicket {
            kind: TicketKind::Reset,
            secret: secret.hash(),
            user: owner.map(|owner| owner.user.id),
            // What opens the account must still be what it was when the link was made.
            payload: owner
                .map(|owner| owner.epoch.to_string())
                .unwrap_or_default(),
            attempts: u32::MAX,
            expires_at,
        };
        self.store.put_ticket(ticket, owner.is_some()).await?;
        Ok((secret, expires_at))
    }

    pub(crate) fn reset_letter(&self, secret: &Secret) -> Letter {
        Letter::ResetPassword {
            link: self.link("reset", secret),
            valid_for: self.settings.link_lifetime,
        }
    }

    /// Whose password the link `/reset/{ticket}` sets; `None` when it is not good.
    pub async fn reset_ticket(&self, ticket: &str) -> Result<Option<Email>, Unavailable> {
        let owner = self.reset_owner(ticket).await?;
        Ok(owner.map(|owner| owner.user.email))
    }

    async fn reset_owner(&self, ticket: &str) -> Result<Option<UserRecord>, Unavailable> {
        let secret = SecretHash::of(ticket);
        let Some(found) = self
            .store
            .ticket(TicketKind::Reset, secret, self.now())
            .await?
        else {
            return Ok(None);
        };
        let owner = self.owner(&found).await?;
        Ok(owner.filter(|owner| owner.epoch.to_string() == found.payload))
    }

    /// Sets a new password and ends all sessions. Nobody is signed in by it: a second factor is
    /// still asked for.
    pub async fn reset_password(
        &self,
        ticket: &str,
        password: &str,
        actor: &Actor,
    ) -> Result<(), LinkError> {
        let owner = self.reset_owner(ticket).await?.ok_or(LinkError::Expired)?;
        if !owner.user.enabled {
            return Err(LinkError::Disabled);
        }
        let user = &owner.user;
        let chosen = Password::chosen(password, &user.email, &user.name);
        let hash = self
            .hasher
            .hash(chosen.map_err(Invalid::from)?, &*self.entropy)
            .await?;
        let secret = SecretHash::of(ticket);
        let taken = self
            .store
            .take_ticket(TicketKind::Reset, secret, self.now())
            .await?;
        if taken.is_none() {
            return Err(LinkError::Expired);
        }
        let entry = self.entry(actor, "password.reset", target("user", user.id.0), vec![]);
        let changed = self
            .store
            .change_user(user.id, UserChange::Password(hash), entry)
            .await?;
        if !matches!(changed, Changed::Done(_)) {
            return Err(LinkError::Expired);
        }
        self.written();
        // Their epoch is over already; the rows go too.
        self.store.delete_sessions(user.id, None).await?;
        self.rights_changed(Some(user.id)).await;
        self.write_to(&owner, Letter::PasswordChanged);
        Ok(())
    }

    /// Sends a link to a new address, which becomes the account's once it is followed. Whether
    /// another account has it is not told. Needs a fresh session.
    pub async fn change_email(&self, caller: &Caller, email: &str) -> Result<(), OwnError> {
        self.require_fresh(caller)?;
        let email = Email::parse(email).map_err(Invalid::from)?;
        match self.may_send(email.key(), &caller.actor).await {
            Ok(()) => {}
            Err(AskError::Throttled { retry_after }) => {
                return Err(OwnError::Throttled { retry_after });
            }
            Err(AskError::Unavailable(error)) => return Err(error.into()),
            Err(AskError::Invalid(invalid)) => return Err(invalid.into()),
            Err(AskError::Closed) => return Err(OwnError::Beyond),
        }
        let owner = self.own(caller).await?;
        let taken = self
            .store
            .user(UserKey::Email(email.key().to_owned()))
            .await?;
        let free = taken.is_none_or(|other| other.user.id == owner.user.id);
        let secret = Secret::make(&*self.entropy);
        let expires_at = self.now().plus(self.settings.link_lifetime);
        let ticket = NewTicket {
            kind: TicketKind::ChangeEmail,
            secret: secret.hash(),
            user: Some(owner.user.id),
            payload: email.as_str().to_owned(),
            attempts: u32::MAX,
            expires_at,
        };
        self.store.put_ticket(ticket, true).await?;
        if free {
            let letter = Letter::VerifyEmail {
                link: self.link("verify-email", &secret),
                valid_for: self.settings.link_lifetime,
            };
            self.post
                .send(email, owner.user.name, letter, Some(expires_at));
        }
        Ok(())
    }

    /// Carries out [`crate::EmailTicket::Change`].
    pub async fn confirm_email(&self, ticket: &str, actor: &Actor) -> Result<Email, LinkError> {
        let secret = SecretHash::of(ticket);
        let kind = TicketKind::ChangeEmail;
        let found = self.store.take_ticket(kind, secret, self.now()).await?;
        let found = found.ok_or(LinkError::Expired)?;
        let owner = self.owner(&found).await?.ok_or(LinkError::Expired)?;
        let email = Email::parse(&found.payload).map_err(Invalid::from)?;
        let user = &owner.user;
        let details = vec![
            ("email", json!(email.as_str())),
            ("was", json!(user.email.as_str())),
        ];
        let entry = self.entry(
            actor,
            "user.change-email",
            target("user", user.id.0),
            details,
        );
        let change = UserChange::Email(email.clone());
        match self.store.change_user(user.id, change, entry).await? {
            Changed::Done(_) => {}
            Changed::Taken => return Err(LinkError::EmailTaken),
            _ => return Err(LinkError::Expired),
        }
        self.written();
        self.rights_changed(Some(user.id)).await;
        // To the old address: whoever lost it must hear of it.
        self.write_to(&owner, Letter::EmailChanged { now: email.clone() });
        Ok(email)
    }
}
