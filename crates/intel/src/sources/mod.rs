//! The catalogue: which sources, providers, secrets and lists this installation has, and how each is
//! set up.
//!
//! A source is a *definition* in numbered versions that are only ever added, and *settings* that say
//! what differs here. What the product ships is taken up at every start, so that an update brings new
//! versions and loses nothing that people set. [`Registry`] holds the rows and every act on them,
//! [`Sources`] is what they say now, [`Configured`] one source that can be asked. Asks nobody itself,
//! but on the test bench.

mod acts;
mod bench;
mod change;
pub(crate) mod check;
mod configured;
mod definition;
mod fsck;
mod http;
mod lists;
mod maker;
mod notifications;
mod providers;
mod records;
mod registry;
mod settings;
mod shipped;
mod snapshot;
mod store;

pub use acts::{NewSource, SourceChange, Version};
pub use bench::{Asked, Candidate, Trial, Tried, TryError};
pub use change::ChangeError;
pub use check::{
    ABOUT_LETTERS_MAX, DEFINITION_BYTES_MAX, NAME_LETTERS_MAX, PROVIDERS_MAX, SECONDS_MAX,
    SLUG_BYTES_MAX, SOURCES_MAX,
};
pub use configured::{
    BODY_BYTES_MAX, Binding, Configured, MissingSecret, MissingWhy, Provider, SlotState,
};
pub use definition::{Body, BuiltIn, Definition, NOTHING_CACHE_S, TIME_MAX_S, Written};
pub use fsck::{CatalogueCheck, VersionFault};
pub use lists::IgnoreListChange;
pub use maker::{Maker, OwnMaker, Unmade};
pub use notifications::{EXPIRES_SOON, Notification, SourceFigures, notifications};
pub use records::{
    Arrival, Changed, InsertSource, Inserted, NewProvider, NewVersion, ProviderRow, Revisions,
    SecretRow, Shipment, SlotRow, SourceRow, SourceRows, UpdateSource, VersionOrigin,
    VersionRecord, VersionRow,
};
pub use registry::{OpenError, Parts, Registry, TOPIC};
pub use settings::Settings;
pub use shipped::{Shipped, shipped, slug_of};
pub use snapshot::Sources;
pub use store::{
    Holder, InsertSecret, Reseal, Rotated, Seal, Store, UpdateIgnoreList, UpdateSecret,
};

pub(crate) use change::{changed, room_for_one_more};
pub(crate) use check::Checker;
pub(crate) use registry::{made, target};
