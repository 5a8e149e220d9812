//! Invitations that wait.

use accounts::{Inserted, Invitation, NewEntry, NewInvitation, Page, SecretHash};
use base::{Unavailable, UnixMicros, UserId};

use super::rows::{Roles, email, most, page, role_refs, roles};
use crate::error::unavailable;
use crate::{PostgresStore, audit};

pub(super) async fn put(
    store: &PostgresStore,
    new: &NewInvitation,
    entry: &NewEntry,
) -> Result<Inserted, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let key = new.email.key();
    let taken = sqlx::query_scalar!(
        r#"select exists (select from account where email_key = $1) as "taken!""#,
        key,
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(unavailable)?;
    if taken {
        return Ok(Inserted::Taken);
    }
    sqlx::query!("delete from invitation where email_key = $1", key)
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    let id = sqlx::query_scalar!(
        "insert into invitation (email, email_key, sha256, invited_by, created_at_us,
            expires_at_us)
        values ($1, $2, $3, (select id from account where id = $4), $5, $6)
        on conflict (email_key) do nothing
        returning id",
        new.email.as_str(),
        key,
        &new.secret.0,
        new.invited_by.map(|user| user.0),
        entry.at.0,
        new.expires_at.0,
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(unavailable)?;
    let Some(id) = id else {
        // Somebody else invited the same person at this moment.
        return Ok(Inserted::Taken);
    };
    let numbers: Vec<i64> = new.roles.iter().map(|role| role.0).collect();
    sqlx::query!(
        "insert into invitation_role (invitation, role)
        select $1, id from role where id = any($2)",
        id,
        &numbers,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    audit::write(&mut tx, entry, Some(id)).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(Inserted::Made(id))
}

struct Row {
    id: i64,
    email: String,
    invited_by: Option<i64>,
    created_at_us: i64,
    expires_at_us: i64,
    roles: Vec<i64>,
}

impl Row {
    fn invitation(self, roles: &Roles) -> Result<Invitation, Unavailable> {
        Ok(Invitation {
            id: self.id,
            email: email(&self.email)?,
            roles: role_refs(&self.roles, roles),
            invited_by: self.invited_by.map(UserId),
            created_at: UnixMicros(self.created_at_us),
            expires_at: UnixMicros(self.expires_at_us),
        })
    }
}

pub(super) async fn find(
    store: &PostgresStore,
    secret: SecretHash,
    now: UnixMicros,
) -> Result<Option<Invitation>, Unavailable> {
    let row = sqlx::query_as!(
        Row,
        r#"select id, email, invited_by, created_at_us, expires_at_us,
            array(select role from invitation_role where invitation = invitation.id) as "roles!"
        from invitation where sha256 = $1 and expires_at_us > $2"#,
        &secret.0,
        now.0,
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    let Some(row) = row else { return Ok(None) };
    let roles = roles(store.pool()).await?;
    row.invitation(&roles).map(Some)
}

pub(super) async fn list(
    store: &PostgresStore,
    before: Option<i64>,
    limit: usize,
    now: UnixMicros,
) -> Result<Page<Invitation>, Unavailable> {
    let rows = sqlx::query_as!(
        Row,
        r#"select id, email, invited_by, created_at_us, expires_at_us,
            array(select role from invitation_role where invitation = invitation.id) as "roles!"
        from invitation where id < $1 and expires_at_us > $2
        order by id desc
        limit $3"#,
        before.unwrap_or(i64::MAX),
        now.0,
        most(limit),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let roles = roles(store.pool()).await?;
    let rows = rows.into_iter().map(|row| row.invitation(&roles));
    let invitations = rows.collect::<Result<Vec<_>, _>>()?;
    Ok(page(invitations, limit, |invitation| invitation.id))
}

pub(super) async fn delete(
    store: &PostgresStore,
    id: i64,
    entry: &NewEntry,
) -> Result<bool, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let deleted = sqlx::query!("delete from invitation where id = $1", id)
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    if deleted.rows_affected() == 0 {
        return Ok(false);
    }
    audit::write(&mut tx, entry, None).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(true)
}

/// Deletes what has expired.
pub(super) async fn sweep(
    store: &PostgresStore,
    now: UnixMicros,
    limit: i64,
) -> Result<u64, Unavailable> {
    let deleted = sqlx::query!(
        "delete from invitation where id in (
            select id from invitation where expires_at_us <= $1 limit $2)",
        now.0,
        limit,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(deleted.rows_affected())
}
