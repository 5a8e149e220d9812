//! What a store must keep for this room: records that expire.

use async_trait::async_trait;
use base::{Unavailable, UnixMicros};

use crate::{Envelope, NewNotice, Notice, NoticeCounts, NoticeId, State};

/// Which notices a page wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeFilter {
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those whose address, subject or kind contains this text; the case of ASCII letters does
    /// not count.
    pub text: Option<String>,
}

/// How an attempt at delivery went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What becomes of the notice.
    pub state: State,
    /// What the transport said.
    pub answer: String,
    /// Now.
    pub at: UnixMicros,
}

/// Keeps notices. `Err` means only that the store did not answer.
#[async_trait]
pub trait Store: Send + Sync {
    /// Writes a notice; no attempt was made yet.
    async fn insert_notice(&self, notice: NewNotice) -> Result<NoticeId, Unavailable>;

    /// A notice with its words; `None` when it was swept or never written.
    async fn notice(&self, id: NoticeId) -> Result<Option<Notice>, Unavailable>;

    /// A page of notices, newest first, all older than `before`; at most `limit`.
    async fn notices(
        &self,
        filter: &NoticeFilter,
        before: Option<NoticeId>,
        limit: usize,
    ) -> Result<Vec<Envelope>, Unavailable>;

    /// Counts one attempt and writes down how it went. One that was sent stays sent, whatever a
    /// slower attempt says. `false` when there is no such notice, or it was sent before.
    async fn record_attempt(&self, id: NoticeId, progress: Progress) -> Result<bool, Unavailable>;

    /// Numbers of notices that wait, oldest first, all after `after`; at most `limit`.
    async fn waiting_notices(
        &self,
        after: Option<NoticeId>,
        limit: usize,
    ) -> Result<Vec<NoticeId>, Unavailable>;

    /// How many there are, by state.
    async fn count_notices(&self) -> Result<NoticeCounts, Unavailable>;

    /// Deletes notices written before `before`, oldest first, at most `rows_max`; answers how many.
    async fn sweep_notices(&self, before: UnixMicros, rows_max: u32) -> Result<u32, Unavailable>;
}
