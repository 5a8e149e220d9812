//! People, as the product knows them: who somebody is, and what they may do.

use std::net::IpAddr;
use std::sync::Arc;

use base::{Actor, ApiTokenId, SessionId, UnixMicros, UserId, Who};

use crate::records::PasskeyRecord;
use crate::{Email, Invalid, Permission, PermissionSet, Role, RoleId, invalid};

/// Most letters of a name.
const NAME_LETTERS_MAX: usize = 100;

/// What a person is called. One line, 1 to 100 characters.
pub(crate) fn name(text: &str) -> Result<String, Invalid> {
    invalid::line(text, NAME_LETTERS_MAX, Invalid::Name)
}

/// An account, as administrators and its owner see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its number.
    pub id: UserId,
    /// What the person is called.
    pub name: String,
    /// Where mail goes, and what is typed to sign in.
    pub email: Email,
    /// Whether it may sign in.
    pub enabled: bool,
    /// Its roles, in the order of their numbers.
    pub roles: Vec<RoleRef>,
    /// What all roles together allow.
    pub permissions: PermissionSet,
    /// Which ways in it has.
    pub factors: Factors,
    /// When it was made.
    pub created_at: UnixMicros,
    /// When somebody last signed in; `None` for never.
    pub signed_in_at: Option<UnixMicros>,
}

/// A role in passing: its number and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRef {
    /// Its number.
    pub id: RoleId,
    /// Its name.
    pub name: String,
}

/// The ways into an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Factors {
    /// It has a password.
    pub password: bool,
    /// An authenticator app is asked for after password or code.
    pub totp: bool,
    /// Recovery codes that are left.
    pub recovery_codes: u32,
    /// How many passkeys.
    pub passkeys: u32,
    /// How many providers are linked.
    pub links: u32,
}

/// Who acts and what they may do: an account, cut down to what its API token allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The account.
    pub id: UserId,
    /// What the person is called.
    pub name: String,
    /// The person's address.
    pub email: Email,
    /// The roles' names.
    pub roles: Vec<String>,
    /// What may be done in this session or with this token.
    pub permissions: PermissionSet,
    /// Whether an authenticator app is asked for.
    pub totp: bool,
}

impl Principal {
    /// Whether `permission` is given.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.has(permission)
    }
}

/// Somebody who is signed in and asks for something: what every act of an account takes.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who, from where, in which request: as the trail has it.
    pub actor: Actor,
    /// Whose account, and what it may do.
    pub user: Arc<Principal>,
    /// Until when dangerous acts are allowed; `None` when the way in allows none.
    pub fresh_until: Option<UnixMicros>,
}

impl Caller {
    /// Whoever's browser shows the cookie of `session`, in the request named `request`.
    pub fn in_session(session: &Session, address: Option<IpAddr>, request: Option<String>) -> Self {
        Self {
            actor: Actor {
                who: Who::Person(session.user.id, session.id),
                address,
                request,
            },
            user: Arc::clone(&session.user),
            fresh_until: Some(session.fresh_until),
        }
    }

    /// Whoever called with an `Authorization` header.
    pub fn by_header(
        header: &Authenticated,
        address: Option<IpAddr>,
        request: Option<String>,
    ) -> Self {
        Self {
            actor: Actor {
                who: header.who,
                address,
                request,
            },
            user: Arc::clone(&header.user),
            // A password that comes with every request is as fresh as can be; a token is no proof
            // of who holds it.
            fresh_until: matches!(header.who, Who::Password(_)).then_some(UnixMicros(i64::MAX)),
        }
    }

    /// The session, if a person acts in a browser.
    pub fn session(&self) -> Option<SessionId> {
        match self.actor.who {
            Who::Person(_, session) => Some(session),
            _ => None,
        }
    }
}

/// A session, as the request that carries its cookie sees it.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// Whose it is, and what they may do.
    pub user: Arc<Principal>,
    /// When it was begun.
    pub created_at: UnixMicros,
    /// When it ends if nothing is done.
    pub expires_at: UnixMicros,
    /// Dangerous acts need no new proof of identity until then.
    pub fresh_until: UnixMicros,
}

impl Session {
    /// Whether a password, code or passkey was shown a short while ago.
    pub fn is_fresh(&self, now: UnixMicros) -> bool {
        now < self.fresh_until
    }
}

/// A session in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its number.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// "Firefox on Linux".
    pub device: String,
    /// From where it was last used; `None` when it is not known.
    pub address: Option<IpAddr>,
    /// When it was begun.
    pub created_at: UnixMicros,
    /// When it was last used, to the hour.
    pub seen_at: UnixMicros,
    /// When it ends if nothing is done.
    pub expires_at: UnixMicros,
}

/// Who called with an `Authorization` header.
#[derive(Clone, Debug)]
pub struct Authenticated {
    /// [`Who::Program`] or [`Who::Password`].
    pub who: Who,
    /// Whose account, and what it may do.
    pub user: Arc<Principal>,
}

/// An API token in a list. Its secret was shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its number, which its text begins with.
    pub id: ApiTokenId,
    /// Whose it is.
    pub user: UserId,
    /// What it is for.
    pub note: String,
    /// What it may do, as far as its owner may; `None` is everything that its owner may.
    pub permissions: Option<PermissionSet>,
    /// When it was made.
    pub created_at: UnixMicros,
    /// When it ends; `None` for never.
    pub expires_at: Option<UnixMicros>,
    /// When it was last used, to the minute.
    pub used_at: Option<UnixMicros>,
    /// From where it was last used.
    pub used_from: Option<IpAddr>,
}

/// An API token that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// What it is for; one line, 1 to 100 characters.
    pub note: String,
    /// What it may do; `None` is everything that its owner may, also later.
    pub permissions: Option<PermissionSet>,
    /// When it ends; `None` for never.
    pub expires_at: Option<UnixMicros>,
}

/// Somebody who makes an account.
#[derive(Clone)]
pub struct NewPerson {
    /// What the person is called.
    pub name: String,
    /// The address.
    pub email: String,
    /// The password.
    pub password: String,
}

/// Rows of a list, and where the next ones begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// At most as many as were asked for.
    pub rows: Vec<T>,
    /// Handed back to get the rows after these; `None` when there are none.
    pub next: Option<i64>,
}

/// Which accounts to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Part of name or address, without case.
    pub text: Option<String>,
    /// Only those with this role.
    pub role: Option<RoleId>,
    /// Only those that may, or may not, sign in.
    pub enabled: Option<bool>,
}

/// An invitation that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its number.
    pub id: i64,
    /// Who is invited.
    pub email: Email,
    /// With which roles.
    pub roles: Vec<RoleRef>,
    /// Who invited; `None` when that account is gone or it was the command line.
    pub invited_by: Option<UserId>,
    /// When.
    pub created_at: UnixMicros,
    /// Until when it can be accepted.
    pub expires_at: UnixMicros,
}

/// A passkey in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyRow {
    /// Its number.
    pub id: i64,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub created_at: UnixMicros,
    /// When it last signed in.
    pub used_at: Option<UnixMicros>,
}

/// A provider's account that signs in to one of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRow {
    /// Its number.
    pub id: i64,
    /// The provider's issuer URL.
    pub issuer: String,
    /// The provider's name as it is configured now; `None` when it no longer is.
    pub provider: Option<String>,
    /// The address that the provider told.
    pub email: Option<String>,
    /// When it was linked.
    pub created_at: UnixMicros,
}

impl From<PasskeyRecord> for PasskeyRow {
    fn from(record: PasskeyRecord) -> Self {
        Self {
            id: record.id,
            name: record.name,
            created_at: record.created_at,
            used_at: record.used_at,
        }
    }
}

impl From<Role> for RoleRef {
    fn from(role: Role) -> Self {
        Self {
            id: role.id,
            name: role.name,
        }
    }
}
