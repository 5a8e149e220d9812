//! One thread and its readers.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

use crate::Settings;
use crate::feed::Ring;
use crate::inbox::{Command, Inbox};
use crate::reader::{Newcomer, Reader, Sent};
use crate::slots::Slots;

/// The bell's place in the epoll set; readers have 32 bits.
const BELL: u64 = u64::MAX;
/// Events taken from the kernel at once.
const EVENTS: usize = 1024;
/// Into so many parts a beat is cut; each part looks after its share of the readers.
const TICKS_PER_BEAT: u32 = 16;
/// What a reader may say at once without being dropped: nobody has to say anything.
const HEARD_BYTES_MAX: usize = 16 * 1024;

/// The state of one thread.
pub(crate) struct Shard<G> {
    inbox: Arc<Inbox<G>>,
    epoll: OwnedFd,
    readers: Slots<Reader<G>>,
    rings: HashMap<u32, Ring>,
    /// What full sockets have not taken yet, by slot.
    leftovers: HashMap<u32, Bytes>,
    tick_every: Duration,
    stall_ticks_max: u32,
    tick: u32,
}

impl<G> Shard<G> {
    pub(crate) fn new(inbox: Arc<Inbox<G>>, settings: Settings) -> std::io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let bell = epoll::EventData::new_u64(BELL);
        epoll::add(&epoll, &inbox.bell, bell, epoll::EventFlags::IN)?;
        let tick_every = (settings.beat / TICKS_PER_BEAT).max(Duration::from_millis(1));
        let stall = settings
            .stall_max
            .as_nanos()
            .div_ceil(tick_every.as_nanos());
        Ok(Self {
            inbox,
            epoll,
            readers: Slots::default(),
            rings: HashMap::new(),
            leftovers: HashMap::new(),
            tick_every,
            stall_ticks_max: u32::try_from(stall).unwrap_or(u32::MAX),
            tick: 0,
        })
    }

    /// Works until it is told to close.
    pub(crate) fn run(mut self) {
        let mut events = Vec::with_capacity(EVENTS);
        let mut next_tick = Instant::now() + self.tick_every;
        loop {
            // Without readers nothing needs a sign of life: sleep until the bell rings.
            let patience = (self.readers.len() > 0)
                .then(|| next_tick.saturating_duration_since(Instant::now()));
            events.clear();
            match self.wait(&mut events, patience) {
                Ok(()) | Err(Errno::INTR) => {}
                Err(error) => {
                    tracing::error!(%error, "a hub's thread ends");
                    self.inbox.close();
                    return;
                }
            }
            let mut rung = false;
            for event in &events {
                match u32::try_from(event.data.u64()) {
                    Ok(slot) => self.attend(slot, event.flags),
                    Err(_) => rung = true,
                }
            }
            // Only now: a slot that was freed above cannot be another reader's in one batch.
            if rung {
                for command in self.inbox.take() {
                    if matches!(command, Command::Close) {
                        self.farewell(None);
                        self.inbox.close();
                        return;
                    }
                    self.obey(command);
                }
            }
            let now = Instant::now();
            if now >= next_tick {
                self.tick = self.tick.wrapping_add(1);
                self.look_after();
                next_tick = now + self.tick_every;
            }
            self.inbox.tell_readers(self.readers.len());
        }
    }

    fn wait(
        &self,
        events: &mut Vec<epoll::Event>,
        patience: Option<Duration>,
    ) -> Result<(), Errno> {
        let timeout = patience.map(|patience| Timespec {
            tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: patience.subsec_nanos().into(),
        });
        epoll::wait(&self.epoll, spare_capacity(events), timeout.as_ref()).map(drop)
    }

    fn obey(&mut self, command: Command<G>) {
        match command {
            Command::Open(feed, frames_max, words) => {
                self.rings.insert(feed, Ring::new(frames_max, words));
            }
            Command::Publish(feed, index, frame) => {
                let Some(ring) = self.rings.get_mut(&feed) else {
                    return;
                };
                ring.push(index, frame);
                for slot in 0..self.readers.end() {
                    let reader = self.readers.get_mut(slot);
                    // Who is stalled goes on when its socket has room again.
                    if reader.is_some_and(|reader| reader.feed == feed && !reader.is_stalled) {
                        self.deliver(slot);
                    }
                }
            }
            Command::Adopt(newcomer) => self.adopt(newcomer),
            Command::Drop(feed) => {
                self.farewell(Some(feed));
                self.rings.remove(&feed);
            }
            Command::Close => {}
        }
    }

    fn adopt(&mut self, newcomer: Newcomer<G>) {
        let slot = self.readers.insert(Reader {
            socket: newcomer.socket,
            feed: newcomer.feed,
            next: newcomer.next,
            is_stalled: false,
            moved_at: self.tick,
            _guest: newcomer.guest,
        });
        let reader = self.readers.get_mut(slot).expect("just inserted");
        // Edge-triggered: told once when it is gone, once when a full socket has room again.
        let flags = epoll::EventFlags::IN
            | epoll::EventFlags::OUT
            | epoll::EventFlags::RDHUP
            | epoll::EventFlags::ET;
        let data = epoll::EventData::new_u64(slot.into());
        if let Err(error) = epoll::add(&self.epoll, &reader.socket, data, flags) {
            tracing::warn!(%error, "a reader could not be taken over");
            self.readers.remove(slot);
            return;
        }
        if self.send(slot, newcomer.first) {
            self.deliver(slot);
        }
    }

    /// Sends bytes; whether the socket took all of them. A reader that is gone is removed.
    fn send(&mut self, slot: u32, bytes: Bytes) -> bool {
        let Some(reader) = self.readers.get_mut(slot) else {
            return false;
        };
        match reader.send(bytes) {
            Sent::All => {
                reader.is_stalled = false;
                reader.moved_at = self.tick;
                true
            }
            Sent::Some(left) => {
                if !reader.is_stalled {
                    reader.is_stalled = true;
                    reader.moved_at = self.tick;
                }
                self.leftovers.insert(slot, left);
                false
            }
            Sent::Nobody => {
                self.remove(slot);
                false
            }
        }
    }

    /// Sends everything that a reader is to have, as far as its socket takes it.
    fn deliver(&mut self, slot: u32) {
        loop {
            let Some(reader) = self.readers.get_mut(slot) else {
                return;
            };
            let Some(ring) = self.rings.get(&reader.feed) else {
                self.remove(slot);
                return;
            };
            let end = ring.end();
            if reader.next >= end {
                return;
            }
            let Some(frame) = ring.frame(reader.next).cloned() else {
                let last_words = (ring.words.lagging)(end - reader.next);
                let _ = reader.send(last_words.into());
                self.remove(slot);
                return;
            };
            reader.next += 1;
            if !self.send(slot, frame) {
                return;
            }
        }
    }

    /// What the kernel tells of a reader.
    fn attend(&mut self, slot: u32, flags: epoll::EventFlags) {
        let Some(reader) = self.readers.get_mut(slot) else {
            return;
        };
        let gone = epoll::EventFlags::RDHUP | epoll::EventFlags::HUP | epoll::EventFlags::ERR;
        if flags.intersects(gone) || flags.contains(epoll::EventFlags::IN) && !is_quiet(reader) {
            self.remove(slot);
            return;
        }
        if flags.contains(epoll::EventFlags::OUT)
            && let Some(left) = self.leftovers.remove(&slot)
            && self.send(slot, left)
        {
            self.catch_up(slot);
        }
    }

    /// A stalled reader has room again: it goes on, unless it missed too much.
    fn catch_up(&mut self, slot: u32) {
        let Some(reader) = self.readers.get_mut(slot) else {
            return;
        };
        let (next, ring) = (reader.next, self.rings.get(&reader.feed));
        if let Some(ring) = ring
            && ring.end().saturating_sub(next) > ring.words.lag_max
        {
            let last_words = (ring.words.lagging)(ring.end() - next);
            let _ = reader.send(last_words.into());
            self.remove(slot);
            return;
        }
        self.deliver(slot);
    }

    /// This tick's share of the readers: signs of life for the quiet, an end for the stalled.
    fn look_after(&mut self) {
        let share = self.tick % TICKS_PER_BEAT;
        for slot in (share..self.readers.end()).step_by(TICKS_PER_BEAT as usize) {
            let Some(reader) = self.readers.get_mut(slot) else {
                continue;
            };
            let ticks = self.tick.wrapping_sub(reader.moved_at);
            if reader.is_stalled {
                if ticks > self.stall_ticks_max {
                    self.remove(slot);
                }
            } else if ticks >= TICKS_PER_BEAT / 2
                && let Some(ring) = self.rings.get(&reader.feed)
            {
                let beat = ring.words.beat.clone();
                self.send(slot, beat);
            }
        }
    }

    /// Last words to everybody, or to the readers of one feed.
    fn farewell(&mut self, feed: Option<u32>) {
        for slot in 0..self.readers.end() {
            let Some(reader) = self.readers.get_mut(slot) else {
                continue;
            };
            if feed.is_some_and(|feed| reader.feed != feed) {
                continue;
            }
            if !reader.is_stalled
                && let Some(ring) = self.rings.get(&reader.feed)
            {
                let _ = reader.send(ring.words.farewell.clone());
            }
            self.remove(slot);
        }
    }

    /// Closing the descriptor takes it out of the epoll set.
    fn remove(&mut self, slot: u32) {
        self.leftovers.remove(&slot);
        self.readers.remove(slot);
    }
}

/// Reads what nobody has to say, to learn whether the other side is still there.
fn is_quiet<G>(reader: &Reader<G>) -> bool {
    let mut heard = 0;
    let mut buffer = [0; 4096];
    loop {
        match rustix::io::read(&reader.socket, &mut buffer) {
            Ok(0) => return false,
            Ok(count) => heard += count,
            Err(Errno::AGAIN) => return true,
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
        if heard > HEARD_BYTES_MAX {
            return false;
        }
    }
}
