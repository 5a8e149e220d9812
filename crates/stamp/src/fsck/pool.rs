//! The pool: what waits for its interval.

use base::Unavailable;

use super::{Part, Report};
use crate::{Entry, Store};

/// Entries read at a time, and one batch more at most: the pool may hold millions.
const ENTRIES_AT_ONCE: usize = 100_000;

/// Batch after batch: numbered upwards, never empty, its entries in order. Sealers may take batches
/// away and notaries bring new ones meanwhile.
pub(super) async fn check(store: &dyn Store, report: &mut Report) -> Result<(), Unavailable> {
    let mut after = 0;
    loop {
        let begun = after;
        for batch in store.pool(after, ENTRIES_AT_ONCE).await? {
            let number = batch.number;
            if number <= after {
                report.found(Part::Pool, format!("batch {number} is out of order"));
            }
            after = after.max(number);
            if batch.entries.is_empty() {
                report.found(Part::Pool, format!("batch {number} is empty"));
            }
            let entries: Vec<Entry> = batch.entries.iter().collect();
            if !entries.is_sorted_by_key(Entry::order) {
                report.found(
                    Part::Pool,
                    format!("the entries of batch {number} are out of order"),
                );
            }
            report.pooled += entries.len() as u64;
        }
        if after == begun {
            return Ok(());
        }
    }
}
