//! What whoever has the command line may do: they have the files anyway.

use base::{Actor, Unavailable};
use serde_json::json;

use crate::accounts::target;
use crate::records::{Changed, UserChange};
use crate::{Accounts, Email, RoleId, Secret, UserKey};

/// Why the command line changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The text is no address.
    #[error("{0}")]
    Email(#[from] crate::EmailError),
    /// No account has this address.
    #[error("no account has the address {0}")]
    Unknown(Email),
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Accounts {
    /// A link that sets a new password for whoever locked themselves out. Their authenticator app
    /// is still asked for.
    pub async fn operator_reset(&self, email: &str) -> Result<Secret, OperatorError> {
        let owner = self.by_email(email).await?;
        let whose = target("user", owner.user.id.0);
        let entry = self.entry(&Actor::PRODUCT, "password.send-reset", whose, vec![]);
        self.store.record(entry).await?;
        let (secret, _) = self.reset_secret(Some(&owner)).await?;
        Ok(self.link("reset", &secret))
    }

    /// Makes somebody an administrator, and lets them sign in.
    pub async fn operator_administrator(&self, email: &str) -> Result<(), OperatorError> {
        let owner = self.by_email(email).await?;
        let user = &owner.user;
        let mut roles: Vec<RoleId> = user.roles.iter().map(|role| role.id).collect();
        if !roles.contains(&RoleId::ADMINISTRATOR) {
            roles.push(RoleId::ADMINISTRATOR);
            roles.sort_unstable();
        }
        let details = vec![("added", json!("administrator"))];
        let whose = target("user", user.id.0);
        let entry = self.entry(&Actor::PRODUCT, "user.set-roles", whose.clone(), details);
        let change = UserChange::Roles(roles);
        let roles = self.store.change_user(user.id, change, entry).await?;
        let entry = self.entry(&Actor::PRODUCT, "user.enable", whose, vec![]);
        let enabled = self
            .store
            .change_user(user.id, UserChange::Enabled(true), entry)
            .await?;
        if !matches!((roles, enabled), (Changed::Done(_), Changed::Done(_))) {
            return Err(OperatorError::Unknown(user.email.clone()));
        }
        self.rights_changed(Some(user.id)).await;
        Ok(())
    }

    async fn by_email(&self, email: &str) -> Result<crate::UserRecord, OperatorError> {
        let email = Email::parse(email)?;
        let owner = self
            .store
            .user(UserKey::Email(email.key().to_owned()))
            .await?;
        owner.ok_or(OperatorError::Unknown(email))
    }
}
