//! Who asks: a person by the session's cookie, a program by its token; and what a page needs to know
//! of them.

use std::sync::Arc;

use accounts::{Caller as Person, Device, Permission, Principal, Session};
use axum::extract::FromRequestParts;
use base::{Actor, Entropy, UnixMicros, Who};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::request::Parts;
use http::{HeaderMap, header};
use tlog::TreeHash as _;

use crate::app::{App, Caller};
use crate::cookie::Cookie;
use crate::problem::{ApiError, Kind};

/// Somebody who is known.
#[derive(Clone)]
pub(crate) struct Identity {
    pub who: Who,
    pub principal: Arc<Principal>,
    /// Until when dangerous acts need no new factor; `None` for a token, which proves nothing.
    pub fresh_until: Option<UnixMicros>,
    /// What they are signed in with, for a person in a browser.
    pub session: Option<Session>,
}

impl Identity {
    /// Whether they have this permission.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.principal.may(permission)
    }

    /// As the trail writes it down.
    pub(crate) fn actor(&self, caller: &Caller) -> Actor {
        caller.actor(self.who)
    }

    pub(crate) fn is_by_cookie(&self) -> bool {
        self.session.is_some()
    }
}

/// Who looks at a page. Pages and forms take it from the request.
pub(crate) struct Visitor {
    pub identity: Option<Identity>,
    /// Them, or a stranger, as the trail writes it down.
    pub actor: Actor,
    /// Goes into every form, and comes back with it.
    pub form_token: String,
    /// Tells this browser from others, before anybody has signed in.
    pub browser: String,
    /// What happened just before, for the page to say.
    pub flash: Option<String>,
    /// Whether they came over TLS.
    pub secure: bool,
    /// What the browser says it is.
    pub agent: String,
}

/// Longest name of a browser that is kept, in bytes.
const AGENT_BYTES_MAX: usize = 256;

impl Visitor {
    pub(crate) fn new(
        identity: Option<Identity>,
        caller: &Caller,
        browser: String,
        flash: Option<&str>,
        headers: &HeaderMap,
    ) -> Self {
        let session = Cookie::Session.read(headers, caller.secure);
        let bound = session.filter(|_| identity.is_some());
        let agent = headers.get(header::USER_AGENT);
        let agent = agent.and_then(|agent| agent.to_str().ok()).unwrap_or("");
        Self {
            actor: caller.actor(identity.as_ref().map_or(Who::Stranger, |known| known.who)),
            form_token: form_token(bound.unwrap_or(&browser)),
            identity,
            browser,
            flash: flash.map(str::to_owned),
            secure: caller.secure,
            agent: agent.chars().take(AGENT_BYTES_MAX).collect(),
        }
    }

    /// Refuses a form that was not made for this visitor.
    pub(crate) fn check_form(&self, token: &str) -> Result<(), ApiError> {
        if is_same(token.as_bytes(), self.form_token.as_bytes()) {
            return Ok(());
        }
        Err(ApiError::plain(Kind::FormStale))
    }

    /// Whoever is signed in; the table of routes has seen to it that somebody is.
    pub(crate) fn known(&self) -> Result<&Identity, ApiError> {
        let known = self.identity.as_ref();
        known.ok_or_else(|| ApiError::plain(Kind::SignInNeeded))
    }

    /// Whether they have this permission.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.identity
            .as_ref()
            .is_some_and(|known| known.may(permission))
    }

    /// Whoever is signed in, as acts of accounts take them.
    pub(crate) fn caller(&self) -> Result<Person, ApiError> {
        let known = self.known()?;
        Ok(Person {
            actor: self.actor.clone(),
            user: Arc::clone(&known.principal),
            fresh_until: known.fresh_until,
        })
    }

    /// Whether a factor was shown a short while ago.
    pub(crate) fn is_fresh(&self, now: UnixMicros) -> bool {
        let until = self.identity.as_ref().and_then(|known| known.fresh_until);
        until.is_some_and(|until| now < until)
    }
}

impl<S: Sync> FromRequestParts<S> for crate::identity::Seen {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        // The door sets it; its absence would be our bug.
        let visitor = parts.extensions.get::<Arc<Visitor>>().cloned();
        visitor
            .map(Seen)
            .ok_or_else(|| ApiError::plain(Kind::Internal))
    }
}

/// The visitor of this request.
#[derive(Clone)]
pub(crate) struct Seen(pub Arc<Visitor>);

impl std::ops::Deref for Seen {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.0
    }
}

/// A form's token: bound to the session, or to the browser before there is one. It is derived from
/// a secret that only the browser's cookie holds, so no other site can know it, and nothing has to
/// be stored.
fn form_token(secret: &str) -> String {
    let text = format!("indelible form\n{secret}");
    let digest = tlog::Sha256::digest(text.as_bytes());
    URL_SAFE_NO_PAD.encode(&digest[..18])
}

/// Compares in a time that depends on the lengths only.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .fold(0, |differs, (a, b)| differs | (a ^ b))
            == 0
}

/// 144 random bits as text.
pub(crate) fn random_text(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 18];
    entropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Finds out who asks. A token that is wrong is an error, so that no program works on as a stranger
/// without noticing; a session that has ended makes its browser a stranger.
pub(crate) async fn find(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    takes_tokens: bool,
) -> Result<Option<Identity>, ApiError> {
    if takes_tokens && let Some(given) = headers.get(header::AUTHORIZATION) {
        let given = given
            .to_str()
            .map_err(|_| ApiError::plain(Kind::BadCredentials))?;
        let address = Some(caller.address);
        let authenticated = app.accounts.authenticate(given, address).await?;
        return Ok(Some(Identity {
            fresh_until: Person::by_header(&authenticated, address, None).fresh_until,
            who: authenticated.who,
            principal: authenticated.user,
            session: None,
        }));
    }
    let Some(secret) = Cookie::Session.read(headers, caller.secure) else {
        return Ok(None);
    };
    let agent = headers.get(header::USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok());
    let device = Device::of(agent, Some(caller.address));
    let session = app.accounts.session(secret, &device).await?;
    Ok(session.map(|session| Identity {
        who: Who::Person(session.user.id, session.id),
        principal: Arc::clone(&session.user),
        fresh_until: Some(session.fresh_until),
        session: Some(session),
    }))
}
