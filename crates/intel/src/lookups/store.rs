//! The door to the tables: one function is one business step and one transaction.

use accounts::{NewEntry, SecretHash};
use async_trait::async_trait;
use base::{Unavailable, UnixMicros, UserId};
use indicator::Indicator;
use jobs::NewJob;

use super::{
    AnswerId, AnswerRecord, Bulk, BulkChange, BulkFilter, BulkId, BulkItem, BulkStep, Closing,
    EvidenceId, Item, ItemDone, LastVerdict, NewAnswer, NewBulk, NewRequest, NewShare, NewWatch,
    RequestFilter, RequestHour, RequestId, RequestRow, Share, ShareId, SourceHour, StoredEvidence,
    StoredRequest, Used, UsedSoFar, Watch, WatchFilter, WatchId, Watched, Written,
};
use crate::SourceId;

/// Sealed bytes, and the digest that their fact holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceCheck {
    /// Their number.
    pub id: EvidenceId,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The fact's digest; `None` when there is no such fact.
    pub sha256: Option<[u8; 32]>,
}

/// Everything that lookups leave behind. Two dialects, one contract: `testkit`'s suite defines it.
///
/// Every write is durable when its function returns `Ok`. `Err` means only that the store did not
/// answer; whether the write took effect is then unknown.
#[async_trait]
pub trait Store: Send + Sync {
    /// Writes requests, all or none; answers their numbers, in their order.
    async fn open_requests(&self, requests: Vec<NewRequest>)
    -> Result<Vec<RequestId>, Unavailable>;

    /// Writes answers, all or none, each with its evidence as a fact and the job that seals it;
    /// answers what became of them, in their order.
    async fn insert_answers(
        &self,
        answers: Vec<NewAnswer>,
        now: UnixMicros,
    ) -> Result<Vec<Written>, Unavailable>;

    /// Closes requests. One that is closed already stays as it is.
    async fn close_requests(&self, closings: Vec<(RequestId, Closing)>) -> Result<(), Unavailable>;

    /// A request with everything that came of it.
    async fn request(&self, id: RequestId) -> Result<Option<StoredRequest>, Unavailable>;

    /// At most `limit` requests before `before`, newest first.
    async fn requests(
        &self,
        filter: &RequestFilter,
        before: Option<RequestId>,
        limit: usize,
    ) -> Result<Vec<RequestRow>, Unavailable>;

    /// At most `limit` answers about an indicator before `before`, newest first; troubles are left
    /// out.
    async fn answers_about(
        &self,
        indicator: &Indicator,
        before: Option<AnswerId>,
        limit: usize,
    ) -> Result<Vec<AnswerRecord>, Unavailable>;

    /// What was last held of each indicator, in their order; `None` where nothing was.
    async fn last_verdicts(
        &self,
        indicators: &[Indicator],
    ) -> Result<Vec<Option<LastVerdict>>, Unavailable>;

    /// The indicators that were asked about most often among the newest `requests` requests, at most
    /// `limit`, most often first.
    async fn most_asked(
        &self,
        requests: usize,
        limit: usize,
    ) -> Result<Vec<(Indicator, u64)>, Unavailable>;

    /// The bytes of one evidence.
    async fn evidence(&self, id: EvidenceId) -> Result<Option<StoredEvidence>, Unavailable>;

    /// At most `limit` evidences after `after`, by number: for whoever walks through all of them.
    async fn walk_evidence(
        &self,
        after: EvidenceId,
        limit: usize,
    ) -> Result<Vec<EvidenceCheck>, Unavailable>;

    /// Whether each of a source's newest answers was trouble, newest first, at most `limit`.
    async fn last_troubles(&self, source: SourceId, limit: usize)
    -> Result<Vec<bool>, Unavailable>;

    /// Adds what was used, and answers what all processes have used of these windows until now.
    async fn add_used(&self, used: Vec<Used>) -> Result<Vec<UsedSoFar>, Unavailable>;

    /// What was used of all windows of a source.
    async fn used(&self, source: SourceId) -> Result<Vec<UsedSoFar>, Unavailable>;

    /// Adds to the counters of their hours.
    async fn add_hours(
        &self,
        sources: Vec<SourceHour>,
        requests: Vec<RequestHour>,
    ) -> Result<(), Unavailable>;

    /// The counters of sources from one hour up to another, which is not among them; by hour,
    /// source and kind.
    async fn source_hours(&self, from: i64, to: i64) -> Result<Vec<SourceHour>, Unavailable>;

    /// The counters of requests from one hour up to another, which is not among them; by hour, kind
    /// and verdict.
    async fn request_hours(&self, from: i64, to: i64) -> Result<Vec<RequestHour>, Unavailable>;

    /// Writes a bulk that runs for the first time, with its items and the job of its number and run.
    async fn insert_bulk(
        &self,
        bulk: NewBulk,
        job: fn(BulkId, u32) -> NewJob,
    ) -> Result<BulkId, Unavailable>;

    /// One bulk.
    async fn bulk(&self, id: BulkId) -> Result<Option<Bulk>, Unavailable>;

    /// At most `limit` bulks before `before`, newest first; of one account, or of all.
    async fn bulks(
        &self,
        user: Option<UserId>,
        before: Option<BulkId>,
        limit: usize,
    ) -> Result<Vec<Bulk>, Unavailable>;

    /// At most `limit` items after place `after`, in their order.
    async fn bulk_items(
        &self,
        id: BulkId,
        filter: BulkFilter,
        after: Option<u32>,
        limit: usize,
    ) -> Result<Vec<BulkItem>, Unavailable>;

    /// At most `limit` items that wait, after place `after`, in their order.
    async fn waiting_items(
        &self,
        id: BulkId,
        after: Option<u32>,
        limit: usize,
    ) -> Result<Vec<Item>, Unavailable>;

    /// Marks items as done; those that are done already stay as they are. A bulk that runs and has
    /// none left is finished with it. Answers what it is then; `None` when there is none.
    async fn finish_items(
        &self,
        id: BulkId,
        items: Vec<ItemDone>,
        now: UnixMicros,
    ) -> Result<Option<Bulk>, Unavailable>;

    /// Pauses, resumes or cancels a bulk. One that is resumed runs once more: the job of its number
    /// and new run is written.
    async fn step_bulk(
        &self,
        id: BulkId,
        step: BulkStep,
        job: fn(BulkId, u32) -> NewJob,
        now: UnixMicros,
    ) -> Result<BulkChange, Unavailable>;

    /// Writes a watch; `None` when the account is gone.
    async fn insert_watch(&self, watch: NewWatch) -> Result<Option<WatchId>, Unavailable>;

    /// One watch.
    async fn watch(&self, id: WatchId) -> Result<Option<Watch>, Unavailable>;

    /// At most `limit` watches before `before`, newest first.
    async fn watches(
        &self,
        filter: &WatchFilter,
        before: Option<WatchId>,
        limit: usize,
    ) -> Result<Vec<Watch>, Unavailable>;

    /// Ends a watch; `false` when there is none of this number.
    async fn delete_watch(&self, id: WatchId) -> Result<bool, Unavailable>;

    /// At most `limit` watches that are due at `now`, longest due first.
    async fn due_watches(&self, now: UnixMicros, limit: usize) -> Result<Vec<Watch>, Unavailable>;

    /// Writes down what a look found; `false` when the watch is gone or another look was first.
    async fn record_watched(&self, watched: Watched) -> Result<bool, Unavailable>;

    /// Writes a share and the entry of the trail; neither, and `None`, when there is no such request.
    async fn insert_share(
        &self,
        share: NewShare,
        entry: NewEntry,
    ) -> Result<Option<ShareId>, Unavailable>;

    /// The share of a secret, if it may still be read at `now`.
    async fn share(
        &self,
        secret: SecretHash,
        now: UnixMicros,
    ) -> Result<Option<Share>, Unavailable>;

    /// The shares of a request that may still be read at `now`, newest first.
    async fn shares(&self, request: RequestId, now: UnixMicros) -> Result<Vec<Share>, Unavailable>;

    /// Ends a share and writes the entry of the trail; neither, and `false`, when there is none of
    /// this number.
    async fn delete_share(&self, id: ShareId, entry: NewEntry) -> Result<bool, Unavailable>;
}
