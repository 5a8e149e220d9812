//! A feed's newest frames, as one shard keeps them.

use std::collections::VecDeque;
use std::num::NonZeroUsize;

use bytes::Bytes;

/// What a feed says besides its frames, ready for the wire.
#[derive(Clone)]
pub struct Words {
    /// A sign of life.
    pub beat: Bytes,
    /// The last words to a reader that fell too far behind; the number is how many frames it
    /// missed.
    pub lagging: fn(u64) -> Vec<u8>,
    /// The last words to everybody when the feed or the hub ends.
    pub farewell: Bytes,
    /// How many frames a reader whose socket is full may fall behind.
    pub lag_max: u64,
}

/// Frames `first..end()`, each the same bytes for everybody.
pub(crate) struct Ring {
    pub(crate) words: Words,
    frames: VecDeque<Bytes>,
    first: u64,
    frames_max: usize,
}

impl Ring {
    pub(crate) fn new(frames_max: NonZeroUsize, words: Words) -> Self {
        Self {
            words,
            frames: VecDeque::new(),
            first: 0,
            frames_max: frames_max.get(),
        }
    }

    /// The number of the frame to come; 0 before the first.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.frames.len() as u64
    }

    /// The frame of this number, if it is kept.
    pub(crate) fn frame(&self, index: u64) -> Option<&Bytes> {
        let at = usize::try_from(index.checked_sub(self.first)?).ok()?;
        self.frames.get(at)
    }

    /// Adds a frame. One that is here already changes nothing; after a gap everything older goes.
    pub(crate) fn push(&mut self, index: u64, frame: Bytes) {
        if index < self.end() {
            return;
        }
        if index > self.end() {
            self.frames.clear();
            self.first = index;
        }
        if self.frames.len() == self.frames_max {
            self.frames.pop_front();
            self.first += 1;
        }
        self.frames.push_back(frame);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_frames_are_kept_in_order_and_a_gap_starts_anew() {
        let words = Words {
            beat: Bytes::new(),
            lagging: |_| Vec::new(),
            farewell: Bytes::new(),
            lag_max: 1,
        };
        let mut ring = Ring::new(NonZeroUsize::new(3).unwrap(), words);
        let check = |ring: &Ring, end, kept: &[u64]| {
            assert_eq!(ring.end(), end);
            let found: Vec<u64> = (0..20).filter(|at| ring.frame(*at).is_some()).collect();
            assert_eq!(found, kept);
            for at in kept {
                assert_eq!(ring.frame(*at).unwrap(), &at.to_string());
            }
        };
        let push = |ring: &mut Ring, index: u64| ring.push(index, index.to_string().into());
        check(&ring, 0, &[]);
        push(&mut ring, 7);
        check(&ring, 8, &[7]);
        for index in [8, 9, 10, 10, 9] {
            push(&mut ring, index);
        }
        check(&ring, 11, &[8, 9, 10]);
        push(&mut ring, 13);
        check(&ring, 14, &[13]);
    }
}
