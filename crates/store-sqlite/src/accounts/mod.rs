//! Accounts, and everything that lasts beside them.
//!
//! A transaction that is refused writes nothing: every refusal is found before the first write.

mod credentials;
mod invitations;
mod roles;
mod rows;
mod store;
mod tokens;
mod users;

use rusqlite::Connection;

pub(crate) use self::rows::{address, page};

/// Whether this account is the only enabled administrator.
fn is_last_administrator(tx: &Connection, account: i64) -> rusqlite::Result<bool> {
    tx.prepare_cached(
        "select exists (
                 select 1 from account_role join account on account.id = account_role.account
                 where role = 1 and enabled = 1 and account.id = ?1)
             and not exists (
                 select 1 from account_role join account on account.id = account_role.account
                 where role = 1 and enabled = 1 and account.id <> ?1)",
    )?
    .query_row([account], |row| row.get(0))
}

/// How many of password, passkeys and links an account has.
fn ways_in(tx: &Connection, account: i64) -> rusqlite::Result<u32> {
    tx.prepare_cached(
        "select (password is not null) + passkeys + links from account_row where id = ?1",
    )?
    .query_row([account], |row| row.get(0))
}
