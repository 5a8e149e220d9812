//! Merkle log arithmetic: hashes, trees, tiles, proofs, checkpoints, signed notes, and the
//! canonical CBOR of protocol v1.
//!
//! Pure: no I/O, no clock, no async. Everything that touches a store is sans-I/O here: a function
//! says which tiles it needs, the caller fetches them, a second function computes.
//!
//! Trees are those of RFC 6962 §2.1 (RFC 9162 §2.1) over either hash, see [`TreeHash`].

#![forbid(unsafe_code)]

mod hash;
mod levels;
mod proof;
mod range;
mod tile;
pub mod v1;

pub use hash::{Hash, Sha3, Sha256, TreeHash};
pub use levels::Levels;
pub use proof::{ProofError, verify_consistency, verify_inclusion};
pub use range::CompactRange;
pub use tile::{MissingTile, TILE_HEIGHT, TILE_WIDTH, TileEdge, TileId, TileSet};
