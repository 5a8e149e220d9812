//! Who owns which leaf of an interval.

use base::UnixMicros;
use tlog::Hash;

use crate::{Interval, SealedBatch};

/// Each leaf belongs to one entry of one batch, none is younger than the interval, and they stand in
/// the order of time and hash. `Err` says in an operator's words what is not so.
pub(crate) fn check(
    interval: &Interval,
    leaves: &[Hash],
    batches: &[SealedBatch],
) -> Result<(), String> {
    let mut times: Vec<Option<UnixMicros>> = vec![None; leaves.len()];
    for batch in batches {
        let number = batch.number;
        for at in 0..u32::try_from(batch.placements.len()).unwrap_or(u32::MAX) {
            let placement = batch.placements.get(at).ok_or("a placement is missing")?;
            let owned = times.get_mut(placement.leaf as usize);
            match owned.map(|owned| owned.replace(placement.time)) {
                Some(None) => {}
                Some(Some(_)) => {
                    return Err(format!("leaf {} has two owners", placement.leaf));
                }
                None => return Err(format!("batch {number} owns a leaf that is not there")),
            }
        }
    }
    let mut before = None;
    for (leaf, (time, hash)) in times.iter().zip(leaves).enumerate() {
        let Some(time) = time else {
            return Err(format!("leaf {leaf} belongs to no batch"));
        };
        if *time > interval.time {
            return Err(format!("leaf {leaf} is younger than the interval"));
        }
        if before.is_some_and(|before| before > (*time, hash)) {
            return Err(format!("leaf {leaf} is out of order"));
        }
        before = Some((*time, hash));
    }
    Ok(())
}
