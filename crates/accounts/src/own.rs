//! Somebody's own account: profile, password, export, deletion.

use base::{Unavailable, UnixMicros};
use serde_json::{Value, json};

use crate::accounts::target;
use crate::hasher::Compared;
use crate::password::Password;
use crate::records::{Changed, UserChange, UserRecord};
use crate::throttle::{Brake, Tried};
use crate::{
    Accounts, AuditFilter, Caller, Invalid, Letter, LinkRow, OwnError, PasskeyRow, User, person,
};

/// Most entries of the trail that an export holds.
const EXPORTED_ENTRIES_MAX: usize = 10_000;
/// Entries that are read at once for it.
const EXPORTED_AT_ONCE: usize = 500;

/// What is shown to prove again who somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation<'a> {
    /// The password.
    Password(&'a str),
    /// Six digits of the authenticator app.
    Totp(&'a str),
}

/// Everything that an account's own page shows, sessions and tokens apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The account.
    pub user: User,
    /// Its passkeys, the newest first.
    pub passkeys: Vec<PasskeyRow>,
    /// Its linked providers.
    pub links: Vec<LinkRow>,
    /// Since when its password is what it is; `None` without one.
    pub password_changed_at: Option<UnixMicros>,
}

impl Accounts {
    /// The caller's account.
    pub async fn profile(&self, caller: &Caller) -> Result<Profile, OwnError> {
        let owner = self.own(caller).await?;
        let passkeys = self.store.passkeys(owner.user.id).await?;
        let mut links = self.store.links(owner.user.id).await?;
        for link in &mut links {
            link.provider = self.provider_of(&link.issuer);
        }
        Ok(Profile {
            passkeys: passkeys.into_iter().map(PasskeyRow::from).collect(),
            links,
            password_changed_at: owner.password_changed_at,
            user: owner.user,
        })
    }

    /// Proves again who acts: dangerous acts are allowed for a while ([`crate::Session::is_fresh`]).
    pub async fn confirm(
        &self,
        caller: &Caller,
        shown: Confirmation<'_>,
    ) -> Result<UnixMicros, OwnError> {
        let owner = self.own(caller).await?;
        let counted = self.attempt_factor(&owner, caller).await?;
        let (right, by) = match shown {
            Confirmation::Password(password) => {
                let stored = owner.password.as_deref();
                let compared = self
                    .hasher
                    .compare(Password::typed(password), stored)
                    .await?;
                (compared != Compared::Differs, "password")
            }
            Confirmation::Totp(code) => (self.check_totp(&owner, code).await?, "totp"),
        };
        if !right {
            self.wrong(Some(&owner), by, None, &caller.actor).await?;
            return Err(OwnError::Wrong);
        }
        self.forgive(counted).await?;
        self.freshen(caller, by).await
    }

    /// Counts an attempt to show who acts.
    async fn attempt_factor(
        &self,
        owner: &UserRecord,
        caller: &Caller,
    ) -> Result<crate::throttle::Counted, OwnError> {
        let tried = Tried::Factor(owner.user.id.0);
        match self.attempt(tried, caller.actor.address).await {
            Ok(counted) => Ok(counted),
            Err(Brake::Throttled { retry_after }) => Err(OwnError::Throttled { retry_after }),
            Err(Brake::Unavailable(error)) => Err(error.into()),
        }
    }

    /// Dangerous acts are allowed in the caller's session from now on.
    pub(crate) async fn freshen(
        &self,
        caller: &Caller,
        by: &'static str,
    ) -> Result<UnixMicros, OwnError> {
        let session = caller.session().ok_or(OwnError::Beyond)?;
        let until = self.now().plus(self.settings.fresh_for);
        let details = vec![("by", json!(by))];
        let whose = target("session", session.0);
        let entry = self.entry(&caller.actor, "session.confirm", whose, details);
        self.store.record(entry).await?;
        self.written();
        self.store.freshen_session(session, until).await?;
        self.rights_changed(Some(caller.user.id)).await;
        Ok(until)
    }

    /// Calls the account something else.
    pub async fn change_name(&self, caller: &Caller, name: &str) -> Result<(), OwnError> {
        let name = person::name(name)?;
        let details = vec![("name", json!(name))];
        self.change_own(caller, UserChange::Name(name), "user.change-name", details)
            .await?;
        Ok(())
    }

    /// Sets a new password and ends all other sessions. Needs a fresh session.
    pub async fn change_password(&self, caller: &Caller, new: &str) -> Result<(), OwnError> {
        self.require_fresh(caller)?;
        let user = &caller.user;
        let chosen = Password::chosen(new, &user.email, &user.name).map_err(Invalid::from)?;
        let hash = self.hasher.hash(chosen, &*self.entropy).await?;
        let change = UserChange::Password(hash);
        let epoch = self
            .change_own(caller, change, "password.change", vec![])
            .await?;
        // Should we stop here, all sessions are over: theirs is of an epoch that has passed.
        if let Some(session) = caller.session() {
            self.store.carry_session(session, epoch).await?;
        }
        self.store
            .delete_sessions(user.id, caller.session())
            .await?;
        self.rights_changed(Some(user.id)).await;
        self.post_to(caller, Letter::PasswordChanged);
        Ok(())
    }

    /// Takes the password away: the account is opened by passkeys or providers. Needs a fresh
    /// session.
    pub async fn remove_password(&self, caller: &Caller) -> Result<(), OwnError> {
        self.require_fresh(caller)?;
        self.change_own(caller, UserChange::NoPassword, "password.remove", vec![])
            .await?;
        let what = "The password was removed";
        self.post_to(caller, Letter::FactorChanged { what });
        Ok(())
    }

    /// Everything that is kept about the account, as JSON.
    pub async fn export_account(&self, caller: &Caller) -> Result<Value, OwnError> {
        let profile = self.profile(caller).await?;
        let sessions = self.own_sessions(caller).await?;
        let tokens = self.own_tokens(caller).await?;
        let user = &profile.user;
        let roles: Vec<&str> = user.roles.iter().map(|role| &*role.name).collect();
        Ok(json!({
            "account": {
                "id": user.id.0,
                "name": user.name,
                "email": user.email.as_str(),
                "roles": roles,
                "created_at_us": user.created_at.0,
                "signed_in_at_us": user.signed_in_at.map(|at| at.0),
                "password_changed_at_us": profile.password_changed_at.map(|at| at.0),
                "authenticator_app": user.factors.totp,
                "recovery_codes_left": user.factors.recovery_codes,
            },
            "passkeys": profile.passkeys.iter().map(|it| json!({
                "name": it.name,
                "created_at_us": it.created_at.0,
                "used_at_us": it.used_at.map(|at| at.0),
            })).collect::<Vec<_>>(),
            "providers": profile.links.iter().map(|it| json!({
                "issuer": it.issuer,
                "email": it.email,
                "created_at_us": it.created_at.0,
            })).collect::<Vec<_>>(),
            "sessions": sessions.iter().map(|it| json!({
                "id": it.id.0,
                "device": it.device,
                "address": it.address,
                "created_at_us": it.created_at.0,
                "seen_at_us": it.seen_at.0,
                "expires_at_us": it.expires_at.0,
            })).collect::<Vec<_>>(),
            "tokens": tokens.iter().map(|it| json!({
                "id": it.id.0,
                "note": it.note,
                "permissions": it.permissions.map(crate::PermissionSet::names),
                "created_at_us": it.created_at.0,
                "expires_at_us": it.expires_at.map(|at| at.0),
                "used_at_us": it.used_at.map(|at| at.0),
                "used_from": it.used_from,
            })).collect::<Vec<_>>(),
            "trail": self.own_trail(caller).await?,
        }))
    }

    /// The acts of an account, as they are sealed, the newest first.
    async fn own_trail(&self, caller: &Caller) -> Result<Vec<Value>, Unavailable> {
        let filter = AuditFilter {
            user: Some(caller.user.id),
            ..AuditFilter::default()
        };
        let mut trail = Vec::new();
        let mut before = None;
        while trail.len() < EXPORTED_ENTRIES_MAX {
            let found = self
                .store
                .audit(filter.clone(), vec![], before, EXPORTED_AT_ONCE)
                .await?;
            let Some(last) = found.last() else { break };
            before = Some(last.id.0);
            for entry in &found {
                let read = serde_json::from_slice(&entry.bytes);
                trail.push(read.map_err(|error| Unavailable::new("the audit trail", error))?);
            }
        }
        Ok(trail)
    }

    /// Deletes the account with everything in it; the trail of its acts stays. Needs a fresh session.
    pub async fn delete_account(&self, caller: &Caller) -> Result<(), OwnError> {
        self.require_fresh(caller)?;
        self.change_own(caller, UserChange::Delete, "user.delete", vec![])
            .await?;
        self.store.delete_sessions(caller.user.id, None).await?;
        self.rights_changed(Some(caller.user.id)).await;
        Ok(())
    }

    /// Changes the caller's account, with an entry; tells its epoch.
    async fn change_own(
        &self,
        caller: &Caller,
        change: UserChange,
        act: &'static str,
        details: crate::Details,
    ) -> Result<i64, OwnError> {
        let user = caller.user.id;
        let entry = self.entry(&caller.actor, act, target("user", user.0), details);
        let epoch = own_change(self.store.change_user(user, change, entry).await?)?;
        self.written();
        self.rights_changed(Some(user)).await;
        Ok(epoch)
    }

    /// A letter to the caller.
    pub(crate) fn post_to(&self, caller: &Caller, letter: Letter) {
        let user = &caller.user;
        self.post
            .send(user.email.clone(), user.name.clone(), letter, None);
    }
}

/// What a refused change means to an account's owner.
pub(crate) fn own_change(changed: Changed) -> Result<i64, OwnError> {
    match changed {
        Changed::Done(epoch) => Ok(epoch),
        Changed::Taken | Changed::InUse => Err(OwnError::Taken),
        Changed::LastWayIn => Err(OwnError::LastWayIn),
        Changed::LastAdministrator => Err(OwnError::LastAdministrator),
        Changed::Unknown | Changed::Gone => Err(OwnError::Unknown),
    }
}
