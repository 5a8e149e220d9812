//! What else the log keeps: checkpoints, cosignatures, keys, and what a witness remembers.

use base::Unavailable;
use sqlx::PgConnection;
use stamp::{Checkpoint, Cosignature, LIVE_TOPIC, LogKey, Witnessed};

use crate::PostgresStore;
use crate::bus;
use crate::error::unavailable;
use crate::rows::{bound, hash, key, stored, unsigned};

pub(crate) async fn put_checkpoint(
    store: &PostgresStore,
    size: u64,
    note: &str,
) -> Result<Checkpoint, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    let row_size = stored(size)?;
    let first = sqlx::query!(
        "insert into checkpoint (size, note) values ($1, $2) on conflict (size) do nothing",
        row_size,
        note,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    if first.rows_affected() == 1 {
        // Delivered when the transaction commits, and only then: nobody hears of a head too early,
        // nor misses it when this process dies right after.
        let interval = size.saturating_sub(1).to_string();
        bus::notify(&mut *tx, LIVE_TOPIC, interval.as_bytes()).await?;
    }
    let note = sqlx::query_scalar!("select note from checkpoint where size = $1", row_size)
        .fetch_one(&mut *tx)
        .await
        .map_err(unavailable)?;
    let cosignatures = cosignatures(&mut tx, row_size).await?;
    tx.commit().await.map_err(unavailable)?;
    Ok(Checkpoint {
        size,
        note,
        cosignatures,
    })
}

async fn cosignatures(
    connection: &mut PgConnection,
    size: i64,
) -> Result<Vec<Cosignature>, Unavailable> {
    sqlx::query_as!(
        Cosignature,
        "select witness, line from cosignature where size = $1 order by arrival",
        size,
    )
    .fetch_all(connection)
    .await
    .map_err(unavailable)
}

pub(crate) async fn checkpoint_up_to(
    store: &PostgresStore,
    size: u64,
) -> Result<Option<Checkpoint>, Unavailable> {
    let mut connection = store.pool().acquire().await.map_err(unavailable)?;
    let row = sqlx::query!(
        "select size, note from checkpoint where size <= $1 order by size desc limit 1",
        bound(size),
    )
    .fetch_optional(&mut *connection)
    .await
    .map_err(unavailable)?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Checkpoint {
        size: unsigned(row.size, "a checkpoint")?,
        note: row.note,
        cosignatures: cosignatures(&mut connection, row.size).await?,
    }))
}

pub(crate) async fn cosigned_checkpoints(
    store: &PostgresStore,
    from: u64,
    limit: usize,
) -> Result<Vec<Checkpoint>, Unavailable> {
    // Beyond the range of `int8` there is no row.
    let Some(from) = key(from) else {
        return Ok(Vec::new());
    };
    let rows = sqlx::query!(
        "select checkpoint.size, note, witness, line
        from (select distinct size from cosignature where size >= $1 order by size desc limit $2)
            as newest
        join checkpoint on checkpoint.size = newest.size
        join cosignature on cosignature.size = newest.size
        order by checkpoint.size desc, cosignature.arrival",
        from,
        bound(limit as u64),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let mut checkpoints: Vec<Checkpoint> = Vec::new();
    for row in rows {
        let size = unsigned(row.size, "a checkpoint")?;
        let cosignature = Cosignature {
            witness: row.witness,
            line: row.line,
        };
        match checkpoints.last_mut() {
            Some(last) if last.size == size => last.cosignatures.push(cosignature),
            _ => checkpoints.push(Checkpoint {
                size,
                note: row.note,
                cosignatures: vec![cosignature],
            }),
        }
    }
    Ok(checkpoints)
}

pub(crate) async fn add_cosignature(
    store: &PostgresStore,
    size: u64,
    cosignature: &Cosignature,
) -> Result<(), Unavailable> {
    let Some(size) = key(size) else { return Ok(()) };
    sqlx::query!(
        "insert into cosignature (size, witness, line)
        select size, $2, $3 from checkpoint where size = $1
        on conflict (size, witness) do update set line = excluded.line",
        size,
        cosignature.witness,
        cosignature.line,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(())
}

pub(crate) async fn claim_authority(
    store: &PostgresStore,
    authority: &str,
) -> Result<String, Unavailable> {
    let mut tx = store.pool().begin().await.map_err(unavailable)?;
    sqlx::query!(
        "insert into authority (name) values ($1) on conflict (only_row) do nothing",
        authority,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    let name = sqlx::query_scalar!("select name from authority")
        .fetch_one(&mut *tx)
        .await
        .map_err(unavailable)?;
    tx.commit().await.map_err(unavailable)?;
    Ok(name)
}

pub(crate) async fn log_keys(store: &PostgresStore) -> Result<Vec<LogKey>, Unavailable> {
    let rows = sqlx::query!("select vkey, since_size from log_key order by arrival")
        .fetch_all(store.pool())
        .await
        .map_err(unavailable)?;
    rows.into_iter()
        .map(|row| {
            Ok(LogKey {
                vkey: row.vkey,
                since_size: unsigned(row.since_size, "a log key")?,
            })
        })
        .collect()
}

pub(crate) async fn add_log_key(store: &PostgresStore, key: &LogKey) -> Result<(), Unavailable> {
    sqlx::query!(
        "insert into log_key (vkey, since_size) values ($1, $2) on conflict (vkey) do nothing",
        key.vkey,
        stored(key.since_size)?,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(())
}

pub(crate) async fn witnessed(
    store: &PostgresStore,
    origin: &str,
) -> Result<Option<Witnessed>, Unavailable> {
    let row = sqlx::query!(
        "select size, root from witnessed where origin = $1",
        origin.as_bytes(),
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Witnessed {
        size: unsigned(row.size, "a witnessed size")?,
        root: hash(&row.root, "a witnessed root")?,
    }))
}

pub(crate) async fn advance_witnessed(
    store: &PostgresStore,
    origin: &str,
    old: Option<Witnessed>,
    new: Witnessed,
) -> Result<bool, Unavailable> {
    let size = stored(new.size)?;
    let Some(old) = old else {
        let inserted = sqlx::query!(
            "insert into witnessed (origin, size, root) values ($1, $2, $3)
            on conflict (origin) do nothing",
            origin.as_bytes(),
            size,
            &new.root,
        )
        .execute(store.pool())
        .await
        .map_err(unavailable)?;
        return Ok(inserted.rows_affected() == 1);
    };
    let Some(old_size) = key(old.size) else {
        return Ok(false);
    };
    let updated = sqlx::query!(
        "update witnessed set size = $2, root = $3
        where origin = $1 and size = $4 and root = $5",
        origin.as_bytes(),
        size,
        &new.root,
        old_size,
        &old.root,
    )
    .execute(store.pool())
    .await
    .map_err(unavailable)?;
    Ok(updated.rows_affected() == 1)
}
