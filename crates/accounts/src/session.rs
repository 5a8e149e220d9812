//! Sessions: opened by a cookie, rolled at most once an hour, listed, ended.
//!
//! A session is a record that expires; whether its account may still sign in, and with which rights,
//! is read from the lasting records every time. So whatever happens to the one store, the other one
//! lets nobody in who was put out.

use std::sync::Arc;
use std::time::Duration;

use base::{Actor, SessionId, Unavailable, UserId, Who};
use serde_json::json;

use crate::accounts::{principal, target};
use crate::records::{NewSession, SessionRecord, SessionSeen, UserRecord};
use crate::{
    Accounts, AdminError, Caller, Device, Letter, OwnError, Page, Secret, SecretHash, Session,
    SessionRow, SignInError, SignedIn,
};

/// A session is noted as used at most this often.
const ROLLED_EVERY: Duration = Duration::from_hours(1);
/// Most sessions that an account's own page shows.
const OWN_SESSIONS_MAX: usize = 200;

impl Accounts {
    /// The session that a cookie opens; `None` when it never existed, was ended or has expired, or
    /// when its account may not sign in. In the common case nothing is read from the store.
    pub async fn session(
        &self,
        cookie: &str,
        device: &Device,
    ) -> Result<Option<Session>, Unavailable> {
        let now = self.now();
        let key = SecretHash::of(cookie);
        if let Some(session) = self.sessions.get(key, now) {
            return Ok((now < session.expires_at).then_some(session));
        }
        let began = self.sessions.begin();
        let Some(record) = self.store.session(key, now).await? else {
            return Ok(None);
        };
        let Some(owner) = self.record_of(record.user).await? else {
            return Ok(None);
        };
        // Checked here again, though the store has looked: of all checks this must not be missing.
        let over = now >= record.expires_at;
        if over || !owner.user.enabled || owner.epoch != record.epoch {
            return Ok(None);
        }
        let expires_at = self.roll(&record, device).await?;
        let session = Session {
            id: record.id,
            user: Arc::new(principal(&owner)),
            created_at: record.created_at,
            expires_at,
            fresh_until: record.fresh_until,
        };
        self.sessions
            .put(began, key, session.clone(), record.user, now);
        Ok(Some(session))
    }

    /// Notes the use of a session, if the last note is old; tells until when it lasts.
    async fn roll(
        &self,
        record: &SessionRecord,
        device: &Device,
    ) -> Result<base::UnixMicros, Unavailable> {
        let now = self.now();
        if now.since(record.seen_at) < ROLLED_EVERY {
            return Ok(record.expires_at);
        }
        let end = record.created_at.plus(self.settings.session_max);
        let seen = SessionSeen {
            at: now,
            address: device.address,
            expires_at: now.plus(self.settings.session_idle).min(end),
        };
        self.store.roll_session(record.id, seen).await?;
        Ok(seen.expires_at)
    }

    /// Begins a session for somebody who showed who they are. The cookie is handed out only when the
    /// trail has the entry.
    pub(crate) async fn open_session(
        &self,
        owner: &UserRecord,
        by: &str,
        device: &Device,
        actor: &Actor,
    ) -> Result<SignedIn, SignInError> {
        if !owner.user.enabled {
            let user = owner.user.id.0;
            let kind = user.to_string();
            self.refused(
                actor,
                "sign-in.disabled",
                &kind,
                target("user", user),
                vec![],
            )
            .await?;
            return Err(SignInError::Disabled);
        }
        let now = self.now();
        let unknown_device = self.is_unknown_device(owner, device).await?;
        let cookie = Secret::make(&*self.entropy);
        let idle_end = now.plus(self.settings.session_idle);
        let session = NewSession {
            user: owner.user.id,
            secret: cookie.hash(),
            epoch: owner.epoch,
            device: device.name.clone(),
            fresh_until: now.plus(self.settings.fresh_for),
            seen: SessionSeen {
                at: now,
                address: device.address,
                expires_at: idle_end.min(now.plus(self.settings.session_max)),
            },
        };
        let (expires_at, fresh_until) = (session.seen.expires_at, session.fresh_until);
        let id = self.store.insert_session(session).await?;
        let actor = Actor {
            who: Who::Person(owner.user.id, id),
            ..actor.clone()
        };
        let details = vec![("by", json!(by)), ("device", json!(device.name))];
        let entry = self.entry(&actor, "sign-in.done", target("session", id.0), details);
        self.store.signed_in(owner.user.id, entry).await?;
        self.written();
        if unknown_device {
            let letter = Letter::NewSignIn {
                device: device.name.clone(),
                address: device.address.map(|address| address.to_string()),
                at: now,
            };
            self.write_to(owner, letter);
        }
        Ok(SignedIn {
            cookie,
            session: Session {
                id,
                user: Arc::new(principal(owner)),
                created_at: now,
                expires_at,
                fresh_until,
            },
        })
    }

    /// Whether somebody who was here before comes with a device that no session of theirs has.
    async fn is_unknown_device(
        &self,
        owner: &UserRecord,
        device: &Device,
    ) -> Result<bool, Unavailable> {
        if owner.user.signed_in_at.is_none() {
            return Ok(false);
        }
        let id = Some(owner.user.id);
        let known = self
            .store
            .sessions(id, None, OWN_SESSIONS_MAX, self.now())
            .await?;
        Ok(!known
            .rows
            .iter()
            .any(|session| session.device == device.name))
    }

    /// A letter to an account's owner.
    pub(crate) fn write_to(&self, owner: &UserRecord, letter: Letter) {
        let user = &owner.user;
        self.post
            .send(user.email.clone(), user.name.clone(), letter, None);
    }

    /// Ends the caller's own session.
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), Unavailable> {
        if let Some(session) = caller.session() {
            self.end(caller, session, "session.sign-out").await?;
        }
        Ok(())
    }

    /// The caller's sessions, the newest first.
    pub async fn own_sessions(&self, caller: &Caller) -> Result<Vec<SessionRow>, Unavailable> {
        let user = Some(caller.user.id);
        let page = self
            .store
            .sessions(user, None, OWN_SESSIONS_MAX, self.now())
            .await?;
        Ok(page.rows)
    }

    /// Ends one of the caller's sessions.
    pub async fn end_own_session(
        &self,
        caller: &Caller,
        session: SessionId,
    ) -> Result<(), OwnError> {
        let own = self.own_sessions(caller).await?;
        if !own.iter().any(|row| row.id == session) {
            return Err(OwnError::Unknown);
        }
        self.end(caller, session, "session.end").await?;
        Ok(())
    }

    /// Ends all of the caller's sessions but the one that asks; tells how many.
    pub async fn end_other_sessions(&self, caller: &Caller) -> Result<u32, Unavailable> {
        let user = caller.user.id;
        let entry = self.entry(
            &caller.actor,
            "session.end-others",
            target("user", user.0),
            vec![],
        );
        self.store.record(entry).await?;
        self.written();
        let ended = self.store.delete_sessions(user, caller.session()).await?;
        self.rights_changed(Some(user)).await;
        Ok(ended)
    }

    /// Everybody's sessions or one account's, the newest first, for administrators.
    pub async fn sessions(
        &self,
        user: Option<UserId>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<SessionRow>, Unavailable> {
        self.store.sessions(user, before, limit, self.now()).await
    }

    /// Ends somebody's session.
    pub async fn end_session(&self, caller: &Caller, session: SessionId) -> Result<(), AdminError> {
        let before = session.0.checked_add(1);
        let found = self.store.sessions(None, before, 1, self.now()).await?;
        let Some(row) = found.rows.into_iter().find(|row| row.id == session) else {
            return Err(AdminError::Unknown);
        };
        self.may_act_on(caller, row.user).await?;
        self.end(caller, session, "session.end").await?;
        Ok(())
    }

    /// The entry first: nothing is undone that the trail does not tell.
    async fn end(
        &self,
        caller: &Caller,
        session: SessionId,
        act: &'static str,
    ) -> Result<(), Unavailable> {
        let entry = self.entry(&caller.actor, act, target("session", session.0), vec![]);
        self.store.record(entry).await?;
        self.written();
        if let Some(owner) = self.store.delete_session(session).await? {
            self.rights_changed(Some(owner)).await;
        }
        Ok(())
    }
}
