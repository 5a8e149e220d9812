//! What the catalogue keeps.

use accounts::{NewEntry, Page};
use async_trait::async_trait;
use base::{Unavailable, UnixMicros};
use indicator::{Indicator, Kind};

use super::records::{
    Arrival, Changed, InsertSource, Inserted, NewProvider, Revisions, Shipment, SourceRows,
    UpdateSource, VersionRecord, VersionRow,
};
use crate::lists::{IgnoreEntry, IgnoreList, ListId, NewIgnoreList, WarningListId, WarningListRow};
use crate::secrets::{KeyId, SecretId};
use crate::{ProviderId, SourceId};

/// Seals a secret once its number is known; called at most once, within the transaction.
pub type Seal = Box<dyn FnOnce(SecretId) -> Vec<u8> + Send>;

/// Seals a secret under another key; `None` when it cannot be opened. Called within the transaction.
pub type Reseal = Box<dyn Fn(SecretId, &[u8]) -> Option<Vec<u8>> + Send + Sync>;

/// A secret that is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsertSecret {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub about: String,
    /// When it ends, where that is known.
    pub expires_at: Option<UnixMicros>,
    /// Under which key it is sealed.
    pub key: KeyId,
}

/// What is to be changed of a secret; nothing: it stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateSecret {
    /// What it is called.
    pub name: Option<String>,
    /// What it is.
    pub about: Option<String>,
    /// When it ends.
    pub expires_at: Option<Option<UnixMicros>>,
    /// The secret, sealed under this key.
    pub sealed: Option<(KeyId, Vec<u8>)>,
}

/// What is to be changed of an ignore list; nothing: it stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateIgnoreList {
    /// What it is. An empty slug: it stays.
    pub list: Option<NewIgnoreList>,
    /// Sources for which it holds.
    pub sources: Option<Vec<SourceId>>,
    /// Providers for all of whose sources it holds.
    pub providers: Option<Vec<ProviderId>>,
    /// All its entries.
    pub entries: Option<Vec<Indicator>>,
    /// Entries that come to it.
    pub add: Vec<Indicator>,
    /// Entries that go.
    pub remove: Vec<Indicator>,
}

/// For whom ignore lists hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A source.
    Source(SourceId),
    /// A provider.
    Provider(ProviderId),
}

/// What became of a change of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// So many secrets are sealed under the new key now, which is all.
    Done(u32),
    /// Secrets are sealed under another key than was thought. Nothing was written.
    OtherKey,
    /// This secret could not be opened. Nothing was written.
    Broken(SecretId),
}

/// Keeps the catalogue. Every function is one transaction; what takes a [`NewEntry`] writes it with its
/// fact in the same one, and writes nothing when its outcome is a refusal. What writes adds one to the
/// [`Revisions`] of its part. `Err` means only that the store did not answer.
#[async_trait]
pub trait Store: Send + Sync {
    /// How often each part was written.
    async fn revisions(&self) -> Result<Revisions, Unavailable>;

    /// Providers, sources with their versions in force, slots and secrets.
    async fn sources(&self) -> Result<SourceRows, Unavailable>;

    /// Takes up what a version of the product ships. A source of an unknown slug is made, enabled as it
    /// says, with its provider; one that is known and whose newest shipped version says something else
    /// gets a version more, which comes into force only where the shipped one before it was. One of
    /// this installation that has the slug stays as it is. Warning lists of unknown slugs are made.
    /// When nothing changes nothing is written, and no entry.
    async fn ship(&self, shipment: Shipment, entry: NewEntry) -> Result<Arrival, Unavailable>;

    /// Makes a provider; the entry's target is its number. `Taken`.
    async fn insert_provider(
        &self,
        provider: NewProvider,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable>;

    /// Makes a provider what is given. `Unknown`; `Taken`.
    async fn change_provider(
        &self,
        id: ProviderId,
        provider: NewProvider,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable>;

    /// Deletes a provider. `Unknown`; `InUse` while it has a source. Ignore lists lose it.
    async fn delete_provider(
        &self,
        id: ProviderId,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable>;

    /// Makes a source of this installation, with its version 1; the entry's target is its number.
    /// `Taken`; `Gone`: there is no such provider.
    async fn insert_source(
        &self,
        source: InsertSource,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable>;

    /// Changes a source that is at version `based_on`. A version that says what the one in force says
    /// is not added. `Unknown`; `Stale`: it is at another version; `Gone`: there is no such provider.
    async fn change_source(
        &self,
        id: SourceId,
        based_on: u32,
        change: UpdateSource,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable>;

    /// Deletes a source of this installation with its versions. `Unknown`; `Shipped`.
    async fn delete_source(&self, id: SourceId, entry: NewEntry) -> Result<Changed, Unavailable>;

    /// Puts a secret into a slot, or takes it out. `Unknown`: there is no such source; `Gone`: there is
    /// no such secret.
    async fn put_slot(
        &self,
        id: SourceId,
        slot: &str,
        secret: Option<(SecretId, String)>,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable>;

    /// A source's versions, the newest first, below `before`.
    async fn versions(
        &self,
        id: SourceId,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<VersionRow>, Unavailable>;

    /// One version.
    async fn version(
        &self,
        id: SourceId,
        number: u32,
    ) -> Result<Option<VersionRecord>, Unavailable>;

    /// Under which key secrets are sealed, once there was one.
    async fn secret_key(&self) -> Result<Option<KeyId>, Unavailable>;

    /// Says under which key secrets are sealed. The first one wins; tells which one it is.
    async fn claim_secret_key(&self, key: KeyId) -> Result<KeyId, Unavailable>;

    /// Keeps a secret; the entry's target is its number. `Err` of the pair is a refusal: `Taken`,
    /// `OtherKey`.
    async fn insert_secret(
        &self,
        secret: InsertSecret,
        seal: Seal,
        entry: NewEntry,
    ) -> Result<Result<SecretId, Changed>, Unavailable>;

    /// Changes a secret. Another secret in it gives its sources another generation. `Unknown`; `Taken`;
    /// `OtherKey`.
    async fn change_secret(
        &self,
        id: SecretId,
        change: UpdateSecret,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable>;

    /// Deletes a secret and empties its slots. `Unknown`.
    async fn delete_secret(&self, id: SecretId, entry: NewEntry) -> Result<Changed, Unavailable>;

    /// Seals every secret again, all or none. Their sources keep their generations: a secret is the
    /// same under another key.
    async fn rotate_secret_key(
        &self,
        from: KeyId,
        to: KeyId,
        reseal: Reseal,
        entry: NewEntry,
    ) -> Result<Rotated, Unavailable>;

    /// All ignore lists with their entries, in the order of their numbers. An entry that cannot be read
    /// is left out.
    async fn ignore_lists(&self) -> Result<Vec<(IgnoreList, Vec<Indicator>)>, Unavailable>;

    /// Makes an ignore list; the entry's target is its number. `Taken`.
    async fn insert_ignore_list(
        &self,
        list: NewIgnoreList,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable>;

    /// Changes an ignore list. `Unknown`; `Taken`; `Gone`: there is no such source or provider;
    /// `TooMany` entries: those that are there and those that come are more than `entries_max`.
    async fn change_ignore_list(
        &self,
        id: ListId,
        change: UpdateIgnoreList,
        entries_max: usize,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable>;

    /// Deletes an ignore list with its entries. `Unknown`.
    async fn delete_ignore_list(&self, id: ListId, entry: NewEntry)
    -> Result<Changed, Unavailable>;

    /// Says which ignore lists hold for a source or a provider, besides the global ones. `Unknown`;
    /// `Gone`: there is no such list.
    async fn put_ignore_lists_of(
        &self,
        holder: Holder,
        lists: Vec<ListId>,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable>;

    /// Entries of an ignore list, the newest first, below `before`; of one kind, or with this text in
    /// them.
    async fn ignore_entries(
        &self,
        id: ListId,
        kind: Option<Kind>,
        text: Option<&str>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<IgnoreEntry>, Unavailable>;

    /// All warning lists with their words, in the order of their numbers.
    async fn warning_lists(&self) -> Result<Vec<WarningListRow>, Unavailable>;

    /// Makes a warning list of MISP's JSON; the entry's target is its number. `Taken`.
    async fn insert_warning_list(
        &self,
        slug: &str,
        json: Vec<u8>,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable>;

    /// Switches a warning list, or gives it other words. `Unknown`; `Shipped`: its words are the
    /// product's.
    async fn change_warning_list(
        &self,
        id: WarningListId,
        is_enabled: Option<bool>,
        json: Option<Vec<u8>>,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable>;

    /// Deletes a warning list. `Unknown`; `Shipped`.
    async fn delete_warning_list(
        &self,
        id: WarningListId,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable>;
}
