//! Many quiet readers of a few feeds, for the price of a descriptor and a cursor each.
//!
//! A web server keeps buffers, a task and timers for every connection; somebody who only listens
//! needs none of them. So once the head of the answer is due, the socket comes here: a thread per
//! shard holds its sockets in one epoll set and writes each frame, encoded once, to all of them.
//! What a reader has not had yet is a number, its place in the feed's ring of newest frames.
//!
//! Knows neither HTTP nor what a frame says: it writes bytes in order, shows signs of life, and
//! drops who does not read.

#![forbid(unsafe_code)]

mod feed;
mod inbox;
mod reader;
mod shard;
mod slots;

use std::net::TcpStream;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use bytes::Bytes;
use parking_lot::Mutex;

pub use feed::Words;

use crate::inbox::{Command, Inbox};
use crate::reader::Newcomer;
use crate::shard::Shard;

/// How a hub behaves.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Threads, each with its own readers.
    pub shards: NonZeroUsize,
    /// A reader that was sent nothing for so long is sent a sign of life; it may take half as long
    /// again.
    pub beat: std::time::Duration,
    /// A reader whose socket takes nothing for so long is dropped. Checked once per beat.
    pub stall_max: std::time::Duration,
}

/// The readers of one process. `G` is what each of them holds while it is here, such as its place
/// among the connections allowed; it is dropped with the reader.
pub struct Hub<G> {
    shards: Vec<Arc<Inbox<G>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    next_feed: AtomicU32,
    next_shard: AtomicUsize,
}

impl<G: Send + 'static> Hub<G> {
    /// Starts the threads; they end when the hub and all its feeds are gone.
    ///
    /// # Errors
    /// When the kernel gives no epoll set, event counter or thread.
    pub fn start(settings: Settings) -> std::io::Result<Arc<Self>> {
        let mut shards = Vec::with_capacity(settings.shards.get());
        let mut threads = Vec::with_capacity(settings.shards.get());
        for _ in 0..settings.shards.get() {
            let inbox = Arc::new(Inbox::new()?);
            let shard = Shard::new(Arc::clone(&inbox), settings)?;
            let thread = std::thread::Builder::new().name("hub".into());
            threads.push(thread.spawn(move || shard.run())?);
            shards.push(inbox);
        }
        Ok(Arc::new(Self {
            shards,
            threads: Mutex::new(threads),
            next_feed: AtomicU32::new(0),
            next_shard: AtomicUsize::new(0),
        }))
    }

    /// A new feed, whose newest `frames_max` frames are kept for who is behind.
    pub fn feed(self: &Arc<Self>, frames_max: NonZeroUsize, words: &Words) -> Feed<G> {
        let number = self.next_feed.fetch_add(1, Ordering::Relaxed);
        for shard in &self.shards {
            shard.push(Command::Open(number, frames_max, words.clone()));
        }
        Feed {
            hub: Arc::clone(self),
            number,
        }
    }

    /// How many readers there are, of all feeds.
    pub fn readers(&self) -> usize {
        self.shards.iter().map(|shard| shard.readers()).sum()
    }

    /// Has farewell said to every reader, and lets it go. Who comes later is let go as well.
    pub fn close(&self) {
        for shard in &self.shards {
            shard.push(Command::Close);
        }
    }

    /// After [`Hub::close`]: returns when every reader is gone. Blocks.
    pub fn wait(&self) {
        for thread in self.threads.lock().drain(..) {
            // A panic of the thread's has been told by itself.
            let _ = thread.join();
        }
    }
}

impl<G> Drop for Hub<G> {
    fn drop(&mut self) {
        for shard in &self.shards {
            shard.push(Command::Close);
        }
    }
}

/// One feed: consecutive frames, numbered by who publishes them. Its readers leave with it.
pub struct Feed<G> {
    hub: Arc<Hub<G>>,
    number: u32,
}

impl<G> Feed<G> {
    /// Adds the frame of this number, one above that of the last; sends it to every reader. After a
    /// gap nothing older is kept: who has not had it is let go as one who lags.
    pub fn publish(&self, index: u64, frame: &Bytes) {
        for shard in &self.hub.shards {
            shard.push(Command::Publish(self.number, index, frame.clone()));
        }
    }

    /// Takes a socket over: sends `first`, then every frame from number `next` on. The socket must
    /// be one that does not block. `next` may be at most the number of the frame to come.
    pub fn adopt(&self, socket: TcpStream, first: Vec<u8>, next: u64, guest: G) {
        let turn = self.hub.next_shard.fetch_add(1, Ordering::Relaxed);
        let shard = &self.hub.shards[turn % self.hub.shards.len()];
        shard.push(Command::Adopt(Newcomer {
            socket: socket.into(),
            first: first.into(),
            feed: self.number,
            next,
            guest,
        }));
    }
}

impl<G> Drop for Feed<G> {
    fn drop(&mut self) {
        for shard in &self.hub.shards {
            shard.push(Command::Drop(self.number));
        }
    }
}
