//! What an indicator is found by in the tables.

use indicator::Indicator;
use sha2::{Digest as _, Sha256};

/// SHA-256 of the kind's name, a zero byte and the value: values may be longer than an index takes.
pub fn digest(indicator: &Indicator) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(indicator.kind().wire());
    hash.update([0]);
    hash.update(indicator.value());
    hash.finalize().into()
}
