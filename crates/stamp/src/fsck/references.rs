//! Tags and tokens: each points to a timestamp that is there.

use base::Unavailable;

use super::{Part, Report};
use crate::{EntryState, Store};

/// Addresses read at a time.
const ADDRESSES_AT_ONCE: usize = 1024;

pub(super) async fn check(store: &dyn Store, report: &mut Report) -> Result<(), Unavailable> {
    let mut after = None;
    loop {
        let ids = store.referenced(after, ADDRESSES_AT_ONCE).await?;
        let addresses: Vec<(u64, u32)> = ids.iter().map(|id| (id.batch, id.index)).collect();
        let entries = store.entries(&addresses).await?;
        for (id, entry) in ids.iter().zip(entries) {
            let nonce = match entry {
                Some(EntryState::Pooled { nonce, .. } | EntryState::Sealed { nonce, .. }) => {
                    Some(nonce)
                }
                Some(EntryState::Forgotten) | None => None,
            };
            if nonce != Some(id.nonce) {
                report.found(Part::Reference, format!("{id} points to nothing"));
            }
        }
        after = ids.last().copied();
        if ids.len() < ADDRESSES_AT_ONCE {
            return Ok(());
        }
    }
}
