//! Opening a file: settings, and the migrations that bring its schema up to date.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use crate::OpenError;

/// "Inde" in ASCII: how `file` and we recognise our databases.
const APPLICATION_ID: i32 = 0x496e_6465;

/// What a file holds: its migrations in order, append-only. The file's `user_version` is how many
/// of them it has seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema(pub(crate) &'static [&'static str]);

/// `indelible.db`: everything that must last.
pub(crate) const LASTING: Schema = Schema(&[
    include_str!("../migrations/0001_log.sql"),
    include_str!("../migrations/0002_jobs.sql"),
    include_str!("../migrations/0003_accounts.sql"),
    include_str!("../migrations/0004_lookups.sql"),
    include_str!("../migrations/0005_sources.sql"),
    include_str!("../migrations/0006_feeds.sql"),
]);

/// `ttl.db`: records that expire, such as sessions and codes. Never part of a backup.
pub(crate) const TEMPORARY: Schema = Schema(&[
    include_str!("../migrations/temporary/0001_accounts.sql"),
    include_str!("../migrations/temporary/0002_notices.sql"),
]);

/// How long a statement waits for another process that holds the lock.
const BUSY: Duration = Duration::from_secs(30);

/// A page holds a full tile but for its key: half the frames of 4 KiB pages in a large seal, and
/// small commits do not grow noticeably.
const PAGE_BYTES: u32 = 8192;

/// Prepared statements kept by each connection; there are fewer in all of this crate.
const STATEMENTS_MAX: usize = 256;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Write,
    Read,
    Checkpoint,
}

/// Opens `path`, which the first writer makes, with a schema that is up to date.
pub(crate) fn open(path: &Path, schema: Schema, purpose: Use) -> Result<Connection, OpenError> {
    let database = |source| OpenError::Database {
        path: path.to_owned(),
        source,
    };
    let mut connection = Connection::open(path).map_err(database)?;
    configure(&connection, purpose).map_err(database)?;
    if purpose == Use::Write {
        migrate(&mut connection, schema, path)?;
    }
    Ok(connection)
}

fn configure(connection: &Connection, purpose: Use) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Only a new file takes it, and only before its first page.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    // WAL alone would lose the newest commits with the power; an answered timestamp must not be lost.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Checkpoints have a thread of their own.
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    let cache_kib = match purpose {
        Use::Write => 32 * 1024,
        Use::Read => 4 * 1024,
        Use::Checkpoint => 256,
    };
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    if purpose == Use::Read {
        connection.pragma_update(None, "query_only", true)?;
    }
    Ok(())
}

fn migrate(connection: &mut Connection, schema: Schema, path: &Path) -> Result<(), OpenError> {
    let database = |source| OpenError::Database {
        path: path.to_owned(),
        source,
    };
    let known = u32::try_from(schema.0.len()).expect("a few");
    // Two processes may open a new file at once: the second waits here and finds the work done.
    let tx = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(database)?;
    let pragma = |name| tx.pragma_query_value(None, name, |row| row.get::<_, u32>(0));
    let found = pragma("user_version").map_err(database)?;
    let application = tx
        .pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0))
        .map_err(database)?;
    let tables: u32 = tx
        .query_row("select count(*) from sqlite_schema", [], |row| row.get(0))
        .map_err(database)?;
    let path = path.to_owned();
    if application != APPLICATION_ID && (application != 0 || tables != 0) {
        return Err(OpenError::Foreign { path });
    }
    if found > known {
        return Err(OpenError::Newer { path, found, known });
    }
    for (version, migration) in (1..).zip(schema.0).skip(found as usize) {
        tx.execute_batch(migration)
            .and_then(|()| tx.pragma_update(None, "application_id", APPLICATION_ID))
            .and_then(|()| tx.pragma_update(None, "user_version", version))
            .map_err(database)?;
    }
    tx.commit().map_err(database)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("indelible.db");
        (folder, path)
    }

    #[test]
    fn a_file_is_made_once_and_opened_again() {
        let (_folder, path) = file();
        for _ in 0..2 {
            let connection = open(&path, LASTING, Use::Write).unwrap();
            let value = |name| {
                connection
                    .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
                    .unwrap()
            };
            assert_eq!(
                value("user_version"),
                i64::try_from(LASTING.0.len()).unwrap()
            );
            assert_eq!(value("page_size"), i64::from(PAGE_BYTES));
            assert_eq!(value("synchronous"), 2);
            assert_eq!(value("foreign_keys"), 1);
        }
    }

    #[test]
    fn files_of_others_and_of_the_future_are_left_alone() {
        let (_folder, path) = file();
        let other = Connection::open(&path).unwrap();
        other
            .execute_batch("create table theirs (id integer)")
            .unwrap();
        drop(other);
        assert!(matches!(
            open(&path, LASTING, Use::Write),
            Err(OpenError::Foreign { .. })
        ));

        let (_folder, path) = file();
        open(&path, LASTING, Use::Write)
            .unwrap()
            .pragma_update(None, "user_version", 99)
            .unwrap();
        let error = open(&path, LASTING, Use::Write).unwrap_err();
        assert!(
            matches!(error, OpenError::Newer { found: 99, .. }),
            "{error}"
        );

        let (_folder, path) = file();
        std::fs::write(
            &path,
            "this is no database, but long enough to have a header".repeat(9),
        )
        .unwrap();
        assert!(matches!(
            open(&path, LASTING, Use::Write),
            Err(OpenError::Database { .. })
        ));
    }
}
