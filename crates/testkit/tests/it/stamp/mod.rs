//! The log as a feature over a real store: submitted, sealed, proven, waited for.

mod flipped_bits;
mod forgetting;
mod life;
pub(crate) mod log;
mod proofs;
mod seal_crash;
mod timekeeping;
mod two_sealers;
mod waiting;
mod witnessing;
