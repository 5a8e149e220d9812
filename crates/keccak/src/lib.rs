//! Many SHA3-256 digests at once, eight Keccak states side by side.
