//! Batches: into the pool, and wherever they are afterwards.

use base::{Unavailable, UnixMicros};
use stamp::{
    BATCH_ENTRIES_MAX, BatchState, Entries, EntryState, NewBatch, Placements, PooledBatch,
    SealedBatch,
};

use crate::PostgresStore;
use crate::error::{broken, unavailable};
use crate::rows::{bound, key, stored, unsigned};

/// Bytes of one entry, and of one placement.
const ENTRY_BYTES: i32 = 36;
const PLACEMENT_BYTES: i32 = 8;

/// One statement, so one round trip and one flush of the write-ahead log, tags or not.
pub(crate) async fn insert_batch(
    store: &PostgresStore,
    batch: NewBatch,
) -> Result<u64, Unavailable> {
    let tags: Vec<&[u8]> = batch.tags.iter().map(|(_, tag)| tag.as_bytes()).collect();
    let tagged = entry_indexes(batch.tags.iter().map(|(index, _)| *index))?;
    let serials: Vec<&[u8]> = batch.tokens.iter().map(|token| &token.1[..]).collect();
    let ders: Vec<&[u8]> = batch.tokens.iter().map(|token| &token.2[..]).collect();
    let logged = entry_indexes(batch.tokens.iter().map(|token| token.0))?;
    let number = sqlx::query_scalar!(
        "with batch as (
            insert into pooled_batch (nonce, base_us, count, entries)
            values ($1, $2, $3, $4)
            returning number
        ), tagged as (
            insert into tag (tag, number, nonce, entry_index)
            select named.tag, batch.number, $1, named.entry_index
            from batch, unnest($5::bytea[], $6::int4[]) as named (tag, entry_index)
            on conflict do nothing
        ), logged as (
            insert into token (serial, number, nonce, entry_index, der)
            select issued.serial, batch.number, $1, issued.entry_index, issued.der
            from batch,
                unnest($7::bytea[], $8::int4[], $9::bytea[]) as issued (serial, entry_index, der)
        )
        select number from batch",
        stored(batch.nonce)?,
        batch.entries.base.0,
        i32::try_from(batch.entries.len()).map_err(|_| broken("a batch's length"))?,
        batch.entries.as_bytes(),
        &tags as &[&[u8]],
        &tagged,
        &serials as &[&[u8]],
        &logged,
        &ders as &[&[u8]],
    )
    .fetch_one(store.pool())
    .await
    .map_err(unavailable)?;
    unsigned(number, "a batch's number")
}

fn entry_indexes(indexes: impl Iterator<Item = u32>) -> Result<Vec<i32>, Unavailable> {
    indexes
        .map(|index| i32::try_from(index).map_err(|_| broken("an entry's index")))
        .collect()
}

/// The sum runs over the narrow rows only; the entries of the chosen ones are read after it.
pub(crate) async fn pool(
    store: &PostgresStore,
    after: u64,
    entries_max: usize,
) -> Result<Vec<PooledBatch>, Unavailable> {
    let entries_max = i64::try_from(entries_max.max(1)).unwrap_or(i64::MAX);
    let rows = sqlx::query!(
        "select number, nonce, base_us, entries from pooled_batch
        where number in (
            select number from (
                select number, count, sum(count) over (order by number) as reached
                from pooled_batch
                where number > $2
            ) as summed
            where reached - count < $1
        )
        order by number",
        entries_max,
        bound(after),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter()
        .map(|row| pooled(row.number, row.nonce, row.base_us, row.entries))
        .collect()
}

fn pooled(
    number: i64,
    nonce: i64,
    base_us: i64,
    entries: Vec<u8>,
) -> Result<PooledBatch, Unavailable> {
    Ok(PooledBatch {
        number: unsigned(number, "a batch's number")?,
        nonce: unsigned(nonce, "a batch's nonce")?,
        entries: Entries::from_stored(UnixMicros(base_us), entries)
            .ok_or_else(|| broken("a pooled batch"))?,
    })
}

fn sealed_batch(
    number: i64,
    nonce: i64,
    base_us: i64,
    interval: i64,
    placements: Vec<u8>,
) -> Result<SealedBatch, Unavailable> {
    Ok(SealedBatch {
        number: unsigned(number, "a batch's number")?,
        nonce: unsigned(nonce, "a batch's nonce")?,
        interval: unsigned(interval, "a batch's interval")?,
        placements: Placements::from_stored(UnixMicros(base_us), placements)
            .ok_or_else(|| broken("a sealed batch"))?,
    })
}

/// All three places are looked at in one statement: a batch that is being sealed is never missed
/// between two of them.
pub(crate) async fn batch(
    store: &PostgresStore,
    number: u64,
) -> Result<Option<BatchState>, Unavailable> {
    let Some(number) = key(number) else {
        return Ok(None);
    };
    let row = sqlx::query!(
        r#"select nonce as "nonce?", base_us as "base_us?",
            null::int8 as "interval_index?", entries as "packed?"
        from pooled_batch where number = $1
        union all
        select nonce, base_us, interval_index, placements
        from sealed_batch where number = $1
        union all
        select null, null, null, null
        from retention where forgotten_batches @> $1
        limit 1"#,
        number,
    )
    .fetch_optional(store.pool())
    .await
    .map_err(unavailable)?;
    let Some(row) = row else { return Ok(None) };
    let (Some(nonce), Some(base_us), Some(packed)) = (row.nonce, row.base_us, row.packed) else {
        return Ok(Some(BatchState::Forgotten));
    };
    Ok(Some(match row.interval_index {
        None => BatchState::Pooled(pooled(number, nonce, base_us, packed)?),
        Some(interval) => {
            BatchState::Sealed(sealed_batch(number, nonce, base_us, interval, packed)?)
        }
    }))
}

pub(crate) async fn count(store: &PostgresStore) -> Result<u64, Unavailable> {
    let count = sqlx::query_scalar!(
        r#"select coalesce(sum(count), 0)::int8 as "count!" from pooled_batch"#
    )
    .fetch_one(store.pool())
    .await
    .map_err(unavailable)?;
    unsigned(count, "the pool")
}

/// Reads the few bytes of each entry out of its array: the server fetches no more of it, as it is
/// stored uncompressed. All three places are looked at in one statement, as for a whole batch.
pub(crate) async fn entries(
    store: &PostgresStore,
    addresses: &[(u64, u32)],
) -> Result<Vec<Option<EntryState>>, Unavailable> {
    let (mut places, mut numbers, mut indexes) = (Vec::new(), Vec::new(), Vec::new());
    for (place, (number, index)) in (0_i32..).zip(addresses) {
        // What no batch can hold is not asked for.
        if *index as usize >= BATCH_ENTRIES_MAX {
            continue;
        }
        if let (Some(number), Ok(index)) = (key(*number), i32::try_from(*index)) {
            places.push(place);
            numbers.push(number);
            indexes.push(index);
        }
    }
    // SQL counts bytes from 1.
    let rows = sqlx::query!(
        r#"select place as "place!", nonce as "nonce?", base_us as "base_us?",
            interval_index as "interval_index?", record as "record?"
        from unnest($1::int4[], $2::int8[], $3::int4[]) as wanted (place, number, index)
        cross join lateral (
            select nonce, base_us, null::int8 as interval_index,
                substring(entries from 1 + wanted.index * $4 for $4) as record
            from pooled_batch where pooled_batch.number = wanted.number
            union all
            select nonce, base_us, interval_index,
                substring(placements from 1 + wanted.index * $5 for $5)
            from sealed_batch where sealed_batch.number = wanted.number
            union all
            select null, null, null, null
            from retention where forgotten_batches @> wanted.number
            limit 1
        ) as found"#,
        &places,
        &numbers,
        &indexes,
        ENTRY_BYTES,
        PLACEMENT_BYTES,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let mut found = vec![None; addresses.len()];
    for row in rows {
        let state = match (row.nonce, row.base_us, row.record) {
            (Some(nonce), Some(base_us), Some(record)) => {
                let nonce = unsigned(nonce, "a batch's nonce")?;
                entry_state(nonce, UnixMicros(base_us), row.interval_index, record)?
            }
            _ => Some(EntryState::Forgotten),
        };
        let place = usize::try_from(row.place).map_err(|_| broken("an address's place"))?;
        found[place] = state;
    }
    Ok(found)
}

/// One record, pooled or of a sealed interval. Beyond a batch's last record nothing is read, so
/// there is no first one.
fn entry_state(
    nonce: u64,
    base: UnixMicros,
    interval: Option<i64>,
    record: Vec<u8>,
) -> Result<Option<EntryState>, Unavailable> {
    let Some(interval) = interval else {
        let entries = Entries::from_stored(base, record).ok_or_else(|| broken("a pooled batch"))?;
        let entry = entries.get(0);
        return Ok(entry.map(|entry| EntryState::Pooled { nonce, entry }));
    };
    let interval = unsigned(interval, "a batch's interval")?;
    let placed = Placements::from_stored(base, record).ok_or_else(|| broken("a sealed batch"))?;
    Ok(placed.get(0).map(|placement| EntryState::Sealed {
        nonce,
        interval,
        placement,
    }))
}

pub(crate) async fn sealed_batches(
    store: &PostgresStore,
    interval: u64,
) -> Result<Vec<SealedBatch>, Unavailable> {
    let Some(interval) = key(interval) else {
        return Ok(Vec::new());
    };
    let rows = sqlx::query!(
        "select number, nonce, base_us, placements from sealed_batch
        where interval_index = $1
        order by number",
        interval,
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    rows.into_iter()
        .map(|row| sealed_batch(row.number, row.nonce, row.base_us, interval, row.placements))
        .collect()
}
