//! The live feed inside one process: each head is encoded once, and everybody reads the same bytes.
//!
//! A reader is a number, the next interval it wants, so a slow or sleeping client holds no queue.

use std::collections::VecDeque;
use std::net::TcpStream as StdStream;
use std::num::NonZeroUsize;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use base::Unavailable;
use bytes::{Bytes, BytesMut};
use hub::{Feed, Hub};
use parking_lot::RwLock;
use stamp::{Follower, Ledger, Sealed};
use tokio::sync::watch;

use crate::api::message;
use crate::guard::Guard;
use crate::line::Leave;
use crate::problem::{ApiError, Kind};
use crate::serve::Seat;

/// How many of the newest heads stay encoded; older ones are read again when someone asks.
const RING: NonZeroUsize = NonZeroUsize::new(512).expect("not zero");

/// A sign of life, as a server-sent event has it.
pub(crate) const BEAT: &[u8] = b":\n\n";
/// The last words of a server that stops. The client comes back by itself and finds another
/// process, or this one restarted.
pub(crate) const RESTARTS: &[u8] = b": the server restarts\n\n";

/// The last words to a reader that missed so many intervals.
pub(crate) fn lagging_event(missed: u64) -> Vec<u8> {
    format!("event: lagging\ndata: {{\"missed\":{missed}}}\n\n").into_bytes()
}

/// One head, encoded for both feeds.
pub(crate) struct Frame {
    index: u64,
    /// The message itself: a WebSocket's text.
    pub json: Utf8Bytes,
    /// The message as a server-sent event.
    pub event: Bytes,
}

impl Frame {
    fn of(authority: &str, sealed: &Sealed) -> Option<Self> {
        let head = message::live_head(authority, sealed)?;
        let index = head.interval.index;
        let mut json = Vec::with_capacity(1024);
        head.to_json(&mut json);
        let mut event = BytesMut::with_capacity(json.len() + 32);
        event.extend_from_slice(b"id: ");
        event.extend_from_slice(itoa::Buffer::new().format(index).as_bytes());
        event.extend_from_slice(b"\ndata: ");
        event.extend_from_slice(&json);
        event.extend_from_slice(b"\n\n");
        Some(Self {
            index,
            json: Utf8Bytes::try_from(Bytes::from(json)).expect("JSON is UTF-8"),
            event: event.freeze(),
        })
    }
}

/// The hub: one task that listens to the follower, and what its readers look at.
pub(crate) struct Live {
    ledger: Arc<Ledger>,
    authority: Arc<str>,
    ring: RwLock<VecDeque<Arc<Frame>>>,
    tick: watch::Sender<Tick>,
    replay_max: u64,
    lag_max: u64,
    /// Where readers are that left hyper; the same frames in the same order.
    feed: Option<Feed<Seat>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Tick {
    /// How many intervals are sealed: the number of the one to come.
    size: u64,
    /// Counts the signs of life.
    beat: u64,
    closing: bool,
}

impl Live {
    pub(crate) fn start(
        follower: &Arc<Follower>,
        ledger: &Arc<Ledger>,
        authority: &Arc<str>,
        guard: &Guard,
    ) -> Arc<Self> {
        let settings = &guard.settings;
        let closing = guard.closing.subscribe();
        // Subscribed before the head is read, so that none falls between.
        let sealed = follower.subscribe();
        let live = Arc::new(Self {
            ledger: Arc::clone(ledger),
            authority: Arc::clone(authority),
            ring: RwLock::default(),
            tick: watch::Sender::new(Tick {
                size: follower.head().head.size,
                beat: 0,
                closing: false,
            }),
            replay_max: settings.live_replay_max,
            lag_max: settings.live_lag_max,
            feed: guard.hub().map(|hub| {
                let words = hub::Words {
                    beat: Bytes::from_static(BEAT),
                    lagging: lagging_event,
                    farewell: Bytes::from_static(RESTARTS),
                    lag_max: settings.live_lag_max,
                };
                hub.feed(RING, &words)
            }),
        });
        live.keep(&follower.head());
        let beats = tokio::time::interval(settings.live_beat);
        tokio::spawn(run(Arc::clone(&live), sealed, beats, closing));
        live
    }

    fn keep(&self, sealed: &Sealed) {
        let Some(frame) = Frame::of(&self.authority, sealed) else {
            return; // The empty log has no message.
        };
        self.push(Arc::new(frame));
    }

    fn push(&self, frame: Arc<Frame>) {
        let size = frame.index + 1;
        let mut ring = self.ring.write();
        if ring.back().is_none_or(|newest| newest.index < frame.index) {
            if let Some(feed) = &self.feed {
                feed.publish(frame.index, &frame.event);
            }
            ring.push_back(frame);
        }
        if ring.len() > RING.get() {
            ring.pop_front();
        }
        drop(ring);
        self.tick.send_if_modified(|tick| {
            let grown = size > tick.size;
            tick.size = tick.size.max(size);
            grown
        });
    }

    /// How many read now, by hyper and beside it.
    pub(crate) fn readers(&self, hub: Option<&Arc<Hub<Seat>>>) -> usize {
        self.tick.receiver_count() + hub.map_or(0, |hub| hub.readers())
    }

    /// Keeps the heads before `sealed` that were not announced, so that nobody misses one.
    async fn catch_up(&self, sealed: &Sealed) {
        let next = self.ring.read().back().map(|newest| newest.index + 1);
        let Some(next) = next.filter(|_| sealed.head.size > 0) else {
            return;
        };
        // Further back than the ring reaches, nobody who is here can be.
        let newest = sealed.head.size - 1;
        for index in next.max(newest.saturating_sub(RING.get() as u64))..newest {
            match self.frame(index).await {
                Ok(Some(frame)) => self.push(frame),
                // Who waits for it will be told that it lags, and comes back for it.
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Takes a reader over from hyper.
    pub(crate) fn adopt(&self, socket: StdStream, head: Vec<u8>, next: u64, seat: Seat) {
        if let Some(feed) = &self.feed {
            feed.adopt(socket, head, next, seat);
        }
    }

    async fn frame(&self, index: u64) -> Result<Option<Arc<Frame>>, Unavailable> {
        let kept = {
            let ring = self.ring.read();
            let at = ring.binary_search_by_key(&index, |frame| frame.index).ok();
            at.map(|at| Arc::clone(&ring[at]))
        };
        if kept.is_some() {
            return Ok(kept);
        }
        let sealed = self.ledger.sealed(index).await?;
        Ok(sealed.and_then(|sealed| Frame::of(&self.authority, &sealed).map(Arc::new)))
    }

    /// A reader of everything after interval `after`, or of the newest head and what follows.
    pub(crate) fn read(self: &Arc<Self>, after: Option<u64>) -> Result<Reader, ApiError> {
        let tick = self.tick.subscribe();
        let Tick { size, beat, .. } = *tick.borrow();
        let next = match after {
            None => size.saturating_sub(1),
            Some(after) if after >= size => {
                return Err(ApiError::new(
                    Kind::BeyondHead,
                    format!("Interval {after} lies beyond the newest, of {size} in all"),
                )
                .field("after"));
            }
            Some(after) if size - 1 - after > self.replay_max => {
                return Err(ApiError::new(
                    Kind::ReplayTooFar,
                    format!(
                        "{} intervals came after {after}; at most {} are replayed",
                        size - 1 - after,
                        self.replay_max
                    ),
                )
                .field("after"));
            }
            Some(after) => after + 1,
        };
        Ok(Reader {
            live: Arc::clone(self),
            beat,
            tick,
            next,
            caught_up: false,
        })
    }
}

async fn run(
    live: Arc<Live>,
    mut sealed: tokio::sync::broadcast::Receiver<Arc<Sealed>>,
    mut beats: tokio::time::Interval,
    mut closing: watch::Receiver<bool>,
) {
    use tokio::sync::broadcast::error::RecvError;
    loop {
        let next = tokio::select! {
            next = sealed.recv() => next,
            _ = beats.tick() => {
                live.tick.send_modify(|tick| tick.beat += 1);
                continue;
            }
            _ = closing.wait_for(|closing| *closing) => break,
        };
        match next {
            Ok(sealed) => {
                live.catch_up(&sealed).await;
                live.keep(&sealed);
            }
            // What was lost here is read again with the next, or by whoever asks for it.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => break,
        }
    }
    live.tick.send_modify(|tick| tick.closing = true);
}

/// What a reader is given next.
pub(crate) enum Next {
    /// The next head.
    Head(Arc<Frame>),
    /// Nothing happened for a while.
    Beat,
    /// The reader fell behind too far, having missed so many, and must come back.
    Lagging(u64),
    /// The server stops.
    Closing,
}

/// One client's place in the feed.
pub(crate) struct Reader {
    live: Arc<Live>,
    tick: watch::Receiver<Tick>,
    next: u64,
    beat: u64,
    caught_up: bool,
}

impl Reader {
    /// What hyper need not do for this reader: nothing, when it is further behind than the hub
    /// keeps.
    pub(crate) fn may_leave(&self) -> Option<Leave> {
        self.live.feed.as_ref()?;
        let ring = self.live.ring.read();
        // Half of what is kept: more comes while the reader is on its way.
        let oldest = ring.len().saturating_sub(RING.get() / 2);
        let is_near = match ring.get(oldest) {
            Some(oldest) => oldest.index <= self.next,
            None => true,
        };
        is_near.then(|| Leave {
            live: Arc::clone(&self.live),
            next: self.next,
        })
    }

    /// Waits for what comes next. May be dropped and called again without losing anything.
    pub(crate) async fn next(&mut self) -> Result<Next, Unavailable> {
        loop {
            let tick = *self.tick.borrow_and_update();
            if tick.closing {
                return Ok(Next::Closing);
            }
            if self.next < tick.size {
                let behind = tick.size - self.next;
                if self.caught_up && behind > self.live.lag_max {
                    return Ok(Next::Lagging(behind));
                }
                if let Some(frame) = self.live.frame(self.next).await? {
                    self.next += 1;
                    self.caught_up |= self.next == tick.size;
                    return Ok(Next::Head(frame));
                }
                // Announced, but not readable yet, as on a replica that lags: wait for a tick.
            } else if self.beat != tick.beat {
                self.beat = tick.beat;
                return Ok(Next::Beat);
            }
            if self.tick.changed().await.is_err() {
                return Ok(Next::Closing);
            }
        }
    }
}
