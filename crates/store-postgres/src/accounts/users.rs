//! Accounts: made, found, changed.

use accounts::{
    Changed, Email, InsertUser, NewEntry, NewLink, NewUser, Origin, Page, RoleId, User, UserChange,
    UserFilter, UserKey, UserRecord,
};
use base::{Unavailable, UnixMicros, UserId};
use sqlx::PgConnection;

use super::rows::{UserRow, most, page, roles};
use super::{is_last_administrator, lock_account, lock_administrators, ways_in};
use crate::error::unavailable;
use crate::{PostgresStore, audit};

pub(super) async fn any(store: &PostgresStore) -> Result<bool, Unavailable> {
    sqlx::query_scalar!(r#"select exists (select from account) as "any!""#)
        .fetch_one(store.pool())
        .await
        .map_err(unavailable)
}

pub(super) async fn insert(
    store: &PostgresStore,
    user: &NewUser,
    entry: &NewEntry,
) -> Result<InsertUser, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let Some(roles) = given_roles(&mut tx, user, entry.at).await? else {
        return Ok(InsertUser::Gone);
    };
    let key = user.email.key();
    let id = sqlx::query_scalar!(
        "insert into account (name, email, email_key, search, password, password_at_us, enabled,
            epoch, handle, created_at_us)
        values ($1, $2, $3, $4, $5, $6, true, 0, $7, $8)
        on conflict (email_key) do nothing
        returning id",
        user.name,
        user.email.as_str(),
        key,
        search(&user.name, &user.email),
        user.password,
        user.password.as_ref().map(|_| entry.at.0),
        &user.handle,
        entry.at.0,
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(unavailable)?;
    let Some(id) = id else {
        return Ok(InsertUser::EmailTaken);
    };
    give_roles(&mut tx, id, &roles).await?;
    let link = match &user.origin {
        Origin::Provider(link, _) | Origin::InvitedProvider(link) => Some(link),
        _ => None,
    };
    if let Some(link) = link
        && insert_link(&mut tx, id, link, entry.at).await?.is_none()
    {
        return Ok(InsertUser::LinkTaken);
    }
    // Whoever has the address needs no invitation any more.
    sqlx::query!("delete from invitation where email_key = $1", key)
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    audit::write(&mut tx, entry, Some(id)).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(InsertUser::Made(UserId(id)))
}

/// The roles of a new account; `None` when what it comes from is not there.
async fn given_roles(
    tx: &mut PgConnection,
    user: &NewUser,
    now: UnixMicros,
) -> Result<Option<Vec<i64>>, Unavailable> {
    let secret = match &user.origin {
        Origin::SetUp => {
            lock_administrators(tx).await?;
            let any = sqlx::query_scalar!(r#"select exists (select from account) as "any!""#)
                .fetch_one(tx)
                .await
                .map_err(unavailable)?;
            return Ok((!any).then(|| vec![RoleId::ADMINISTRATOR.0]));
        }
        Origin::SignUp(roles) | Origin::Provider(_, roles) => {
            return Ok(Some(roles.iter().map(|role| role.0).collect()));
        }
        Origin::Invitation(secret) => Some(&secret.0[..]),
        Origin::InvitedProvider(_) => None,
    };
    let invitation = sqlx::query_scalar!(
        "select id from invitation
        where email_key = $1 and ($2::bytea is null or sha256 = $2) and expires_at_us > $3
        for update",
        user.email.key(),
        secret,
        now.0,
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(unavailable)?;
    let Some(invitation) = invitation else {
        return Ok(None);
    };
    let roles = sqlx::query_scalar!(
        "select role from invitation_role where invitation = $1 order by role",
        invitation,
    )
    .fetch_all(tx)
    .await
    .map_err(unavailable)?;
    Ok(Some(roles))
}

/// Roles that do not exist are left out.
async fn give_roles(
    tx: &mut PgConnection,
    account: i64,
    roles: &[i64],
) -> Result<u64, Unavailable> {
    let given = sqlx::query!(
        "insert into account_role (account, role)
        select $1, id from role where id = any($2)
        on conflict do nothing",
        account,
        roles,
    )
    .execute(tx)
    .await
    .map_err(unavailable)?;
    Ok(given.rows_affected())
}

/// Links a provider's account; `None` when it is linked already.
pub(super) async fn insert_link(
    tx: &mut PgConnection,
    account: i64,
    link: &NewLink,
    now: UnixMicros,
) -> Result<Option<i64>, Unavailable> {
    sqlx::query_scalar!(
        "insert into oidc_link (account, issuer, subject, email, created_at_us)
        values ($1, $2, $3, $4, $5)
        on conflict (issuer, subject) do nothing
        returning id",
        account,
        link.issuer,
        link.subject,
        link.email,
        now.0,
    )
    .fetch_optional(tx)
    .await
    .map_err(unavailable)
}

pub(super) async fn linked(
    store: &PostgresStore,
    issuer: &str,
    subject: &str,
) -> Result<Option<UserId>, Unavailable> {
    let account = sqlx::query_scalar!(
        "select account from oidc_link where issuer = $1 and subject = $2",
        issuer,
        subject,
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(account.map(UserId))
}

pub(super) async fn find(
    store: &PostgresStore,
    key: &UserKey,
) -> Result<Option<UserRecord>, Unavailable> {
    let mut connection = store.pool().acquire().await.map_err(unavailable)?;
    read(&mut connection, key).await
}

/// Of the three keys two are null, and equal nothing.
async fn read(tx: &mut PgConnection, key: &UserKey) -> Result<Option<UserRecord>, Unavailable> {
    let (id, email, handle) = match key {
        UserKey::Id(id) => (Some(id.0), None, None),
        UserKey::Email(email) => (None, Some(&email[..]), None),
        UserKey::Handle(handle) => (None, None, Some(&handle[..])),
    };
    let row = sqlx::query_as!(
        UserRow,
        r#"select id as "id!", name as "name!", email as "email!", password, password_at_us,
            enabled as "enabled!", epoch as "epoch!", handle as "handle!",
            created_at_us as "created_at_us!", signed_in_at_us, roles as "roles!",
            totp as "totp!", recovery_codes as "recovery_codes!", passkeys as "passkeys!",
            links as "links!"
        from account_row where id = $1 or email_key = $2 or handle = $3"#,
        id,
        email,
        handle,
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(unavailable)?;
    let Some(row) = row else { return Ok(None) };
    let roles = roles(tx).await?;
    row.record(&roles).map(Some)
}

pub(super) async fn list(
    store: &PostgresStore,
    filter: &UserFilter,
    before: Option<i64>,
    limit: usize,
) -> Result<Page<User>, Unavailable> {
    let rows = sqlx::query_as!(
        UserRow,
        r#"select id as "id!", name as "name!", email as "email!", password, password_at_us,
            enabled as "enabled!", epoch as "epoch!", handle as "handle!",
            created_at_us as "created_at_us!", signed_in_at_us, roles as "roles!",
            totp as "totp!", recovery_codes as "recovery_codes!", passkeys as "passkeys!",
            links as "links!"
        from account_row
        where id < $1
            and ($2::text is null or position($2 in search) > 0)
            and ($3::bool is null or enabled = $3)
            and ($4::int8 is null or $4 = any(roles))
        order by id desc
        limit $5"#,
        before.unwrap_or(i64::MAX),
        filter.text,
        filter.enabled,
        filter.role.map(|role| role.0),
        most(limit),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let roles = roles(store.pool()).await?;
    let users = rows
        .into_iter()
        .map(|row| row.record(&roles).map(|record| record.user))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(page(users, limit, |user| user.id.0))
}

/// Name and address as they are searched.
fn search(name: &str, email: &Email) -> String {
    format!("{} {}", name.to_lowercase(), email.key())
}

pub(super) async fn change(
    store: &PostgresStore,
    id: UserId,
    change: &UserChange,
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    // Always in this order, so that two of them never wait for each other.
    if matches!(
        change,
        UserChange::Enabled(_) | UserChange::Roles(_) | UserChange::Delete
    ) {
        lock_administrators(&mut tx).await?;
    }
    let key = UserKey::Id(id);
    if !lock_account(&mut tx, id.0).await? {
        return Ok(Changed::Unknown);
    }
    let Some(record) = read(&mut tx, &key).await? else {
        return Ok(Changed::Unknown);
    };
    if let Some(refused) = refusal(&mut tx, &record, change).await? {
        return Ok(refused);
    }
    if !carry_out(&mut tx, &record, change, entry.at).await? {
        return Ok(Changed::Taken);
    }
    audit::write(&mut tx, entry, None).await?;
    let epoch = read(&mut tx, &key).await?.map_or(0, |record| record.epoch);
    tx.commit().await.map_err(unavailable)?;
    Ok(Changed::Done(epoch))
}

/// Why this change is not made, if it is not.
async fn refusal(
    tx: &mut PgConnection,
    record: &UserRecord,
    change: &UserChange,
) -> Result<Option<Changed>, Unavailable> {
    let account = record.user.id.0;
    Ok(match change {
        UserChange::NoPassword if record.password.is_none() => Some(Changed::Unknown),
        UserChange::NoPassword if ways_in(tx, account).await? == 1 => Some(Changed::LastWayIn),
        UserChange::Enabled(false) | UserChange::Delete => is_last_administrator(tx, account)
            .await?
            .then_some(Changed::LastAdministrator),
        UserChange::Roles(roles) => {
            let stays = roles.contains(&RoleId::ADMINISTRATOR);
            if !stays && is_last_administrator(tx, account).await? {
                return Ok(Some(Changed::LastAdministrator));
            }
            let mut numbers: Vec<i64> = roles.iter().map(|role| role.0).collect();
            numbers.sort_unstable();
            numbers.dedup();
            let known = sqlx::query_scalar!(
                r#"select count(*) as "count!" from role where id = any($1)"#,
                &numbers,
            )
            .fetch_one(tx)
            .await
            .map_err(unavailable)?;
            (known != i64::try_from(numbers.len()).unwrap_or(i64::MAX)).then_some(Changed::Gone)
        }
        _ => None,
    })
}

/// `false`: another account has what must be unique.
async fn carry_out(
    tx: &mut PgConnection,
    record: &UserRecord,
    change: &UserChange,
    now: UnixMicros,
) -> Result<bool, Unavailable> {
    let account = record.user.id.0;
    let done = match change {
        UserChange::Name(name) => sqlx::query!(
            "update account set name = $2, search = $3 where id = $1",
            account,
            name,
            search(name, &record.user.email),
        ),
        UserChange::Email(email) => return change_email(tx, record, email).await,
        UserChange::Password(hash) => sqlx::query!(
            "update account set password = $2, password_at_us = $3, epoch = epoch + 1
            where id = $1",
            account,
            hash,
            now.0,
        ),
        UserChange::NoPassword => sqlx::query!(
            "update account set password = null, password_at_us = null where id = $1",
            account,
        ),
        UserChange::Enabled(enabled) => sqlx::query!(
            "update account set enabled = $2, epoch = epoch + case when $2 then 0 else 1 end where id = $1",
            account,
            enabled,
        ),
        UserChange::Roles(roles) => {
            sqlx::query!("delete from account_role where account = $1", account)
                .execute(&mut *tx)
                .await
                .map_err(unavailable)?;
            let numbers: Vec<i64> = roles.iter().map(|role| role.0).collect();
            give_roles(tx, account, &numbers).await?;
            return Ok(true);
        }
        UserChange::Delete => sqlx::query!("delete from account where id = $1", account),
    };
    done.execute(tx).await.map_err(unavailable)?;
    Ok(true)
}

async fn change_email(
    tx: &mut PgConnection,
    record: &UserRecord,
    email: &Email,
) -> Result<bool, Unavailable> {
    let changed = sqlx::query!(
        "update account set email = $2, email_key = $3, search = $4 where id = $1",
        record.user.id.0,
        email.as_str(),
        email.key(),
        search(&record.user.name, email),
    )
    .execute(tx)
    .await;
    match changed {
        Ok(_) => Ok(true),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
        Err(error) => Err(unavailable(error)),
    }
}

pub(super) async fn rehash(
    store: &PostgresStore,
    id: UserId,
    old: &str,
    new: &str,
) -> Result<(), Unavailable> {
    sqlx::query!(
        "update account set password = $3 where id = $1 and password = $2",
        id.0,
        old,
        new,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(())
}

pub(super) async fn signed_in(
    store: &PostgresStore,
    id: UserId,
    entry: &NewEntry,
) -> Result<(), Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    sqlx::query!(
        "update account set signed_in_at_us = $2 where id = $1",
        id.0,
        entry.at.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    audit::write(&mut tx, entry, None).await?;
    tx.commit().await.map_err(unavailable)
}
