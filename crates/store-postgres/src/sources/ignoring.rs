//! Ignore lists, their entries, and for whom they hold.

use std::collections::{BTreeMap, BTreeSet};

use accounts::{NewEntry, Page};
use base::{Unavailable, UnixMicros};
use indicator::{Indicator, Kind};
use intel::lists::{IgnoreEntry, IgnoreList, ListId, NewIgnoreList};
use intel::sources::{Changed, Holder, Inserted, UpdateIgnoreList};
use intel::{ProviderId, SourceId};
use sqlx::PgConnection;

use super::{Part, begin, commit, done, providers, snapshot, source};
use crate::PostgresStore;
use crate::accounts::{most, page};
use crate::error::{broken, unavailable};
use crate::rows::unsigned;

pub(super) async fn list(
    store: &PostgresStore,
) -> Result<Vec<(IgnoreList, Vec<Indicator>)>, Unavailable> {
    let mut tx = snapshot(store).await?;
    let rows = sqlx::query!(
        r#"select id, slug, name, about, enabled, is_global, created_at_us, changed_at_us,
            (select count(*) from ignore_entry where list = ignore_list.id) as "entries!"
        from ignore_list"#
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(unavailable)?;
    let mut lists = BTreeMap::new();
    for row in rows {
        let list = IgnoreList {
            id: ListId(row.id),
            list: NewIgnoreList {
                slug: row.slug,
                name: row.name,
                about: row.about,
                is_enabled: row.enabled,
                is_global: row.is_global,
            },
            sources: BTreeSet::new(),
            providers: BTreeSet::new(),
            entries: unsigned(row.entries, "the entries of a list")?,
            created_at: UnixMicros(row.created_at_us),
            changed_at: UnixMicros(row.changed_at_us),
        };
        lists.insert(row.id, (list, Vec::new()));
    }
    let sources = sqlx::query!("select list, source from ignore_list_source")
        .fetch_all(&mut *tx)
        .await
        .map_err(unavailable)?;
    for row in sources {
        if let Some((list, _)) = lists.get_mut(&row.list) {
            list.sources.insert(SourceId(row.source));
        }
    }
    let providers = sqlx::query!("select list, provider from ignore_list_provider")
        .fetch_all(&mut *tx)
        .await
        .map_err(unavailable)?;
    for row in providers {
        if let Some((list, _)) = lists.get_mut(&row.list) {
            list.providers.insert(ProviderId(row.provider));
        }
    }
    let entries = sqlx::query!("select list, kind, value from ignore_entry order by id")
        .fetch_all(&mut *tx)
        .await
        .map_err(unavailable)?;
    for row in entries {
        let kind = row.kind.parse::<Kind>().ok();
        let read = kind.and_then(|kind| indicator::parse(kind, &row.value).ok());
        if let (Some((_, entries)), Some(read)) = (lists.get_mut(&row.list), read) {
            entries.push(read);
        }
    }
    tx.commit().await.map_err(unavailable)?;
    Ok(lists.into_values().collect())
}

async fn named(tx: &mut PgConnection, slug: &str) -> Result<Option<i64>, Unavailable> {
    sqlx::query_scalar!("select id from ignore_list where slug = $1", slug)
        .fetch_optional(tx)
        .await
        .map_err(unavailable)
}

async fn exists(tx: &mut PgConnection, id: ListId) -> Result<bool, Unavailable> {
    sqlx::query_scalar!(
        r#"select exists (select from ignore_list where id = $1) as "exists!""#,
        id.0,
    )
    .fetch_one(tx)
    .await
    .map_err(unavailable)
}

pub(super) async fn insert(
    store: &PostgresStore,
    list: &NewIgnoreList,
    entry: &NewEntry,
) -> Result<Inserted, Unavailable> {
    let mut tx = begin(store).await?;
    if named(&mut tx, &list.slug).await?.is_some() {
        return Ok(Inserted::Taken);
    }
    let id = sqlx::query_scalar!(
        "insert into ignore_list
            (slug, name, about, enabled, is_global, created_at_us, changed_at_us)
        values ($1, $2, $3, $4, $5, $6, $6)
        returning id",
        list.slug,
        list.name,
        list.about,
        list.is_enabled,
        list.is_global,
        entry.at.0,
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(unavailable)?;
    commit(tx, &[Part::IgnoreLists], entry, Some(id)).await?;
    Ok(Inserted::Made(id))
}

pub(super) async fn change(
    store: &PostgresStore,
    id: ListId,
    change: &UpdateIgnoreList,
    entries_max: usize,
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    let mut tx = begin(store).await?;
    if let Some(refused) = refusal(&mut tx, id, change, entries_max).await? {
        return Ok(refused);
    }
    if let Some(list) = &change.list {
        sqlx::query!(
            "update ignore_list
            set slug = $2, name = $3, about = $4, enabled = $5, is_global = $6
            where id = $1",
            id.0,
            list.slug,
            list.name,
            list.about,
            list.is_enabled,
            list.is_global,
        )
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    }
    if let Some(sources) = &change.sources {
        sqlx::query!("delete from ignore_list_source where list = $1", id.0)
            .execute(&mut *tx)
            .await
            .map_err(unavailable)?;
        for source in sources {
            holds_for(&mut tx, id, Holder::Source(*source)).await?;
        }
    }
    if let Some(providers) = &change.providers {
        sqlx::query!("delete from ignore_list_provider where list = $1", id.0)
            .execute(&mut *tx)
            .await
            .map_err(unavailable)?;
        for provider in providers {
            holds_for(&mut tx, id, Holder::Provider(*provider)).await?;
        }
    }
    write_entries(&mut tx, id, change).await?;
    sqlx::query!(
        "update ignore_list set changed_at_us = $2 where id = $1",
        id.0,
        entry.at.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    done(tx, &[Part::IgnoreLists], entry).await
}

async fn refusal(
    tx: &mut PgConnection,
    id: ListId,
    change: &UpdateIgnoreList,
    entries_max: usize,
) -> Result<Option<Changed>, Unavailable> {
    if !exists(tx, id).await? {
        return Ok(Some(Changed::Unknown));
    }
    if let Some(list) = &change.list
        && named(tx, &list.slug)
            .await?
            .is_some_and(|other| other != id.0)
    {
        return Ok(Some(Changed::Taken));
    }
    for source in change.sources.iter().flatten() {
        if source::state(tx, *source).await?.is_none() {
            return Ok(Some(Changed::Gone));
        }
    }
    for provider in change.providers.iter().flatten() {
        if !providers::exists(tx, *provider).await? {
            return Ok(Some(Changed::Gone));
        }
    }
    let before = match &change.entries {
        Some(entries) => entries.len() as u64,
        None if change.add.is_empty() => 0,
        None => {
            let count = sqlx::query_scalar!(
                r#"select count(*) as "count!" from ignore_entry where list = $1"#,
                id.0,
            )
            .fetch_one(tx)
            .await
            .map_err(unavailable)?;
            unsigned(count, "the entries of a list")?
        }
    };
    let after = before + change.add.len() as u64;
    Ok((after > entries_max as u64).then_some(Changed::TooMany))
}

async fn write_entries(
    tx: &mut PgConnection,
    id: ListId,
    change: &UpdateIgnoreList,
) -> Result<(), Unavailable> {
    if change.entries.is_some() {
        sqlx::query!("delete from ignore_entry where list = $1", id.0)
            .execute(&mut *tx)
            .await
            .map_err(unavailable)?;
    }
    let (kinds, values) = columns(change.remove.iter());
    sqlx::query!(
        "delete from ignore_entry
        using unnest($2::text[], $3::text[]) as gone (kind, value)
        where list = $1 and ignore_entry.kind = gone.kind and ignore_entry.value = gone.value",
        id.0,
        &kinds as &[&str],
        &values as &[&str],
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    let (kinds, values) = columns(change.entries.iter().flatten().chain(&change.add));
    sqlx::query!(
        "insert into ignore_entry (list, kind, value)
        select $1, kind, value
        from unnest($2::text[], $3::text[]) with ordinality as come (kind, value, place)
        order by place
        on conflict do nothing",
        id.0,
        &kinds as &[&str],
        &values as &[&str],
    )
    .execute(&mut *tx)
    .await
    .map_err(unavailable)?;
    Ok(())
}

fn columns<'a>(entries: impl Iterator<Item = &'a Indicator>) -> (Vec<&'static str>, Vec<&'a str>) {
    entries.map(|one| (one.kind().wire(), one.value())).unzip()
}

async fn holds_for(tx: &mut PgConnection, list: ListId, holder: Holder) -> Result<(), Unavailable> {
    let written = match holder {
        Holder::Source(source) => {
            sqlx::query!(
                "insert into ignore_list_source (list, source) values ($1, $2)
                on conflict do nothing",
                list.0,
                source.0,
            )
            .execute(tx)
            .await
        }
        Holder::Provider(provider) => {
            sqlx::query!(
                "insert into ignore_list_provider (list, provider) values ($1, $2)
                on conflict do nothing",
                list.0,
                provider.0,
            )
            .execute(tx)
            .await
        }
    };
    written.map(drop).map_err(unavailable)
}

pub(super) async fn delete(
    store: &PostgresStore,
    id: ListId,
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    let mut tx = begin(store).await?;
    if !exists(&mut tx, id).await? {
        return Ok(Changed::Unknown);
    }
    sqlx::query!("delete from ignore_list where id = $1", id.0)
        .execute(&mut *tx)
        .await
        .map_err(unavailable)?;
    done(tx, &[Part::IgnoreLists], entry).await
}

pub(super) async fn put_lists_of(
    store: &PostgresStore,
    holder: Holder,
    lists: &[ListId],
    entry: &NewEntry,
) -> Result<Changed, Unavailable> {
    let mut tx = begin(store).await?;
    let is_there = match holder {
        Holder::Source(source) => source::state(&mut tx, source).await?.is_some(),
        Holder::Provider(provider) => providers::exists(&mut tx, provider).await?,
    };
    if !is_there {
        return Ok(Changed::Unknown);
    }
    for list in lists {
        if !exists(&mut tx, *list).await? {
            return Ok(Changed::Gone);
        }
    }
    let cleared = match holder {
        Holder::Source(source) => {
            sqlx::query!("delete from ignore_list_source where source = $1", source.0)
                .execute(&mut *tx)
                .await
        }
        Holder::Provider(provider) => {
            sqlx::query!(
                "delete from ignore_list_provider where provider = $1",
                provider.0
            )
            .execute(&mut *tx)
            .await
        }
    };
    cleared.map_err(unavailable)?;
    for list in lists {
        holds_for(&mut tx, *list, holder).await?;
    }
    done(tx, &[Part::IgnoreLists], entry).await
}

pub(super) async fn entries(
    store: &PostgresStore,
    id: ListId,
    kind: Option<Kind>,
    text: Option<&str>,
    before: Option<i64>,
    limit: usize,
) -> Result<Page<IgnoreEntry>, Unavailable> {
    let found = sqlx::query!(
        "select id, kind, value from ignore_entry
        where list = $1 and id < $2
            and ($3::text is null or kind = $3)
            and ($4::text is null or position($4 in value) > 0)
        order by id desc
        limit $5",
        id.0,
        before.unwrap_or(i64::MAX),
        kind.map(Kind::wire),
        text,
        most(limit),
    )
    .fetch_all(store.pool())
    .await
    .map_err(unavailable)?;
    let rows = found.into_iter().map(|row| {
        let kind = row.kind.parse();
        Ok(IgnoreEntry {
            id: row.id,
            kind: kind.map_err(|_| broken("the kind of an entry"))?,
            value: row.value,
        })
    });
    let rows = rows.collect::<Result<Vec<_>, Unavailable>>()?;
    Ok(page(rows, limit, |entry| entry.id))
}
