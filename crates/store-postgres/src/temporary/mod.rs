//! Records that expire, in the schema `temporary`: every statement here is about that schema.

pub(crate) mod attempts;
mod notices;
pub(crate) mod sessions;
pub(crate) mod tickets;
