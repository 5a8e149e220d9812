//! Lines of the ledger, kept: a line never changes, so it is read from the store once.

use std::collections::BTreeMap;
use std::ops::Range;

use parking_lot::Mutex;
use stamp::{Ledger, Tree};
use tlog::v1::TimeText;

use super::view::{Hash, Line, Time};
use crate::problem::ApiError;

/// How many lines are kept; the oldest leave first. About 200 bytes each.
const KEPT_LINES_MAX: usize = 1024;

/// The newest lines that anybody asked for.
#[derive(Default)]
pub(crate) struct Lines(Mutex<BTreeMap<u64, Line>>);

impl Lines {
    /// The lines of `range` that exist, in order.
    pub(crate) async fn read(
        &self,
        ledger: &Ledger,
        range: Range<u64>,
    ) -> Result<Vec<Line>, ApiError> {
        let mut found = self.kept(&range);
        // What is missing is one run at an end, nearly always the newest line alone.
        let missing = found.last().map_or(range.start, |line| line.index + 1)..range.end;
        let missing = if found.first().is_some_and(|line| line.index > range.start) {
            range
        } else {
            missing
        };
        if missing.is_empty() {
            return Ok(found);
        }
        found.retain(|line| line.index < missing.start);
        for interval in ledger.intervals(missing).await? {
            let Some(head) = ledger.root(Tree::Sha3, interval.index + 1).await? else {
                break; // Committed, but not signed yet: it is shown when it is.
            };
            found.push(Line {
                index: interval.index,
                time: Time::new(TimeText::of_micros(interval.time.0).as_str()),
                count: u64::from(interval.count),
                head: Hash(head),
                // It becomes so later: whoever shows the line knows.
                witnessed: false,
            });
        }
        let mut kept = self.0.lock();
        kept.extend(found.iter().map(|line| (line.index, line.clone())));
        while kept.len() > KEPT_LINES_MAX {
            kept.pop_first();
        }
        Ok(found)
    }

    /// The kept lines of `range`, as far as they follow each other.
    fn kept(&self, range: &Range<u64>) -> Vec<Line> {
        let kept = self.0.lock();
        let mut found: Vec<Line> = Vec::new();
        for (index, line) in kept.range(range.clone()) {
            if found
                .last()
                .is_some_and(|before| before.index + 1 != *index)
            {
                break;
            }
            found.push(line.clone());
        }
        found
    }
}
