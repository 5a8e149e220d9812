//! From columns to words and back.

use std::collections::BTreeMap;
use std::net::IpAddr;

use accounts::{ApiToken, Email, Factors, Page, PermissionSet, RoleId, RoleRef, User, UserRecord};
use base::{ApiTokenId, Unavailable, UnixMicros, UserId};
use sqlx::PgExecutor;

use crate::error::{broken, unavailable};

/// What roles are called and allow, by their numbers.
pub(super) type Roles = BTreeMap<i64, (String, PermissionSet)>;

pub(super) async fn roles(executor: impl PgExecutor<'_>) -> Result<Roles, Unavailable> {
    let rows = sqlx::query!("select id, name, permissions from role")
        .fetch_all(executor)
        .await
        .map_err(unavailable)?;
    let roles = rows.into_iter();
    Ok(roles
        .map(|row| (row.id, (row.name, allowed(row.id, &row.permissions))))
        .collect())
}

/// What a role allows.
pub(super) fn allowed(id: i64, names: &str) -> PermissionSet {
    RoleId(id)
        .built_in()
        .unwrap_or_else(|| PermissionSet::from_names(names))
}

/// A row of `account_row`.
pub(super) struct UserRow {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) password: Option<String>,
    pub(super) password_at_us: Option<i64>,
    pub(super) enabled: bool,
    pub(super) epoch: i64,
    pub(super) handle: Vec<u8>,
    pub(super) created_at_us: i64,
    pub(super) signed_in_at_us: Option<i64>,
    pub(super) roles: Vec<i64>,
    pub(super) totp: bool,
    pub(super) recovery_codes: i64,
    pub(super) passkeys: i64,
    pub(super) links: i64,
}

impl UserRow {
    pub(super) fn record(self, roles: &Roles) -> Result<UserRecord, Unavailable> {
        let permissions = self
            .roles
            .iter()
            .filter_map(|id| roles.get(id))
            .fold(PermissionSet::NONE, |all, (_, one)| all.or(*one));
        Ok(UserRecord {
            user: User {
                id: UserId(self.id),
                name: self.name,
                email: email(&self.email)?,
                enabled: self.enabled,
                roles: role_refs(&self.roles, roles),
                permissions,
                factors: Factors {
                    password: self.password.is_some(),
                    totp: self.totp,
                    recovery_codes: count(self.recovery_codes),
                    passkeys: count(self.passkeys),
                    links: count(self.links),
                },
                created_at: UnixMicros(self.created_at_us),
                signed_in_at: self.signed_in_at_us.map(UnixMicros),
            },
            password: self.password,
            password_changed_at: self.password_at_us.map(UnixMicros),
            epoch: self.epoch,
            handle: self
                .handle
                .try_into()
                .map_err(|_| broken("an account's handle"))?,
        })
    }
}

/// Roles as they are called, by their numbers.
pub(super) fn role_refs(numbers: &[i64], roles: &Roles) -> Vec<RoleRef> {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    let held = numbers.into_iter().filter_map(|id| {
        let (name, _) = roles.get(&id)?;
        Some(RoleRef {
            id: RoleId(id),
            name: name.clone(),
        })
    });
    held.collect()
}

pub(super) fn email(text: &str) -> Result<Email, Unavailable> {
    Email::parse(text).map_err(|_| broken("an e-mail address"))
}

/// An address that cannot be read is not known.
pub(crate) fn address(text: Option<String>) -> Option<IpAddr> {
    text.and_then(|text| text.parse().ok())
}

pub(crate) fn count(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A row of `api_token` without its secret.
pub(super) struct TokenRow {
    pub(super) id: i64,
    pub(super) account: i64,
    pub(super) note: String,
    pub(super) permissions: Option<String>,
    pub(super) created_at_us: i64,
    pub(super) expires_at_us: Option<i64>,
    pub(super) used_at_us: Option<i64>,
    pub(super) used_from: Option<String>,
}

impl TokenRow {
    pub(super) fn token(self) -> ApiToken {
        ApiToken {
            id: ApiTokenId(self.id),
            user: UserId(self.account),
            note: self.note,
            permissions: self
                .permissions
                .map(|names| PermissionSet::from_names(&names)),
            created_at: UnixMicros(self.created_at_us),
            expires_at: self.expires_at_us.map(UnixMicros),
            used_at: self.used_at_us.map(UnixMicros),
            used_from: address(self.used_from),
        }
    }
}

/// How many rows to read for a page: one too many tells whether there are more.
pub(crate) fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

/// Cuts a list that was read with one row too many, and tells where the next one begins.
pub(crate) fn page<T>(mut rows: Vec<T>, limit: usize, number: impl Fn(&T) -> i64) -> Page<T> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(number);
    Page { rows, next }
}
