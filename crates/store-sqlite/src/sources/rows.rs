//! From columns to words and back.

use base::{UnixMicros, UserId};
use intel::secrets::{KeyId, SecretId};
use intel::sources::{
    NewProvider, ProviderRow, SecretRow, Settings, SlotRow, SourceRow, VersionOrigin, VersionRow,
};
use intel::{ProviderId, SourceId, SourceKind};
use rusqlite::Row;

use crate::error::damaged;
use crate::rows::hash;

/// Tags as a column has them: one a line.
pub(super) fn written_tags(tags: &[String]) -> String {
    tags.join("\n")
}

fn tags(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

pub(super) fn time(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<UnixMicros>> {
    Ok(row.get::<_, Option<i64>>(at)?.map(UnixMicros))
}

/// Columns id, slug, name, about, website, tags, enabled, `created_at_us`.
pub(super) fn provider(row: &Row<'_>) -> rusqlite::Result<ProviderRow> {
    Ok(ProviderRow {
        id: ProviderId(row.get(0)?),
        provider: NewProvider {
            slug: row.get(1)?,
            name: row.get(2)?,
            about: row.get(3)?,
            website: row.get(4)?,
            tags: tags(row.get_ref(5)?.as_str()?),
            is_enabled: row.get(6)?,
        },
        created_at: UnixMicros(row.get(7)?),
    })
}

/// Columns id, slug, kind, shipped, provider, enabled, settings, generation, version, definition, the
/// newest shipped version that says something else, `created_at_us`, `changed_at_us`.
pub(super) fn source(row: &Row<'_>) -> rusqlite::Result<SourceRow> {
    let kind = SourceKind::named(row.get_ref(2)?.as_str()?);
    let settings = Settings::read(row.get_ref(6)?.as_str()?);
    Ok(SourceRow {
        id: SourceId(row.get(0)?),
        slug: row.get(1)?,
        kind: kind.ok_or_else(|| damaged("kind of a source"))?,
        is_shipped: row.get(3)?,
        provider: row.get::<_, Option<i64>>(4)?.map(ProviderId),
        is_enabled: row.get(5)?,
        settings: settings.ok_or_else(|| damaged("settings of a source"))?,
        generation: row.get(7)?,
        version: row.get(8)?,
        definition: row.get(9)?,
        product_version: row.get(10)?,
        created_at: UnixMicros(row.get(11)?),
        changed_at: UnixMicros(row.get(12)?),
    })
}

/// Columns source, slot, secret, binding.
pub(super) fn slot(row: &Row<'_>) -> rusqlite::Result<SlotRow> {
    Ok(SlotRow {
        source: SourceId(row.get(0)?),
        slot: row.get(1)?,
        secret: SecretId(row.get(2)?),
        binding: row.get(3)?,
    })
}

pub(super) fn key(row: &Row<'_>, at: usize) -> rusqlite::Result<KeyId> {
    let bytes = row.get_ref(at)?.as_blob()?;
    let bytes = bytes.try_into().map_err(|_| damaged("id of a key"))?;
    Ok(KeyId(bytes))
}

/// Columns id, name, about, key, sealed, `expires_at_us`, `created_at_us`, `changed_at_us`.
pub(super) fn secret(row: &Row<'_>) -> rusqlite::Result<SecretRow> {
    Ok(SecretRow {
        id: SecretId(row.get(0)?),
        name: row.get(1)?,
        about: row.get(2)?,
        key: key(row, 3)?,
        sealed: row.get(4)?,
        expires_at: time(row, 5)?,
        created_at: UnixMicros(row.get(6)?),
        changed_at: UnixMicros(row.get(7)?),
    })
}

/// Columns number, sha256, origin, `went_back_to`, note, `made_at_us`, `made_by`.
pub(super) fn version(row: &Row<'_>) -> rusqlite::Result<VersionRow> {
    let origin = VersionOrigin::read(row.get_ref(2)?.as_str()?, row.get(3)?);
    Ok(VersionRow {
        number: row.get(0)?,
        sha256: hash(row, 1)?,
        origin: origin.ok_or_else(|| damaged("origin of a version"))?,
        note: row.get(4)?,
        made_at: UnixMicros(row.get(5)?),
        made_by: row.get::<_, Option<i64>>(6)?.map(UserId),
    })
}
