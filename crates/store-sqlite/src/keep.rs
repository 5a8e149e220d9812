//! What else the log keeps: checkpoints, cosignatures, keys, and what a witness remembers.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use stamp::{Checkpoint, Cosignature, LogKey, Witnessed};

use crate::rows::{hash, number, signed};

pub(crate) fn put_checkpoint(
    tx: &Connection,
    size: u64,
    note: &str,
) -> rusqlite::Result<Checkpoint> {
    tx.prepare_cached(
        "insert into checkpoint (size, note) values (?1, ?2) on conflict (size) do nothing",
    )?
    .execute(params![signed(size), note])?;
    let stored = checkpoint_up_to(tx, size)?;
    stored.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

pub(crate) fn checkpoint_up_to(db: &Connection, size: u64) -> rusqlite::Result<Option<Checkpoint>> {
    let found = db
        .prepare_cached(
            "select size, note from checkpoint where size <= ?1 order by size desc limit 1",
        )?
        .query_row([signed(size)], |row| Ok((number(row, 0)?, row.get(1)?)))
        .optional()?;
    let Some((size, note)) = found else {
        return Ok(None);
    };
    let cosignatures = db
        .prepare_cached("select witness, line from cosignature where size = ?1 order by id")?
        .query_map([signed(size)], |row| {
            Ok(Cosignature {
                witness: row.get(0)?,
                line: row.get(1)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(Some(Checkpoint {
        size,
        note,
        cosignatures,
    }))
}

pub(crate) fn cosigned_checkpoints(
    db: &Connection,
    from: u64,
    limit: usize,
) -> rusqlite::Result<Vec<Checkpoint>> {
    let mut select = db.prepare_cached(
        "select checkpoint.size, note, witness, line
         from (select distinct size from cosignature where size >= ?1 order by size desc limit ?2)
             as newest
         join checkpoint on checkpoint.size = newest.size
         join cosignature on cosignature.size = newest.size
         order by checkpoint.size desc, cosignature.id",
    )?;
    let mut rows = select.query(params![signed(from), signed(limit as u64)])?;
    let mut checkpoints: Vec<Checkpoint> = Vec::new();
    while let Some(row) = rows.next()? {
        let size = number(row, 0)?;
        let cosignature = Cosignature {
            witness: row.get(2)?,
            line: row.get(3)?,
        };
        match checkpoints.last_mut() {
            Some(last) if last.size == size => last.cosignatures.push(cosignature),
            _ => checkpoints.push(Checkpoint {
                size,
                note: row.get(1)?,
                cosignatures: vec![cosignature],
            }),
        }
    }
    Ok(checkpoints)
}

pub(crate) fn add_cosignature(
    tx: &Connection,
    size: u64,
    cosignature: &Cosignature,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "insert into cosignature (size, witness, line)
         select size, ?2, ?3 from checkpoint where size = ?1
         on conflict (size, witness) do update set line = excluded.line",
    )?
    .execute(params![signed(size), cosignature.witness, cosignature.line])?;
    Ok(())
}

pub(crate) fn claim_authority(tx: &Connection, authority: &str) -> rusqlite::Result<String> {
    tx.prepare_cached(
        "insert into authority (only_row, name) values (1, ?1) on conflict (only_row) do nothing",
    )?
    .execute([authority])?;
    tx.prepare_cached("select name from authority")?
        .query_row([], |row| row.get(0))
}

pub(crate) fn log_keys(db: &Connection) -> rusqlite::Result<Vec<LogKey>> {
    db.prepare_cached("select vkey, since_size from log_key order by id")?
        .query_map([], |row| {
            Ok(LogKey {
                vkey: row.get(0)?,
                since_size: number(row, 1)?,
            })
        })?
        .collect()
}

pub(crate) fn add_log_key(tx: &Connection, key: &LogKey) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "insert into log_key (vkey, since_size) values (?1, ?2) on conflict (vkey) do nothing",
    )?
    .execute(params![key.vkey, signed(key.since_size)])?;
    Ok(())
}

fn witnessed_row(row: &Row<'_>) -> rusqlite::Result<Witnessed> {
    Ok(Witnessed {
        size: number(row, 0)?,
        root: hash(row, 1)?,
    })
}

pub(crate) fn witnessed(db: &Connection, origin: &str) -> rusqlite::Result<Option<Witnessed>> {
    db.prepare_cached("select size, root from witnessed where origin = ?1")?
        .query_row([origin], witnessed_row)
        .optional()
}

pub(crate) fn advance_witnessed(
    tx: &Connection,
    origin: &str,
    old: Option<Witnessed>,
    new: Witnessed,
) -> rusqlite::Result<bool> {
    let changed = match old {
        None => tx
            .prepare_cached(
                "insert into witnessed (origin, size, root) values (?1, ?2, ?3)
                 on conflict (origin) do nothing",
            )?
            .execute(params![origin, signed(new.size), new.root])?,
        Some(old) => tx
            .prepare_cached(
                "update witnessed set size = ?2, root = ?3
                 where origin = ?1 and size = ?4 and root = ?5",
            )?
            .execute(params![
                origin,
                signed(new.size),
                new.root,
                signed(old.size),
                old.root
            ])?,
    };
    Ok(changed == 1)
}
