//! Numbers of what lookups leave behind. They grow and are never given twice.

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);
    )*};
}

numbers! {
    /// The number of a request: one indicator, asked about once.
    RequestId,
    /// The number of an answer of one source.
    AnswerId,
    /// The number of an answer's canonical bytes.
    EvidenceId,
    /// The number of a bulk: many indicators, asked about one after another.
    BulkId,
    /// The number of a watch: an indicator that is asked about again and again.
    WatchId,
    /// The number of a share: a request that who has the link may read.
    ShareId,
}
