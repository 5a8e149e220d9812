//! The right to seal: an advisory lock on a connection of its own.
//!
//! The server releases it when the connection dies, however that happens.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use base::Unavailable;
use sqlx::{Connection as _, PgConnection};
use stamp::Lease;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::PostgresStore;
use crate::error::unavailable;

/// Names the lock among the database's advisory locks: "indelibl" in ASCII. Sealers of different
/// versions must agree: never change it.
const LOCK_KEY: i64 = 0x696e_6465_6c69_626c;
/// How long the server may take to answer on the lease's connection.
const ANSWER_MAX: Duration = Duration::from_secs(5);

struct PostgresLease {
    /// `None` once the right is lost.
    connection: Mutex<Option<PgConnection>>,
    lost: AtomicBool,
}

pub(crate) async fn try_lease(
    store: &PostgresStore,
) -> Result<Option<Box<dyn Lease>>, Unavailable> {
    let asked = timeout(ANSWER_MAX, async {
        let mut connection = PgConnection::connect_with(store.options()).await?;
        let locked =
            sqlx::query_scalar!(r#"select pg_try_advisory_lock($1) as "locked!""#, LOCK_KEY)
                .fetch_one(&mut connection)
                .await?;
        if locked {
            return Ok(Some(connection));
        }
        connection.close().await?;
        Ok(None)
    });
    let connection = asked
        .await
        .map_err(|late| Unavailable::new("the database", late))?
        .map_err(unavailable)?;
    Ok(connection.map(|connection| {
        Box::new(PostgresLease {
            connection: Mutex::new(Some(connection)),
            lost: AtomicBool::new(false),
        }) as Box<dyn Lease>
    }))
}

#[async_trait]
impl Lease for PostgresLease {
    /// Asks the server: while this session lives, the lock is its own.
    async fn is_held(&self) -> bool {
        if self.lost.load(Ordering::Acquire) {
            return false;
        }
        let mut slot = self.connection.lock().await;
        let Some(connection) = slot.as_mut() else {
            return false;
        };
        let answer = timeout(
            ANSWER_MAX,
            sqlx::query_scalar!(
                r#"select exists (
                    select from pg_locks
                    where locktype = 'advisory' and pid = pg_backend_pid() and granted
                ) as "held!""#
            )
            .fetch_one(connection),
        );
        let held = matches!(answer.await, Ok(Ok(true)));
        if !held {
            self.lost.store(true, Ordering::Release);
            // Closing it gives the lock back, should the server still think that we have it.
            *slot = None;
        }
        held
    }
}
