//! Notices as pages read them.

use std::sync::Arc;

use base::Unavailable;

use crate::{Channel, Envelope, Notice, NoticeCounts, NoticeFilter, NoticeId, Store, Transports};

/// The read side: lists, single notices, figures.
#[derive(Clone)]
pub struct Notices {
    store: Arc<dyn Store>,
    transports: Transports,
}

impl Notices {
    /// Over a store; the transports are only asked whether they are set.
    pub fn new(store: Arc<dyn Store>, transports: Transports) -> Self {
        Self { store, transports }
    }

    /// A page, newest first, all older than `before`; at most `limit`.
    pub async fn page(
        &self,
        filter: &NoticeFilter,
        before: Option<NoticeId>,
        limit: usize,
    ) -> Result<Vec<Envelope>, Unavailable> {
        self.store.notices(filter, before, limit).await
    }

    /// One with its words; `None` when it was swept or never written.
    pub async fn notice(&self, id: NoticeId) -> Result<Option<Notice>, Unavailable> {
        self.store.notice(id).await
    }

    /// How many there are, by state.
    pub async fn counts(&self) -> Result<NoticeCounts, Unavailable> {
        self.store.count_notices().await
    }

    /// Whether what is sent on this channel leaves the machine; else it is kept to be read.
    pub fn leaves(&self, channel: Channel) -> bool {
        self.transports.of(channel).is_some()
    }
}
