//! Shares: a link to one request, to be read by whoever has it, for a time.

use std::time::Duration;

use accounts::{Act, NewEntry, Secret, SecretHash, Target};
use base::{Actor, Unavailable, UnixMicros};

use super::Desk;
use crate::lookups::{NewShare, RequestId, Share, ShareId, StoredRequest};

/// How long a link may be good, at most: a year.
const VALID_MAX: Duration = Duration::from_hours(24 * 366);

/// Why there is no share.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    /// There is no such request.
    #[error("there is no such request")]
    Unknown,
    /// Its end is not ahead, or more than a year ahead.
    #[error("a link is good for a year at most, and its end lies ahead")]
    Expires,
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Desk {
    /// Makes a link to a request; its secret is shown once and kept as a hash.
    ///
    /// # Errors
    /// When there is no such request, `expires` is out of its range, or the store does not answer.
    pub async fn share(
        &self,
        request: RequestId,
        expires: UnixMicros,
        actor: &Actor,
    ) -> Result<Secret, ShareError> {
        let parts = &self.inner.parts;
        let now = parts.clock.now();
        if expires <= now || expires.since(now) > VALID_MAX {
            return Err(ShareError::Expires);
        }
        let secret = Secret::make(&*parts.entropy);
        let share = NewShare {
            request,
            user: actor.user(),
            secret: secret.hash(),
            created: now,
            expires,
        };
        let details = vec![
            ("request", request.0.into()),
            ("expires_at_us", expires.0.into()),
        ];
        let entry = self.entry(actor, Act("share.make"), String::new(), details);
        let made = parts.store.insert_share(share, entry).await?;
        made.ok_or(ShareError::Unknown)?;
        (parts.wake)();
        Ok(secret)
    }

    /// The request that a link's secret opens, while it does.
    pub async fn shared(&self, secret: &str) -> Result<Option<StoredRequest>, Unavailable> {
        let now = self.inner.parts.clock.now();
        let store = &self.inner.parts.store;
        match store.share(SecretHash::of(secret), now).await? {
            Some(share) => self.request(share.request).await,
            None => Ok(None),
        }
    }

    /// The links to a request that are still good, newest first.
    pub async fn shares(&self, request: RequestId) -> Result<Vec<Share>, Unavailable> {
        let now = self.inner.parts.clock.now();
        self.inner.parts.store.shares(request, now).await
    }

    /// Makes a link good for nothing; `false` when there is none of this number.
    pub async fn unshare(&self, id: ShareId, actor: &Actor) -> Result<bool, Unavailable> {
        let entry = self.entry(actor, Act("share.end"), id.0.to_string(), Vec::new());
        let ended = self.inner.parts.store.delete_share(id, entry).await?;
        (self.inner.parts.wake)();
        Ok(ended)
    }

    /// An entry of the trail, of now. An empty id stands for the number of the row that is made.
    fn entry(&self, actor: &Actor, act: Act, id: String, details: accounts::Details) -> NewEntry {
        let parts = &self.inner.parts;
        let mut salt = [0; 16];
        parts.entropy.fill(&mut salt);
        NewEntry {
            at: parts.clock.now(),
            actor: actor.clone(),
            act,
            target: Some(Target { kind: "share", id }),
            details,
            salt,
        }
    }
}
