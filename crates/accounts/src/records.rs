//! What is stored beyond what anybody sees, and the outcomes of writing it.

use std::net::IpAddr;

use base::{ApiTokenId, SessionId, UnixMicros, UserId};
use facts::FactId;

use crate::{ApiToken, AuditId, Email, RoleId, SecretHash, User};

/// How an account is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserKey {
    /// By its number.
    Id(UserId),
    /// By [`Email::key`].
    Email(String),
    /// By the name under which passkeys know it.
    Handle([u8; 16]),
}

/// An account with what opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// As others see it.
    pub user: User,
    /// Its password's hash in PHC form.
    pub password: Option<String>,
    /// Since when the password is what it is.
    pub password_changed_at: Option<UnixMicros>,
    /// Grows when all sessions are to end: those of an older one are void.
    pub epoch: i64,
    /// By chance, never changed: the name under which passkeys know it.
    pub handle: [u8; 16],
}

/// An account to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// What the person is called.
    pub name: String,
    /// The address, verified.
    pub email: Email,
    /// The password's hash in PHC form.
    pub password: Option<String>,
    /// By chance.
    pub handle: [u8; 16],
    /// What it comes from.
    pub origin: Origin,
}

/// What an account comes from; decides its roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The set-up link: an administrator, and only if nobody else is there.
    SetUp,
    /// An invitation, which is used up: its roles.
    Invitation(SecretHash),
    /// Sign-up, with these roles.
    SignUp(Vec<RoleId>),
    /// A provider, which is linked, with these roles.
    Provider(NewLink, Vec<RoleId>),
    /// A provider, which is linked, and an invitation for the address, which is used up: its roles.
    InvitedProvider(NewLink),
}

/// What became of a new account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsertUser {
    /// It is there.
    Made(UserId),
    /// Another one has its address.
    EmailTaken,
    /// The provider's account is linked to another one.
    LinkTaken,
    /// There are accounts already, or there is no such invitation.
    Gone,
}

/// What became of a new row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is there, under this number.
    Made(i64),
    /// Another row has what must be unique.
    Taken,
    /// What it belongs to does not exist.
    Gone,
}

/// How an account is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserChange {
    /// Another name.
    Name(String),
    /// Another address. May be `Taken`.
    Email(Email),
    /// Another password's hash; the epoch grows.
    Password(String),
    /// No password. May be `LastWayIn`.
    NoPassword,
    /// May sign in, or may not, in which case the epoch grows. May be `LastAdministrator`.
    Enabled(bool),
    /// Exactly these roles. May be `LastAdministrator`; `Gone` when one of them does not exist.
    Roles(Vec<RoleId>),
    /// No account. May be `LastAdministrator`.
    Delete,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Done; the account's epoch is this now (of other rows: 0).
    Done(i64),
    /// There is no such row.
    Unknown,
    /// Another row has what must be unique.
    Taken,
    /// Something refers to it.
    InUse,
    /// What it refers to does not exist.
    Gone,
    /// The only enabled administrator.
    LastAdministrator,
    /// The only one of password, passkeys and links.
    LastWayIn,
}

/// A token with the hash of its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// As others see it.
    pub token: ApiToken,
    /// SHA-256 of its secret.
    pub secret: SecretHash,
}

/// The last use of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenUse {
    /// Which.
    pub token: ApiTokenId,
    /// When.
    pub at: UnixMicros,
    /// From where.
    pub address: Option<IpAddr>,
}

/// An authenticator app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotpRecord {
    /// Its key, encrypted.
    pub sealed: Vec<u8>,
    /// The last step of time whose code was used.
    pub last_step: u64,
}

/// A passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyRecord {
    /// Its number.
    pub id: i64,
    /// What its owner calls it.
    pub name: String,
    /// The credential with its public key and counter, as JSON.
    pub credential: String,
    /// When it was added.
    pub created_at: UnixMicros,
    /// When it last signed in.
    pub used_at: Option<UnixMicros>,
}

/// A passkey to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPasskey {
    /// Whose.
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    /// The credential's id, unique among all.
    pub credential_id: Vec<u8>,
    /// The credential with its public key and counter, as JSON.
    pub credential: String,
}

/// A provider's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLink {
    /// The provider.
    pub issuer: String,
    /// Its name for the account: never given to another (OpenID Connect Core §2).
    pub subject: String,
    /// The address that it told.
    pub email: Option<String>,
}

/// An invitation to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvitation {
    /// Who is invited.
    pub email: Email,
    /// With which roles; ones that do not exist are left out.
    pub roles: Vec<RoleId>,
    /// Who invites.
    pub invited_by: Option<UserId>,
    /// SHA-256 of the link's secret.
    pub secret: SecretHash,
    /// Until when.
    pub expires_at: UnixMicros,
}

/// An entry of the trail as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its number.
    pub id: AuditId,
    /// The columns by which it is found: they must say what the bytes say.
    pub at: UnixMicros,
    /// Whose account acted.
    pub user: Option<UserId>,
    /// The account's name, while it exists.
    pub user_name: Option<String>,
    /// What was done.
    pub act: String,
    /// To what.
    pub target: String,
    /// What is sealed.
    pub bytes: Vec<u8>,
    /// The fact.
    pub fact: FactId,
}

/// A session to be begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    /// Whose.
    pub user: UserId,
    /// SHA-256 of the cookie.
    pub secret: SecretHash,
    /// The account's epoch.
    pub epoch: i64,
    /// "Firefox on Linux".
    pub device: String,
    /// Dangerous acts are allowed until then.
    pub fresh_until: UnixMicros,
    /// Now, until when, from where.
    pub seen: SessionSeen,
}

/// A session's last use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionSeen {
    /// When.
    pub at: UnixMicros,
    /// From where.
    pub address: Option<IpAddr>,
    /// Until when it lasts now.
    pub expires_at: UnixMicros,
}

/// A session as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// Its number.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// The account's epoch when it was begun.
    pub epoch: i64,
    /// When it was begun.
    pub created_at: UnixMicros,
    /// When it was last noted as used.
    pub seen_at: UnixMicros,
    /// Until when it lasts.
    pub expires_at: UnixMicros,
    /// Dangerous acts are allowed until then.
    pub fresh_until: UnixMicros,
}
