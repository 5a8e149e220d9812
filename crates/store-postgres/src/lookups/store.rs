//! The door of lookups: each step in its file.

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

use super::{answers, bulks, figures, requests, shares, watches};
use crate::PostgresStore;
use crate::connection::answered;

#[async_trait]
impl Store for PostgresStore {
    async fn open_requests(
        &self,
        requests: Vec<NewRequest>,
    ) -> Result<Vec<RequestId>, Unavailable> {
        answered(requests::open(self, &requests)).await
    }

    async fn insert_answers(
        &self,
        answers: Vec<NewAnswer>,
        now: UnixMicros,
    ) -> Result<Vec<Written>, Unavailable> {
        answered(answers::insert(self, &answers, now)).await
    }

    async fn close_requests(&self, closings: Vec<(RequestId, Closing)>) -> Result<(), Unavailable> {
        answered(requests::close(self, &closings)).await
    }

    async fn request(&self, id: RequestId) -> Result<Option<StoredRequest>, Unavailable> {
        answered(requests::request(self, id)).await
    }

    async fn requests(
        &self,
        filter: &RequestFilter,
        before: Option<RequestId>,
        limit: usize,
    ) -> Result<Vec<RequestRow>, Unavailable> {
        answered(requests::list(self, filter, before, limit)).await
    }

    async fn answers_about(
        &self,
        indicator: &Indicator,
        before: Option<AnswerId>,
        limit: usize,
    ) -> Result<Vec<AnswerRecord>, Unavailable> {
        answered(answers::about(self, indicator, before, limit)).await
    }

    async fn last_verdicts(
        &self,
        indicators: &[Indicator],
    ) -> Result<Vec<Option<LastVerdict>>, Unavailable> {
        answered(requests::last_verdicts(self, indicators)).await
    }

    async fn most_asked(
        &self,
        requests: usize,
        limit: usize,
    ) -> Result<Vec<(Indicator, u64)>, Unavailable> {
        answered(requests::most_asked(self, requests, limit)).await
    }

    async fn evidence(&self, id: EvidenceId) -> Result<Option<StoredEvidence>, Unavailable> {
        answered(answers::evidence(self, id)).await
    }

    async fn walk_evidence(
        &self,
        after: EvidenceId,
        limit: usize,
    ) -> Result<Vec<EvidenceCheck>, Unavailable> {
        answered(answers::walk_evidence(self, after, limit)).await
    }

    async fn last_troubles(
        &self,
        source: SourceId,
        limit: usize,
    ) -> Result<Vec<bool>, Unavailable> {
        answered(answers::last_troubles(self, source, limit)).await
    }

    async fn add_used(&self, used: Vec<Used>) -> Result<Vec<UsedSoFar>, Unavailable> {
        answered(figures::add_used(self, &used)).await
    }

    async fn used(&self, source: SourceId) -> Result<Vec<UsedSoFar>, Unavailable> {
        answered(figures::used(self, source)).await
    }

    async fn add_hours(
        &self,
        sources: Vec<SourceHour>,
        requests: Vec<RequestHour>,
    ) -> Result<(), Unavailable> {
        answered(figures::add_hours(self, &sources, &requests)).await
    }

    async fn source_hours(&self, from: i64, to: i64) -> Result<Vec<SourceHour>, Unavailable> {
        answered(figures::source_hours(self, from, to)).await
    }

    async fn request_hours(&self, from: i64, to: i64) -> Result<Vec<RequestHour>, Unavailable> {
        answered(figures::request_hours(self, from, to)).await
    }

    async fn insert_bulk(
        &self,
        bulk: NewBulk,
        job: fn(BulkId, u32) -> NewJob,
    ) -> Result<BulkId, Unavailable> {
        answered(bulks::insert(self, &bulk, job)).await
    }

    async fn bulk(&self, id: BulkId) -> Result<Option<Bulk>, Unavailable> {
        answered(bulks::bulk(self.pool(), id)).await
    }

    async fn bulks(
        &self,
        user: Option<UserId>,
        before: Option<BulkId>,
        limit: usize,
    ) -> Result<Vec<Bulk>, Unavailable> {
        answered(bulks::bulks(self, user, before, limit)).await
    }

    async fn bulk_items(
        &self,
        id: BulkId,
        filter: BulkFilter,
        after: Option<u32>,
        limit: usize,
    ) -> Result<Vec<BulkItem>, Unavailable> {
        answered(bulks::items(self, id, filter, after, limit)).await
    }

    async fn waiting_items(
        &self,
        id: BulkId,
        after: Option<u32>,
        limit: usize,
    ) -> Result<Vec<Item>, Unavailable> {
        answered(bulks::waiting(self, id, after, limit)).await
    }

    async fn finish_items(
        &self,
        id: BulkId,
        items: Vec<ItemDone>,
        now: UnixMicros,
    ) -> Result<Option<Bulk>, Unavailable> {
        answered(bulks::finish(self, id, &items, now)).await
    }

    async fn step_bulk(
        &self,
        id: BulkId,
        step: BulkStep,
        job: fn(BulkId, u32) -> NewJob,
        now: UnixMicros,
    ) -> Result<BulkChange, Unavailable> {
        answered(bulks::step(self, id, step, job, now)).await
    }

    async fn insert_watch(&self, watch: NewWatch) -> Result<Option<WatchId>, Unavailable> {
        answered(watches::insert(self, &watch)).await
    }

    async fn watch(&self, id: WatchId) -> Result<Option<Watch>, Unavailable> {
        answered(watches::watch(self, id)).await
    }

    async fn watches(
        &self,
        filter: &WatchFilter,
        before: Option<WatchId>,
        limit: usize,
    ) -> Result<Vec<Watch>, Unavailable> {
        answered(watches::watches(self, filter, before, limit)).await
    }

    async fn delete_watch(&self, id: WatchId) -> Result<bool, Unavailable> {
        answered(watches::delete(self, id)).await
    }

    async fn due_watches(&self, now: UnixMicros, limit: usize) -> Result<Vec<Watch>, Unavailable> {
        answered(watches::due(self, now, limit)).await
    }

    async fn record_watched(&self, watched: Watched) -> Result<bool, Unavailable> {
        answered(watches::record(self, &watched)).await
    }

    async fn insert_share(
        &self,
        share: NewShare,
        entry: NewEntry,
    ) -> Result<Option<ShareId>, Unavailable> {
        answered(shares::insert(self, &share, &entry)).await
    }

    async fn share(
        &self,
        secret: SecretHash,
        now: UnixMicros,
    ) -> Result<Option<Share>, Unavailable> {
        answered(shares::share(self, secret, now)).await
    }

    async fn shares(&self, request: RequestId, now: UnixMicros) -> Result<Vec<Share>, Unavailable> {
        answered(shares::shares(self, request, now)).await
    }

    async fn delete_share(&self, id: ShareId, entry: NewEntry) -> Result<bool, Unavailable> {
        answered(shares::delete(self, id, &entry)).await
    }
}
