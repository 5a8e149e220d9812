//! Lets jobs that are written at the same time share one transaction.

use std::sync::Arc;

use base::{Clock, Unavailable};
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use crate::{NewJob, Store};

/// Most jobs in one transaction, but for the last caller's, which are never torn.
const WRITE_JOBS_MAX: usize = 4096;

type Reply = oneshot::Sender<Result<(), Arc<Unavailable>>>;

/// What has come while the last transaction was written. Not bounded here: each caller waits for
/// its answer.
#[derive(Default)]
pub(crate) struct Gatherer {
    open: Mutex<Vec<(Vec<NewJob>, Reply)>>,
    filled: Notify,
}

impl Gatherer {
    /// Durable when it returns.
    pub(crate) async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<(), Unavailable> {
        let (reply, answer) = oneshot::channel();
        self.open.lock().push((jobs, reply));
        self.filled.notify_one();
        match answer.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(shared)) => Err(Unavailable::new("the table of jobs", shared)),
            Err(gone) => Err(Unavailable::new("the table of jobs", gone)),
        }
    }

    /// Writes generation after generation, for ever.
    pub(crate) async fn run(&self, store: Arc<dyn Store>, clock: Arc<dyn Clock>) {
        loop {
            self.filled.notified().await;
            loop {
                // Whoever was just answered may have more: a write of one job costs as much as one
                // of a thousand.
                tokio::task::yield_now().await;
                let (jobs, replies) = self.take();
                if replies.is_empty() {
                    break;
                }
                let written = store.enqueue(jobs, clock.now()).await.map_err(Arc::new);
                for reply in replies {
                    // Nobody waits any more: the caller went away, the job stands.
                    let _ = reply.send(written.clone());
                }
            }
        }
    }

    fn take(&self) -> (Vec<NewJob>, Vec<Reply>) {
        let mut open = self.open.lock();
        let mut count = 0;
        let fits = |(jobs, _): &&(Vec<NewJob>, Reply)| {
            let has_room = count < WRITE_JOBS_MAX;
            count += jobs.len();
            has_room
        };
        let callers = open.iter().take_while(fits).count();
        let (mut jobs, mut replies) = (Vec::with_capacity(callers), Vec::with_capacity(callers));
        for (some, reply) in open.drain(..callers) {
            jobs.extend(some);
            replies.push(reply);
        }
        (jobs, replies)
    }
}
