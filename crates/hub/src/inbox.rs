//! What a shard is asked to do: a queue, and the counter that wakes its thread.

use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use rustix::event::{EventfdFlags, eventfd};

use crate::feed::Words;
use crate::reader::Newcomer;

/// One thing to do, in the order of asking.
pub(crate) enum Command<G> {
    /// A new feed of this number, which keeps so many frames.
    Open(u32, NonZeroUsize, Words),
    /// A frame of a feed, with its number.
    Publish(u32, u64, Bytes),
    /// A new reader.
    Adopt(Newcomer<G>),
    /// The feed ends, and its readers with it.
    Drop(u32),
    /// Everything ends.
    Close,
}

/// Shared by a shard's thread and everybody who asks it.
pub(crate) struct Inbox<G> {
    /// `None` once the thread has ended: what is asked then is dropped.
    commands: Mutex<Option<Vec<Command<G>>>>,
    pub(crate) bell: OwnedFd,
    readers: AtomicUsize,
}

impl<G> Inbox<G> {
    pub(crate) fn new() -> std::io::Result<Self> {
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self {
            commands: Mutex::new(Some(Vec::new())),
            bell,
            readers: AtomicUsize::new(0),
        })
    }

    pub(crate) fn push(&self, command: Command<G>) {
        let mut commands = self.commands.lock();
        let Some(queue) = &mut *commands else {
            return;
        };
        let is_first = queue.is_empty();
        queue.push(command);
        drop(commands);
        if is_first {
            // A counter that is full has been rung already.
            let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
        }
    }

    /// Everything asked so far; the bell rings again for what comes later.
    pub(crate) fn take(&self) -> Vec<Command<G>> {
        let _ = rustix::io::read(&self.bell, &mut [0; 8]);
        let mut commands = self.commands.lock();
        commands.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The thread ends: drops what is and will be asked.
    pub(crate) fn close(&self) {
        *self.commands.lock() = None;
        self.tell_readers(0);
    }

    pub(crate) fn tell_readers(&self, count: usize) {
        self.readers.store(count, Ordering::Relaxed);
    }

    pub(crate) fn readers(&self) -> usize {
        self.readers.load(Ordering::Relaxed)
    }
}
