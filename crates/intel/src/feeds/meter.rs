//! A reader that ends in time: so many bytes unpacked as a whole, so many for one entry.

use std::cell::Cell;
use std::io::{Error, ErrorKind, Read, Result};
use std::rc::Rc;

/// Most bytes of one entry, with what the reader before it had read ahead.
pub(super) const ENTRY_BYTES_MAX: u64 = 512 << 10;
/// The same of an event of MISP, which has many attributes.
pub(super) const EVENT_BYTES_MAX: u64 = 16 << 20;

/// Counts what a reader brings, and stops it when it is too much.
pub(super) struct Meter<R> {
    inner: R,
    left: u64,
    entry_bytes_max: u64,
    of_entry: Rc<Cell<u64>>,
}

/// Set back after each entry.
#[derive(Clone)]
pub(super) struct Mark(Rc<Cell<u64>>);

impl Mark {
    /// An entry was read.
    pub(super) fn entry(&self) {
        self.0.set(0);
    }
}

impl<R: Read> Meter<R> {
    /// At most `bytes_max` of `inner`, and `entry_bytes_max` of each entry.
    pub(super) fn new(inner: R, bytes_max: u64, entry_bytes_max: u64) -> (Self, Mark) {
        let of_entry = Rc::new(Cell::new(0));
        let mark = Mark(Rc::clone(&of_entry));
        let meter = Self {
            inner,
            left: bytes_max,
            entry_bytes_max,
            of_entry,
        };
        (meter, mark)
    }
}

impl<R: Read> Read for Meter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.inner.read(buffer)?;
        let bytes = count as u64;
        let too_long = |what| Error::new(ErrorKind::FileTooLarge, what);
        self.left = self
            .left
            .checked_sub(bytes)
            .ok_or_else(|| too_long("the feed is longer than we read"))?;
        self.of_entry.set(self.of_entry.get() + bytes);
        if self.of_entry.get() > self.entry_bytes_max {
            return Err(too_long("one of its entries is longer than we read"));
        }
        Ok(count)
    }
}
