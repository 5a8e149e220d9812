//! What everybody gets to see of a sealed interval.

use std::collections::BTreeSet;

use base::Unavailable;
use tlog::{Hash, Sha3, Sha256, TileSet, v1};

use crate::trees;
use crate::{Head, Interval, Store};

/// One sealed interval with what protocol v1's live message says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The interval; `None` for an empty log.
    pub interval: Option<Interval>,
    /// The log's head with this interval as its last. `timestamps` is exact in what a
    /// [`crate::Follower`] announces; for an older interval, read on its own, it is that of the
    /// newest committed head.
    pub head: Head,
    /// Protocol v1's `a` and path of this interval's leaf in that head.
    pub inclusion: (u64, Vec<Hash>),
    /// From size `index - 1` to size `index + 1`, as the original service does it; `None` for the
    /// first two intervals.
    pub consistency: Option<Vec<Hash>>,
}

impl Sealed {
    /// The state of a log without intervals.
    pub fn nothing() -> Self {
        Self {
            interval: None,
            head: Head::empty(),
            inclusion: (0, Vec::new()),
            consistency: None,
        }
    }
}

/// Why a timestamp is in the log: its place in its interval's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The interval that holds it.
    pub interval: Interval,
    /// Bit `i`, lowest first, is set when the sibling at step `i` stands on the left.
    pub a: u64,
    /// The siblings, leaf to root.
    pub path: Vec<Hash>,
    /// The root of the SHA3-256 main tree right after this interval.
    pub mth: Hash,
}

/// Reads the interval `index` and its proofs; `timestamps` goes into its head. `None` when there is
/// no such interval.
pub(crate) async fn read(
    store: &dyn Store,
    index: u64,
    timestamps: u64,
) -> Result<Option<Sealed>, Unavailable> {
    let Some(interval) = store.intervals(index..index + 1).await?.pop() else {
        return Ok(None);
    };
    let size = index + 1;
    let old = index.checked_sub(1).filter(|old| *old > 0);
    let mut wanted: BTreeSet<_> = TileSet::<Sha3>::tiles_for_root(size).into_iter().collect();
    wanted.extend(TileSet::<Sha3>::tiles_for_inclusion(index, size));
    if let Some(old) = old {
        wanted.extend(TileSet::<Sha3>::tiles_for_consistency(old, size));
    }
    let wanted: Vec<_> = wanted.into_iter().collect();
    let tiles = trees::load::<Sha3>(store, &wanted).await?;
    let root = tiles.root(size).map_err(trees::torn)?;
    let path = tiles.inclusion(index, size).map_err(trees::torn)?;
    let consistency = old
        .map(|old| tiles.consistency(old, size).map_err(trees::torn))
        .transpose()?;
    Ok(Some(Sealed {
        interval: Some(interval),
        head: Head {
            size,
            sha3: root,
            sha256: trees::root::<Sha256>(store, size).await?,
            time: interval.time,
            timestamps,
        },
        inclusion: (v1::sides(index, size), path),
        consistency,
    }))
}
