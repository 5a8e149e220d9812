//! One reader: its socket, its place, and when it last moved.

use std::os::fd::OwnedFd;

use bytes::{Buf as _, Bytes};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};

/// A reader on its way in.
pub(crate) struct Newcomer<G> {
    pub(crate) socket: OwnedFd,
    pub(crate) first: Bytes,
    pub(crate) feed: u32,
    pub(crate) next: u64,
    pub(crate) guest: G,
}

/// A reader. Bytes of a frame that its socket did not take wait elsewhere: few readers have any.
pub(crate) struct Reader<G> {
    pub(crate) socket: OwnedFd,
    pub(crate) feed: u32,
    /// The frame it is to have next.
    pub(crate) next: u64,
    /// Bytes of it are waiting for its socket.
    pub(crate) is_stalled: bool,
    /// When something was last sent to it, or its socket was last found full: the shard's ticks.
    pub(crate) moved_at: u32,
    /// Held for as long as it is here.
    pub(crate) _guest: G,
}

/// How much of some bytes a socket took.
pub(crate) enum Sent {
    All,
    /// This is left; the socket is full.
    Some(Bytes),
    /// The other side is gone.
    Nobody,
}

impl<G> Reader<G> {
    /// Sends as much as the socket takes, without waiting.
    pub(crate) fn send(&self, mut bytes: Bytes) -> Sent {
        while bytes.has_remaining() {
            match send(
                &self.socket,
                &bytes,
                SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
            ) {
                Ok(count) => bytes.advance(count),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Sent::Some(bytes),
                Err(_) => return Sent::Nobody,
            }
        }
        Sent::All
    }
}
