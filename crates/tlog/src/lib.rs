//! Merkle log arithmetic: hashes, trees, tiles, proofs, checkpoints, signed notes, and the
//! canonical CBOR of protocol v1.
//!
//! Pure: no I/O, no clock, no async. Everything that touches a store is sans-I/O here: a function
//! says which tiles it needs, the caller fetches them, a second function computes.
//!
//! Trees are those of RFC 6962 §2.1 (RFC 9162 §2.1) over either hash, see [`TreeHash`].

#![forbid(unsafe_code)]

mod checkpoint;
mod cosignature;
mod hash;
mod key;
mod levels;
mod note;
mod proof;
mod proof_file;
mod range;
mod text;
mod tile;
mod tile_path;
pub mod v1;
mod witness;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use cosignature::{Cosignature, CosignatureError};
pub use hash::{Hash, Sha3, Sha256, TreeHash};
pub use key::{
    CosignerKey, CosigningKey, KeyError, KeyId, PublicKey, SecretKey, SigningKey, VerifierKey,
};
pub use levels::Levels;
pub use note::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX, NoteError, SignatureLine, SignedNote};
pub use proof::{ProofError, verify_consistency, verify_inclusion};
pub use proof_file::{
    EXTRA_BYTES_MAX, PROOF_FILE_BYTES_MAX, ProofFile, ProofFileError, Refusal, StampedData, Step,
    StepKind, TimestampProof, Trust, VerifiedTimestamp, VerifyError,
};
pub use range::CompactRange;
pub use tile::{MissingTile, TILE_HEIGHT, TILE_WIDTH, TileEdge, TileId, TileSet};
pub use tile_path::{
    BundleError, ENTRY_BYTES_MAX, TilePath, TilePathError, TileResource, parse_bundle, parse_tile,
    push_entry,
};
pub use witness::{
    ADD_CHECKPOINT_BYTES_MAX, AddCheckpoint, AddCheckpointError, CONFLICT_CONTENT_TYPE, Verdict,
    WITNESS_PROOF_NODES_MAX, judge, parse_conflict,
};
