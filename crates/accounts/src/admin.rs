//! What administrators do with accounts and invitations.

use base::{Unavailable, UserId};
use serde_json::json;

use crate::accounts::{made, target};
use crate::records::{Changed, Inserted, NewInvitation, UserChange, UserRecord};
use crate::{
    Accounts, AdminError, Caller, Details, Email, Invalid, Invitation, Letter, Page, Permission,
    PermissionSet, Role, RoleId, RoleRef, Secret, SignUp, User, UserFilter,
};

impl Accounts {
    /// Accounts, the newest first.
    pub async fn users(
        &self,
        filter: &UserFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<User>, Unavailable> {
        let text = filter.text.as_deref().map(|text| {
            let letters = text.chars().filter(|letter| !letter.is_control());
            letters.flat_map(char::to_lowercase).collect::<String>()
        });
        let filter = UserFilter {
            text: text.filter(|text| !text.trim().is_empty()),
            ..filter.clone()
        };
        self.store.users(filter, before, limit).await
    }

    /// One account.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, Unavailable> {
        Ok(self.record_of(id).await?.map(|record| record.user))
    }

    /// Whether the caller may invite: with `users.write` anybody, otherwise readers where
    /// [`crate::SignUp::Invitation`] or [`crate::SignUp::Open`] is set.
    pub fn may_invite(&self, caller: &Caller) -> bool {
        caller.user.may(Permission::UsersWrite) || self.settings.sign_up != SignUp::Closed
    }

    /// Invites by mail. The link's secret (`/invitation/{secret}`) is returned too, so that it can be
    /// handed over where no mail is set up. A new invitation of the same address replaces the old one.
    pub async fn invite(
        &self,
        caller: &Caller,
        email: &str,
        roles: &[RoleId],
    ) -> Result<(Invitation, Secret), AdminError> {
        let email = Email::parse(email).map_err(Invalid::from)?;
        let given = self.roles_to_give(caller, roles).await?;
        let readers_only = roles.iter().all(|role| *role == RoleId::READER);
        let may_all = caller.user.may(Permission::UsersWrite);
        if !self.may_invite(caller) || !(may_all || readers_only) {
            return Err(AdminError::Beyond);
        }
        let now = self.now();
        let secret = Secret::make(&*self.entropy);
        let expires_at = now.plus(self.settings.invitation_lifetime);
        let new = NewInvitation {
            email: email.clone(),
            roles: roles.to_vec(),
            invited_by: Some(caller.user.id),
            secret: secret.hash(),
            expires_at,
        };
        let details = vec![
            ("email", json!(email.as_str())),
            ("roles", json!(names(&given))),
        ];
        let entry = self.entry(&caller.actor, "user.invite", made("invitation"), details);
        let id = match self.store.put_invitation(new, entry).await? {
            Inserted::Made(id) => id,
            Inserted::Taken | Inserted::Gone => return Err(AdminError::Taken),
        };
        self.written();
        let letter = Letter::Invitation {
            link: self.link("invitation", &secret),
            invited_by: Some(caller.user.name.clone()),
            expires_at,
        };
        self.post
            .send(email.clone(), String::new(), letter, Some(expires_at));
        let invitation = Invitation {
            id,
            email,
            roles: given.into_iter().map(RoleRef::from).collect(),
            invited_by: Some(caller.user.id),
            created_at: now,
            expires_at,
        };
        Ok((invitation, secret))
    }

    /// Invitations that wait, the newest first.
    pub async fn invitations(
        &self,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<Invitation>, Unavailable> {
        self.store.invitations(before, limit, self.now()).await
    }

    /// Takes an invitation back.
    pub async fn withdraw_invitation(&self, caller: &Caller, id: i64) -> Result<(), AdminError> {
        let whose = target("invitation", id);
        let entry = self.entry(&caller.actor, "invitation.withdraw", whose, vec![]);
        if !self.store.delete_invitation(id, entry).await? {
            return Err(AdminError::Unknown);
        }
        self.written();
        Ok(())
    }

    /// Gives somebody exactly these roles.
    pub async fn set_roles(
        &self,
        caller: &Caller,
        user: UserId,
        roles: &[RoleId],
    ) -> Result<(), AdminError> {
        let owner = self
            .may_act_on(caller, user)
            .await?
            .ok_or(AdminError::Unknown)?;
        let given = self.roles_to_give(caller, roles).await?;
        let had: Vec<&str> = owner.user.roles.iter().map(|role| &*role.name).collect();
        let details = vec![("roles", json!(names(&given))), ("had", json!(had))];
        let change = UserChange::Roles(roles.to_vec());
        self.change_user(caller, user, change, "user.set-roles", details)
            .await
    }

    /// Lets somebody sign in, or ends all their sessions and lets them no more.
    pub async fn set_enabled(
        &self,
        caller: &Caller,
        user: UserId,
        enabled: bool,
    ) -> Result<(), AdminError> {
        self.may_act_on(caller, user)
            .await?
            .ok_or(AdminError::Unknown)?;
        let act = if enabled {
            "user.enable"
        } else {
            "user.disable"
        };
        self.change_user(caller, user, UserChange::Enabled(enabled), act, vec![])
            .await?;
        if !enabled {
            self.store.delete_sessions(user, None).await?;
        }
        Ok(())
    }

    /// Deletes somebody's account.
    pub async fn delete_user(&self, caller: &Caller, user: UserId) -> Result<(), AdminError> {
        self.may_act_on(caller, user)
            .await?
            .ok_or(AdminError::Unknown)?;
        self.change_user(caller, user, UserChange::Delete, "user.delete", vec![])
            .await?;
        self.store.delete_sessions(user, None).await?;
        Ok(())
    }

    /// Sends somebody a link that sets a new password; the secret is returned too, for where no mail
    /// is set up.
    pub async fn send_reset(&self, caller: &Caller, user: UserId) -> Result<Secret, AdminError> {
        let owner = self
            .may_act_on(caller, user)
            .await?
            .ok_or(AdminError::Unknown)?;
        let whose = target("user", user.0);
        let entry = self.entry(&caller.actor, "password.send-reset", whose, vec![]);
        self.store.record(entry).await?;
        self.written();
        let (secret, _) = self.reset_secret(Some(&owner)).await?;
        self.write_to(&owner, self.reset_letter(&secret));
        Ok(secret)
    }

    /// Takes somebody's authenticator app away, when they lost it.
    pub async fn remove_totp_of(&self, caller: &Caller, user: UserId) -> Result<(), AdminError> {
        let owner = self
            .may_act_on(caller, user)
            .await?
            .ok_or(AdminError::Unknown)?;
        let entry = self.entry(&caller.actor, "totp.remove", target("user", user.0), vec![]);
        if !self.store.delete_totp(user, entry).await? {
            return Err(AdminError::Unknown);
        }
        self.written();
        self.rights_changed(Some(user)).await;
        let what = "An administrator removed the authenticator app";
        self.write_to(&owner, Letter::FactorChanged { what });
        Ok(())
    }

    async fn change_user(
        &self,
        caller: &Caller,
        user: UserId,
        change: UserChange,
        act: &'static str,
        details: Details,
    ) -> Result<(), AdminError> {
        let entry = self.entry(&caller.actor, act, target("user", user.0), details);
        admin_change(self.store.change_user(user, change, entry).await?)?;
        self.written();
        self.rights_changed(Some(user)).await;
        Ok(())
    }

    /// Whether the caller may act on this account: on nobody who may do what the caller may not.
    /// Tells the account, if there is one.
    pub(crate) async fn may_act_on(
        &self,
        caller: &Caller,
        user: UserId,
    ) -> Result<Option<UserRecord>, AdminError> {
        let owner = self.record_of(user).await?;
        let theirs = owner
            .as_ref()
            .map_or(PermissionSet::NONE, |it| it.user.permissions);
        if !caller.user.permissions.covers(theirs) {
            return Err(AdminError::Beyond);
        }
        Ok(owner)
    }

    /// The roles of these numbers, if the caller has everything that they allow. A role with all of
    /// today's permissions does not make administrators: theirs grow with every version.
    async fn roles_to_give(
        &self,
        caller: &Caller,
        roles: &[RoleId],
    ) -> Result<Vec<Role>, AdminError> {
        let all = self.store.roles().await?;
        let find = |id: &RoleId| all.iter().find(|role| role.id == *id).cloned();
        let given: Option<Vec<Role>> = roles.iter().map(find).collect();
        let given = given.ok_or(Invalid::Roles)?;
        let may = caller.user.permissions;
        let is_administrator = all
            .iter()
            .any(|role| role.id == RoleId::ADMINISTRATOR && caller.user.roles.contains(&role.name));
        let beyond = given.iter().any(|role| {
            !may.covers(role.permissions) || (role.id == RoleId::ADMINISTRATOR && !is_administrator)
        });
        if beyond {
            Err(AdminError::Beyond)
        } else {
            Ok(given)
        }
    }
}

fn names(roles: &[Role]) -> Vec<&str> {
    roles.iter().map(|role| &*role.name).collect()
}

/// What a refused change means to an administrator.
pub(crate) fn admin_change(changed: Changed) -> Result<(), AdminError> {
    match changed {
        Changed::Done(_) => Ok(()),
        Changed::Unknown => Err(AdminError::Unknown),
        Changed::Taken => Err(AdminError::Taken),
        Changed::InUse => Err(AdminError::InUse),
        Changed::Gone => Err(Invalid::Roles.into()),
        Changed::LastAdministrator => Err(AdminError::LastAdministrator),
        // Only owners take away what opens an account.
        Changed::LastWayIn => Err(AdminError::Beyond),
    }
}
