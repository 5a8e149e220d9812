//! What is stored of the catalogue, and the outcomes of writing it.

use accounts::NewEntry;
use base::{UnixMicros, UserId};

use super::Settings;
use crate::secrets::{KeyId, SecretId};
use crate::{ProviderId, SourceId, SourceKind};

/// How often each part of the catalogue was written. Whoever remembers them knows what to read again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revisions {
    /// Providers, sources, their versions, slots and secrets.
    pub sources: i64,
    /// Ignore lists.
    pub ignore_lists: i64,
    /// Warning lists.
    pub warning_lists: i64,
}

/// Who stands behind sources, as it is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewProvider {
    /// Its name in addresses; empty: made from the name.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What it is.
    pub about: String,
    /// Where a person learns about it; may be empty.
    pub website: String,
    /// What it is good for.
    pub tags: Vec<String>,
    /// Whether any of its sources is asked.
    pub is_enabled: bool,
}

/// A provider's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRow {
    /// Its number.
    pub id: ProviderId,
    /// What it is.
    pub provider: NewProvider,
    /// Since when.
    pub created_at: UnixMicros,
}

/// Where a version came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionOrigin {
    /// The product shipped it.
    Product,
    /// Somebody wrote it.
    Person,
    /// Somebody went back to this version.
    RollBack(u32),
}

impl VersionOrigin {
    /// As rows have it: a word, and the version that was gone back to.
    pub fn write(self) -> (&'static str, Option<u32>) {
        match self {
            Self::Product => ("product", None),
            Self::Person => ("person", None),
            Self::RollBack(to) => ("roll-back", Some(to)),
        }
    }

    /// Reads what [`VersionOrigin::write`] wrote.
    pub fn read(word: &str, went_back_to: Option<u32>) -> Option<Self> {
        match (word, went_back_to) {
            ("product", None) => Some(Self::Product),
            ("person", None) => Some(Self::Person),
            ("roll-back", Some(to)) => Some(Self::RollBack(to)),
            _ => None,
        }
    }
}

/// A version that is to be added; its number is one more than the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVersion {
    /// The definition in canonical form.
    pub bytes: Vec<u8>,
    /// The bytes' SHA-256.
    pub sha256: [u8; 32],
    /// Where it comes from.
    pub origin: VersionOrigin,
    /// Why, in the words of who wrote it; may be empty.
    pub note: String,
}

/// A version in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRow {
    /// Its number: 1, 2, 3, …
    pub number: u32,
    /// The definition's SHA-256.
    pub sha256: [u8; 32],
    /// Where it came from.
    pub origin: VersionOrigin,
    /// Why.
    pub note: String,
    /// When.
    pub made_at: UnixMicros,
    /// By whom; nobody: by the product.
    pub made_by: Option<UserId>,
}

/// A version with what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRecord {
    /// As in the list.
    pub row: VersionRow,
    /// The definition in canonical form.
    pub bytes: Vec<u8>,
}

/// A source of this installation that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsertSource {
    /// Its name in addresses.
    pub slug: String,
    /// Who makes it.
    pub kind: SourceKind,
    /// Who stands behind it.
    pub provider: Option<ProviderId>,
    /// Whether it is asked.
    pub is_enabled: bool,
    /// What differs here.
    pub settings: Settings,
    /// What it is.
    pub version: NewVersion,
}

/// What is to be changed of a source; nothing: it stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateSource {
    /// Who stands behind it.
    pub provider: Option<Option<ProviderId>>,
    /// Whether it is asked.
    pub is_enabled: Option<bool>,
    /// What differs here.
    pub settings: Option<Settings>,
    /// What it is from now on.
    pub version: Option<NewVersion>,
    /// Answers that are kept are not its own any longer.
    pub is_other_upstream: bool,
}

/// A source's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// Its number.
    pub id: SourceId,
    /// Its name in addresses.
    pub slug: String,
    /// Who makes it.
    pub kind: SourceKind,
    /// Whether the product ships it.
    pub is_shipped: bool,
    /// Who stands behind it.
    pub provider: Option<ProviderId>,
    /// Whether it is asked.
    pub is_enabled: bool,
    /// What differs here.
    pub settings: Settings,
    /// Grows with its secrets and its address.
    pub generation: i64,
    /// The number of the version that is in force.
    pub version: u32,
    /// That version in canonical form.
    pub definition: Vec<u8>,
    /// The newest version that the product shipped, if it is another one with other words.
    pub product_version: Option<u32>,
    /// Since when.
    pub created_at: UnixMicros,
    /// Since when it is what it is.
    pub changed_at: UnixMicros,
}

/// Which secret stands in a slot, and what it was put there for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotRow {
    /// Whose slot.
    pub source: SourceId,
    /// Its name.
    pub slot: String,
    /// The secret.
    pub secret: SecretId,
    /// Where it was allowed to go: see [`super::Binding`].
    pub binding: String,
}

/// A secret's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRow {
    /// Its number.
    pub id: SecretId,
    /// What it is called; no other one is called so.
    pub name: String,
    /// What it is.
    pub about: String,
    /// Under which key it is sealed.
    pub key: KeyId,
    /// The secret, sealed.
    pub sealed: Vec<u8>,
    /// When it ends, where that is known.
    pub expires_at: Option<UnixMicros>,
    /// Since when it is there.
    pub created_at: UnixMicros,
    /// Since when it is what it is.
    pub changed_at: UnixMicros,
}

/// Providers, sources, slots and secrets, read in one go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceRows {
    /// In the order of their numbers.
    pub providers: Vec<ProviderRow>,
    /// In the order of their numbers.
    pub sources: Vec<SourceRow>,
    /// Slots that are filled.
    pub slots: Vec<SlotRow>,
    /// In the order of their numbers.
    pub secrets: Vec<SecretRow>,
}

/// What a version of the product ships, on its way into the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shipment {
    /// Sources, each with the provider that is made with it if there is none of its slug.
    pub sources: Vec<(InsertSource, NewProvider)>,
    /// The slugs of its warning lists, and whether each counts before anybody decided.
    pub warning_lists: Vec<(String, bool)>,
}

/// What a shipment changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// Sources that are new here, by slug.
    pub made: Vec<String>,
    /// Sources that the product says something new of, by slug.
    pub renewed: Vec<String>,
    /// Sources that could not come in because one of this installation has their slug.
    pub in_the_way: Vec<String>,
    /// Warning lists that are new here, by slug.
    pub warning_lists: Vec<String>,
}

impl Arrival {
    /// Whether the store is as it was.
    pub fn is_nothing(&self) -> bool {
        self.made.is_empty() && self.renewed.is_empty() && self.warning_lists.is_empty()
    }

    /// The entry of the trail that tells of it.
    #[must_use]
    pub fn told(&self, mut entry: NewEntry) -> NewEntry {
        for (name, slugs) in [
            ("made", &self.made),
            ("renewed", &self.renewed),
            ("warning_lists", &self.warning_lists),
        ] {
            if !slugs.is_empty() {
                entry.details.push((name, slugs.clone().into()));
            }
        }
        entry
    }
}

/// What became of a new row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is there, with this number.
    Made(i64),
    /// Another row has its slug or name.
    Taken,
    /// What it refers to does not exist.
    Gone,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Done.
    Done,
    /// There is no such row.
    Unknown,
    /// Another row has what must be unique.
    Taken,
    /// Something refers to it.
    InUse,
    /// It comes with the product: it can be switched off, not deleted.
    Shipped,
    /// It was changed since it was read.
    Stale,
    /// What it refers to does not exist.
    Gone,
    /// There would be more than the store holds.
    TooMany,
    /// Secrets are sealed under another key meanwhile.
    OtherKey,
}
