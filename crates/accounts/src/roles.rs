//! What administrators do with roles.

use base::Unavailable;
use serde_json::json;

use crate::accounts::{made, target};
use crate::admin::admin_change;
use crate::records::Inserted;
use crate::{Accounts, AdminError, Caller, NewRole, Role, RoleId};

impl Accounts {
    /// All roles: the built-in ones, then the others in the order in which they were made.
    pub async fn roles(&self) -> Result<Vec<Role>, Unavailable> {
        self.store.roles().await
    }

    /// One role.
    pub async fn role(&self, id: RoleId) -> Result<Option<Role>, Unavailable> {
        let roles = self.store.roles().await?;
        Ok(roles.into_iter().find(|role| role.id == id))
    }

    /// Makes a role.
    pub async fn create_role(&self, caller: &Caller, role: NewRole) -> Result<RoleId, AdminError> {
        let role = role.checked()?;
        if !caller.user.permissions.covers(role.permissions) {
            return Err(AdminError::Beyond);
        }
        let entry = self.entry(&caller.actor, "role.make", made("role"), details(&role));
        match self.store.insert_role(role, entry).await? {
            Inserted::Made(id) => {
                self.written();
                Ok(RoleId(id))
            }
            Inserted::Taken | Inserted::Gone => Err(AdminError::Taken),
        }
    }

    /// Makes a role what is given.
    pub async fn change_role(
        &self,
        caller: &Caller,
        id: RoleId,
        role: NewRole,
    ) -> Result<(), AdminError> {
        let role = role.checked()?;
        let old = self.changeable(caller, id).await?;
        if !caller.user.permissions.covers(role.permissions) {
            return Err(AdminError::Beyond);
        }
        let mut details = details(&role);
        details.push(("had", json!(old.permissions.names())));
        let entry = self.entry(&caller.actor, "role.change", target("role", id.0), details);
        admin_change(self.store.change_role(id, role, entry).await?)?;
        self.written();
        self.rights_changed(None).await;
        Ok(())
    }

    /// Deletes a role that nobody has.
    pub async fn delete_role(&self, caller: &Caller, id: RoleId) -> Result<(), AdminError> {
        let old = self.changeable(caller, id).await?;
        let details = vec![("name", json!(old.name))];
        let entry = self.entry(&caller.actor, "role.delete", target("role", id.0), details);
        admin_change(self.store.delete_role(id, entry).await?)?;
        self.written();
        Ok(())
    }

    /// A role that can be changed, and that allows nothing which the caller may not do.
    async fn changeable(&self, caller: &Caller, id: RoleId) -> Result<Role, AdminError> {
        if id.built_in().is_some() {
            return Err(AdminError::BuiltIn);
        }
        let role = self.role(id).await?.ok_or(AdminError::Unknown)?;
        if !caller.user.permissions.covers(role.permissions) {
            return Err(AdminError::Beyond);
        }
        Ok(role)
    }
}

fn details(role: &NewRole) -> crate::Details {
    vec![
        ("name", json!(role.name)),
        ("permissions", json!(role.permissions.names())),
    ]
}
