//! Roles.

use accounts::{Changed, Inserted, NewEntry, NewRole, Role, RoleId};
use base::Unavailable;
use sqlx::PgConnection;

use super::rows::{allowed, count};
use crate::error::unavailable;
use crate::{PostgresStore, audit};

pub(super) async fn list(store: &PostgresStore) -> Result<Vec<Role>, Unavailable> {
    let rows = sqlx::query!(
        r#"select id, name, about, permissions,
            (select count(*) from account_role where role = role.id) as "members!"
        from role
        order by id"#
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let roles = rows.into_iter().map(|row| Role {
        id: RoleId(row.id),
        name: row.name,
        about: row.about,
        permissions: allowed(row.id, &row.permissions),
        members: count(row.members),
    });
    Ok(roles.collect())
}

pub(super) async fn insert(
    store: &PostgresStore,
    role: &NewRole,
    entry: &NewEntry,
) -> Result<Inserted, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let id = sqlx::query_scalar!(
        "insert into role (name, about, permissions) values ($1, $2, $3)
        on conflict (name) do nothing
        returning id",
        role.name,
        role.about,
        role.permissions.names(),
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(unavailable)?;
    let Some(id) = id else {
        return Ok(Inserted::Taken);
    };
    audit::write(&mut tx, entry, Some(id)).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(Inserted::Made(id))
}

pub(super) async fn change(
    store: &PostgresStore,
    id: RoleId,
    role: &NewRole,
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    if !is_own(&mut tx, id).await? {
        return Ok(Changed::Unknown);
    }
    let changed = sqlx::query!(
        "update role set name = $2, about = $3, permissions = $4 where id = $1",
        id.0,
        role.name,
        role.about,
        role.permissions.names(),
    )
    .execute(&mut *tx)
    .await;
    match changed {
        Ok(_) => {}
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            return Ok(Changed::Taken);
        }
        Err(error) => return Err(unavailable(error)),
    }
    audit::write(&mut tx, entry, None).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(Changed::Done(0))
}

pub(super) async fn delete(
    store: &PostgresStore,
    id: RoleId,
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    // Locked: who is given the role at the same time waits, and finds it gone.
    if !is_own(&mut tx, id).await? {
        return Ok(Changed::Unknown);
    }
    let held = sqlx::query_scalar!(
        r#"select exists (select from account_role where role = $1) as "held!""#,
        id.0,
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(unavailable)?;
    if held {
        return Ok(Changed::InUse);
    }
    sqlx::query!("delete from role where id = $1", id.0)
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    audit::write(&mut tx, entry, None).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(Changed::Done(0))
}

/// Whether there is such a role and it is not built in; locks it.
async fn is_own(tx: &mut PgConnection, id: RoleId) -> Result<bool, Unavailable> {
    let found = sqlx::query!("select id from role where id = $1 for update", id.0)
        .fetch_optional(tx)
        .await
        .map_err(unavailable)?;
    Ok(found.is_some() && id.built_in().is_none())
}
