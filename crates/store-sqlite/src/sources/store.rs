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
use crate::SqliteStore;

#[async_trait]
impl Store for SqliteStore {
    async fn revisions(&self) -> Result<Revisions, Unavailable> {
        self.lasting.readers.read(super::revisions).await
    }

    async fn sources(&self) -> Result<SourceRows, Unavailable> {
        self.lasting.readers.snapshot(super::source_rows).await
    }

    async fn ship(&self, shipment: Shipment, entry: NewEntry) -> Result<Arrival, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| ship::ship(tx, &shipment, entry))
            .await
    }

    async fn insert_provider(
        &self,
        provider: NewProvider,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| providers::insert(tx, &provider, &entry))
            .await
    }

    async fn change_provider(
        &self,
        id: ProviderId,
        provider: NewProvider,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| providers::change(tx, id, &provider, &entry))
            .await
    }

    async fn delete_provider(
        &self,
        id: ProviderId,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| providers::delete(tx, id, &entry))
            .await
    }

    async fn insert_source(
        &self,
        source: InsertSource,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| source::insert(tx, &source, &entry))
            .await
    }

    async fn change_source(
        &self,
        id: SourceId,
        based_on: u32,
        change: UpdateSource,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| source::change(tx, id, based_on, &change, &entry))
            .await
    }

    async fn delete_source(&self, id: SourceId, entry: NewEntry) -> Result<Changed, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| source::delete(tx, id, &entry))
            .await
    }

    async fn put_slot(
        &self,
        id: SourceId,
        slot: &str,
        secret: Option<(SecretId, String)>,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        let slot = slot.to_owned();
        self.lasting
            .writer
            .transaction(move |tx| slots::put(tx, id, &slot, secret.as_ref(), &entry))
            .await
    }

    async fn versions(
        &self,
        id: SourceId,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<VersionRow>, Unavailable> {
        self.lasting
            .readers
            .read(move |db| versions::list(db, id, before, limit))
            .await
    }

    async fn version(
        &self,
        id: SourceId,
        number: u32,
    ) -> Result<Option<VersionRecord>, Unavailable> {
        self.lasting
            .readers
            .read(move |db| versions::find(db, id, number))
            .await
    }

    async fn secret_key(&self) -> Result<Option<KeyId>, Unavailable> {
        self.lasting.readers.read(secrets::key).await
    }

    async fn claim_secret_key(&self, key: KeyId) -> Result<KeyId, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| secrets::claim_key(tx, key))
            .await
    }

    async fn insert_secret(
        &self,
        secret: InsertSecret,
        seal: Seal,
        entry: NewEntry,
    ) -> Result<Result<SecretId, Changed>, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| secrets::insert(tx, &secret, seal, &entry))
            .await
    }

    async fn change_secret(
        &self,
        id: SecretId,
        change: UpdateSecret,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| secrets::change(tx, id, &change, &entry))
            .await
    }

    async fn delete_secret(&self, id: SecretId, entry: NewEntry) -> Result<Changed, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| secrets::delete(tx, id, &entry))
            .await
    }

    async fn rotate_secret_key(
        &self,
        from: KeyId,
        to: KeyId,
        reseal: Reseal,
        entry: NewEntry,
    ) -> Result<Rotated, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| secrets::rotate(tx, from, to, &reseal, &entry))
            .await
    }

    async fn ignore_lists(&self) -> Result<Vec<(IgnoreList, Vec<Indicator>)>, Unavailable> {
        self.lasting.readers.snapshot(ignoring::list).await
    }

    async fn insert_ignore_list(
        &self,
        list: NewIgnoreList,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| ignoring::insert(tx, &list, &entry))
            .await
    }

    async fn change_ignore_list(
        &self,
        id: ListId,
        change: UpdateIgnoreList,
        entries_max: usize,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| ignoring::change(tx, id, &change, entries_max, &entry))
            .await
    }

    async fn delete_ignore_list(
        &self,
        id: ListId,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| ignoring::delete(tx, id, &entry))
            .await
    }

    async fn put_ignore_lists_of(
        &self,
        holder: Holder,
        lists: Vec<ListId>,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| ignoring::put_lists_of(tx, holder, &lists, &entry))
            .await
    }

    async fn ignore_entries(
        &self,
        id: ListId,
        kind: Option<Kind>,
        text: Option<&str>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<IgnoreEntry>, Unavailable> {
        let text = text.map(str::to_owned);
        self.lasting
            .readers
            .read(move |db| ignoring::entries(db, id, kind, text.as_deref(), before, limit))
            .await
    }

    async fn warning_lists(&self) -> Result<Vec<WarningListRow>, Unavailable> {
        self.lasting.readers.read(warning::list).await
    }

    async fn insert_warning_list(
        &self,
        slug: &str,
        json: Vec<u8>,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable> {
        let slug = slug.to_owned();
        self.lasting
            .writer
            .transaction(move |tx| warning::insert(tx, &slug, &json, &entry))
            .await
    }

    async fn change_warning_list(
        &self,
        id: WarningListId,
        is_enabled: Option<bool>,
        json: Option<Vec<u8>>,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| warning::change(tx, id, is_enabled, json.as_deref(), &entry))
            .await
    }

    async fn delete_warning_list(
        &self,
        id: WarningListId,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| warning::delete(tx, id, &entry))
            .await
    }
}
