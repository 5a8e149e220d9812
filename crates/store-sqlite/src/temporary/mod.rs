//! Records that expire, in `ttl.db`: every statement here is about that file.

pub(crate) mod attempts;
mod notices;
pub(crate) mod sessions;
pub(crate) mod tickets;
