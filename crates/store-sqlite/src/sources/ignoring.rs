//! Ignore lists, their entries, and for whom they hold.

use std::collections::{BTreeMap, BTreeSet};

use accounts::{NewEntry, Page};
use base::UnixMicros;
use indicator::{Indicator, Kind};
use intel::lists::{IgnoreEntry, IgnoreList, ListId, NewIgnoreList};
use intel::sources::{Changed, Holder, Inserted, UpdateIgnoreList};
use intel::{ProviderId, SourceId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Part, bump, providers, source};
use crate::accounts::page;
use crate::audit;
use crate::error::damaged;
use crate::rows::{number, signed};

pub(super) fn list(db: &Connection) -> rusqlite::Result<Vec<(IgnoreList, Vec<Indicator>)>> {
    let mut lists: BTreeMap<i64, (IgnoreList, Vec<Indicator>)> = db
        .prepare_cached(
            "select id, slug, name, about, enabled, is_global, created_at_us, changed_at_us,
                 (select count(*) from ignore_entry where list = ignore_list.id)
             from ignore_list",
        )?
        .query_map([], |row| {
            let id = row.get(0)?;
            let list = IgnoreList {
                id: ListId(id),
                list: NewIgnoreList {
                    slug: row.get(1)?,
                    name: row.get(2)?,
                    about: row.get(3)?,
                    is_enabled: row.get(4)?,
                    is_global: row.get(5)?,
                },
                sources: BTreeSet::new(),
                providers: BTreeSet::new(),
                entries: number(row, 8)?,
                created_at: UnixMicros(row.get(6)?),
                changed_at: UnixMicros(row.get(7)?),
            };
            Ok((id, (list, Vec::new())))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut select = db.prepare_cached("select list, source from ignore_list_source")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        if let Some((list, _)) = lists.get_mut(&row.get(0)?) {
            list.sources.insert(SourceId(row.get(1)?));
        }
    }
    let mut select = db.prepare_cached("select list, provider from ignore_list_provider")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        if let Some((list, _)) = lists.get_mut(&row.get(0)?) {
            list.providers.insert(ProviderId(row.get(1)?));
        }
    }
    let mut select = db.prepare_cached("select list, kind, value from ignore_entry order by id")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let kind = row.get_ref(1)?.as_str()?.parse::<Kind>().ok();
        let value = row.get_ref(2)?.as_str()?;
        let read = kind.and_then(|kind| indicator::parse(kind, value).ok());
        if let (Some((_, entries)), Some(read)) = (lists.get_mut(&row.get(0)?), read) {
            entries.push(read);
        }
    }
    Ok(lists.into_values().collect())
}

fn named(tx: &Connection, slug: &str) -> rusqlite::Result<Option<i64>> {
    tx.prepare_cached("select id from ignore_list where slug = ?1")?
        .query_row([slug], |row| row.get(0))
        .optional()
}

fn exists(tx: &Connection, id: ListId) -> rusqlite::Result<bool> {
    tx.prepare_cached("select exists (select 1 from ignore_list where id = ?1)")?
        .query_row([id.0], |row| row.get(0))
}

pub(super) fn insert(
    tx: &Connection,
    list: &NewIgnoreList,
    entry: &NewEntry,
) -> rusqlite::Result<Inserted> {
    if named(tx, &list.slug)?.is_some() {
        return Ok(Inserted::Taken);
    }
    let id = tx
        .prepare_cached(
            "insert into ignore_list
                 (slug, name, about, enabled, is_global, created_at_us, changed_at_us)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        )?
        .insert(params![
            list.slug,
            list.name,
            list.about,
            list.is_enabled,
            list.is_global,
            entry.at.0,
        ])?;
    bump(tx, Part::IgnoreLists)?;
    audit::write(tx, entry, Some(id))?;
    Ok(Inserted::Made(id))
}

pub(super) fn change(
    tx: &Connection,
    id: ListId,
    change: &UpdateIgnoreList,
    entries_max: usize,
    entry: &NewEntry,
) -> rusqlite::Result<Changed> {
    if let Some(refused) = refusal(tx, id, change, entries_max)? {
        return Ok(refused);
    }
    if let Some(list) = &change.list {
        tx.prepare_cached(
            "update ignore_list
             set slug = ?2, name = ?3, about = ?4, enabled = ?5, is_global = ?6
             where id = ?1",
        )?
        .execute(params![
            id.0,
            list.slug,
            list.name,
            list.about,
            list.is_enabled,
            list.is_global,
        ])?;
    }
    if let Some(sources) = &change.sources {
        tx.prepare_cached("delete from ignore_list_source where list = ?1")?
            .execute([id.0])?;
        for source in sources {
            holds_for(tx, id, Holder::Source(*source))?;
        }
    }
    if let Some(providers) = &change.providers {
        tx.prepare_cached("delete from ignore_list_provider where list = ?1")?
            .execute([id.0])?;
        for provider in providers {
            holds_for(tx, id, Holder::Provider(*provider))?;
        }
    }
    write_entries(tx, id, change)?;
    tx.prepare_cached("update ignore_list set changed_at_us = ?2 where id = ?1")?
        .execute(params![id.0, entry.at.0])?;
    bump(tx, Part::IgnoreLists)?;
    audit::write(tx, entry, None)?;
    Ok(Changed::Done)
}

fn refusal(
    tx: &Connection,
    id: ListId,
    change: &UpdateIgnoreList,
    entries_max: usize,
) -> rusqlite::Result<Option<Changed>> {
    if !exists(tx, id)? {
        return Ok(Some(Changed::Unknown));
    }
    if let Some(list) = &change.list
        && named(tx, &list.slug)?.is_some_and(|other| other != id.0)
    {
        return Ok(Some(Changed::Taken));
    }
    for source in change.sources.iter().flatten() {
        if source::state(tx, *source)?.is_none() {
            return Ok(Some(Changed::Gone));
        }
    }
    for provider in change.providers.iter().flatten() {
        if !providers::exists(tx, *provider)? {
            return Ok(Some(Changed::Gone));
        }
    }
    let before = match &change.entries {
        Some(entries) => entries.len() as u64,
        None if change.add.is_empty() => 0,
        None => tx
            .prepare_cached("select count(*) from ignore_entry where list = ?1")?
            .query_row([id.0], |row| number(row, 0))?,
    };
    let after = before + change.add.len() as u64;
    Ok((after > entries_max as u64).then_some(Changed::TooMany))
}

fn write_entries(tx: &Connection, id: ListId, change: &UpdateIgnoreList) -> rusqlite::Result<()> {
    if change.entries.is_some() {
        tx.prepare_cached("delete from ignore_entry where list = ?1")?
            .execute([id.0])?;
    }
    let mut delete =
        tx.prepare_cached("delete from ignore_entry where list = ?1 and kind = ?2 and value = ?3")?;
    for gone in &change.remove {
        delete.execute(params![id.0, gone.kind().wire(), gone.value()])?;
    }
    let mut insert = tx.prepare_cached(
        "insert into ignore_entry (list, kind, value) values (?1, ?2, ?3) on conflict do nothing",
    )?;
    for come in change.entries.iter().flatten().chain(&change.add) {
        insert.execute(params![id.0, come.kind().wire(), come.value()])?;
    }
    Ok(())
}

fn holds_for(tx: &Connection, list: ListId, holder: Holder) -> rusqlite::Result<()> {
    match holder {
        Holder::Source(source) => tx
            .prepare_cached(
                "insert into ignore_list_source (list, source) values (?1, ?2)
                 on conflict do nothing",
            )?
            .execute([list.0, source.0])?,
        Holder::Provider(provider) => tx
            .prepare_cached(
                "insert into ignore_list_provider (list, provider) values (?1, ?2)
                 on conflict do nothing",
            )?
            .execute([list.0, provider.0])?,
    };
    Ok(())
}

pub(super) fn delete(tx: &Connection, id: ListId, entry: &NewEntry) -> rusqlite::Result<Changed> {
    if !exists(tx, id)? {
        return Ok(Changed::Unknown);
    }
    tx.prepare_cached("delete from ignore_list where id = ?1")?
        .execute([id.0])?;
    bump(tx, Part::IgnoreLists)?;
    audit::write(tx, entry, None)?;
    Ok(Changed::Done)
}

pub(super) fn put_lists_of(
    tx: &Connection,
    holder: Holder,
    lists: &[ListId],
    entry: &NewEntry,
) -> rusqlite::Result<Changed> {
    let is_there = match holder {
        Holder::Source(source) => source::state(tx, source)?.is_some(),
        Holder::Provider(provider) => providers::exists(tx, provider)?,
    };
    if !is_there {
        return Ok(Changed::Unknown);
    }
    for list in lists {
        if !exists(tx, *list)? {
            return Ok(Changed::Gone);
        }
    }
    match holder {
        Holder::Source(source) => tx
            .prepare_cached("delete from ignore_list_source where source = ?1")?
            .execute([source.0])?,
        Holder::Provider(provider) => tx
            .prepare_cached("delete from ignore_list_provider where provider = ?1")?
            .execute([provider.0])?,
    };
    for list in lists {
        holds_for(tx, *list, holder)?;
    }
    bump(tx, Part::IgnoreLists)?;
    audit::write(tx, entry, None)?;
    Ok(Changed::Done)
}

pub(super) fn entries(
    db: &Connection,
    id: ListId,
    kind: Option<Kind>,
    text: Option<&str>,
    before: Option<i64>,
    limit: usize,
) -> rusqlite::Result<Page<IgnoreEntry>> {
    let most = signed(limit as u64).saturating_add(1);
    let rows = db
        .prepare_cached(
            "select id, kind, value from ignore_entry
             where list = ?1 and id < ?2
                 and (?3 is null or kind = ?3)
                 and (?4 is null or instr(value, ?4) > 0)
             order by id desc
             limit ?5",
        )?
        .query_map(
            params![
                id.0,
                before.unwrap_or(i64::MAX),
                kind.map(Kind::wire),
                text,
                most
            ],
            |row| {
                let kind = row.get_ref(1)?.as_str()?.parse();
                Ok(IgnoreEntry {
                    id: row.get(0)?,
                    kind: kind.map_err(|_| damaged("kind of an entry"))?,
                    value: row.get(2)?,
                })
            },
        )?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(page(rows, limit, |entry| entry.id))
}
