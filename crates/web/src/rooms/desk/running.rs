//! Lookups whose page is open. A page that is closed takes its lookup with it, and with that whatever
//! was asked: who left reads no answer, and what was not asked costs no quota.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use intel::desk::{Lookup, LookupEvent};
use intel::lookups::RequestId;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

/// How long a lookup goes on that nobody listens to: time to load the page, and for a browser without
/// script to ask again.
const UNHEARD_MAX: Duration = Duration::from_mins(1);
/// How long it goes on when the last listener has left: time to reload the page.
const LEFT_MAX: Duration = Duration::from_secs(3);
/// How long a finished one is told of, for listeners that come late.
const KEPT: Duration = Duration::from_secs(30);

/// All of them in this process.
#[derive(Default)]
pub(crate) struct Running(Mutex<HashMap<RequestId, Arc<Live>>>);

/// One of them.
pub(crate) struct Live {
    heard: watch::Sender<Heard>,
    stopped: Notify,
    until: Mutex<Until>,
}

struct Until {
    listeners: usize,
    /// When it ends unless somebody listens.
    ends: Instant,
}

/// What has come so far.
#[derive(Clone, Default)]
pub(crate) struct Heard {
    /// Answers and troubles, in the order in which they came.
    pub came: Vec<LookupEvent>,
    /// Nothing more will come.
    pub is_over: bool,
}

impl Running {
    /// Takes a lookup over, and lets it go on while its page is open.
    pub(crate) fn take(self: &Arc<Self>, lookup: Lookup) -> RequestId {
        let id = lookup.id;
        let live = Arc::new(Live {
            heard: watch::Sender::new(Heard::default()),
            stopped: Notify::new(),
            until: Mutex::new(Until {
                listeners: 0,
                ends: Instant::now() + UNHEARD_MAX,
            }),
        });
        self.0.lock().insert(id, Arc::clone(&live));
        let all = Arc::clone(self);
        tokio::spawn(async move {
            live.follow(lookup).await;
            live.heard.send_modify(|heard| heard.is_over = true);
            tokio::time::sleep(KEPT).await;
            all.0.lock().remove(&id);
        });
        id
    }

    /// The lookup of this request, if it runs here.
    pub(crate) fn of(&self, id: RequestId) -> Option<Arc<Live>> {
        self.0.lock().get(&id).cloned()
    }
}

impl Live {
    async fn follow(&self, mut lookup: Lookup) {
        loop {
            let ends = {
                let until = self.until.lock();
                if until.listeners > 0 {
                    Instant::now() + LEFT_MAX
                } else {
                    until.ends
                }
            };
            tokio::select! {
                event = lookup.events.next() => match event {
                    Some(event) => self.heard.send_modify(|heard| heard.came.push(event)),
                    None => return,
                },
                () = self.stopped.notified() => return,
                () = sleep_until(ends) => {
                    let until = self.until.lock();
                    // Dropping the lookup cancels what it asked.
                    if until.listeners == 0 && until.ends <= Instant::now() {
                        return;
                    }
                }
            }
        }
    }

    /// What has come so far.
    pub(crate) fn heard(&self) -> Heard {
        self.heard.borrow().clone()
    }

    /// Nobody wants to know any more.
    pub(crate) fn stop(&self) {
        self.stopped.notify_one();
    }

    /// Somebody looked at the page.
    pub(crate) fn seen(&self) {
        let mut until = self.until.lock();
        until.ends = until.ends.max(Instant::now() + UNHEARD_MAX);
    }

    /// Somebody listens, until what this answers is dropped.
    pub(crate) fn listen(self: &Arc<Self>) -> Listener {
        self.until.lock().listeners += 1;
        Listener {
            heard: self.heard.subscribe(),
            live: Arc::clone(self),
        }
    }
}

/// Somebody who listens to a lookup.
pub(crate) struct Listener {
    heard: watch::Receiver<Heard>,
    live: Arc<Live>,
}

impl Listener {
    /// What came after the first `known` events, as soon as there is something, and whether that was
    /// all.
    pub(crate) async fn after(&mut self, known: usize) -> (Vec<LookupEvent>, bool) {
        // The sender lives in `live`, which we hold: this cannot fail.
        let waited = self
            .heard
            .wait_for(|heard| heard.came.len() > known || heard.is_over)
            .await;
        waited.map_or((Vec::new(), true), |heard| {
            let more = heard.came.get(known..).unwrap_or_default();
            (more.to_vec(), heard.is_over)
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut until = self.live.until.lock();
        until.listeners -= 1;
        if until.listeners == 0 {
            until.ends = Instant::now() + LEFT_MAX;
        }
    }
}
