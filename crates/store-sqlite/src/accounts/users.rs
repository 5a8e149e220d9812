//! Accounts: made, found, changed.

use accounts::{
    Changed, Email, InsertUser, NewEntry, NewLink, NewUser, Origin, Page, RoleId, User, UserChange,
    UserFilter, UserKey, UserRecord,
};
use base::{UnixMicros, UserId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows::{page, roles, user as user_row};
use super::{is_last_administrator, ways_in};
use crate::audit;
use crate::rows::signed;

pub(super) fn any(db: &Connection) -> rusqlite::Result<bool> {
    db.prepare_cached("select exists (select 1 from account)")?
        .query_row([], |row| row.get(0))
}

pub(super) fn insert(
    tx: &Connection,
    user: &NewUser,
    entry: &NewEntry,
) -> rusqlite::Result<InsertUser> {
    let now = entry.at;
    let key = user.email.key();
    let roles = match &user.origin {
        Origin::SetUp if any(tx)? => return Ok(InsertUser::Gone),
        Origin::SetUp => vec![RoleId::ADMINISTRATOR.0],
        Origin::SignUp(roles) | Origin::Provider(_, roles) => {
            roles.iter().map(|role| role.0).collect()
        }
        Origin::Invitation(secret) => {
            let found = tx
                .prepare_cached(
                    "select id from invitation
                     where sha256 = ?1 and email_key = ?2 and expires_at_us > ?3",
                )?
                .query_row(params![secret.0, key, now.0], |row| row.get(0))
                .optional()?;
            match found {
                Some(invitation) => invited_roles(tx, invitation)?,
                None => return Ok(InsertUser::Gone),
            }
        }
        Origin::InvitedProvider(_) => {
            let found = tx
                .prepare_cached(
                    "select id from invitation where email_key = ?1 and expires_at_us > ?2",
                )?
                .query_row(params![key, now.0], |row| row.get(0))
                .optional()?;
            match found {
                Some(invitation) => invited_roles(tx, invitation)?,
                None => return Ok(InsertUser::Gone),
            }
        }
    };
    let email_taken: bool = tx
        .prepare_cached("select exists (select 1 from account where email_key = ?1)")?
        .query_row([key], |row| row.get(0))?;
    if email_taken {
        return Ok(InsertUser::EmailTaken);
    }
    let link = match &user.origin {
        Origin::Provider(link, _) | Origin::InvitedProvider(link) => Some(link),
        _ => None,
    };
    if let Some(link) = link
        && linked(tx, &link.issuer, &link.subject)?.is_some()
    {
        return Ok(InsertUser::LinkTaken);
    }
    let id = tx
        .prepare_cached(
            "insert into account (name, email, email_key, search, password, password_at_us,
                 enabled, epoch, handle, created_at_us)
             values (?1, ?2, ?3, ?4, ?5, ?6, 1, 0, ?7, ?8)",
        )?
        .insert(params![
            user.name,
            user.email.as_str(),
            key,
            search(&user.name, &user.email),
            user.password,
            user.password.as_ref().map(|_| now.0),
            user.handle,
            now.0,
        ])?;
    give_roles(tx, id, &roles)?;
    if let Some(link) = link {
        insert_link(tx, id, link, now)?;
    }
    // Whoever has the address needs no invitation any more.
    tx.prepare_cached("delete from invitation where email_key = ?1")?
        .execute([key])?;
    audit::write(tx, entry, Some(id))?;
    Ok(InsertUser::Made(UserId(id)))
}

fn invited_roles(tx: &Connection, invitation: i64) -> rusqlite::Result<Vec<i64>> {
    tx.prepare_cached("select role from invitation_role where invitation = ?1 order by role")?
        .query_map([invitation], |row| row.get(0))?
        .collect()
}

/// Roles that do not exist are left out.
fn give_roles(tx: &Connection, account: i64, roles: &[i64]) -> rusqlite::Result<usize> {
    let mut insert = tx.prepare_cached(
        "insert into account_role (account, role) select ?1, id from role where id = ?2
         on conflict do nothing",
    )?;
    roles
        .iter()
        .map(|role| insert.execute(params![account, role]))
        .sum()
}

pub(super) fn insert_link(
    tx: &Connection,
    account: i64,
    link: &NewLink,
    now: UnixMicros,
) -> rusqlite::Result<i64> {
    tx.prepare_cached(
        "insert into oidc_link (account, issuer, subject, email, created_at_us)
         values (?1, ?2, ?3, ?4, ?5)",
    )?
    .insert(params![
        account,
        link.issuer,
        link.subject,
        link.email,
        now.0
    ])
}

pub(super) fn linked(
    db: &Connection,
    issuer: &str,
    subject: &str,
) -> rusqlite::Result<Option<UserId>> {
    db.prepare_cached("select account from oidc_link where issuer = ?1 and subject = ?2")?
        .query_row([issuer, subject], |row| row.get(0).map(UserId))
        .optional()
}

pub(super) fn find(db: &Connection, key: &UserKey) -> rusqlite::Result<Option<UserRecord>> {
    let roles = roles(db)?;
    let read = |row: &rusqlite::Row<'_>| user_row(row, &roles);
    match key {
        UserKey::Id(id) => db
            .prepare_cached(
                "select id, name, email, password, password_at_us, enabled, epoch, handle,
                     created_at_us, signed_in_at_us, roles, totp, recovery_codes, passkeys, links
                 from account_row where id = ?1",
            )?
            .query_row([id.0], read)
            .optional(),
        UserKey::Email(key) => db
            .prepare_cached(
                "select id, name, email, password, password_at_us, enabled, epoch, handle,
                     created_at_us, signed_in_at_us, roles, totp, recovery_codes, passkeys, links
                 from account_row where email_key = ?1",
            )?
            .query_row([key], read)
            .optional(),
        UserKey::Handle(handle) => db
            .prepare_cached(
                "select id, name, email, password, password_at_us, enabled, epoch, handle,
                     created_at_us, signed_in_at_us, roles, totp, recovery_codes, passkeys, links
                 from account_row where handle = ?1",
            )?
            .query_row([handle], read)
            .optional(),
    }
}

pub(super) fn list(
    db: &Connection,
    filter: &UserFilter,
    before: Option<i64>,
    limit: usize,
) -> rusqlite::Result<Page<User>> {
    let roles = roles(db)?;
    let rows = db
        .prepare_cached(
            "select id, name, email, password, password_at_us, enabled, epoch, handle,
                 created_at_us, signed_in_at_us, roles, totp, recovery_codes, passkeys, links
             from account_row
             where id < ?1
                 and (?2 is null or instr(search, ?2) > 0)
                 and (?3 is null or enabled = ?3)
                 and (?4 is null or exists (
                     select 1 from account_role where account = account_row.id and role = ?4))
             order by id desc
             limit ?5",
        )?
        .query_map(
            params![
                before.unwrap_or(i64::MAX),
                filter.text,
                filter.enabled,
                filter.role.map(|role| role.0),
                signed(limit as u64).saturating_add(1),
            ],
            |row| user_row(row, &roles).map(|record| record.user),
        )?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(page(rows, limit, |user| user.id.0))
}

/// Name and address as they are searched.
fn search(name: &str, email: &Email) -> String {
    format!("{} {}", name.to_lowercase(), email.key())
}

/// Every refusal is found before the first write.
pub(super) fn change(
    tx: &Connection,
    id: UserId,
    change: &UserChange,
    entry: &NewEntry,
) -> rusqlite::Result<Changed> {
    let Some(record) = find(tx, &UserKey::Id(id))? else {
        return Ok(Changed::Unknown);
    };
    let account = id.0;
    match change {
        UserChange::Name(name) => {
            tx.prepare_cached("update account set name = ?2, search = ?3 where id = ?1")?
                .execute(params![account, name, search(name, &record.user.email)])?;
        }
        UserChange::Email(email) => {
            let taken: bool = tx
                .prepare_cached(
                    "select exists (select 1 from account where email_key = ?1 and id <> ?2)",
                )?
                .query_row(params![email.key(), account], |row| row.get(0))?;
            if taken {
                return Ok(Changed::Taken);
            }
            tx.prepare_cached(
                "update account set email = ?2, email_key = ?3, search = ?4 where id = ?1",
            )?
            .execute(params![
                account,
                email.as_str(),
                email.key(),
                search(&record.user.name, email),
            ])?;
        }
        UserChange::Password(hash) => {
            tx.prepare_cached(
                "update account set password = ?2, password_at_us = ?3, epoch = epoch + 1
                 where id = ?1",
            )?
            .execute(params![account, hash, entry.at.0])?;
        }
        UserChange::NoPassword => {
            if record.password.is_none() {
                return Ok(Changed::Unknown);
            }
            if ways_in(tx, account)? == 1 {
                return Ok(Changed::LastWayIn);
            }
            tx.prepare_cached(
                "update account set password = null, password_at_us = null where id = ?1",
            )?
            .execute([account])?;
        }
        UserChange::Enabled(enabled) => {
            if !enabled && is_last_administrator(tx, account)? {
                return Ok(Changed::LastAdministrator);
            }
            tx.prepare_cached(
                "update account set enabled = ?2, epoch = epoch + (1 - ?2) where id = ?1",
            )?
            .execute(params![account, enabled])?;
        }
        UserChange::Roles(roles) => {
            let stays = roles.contains(&RoleId::ADMINISTRATOR);
            if !stays && is_last_administrator(tx, account)? {
                return Ok(Changed::LastAdministrator);
            }
            let numbers: Vec<i64> = roles.iter().map(|role| role.0).collect();
            if !all_exist(tx, &numbers)? {
                return Ok(Changed::Gone);
            }
            tx.prepare_cached("delete from account_role where account = ?1")?
                .execute([account])?;
            give_roles(tx, account, &numbers)?;
        }
        UserChange::Delete => {
            if is_last_administrator(tx, account)? {
                return Ok(Changed::LastAdministrator);
            }
            tx.prepare_cached("delete from account where id = ?1")?
                .execute([account])?;
        }
    }
    audit::write(tx, entry, None)?;
    let epoch = find(tx, &UserKey::Id(id))?.map_or(0, |record| record.epoch);
    Ok(Changed::Done(epoch))
}

fn all_exist(tx: &Connection, roles: &[i64]) -> rusqlite::Result<bool> {
    let mut find = tx.prepare_cached("select exists (select 1 from role where id = ?1)")?;
    for role in roles {
        if !find.query_row([role], |row| row.get::<_, bool>(0))? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn rehash(tx: &Connection, id: UserId, old: &str, new: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("update account set password = ?3 where id = ?1 and password = ?2")?
        .execute(params![id.0, old, new])?;
    Ok(())
}

pub(super) fn signed_in(tx: &Connection, id: UserId, entry: &NewEntry) -> rusqlite::Result<()> {
    tx.prepare_cached("update account set signed_in_at_us = ?2 where id = ?1")?
        .execute(params![id.0, entry.at.0])?;
    audit::write(tx, entry, None)?;
    Ok(())
}
