//! The log as a feature: digests enter a pool, an interval is sealed, proofs come out.
//!
//! Knows no SQL, no HTTP, and not what it seals: a timestamp is a hash and a moment.

#![forbid(unsafe_code)]

mod follower;
pub mod fsck;
mod id;
mod ledger;
mod notary;
mod owners;
mod packed;
mod parallel;
mod proof_file;
mod published;
pub mod retention;
mod rollup;
mod sealer;
mod settings;
mod signer;
mod store;
pub mod timekeeping;
mod tokens;
mod trees;
mod waiters;
pub mod witness;
pub mod witnesses;
mod words;

pub use follower::{Follower, LIVE_TOPIC};
pub use id::{BATCH_ENTRIES_MAX, TimestampId};
pub use ledger::{Found, Ledger, Timestamp};
pub use notary::{ClockOff, Figures, Notary, PackedTexts, Submission, SubmitError, TextTooLong};
pub use packed::{Entries, Placement, Placements};
pub use proof_file::{ProofAnswer, Under};
pub use published::{Proof, Sealed};
pub use sealer::{ALERT_TOPIC, Health, Role, SealError, SealTimes, Sealer, SealerState};
pub use settings::Settings;
pub use signer::{ForeignKey, Signer};
pub use store::{BatchState, Commit, EntryState, Lease, NewBatch, Store};
pub use tokens::{FoundToken, TokenError};
pub use words::{
    Checkpoint, Cosignature, Entry, Head, Interval, LogKey, PooledBatch, SealedBatch,
    SealedInterval, TagPage, Token, Tree, Witnessed,
};
