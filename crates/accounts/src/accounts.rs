//! The feature as one thing: what it needs, and what every act shares.

use std::sync::Arc;

use base::{Bus, Clock, Entropy};

use crate::{OidcHttp, Outbox, Settings};

/// What the feature is made of.
pub struct Parts {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Tells other processes that somebody's rights changed.
    pub bus: Arc<dyn Bus>,
    /// Where letters go.
    pub outbox: Arc<dyn Outbox>,
    /// How providers are asked.
    pub oidc_http: Arc<dyn OidcHttp>,
    /// What the operator decided.
    pub settings: Settings,
}

/// Accounts, sessions, tokens, roles and the trail.
pub struct Accounts {
    #[expect(dead_code, reason = "bodies follow")]
    parts: Parts,
}
