//! Sessions: opened by a cookie, rolled at most once an hour, listed, ended.

use base::{SessionId, Unavailable, UserId};

use crate::{Accounts, AdminError, Caller, Device, OwnError, Page, Session, SessionRow};

impl Accounts {
    /// The session that a cookie opens; `None` when it never existed, was ended or has expired, or
    /// when its account may not sign in. In the common case nothing is read from the store.
    pub async fn session(
        &self,
        cookie: &str,
        device: &Device,
    ) -> Result<Option<Session>, Unavailable> {
        let _ = (cookie, device);
        todo!()
    }

    /// Ends the caller's own session.
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), Unavailable> {
        let _ = caller;
        todo!()
    }

    /// The caller's sessions, the newest first.
    pub async fn own_sessions(&self, caller: &Caller) -> Result<Vec<SessionRow>, Unavailable> {
        let _ = caller;
        todo!()
    }

    /// Ends one of the caller's sessions.
    pub async fn end_own_session(
        &self,
        caller: &Caller,
        session: SessionId,
    ) -> Result<(), OwnError> {
        let _ = (caller, session);
        todo!()
    }

    /// Ends all of the caller's sessions but the one that asks; tells how many.
    pub async fn end_other_sessions(&self, caller: &Caller) -> Result<u32, Unavailable> {
        let _ = caller;
        todo!()
    }

    /// Everybody's sessions or one account's, the newest first, for administrators.
    pub async fn sessions(
        &self,
        user: Option<UserId>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<SessionRow>, Unavailable> {
        let _ = (user, before, limit);
        todo!()
    }

    /// Ends somebody's session.
    pub async fn end_session(&self, caller: &Caller, session: SessionId) -> Result<(), AdminError> {
        let _ = (caller, session);
        todo!()
    }
}
