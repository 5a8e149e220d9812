//! What protocol v1's interval numbers really mean, as tree sizes.
//!
//! The original's labels are off by one in three places, each in its own way, and clients rely on
//! that. Everything else here speaks of sizes only; these four functions are the border.

/// The sizes between which the `consistency` of a live message, or of `/mth/{i}`, proves: labelled
/// `(i - 1, i)`, it leads from size `i - 1` to size `i + 1`. `None` for the first two intervals,
/// whose message has none.
pub fn live_consistency_sizes(i: u64) -> Option<(u64, u64)> {
    (i >= 2).then(|| (i - 1, i + 1))
}

/// Leaf and size of the `inclusion` of a live message: labelled `(i, null)`, it proves leaf `i` in
/// the tree of size `i + 1`.
pub fn live_inclusion(i: u64) -> (u64, u64) {
    (i, i + 1)
}

/// The sizes between which `/mth/{x}/from/{y}` proves: labelled `(y, x)`, and these are sizes
/// already: from `y` to `x`. `None` unless `1 <= y <= x`.
pub fn from_sizes(x: u64, y: u64) -> Option<(u64, u64)> {
    (1 <= y && y <= x).then_some((y, x))
}

/// Leaf and size of `/mth/{x}/in/{y}`: its message is labelled `head: x, leaf: y`, and proves leaf
/// `x` in the tree of **size** `y`. `None` unless `x < y`.
pub fn in_leaf_and_size(x: u64, y: u64) -> Option<(u64, u64)> {
    (x < y).then_some((x, y))
}
