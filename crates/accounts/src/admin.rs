//! What administrators do: accounts, invitations, roles.

use base::{Unavailable, UserId};

use crate::{
    Accounts, AdminError, Caller, Invitation, NewRole, Page, Role, RoleId, Secret, User, UserFilter,
};

impl Accounts {
    /// Accounts, the newest first.
    pub async fn users(
        &self,
        filter: &UserFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<User>, Unavailable> {
        let _ = (filter, before, limit);
        todo!()
    }

    /// One account.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, Unavailable> {
        let _ = id;
        todo!()
    }

    /// Whether the caller may invite: with `users.write` anybody, otherwise readers where
    /// [`crate::SignUp::Invitation`] or [`crate::SignUp::Open`] is set.
    pub fn may_invite(&self, caller: &Caller) -> bool {
        let _ = caller;
        todo!()
    }

    /// Invites by mail. The link's secret (`/invitation/{secret}`) is returned too, so that it can be
    /// handed over where no mail is set up. A new invitation of the same address replaces the old one.
    pub async fn invite(
        &self,
        caller: &Caller,
        email: &str,
        roles: &[RoleId],
    ) -> Result<(Invitation, Secret), AdminError> {
        let _ = (caller, email, roles);
        todo!()
    }

    /// Invitations that wait, the newest first.
    pub async fn invitations(
        &self,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<Invitation>, Unavailable> {
        let _ = (before, limit);
        todo!()
    }

    /// Takes an invitation back.
    pub async fn withdraw_invitation(&self, caller: &Caller, id: i64) -> Result<(), AdminError> {
        let _ = (caller, id);
        todo!()
    }

    /// Gives somebody exactly these roles.
    pub async fn set_roles(
        &self,
        caller: &Caller,
        user: UserId,
        roles: &[RoleId],
    ) -> Result<(), AdminError> {
        let _ = (caller, user, roles);
        todo!()
    }

    /// Lets somebody sign in, or ends all their sessions and lets them no more.
    pub async fn set_enabled(
        &self,
        caller: &Caller,
        user: UserId,
        enabled: bool,
    ) -> Result<(), AdminError> {
        let _ = (caller, user, enabled);
        todo!()
    }

    /// Deletes somebody's account.
    pub async fn delete_user(&self, caller: &Caller, user: UserId) -> Result<(), AdminError> {
        let _ = (caller, user);
        todo!()
    }

    /// Sends somebody a link that sets a new password; the secret is returned too, for where no mail
    /// is set up.
    pub async fn send_reset(&self, caller: &Caller, user: UserId) -> Result<Secret, AdminError> {
        let _ = (caller, user);
        todo!()
    }

    /// Takes somebody's authenticator app away, when they lost it.
    pub async fn remove_totp_of(&self, caller: &Caller, user: UserId) -> Result<(), AdminError> {
        let _ = (caller, user);
        todo!()
    }

    /// All roles: the built-in ones, then the others in the order in which they were made.
    pub async fn roles(&self) -> Result<Vec<Role>, Unavailable> {
        todo!()
    }

    /// One role.
    pub async fn role(&self, id: RoleId) -> Result<Option<Role>, Unavailable> {
        let _ = id;
        todo!()
    }

    /// Makes a role.
    pub async fn create_role(&self, caller: &Caller, role: NewRole) -> Result<RoleId, AdminError> {
        let _ = (caller, role);
        todo!()
    }

    /// Makes a role what is given.
    pub async fn change_role(
        &self,
        caller: &Caller,
        id: RoleId,
        role: NewRole,
    ) -> Result<(), AdminError> {
        let _ = (caller, id, role);
        todo!()
    }

    /// Deletes a role that nobody has.
    pub async fn delete_role(&self, caller: &Caller, id: RoleId) -> Result<(), AdminError> {
        let _ = (caller, id);
        todo!()
    }
}
