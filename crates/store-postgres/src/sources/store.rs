//! The catalogue's store: each step in its file.

use accounts::{NewEntry, Page};
use async_trait::async_trait;
use base::Unavailable;
use indicator::{Indicator, Kind};
use intel::lists::{IgnoreEntry, IgnoreList, ListId, NewIgnoreList, WarningListId, WarningListRow};
use intel::secrets::{KeyId, SecretId};
use intel::sources::{
    Arrival, Changed, Holder, InsertSecret, InsertSource, Inserted, NewProvider, Reseal, Revisions,
    Rotated, Seal, Shipment, SourceRows, Store, UpdateIgnoreList, UpdateSecret, UpdateSource,
    VersionRecord, VersionRow,
};
use intel::{ProviderId, SourceId};

use super::{ignoring, providers, secrets, ship, slots, source, versions, warning};
use crate::PostgresStore;
use crate::connection::answered;

#[async_trait]
impl Store for PostgresStore {
    async fn revisions(&self) -> Result<Revisions, Unavailable> {
        answered(super::revisions(self)).await
    }

    async fn sources(&self) -> Result<SourceRows, Unavailable> {
        answered(super::source_rows(self)).await
    }

    async fn ship(&self, shipment: Shipment, entry: NewEntry) -> Result<Arrival, Unavailable> {
        answered(ship::ship(self, &shipment, entry)).await
    }

    async fn insert_provider(
        &self,
        provider: NewProvider,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable> {
        answered(providers::insert(self, &provider, &entry)).await
    }

    async fn change_provider(
        &self,
        id: ProviderId,
        provider: NewProvider,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        answered(providers::change(self, id, &provider, &entry)).await
    }

    async fn delete_provider(
        &self,
        id: ProviderId,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        answered(providers::delete(self, id, &entry)).await
    }

    async fn insert_source(
        &self,
        source: InsertSource,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable> {
        answered(source::insert(self, &source, &entry)).await
    }

    async fn change_source(
        &self,
        id: SourceId,
        based_on: u32,
        change: UpdateSource,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        answered(source::change(self, id, based_on, &change, &entry)).await
    }

    async fn delete_source(&self, id: SourceId, entry: NewEntry) -> Result<Changed, Unavailable> {
        answered(source::delete(self, id, &entry)).await
    }

    async fn put_slot(
        &self,
        id: SourceId,
        slot: &str,
        secret: Option<(SecretId, String)>,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        answered(slots::put(self, id, slot, secret.as_ref(), &entry)).await
    }

    async fn versions(
        &self,
        id: SourceId,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<VersionRow>, Unavailable> {
        answered(versions::list(self, id, before, limit)).await
    }

    async fn version(
        &self,
        id: SourceId,
        number: u32,
    ) -> Result<Option<VersionRecord>, Unavailable> {
        answered(versions::find(self, id, number)).await
    }

    async fn secret_key(&self) -> Result<Option<KeyId>, Unavailable> {
        answered(secrets::key(self)).await
    }

    async fn claim_secret_key(&self, key: KeyId) -> Result<KeyId, Unavailable> {
        answered(secrets::claim_key(self, key)).await
    }

    async fn insert_secret(
        &self,
        secret: InsertSecret,
        seal: Seal,
        entry: NewEntry,
    ) -> Result<Result<SecretId, Changed>, Unavailable> {
        answered(secrets::insert(self, &secret, seal, &entry)).await
    }

    async fn change_secret(
        &self,
        id: SecretId,
        change: UpdateSecret,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        answered(secrets::change(self, id, &change, &entry)).await
    }

    async fn delete_secret(&self, id: SecretId, entry: NewEntry) -> Result<Changed, Unavailable> {
        answered(secrets::delete(self, id, &entry)).await
    }

    async fn rotate_secret_key(
        &self,
        from: KeyId,
        to: KeyId,
        reseal: Reseal,
        entry: NewEntry,
    ) -> Result<Rotated, Unavailable> {
        answered(secrets::rotate(self, from, to, &reseal, &entry)).await
    }

    async fn ignore_lists(&self) -> Result<Vec<(IgnoreList, Vec<Indicator>)>, Unavailable> {
        answered(ignoring::list(self)).await
    }

    async fn insert_ignore_list(
        &self,
        list: NewIgnoreList,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable> {
        answered(ignoring::insert(self, &list, &entry)).await
    }

    async fn change_ignore_list(
        &self,
        id: ListId,
        change: UpdateIgnoreList,
        entries_max: usize,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        answered(ignoring::change(self, id, &change, entries_max, &entry)).await
    }

    async fn delete_ignore_list(
        &self,
        id: ListId,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        answered(ignoring::delete(self, id, &entry)).await
    }

    async fn put_ignore_lists_of(
        &self,
        holder: Holder,
        lists: Vec<ListId>,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        answered(ignoring::put_lists_of(self, holder, &lists, &entry)).await
    }

    async fn ignore_entries(
        &self,
        id: ListId,
        kind: Option<Kind>,
        text: Option<&str>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<IgnoreEntry>, Unavailable> {
        answered(ignoring::entries(self, id, kind, text, before, limit)).await
    }

    async fn warning_lists(&self) -> Result<Vec<WarningListRow>, Unavailable> {
        answered(warning::list(self)).await
    }

    async fn insert_warning_list(
        &self,
        slug: &str,
        json: Vec<u8>,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable> {
        answered(warning::insert(self, slug, &json, &entry)).await
    }

    async fn change_warning_list(
        &self,
        id: WarningListId,
        is_enabled: Option<bool>,
        json: Option<Vec<u8>>,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        answered(warning::change(
            self,
            id,
            is_enabled,
            json.as_deref(),
            &entry,
        ))
        .await
    }

    async fn delete_warning_list(
        &self,
        id: WarningListId,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        answered(warning::delete(self, id, &entry)).await
    }
}
