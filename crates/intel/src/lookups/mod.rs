//! What lookups leave behind: requests, answers and their evidence, quotas that outlive a restart,
//! bulks, watches, shares; and the door to their tables.
//!
//! Knows neither how a source is asked nor how any of this is shown.

mod answer;
mod bulk;
mod figures;
mod indicator;
mod request;
mod share;
mod store;
pub mod stored;
mod watch;
mod words;

pub use answer::{
    ANSWER, AnswerRecord, EvidenceRef, Heard, NewAnswer, Said, SourceRef, StoredEvidence,
};
pub use bulk::{
    BULK_ITEMS_MAX, Bulk, BulkChange, BulkFilter, BulkItem, BulkState, BulkStep, Item, ItemDone,
    ItemState, NewBulk,
};
pub use figures::{RequestHour, Slot, SourceHour, Used, UsedSoFar, hour_of};
pub use indicator::digest;
pub use request::{
    Cause, Closing, LastVerdict, NewRequest, RequestFilter, RequestRow, RequestState, SkippedRef,
    StoredRequest, Written,
};
pub use share::{NewShare, Share};
pub use store::{EvidenceCheck, Store};
pub use stored::Damaged;
pub use watch::{NewWatch, Watch, WatchFilter, Watched};
pub use words::{AnswerId, BulkId, EvidenceId, RequestId, ShareId, WatchId};
