//! The door of lookups: each step goes to the writer or to a reader.

use accounts::{NewEntry, SecretHash};
use async_trait::async_trait;
use base::{Unavailable, UnixMicros, UserId};
use indicator::Indicator;
use intel::SourceId;
use intel::lookups::{
    AnswerId, AnswerRecord, Bulk, BulkChange, BulkFilter, BulkId, BulkItem, BulkStep, Closing,
    EvidenceCheck, EvidenceId, Item, ItemDone, LastVerdict, NewAnswer, NewBulk, NewRequest,
    NewShare, NewWatch, RequestFilter, RequestHour, RequestId, RequestRow, Share, ShareId,
    SourceHour, Store, StoredEvidence, StoredRequest, Used, UsedSoFar, Watch, WatchFilter, WatchId,
    Watched, Written,
};
use jobs::NewJob;
use rusqlite::Connection;

use super::{answers, bulks, figures, requests, shares, watches};
use crate::SqliteStore;

/// Indicators of a bulk that are written in one transaction, so that others need not wait long.
const INDICATORS_AT_ONCE: usize = 2000;

impl SqliteStore {
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        self.lasting.writer.transaction(work).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        self.lasting.readers.snapshot(work).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn open_requests(
        &self,
        requests: Vec<NewRequest>,
    ) -> Result<Vec<RequestId>, Unavailable> {
        self.write(move |tx| requests::open(tx, &requests)).await
    }

    async fn insert_answers(
        &self,
        answers: Vec<NewAnswer>,
        now: UnixMicros,
    ) -> Result<Vec<Written>, Unavailable> {
        self.write(move |tx| answers::insert(tx, &answers, now))
            .await
    }

    async fn close_requests(&self, closings: Vec<(RequestId, Closing)>) -> Result<(), Unavailable> {
        self.write(move |tx| requests::close(tx, &closings)).await
    }

    async fn request(&self, id: RequestId) -> Result<Option<StoredRequest>, Unavailable> {
        self.read(move |db| requests::request(db, id)).await
    }

    async fn requests(
        &self,
        filter: &RequestFilter,
        before: Option<RequestId>,
        limit: usize,
    ) -> Result<Vec<RequestRow>, Unavailable> {
        let filter = filter.clone();
        self.read(move |db| requests::list(db, &filter, before, limit))
            .await
    }

    async fn answers_about(
        &self,
        indicator: &Indicator,
        before: Option<AnswerId>,
        limit: usize,
    ) -> Result<Vec<AnswerRecord>, Unavailable> {
        let indicator = indicator.clone();
        self.read(move |db| answers::about(db, &indicator, before, limit))
            .await
    }

    async fn last_verdicts(
        &self,
        indicators: &[Indicator],
    ) -> Result<Vec<Option<LastVerdict>>, Unavailable> {
        let indicators = indicators.to_vec();
        self.read(move |db| requests::last_verdicts(db, &indicators))
            .await
    }

    async fn most_asked(
        &self,
        requests: usize,
        limit: usize,
    ) -> Result<Vec<(Indicator, u64)>, Unavailable> {
        self.read(move |db| requests::most_asked(db, requests, limit))
            .await
    }

    async fn evidence(&self, id: EvidenceId) -> Result<Option<StoredEvidence>, Unavailable> {
        self.read(move |db| answers::evidence(db, id)).await
    }

    async fn walk_evidence(
        &self,
        after: EvidenceId,
        limit: usize,
    ) -> Result<Vec<EvidenceCheck>, Unavailable> {
        self.read(move |db| answers::walk_evidence(db, after, limit))
            .await
    }

    async fn last_troubles(
        &self,
        source: SourceId,
        limit: usize,
    ) -> Result<Vec<bool>, Unavailable> {
        self.read(move |db| answers::last_troubles(db, source, limit))
            .await
    }

    async fn add_used(&self, used: Vec<Used>) -> Result<Vec<UsedSoFar>, Unavailable> {
        self.write(move |tx| figures::add_used(tx, &used)).await
    }

    async fn used(&self, source: SourceId) -> Result<Vec<UsedSoFar>, Unavailable> {
        self.read(move |db| figures::used(db, source)).await
    }

    async fn add_hours(
        &self,
        sources: Vec<SourceHour>,
        requests: Vec<RequestHour>,
    ) -> Result<(), Unavailable> {
        self.write(move |tx| figures::add_hours(tx, &sources, &requests))
            .await
    }

    async fn source_hours(&self, from: i64, to: i64) -> Result<Vec<SourceHour>, Unavailable> {
        self.read(move |db| figures::source_hours(db, from, to))
            .await
    }

    async fn request_hours(&self, from: i64, to: i64) -> Result<Vec<RequestHour>, Unavailable> {
        self.read(move |db| figures::request_hours(db, from, to))
            .await
    }

    /// An indicator that no bulk names, because the process died between two transactions, does no
    /// harm.
    async fn insert_bulk(
        &self,
        bulk: NewBulk,
        job: fn(BulkId, u32) -> NewJob,
    ) -> Result<BulkId, Unavailable> {
        let mut numbers = Vec::with_capacity(bulk.indicators.len());
        for some in bulk.indicators.chunks(INDICATORS_AT_ONCE) {
            let (some, now) = (some.to_vec(), bulk.created);
            let written = self.write(move |tx| bulks::numbers(tx, &some, now));
            numbers.extend(written.await?);
        }
        self.write(move |tx| bulks::insert(tx, &bulk, &numbers, job))
            .await
    }

    async fn bulk(&self, id: BulkId) -> Result<Option<Bulk>, Unavailable> {
        self.read(move |db| bulks::bulk(db, id)).await
    }

    async fn bulks(
        &self,
        user: Option<UserId>,
        before: Option<BulkId>,
        limit: usize,
    ) -> Result<Vec<Bulk>, Unavailable> {
        self.read(move |db| bulks::bulks(db, user, before, limit))
            .await
    }

    async fn bulk_items(
        &self,
        id: BulkId,
        filter: BulkFilter,
        after: Option<u32>,
        limit: usize,
    ) -> Result<Vec<BulkItem>, Unavailable> {
        self.read(move |db| bulks::items(db, id, filter, after, limit))
            .await
    }

    async fn waiting_items(
        &self,
        id: BulkId,
        after: Option<u32>,
        limit: usize,
    ) -> Result<Vec<Item>, Unavailable> {
        self.read(move |db| bulks::waiting(db, id, after, limit))
            .await
    }

    async fn finish_items(
        &self,
        id: BulkId,
        items: Vec<ItemDone>,
        now: UnixMicros,
    ) -> Result<Option<Bulk>, Unavailable> {
        self.write(move |tx| bulks::finish(tx, id, &items, now))
            .await
    }

    async fn step_bulk(
        &self,
        id: BulkId,
        step: BulkStep,
        job: fn(BulkId, u32) -> NewJob,
        now: UnixMicros,
    ) -> Result<BulkChange, Unavailable> {
        self.write(move |tx| bulks::step(tx, id, step, job, now))
            .await
    }

    async fn insert_watch(&self, watch: NewWatch) -> Result<Option<WatchId>, Unavailable> {
        self.write(move |tx| watches::insert(tx, &watch)).await
    }

    async fn watch(&self, id: WatchId) -> Result<Option<Watch>, Unavailable> {
        self.read(move |db| watches::watch(db, id)).await
    }

    async fn watches(
        &self,
        filter: &WatchFilter,
        before: Option<WatchId>,
        limit: usize,
    ) -> Result<Vec<Watch>, Unavailable> {
        let filter = filter.clone();
        self.read(move |db| watches::watches(db, &filter, before, limit))
            .await
    }

    async fn delete_watch(&self, id: WatchId) -> Result<bool, Unavailable> {
        self.write(move |tx| watches::delete(tx, id)).await
    }

    async fn due_watches(&self, now: UnixMicros, limit: usize) -> Result<Vec<Watch>, Unavailable> {
        self.read(move |db| watches::due(db, now, limit)).await
    }

    async fn record_watched(&self, watched: Watched) -> Result<bool, Unavailable> {
        self.write(move |tx| watches::record(tx, &watched)).await
    }

    async fn insert_share(
        &self,
        share: NewShare,
        entry: NewEntry,
    ) -> Result<Option<ShareId>, Unavailable> {
        self.write(move |tx| shares::insert(tx, &share, &entry))
            .await
    }

    async fn share(
        &self,
        secret: SecretHash,
        now: UnixMicros,
    ) -> Result<Option<Share>, Unavailable> {
        self.read(move |db| shares::share(db, secret, now)).await
    }

    async fn shares(&self, request: RequestId, now: UnixMicros) -> Result<Vec<Share>, Unavailable> {
        self.read(move |db| shares::shares(db, request, now)).await
    }

    async fn delete_share(&self, id: ShareId, entry: NewEntry) -> Result<bool, Unavailable> {
        self.write(move |tx| shares::delete(tx, id, &entry)).await
    }
}
