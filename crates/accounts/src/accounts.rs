//! The feature as one thing: what it needs, and what every act shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base::{Actor, Bus, Clock, Entropy, Event, Unavailable, UnixMicros, UserId, Who};
use bytes::Bytes;
use futures_util::StreamExt as _;

use crate::cache::Cache;
use crate::hasher::Hasher;
use crate::post::Post;
use crate::records::UserRecord;
use crate::refusals::Refusals;
use crate::{
    Act, Authenticated, Caller, Details, NewEntry, OidcHttp, Outbox, OwnError, Principal,
    ProviderView, SealingKey, Session, Settings, Store, Target, UserKey,
};

/// On this topic it is told whose rights changed: an account's number, or nothing for everybody's.
pub const TOPIC: &str = "accounts";

/// What the feature is made of.
pub struct Parts {
    /// What it keeps.
    pub store: Arc<dyn Store>,
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
    /// Encrypts what must be read again.
    pub sealing_key: SealingKey,
    /// Called after an entry was written: wakes whoever stamps facts.
    pub wake: Box<dyn Fn() + Send + Sync>,
    /// What the operator decided.
    pub settings: Settings,
}

/// Accounts, sessions, tokens, roles and the trail.
pub struct Accounts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) post: Post,
    pub(crate) sealing_key: SealingKey,
    wake: Box<dyn Fn() + Send + Sync>,
    pub(crate) settings: Settings,
    pub(crate) hasher: Hasher,
    pub(crate) sessions: Cache<Session>,
    pub(crate) headers: Cache<(Authenticated, Option<UnixMicros>)>,
    pub(crate) refusals: Refusals,
    pub(crate) providers: Vec<ProviderView>,
    pub(crate) oidc: crate::oidc::Providers,
    pub(crate) passkeys: Option<webauthn_rs::Webauthn>,
    has_users: AtomicBool,
}

impl Accounts {
    /// The feature over its parts. Reads nothing.
    pub fn new(parts: Parts) -> Self {
        let settings = parts.settings;
        let hasher = Hasher::new(settings.hash_cost, settings.hashes_at_once, &*parts.entropy);
        let view = |provider: &crate::OidcProvider| ProviderView {
            slug: provider.slug.clone(),
            name: provider.name.clone(),
        };
        Self {
            store: parts.store,
            clock: parts.clock,
            entropy: parts.entropy,
            bus: parts.bus,
            post: Post::new(parts.outbox),
            sealing_key: parts.sealing_key,
            wake: parts.wake,
            hasher,
            sessions: Cache::default(),
            headers: Cache::default(),
            refusals: Refusals::default(),
            providers: settings.oidc.iter().map(view).collect(),
            oidc: crate::oidc::Providers::new(parts.oidc_http),
            passkeys: crate::passkey::webauthn(&settings),
            has_users: AtomicBool::new(false),
            settings,
        }
    }

    /// What the operator decided.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Hears from other processes whose rights changed, until the bus ends. Without it this process
    /// believes what it read for up to five seconds.
    pub async fn listen(&self) {
        let mut events = self.bus.subscribe();
        while let Some(event) = events.next().await {
            if event.topic == TOPIC {
                let number = std::str::from_utf8(&event.payload).ok();
                let user = number.and_then(|number| number.parse().ok()).map(UserId);
                self.forget(user);
            }
        }
    }

    /// Waits until every letter that was begun is in the outbox.
    pub async fn letters_posted(&self) {
        self.post.idle().await;
    }

    pub(crate) fn now(&self) -> UnixMicros {
        self.clock.now()
    }

    pub(crate) async fn any_users(&self) -> Result<bool, Unavailable> {
        if !self.has_users.load(Ordering::Acquire) {
            let found = self.store.has_users().await?;
            // Once there was an account, a set-up link opens nothing again; that some account
            // stays is the store's promise about administrators.
            self.has_users.store(found, Ordering::Release);
        }
        Ok(self.has_users.load(Ordering::Acquire))
    }

    /// Forgets here what was read of an account, or of all.
    fn forget(&self, user: Option<UserId>) {
        self.sessions.forget(user);
        self.headers.forget(user);
    }

    /// Somebody's rights changed: no process believes any longer what it read before.
    pub(crate) async fn rights_changed(&self, user: Option<UserId>) {
        self.forget(user);
        let payload = user.map(|user| user.0.to_string()).unwrap_or_default();
        let event = Event {
            topic: TOPIC,
            payload: Bytes::from(payload),
        };
        if let Err(error) = self.bus.publish(event).await {
            // They will notice when they next read.
            tracing::warn!(%error, "other processes were not told that rights changed");
        }
    }

    /// An entry of now.
    pub(crate) fn entry(
        &self,
        actor: &Actor,
        act: &'static str,
        target: Option<Target>,
        details: Details,
    ) -> NewEntry {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        NewEntry {
            at: self.now(),
            actor: actor.clone(),
            act: Act(act),
            target,
            details,
            salt,
        }
    }

    /// An entry was written.
    pub(crate) fn written(&self) {
        (self.wake)();
    }

    /// The account, if it is still there.
    pub(crate) async fn record_of(&self, user: UserId) -> Result<Option<UserRecord>, Unavailable> {
        self.store.user(UserKey::Id(user)).await
    }

    /// The caller's own account.
    pub(crate) async fn own(&self, caller: &Caller) -> Result<UserRecord, OwnError> {
        self.record_of(caller.user.id)
            .await?
            .ok_or(OwnError::Unknown)
    }

    /// Dangerous acts need somebody who showed a short while ago who they are. A token is no proof
    /// of that, and never becomes one.
    pub(crate) fn require_fresh(&self, caller: &Caller) -> Result<(), OwnError> {
        match (caller.actor.who, caller.fresh_until) {
            (Who::Program(..), _) => Err(OwnError::Beyond),
            (_, Some(until)) if self.now() < until => Ok(()),
            _ => Err(OwnError::NotFresh),
        }
    }
}

/// What an account may do, without a token's limits.
pub(crate) fn principal(record: &UserRecord) -> Principal {
    let user = &record.user;
    Principal {
        id: user.id,
        name: user.name.clone(),
        email: user.email.clone(),
        roles: user.roles.iter().map(|role| role.name.clone()).collect(),
        permissions: user.permissions,
        totp: user.factors.totp,
    }
}

/// A target in one line.
#[expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "numbers and their owners stand here as they are, in the form that entries take"
)]
pub(crate) fn target(kind: &'static str, id: impl ToString) -> Option<Target> {
    Some(Target {
        kind,
        id: id.to_string(),
    })
}

/// The row that the transaction makes.
pub(crate) fn made(kind: &'static str) -> Option<Target> {
    target(kind, "")
}
