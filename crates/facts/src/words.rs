//! A fact as the log sees it.

/// The number of a fact: they grow and are never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactId(pub i64);

/// What sort of fact: `audit`, later `answer`, `revision`, `upload`. Rows carry it: never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FactKind(pub &'static str);

/// A fact on its way into the table, in the transaction of the row that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewFact {
    /// What sort of fact.
    pub kind: FactKind,
    /// SHA-256 of its canonical bytes, which the room keeps and hands out. What is stamped is the
    /// text `sha256:` and these 32 bytes in hex, as `indelible stamp --digest` has it, so that
    /// `indelible verify BYTES PROOF` accepts them.
    pub sha256: [u8; 32],
}
