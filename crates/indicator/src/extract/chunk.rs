//! A clean piece of text without blanks, and what was found in it so far.

use std::ops::Range;

use super::class::{self, AT, COLON, DIGIT, DOT, HEX, PERCENT, SLASH};
use super::{address, encoded, link, mail, run};
use crate::clean::Clean;
use crate::kind::Kind;

/// A piece of text that recognisers read.
pub(super) struct Chunk<'a> {
    /// The whole text.
    pub(super) text: &'a [u8],
    /// The piece, refanged.
    pub(super) clean: &'a [u8],
    /// What it is made of.
    pub(super) classes: u16,
    range: Range<usize>,
    map: Option<&'a Clean>,
}

/// Something found, by its place in the clean piece.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) kind: Kind,
    pub(super) at: Range<usize>,
    pub(super) value: String,
    /// It lies in a longer one.
    pub(super) part: bool,
    /// It was decoded from hexadecimals, base 64 or percent signs.
    pub(super) decoded: bool,
    /// Its scheme leads nowhere.
    pub(super) scheme: bool,
}

impl Hit {
    pub(super) fn new(kind: Kind, at: Range<usize>, value: String) -> Self {
        Self {
            kind,
            at,
            value,
            part: false,
            decoded: false,
            scheme: false,
        }
    }

    /// The same, lying in a longer one.
    pub(super) fn part(mut self) -> Self {
        self.part = true;
        self
    }
}

/// What was found in a chunk, and which ranges are claimed. Used again for every chunk.
#[derive(Debug, Default)]
pub(super) struct Memory {
    hits: Vec<Hit>,
    /// Claimed ranges by their start; none overlaps another.
    claims: Vec<Range<usize>>,
    gaps: Vec<Range<usize>>,
    /// Before this place no URL without scheme is looked for again: the path that all would share was no good.
    pub(super) barren: usize,
    /// How many bytes recognisers looked at beyond their one pass.
    pub(super) work: u64,
}

impl Memory {
    /// Claims a range for a hit.
    pub(super) fn claim(&mut self, hit: Hit) {
        self.claims.push(hit.at.clone());
        self.hits.push(hit);
    }

    /// Where the range ends that was claimed last.
    pub(super) fn claimed_to(&self) -> Option<usize> {
        self.claims.last().map(|claim| claim.end)
    }

    /// A hit within what is claimed already.
    pub(super) fn add(&mut self, hit: Hit) {
        self.hits.push(hit);
    }

    /// What was found, by place, the longer before its parts.
    pub(super) fn in_order(&mut self) -> impl Iterator<Item = Hit> {
        self.claims.clear();
        self.hits
            .sort_by_key(|hit| (hit.at.start, hit.part, usize::MAX - hit.at.end));
        self.hits.drain(..)
    }

    /// Calls a recogniser for every range that nobody has claimed.
    fn gaps(
        &mut self,
        chunk: &Chunk<'_>,
        work: &mut u64,
        mut read: impl FnMut(&Chunk<'_>, Range<usize>, &mut Self),
    ) {
        let len = chunk.clean.len();
        *work += len as u64;
        if self.claims.is_empty() {
            return read(chunk, 0..len, self);
        }
        // Two runs in order, one behind the other: a stable sort merges them in linear time.
        self.claims.sort_by_key(|claim| claim.start);
        let mut gaps = std::mem::take(&mut self.gaps);
        let mut at = 0;
        for claim in &self.claims {
            if claim.start > at {
                gaps.push(at..claim.start);
            }
            at = at.max(claim.end);
        }
        if at < len {
            gaps.push(at..len);
        }
        for gap in gaps.drain(..) {
            read(chunk, gap, self);
        }
        self.gaps = gaps;
    }
}

/// Shorter chunks hold no encoded URL.
const ENCODED_BYTES: usize = 16;

impl<'a> Chunk<'a> {
    /// A piece that needed no cleaning.
    pub(super) fn plain(text: &'a [u8], range: Range<usize>, classes: u16) -> Self {
        let clean = &text[range.clone()];
        Self {
            text,
            clean,
            classes,
            range,
            map: None,
        }
    }

    /// A piece that was cleaned.
    pub(super) fn cleaned(text: &'a [u8], range: Range<usize>, clean: &'a Clean) -> Self {
        Self {
            text,
            clean: &clean.bytes,
            classes: class::classes(&clean.bytes),
            range,
            map: Some(clean),
        }
    }

    /// Where a clean range lies in the text.
    pub(super) fn raw(&self, clean: Range<usize>) -> Range<usize> {
        match self.map {
            Some(map) => map.raw(clean),
            None => clean.start + self.range.start..clean.end + self.range.start,
        }
    }

    /// Whether a clean range was written otherwise.
    pub(super) fn is_defanged(&self, clean: Range<usize>) -> bool {
        self.map.is_some() && self.text[self.raw(clean.clone())] != self.clean[clean]
    }

    /// The byte before a clean place, or a blank.
    pub(super) fn before(&self, at: usize) -> u8 {
        at.checked_sub(1).map_or(b' ', |before| self.clean[before])
    }

    /// The byte at a clean place, or a blank.
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.clean.get(at).copied().unwrap_or(b' ')
    }

    /// Finds everything in the piece.
    pub(super) fn read(&self, memory: &mut Memory, work: &mut u64) {
        memory.barren = 0;
        let has = |classes: u16| self.classes & classes != 0;
        if has(COLON) && has(SLASH) {
            memory.gaps(self, work, link::read);
        }
        if self.clean.len() >= ENCODED_BYTES {
            if has(PERCENT) {
                memory.gaps(self, work, encoded::percents);
            }
            memory.gaps(self, work, encoded::runs);
        }
        if has(AT) && has(DOT) {
            memory.gaps(self, work, mail::read);
        }
        if has(COLON) && has(DIGIT | HEX) {
            memory.gaps(self, work, address::read);
        }
        memory.gaps(self, work, run::read);
    }
}
