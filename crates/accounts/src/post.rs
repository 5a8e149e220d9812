//! Letters on their way to the outbox, beside the request that causes them: how long it takes to
//! answer must not tell whether there was anybody to write to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base::UnixMicros;
use tokio::sync::Notify;

use crate::{Email, Letter, Outbox};

/// Most letters on their way; when there are more, the machine has other worries, and whoever asked
/// asks again.
const UNDERWAY_MAX: usize = 1_000;

pub(crate) struct Post {
    outbox: Arc<dyn Outbox>,
    underway: Arc<Underway>,
}

#[derive(Default)]
struct Underway {
    count: AtomicUsize,
    done: Notify,
}

/// Counts itself off when it is dropped, also when sending panics.
struct One(Arc<Underway>);

impl Drop for One {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::AcqRel);
        self.0.done.notify_waiters();
    }
}

impl Post {
    pub(crate) fn new(outbox: Arc<dyn Outbox>) -> Self {
        Self {
            outbox,
            underway: Arc::default(),
        }
    }

    /// Hands a letter to the outbox, soon.
    pub(crate) fn send(
        &self,
        to: Email,
        name: String,
        letter: Letter,
        expires: Option<UnixMicros>,
    ) {
        if self.underway.count.fetch_add(1, Ordering::AcqRel) >= UNDERWAY_MAX {
            self.underway.count.fetch_sub(1, Ordering::AcqRel);
            tracing::error!(
                kind = letter.kind(),
                "too many letters are underway: one was not sent"
            );
            return;
        }
        let one = One(Arc::clone(&self.underway));
        let outbox = Arc::clone(&self.outbox);
        tokio::spawn(async move {
            let _one = one;
            let kind = letter.kind();
            if let Err(error) = outbox.send(&to, &name, letter, expires).await {
                tracing::error!(%error, kind, "a letter was not sent");
            }
        });
    }

    /// Waits until none is underway.
    pub(crate) async fn idle(&self) {
        loop {
            let done = self.underway.done.notified();
            if self.underway.count.load(Ordering::Acquire) == 0 {
                return;
            }
            done.await;
        }
    }
}
