//! Invitations that wait.

use accounts::{Inserted, Invitation, NewEntry, NewInvitation, Page, SecretHash};
use base::{UnixMicros, UserId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::rows::{Roles, email, page, role_refs, roles};
use crate::audit;
use crate::rows::signed;

pub(super) fn put(
    tx: &Connection,
    new: &NewInvitation,
    entry: &NewEntry,
) -> rusqlite::Result<Inserted> {
    let taken: bool = tx
        .prepare_cached("select exists (select 1 from account where email_key = ?1)")?
        .query_row([new.email.key()], |row| row.get(0))?;
    if taken {
        return Ok(Inserted::Taken);
    }
    tx.prepare_cached("delete from invitation where email_key = ?1")?
        .execute([new.email.key()])?;
    let id = tx
        .prepare_cached(
            "insert into invitation (email, email_key, sha256, invited_by, created_at_us,
                 expires_at_us)
             values (?1, ?2, ?3, (select id from account where id = ?4), ?5, ?6)",
        )?
        .insert(params![
            new.email.as_str(),
            new.email.key(),
            new.secret.0,
            new.invited_by.map(|user| user.0),
            entry.at.0,
            new.expires_at.0,
        ])?;
    let mut insert = tx.prepare_cached(
        "insert into invitation_role (invitation, role) select ?1, id from role where id = ?2
         on conflict do nothing",
    )?;
    for role in &new.roles {
        insert.execute([id, role.0])?;
    }
    audit::write(tx, entry, Some(id))?;
    Ok(Inserted::Made(id))
}

/// Columns id, email, `invited_by`, `created_at_us`, `expires_at_us`, roles.
fn invitation(row: &Row<'_>, roles: &Roles) -> rusqlite::Result<Invitation> {
    Ok(Invitation {
        id: row.get(0)?,
        email: email(row, 1)?,
        invited_by: row.get::<_, Option<i64>>(2)?.map(UserId),
        created_at: UnixMicros(row.get(3)?),
        expires_at: UnixMicros(row.get(4)?),
        roles: role_refs(row.get(5)?, roles),
    })
}

pub(super) fn find(
    db: &Connection,
    secret: SecretHash,
    now: UnixMicros,
) -> rusqlite::Result<Option<Invitation>> {
    let roles = roles(db)?;
    db.prepare_cached(
        "select id, email, invited_by, created_at_us, expires_at_us,
             (select group_concat(role, ' ') from invitation_role where invitation = invitation.id)
         from invitation where sha256 = ?1 and expires_at_us > ?2",
    )?
    .query_row(params![secret.0, now.0], |row| invitation(row, &roles))
    .optional()
}

pub(super) fn list(
    db: &Connection,
    before: Option<i64>,
    limit: usize,
    now: UnixMicros,
) -> rusqlite::Result<Page<Invitation>> {
    let roles = roles(db)?;
    let rows = db
        .prepare_cached(
            "select id, email, invited_by, created_at_us, expires_at_us,
                 (select group_concat(role, ' ') from invitation_role
                  where invitation = invitation.id)
             from invitation where id < ?1 and expires_at_us > ?2 order by id desc limit ?3",
        )?
        .query_map(
            [
                before.unwrap_or(i64::MAX),
                now.0,
                signed(limit as u64).saturating_add(1),
            ],
            |row| invitation(row, &roles),
        )?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(page(rows, limit, |invitation| invitation.id))
}

pub(super) fn delete(tx: &Connection, id: i64, entry: &NewEntry) -> rusqlite::Result<bool> {
    let deleted = tx
        .prepare_cached("delete from invitation where id = ?1")?
        .execute([id])?;
    if deleted == 1 {
        audit::write(tx, entry, None)?;
    }
    Ok(deleted == 1)
}

/// Deletes what has expired.
pub(super) fn sweep(tx: &Connection, now: UnixMicros, limit: usize) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "delete from invitation where id in (
             select id from invitation where expires_at_us <= ?1 limit ?2)",
    )?
    .execute([now.0, signed(limit as u64)])
}
