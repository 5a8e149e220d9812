//! From columns to words and back.

use std::collections::BTreeMap;
use std::net::IpAddr;

use accounts::{
    ApiToken, Email, Factors, PermissionSet, RoleId, RoleRef, SecretHash, User, UserRecord,
};
use base::{ApiTokenId, UnixMicros, UserId};
use rusqlite::{Connection, Row};

use crate::error::damaged;

/// What roles are called and allow, by their numbers.
pub(crate) type Roles = BTreeMap<i64, (String, PermissionSet)>;

pub(crate) fn roles(db: &Connection) -> rusqlite::Result<Roles> {
    db.prepare_cached("select id, name, permissions from role")?
        .query_map([], |row| {
            let id: i64 = row.get(0)?;
            Ok((id, (row.get(1)?, allowed(id, row.get_ref(2)?.as_str()?))))
        })?
        .collect()
}

/// What a role allows.
pub(crate) fn allowed(id: i64, names: &str) -> PermissionSet {
    RoleId(id)
        .built_in()
        .unwrap_or_else(|| PermissionSet::from_names(names))
}

/// Columns of `account_row`: id, name, email, password, `password_at_us`, enabled, epoch, handle,
/// `created_at_us`, `signed_in_at_us`, roles, totp, `recovery_codes`, passkeys, links.
pub(crate) fn user(row: &Row<'_>, roles: &Roles) -> rusqlite::Result<UserRecord> {
    let held = role_refs(row.get(10)?, roles);
    let permissions = held
        .iter()
        .filter_map(|role| roles.get(&role.id.0))
        .fold(PermissionSet::NONE, |all, (_, one)| all.or(*one));
    let password: Option<String> = row.get(3)?;
    Ok(UserRecord {
        user: User {
            id: UserId(row.get(0)?),
            name: row.get(1)?,
            email: email(row, 2)?,
            enabled: row.get(5)?,
            roles: held,
            permissions,
            factors: Factors {
                password: password.is_some(),
                totp: row.get(11)?,
                recovery_codes: row.get(12)?,
                passkeys: row.get(13)?,
                links: row.get(14)?,
            },
            created_at: UnixMicros(row.get(8)?),
            signed_in_at: time(row, 9)?,
        },
        password,
        password_changed_at: time(row, 4)?,
        epoch: row.get(6)?,
        handle: row.get(7)?,
    })
}

/// Numbers of roles with blanks between, as they are called.
pub(crate) fn role_refs(numbers: Option<String>, roles: &Roles) -> Vec<RoleRef> {
    let numbers = numbers.unwrap_or_default();
    let mut held: Vec<RoleRef> = numbers
        .split_ascii_whitespace()
        .filter_map(|number| number.parse().ok())
        .filter_map(|id| {
            let (name, _) = roles.get(&id)?;
            Some(RoleRef {
                id: RoleId(id),
                name: name.clone(),
            })
        })
        .collect();
    held.sort_by_key(|role| role.id);
    held
}

pub(crate) fn email(row: &Row<'_>, at: usize) -> rusqlite::Result<Email> {
    Email::parse(row.get_ref(at)?.as_str()?).map_err(|_| damaged("e-mail address"))
}

pub(crate) fn time(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<UnixMicros>> {
    Ok(row.get::<_, Option<i64>>(at)?.map(UnixMicros))
}

/// An address that cannot be read is not known.
pub(crate) fn address(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<IpAddr>> {
    let text: Option<String> = row.get(at)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// Columns id, account, note, permissions, `created_at_us`, `expires_at_us`, `used_at_us`,
/// `used_from`.
pub(crate) fn token(row: &Row<'_>) -> rusqlite::Result<ApiToken> {
    let permissions: Option<String> = row.get(3)?;
    Ok(ApiToken {
        id: ApiTokenId(row.get(0)?),
        user: UserId(row.get(1)?),
        note: row.get(2)?,
        permissions: permissions.map(|names| PermissionSet::from_names(&names)),
        created_at: UnixMicros(row.get(4)?),
        expires_at: time(row, 5)?,
        used_at: time(row, 6)?,
        used_from: address(row, 7)?,
    })
}

pub(crate) fn secret(row: &Row<'_>, at: usize) -> rusqlite::Result<SecretHash> {
    row.get(at).map(SecretHash)
}

/// Cuts a list that was read with one row too many, and tells where the next one begins.
pub(crate) fn page<T>(
    mut rows: Vec<T>,
    limit: usize,
    number: impl Fn(&T) -> i64,
) -> accounts::Page<T> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(number);
    accounts::Page { rows, next }
}
