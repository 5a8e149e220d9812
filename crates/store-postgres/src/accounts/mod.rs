//! Accounts, and everything that lasts beside them.
//!
//! A transaction that is refused is not committed. What only one account or the last administrator
//! may have is decided under a lock: of the account's row, or of the administrators' role.

mod credentials;
mod invitations;
mod roles;
mod rows;
mod store;
mod tokens;
mod users;

use base::Unavailable;
use sqlx::PgConnection;

pub(crate) use self::rows::{address, count, most, page};
use crate::error::unavailable;

/// Lets only one transaction at a time decide who is an administrator.
async fn lock_administrators(tx: &mut PgConnection) -> Result<(), Unavailable> {
    sqlx::query!("select id from role where id = 1 for update")
        .fetch_one(tx)
        .await
        .map_err(unavailable)?;
    Ok(())
}

/// Locks an account's row; `false` when there is none.
async fn lock_account(tx: &mut PgConnection, account: i64) -> Result<bool, Unavailable> {
    let found = sqlx::query!("select id from account where id = $1 for update", account)
        .fetch_optional(tx)
        .await
        .map_err(unavailable)?;
    Ok(found.is_some())
}

/// Whether this account is the only enabled administrator.
async fn is_last_administrator(tx: &mut PgConnection, account: i64) -> Result<bool, Unavailable> {
    sqlx::query_scalar!(
        r#"select exists (
                select from account_role join account on account.id = account_role.account
                where role = 1 and enabled and account.id = $1)
            and not exists (
                select from account_role join account on account.id = account_role.account
                where role = 1 and enabled and account.id <> $1) as "last!""#,
        account,
    )
    .fetch_one(tx)
    .await
    .map_err(unavailable)
}

/// How many of password, passkeys and links an account has.
async fn ways_in(tx: &mut PgConnection, account: i64) -> Result<i64, Unavailable> {
    sqlx::query_scalar!(
        r#"select (password is not null)::int4 + passkeys + links as "ways!"
        from account_row where id = $1"#,
        account,
    )
    .fetch_one(tx)
    .await
    .map_err(unavailable)
}
