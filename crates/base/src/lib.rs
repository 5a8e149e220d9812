//! Words that every room shares: time, chance, ids, events, the unavailable store.
