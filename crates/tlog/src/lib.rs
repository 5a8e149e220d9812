//! Merkle log arithmetic: hashes, tiles, proofs, checkpoints, signed notes.
