//! A share: a request that whoever has the link may read for a time.

use accounts::SecretHash;
use base::{UnixMicros, UserId};

use super::{RequestId, ShareId};

/// A share on its way into the table.
#[derive(Clone, Debug)]
pub struct NewShare {
    /// The request.
    pub request: RequestId,
    /// Who shares it.
    pub user: Option<UserId>,
    /// The hash of the link's secret.
    pub secret: SecretHash,
    /// When.
    pub created: UnixMicros,
    /// Until when it may be read.
    pub expires: UnixMicros,
}

/// A share as the table has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its number.
    pub id: ShareId,
    /// The request.
    pub request: RequestId,
    /// Who shared it, if the account is still there.
    pub user: Option<UserId>,
    /// When.
    pub created: UnixMicros,
    /// Until when it may be read.
    pub expires: UnixMicros,
}
