//! Roles: sets of permissions with a name.

use crate::{Invalid, Permission, PermissionSet, invalid};

/// Asks sources and keeps the lists, but decides neither whom the desk asks nor with whose secrets.
const ANALYST: [Permission; 6] = [
    Permission::OverviewRead,
    Permission::LookupsRead,
    Permission::LookupsWrite,
    Permission::SourcesRead,
    Permission::ListsRead,
    Permission::ListsWrite,
];
/// Writes about what analysts found.
const EDITOR: [Permission; 2] = [Permission::OverviewRead, Permission::LookupsRead];

/// The number of a role. The first four are built in; numbers are never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleId(pub i64);

impl RoleId {
    /// May do everything, also what later versions add. One enabled account has it at any time.
    pub const ADMINISTRATOR: Self = Self(1);
    /// Works at the desk.
    pub const ANALYST: Self = Self(2);
    /// Writes for the site.
    pub const EDITOR: Self = Self(3);
    /// Reads what everybody who is signed in may read.
    pub const READER: Self = Self(4);

    /// What a built-in role allows; `None` for a role whose permissions are stored. Built-in ones
    /// are not stored, so that a new version can give them what it adds.
    pub fn built_in(self) -> Option<PermissionSet> {
        match self {
            Self::ADMINISTRATOR => Some(PermissionSet::all()),
            Self::ANALYST => Some(ANALYST.into_iter().collect()),
            Self::EDITOR => Some(EDITOR.into_iter().collect()),
            Self::READER => Some(PermissionSet::NONE),
            Self(_) => None,
        }
    }
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its number.
    pub id: RoleId,
    /// Its name: small letters, digits and hyphens.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// What it allows.
    pub permissions: PermissionSet,
    /// How many accounts have it.
    pub members: u32,
}

/// A role that is asked for, or as one is to be from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRole {
    /// Its name: 1 to 40 small letters, digits and hyphens.
    pub name: String,
    /// What it is for; one line of at most 200 characters, or nothing.
    pub about: String,
    /// What it allows.
    pub permissions: PermissionSet,
}

impl NewRole {
    /// The role with tidy texts, or what is wrong with it.
    pub(crate) fn checked(self) -> Result<Self, Invalid> {
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if self.name.is_empty() || self.name.len() > 40 || !self.name.bytes().all(is_name) {
            return Err(Invalid::RoleName);
        }
        let about = match self.about.trim() {
            "" => String::new(),
            text => invalid::line(text, 200, Invalid::RoleAbout)?,
        };
        Ok(Self { about, ..self })
    }
}
