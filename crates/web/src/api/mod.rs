//! Protocol v1 over HTTP, and what we add to it under `/api/`.

pub(crate) mod bulk;
pub(crate) mod desk;
pub(crate) mod docs;
pub(crate) mod forms;
pub(crate) mod live;
pub(crate) mod message;
pub(crate) mod mth;
pub(crate) mod rooms;
pub(crate) mod ts;
