//! Digests enter a pool, an interval is sealed, proofs come out.
