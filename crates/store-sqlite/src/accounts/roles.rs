//! Roles.

use accounts::{Changed, Inserted, NewEntry, NewRole, Role, RoleId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows::allowed;
use crate::audit;

pub(super) fn list(db: &Connection) -> rusqlite::Result<Vec<Role>> {
    db.prepare_cached(
        "select id, name, about, permissions,
             (select count(*) from account_role where role = role.id)
         from role
         order by id",
    )?
    .query_map([], |row| {
        let id: i64 = row.get(0)?;
        Ok(Role {
            id: RoleId(id),
            name: row.get(1)?,
            about: row.get(2)?,
            permissions: allowed(id, row.get_ref(3)?.as_str()?),
            members: row.get(4)?,
        })
    })?
    .collect()
}

fn named(tx: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    tx.prepare_cached("select id from role where name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

pub(super) fn insert(
    tx: &Connection,
    role: &NewRole,
    entry: &NewEntry,
) -> rusqlite::Result<Inserted> {
    if named(tx, &role.name)?.is_some() {
        return Ok(Inserted::Taken);
    }
    let id = tx
        .prepare_cached("insert into role (name, about, permissions) values (?1, ?2, ?3)")?
        .insert(params![role.name, role.about, role.permissions.names()])?;
    audit::write(tx, entry, Some(id))?;
    Ok(Inserted::Made(id))
}

pub(super) fn change(
    tx: &Connection,
    id: RoleId,
    role: &NewRole,
    entry: &NewEntry,
) -> rusqlite::Result<Changed> {
    if !is_own(tx, id)? {
        return Ok(Changed::Unknown);
    }
    if named(tx, &role.name)?.is_some_and(|other| other != id.0) {
        return Ok(Changed::Taken);
    }
    tx.prepare_cached("update role set name = ?2, about = ?3, permissions = ?4 where id = ?1")?
        .execute(params![
            id.0,
            role.name,
            role.about,
            role.permissions.names()
        ])?;
    audit::write(tx, entry, None)?;
    Ok(Changed::Done(0))
}

pub(super) fn delete(tx: &Connection, id: RoleId, entry: &NewEntry) -> rusqlite::Result<Changed> {
    if !is_own(tx, id)? {
        return Ok(Changed::Unknown);
    }
    let held: bool = tx
        .prepare_cached("select exists (select 1 from account_role where role = ?1)")?
        .query_row([id.0], |row| row.get(0))?;
    if held {
        return Ok(Changed::InUse);
    }
    tx.prepare_cached("delete from role where id = ?1")?
        .execute([id.0])?;
    audit::write(tx, entry, None)?;
    Ok(Changed::Done(0))
}

/// Whether there is such a role and it is not built in.
fn is_own(tx: &Connection, id: RoleId) -> rusqlite::Result<bool> {
    let exists: bool = tx
        .prepare_cached("select exists (select 1 from role where id = ?1)")?
        .query_row([id.0], |row| row.get(0))?;
    Ok(exists && id.built_in().is_none())
}
